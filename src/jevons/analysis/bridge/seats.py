"""Which model took over from which: two models that served the same work one after the other.

Tokens per call and token kinds of a line are compared with what did the same work before. A model
that came has no past of its own, so it is compared with the model that went: the two share a seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

Values = tuple[str | None, ...]
"""The values of some dimensions, in their order; None is not known."""

NOTABLE: Final = Fraction(1, 20)
RELATIVE: Final = Fraction(1, 5)
"""In a takeover one model loses, and one gains, at least a 20th of the calls of its group, and at
least a fifth of the larger of its own two shares: less than that is chance."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """A model that lost calls of a group and the model that won them; shares of all calls of the
    group, before and after."""

    old: Values
    new: Values
    old_shares: tuple[Fraction, Fraction]
    new_shares: tuple[Fraction, Fraction]


def takeovers(before: Mapping[Values, int], after: Mapping[Values, int]) -> list[Takeover]:
    """The model with the largest loss beside the one with the largest gain, then the next two.

    before, after: calls of one group by model. Exchanging them exchanges old and new, nothing else.
    """
    a, b = sum(before.values()), sum(after.values())
    if a <= 0 or b <= 0:
        return []
    shares = {
        name: (Fraction(before.get(name, 0), a), Fraction(after.get(name, 0), b))
        for name in sorted(before.keys() | after.keys(), key=str)
    }
    gains = {name: new - old for name, (old, new) in shares.items()}
    moved = [n for n in gains if abs(gains[n]) >= max(NOTABLE, RELATIVE * max(shares[n]))]
    losers = sorted((n for n in moved if gains[n] < 0), key=lambda n: gains[n])
    winners = sorted((n for n in moved if gains[n] > 0), key=lambda n: -gains[n])
    return [
        Takeover(old, new, shares[old], shares[new])
        for old, new in zip(losers, winners, strict=False)
    ]
