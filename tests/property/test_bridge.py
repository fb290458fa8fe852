"""The bridge on random ledgers: zeros, credits, unknown prices, new and retired lines."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import prod
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from jevons.analysis.bridge.change import Bridge, bridge, summed
from jevons.analysis.bridge.effects import step_names
from jevons.analysis.bridge.lmdi import Undefined
from jevons.analysis.bridge.shapley import shapley_exact
from jevons.analysis.bridge.tree import Side, factors, pairs
from jevons.analysis.spend import KINDS, Part, Spend

UNITS = (*KINDS, "input", "cache_write_1h", "web_searches")
BY_CALLS = ("adjustment", "unsplit")


def some_amount(random: Random) -> int:
    """Nothing, little, or up to ten million dollars."""
    return random.choice((0, random.randint(1, 10**6), random.randint(10**15, 10**22)))


def some_part(random: Random, kind: str, calls: int, *, priced: bool, negative: bool) -> Part:
    quantity = random.choice((0, random.randint(1, 10**7)))
    if kind in BY_CALLS:
        quantity = calls if kind == "adjustment" else 0
    if not priced or (kind not in (*BY_CALLS, "tool", "web_searches") and not quantity):
        return Part(kind, quantity, None, None, None, None)
    paid = some_amount(random)
    listed = random.choice((paid, some_amount(random), None))
    if negative and random.random() < 0.3:
        paid = -paid
    return Part(kind, quantity, listed, paid, paid, paid)


def some_row(random: Random, *, negative: bool) -> Spend:
    values = tuple(
        random.choice(choices)
        for choices in (("web", "legal", None), ("fix", "ask"), ("old", "new"), ("std",), (None,))
    )
    calls, priced = random.choice((0, 1, 7, 50)), random.random() < 0.9
    kinds = [k for k in UNITS if random.random() < 0.5 and (priced or k not in BY_CALLS)]
    found = tuple(some_part(random, k, calls, priced=priced, negative=negative) for k in kinds)
    unknown = 0 if priced else calls
    return Spend(values, calls, unknown, 0, found, None, None, None, None, "metered")


def some_side(seed: int, *, negative: bool) -> Side:
    random = Random(seed)
    found = [some_row(random, negative=negative) for _ in range(random.randint(0, 9))]
    calls: dict[tuple[str | None, ...], int] = defaultdict(int)
    for row in found:
        calls[row.dimensions[:2]] += row.calls
    tasks = {group: random.randint(1, number) for group, number in calls.items() if number}
    names = [name for name in ("seats", "review") if random.random() < 0.3]
    return Side(found, tasks, {name: some_amount(random) for name in names})


def sides(negative: bool = True) -> st.SearchStrategy[Side]:
    """Ledgers by number: drawing every value by itself would take a hundred times as long."""
    return st.integers(0, 2**40).map(lambda seed: some_side(seed, negative=negative))


def bill(side: Side) -> int:
    costs = [part.effective_cost or 0 for row in side.rows for part in row.parts]
    return sum(costs) + sum(side.charges.values())


def explained(before: Side, after: Side, method: str = "shapley") -> Bridge:
    found = bridge(before, after, method=method)  # type: ignore[arg-type]
    assert isinstance(found, Bridge)
    return found


MIRROR = {"new": "discontinued", "discontinued": "new"}


@given(sides(), sides())
def test_effects_of_every_line_sum_to_its_change_and_lines_to_the_bill(
    before: Side, after: Side
) -> None:
    found = explained(before, after)
    assert (found.before, found.after) == (bill(before), bill(after))
    for line in found.lines:
        assert sum(line.effects.values()) == line.after - line.before
    assert sum(found.effects.values()) == bill(after) - bill(before)


@given(sides(negative=False), sides(negative=False))
def test_lmdi_sums_to_the_same_change(before: Side, after: Side) -> None:
    found = explained(before, after, "lmdi")
    assert sum(found.effects.values()) == bill(after) - bill(before)
    shapley = explained(before, after)
    for effect in ("new", "discontinued", "other_charges"):
        assert found.effects[effect] == shapley.effects[effect]
    back = explained(after, before, "lmdi")
    assert {MIRROR.get(name, name): -x for name, x in back.effects.items()} == found.effects


@given(sides(), sides())
def test_lmdi_refuses_credits_and_says_which_line(before: Side, after: Side) -> None:
    found = bridge(before, after, method="lmdi")
    lasting, _ = pairs(before, after)
    below = [p for p in lasting if min(*p.before, *p.after) < 0]
    assert isinstance(found, Undefined) == bool(below)
    if isinstance(found, Undefined):
        assert "negative" in found.reason and below[0].key.unit in found.reason


@given(sides(), sides())
def test_the_way_back_is_the_same_with_the_other_sign(before: Side, after: Side) -> None:
    there, back = explained(before, after), explained(after, before)
    assert {MIRROR.get(name, name): -x for name, x in back.effects.items()} == there.effects
    for line, mirror in zip(there.lines, back.lines, strict=True):
        assert line.key == mirror.key
        assert {MIRROR.get(n, n): -x for n, x in mirror.effects.items()} == line.effects


@given(sides(), sides(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_nor_how_a_line_is_cut_into_rows(
    before: Side, after: Side, random: Random
) -> None:
    def mixed(side: Side) -> Side:
        found = [cut for row in side.rows for cut in halves(row)]
        random.shuffle(found)
        return Side(found, dict(reversed(side.tasks.items())), side.charges)

    assert explained(mixed(before), mixed(after)) == explained(before, after)


def halves(row: Spend) -> list[Spend]:
    """A row as two rows of the same line: all calls and usage, and a row that holds nothing."""
    empty = tuple(Part(p.kind, 0, None, None, None, None) for p in row.parts)
    nothing = Spend(row.dimensions, 0, 0, 0, empty, None, None, None, None, "metered")
    return [row, nothing]


@given(sides(), sides())
def test_groups_are_the_sums_of_their_lines(before: Side, after: Side) -> None:
    found = explained(before, after)
    parts = found.gathered(lambda line: line.key.group[:1])
    for name, amount in found.effects.items():
        assert sum(summed(lines)[name] for lines in parts.values()) == amount
    assert sum(line.delta for lines in parts.values() for line in lines) == found.delta


@given(sides(), sides())
def test_factors_multiply_to_the_cost_exactly_and_the_reference_agrees(
    before: Side, after: Side
) -> None:
    found = explained(before, after)
    by_key = {line.key: line for line in found.lines}
    for pair in pairs(before, after)[0][:1]:
        old, new = factors(pair.before, pair.after, Fraction)
        assert (prod(old), prod(new)) == (pair.before[-1], pair.after[-1])
        names = step_names(pair.key.kind, by_calls=pair.by_calls)
        exact: dict[str, Fraction] = defaultdict(Fraction)
        for name, effect in zip(names, shapley_exact(old, new), strict=True):
            exact[name] += effect
        ceiling = prod(max(abs(a), abs(b)) for a, b in zip(old, new, strict=True))
        for name, effect in exact.items():
            amount = by_key[pair.key].effects.get(name, 0)
            assert abs(amount - effect) <= 9 + ceiling * Fraction(1, 10**14)


@given(sides())
def test_nothing_changed_nothing_explained(side: Side) -> None:
    assert not any(line.effects for line in explained(side, side).lines)
