"""The token paradox in five lines: prices fall, tokens per task rise, and so does the bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from jevons.analysis.bridge.seats import Values
from jevons.analysis.bridge.tree import MODEL
from jevons.analysis.price_index import Link, chained, relative
from jevons.analysis.spend import TOKEN_KINDS, Spend, kind_named
from jevons.app.economics import unit_report
from jevons.app.explaining import weakest
from jevons.app.results import Query
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.period import EPOCH, instant, zone

if TYPE_CHECKING:
    from jevons.app.ports import Ledger
    from jevons.stores.question import Question

By = Literal["month", "week"]
Job = str | None
Rates = Mapping[tuple[str, Job], Decimal]
"""(period, task type) -> share of decided attempts that succeeded."""
K = TypeVar("K")

SERIES: Final = {
    "matched_model": "price, same model",
    "same_job": "price, same job",
    "tokens_per_task": "tokens per task",
    "calls_per_task": "calls per task",
    "spend": "total spend",
}
"""The five lines, each an index with the first period at 100, and their titles."""

MORE: Final = {"job_cost": "cost of the same job", "cost_per_success": "cost per success"}
"""Further indices, below the chart."""

_CONTEXT: Final = Context(prec=40)
_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Index:
    """The series by period. indices: name of a series -> its values, 100 in the first period, None
    where not known. amounts: `spend`, `tokens_per_task`, `calls_per_task`, `cost_per_success` as
    such. matched, jobs: the links of both price indices. why: series -> why (some of) it is not
    known. floor: the success rate that a task type must have had in both periods of a link."""

    by: By
    periods: tuple[str, ...]
    indices: Mapping[str, Sequence[Decimal | None]]
    amounts: Mapping[str, Sequence[Decimal | None]]
    matched: Sequence[Link]
    jobs: Sequence[Link]
    unknown_calls: Sequence[int]
    why: Mapping[str, str]
    partial: tuple[str, ...]
    floor: Decimal | None
    time_zone: str
    where: tuple[tuple[str, str], ...]
    provenance: str | None


@dataclass(slots=True)
class _Period:
    """What one period sums up to. jobs: task type -> (cost, tokens with a price). tasks: by
    type."""

    items: dict[Values, tuple[int, int]]
    jobs: dict[Job, tuple[int, int]]
    tasks: dict[Job, int]
    cost: int = 0
    calls: int = 0
    tokens: int = 0
    unknown: int = 0


def price_index(
    ledger: Ledger,
    ask: Callable[[Query], Question],
    query: Query,
    by: By = "month",
    floor: Decimal | None = None,
) -> Index:
    """The index series of the calls that a query selects. Raises UsageError, LedgerError."""
    dimensions = (by, "task_type", *MODEL, "price_state")
    rows = ledger.spend(ask(replace(query, by=dimensions)), by_unit=True)
    tasks = ledger.task_counts(ask(replace(query, by=(by, "task_type"))))
    periods = _periods(rows, tasks)
    names = sorted(periods)
    told = any(True for _ in ledger.outcomes(limit=1))
    success = _success(ledger, ask(replace(query, by=(by,)))) if told else {}
    floored = told and floor is not None
    rates = _rates(ledger, ask(replace(query, by=(by, "task_type")))) if floored else {}
    held = [periods[name] for name in names]
    matched, links = chained([period.items for period in held])
    kept = [_kept(name, periods[name].jobs, rates, floor) for name in names]
    jobs, job_links = chained(kept)
    cost, _ = chained([_kept(name, _per_task(periods[name]), rates, floor) for name in names])
    counts = [sum(period.tasks.values()) for period in held]
    amounts: dict[str, list[Decimal | None]] = {
        "spend": [from_femto(period.cost) for period in held],
        "tokens_per_task": [_over(p.tokens, n) for p, n in zip(held, counts, strict=True)],
        "calls_per_task": [_over(p.calls, n) for p, n in zip(held, counts, strict=True)],
        "cost_per_success": [success.get(name) for name in names],
    }
    indices = {"matched_model": matched, "same_job": jobs}
    indices |= {name: relative(values) for name, values in amounts.items()}
    indices["job_cost"] = cost
    return Index(
        by=by,
        periods=tuple(names),
        indices=indices,
        amounts=amounts,
        matched=links,
        jobs=job_links,
        unknown_calls=[period.unknown for period in held],
        why=_why(indices, amounts, floor),
        partial=_partial(names, query, by),
        floor=floor,
        time_zone=query.time_zone,
        where=query.where,
        provenance=weakest(row.provenance for row in rows),
    )


def _periods(rows: Sequence[Spend], tasks: Mapping[Values, int]) -> dict[str, _Period]:
    """Everything by period; calls without a known price count as calls and tokens, not as items."""
    found: dict[str, _Period] = {}
    for row in rows:
        name, job, *model = row.dimensions
        period = found.setdefault(name or "", _Period({}, {}, {}))
        period.calls += row.calls
        period.unknown += row.unknown_calls
        for part in row.parts:
            tokens = part.quantity if kind_named(part.kind) in TOKEN_KINDS else 0
            period.tokens += tokens
            if not row.unknown_calls:
                _add(period.jobs, job, part.effective_cost or 0, tokens)
            if part.effective_cost is not None:
                period.cost += part.effective_cost
                item = (*model[: len(MODEL)], part.kind)
                _add(period.items, item, part.effective_cost, part.quantity)
    for (name, job), number in tasks.items():
        if name in found:
            found[name].tasks[job] = number
    return {name: period for name, period in found.items() if period.calls}


def _add(items: dict[K, tuple[int, int]], key: K, cost: int, quantity: int) -> None:
    before = items.get(key, (0, 0))
    items[key] = before[0] + cost, before[1] + quantity


def _per_task(period: _Period) -> dict[Job, tuple[int, int]]:
    """Task type -> (cost, tasks)."""
    return {job: (cost, period.tasks.get(job, 0)) for job, (cost, _) in period.jobs.items()}


def _kept(
    period: str, jobs: Mapping[Job, tuple[int, int]], rates: Rates, floor: Decimal | None
) -> dict[Job, tuple[int, int]]:
    """The task types that reached the floor in a period; one without outcomes has not shown it."""
    if floor is None:
        return dict(jobs)
    return {job: held for job, held in jobs.items() if rates.get((period, job), -1) >= floor}


def _success(ledger: Ledger, question: Question) -> dict[str, Decimal | None]:
    """Period -> cost per success, without review minutes, which have no rate here."""
    rows = unit_report(ledger, question, None).rows
    return {row.attempts.dimensions[0] or "": row.cost_per_success.amount for row in rows}


def _rates(ledger: Ledger, question: Question) -> Rates:
    attempts = [row.attempts for row in unit_report(ledger, question, None).rows]
    return {
        (one.dimensions[0] or "", one.dimensions[1]): Decimal(one.succeeded) / one.decided
        for one in attempts
        if one.decided
    }


def _partial(names: Sequence[str], query: Query, by: By) -> tuple[str, ...]:
    """The first and the last period, where the question's bounds lie inside them."""
    bounds = ((query.since, names[:1]), (query.until, names[-1:]))
    cut = [held for text, held in bounds if text is not None and not _whole(text, query, by)]
    return tuple(dict.fromkeys(name for held in cut for name in held))


