"""Runs and purposes: one run as a tree, requests that stand out, how calls multiply, which rules
decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jevons.analysis import outliers
from jevons.analysis.multipliers import Multipliers
from jevons.analysis.outliers import Norms, Reason, Request, reasons
from jevons.analysis.purposes import NO_RULE, UNKNOWN, Rule
from jevons.analysis.run_tree import Run, run_tree

if TYPE_CHECKING:
    from jevons.app.ports import Ledger
    from jevons.stores.question import Question


TOP: Final = 20
"""Requests that are shown when a query does not say how many."""


@dataclass(frozen=True, slots=True)
class StandingOut:
    """Requests that stand out, each with its reasons, or all requests, of which those that do not
    have none.

    count: how many stand out in all, of `requests`. listed: how many the rows are the first of.
    few: a task type has too few requests to tell what is usual.
    """

    rows: tuple[tuple[Request, tuple[Reason, ...]], ...]
    count: int
    requests: int
    listed: int
    few: bool


@dataclass(frozen=True, slots=True)
class Work:
    """How calls multiply and what is usual, for every task type, most calls first."""

    rows: tuple[tuple[Multipliers, Norms], ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """One rule of purposes and how many calls it decided; the last row is for calls without any."""

    rule: str
    purpose: str
    why: str
    calls: int
    own: bool


def tree(ledger: Ledger, name: str) -> Run:
    """A run as a tree. name: its id, or a beginning that no other root run has."""
    root, steps = ledger.run_calls(name)
    return run_tree(root, steps)


def standing_out(
    ledger: Ledger, question: Question, sort: str, top: int, *, every: bool = False
) -> StandingOut:
    """The requests of a question that stand out, the first `top` of them by `sort`. every, or none
    stands out: all requests instead."""
    norms, found, count = ledger.requests(
        question,
        lambda requests: (requests.norms(), *requests.standing_out(sort, top, every=every)),
    )
    rows = tuple((request, reasons(request, norms[request.task_type])) for request in found)
    total = sum(usual.requests for usual in norms.values())
    return StandingOut(
        rows=rows,
        count=count,
        requests=total,
        listed=total if every or not count else count,
        few=any(usual.requests < outliers.ENOUGH for usual in norms.values()),
    )


def work(ledger: Ledger, question: Question) -> Work:
    """How calls multiply, by task type."""
    norms, factors = ledger.requests(
        question, lambda requests: (requests.norms(), requests.multipliers())
    )
    return Work(tuple((one, norms[one.task_type]) for one in factors))


def decided(ledger: Ledger, question: Question, rules: tuple[Rule, ...]) -> list[Decided]:
    """Every rule in the order in which they are tried, and how many calls each decided."""
    counts = ledger.rule_counts(question)
    rows = [Decided(r.id, r.purpose, r.why, counts.get(r.id, 0), r.own) for r in rules]
    return [*rows, Decided(NO_RULE, UNKNOWN, "Nothing tells.", counts.get(NO_RULE, 0), False)]
