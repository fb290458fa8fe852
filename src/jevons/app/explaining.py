"""Why the bill changed: two periods of the ledger, compared line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from jevons.analysis.bridge.change import Bridge, bridge
from jevons.analysis.bridge.effects import Method
from jevons.analysis.bridge.lmdi import Undefined
from jevons.analysis.bridge.moves import Move, moves
from jevons.analysis.bridge.tree import GROUP, MODEL, Side
from jevons.app.results import Query
from jevons.app.total_cost import account
from jevons.vocabulary.charge import PROVENANCES
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.period import instant, iso

if TYPE_CHECKING:
    from jevons.analysis.spend import Spend
    from jevons.app.ports import Ledger
    from jevons.stores.question import Question

MODEL_LEVEL: Final = (*MODEL, "request_model", "response_model", "provider", "host", "region",
                      "speed")  # fmt: skip
"""Dimensions that say which model served a call; all others belong to the group of its task."""

ALLOCATED: Final = "allocated charges"
"""The one line of charges where a part of the company is asked for."""

_NOT_BY: Final = ("hour", "day", "week", "month", "year", "price_state", "provenance", "evidence")
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """What one side of a comparison held. since, until: ISO instants, half open. days: its length,
    rounded to thousandths. cost: effective, USD. unknown_calls: calls without any price, in no
    cost. lower_bound_calls: calls that cost at least what is counted. provenance: the weakest."""

    label: str
    since: str
    until: str
    days: Decimal
    cost: Decimal
    calls: int
    tasks: int
    unknown_calls: int
    lower_bound_calls: int
    provenance: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A bridge between two periods, with what it leaves out. by: the dimensions of its rows. total:
    charges that are no calls are in it too."""

    bridge: Bridge
    before: PeriodFacts
    after: PeriodFacts
    moves: tuple[Move, ...]
    by: tuple[str, ...]
    where: tuple[tuple[str, str], ...]
    time_zone: str
    total: bool = False


def explain(
    ledger: Ledger,
    ask: Callable[[Query], Question],
    before: tuple[str, Query],
    after: tuple[str, Query],
    method: Method = "shapley",
    *,
    total: bool = False,
) -> Explanation:
    """Compare two labelled periods by the dimensions of their queries.

    The bill is that of the calls; total: also what the boundary declares and outcomes report, so
    that the change is that of the total cost of AI.

    The lines of the comparison are always as fine as team, task type, model, tier, batch and kind,
    whatever is asked for, because effects depend on how fine the lines are; further dimensions make
    them finer. Raises UsageError for a dimension that cannot be compared, or LMDI on credits.
    """
    by = after[1].by
    group, model = leaf(by)
    old, new = (_side(ledger, ask, query, group, model) for _, query in (before, after))
    if total:
        old, new = (
            replace(side, charges=_charges(ledger, ask(replace(query, by=())), side.rows))
            for side, (_, query) in ((old, before), (new, after))
        )
    found = bridge(old, new, method=method, group=group, model=model)
    if isinstance(found, Undefined):
        raise UsageError(
            f"LMDI cannot explain this change: {found.reason}",
            remedy="Use --method shapley, which takes credits and refunds.",
        )
    return Explanation(
        bridge=found,
        before=_facts(*before, old),
        after=_facts(*after, new),
        moves=moves(found, old, new),
        by=by,
        where=after[1].where,
        time_zone=after[1].time_zone,
        total=total,
    )


def leaf(by: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dimensions of the group and of the model of a line. Raises UsageError for one that the
    two periods do not have in common."""
    for name in by:
        if name in _NOT_BY:
            raise UsageError(
                f"two periods cannot be compared by {name}",
                remedy="Give dimensions of the work: team, task_type, project, model, ...",
            )
    fine = [name for name in by if name != "kind"]
    group = dict.fromkeys((*GROUP, *(name for name in fine if name not in MODEL_LEVEL)))
    model = dict.fromkeys((*MODEL, *(name for name in fine if name in MODEL_LEVEL)))
    return tuple(group), tuple(model)


def _side(
    ledger: Ledger,
    ask: Callable[[Query], Question],
    query: Query,
    group: tuple[str, ...],
    model: tuple[str, ...],
) -> Side:
    # By price state, so that a row has a price for all of its calls or for none.
    rows = ledger.spend(ask(replace(query, by=(*group, *model, "price_state"))), by_unit=True)
    tasks = ledger.task_counts(ask(replace(query, by=group)))
    return Side(rows, tasks)


def _charges(ledger: Ledger, question: Question, rows: Iterable[Spend]) -> dict[str, int]:
    """What the declared boundary adds to a period: by element, or, of a part of the company, all
    that is allocated to it."""
    ledger.post_charges()
    found: dict[str, int] = defaultdict(int)
    for charge in ledger.charges(question):
        found[charge.element] += charge.effective_cost
    if not found or not question.where:
        return dict(found)
    calls = sum(part.effective_cost or 0 for row in rows for part in row.parts)
    return {ALLOCATED: account(ledger, question, "effective").total.total - calls}


def _facts(label: str, query: Query, side: Side) -> PeriodFacts:
    assert query.since is not None and query.until is not None
    since, until = (instant(text, query.time_zone) for text in (query.since, query.until))
    cost = sum(part.effective_cost or 0 for row in side.rows for part in row.parts)
    return PeriodFacts(
        label=label,
        since=iso(since),
        until=iso(until),
        days=(Decimal(until - since) / _DAY_US).quantize(Decimal("0.001")).normalize(),
        cost=from_femto(cost + sum(side.charges.values())),
        calls=sum(row.calls for row in side.rows),
        tasks=sum(side.tasks.values()),
        unknown_calls=sum(row.unknown_calls for row in side.rows),
        lower_bound_calls=sum(row.lower_bound_calls for row in side.rows),
        provenance=weakest(row.provenance for row in side.rows),
    )


def weakest(provenances: Iterable[str | None]) -> str | None:
    """The weakest provenance of a sum, None of an empty one."""
    known = [str(name) for name in PROVENANCES]
    found = [known.index(name) for name in provenances if name is not None]
    return known[max(found)] if found else None
