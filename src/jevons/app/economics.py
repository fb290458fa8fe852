"""`unit`: what attempts and successes cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from jevons.analysis.unit import Unit, compared, unit

if TYPE_CHECKING:
    from jevons.app.ports import Ledger
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
    """Unit economics by the question's dimensions. Raises UsageError, LedgerError."""
    summed = ledger.attempts(question)
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
