"""`jevons tca`: the total cost of AI of a period, put together from calls and charges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from jevons.analysis.coverage import (
    Filter,
    chosen_by,
    dimensions,
    filters,
    measured,
    plan_of,
)
from jevons.analysis.spend import Spend
from jevons.analysis.total_cost import (
    Called,
    ChargeSum,
    CostLine,
    Receivers,
    TotalCost,
    Values,
    call_lines,
    charge_lines,
    grouped,
    plan_lines,
    total_cost,
)
from jevons.app.boundary import declared
from jevons.vocabulary.boundary import Boundary, zone_of
from jevons.vocabulary.errors import UsageError

if TYPE_CHECKING:
    from jevons.app.ports import Ledger
    from jevons.stores.question import Question

CALENDAR = ("hour", "day", "week", "month", "year")
OF_A_CALL = ("purpose", "status", "error", "fate")
"""The dimensions that decide the component of a call's cost, in the order of `Called`."""


@dataclass(frozen=True, slots=True)
class Account:
    """The total cost of a period. rows: per value of `by`, what nobody got apart (flag True).

    calls, unknown_calls, lower_bound_calls: of the calls in it; unknown ones are in no cost.
    inside, outside: what the declared boundaries say; declared: how many elements they have.
    unrated_minutes: human minutes that outcomes report and no element has a rate for.
    """

    total: TotalCost
    rows: list[tuple[Values, bool, TotalCost]]
    by: tuple[str, ...]
    view: str
    calls: int
    unknown_calls: int
    lower_bound_calls: int
    inside: tuple[tuple[str, str], ...]
    outside: tuple[tuple[str, str], ...]
    declared: int
    unrated_minutes: Decimal = Decimal(0)


def account(store: Ledger, question: Question, view: str) -> Account:
    """The total cost of what a question selects, by its dimensions.

    Calls are selected by `where` as in a report; charges by the values that they have or are
    allocated to. Raises UsageError for a dimension that a day has no value of.
    """
    if "hour" in (*question.by, *(name for name, _ in question.where)):
        raise UsageError("charges are by the day, not by the hour", remedy="Use day.")
    store.post_charges()
    boundaries = [one.boundary for one in declared(store, question.as_of)]
    target = tuple(name for name in question.by if name not in CALENDAR) or ("team",)
    names = tuple(dict.fromkeys((*question.by, *target, *(name for name, _ in question.where))))
    base = replace(question, by=names, top=None)
    asked = _Asked(store, base, target, view)
    spends = store.spend(replace(base, by=(*names, *OF_A_CALL)))
    places = _places(0, len(names))
    charges = store.charges(base)
    lines = [
        *call_lines(spends, places, view),
        *_chosen(_charged(asked, charges), base),
        *_chosen(_planned(asked, boundaries, charges), base),
    ]
    shown = lines  # dimensions matter to rows alone
    if question.by and names != question.by:
        shown = [replace(line, dimensions=line.dimensions[: len(question.by)]) for line in lines]
    return Account(
        total=total_cost(shown),
        rows=_rows(shown, question.by),
        by=question.by,
        view=view,
        calls=sum(row.calls for row in spends),
        unknown_calls=sum(row.unknown_calls for row in spends),
        lower_bound_calls=sum(row.lower_bound_calls for row in spends),
        inside=tuple(pair for boundary in boundaries for pair in boundary.inside),
        outside=tuple(pair for boundary in boundaries for pair in boundary.outside),
        declared=sum(len(boundary.elements) for boundary in boundaries),
        unrated_minutes=_unrated(store, question, boundaries),
    )


def _unrated(store: Ledger, question: Question, boundaries: Sequence[Boundary]) -> Decimal:
    """Human minutes of the period when no element gives them a rate."""
    if any(element.from_outcomes for b in boundaries for element in b.elements):
        return Decimal(0)
    return store.human_minutes(question)


