"""Requests that stand out among those of their task type, each with its reason.

A request is a root run with all runs below it. It stands out by its *cost* or number of *calls*
above the 99th percentile of its task type, by a *loop* (calls that repeat answered ones), or by a
runaway *context* (input per call). Percentiles are nearest-rank, over the requests of the period.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

ENOUGH: Final = 100
"""Requests of a task type below which no 99th percentile is told."""

LOOP_CALLS: Final = 5
LOOP_SHARE: Final = 5
"""A loop: at least `LOOP_CALLS` repeated calls, which are at least one in `LOOP_SHARE`."""

RUNAWAY: Final = 3
"""A context is runaway above the 99th percentile if it is also this many times the median."""

KINDS: Final = ("cost", "loop", "context", "calls")
"""Reasons, in the order in which they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: a root run and all runs below it.

    first_time, last_time: when its first and last call began, epoch microseconds. runs: how many it
    has, itself included. cost: effective, of what is known, in whole 1e-15 USD; None when none is
    known. repeated: calls that repeat an answered one.
    """

    run: str
    first_time: int
    last_time: int
    task_type: str | None = None
    team: str | None = None
    person: str | None = None
    harness: str | None = None
    runs: int = 1
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int | None = None
    unknown_calls: int = 0
    lower_bound_calls: int = 0
    repeated: int = 0

    @property
    def context(self) -> int:
        """Input tokens per call, rounded down."""
        return self.input_tokens // self.calls if self.calls else 0

    @property
    def tokens(self) -> int:
        """Input and output tokens."""
        return self.input_tokens + self.output_tokens

    @property
    def duration(self) -> int:
        """From the start of the first call to that of the last, microseconds."""
        return self.last_time - self.first_time


@dataclass(frozen=True, slots=True)
class Norms:
    """What is usual for a task type: medians and 99th percentiles of its requests.

    cost: of all that is known; unknown_calls: calls that it leaves out. The percentiles of costs
    are of the requests whose whole cost is known, None when there are none.
    """

    task_type: str | None
    requests: int
    cost: int | None
    unknown_calls: int
    p50_cost: int | None
    p99_cost: int | None
    p50_calls: int
    p99_calls: int
    p50_context: int
    p99_context: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request stands out. kind: one of `KINDS`. value: what it has; usual: the median of its
    task type; limit: what it is above."""

    kind: str
    value: int
    usual: int
    limit: int


def rank(values: Sequence[int], percent: int) -> int:
    """The nearest-rank percentile of values that are not none: the smallest value that at least
    `percent` of 100 of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def norms(requests: Iterable[Request]) -> dict[str | None, Norms]:
    """What is usual for every task type that occurs."""
    groups: dict[str | None, list[Request]] = defaultdict(list)
    for request in requests:
        groups[request.task_type].append(request)
    return {name: _norms(name, members) for name, members in groups.items()}


def _norms(name: str | None, members: list[Request]) -> Norms:
    costs = [r.cost for r in members if r.cost is not None and not r.unknown_calls]
    known = [request.cost for request in members if request.cost is not None]
    calls = [request.calls for request in members]
    contexts = [request.context for request in members]
    return Norms(
        task_type=name,
        requests=len(members),
        cost=sum(known) if known else None,
        unknown_calls=sum(request.unknown_calls for request in members),
        p50_cost=rank(costs, 50) if costs else None,
        p99_cost=rank(costs, 99) if costs else None,
        p50_calls=rank(calls, 50),
        p99_calls=rank(calls, 99),
        p50_context=rank(contexts, 50),
        p99_context=rank(contexts, 99),
    )


def reasons(request: Request, usual: Norms) -> tuple[Reason, ...]:
    """Why a request stands out among those of its task type; none for one that does not."""
    found = []
    enough = usual.requests >= ENOUGH
    cost, limit = request.cost, usual.p99_cost
    if enough and cost is not None and limit is not None and cost > limit:
        found.append(Reason("cost", cost, usual.p50_cost or 0, limit))
    if request.repeated >= LOOP_CALLS and request.repeated * LOOP_SHARE >= request.calls:
        found.append(Reason("loop", request.repeated, 0, LOOP_CALLS))
    if enough and request.context > max(usual.p99_context, RUNAWAY * usual.p50_context):
        found.append(Reason("context", request.context, usual.p50_context, usual.p99_context))
    if enough and request.calls > usual.p99_calls:
        found.append(Reason("calls", request.calls, usual.p50_calls, usual.p99_calls))
    return tuple(found)
