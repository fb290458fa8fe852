"""The takeovers behind a change, group by group, with what they did to the bill."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from jevons.analysis.bridge.change import Bridge
from jevons.analysis.bridge.seats import Takeover, Values, takeovers
from jevons.analysis.bridge.tree import Side


@dataclass(frozen=True, slots=True)
class Move:
    """In one group, a model that took over from another. amount: the model-mix effect of the two
    models' lines, 1e-15 USD."""

    group: Values
    takeover: Takeover
    amount: int


def moves(found: Bridge, before: Side, after: Side) -> tuple[Move, ...]:
    """Every takeover, the largest model-mix effect first."""
    amounts: dict[tuple[Values, Values], int] = defaultdict(int)
    for line in found.lines:
        amounts[line.key.group, line.key.model] += line.effects.get("model_mix", 0)
    width = len(found.group), len(found.group) + len(found.model)
    old, new = _calls(before, *width), _calls(after, *width)
    moved = [
        Move(group, it, amounts[group, it.old] + amounts[group, it.new])
        for group in old.keys() & new.keys()
        for it in takeovers(old[group], new[group])
    ]
    return tuple(sorted(moved, key=lambda move: (-abs(move.amount), str(move.group))))


def _calls(side: Side, start: int, end: int) -> dict[Values, dict[Values, int]]:
    calls: dict[Values, dict[Values, int]] = defaultdict(lambda: defaultdict(int))
    for row in side.rows:
        calls[row.dimensions[:start]][row.dimensions[start:end]] += row.calls
    return calls
