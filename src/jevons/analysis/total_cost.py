"""The total cost of AI: every dollar in one cell of nature x purpose x fate, and in one component.

`CostLine` is one amount with what is known of it; lines come from calls (`call_lines`), from
charges of declared elements (`charge_lines`) and from plans' fees, which lie on the calls that they
include (`plan_lines`). `total_cost` sums them. Components are the first match of `component_of`; an
unknown purpose or fate is no failure and no overhead, it falls through and is shown as unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from jevons.analysis.allocation import allocate, allocate_shares
from jevons.analysis.spend import KINDS, TOKEN_KINDS, Spend
from jevons.vocabulary.boundary import CHARGE_NATURES
from jevons.vocabulary.charge import PROVENANCES

COMPONENTS: Final = (
    "visible_tokens", "hidden_reasoning", "orchestration_overhead", "human_review",
    "errors_and_failures", "infrastructure",
)  # fmt: skip
"""The six components, in report order."""

NATURES: Final = (*KINDS, *CHARGE_NATURES)
"""Natures of cost: kinds of quantity of calls, then those of charges."""

VIEWS: Final = {"effective": "effective_cost", "list": "list_cost", "billed": "billed_cost"}
"""A view of the total cost -> which of FOCUS's four costs it sums: amortised, at public list
prices, as paid."""

UNKNOWN: Final = "unknown"
"""The purpose or fate of a call that nobody stated."""

_INFRASTRUCTURE: Final = frozenset({"capacity", "seat", "platform", "energy", "training"})
_FAILED: Final = frozenset({"error", "errored", "failed", "failure", "timeout"})

Values = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class CostLine:
    """One amount in whole 1e-15 USD. dimensions: values of those asked for.

    purpose, fate: None where they have no meaning (a seat), `unknown` where nobody said. errored:
    the call failed. charge: `call`, or what kind of charge it is. unallocated: it belongs to none
    of the receivers asked for. allocated: it was put on them by a driver.
    """

    dimensions: Values
    nature: str
    cost: int
    purpose: str | None = None
    fate: str | None = None
    errored: bool = False
    charge: str = "call"
    provenance: str | None = None
    unallocated: bool = False
    allocated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSum:
    """Charges of one element in a period, of one kind and owner; costs in whole 1e-15 USD.

    owner: dimension -> value; calendar: the same of calendar dimensions. shares: dimension ->
    receiver -> percent. day: of charges that lie on the calls of a plan, else None. seats: how
    many seats on how many days.
    """

    boundary: str
    element: str
    kind: str
    charge: str
    nature: str
    owner: Mapping[str, str]
    provenance: str
    list_cost: int
    contracted_cost: int
    billed_cost: int
    effective_cost: int
    calendar: Mapping[str, str] = field(default_factory=dict)
    driver: str | None = None
    shares: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    day: date | None = None
    seats: Decimal = Decimal(0)

    def value(self, dimension: str) -> str | None:
        """Its value of a dimension, None when it has none."""
        return self.owner.get(dimension, self.calendar.get(dimension))


@dataclass(frozen=True, slots=True)
class Component:
    """One of the six components: cost in whole 1e-15 USD, and the weakest provenance in it."""

    name: str
    cost: int
    provenance: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix; cost in whole 1e-15 USD."""

    nature: str
    purpose: str | None
    fate: str | None
    component: str
    cost: int
    provenance: str | None


@dataclass(frozen=True, slots=True)
class TotalCost:
    """Sums of lines, in whole 1e-15 USD: the components and the cells each sum to the total.

    tokens: the token line, all that is paid for tokens whatever they were for. unallocated, idle,
    unused: parts of the total, whatever their component. unknown_purpose, unknown_fate: cost of
    calls of which that is unknown.
    """

    total: int
    components: tuple[Component, ...]
    cells: tuple[Cell, ...]
    tokens: int
    unallocated: int
    idle: int
    unused: int
    unknown_purpose: int
    unknown_fate: int
    provenance: str | None = None


