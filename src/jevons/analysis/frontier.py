"""Comparing options by what an attempt costs and how often it succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Option:
    """One way to do the work: mean cost of an attempt (any unit, exact) and success rate."""

    name: str
    cost: Fraction
    success: Fraction


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an option stands. on_front: no other succeeds at least as often for less, or more often
    for as much. icer: extra cost per extra success over the next cheaper option of the front, which
    `against` names; None for the cheapest one and for those behind the front."""

    on_front: bool
    icer: Fraction | None = None
    against: str | None = None


BEHIND: Final = Standing(False)


def icer(cheaper: Option, dearer: Option) -> Fraction | None:
    """The incremental cost-effectiveness ratio: (difference in cost) / (difference in success
    rate), what one more success costs when the work moves from one option to the other. None when
    they succeed equally often."""
    gain = dearer.success - cheaper.success
    return (dearer.cost - cheaper.cost) / gain if gain else None


def standings(options: Sequence[Option]) -> list[Standing]:
    """The Pareto front of cost against success, and the ICER along it. Options that are equal in
    both are both on the front; the first by name leads."""
    order = sorted(
        range(len(options)), key=lambda i: (options[i].cost, -options[i].success, options[i].name)
    )
    found = [BEHIND] * len(options)
    last: Option | None = None
    for place in order:
        one = options[place]
        if last is None:
            found[place], last = Standing(True), one
        elif one.success > last.success:
            found[place] = Standing(True, icer(last, one), last.name)
            last = one
        elif (one.success, one.cost) == (last.success, last.cost):
            found[place] = Standing(True, None, last.name)
    return found
