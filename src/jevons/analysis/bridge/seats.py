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
"""The share of a group's calls that the one model must lose, and the other gain."""
RARE: Final = Fraction(1, 5)
"""The new model must have had at most this part of its share before, or the old one keep at most
this part of its own: two models that are both in use are each compared with their own past."""


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
    losers = sorted((n for n in gains if gains[n] <= -NOTABLE), key=lambda n: gains[n])
    winners = sorted((n for n in gains if gains[n] >= NOTABLE), key=lambda n: -gains[n])
    found = [
        Takeover(old, new, shares[old], shares[new])
        for old, new in zip(losers, winners, strict=False)
    ]
    return [one for one in found if _rare(one)]


def _rare(one: Takeover) -> bool:
    (old_before, old_after), (new_before, new_after) = one.old_shares, one.new_shares
    return new_before <= RARE * new_after or old_after <= RARE * old_before
