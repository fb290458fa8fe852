"""Which element a call belongs to: the plan that includes it, or the machine that served it.

A plan covers the calls that its `calls` name; without any, those whose price says `included`. A
call belongs to the first plan that covers it, in order of boundaries and elements, and to no other.
A machine is measured by all calls that its `calls` name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from jevons.vocabulary.boundary import Boundary, Element, Use

Filter = tuple[tuple[str, str], ...]
"""(dimension, value) pairs that calls must have."""

Place = tuple[int, int]
"""Position of a boundary and of an element in it."""

INCLUDED: Final[Filter] = (("price_state", "included"),)
"""The calls of a plan that names none."""


@dataclass(frozen=True, slots=True)
class Daily:
    """What calls of one day with the same dimensions used."""

    day: date
    values: Mapping[str, str | None]
    use: Use


def chosen_by(element: Element) -> Filter:
    """Which calls are an element's."""
    return element.calls or (INCLUDED if element.kind == "plan" else ())


def measured(boundaries: Sequence[Boundary]) -> list[tuple[Place, Element]]:
    """The elements whose charges depend on calls, in order."""
    return [
        ((number, place), element)
        for number, boundary in enumerate(boundaries)
        for place, element in enumerate(boundary.elements)
        if element.measured
    ]


def filters(boundaries: Sequence[Boundary], *, plans: bool = False) -> list[Filter]:
    """The different filters of measured elements, or of plans alone."""
    held = (e for _, e in measured(boundaries) if e.kind == "plan" or not plans)
    return list(dict.fromkeys(map(chosen_by, held)))


def dimensions(boundaries: Sequence[Boundary]) -> tuple[str, ...]:
    """The dimensions that tell to which element a call belongs."""
    names = (name for pairs in filters(boundaries) for name, _ in pairs)
    return tuple(dict.fromkeys(names))


def covers(element: Element, day: date, values: Mapping[str, str | None]) -> bool:
    """Whether a call of a day and with these dimensions is one of the element's."""
    begun = element.valid_from <= day
    lasts = element.valid_to is None or day < element.valid_to
    wanted = chosen_by(element)
    return begun and lasts and all(values.get(name) == value for name, value in wanted)


def plan_of(
    elements: Iterable[tuple[Place, Element]], day: date, values: Mapping[str, str | None]
) -> Place | None:
    """Where the plan is to which a call belongs, None when it has none."""
    plans = ((place, e) for place, e in elements if e.kind == "plan")
    return next((place for place, e in plans if covers(e, day, values)), None)


def uses(
    boundaries: Sequence[Boundary], found: Mapping[Filter, Iterable[Daily]]
) -> dict[Place, dict[date, Use]]:
    """What the calls of every measured element used, by day. found: filter -> calls it selects."""
    elements = measured(boundaries)
    result: dict[Place, dict[date, Use]] = {}
    for wanted, dailies in found.items():
        mine = [(place, e) for place, e in elements if chosen_by(e) == wanted]
        for daily in dailies:
            plan = plan_of(elements, daily.day, daily.values)
            for place, element in mine:
                if element.kind == "plan":
                    counts = place == plan
                else:
                    counts = covers(element, daily.day, daily.values)
                if counts:
                    days = result.setdefault(place, {})
                    days[daily.day] = days.get(daily.day, Use()).plus(daily.use)
    return result
