"""Effects as whole amounts that sum exactly to the change of their line."""

from __future__ import annotations

from collections.abc import Sequence


def whole(effects: Sequence[float], change: int) -> tuple[int, ...]:
    """Round effects to whole units; they then sum to `change`, exactly.

    Each is rounded half to even. What that leaves over goes to the largest effect by size, the
    first of equals: there it matters least. The rule knows neither order nor sign, so exchanging
    before and after only changes the sign.
    """
    amounts = [round(effect) for effect in effects]
    left = change - sum(amounts)
    if left:
        largest = max(range(len(amounts)), key=lambda j: abs(effects[j]))
        amounts[largest] += left
    return tuple(amounts)