def _places(before: int, count: int) -> Called:
    """Where a spend by (..., dimensions, `OF_A_CALL`) has what."""
    first = before + count
    return Called(slice(before, first), first, first + 1, first + 2, first + 3)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question to the ledger. target: the dimensions of which one must be known for a charge to
    count as allocated."""

    store: Ledger
    question: Question
    target: tuple[str, ...]
    view: str


def _rows(lines: list[CostLine], by: tuple[str, ...]) -> list[tuple[Values, bool, TotalCost]]:
    """Totals by dimension: the dearest first, those of days and months by time. What nobody got is
    apart, unless time is all that is asked for."""
    if not by:
        return []
    timely = any(name in CALENDAR for name in by)
    if all(name in CALENDAR for name in by):
        lines = [replace(line, unallocated=False) for line in lines]
    rows = grouped(lines)
    if not timely:
        return rows
    return sorted(rows, key=lambda row: (tuple((v is None, v or "") for v in row[0]), row[1]))


def _chosen(lines: Iterable[CostLine], question: Question) -> Iterator[CostLine]:
    """The lines that `where` selects."""
    wanted = [(question.by.index(name), value or None) for name, value in question.where]
    if not wanted:
        yield from lines
        return
    for line in lines:
        if all(line.dimensions[place] == value for place, value in wanted):
            yield line


def _charged(asked: _Asked, charges: Sequence[ChargeSum]) -> Iterator[CostLine]:
    """The lines of charges that do not lie on calls."""
    question = asked.question
    own = [charge for charge in charges if charge.day is None]
    owners = (name for charge in own if charge.driver for name in charge.owner)
    names = tuple(dict.fromkeys((*question.by, *owners)))
    drivers = {charge.driver for charge in own if charge.driver}
    everyone = replace(question, by=names, where=())
    weights = {one: _weights(asked.store, everyone, one) for one in drivers - {"shares"}}
    return charge_lines(own, Receivers(names, asked.target, weights), asked.view)


def _weights(store: Ledger, question: Question, driver: str) -> Sequence[tuple[Values, int]]:
    """What every receiver has of a driver in the period."""
    if driver == "runs":
        return _ordered(store.run_counts(question))
    if driver == "seats":
        return _seats(store, question)
    answer = store.ask(question)
    found = {}
    for row in answer.rows:
        tokens = row["input_tokens"] + row["output_tokens"]
        values = tuple(row["dimensions"][name] for name in question.by)
        found[values] = int(tokens if driver == "tokens" else row["calls"])
    return _ordered(found)


def _ordered(found: dict[Values, int]) -> list[tuple[Values, int]]:
    return sorted(found.items(), key=lambda item: tuple((v is None, v or "") for v in item[0]))


def _seats(store: Ledger, question: Question) -> Sequence[tuple[Values, int]]:
    """Seats x days in the period by owner; a part of a seat counts to the thousandth."""
    found: dict[Values, int] = {}
    for charge in store.charges(question):
        if charge.seats:
            values = tuple(map(charge.value, question.by))
            found[values] = found.get(values, 0) + int(charge.seats * 1000)
    return _ordered(found)


def _planned(
    asked: _Asked, boundaries: Sequence[Boundary], charges: Sequence[ChargeSum]
) -> Iterator[CostLine]:
    """The lines of plans' fees and overage, on the calls that they include."""
    question = asked.question
    planned = [charge for charge in charges if charge.day is not None]
    if not planned:
        return iter(())
    names = dimensions(boundaries)
    daily = replace(
        question,
        by=("day", *names, *question.by, *OF_A_CALL),
        time_zone=zone_of(boundaries),
    )
    found: dict[_Plan, list[Spend]] = {}
    for wanted in filters(boundaries, plans=True):
        rows = asked.store.spend(replace(daily, where=wanted))
        _put_to_plans(found, boundaries, wanted, rows)
    places = _places(1 + len(names), len(question.by))
    receivers = Receivers(question.by, asked.target)

    def calls(charge: ChargeSum) -> Sequence[Spend]:
        assert charge.day is not None
        owner = tuple(charge.owner.items())
        return found.get((charge.boundary, charge.element, owner, charge.day), ())

    return plan_lines(planned, calls, places, receivers, asked.view)


_Plan = tuple[str, str, tuple[tuple[str, str], ...], date]
"""Boundary, name and owner of a plan, and a day."""


def _put_to_plans(
    found: dict[_Plan, list[Spend]],
    boundaries: Sequence[Boundary],
    wanted: Filter,
    rows: Iterable[Spend],
) -> None:
    """Add calls by (day, names, ...) that a filter selects to the plans that they belong to."""
    elements, names = measured(boundaries), dimensions(boundaries)
    for row in rows:
        day = date.fromisoformat(row.dimensions[0] or "")
        values = dict(zip(names, row.dimensions[1:], strict=False))
        place = plan_of(elements, day, values)
        if place is None:
            continue
        boundary = boundaries[place[0]]
        plan = boundary.elements[place[1]]
        if chosen_by(plan) == wanted:
            found.setdefault((boundary.name, plan.name, plan.owner, day), []).append(row)
