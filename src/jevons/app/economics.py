"""`unit`, `worth` and `kpi`: what attempts and successes cost, and whether they are worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jevons.analysis.accrual import OUTCOMES
from jevons.analysis.kpi import Figure, Inputs, figures, spend_over_pay
from jevons.analysis.ratio import dollars, ratio
from jevons.analysis.unit import Unit, compared, unit
from jevons.analysis.worth import Worth, worth
from jevons.app.boundary import declared
from jevons.vocabulary.errors import SourceError, UsageError
from jevons.vocabulary.money import parse_amount
from jevons.vocabulary.period import iso

if TYPE_CHECKING:
    from jevons.app.ports import Ledger
    from jevons.stores.figures import Calls
    from jevons.stores.question import Question

OPTIONS: Final = (
    "model", "provider", "host", "region", "request_model", "response_model", "service_tier",
    "speed", "application", "harness", "harness_version", "agent", "month", "week", "day", "year",
)  # fmt: skip
"""Dimensions whose values are ways to do the same work; rows are compared with the rows that agree
in every other dimension."""


@dataclass(frozen=True, slots=True)
class UnitReport:
    """Rows of `jevons unit`, their total, and what they leave out.

    options: the dimensions whose values were compared. mixed: tasks of several types are compared,
    so a difference may be one of the work. outcomes, unlinked: in the whole ledger.
    """

    by: tuple[str, ...]
    rows: tuple[Unit, ...]
    total: Unit
    options: tuple[str, ...]
    mixed: bool
    outcomes: int
    unlinked: int
    hourly_rate: Decimal | None
    time_zone: str


def unit_report(ledger: Ledger, question: Question, hourly_rate: Decimal | None) -> UnitReport:
    """Unit economics by the question's dimensions. hourly_rate: else that of the boundary. Raises
    UsageError, LedgerError."""
    summed = ledger.attempts(question)
    hourly_rate = declared_rate(ledger, question) if hourly_rate is None else hourly_rate
    rows = [unit(one, hourly_rate) for one in summed.rows]
    options = tuple(name for name in question.by if name in OPTIONS)
    fixed = {*question.by, *(name for name, _ in question.where)} - set(options)
    return UnitReport(
        by=question.by,
        rows=tuple(_compared(rows, question.by, options)),
        total=unit(summed.total, hourly_rate),
        options=options,
        mixed=bool(options) and "task_type" not in fixed,
        outcomes=summed.outcomes,
        unlinked=summed.unlinked,
        hourly_rate=hourly_rate,
        time_zone=question.time_zone,
    )


@dataclass(frozen=True, slots=True)
class WorthReport:
    """Rows of `jevons worth` and their total. outcomes, unlinked: in the whole ledger. charges:
    what the declared boundary costs in the period beside calls, in USD, of the whole company
    whatever part is asked for; it is in no row. None when nothing is declared."""

    by: tuple[str, ...]
    rows: tuple[Worth, ...]
    total: Worth
    outcomes: int
    unlinked: int
    hourly_rate: Decimal | None
    charges: Decimal | None = None


def worth_report(ledger: Ledger, question: Question, hourly_rate: Decimal | None) -> WorthReport:
    """Whether it is worth it, by the question's dimensions. hourly_rate: else that of the boundary.
    Raises UsageError, LedgerError."""
    summed = ledger.attempts(question)
    hourly_rate = declared_rate(ledger, question) if hourly_rate is None else hourly_rate
    return WorthReport(
        by=question.by,
        rows=tuple(worth(one, hourly_rate) for one in summed.rows),
        total=worth(summed.total, hourly_rate),
        outcomes=summed.outcomes,
        unlinked=summed.unlinked,
        hourly_rate=hourly_rate,
        charges=declared_charges(ledger, replace(question, where=())),
    )


def declared_rate(ledger: Ledger, question: Question) -> Decimal | None:
    """What an hour of the people who review costs, by the elements of the declared boundary that
    take their minutes from outcomes; None when the period has none or several rates."""
    first = "" if question.since is None else iso(question.since)[:10]
    last = "9999" if question.until is None else iso(question.until - 1)[:10]
    rates = {
        element.rate
        for one in declared(ledger, question.as_of)
        for element in one.boundary.elements
        if element.from_outcomes
        and str(element.valid_from) <= last
        and (element.valid_to is None or str(element.valid_to) > first)
    }
    return rates.pop() if len(rates) == 1 else None


def declared_charges(ledger: Ledger, question: Question) -> Decimal | None:
    """What the declared boundary costs in a period beside calls, without what outcomes report;
    None when nothing is declared, or a part of the company is asked for."""
    boundaries = [one.boundary for one in declared(ledger, question.as_of)]
    if not boundaries or question.where:
        return None
    ledger.post_charges()
    told = {(b.name, e.name) for b in boundaries for e in b.elements if e.from_outcomes}
    sums = ledger.charges(replace(question, by=(), top=None))
    own = [one for one in sums if one.boundary != OUTCOMES]
    return dollars(
        sum(one.effective_cost for one in own if (one.boundary, one.element) not in told)
    )


@dataclass(frozen=True, slots=True)
class Given:
    """What only people know: the budget of the period, what an hour of review costs, a file of
    loaded pay, and which dimension says whose a cost is."""

    budget: Decimal | None = None
    hourly_rate: Decimal | None = None
    pay: Path | None = None
    owner: str = "team"


@dataclass(frozen=True, slots=True)
class PayRow:
    """AI spend of a person or team over their loaded pay in the period, in percent."""

    kind: str
    name: str
    spend: Decimal | None
    pay: Decimal
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class KpiReport:
    """Key figures of a period; since, until: RFC 3339. pay: one row per person or team of the pay
    file."""

    figures: tuple[Figure, ...]
    since: str
    until: str
    days: Decimal
    pay: tuple[PayRow, ...]


_DAY_US: Final = 86_400_000_000


def kpi_report(ledger: Ledger, question: Question, given: Given) -> KpiReport:
    """The key figures of a question's period. Raises UsageError, SourceError, LedgerError."""
    found = ledger.calls(question, given.owner)
    if found is None or found.first is None or found.last is None:
        raise UsageError("no call lies in this period", remedy="jevons report shows the calls.")
    since = question.since if question.since is not None else found.first
    until = question.until if question.until is not None else found.last + 1
    days = ratio(Decimal(until - since), _DAY_US) or Decimal(0)
    by_day = ledger.ask(replace(question, by=("day",), top=None)).rows
    daily = tuple(row["effective_cost"] or Decimal(0) for row in by_day)
    given = replace(given, hourly_rate=given.hourly_rate or declared_rate(ledger, question))
    held = unit(ledger.attempts(replace(question, by=(), top=None)).total, given.hourly_rate)
    pay = _pay(ledger, question, given.pay, days) if given.pay is not None else ()
    charges = declared_charges(ledger, replace(question, since=since, until=until))
    inputs = replace(_inputs(found, held, daily, _for_period(given, days, pay)), charges=charges)
    return KpiReport(tuple(figures(inputs)), iso(since), iso(until), days, pay)


