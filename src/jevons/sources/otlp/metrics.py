"""Metrics are roll-ups: they are recognised, counted as read, and never become observations.

A token counter sums many calls (and is exported again and again, cumulative or as deltas), so it
names no call. Every emitter that sends one also sends the calls themselves as spans, events or
local logs: those are read instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

USAGE_METRICS: Final[tuple[str, ...]] = (
    "gen_ai.client.token.usage",
    "gen_ai.client.inference.usage.",
    "gen_ai.client.inference.operation.",
    "gen_ai.usage.cost",
    "operation.cost",
    "claude_code.token.usage",
    "claude_code.cost.usage",
    "codex.turn.token_usage",
    "codex.turn.cost_microusd",
    "gemini_cli.token.usage",
    "qwen-code.token.usage",
    "llm.",
)
"""Names (or their beginnings) of metrics that sum tokens or cost over calls."""


def roll_ups(metrics: Iterable[tuple[str, int]]) -> int:
    """How many data points of token and cost metrics there are: read, and counted in nothing."""
    return sum(points for name, points in metrics if name.startswith(USAGE_METRICS))
