"""The billable units: every quantity of an event falls into exactly one of them.

A *leaf* unit never overlaps another: a cached token is in `cache_read` and not in `input`, a
reasoning token is in `reasoning` and not in `output`. The inclusive counters that providers and
reports use (`input_tokens` = everything that went in) are sums of leaves and are typed apart
(`Inclusive`).

Each leaf names the units that it is priced as when it has no price of its own (`priced_as`, nearest
first): audio read from a cache costs the audio cache price, else the cache price, else the input
price. The chains follow the unit registry of genai-prices (`units.yml`), which is the base
catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NewType

Unit = NewType("Unit", str)
"""The name of a leaf unit, a key of `UNITS`."""

Direction = Literal["input", "output", "none"]
Measure = Literal["tokens", "count", "seconds", "characters"]


@dataclass(frozen=True, slots=True)
class UnitDefinition:
    """What one leaf unit is.

    measure: what a quantity of it counts. direction: the side of the call that it is on. inclusive:
    the inclusive report counters that contain it. priced_as: fallback units, nearest first.
    """

    measure: Measure
    direction: Direction
    inclusive: tuple[str, ...] = ()
    priced_as: tuple[Unit, ...] = ()


def _u(*names: str) -> tuple[Unit, ...]:
    return tuple(Unit(name) for name in names)


_IN = ("input_tokens",)
_READ = ("input_tokens", "cache_read_input_tokens")
_WRITE = ("input_tokens", "cache_write_input_tokens")
_OUT = ("output_tokens",)
_THINK = ("output_tokens", "reasoning_output_tokens")

UNITS: Final[dict[Unit, UnitDefinition]] = {
    # Input tokens. `input` is fresh text; a cache write without a stated lifetime is `cache_write`.
    Unit("input"): UnitDefinition("tokens", "input", _IN),
    Unit("cache_read"): UnitDefinition("tokens", "input", _READ, _u("input")),
    Unit("cache_write"): UnitDefinition("tokens", "input", _WRITE, _u("input")),
    Unit("cache_write_5m"): UnitDefinition("tokens", "input", _WRITE, _u("cache_write", "input")),
    Unit("cache_write_1h"): UnitDefinition("tokens", "input", _WRITE, _u("cache_write", "input")),
    Unit("tool_input"): UnitDefinition("tokens", "input", _IN, _u("input")),
    Unit("audio_input"): UnitDefinition("tokens", "input", _IN, _u("input")),
    Unit("audio_cache_read"): UnitDefinition("tokens", "input", _READ, _u("cache_read", "input")),
    Unit("image_input"): UnitDefinition("tokens", "input", _IN, _u("input")),
    Unit("image_cache_read"): UnitDefinition("tokens", "input", _READ, _u("cache_read", "input")),
    Unit("video_input"): UnitDefinition("tokens", "input", _IN, _u("input")),
    Unit("video_cache_read"): UnitDefinition("tokens", "input", _READ, _u("cache_read", "input")),
    # Output tokens. `output` is visible text; reasoning is billed but not shown.
    Unit("output"): UnitDefinition("tokens", "output", _OUT),
    Unit("reasoning"): UnitDefinition("tokens", "output", _THINK, _u("output")),
    Unit("audio_output"): UnitDefinition("tokens", "output", _OUT, _u("output")),
    Unit("image_output"): UnitDefinition("tokens", "output", _OUT, _u("output")),
    Unit("video_output"): UnitDefinition("tokens", "output", _OUT, _u("output")),
    Unit("citation"): UnitDefinition("tokens", "output", _OUT, _u("output")),
    # Everything that is not a token.
    Unit("requests"): UnitDefinition("count", "none"),
    Unit("web_searches"): UnitDefinition("count", "none"),
    Unit("web_fetches"): UnitDefinition("count", "none"),
    Unit("file_searches"): UnitDefinition("count", "none"),
    Unit("code_executions"): UnitDefinition("count", "none"),
    Unit("maps_queries"): UnitDefinition("count", "none"),
    Unit("rerank_searches"): UnitDefinition("count", "none"),
    Unit("pages"): UnitDefinition("count", "none"),
    Unit("annotated_pages"): UnitDefinition("count", "none", (), _u("pages")),
    Unit("images"): UnitDefinition("count", "none"),
    Unit("characters"): UnitDefinition("characters", "none"),
    Unit("audio_seconds"): UnitDefinition("seconds", "none"),
    # Money without a quantity: what the provider billed beyond (or below) our own price.
    Unit("adjustment"): UnitDefinition("count", "none"),
}

UNIT_NAMES: Final[tuple[Unit, ...]] = tuple(UNITS)
"""All leaf units in their fixed order: the column order of every quantity matrix."""

COMMON_UNITS: Final[tuple[Unit, ...]] = _u(
    "input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output", "reasoning"
)
"""Units that have a column of their own in the event table; the rest share one nested column."""

INCLUSIVE: Final[tuple[str, ...]] = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
"""The inclusive counters that reports carry, in OpenTelemetry GenAI's terms."""

Quantities = dict[Unit, int]
"""Exclusive quantities of one event part: unit -> non-negative whole number; absent means none."""


def inclusive(quantities: Quantities) -> dict[str, int]:
    """Sum exclusive quantities into the five inclusive report counters (tokens)."""
    totals = dict.fromkeys(INCLUSIVE, 0)
    for unit, quantity in quantities.items():
        for name in UNITS[unit].inclusive:
            totals[name] += quantity
    return totals