@dataclass(frozen=True, slots=True)
class _Period:
    days: Decimal
    budget: Decimal | None
    paid_spend: Decimal
    pay: Decimal | None


def _for_period(given: Given, days: Decimal, pay: Sequence[PayRow]) -> _Period:
    """What people know, for the length of the period. Teams and people are not added up: of both
    in one file the teams count."""
    kind = "team" if any(row.kind == "team" for row in pay) else "person"
    mine = [row for row in pay if row.kind == kind]
    spend = sum((row.spend or Decimal(0) for row in mine), Decimal(0))
    paid = sum((row.pay for row in mine), Decimal(0)) if mine else None
    return _Period(days, given.budget, spend, paid)


def _inputs(found: Calls, held: Unit, daily: tuple[Decimal, ...], period: _Period) -> Inputs:
    sums = held.attempts
    return Inputs(
        cost=found.cost,
        calls=found.calls,
        errors=found.errors,
        requests=sums.attempts,
        cycle_cost=dollars(sums.cycle_spend),
        cycles=sums.cycles,
        list_cost=found.list_cost,
        prompt=found.prompt,
        uncached_equivalent=found.uncached_equivalent,
        uncached=found.uncached,
        cache_read=found.cache_read,
        cache_write=found.cache_write,
        output=found.output,
        reasoning=found.reasoning,
        attributed=found.attributed,
        visible_seconds=found.visible_seconds,
        days=period.days,
        daily=daily,
        workloads=found.workloads,
        loss=sums.loss,
        human_minutes=sums.human_minutes,
        review=held.review,
        value=sums.value if sums.valued else None,
        budget=period.budget,
        paid_spend=period.paid_spend,
        pay=period.pay,
    )


def _pay(ledger: Ledger, question: Question, path: Path, days: Decimal) -> tuple[PayRow, ...]:
    """Spend over pay for every line of a pay file: columns team or person, and pay (USD a year)."""
    rows = []
    for kind, name, yearly in read_pay(path):
        asked = replace(question, by=(), where=(*question.where, (kind, name)), top=None)
        spend = ledger.ask(asked).total["effective_cost"]
        pay = ratio(yearly * days, 365) or Decimal(0)
        percent = spend_over_pay(spend or Decimal(0), pay)
        rows.append(PayRow(kind, name, spend, pay, percent))
    return tuple(rows)


def read_pay(path: Path) -> list[tuple[str, str, Decimal]]:
    """(team or person, name, loaded pay in USD a year) of every line of a CSV file. Raises
    SourceError naming the line that is wrong."""
    import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, 2):
        kind = next((one for one in ("team", "person") if line.get(one)), None)
        try:
            pay = parse_amount((line.get("pay") or "").strip())
        except ValueError:
            pay = Decimal(-1)
        if kind is None or pay <= 0:
            raise SourceError(
                f"{path}, line {number}: no team or person with a pay above 0",
                remedy="The columns are team or person, and pay (USD a year).",
            )
        found.append((kind, str(line[kind]).strip(), pay))
    return found


def _compared(rows: list[Unit], by: tuple[str, ...], options: tuple[str, ...]) -> list[Unit]:
    """Rows with their place among those that agree in all that is no option."""
    if not options:
        return rows
    peers: dict[tuple[str | None, ...], list[int]] = {}
    names = []
    for number, row in enumerate(rows):
        values = list(zip(by, row.attempts.dimensions, strict=True))
        names.append(" ".join(value or "(none)" for name, value in values if name in options))
        work = tuple(value for name, value in values if name not in options)
        peers.setdefault(work, []).append(number)
    found = list(rows)
    for places in peers.values():
        if len(places) > 1:
            placed = compared([rows[i] for i in places], [names[i] for i in places])
            for place, row in zip(places, placed, strict=True):
                found[place] = row
    return found