def component_of(line: CostLine) -> str:
    """The component of a line: the first rule that matches."""
    if line.nature in _INFRASTRUCTURE:
        return "infrastructure"
    if line.nature == "labour":
        return "human_review"
    if line.nature == "loss" or line.errored or line.fate == "failed":
        return "errors_and_failures"
    if line.nature == "tool" or line.purpose not in (None, UNKNOWN, "answer"):
        return "orchestration_overhead"
    return "hidden_reasoning" if line.nature == "reasoning" else "visible_tokens"


def errored(status: str | None, error: str | None) -> bool:
    """Whether a call failed, by what its source says: an error, a status of failure, HTTP 4xx or
    5xx."""
    word = (status or "").strip().lower()
    return bool(error) or word in _FAILED or (len(word) == 3 and word[0] in "45" and word.isdigit())


def total_cost(lines: Iterable[CostLine]) -> TotalCost:
    """Sum lines into components and cells; nothing is left out or counted twice."""
    held = list(lines)
    cells: dict[tuple[str, str | None, str | None, str], list[CostLine]] = defaultdict(list)
    for line in held:
        cells[line.nature, line.purpose, line.fate, component_of(line)].append(line)
    parts: dict[str, list[CostLine]] = {name: [] for name in COMPONENTS}
    for (_, _, _, component), of in cells.items():
        parts[component] += of
    return TotalCost(
        total=_sum(held),
        components=tuple(
            Component(name, _sum(of), weakest(line.provenance for line in of if line.cost))
            for name, of in parts.items()
        ),
        cells=tuple(
            Cell(*key, _sum(of), weakest(line.provenance for line in of if line.cost))
            for key, of in sorted(cells.items(), key=_reading_order)
            if any(line.cost for line in of)
        ),
        tokens=_sum(line for line in held if line.nature in TOKEN_KINDS),
        unallocated=_sum(line for line in held if line.unallocated),
        idle=_sum(line for line in held if line.charge == "idle"),
        unused=_sum(line for line in held if line.charge == "unused"),
        unknown_purpose=_sum(line for line in held if line.purpose == UNKNOWN),
        unknown_fate=_sum(line for line in held if line.fate == UNKNOWN),
        provenance=weakest(line.provenance for line in held if line.cost),
    )


def grouped(lines: Iterable[CostLine]) -> list[tuple[Values, bool, TotalCost]]:
    """Totals per value of the dimensions, the dearest first; what nobody got (True) apart and last.

    In a row, what was put there by a driver has the provenance `allocated`.
    """
    rows: dict[tuple[Values, bool], list[CostLine]] = defaultdict(list)
    for line in lines:
        shown = replace(line, provenance="allocated") if line.allocated else line
        rows[line.dimensions, line.unallocated].append(shown)
    totals = [(values, nobody, total_cost(of)) for (values, nobody), of in rows.items()]
    return sorted(totals, key=lambda row: (row[1], -row[2].total, _order(row[0])))


def _sum(lines: Iterable[CostLine]) -> int:
    return sum(line.cost for line in lines)


def weakest(names: Iterable[str | None]) -> str | None:
    """The weakest provenance of several figures, None of none."""
    ranks = [PROVENANCES.index(name) for name in names if name in PROVENANCES]
    return PROVENANCES[max(ranks)] if ranks else None


def _order(values: Values) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in values)


def _reading_order(item: tuple[Values, list[CostLine]]) -> tuple[object, ...]:
    """Cells by nature, the dearest first."""
    nature, *rest = item[0]
    return NATURES.index(nature or ""), -_sum(item[1]), _order(tuple(rest))


@dataclass(frozen=True, slots=True)
class Called:
    """Which places of a spend's dimensions hold what; kept: those to show."""

    kept: slice
    purpose: int
    status: int
    error: int
    fate: int

    def line(self, row: Spend, nature: str, cost: int, charge: str = "call") -> CostLine:
        """A line of a spend row. charge: what kind of charge lies on the calls, if it is one."""
        values = row.dimensions
        return CostLine(
            dimensions=values[self.kept],
            nature=nature,
            cost=cost,
            purpose=values[self.purpose] or UNKNOWN,
            fate=values[self.fate] or UNKNOWN,
            errored=errored(values[self.status], values[self.error]),
            charge=charge,
            provenance=row.provenance if charge == "call" else "allocated",
        )


