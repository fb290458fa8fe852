"""The factor tree: every line's cost as a chain of totals, each a step from the one before.

Line = group of tasks (team, task type) x model (name, tier, batch) x leaf unit (input, cache read,
cache write for an hour, ...). Its chain:

    all tasks > tasks of the group > its calls > calls of the seat > their tokens > those of the
    unit > those by the model > those with a price > list cost > effective cost

A seat is one model, or the two of a takeover (`seats`). A factor is one total over the one before
(calls per task, tokens per call, share of a unit, list price, ...), so the product of factors is
the line's cost, exactly. What a line lacks on one side it lacks by the first total that is nothing;
the factors after it are undefined there and taken from the other side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from jevons.analysis.bridge.seats import Values, takeovers
from jevons.analysis.spend import TOKEN_KINDS, Spend, kind_named

Chain = tuple[int, ...]
"""Running totals, one per step; the last is the cost in 1e-15 USD."""

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
    """Which line: values of the group's and of the model's dimensions, and the leaf unit (or the
    kind, where rows come by kind)."""

    group: Values
    model: Values
    unit: str

    @property
    def kind(self) -> str:
        """The kind of the unit."""
        return kind_named(self.unit)


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
class _Line:
    """Sums of one line: quantity, of it with a price, list and effective cost."""

    quantity: int = 0
    priced: int = 0
    listed: int = 0
    cost: int = 0

    @property
    def loose(self) -> bool:
        """Whether it has a cost but nothing that a price belongs to."""
        return bool(self.cost or self.listed) and not self.priced


class _Sums:
    """A side added up by group, model and line."""

    def __init__(self, side: Side, group: int, model: int) -> None:
        self.calls: dict[Values, dict[Values, int]] = defaultdict(lambda: defaultdict(int))
        self.tokens: dict[tuple[Values, Values], int] = defaultdict(int)
        self.lines: dict[Key, _Line] = defaultdict(_Line)
        for row in side.rows:
            self._add(row, row.dimensions[:group], row.dimensions[group : group + model])
        in_all = {values: sum(held.values()) for values, held in self.calls.items()}
        self.group_calls = {values: calls for values, calls in in_all.items() if calls}
        self.tasks = {g: side.tasks.get(g) or calls for g, calls in self.group_calls.items()}
        self.everything = 0

    def _add(self, row: Spend, group: Values, model: Values) -> None:
        self.calls[group][model] += row.calls
        for part in row.parts:
            line = self.lines[Key(group, model, part.kind)]
            line.quantity += part.quantity
            if kind_named(part.kind) in TOKEN_KINDS:
                self.tokens[group, model] += part.quantity
            if part.effective_cost is not None:
                listed = part.list_cost if part.list_cost is not None else part.effective_cost
                line.priced += part.quantity
                line.listed += listed
                line.cost += part.effective_cost

    def chain(self, key: Key, seat: Sequence[Values], *, callless: bool, by_calls: bool) -> Chain:
        """The running totals of a line. callless: the calls of its seat are booked elsewhere."""
        group, model, unit = key
        calls, line = self.group_calls[group], self.lines.get(key, _Line())
        own = calls if callless else self.calls[group].get(model, 0)
        held = calls if callless else sum(self.calls[group].get(m, 0) for m in seat)
        start = self.everything, self.tasks[group], calls, held
        if by_calls:
            return (*start, held, held, own, own, line.cost, line.cost)
        tokens = sum(self.tokens.get((group, m), 0) for m in seat)
        measure = tokens if key.kind in TOKEN_KINDS else held
        of_unit = sum(self.lines.get(Key(group, m, unit), _Line()).quantity for m in seat)
        # Where nothing is listed, what is paid stands for the list price.
        listed = line.listed or line.cost
        return (*start, measure, of_unit, line.quantity, line.priced, listed, line.cost)


def pairs(
    before: Side, after: Side, group: Sequence[str] = GROUP, model: Sequence[str] = MODEL
) -> tuple[list[Pair], list[Alone]]:
    """The lines of groups with calls on both sides, and those of the other groups; both ordered by
    key, lines without any cost left out."""
    a, b = (_Sums(side, len(group), len(model)) for side in (before, after))
    lasting = a.tasks.keys() & b.tasks.keys()
    for sums in (a, b):
        sums.everything = sum(sums.tasks[g] for g in lasting)
    seats = _seats(a, b)
    found, alone = [], []
    for key in sorted(a.lines.keys() | b.lines.keys(), key=order):
        old, new = a.lines.get(key, _Line()), b.lines.get(key, _Line())
        if not (old.cost or old.listed or new.cost or new.listed):
            continue
        if key.group not in lasting:
            effect = _fate(key.group in a.tasks, key.group in b.tasks)
            alone.append(Alone(key, old.cost, new.cost, effect))
            continue
        by_calls = key.kind in _BY_CALLS or old.loose or new.loose
        seat = seats.get((key.group, key.model), (key.model,))
        callless = any(_callless(sums, key, seat) for sums in (a, b))
        chains = [s.chain(key, seat, callless=callless, by_calls=by_calls) for s in (a, b)]
        found.append(Pair(key, chains[0], chains[1], by_calls))
    return found, alone


def _seats(a: _Sums, b: _Sums) -> dict[tuple[Values, Values], tuple[Values, Values]]:
    """(group, model) -> the two models of its seat, for those that have no seat to themselves."""
    seats = {}
    for group in a.tasks.keys() & b.tasks.keys():
        for found in takeovers(a.calls[group], b.calls[group]):
            seat = found.old, found.new
            seats.update({(group, model): seat for model in seat})
    return seats


def _callless(sums: _Sums, key: Key, seat: Sequence[Values]) -> bool:
    """Whether a line has usage or cost of calls that are counted at another model (a call that is
    served by two models is one call)."""
    calls = [sums.calls[key.group].get(model, 0) for model in seat]
    line = sums.lines.get(key, _Line())
    by_model = sums.calls[key.group].get(key.model, 0)
    return bool(line.quantity or line.cost) and not (sum(calls) and by_model)


def _fate(before: bool, after: bool) -> str:
    return "discontinued" if before else "new" if after else "other_charges"


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
    return tuple((value is None, value or "") for value in (*key.group, *key.model)), key.unit
