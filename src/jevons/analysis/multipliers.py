"""How calls multiply: requests x calls per request x agent depth, and the class that this shows.

The Tokenomics Foundation's Big-T notation (working draft, CC BY 4.0) names how the cost of a
workload grows with its requests: T(1) constant, T(n), T(n·k) with hidden calls per request,
T(n·k·a) multiplied once more by agents that start agents. Here the factors are measured, and their
product is the number of calls, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

ENOUGH: Final = 30
"""Requests below which no class is told."""

MANY_CALLS: Final = Fraction(3, 2)
"""From this many calls per request of the root run on, k is a factor of its own."""

DEEP: Final = Fraction(21, 20)
"""From this factor on, sub-agents multiply."""

UNTOLD: Final = "cannot be told"


@dataclass(frozen=True, slots=True)
class Multipliers:
    """The factors of one task type (None: of calls without one).

    requests: root runs. root_calls: calls of these runs themselves. calls: of these and all runs
    below them. nested: requests that started a sub-agent. levels: of the deepest tree, 1 without
    sub-agents. looping: requests that stand out by calls that repeat each other.
    """

    task_type: str | None
    requests: int
    root_calls: int
    calls: int
    nested: int
    levels: int
    looping: int = 0

    @property
    def n(self) -> int:
        """Requests."""
        return self.requests

    @property
    def k(self) -> Fraction | None:
        """Calls of the root run per request; None without requests."""
        return Fraction(self.root_calls, self.requests) if self.requests else None

    @property
    def a(self) -> Fraction | None:
        """Calls of the whole tree per call of its root run, 1 without sub-agents; None when no
        root run has a call."""
        return Fraction(self.calls, self.root_calls) if self.root_calls else None

    @property
    def big_t(self) -> tuple[str, str]:
        """The class that the factors show, and the rule that decided."""
        if self.requests < ENOUGH or self.k is None or self.a is None:
            return UNTOLD, f"fewer than {ENOUGH} requests"
        if self.a >= DEEP:
            return "T(n·k·a)", f"sub-agents make at least {_percent(DEEP)} more calls"
        if self.k >= MANY_CALLS:
            return "T(n·k)", f"at least {float(MANY_CALLS)} calls per request, few by sub-agents"
        return "T(n)", f"fewer than {float(MANY_CALLS)} calls per request, few by sub-agents"


def _percent(factor: Fraction) -> str:
    return f"{round((factor - 1) * 100)} %"
