"""Index formulas against arithmetic by hand."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from jevons.analysis.price_index import chained, fisher, relative

Period = dict[str, tuple[int, int]]
items = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.integers(1, 10**18), st.integers(1, 10**9)), min_size=1
)


def test_fisher_by_hand() -> None:
    """a: 10 at 2, then 20 at 3. b: 5 at 4 both times.

    Laspeyres (10 x 3 + 5 x 4) / (10 x 2 + 5 x 4) = 50 / 40 = 1.25;
    Paasche (20 x 3 + 5 x 4) / (20 x 2 + 5 x 4) = 80 / 60 = 1.3333; Fisher = sqrt(1.6667) = 1.2910.
    """
    link = fisher({"a": (20, 10), "b": (20, 5)}, {"a": (60, 20), "b": (20, 5)})
    assert link.ratio is not None
    assert round(link.ratio**2, 20) == round(Decimal("1.25") * 4 / 3, 20)
    assert round(link.ratio, 4) == Decimal("1.2910")
    assert link.matched == 1


def test_only_common_items_count_and_their_share_is_said() -> None:
    """b went, c came at any price: the price of a, 2 to 1, is all there is; it is 10 of 40."""
    link = fisher({"a": (20, 10), "b": (99, 1)}, {"a": (10, 10), "c": (30, 1)})
    assert link.ratio == Decimal("0.5")
    assert link.matched == Decimal("0.25")


def test_a_chain_lets_items_come_and_go() -> None:
    """a halves while b comes; then b falls by a fifth while a has gone: 100, 50, 40."""
    values, links = chained([{"a": (20, 10)}, {"a": (10, 10), "b": (10, 1)}, {"b": (16, 2)}])
    assert values == [100, 50, 40]
    assert [link.matched for link in links] == [Decimal("0.5"), 1]


def test_a_broken_chain_is_not_known_from_there_on() -> None:
    values, links = chained([{"a": (1, 1)}, {"b": (1, 1)}, {"b": (2, 1)}])
    assert values == [100, None, None]
    assert links[0].ratio is None and links[1].ratio == 2
    assert chained([]) == ([], [])
    assert fisher({"a": (0, 5)}, {"a": (7, 5)}).ratio is None, "no ratio to a price of nothing"
    assert fisher({"a": (5, 0)}, {"a": (7, 5)}).ratio is None, "no price without a quantity"


def test_figures_relative_to_the_first() -> None:
    assert relative([Decimal(4), None, Decimal(5)]) == [100, None, 125]
    assert relative([None, Decimal(5)]) == [None, None]
    assert relative([]) == []


@given(items, items)
def test_the_way_back_is_the_reciprocal(before: Period, after: Period) -> None:
    there, back = fisher(before, after).ratio, fisher(after, before).ratio
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert abs(there * back - 1) < Decimal("1e-40")


@given(items, st.integers(2, 1000), st.integers(1, 50))
def test_equal_changes_of_all_prices_are_that_change(
    before: Period, factor: int, times: int
) -> None:
    after = {k: (cost * factor * times, n * times) for k, (cost, n) in before.items()}
    ratio = fisher(before, after).ratio
    assert ratio is not None and abs(ratio - factor) < Decimal("1e-40")