def call_lines(rows: Iterable[Spend], places: Called, view: str) -> Iterator[CostLine]:
    """The lines of calls: one per kind of quantity that has a known cost."""
    for row in rows:
        for part in row.parts:
            cost = getattr(part, VIEWS[view])
            if cost:
                yield places.line(row, part.kind, cost)


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who can get a charge: names of dimensions, and for every driver their values with weights."""

    names: tuple[str, ...]
    target: tuple[str, ...]
    weights: Mapping[str, Sequence[tuple[Values, int]]] = field(default_factory=dict)


def charge_lines(
    charges: Iterable[ChargeSum], receivers: Receivers, view: str
) -> Iterator[CostLine]:
    """The lines of charges that do not lie on calls, each with its owner, or allocated by its
    driver. What stood still or was not used is never put on receivers."""
    for charge in charges:
        cost = getattr(charge, VIEWS[view])
        if not cost:
            continue
        own = tuple(map(charge.value, receivers.names))
        line = CostLine(
            own, charge.nature, cost, charge=charge.charge, provenance=charge.provenance
        )
        if charge.charge in ("idle", "unused") or charge.driver is None:
            yield _owned(line, receivers)
        elif charge.driver == "shares":
            yield from _by_shares(line, charge, receivers)
        else:
            yield from _by_weight(line, charge, receivers)


def _owned(line: CostLine, receivers: Receivers) -> CostLine:
    """A line that stays with its owner, or unallocated when none of the target is known."""
    known = [
        value
        for name, value in zip(receivers.names, line.dimensions, strict=True)
        if name in receivers.target and value is not None
    ]
    return replace(line, unallocated=not known)


def _by_weight(line: CostLine, charge: ChargeSum, receivers: Receivers) -> Iterator[CostLine]:
    found = [
        (values, weight)
        for values, weight in receivers.weights.get(charge.driver or "", ())
        if weight > 0
        and all(own in (None, value) for own, value in zip(line.dimensions, values, strict=True))
    ]
    if not found:
        yield _owned(line, receivers)
        return
    parts = allocate(line.cost, [weight for _, weight in found])
    for (values, _), part in zip(found, parts, strict=True):
        yield _owned(
            replace(line, dimensions=values, cost=part, allocated=values != line.dimensions),
            receivers,
        )


def _by_shares(line: CostLine, charge: ChargeSum, receivers: Receivers) -> Iterator[CostLine]:
    place = next((n for n, name in enumerate(receivers.names) if name in charge.shares), None)
    if place is None:
        yield _owned(line, receivers)
        return
    of = charge.shares[receivers.names[place]]
    parts, rest = allocate_shares(line.cost, list(of.values()))
    for who, part in zip(of, parts, strict=True):
        values = (*line.dimensions[:place], who, *line.dimensions[place + 1 :])
        yield _owned(replace(line, dimensions=values, cost=part, allocated=True), receivers)
    if rest:
        yield _owned(replace(line, cost=rest), receivers)


def plan_lines(
    charges: Iterable[ChargeSum],
    calls: Callable[[ChargeSum], Sequence[Spend]],
    places: Called,
    receivers: Receivers,
    view: str,
) -> Iterator[CostLine]:
    """The lines of charges that lie on calls: a plan's fee and overage of a day over the calls of
    that day that it includes, by their contracted value; what is `covered` over the same calls, by
    the very cost that it takes back.

    calls: the calls of a charge's plan and day, a row per combination of dimensions. Where none of
    them has a value, the charge stays a seat's.
    """
    for charge in charges:
        cost = getattr(charge, VIEWS[view])
        if not cost:
            continue
        weigh = VIEWS[view] if charge.charge == "covered" else "contracted_cost"
        parts = [
            (row, part.kind, max(0, getattr(part, weigh) or 0))
            for row in calls(charge)
            for part in row.parts
        ]
        if not any(weight for _, _, weight in parts):
            yield from charge_lines([charge], receivers, view)
            continue
        amounts = allocate(cost, [weight for _, _, weight in parts])
        for (row, kind, _), amount in zip(parts, amounts, strict=True):
            if amount:
                yield places.line(row, kind, amount, charge.charge)
