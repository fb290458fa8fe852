"""Examining declared boundaries: what is counted twice, what is left open, what has no source."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jevons.vocabulary.boundary import KINDS, Boundary, Element


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that deserves a look. wrong: amounts would be wrong; remedy: what to do."""

    kind: str
    message: str
    remedy: str
    wrong: bool = False


def examine(boundaries: Sequence[Boundary]) -> Iterator[Finding]:
    """Everything found in the boundaries that are in force together, the wrong first."""
    elements = [element for boundary in boundaries for element in boundary.elements]
    yield from _zones(boundaries)
    yield from _overlaps(elements)
    yield from _gaps(elements)
    yield from _plans(elements)
    for element in elements:
        yield from _incomplete(element)
    yield from _unsaid(boundaries, elements)


def _zones(boundaries: Sequence[Boundary]) -> Iterator[Finding]:
    """Time zones that differ: a call can lie on one day only."""
    said = [one for one in boundaries if one.time_zone]
    for other in said[1:]:
        if other.time_zone != said[0].time_zone:
            yield Finding(
                "time zone",
                f"boundary {other.name} says the time zone {other.time_zone}, but boundary "
                f"{said[0].name} says {said[0].time_zone}",
                "A ledger has one: leave time_zone out of all files but one.",
                wrong=True,
            )


def _versions(elements: Sequence[Element]) -> list[list[Element]]:
    """Elements of one kind, name and owner, by time. Work, energy and single payments are left out:
    two of them on one day are two."""
    found: dict[tuple[Any, ...], list[Element]] = {}
    for element in elements:
        single = element.per == "once" and element.kind != "gpu"
        if not single and element.kind not in ("people", "energy"):
            key = (element.kind, element.name, element.owner)
            found.setdefault(key, []).append(element)
    return [sorted(of, key=lambda e: e.valid_from) for of in found.values()]


def _overlaps(elements: Sequence[Element]) -> Iterator[Finding]:
    for versions in _versions(elements):
        for one, other in itertools.pairwise(versions):
            if one.valid_to is None or one.valid_to > other.valid_from:
                until = f"to {one.valid_to}" if one.valid_to else "on"
                yield Finding(
                    "overlap",
                    f"{other.place} begins on {other.valid_from}, but {one.place} of the same name "
                    f"and owner is valid from {one.valid_from} {until}",
                    "Give the earlier version a valid_to, or the two different names or owners.",
                    wrong=True,
                )


def _gaps(elements: Sequence[Element]) -> Iterator[Finding]:
    for versions in _versions(elements):
        for one, other in itertools.pairwise(versions):
            if one.valid_to is not None and one.valid_to < other.valid_from:
                yield Finding(
                    "gap",
                    f"{one.place} ends on {one.valid_to}, its next version begins on "
                    f"{other.valid_from}",
                    "If it went on in between, move valid_to; nothing is charged in a gap.",
                )


def _plans(elements: Sequence[Element]) -> Iterator[Finding]:
    """Plans that may both include a call: the one that is written first gets it."""
    plans = [element for element in elements if element.kind == "plan"]
    for number, one in enumerate(plans):
        for other in plans[number + 1 :]:
            apart = any(dict(other.calls).get(name, value) != value for name, value in one.calls)
            together = (one.valid_to is None or other.valid_from < one.valid_to) and (
                other.valid_to is None or one.valid_from < other.valid_to
            )
            if together and not apart:
                yield Finding(
                    "plans overlap",
                    f"a call can be included in {one.place} and in {other.place}; it is counted in "
                    "the first",
                    "Tell them apart by calls = {DIMENSION = VALUE}.",
                )


def _incomplete(element: Element) -> Iterator[Finding]:
    if not element.source:
        yield Finding(
            "source", f"{element.place} names no source", "Say in source where the figure is from."
        )
    machine = element.capacity
    untold = (
        machine is not None and machine.utilisation is None and machine.tokens_per_second is None
    )
    if element.nature == "capacity" and untold:
        yield Finding(
            "utilisation",
            f"{element.place} does not say how much of it is used: all of it counts as used",
            "Give utilisation, or tokens_per_second to measure it.",
        )


def _unsaid(boundaries: Sequence[Boundary], elements: Sequence[Element]) -> Iterator[Finding]:
    said = {element.kind for element in elements}
    said |= {"energy" for e in elements if e.capacity is not None and e.capacity.power_kw}
    said |= {name for b in boundaries for name, _ in (*b.inside, *b.outside)}
    missing = [kind for kind in KINDS if kind not in said]
    if boundaries and missing:
        yield Finding(
            "not said",
            f"neither inside nor outside the boundary: {', '.join(missing)}",
            "Declare them, or name them under [out] with the reason.",
        )
