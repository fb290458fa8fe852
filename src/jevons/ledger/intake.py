"""The border check: what an observation must satisfy before it may enter the books."""

from __future__ import annotations

from typing import Final

from jevons.vocabulary.money import MONEY_SCALE, parse_amount
from jevons.vocabulary.observation import Observation
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
    if not observation.provider or not observation.provider.strip():
        return "no provider is named"
    if observation.latency_ms is not None and not 0 <= observation.latency_ms < LARGEST:
        return f"latency_ms {observation.latency_ms} cannot be true"
    if observation.attempt is not None and not 0 <= observation.attempt < 2**31:
        return f"attempt {observation.attempt} cannot be true"
    if observation.stated_cost is not None and (refused := _stated(observation)):
        return refused
    return None


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
