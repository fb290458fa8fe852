"""A run as a tree: its steps, the sub-agents that they start, and what each used and cost.

Own figures are those of a run's own calls; inclusive ones add the runs below it. Every call is in
one place of the tree, so the inclusive figures of the root are the sums over all calls, exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jevons.vocabulary.errors import UsageError

_BESIDE: Final = frozenset(("guardrail", "housekeeping", "retrieve"))
"""Purposes of calls that do not carry the conversation of their run along."""

DEEPEST: Final = 64
"""Levels of sub-agents that are followed; deeper ones, or rings, stand at this level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model call of a run.

    time: when it began, epoch microseconds. latency_ms: its duration, None when not known. cost:
    effective cost in whole 1e-15 USD, None when not known. at_least: the cost is a lower bound.
    failed: it got no answer. purpose: as assigned.
    """

    event_id: str
    run: str
    time: int
    parent_run: str | None = None
    parent_step: str | None = None
    step: str | None = None
    agent: str | None = None
    tool: str | None = None
    model: str | None = None
    purpose: str = "unknown"
    latency_ms: int | None = None
    failed: bool = False
    input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    cost: int | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over calls. cost: of the calls whose cost is known, None when none is. retries: calls
    that repeat an answered one, and what they cost. busy_ms: the calls' durations, added up."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    cost: int | None = None
    unknown_calls: int = 0
    lower_bound_calls: int = 0
    retries: int = 0
    retry_cost: int | None = None
    busy_ms: int = 0

    def __add__(self, other: Totals) -> Totals:
        """The sums of both."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in _NAMES}
        return Totals(**{name: _added(one, two) for name, (one, two) in pairs.items()})


_NAMES: Final = tuple(Totals.__dataclass_fields__)


def _added(one: Any, other: Any) -> Any:
    """The sum; what is not known (None) adds nothing."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


def totals(steps: Iterable[Step]) -> Totals:
    """The sums over calls."""
    found = Totals()
    for step in steps:
        retry = step.purpose == "retry"
        found += Totals(
            calls=1,
            failed=int(step.failed),
            input_tokens=step.input_tokens,
            cache_read_input_tokens=step.cache_read_input_tokens,
            output_tokens=step.output_tokens,
            reasoning_output_tokens=step.reasoning_output_tokens,
            cost=step.cost,
            unknown_calls=int(step.cost is None),
            lower_bound_calls=int(step.at_least),
            retries=int(retry),
            retry_cost=step.cost if retry else None,
            busy_ms=step.latency_ms or 0,
        )
    return found


@dataclass(frozen=True, slots=True)
class Context:
    """How the context of a run grew.

    sent: input tokens of all its calls. final: input and output of the call with the most of both,
    which is the whole conversation at its end. A run that sends its conversation again with every
    call sends `sent` to hold `final`.
    """

    sent: int
    final: int

    @property
    def resent(self) -> float | None:
        """Input sent for each token of the final context; None for a run without input."""
        return self.sent / self.final if self.final else None

    @property
    def repeated_share(self) -> float | None:
        """The part of all input that repeats what was sent before: 1 - final / sent, at least 0."""
        return max(0.0, 1 - self.final / self.sent) if self.sent else None


def context(steps: Sequence[Step]) -> Context:
    """The context growth of one run; guards and the like have contexts of their own."""
    line = [step for step in steps if step.purpose not in _BESIDE]
    sent = sum(step.input_tokens for step in line)
    return Context(sent, max((s.input_tokens + s.output_tokens for s in line), default=0))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the tree. steps: its calls by time. children: the runs that it started, by time;
    `started_by` of a child is the step that did, if that is known."""

    run: str
    steps: tuple[Step, ...]
    children: tuple[Run, ...]
    own: Totals
    inclusive: Totals
    context: Context
    level: int
    started_by: str | None

    @property
    def agent(self) -> str | None:
        """The agent that most of its calls name."""
        names = [step.agent for step in self.steps if step.agent]
        return max(names, key=names.count) if names else None

    def all(self) -> Iterator[Run]:
        """This run and all below it, each before its own children."""
        yield self
        for child in self.children:
            yield from child.all()

    def costliest(self) -> Step | None:
        """The step that cost most, here or below; None when no cost is known."""
        known = [step for run in self.all() for step in run.steps if step.cost is not None]
        return max(known, key=lambda step: (step.cost or 0, -step.time), default=None)

    @property
    def span(self) -> tuple[int, int] | None:
        """When the first call here or below began and the last one ended, epoch microseconds."""
        steps = [step for run in self.all() for step in run.steps]
        if not steps:
            return None
        ends = (step.time + (step.latency_ms or 0) * 1000 for step in steps)
        return min(step.time for step in steps), max(ends)


def run_tree(root: str, steps: Sequence[Step]) -> Run:
    """The tree of a run from the calls of it and of all runs below it, in any order.

    A run is placed under the parent that most of its calls name. Raises UsageError when there is
    no call at all.
    """
    if not steps:
        raise UsageError(f"there is no run {root!r}", remedy="`jevons runs` lists runs.")
    of_run: dict[str, list[Step]] = defaultdict(list)
    for step in sorted(steps, key=lambda step: (step.time, step.event_id)):
        of_run[step.run].append(step)
    below: dict[str, list[str]] = defaultdict(list)
    for name, members in of_run.items():
        parents = [step.parent_run for step in members if step.parent_run]
        if parents and name != root:
            below[max(parents, key=parents.count)].append(name)
    return _grown(root, of_run, below, 0)


def _grown(
    name: str, of_run: dict[str, list[Step]], below: dict[str, list[str]], level: int
) -> Run:
    steps = tuple(of_run.get(name, ()))
    deeper = below.pop(name, []) if level < DEEPEST else []
    children = tuple(_grown(child, of_run, below, level + 1) for child in deeper)
    own = totals(steps)
    inclusive = own
    for child in children:
        inclusive += child.inclusive
    started = next((step.parent_step for step in steps if step.parent_step), None)
    return Run(name, steps, children, own, inclusive, context(steps), level, started)