def _whole(text: str, query: Query, by: By) -> bool:
    """Whether a bound is where a month or a week begins."""
    at = EPOCH + timedelta(microseconds=instant(text, query.time_zone))
    local = at.astimezone(zone(query.time_zone))
    midnight = local.time() == time()
    return midnight and (local.day == 1 if by == "month" else local.weekday() == 0)


def _over(total: int, number: int) -> Decimal | None:
    if not number:
        return None
    return _CONTEXT.divide(Decimal(total), Decimal(number)).quantize(_PLACES)


def _why(
    indices: Mapping[str, Sequence[Decimal | None]],
    amounts: Mapping[str, Sequence[Decimal | None]],
    floor: Decimal | None,
) -> dict[str, str]:
    """Why values are missing, by series."""
    reasons = {
        "matched_model": "two periods in a row have no model with a price in common",
        "same_job": "two periods in a row have no task type with a price in common"
        if floor is None
        else "no task type is known to reach the quality floor in two periods in a row",
        "cost_per_success": "no outcomes are known: jevons outcomes import reads them",
    }
    reasons["job_cost"] = reasons["same_job"]
    if any(value is not None for value in amounts["cost_per_success"]):
        reasons["cost_per_success"] = "no success of known cost in the first, or in this period"
    missing = {name for name, values in indices.items() if None in values}
    return {name: reason for name, reason in reasons.items() if name in missing}
