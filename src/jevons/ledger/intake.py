"""The border check: what an observation must satisfy before it may enter the books."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from jevons.vocabulary.money import MONEY_SCALE, parse_amount
from jevons.vocabulary.observation import DIMENSIONS, LABELS, Observation
from jevons.vocabulary.period import parse_time

LARGEST: Final = 2**53
"""Counts beyond this cannot be exact in every JSON reader, so no provider sends them."""


def accept(observation: Observation) -> str | None:
    """Bring an observation into canonical form in place; returns why it is refused, None if
    accepted.

    Canonical: `time` in epoch microseconds, names without surrounding blanks and without control
    characters, a stated cost that is an exact amount.
    """
    try:
        observation.time = parse_time(observation.time)
    except ValueError as error:
        return str(error)
    _tidy(observation)
    if not observation.provider:
        return "no provider is named"
    if observation.latency_ms is not None and not 0 <= observation.latency_ms < LARGEST:
        return f"latency_ms {observation.latency_ms} cannot be true"
    if observation.attempt is not None and not 0 <= observation.attempt < 2**31:
        return f"attempt {observation.attempt} cannot be true"
    if observation.stated_cost is not None and (refused := _stated(observation)):
        return refused
    return None


_NAMES: Final = tuple(name for name in (*LABELS, *DIMENSIONS) if name != "provider")
_names = attrgetter("provider", *_NAMES)


def _tidy(observation: Observation) -> None:
    """Take surrounding blanks and control characters out of names; an empty name is none."""
    for name, text in zip(("provider", *_NAMES), _names(observation), strict=True):
        if text is not None and (not text.isprintable() or text[:1] <= " " or text[-1] == " "):
            clean = "".join(c for c in text if c.isprintable()).strip()
            setattr(observation, name, clean if clean or name == "provider" else None)


def _stated(observation: Observation) -> str | None:
    try:
        amount = parse_amount(observation.stated_cost)
    except ValueError as error:
        return f"stated_cost is {error}"
    if abs(amount) > 10**9:
        return f"stated_cost {amount} USD for one call cannot be true"
    rounded = round(amount, MONEY_SCALE)
    observation.stated_cost = format(rounded, "f")
    return None
