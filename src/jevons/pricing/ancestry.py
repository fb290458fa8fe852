"""Which price a unit takes when the list has none for it: its nearest priced ancestor.

A unit is a set of dimensions (direction, modality, cache, ...). One unit is an ancestor of another
when its dimensions are a subset: `input` of `cache_read`, both of `audio_cache_read`. The rule is
the one of genai-prices: the most specific priced ancestor decides. Where two ancestors compete
(audio input and cache read, but nothing for audio read from a cache) no price is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from jevons.vocabulary.units import UNIT_NAMES, UNITS, Unit

DIMENSIONS: Final[dict[Unit, frozenset[str]]] = {
    Unit(name): frozenset(dimensions.split())
    for name, dimensions in {
        "input": "in",
        "cache_read": "in read",
        "cache_write": "in write",
        "cache_write_5m": "in write 5m",
        "cache_write_1h": "in write 1h",
        "tool_input": "in tool",
        "audio_input": "in audio",
        "audio_cache_read": "in audio read",
        "image_input": "in image",
        "image_cache_read": "in image read",
        "video_input": "in video",
        "video_cache_read": "in video read",
        "output": "out",
        "reasoning": "out reasoning",
        "audio_output": "out audio",
        "image_output": "out image",
        "video_output": "out video",
        "citation": "out citation",
        "pages": "pages",
        "annotated_pages": "pages annotated",
    }.items()
}
"""Leaf unit -> its dimensions; a unit that is not listed stands alone."""


def _ancestors(unit: Unit) -> tuple[tuple[Unit, frozenset[str]], ...]:
    own = DIMENSIONS.get(unit)
    if own is None:
        return ((unit, frozenset({unit})),)
    return tuple((name, found) for name, found in DIMENSIONS.items() if found <= own)


_ANCESTORS: Final = {unit: _ancestors(unit) for unit in UNIT_NAMES}

TOKEN_UNITS: Final[tuple[Unit, ...]] = tuple(
    unit for unit in UNIT_NAMES if UNITS[unit].measure == "tokens"
)
"""The units that an uplift or discount on tokens touches."""


def ancestors(unit: Unit) -> frozenset[Unit]:
    """The units whose price the unit can take, itself among them."""
    return frozenset(name for name, _ in _ANCESTORS[unit])


def suppliers(priced: Collection[Unit]) -> dict[Unit, Unit]:
    """Leaf unit -> the unit whose price it takes, for every unit that gets one."""
    found = {}
    for unit in UNIT_NAMES:
        known = [(name, dims) for name, dims in _ANCESTORS[unit] if name in priced]
        nearest = [name for name, dims in known if not any(dims < other for _, other in known)]
        if len(nearest) == 1:
            found[unit] = nearest[0]
    return found


def resolve(prices: Mapping[Unit, Decimal]) -> dict[Unit, Decimal]:
    """The price of every leaf unit that has one, its own or its nearest priced ancestor's."""
    return {unit: prices[supplier] for unit, supplier in suppliers(prices.keys()).items()}
