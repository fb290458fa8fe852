"""Whatever happens to a ledger, a kept answer is the answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from tests.conftest import PROVING
from tests.unit.stores.sample import call, mixed, opened, own_prices

QUERIES = (
    Query(),
    Query(by=("team",)),
    Query(by=("day", "model"), time_zone="Asia/Kolkata", top=2),
    Query(by=("price_state",), where=(("team", "search"),)),
)


def more(jevons: Jevons, number: int) -> None:
    jevons.store.seal([call(1_000 + number, team="search"), *mixed(number)])


def corrected(jevons: Jevons, number: int) -> None:
    final = {"input_tokens": 900 + number, "output_tokens": 70}
    jevons.store.seal([call(number % 5, usage=final, evidence="gateway")])


def waiting(jevons: Jevons, number: int) -> None:
    jevons.store.acknowledge([call(2_000 + number)])


def sealed(jevons: Jevons, number: int) -> None:
    jevons.store.seal_inbox()


def repriced(jevons: Jevons, number: int) -> None:
    own_prices(jevons, str(2 + number))
    jevons.reprice(Query())


def compacted(jevons: Jevons, number: int) -> None:
    jevons.store.compact(force=True)


CHANGES: tuple[Callable[[Jevons, int], None], ...] = (
    more, corrected, waiting, sealed, repriced, compacted,
)  # fmt: skip


@settings(max_examples=40 if PROVING else 3)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(CHANGES), st.integers(0, 6), st.sampled_from(QUERIES)),
        min_size=1,
        max_size=6,
    )
)
def test_a_kept_answer_is_what_would_be_worked_out(
    steps: list[tuple[Callable[[Jevons, int], None], int, Query]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("home")
    for change, number, query in [(more, 1, QUERIES[0]), *steps]:
        with opened(home) as jevons:
            change(jevons, number)
        for one in (query, *QUERIES):
            with opened(home) as jevons:
                kept = jevons.report(one)
            with opened(home) as jevons:
                jevons.store.answers.path.unlink(missing_ok=True)
                assert repr(jevons.report(one)) == repr(kept), (change.__name__, one)
