"""The factor tree: every line's cost as a chain of totals, each a step from the one before.

Line = group of tasks (team, task type) x model (name, tier, batch) x kind of token. Its chain:

    all tasks > tasks of the group > its calls > their tokens > those of the kind > those by the
    model > those with a price > list cost > effective cost

A factor is one total over the one before (calls per task, share of a kind, list price, ...), so
their product is the line's cost, exactly. What a group lacks on one side only, it lacks by the
first total that is nothing; the factors after it are undefined there and taken from the other side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from jevons.analysis.spend import TOKEN_KINDS, Spend

Values = tuple[str | None, ...]
Chain = tuple[int, ...]
"""Nine running totals; the last is the cost in 1e-15 USD."""

GROUP: Final = ("team", "task_type")
MODEL: Final = ("model", "service_tier", "batch")
N = TypeVar("N")
_BY_CALLS: Final = ("adjustment", "unsplit")


@dataclass(frozen=True, slots=True)
class Side:
    """What one period held. rows: their dimensions are those of the group and of the model (and
    perhaps more: rows of equal line are added up); a row has a price for all of its calls or for
    none. tasks: group -> tasks with a call in it. charges: name -> 1e-15 USD of what is no call."""

    rows: Sequence[Spend]
    tasks: Mapping[Values, int]
    charges: Mapping[str, int] = field(default_factory=dict)


class Key(NamedTuple):
    """Which line: values of the group's and of the model's dimensions, and the kind."""

    group: Values
    model: Values
    kind: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A line on both sides. by_calls: it has a cost, but no quantity that a price belongs to."""

    key: Key
    before: Chain
    after: Chain
    by_calls: bool


@dataclass(frozen=True, slots=True)
class Alone:
    """A line whose group has calls on one side only (or costs without a call), its costs, and the
    effect that all of its change is."""

    key: Key
    before: int
    after: int
    effect: str


@dataclass(slots=True)
class _Sums:
    """A side added up by line, group and kind."""

    tasks: Mapping[Values, int]
    calls: dict[Values, int]
    model_calls: dict[tuple[Values, Values], int]
    tokens: dict[Values, int]
    kinds: dict[tuple[Values, str], int]
    lines: dict[Key, list[int]]
    """Quantity, quantity with a price, list cost, effective cost."""


def _sums(side: Side, width: int, models: int) -> _Sums:
    sums = _Sums({}, defaultdict(int), defaultdict(int), defaultdict(int), defaultdict(int), {})
    for row in side.rows:
        group, model = row.dimensions[:width], row.dimensions[width : width + models]
        sums.calls[group] += row.calls
        sums.model_calls[group, model] += row.calls
        for part in row.parts:
            line = sums.lines.setdefault(Key(group, model, part.kind), [0, 0, 0, 0])
            line[0] += part.quantity
            sums.kinds[group, part.kind] += part.quantity
            if part.kind in TOKEN_KINDS:
                sums.tokens[group] += part.quantity
            if part.effective_cost is not None:
                listed = part.list_cost if part.list_cost is not None else part.effective_cost
                line[1] += part.quantity
                line[2] += listed
                line[3] += part.effective_cost
    sums.tasks = {g: side.tasks.get(g) or calls for g, calls in sums.calls.items() if calls}
    return sums


def pairs(
    before: Side, after: Side, group: Sequence[str] = GROUP, model: Sequence[str] = MODEL
) -> tuple[list[Pair], list[Alone]]:
    """The lines of groups with calls on both sides, and those of the other groups; both ordered by
    key, lines without any cost left out."""
    a, b = (_sums(side, len(group), len(model)) for side in (before, after))
    lasting = a.tasks.keys() & b.tasks.keys()
    everything = tuple(sum(s.tasks[g] for g in lasting) for s in (a, b))
    found, alone = [], []
    for key in sorted(a.lines.keys() | b.lines.keys(), key=order):
        old, new = (s.lines.get(key, [0, 0, 0, 0]) for s in (a, b))
        if not any((*old[1:], *new[1:])):
            continue
        if key.group not in lasting:
            alone.append(
                Alone(key, old[3], new[3], _fate(key.group in a.tasks, key.group in b.tasks))
            )
            continue
        by_calls = key.kind in _BY_CALLS or any(not x[1] and any(x[2:]) for x in (old, new))
        left, right = (
            _chain(s, key, line, total, by_calls=by_calls)
            for s, line, total in zip((a, b), (old, new), everything, strict=True)
        )
        found.append(Pair(key, left, right, by_calls))
    return found, alone


def _fate(before: bool, after: bool) -> str:
    return "discontinued" if before else "new" if after else "other_charges"


def _chain(sums: _Sums, key: Key, line: Sequence[int], tasks: int, *, by_calls: bool) -> Chain:
    group, model, kind = key
    calls = sums.calls[group]
    start = tasks, sums.tasks[group], calls
    quantity, priced, listed, cost = line
    if by_calls:
        own = sums.model_calls[group, model] or (calls if cost else 0)
        return (*start, calls, calls, own, own, cost, cost)
    # Where nothing is listed, what is paid stands for the list price.
    listed = listed or cost
    measure = sums.tokens[group] if kind in TOKEN_KINDS else calls
    return (*start, measure, sums.kinds[group, kind], quantity, priced, listed, cost)


def factors(
    before: Chain, after: Chain, divide: Callable[[int, int], N]
) -> tuple[tuple[N, ...], tuple[N, ...]]:
    """The factors of a line on both sides; the product of each side is its cost.

    divide: `Fraction` for exact factors, `operator.truediv` for the nearest binary floats.
    """
    old, new = [], []
    d0 = d1 = 1
    for n0, n1 in zip(before, after, strict=True):
        a = divide(n0, d0) if d0 else None
        b = divide(n1, d1) if d1 else None
        either = a if a is not None else b if b is not None else divide(1, 1)
        old.append(either if a is None else a)
        new.append(either if b is None else b)
        d0, d1 = n0, n1
    return tuple(old), tuple(new)


def order(key: Key) -> tuple[tuple[tuple[bool, str], ...], str]:
    """The order of lines: by their values, None last."""
    return tuple((value is None, value or "") for value in (*key.group, *key.model)), key.kind
