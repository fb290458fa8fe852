"""Dialects of coding agents' logs, of OpenTelemetry's counters and of Jevons' own quantities.

OpenTelemetry's GenAI conventions put cached tokens inside input_tokens and reasoning inside
output_tokens; emitters that do otherwise have a dialect of their own. Exporters write 64-bit
numbers as text, so these dialects accept whole numbers as text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jevons.usage.cells import (
    CACHE_READ,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    INPUT,
    OUTPUT,
    REASONING,
    TOOL_INPUT,
    cell,
)
from jevons.usage.dialect import Counter, Dialect, TextDetail, Total
from jevons.usage.dialects_openai import INFORMATIONAL
from jevons.vocabulary.units import UNITS

CODEX: Final = Dialect(
    "codex",
    counters=(
        Counter(INPUT, ("input_tokens",)),
        Counter(CACHE_READ, ("cached_input_tokens",)),
        Counter(CACHE_WRITE, ("cache_write_input_tokens",)),
        Counter(OUTPUT, ("output_tokens",)),
        Counter(REASONING, ("reasoning_output_tokens",)),
    ),
    totals=(Total("total_tokens", (INPUT, OUTPUT)),),
    informational=INFORMATIONAL,
    numeric_text=True,
)


def _gemini_cli(name: str, *, cache_outside: bool) -> Dialect:
    sum_of = (INPUT, OUTPUT, REASONING, TOOL_INPUT, *((CACHE_READ,) if cache_outside else ()))
    return Dialect(
        name,
        counters=(
            Counter(INPUT, ("input",)),
            Counter(CACHE_READ, ("cached",), outside=cache_outside),
            Counter(TOOL_INPUT, ("tool",), outside=True),
            Counter(OUTPUT, ("output",)),
            Counter(REASONING, ("thoughts",), outside=True),
        ),
        totals=(Total("total", sum_of),),
        informational=INFORMATIONAL,
        rivals=() if cache_outside else ("gemini.cli.exclusive",),
    )


GEMINI_CLI: Final = _gemini_cli("gemini.cli", cache_outside=False)
GEMINI_CLI_EXCLUSIVE: Final = _gemini_cli("gemini.cli.exclusive", cache_outside=True)
"""Some versions write the input without its cached part; only the total tells."""

OPENCODE: Final = Dialect(
    "opencode",
    counters=(
        Counter(INPUT, ("input",)),
        Counter(CACHE_READ, ("cache.read",), outside=True),
        Counter(CACHE_WRITE, ("cache.write",), outside=True),
        Counter(OUTPUT, ("output",)),
        Counter(REASONING, ("reasoning",), outside=True),
    ),
    totals=(Total("total", (INPUT, CACHE_READ, CACHE_WRITE, OUTPUT, REASONING)),),
    informational=INFORMATIONAL,
)


def _otel(name: str, *, outside: tuple[str, ...] = (), rivals: tuple[str, ...] = ()) -> Dialect:
    cache, thoughts = "cache" in outside, "reasoning" in outside
    write = "cache_write_input_tokens"
    beside = (
        *((CACHE_READ, CACHE_WRITE) if cache else ()),
        *((REASONING, TOOL_INPUT) if thoughts else ()),
    )
    return Dialect(
        name,
        counters=(
            Counter(INPUT, ("input_tokens",)),
            Counter(CACHE_READ, ("cache_read_input_tokens",), outside=cache),
            Counter(CACHE_WRITE, (write, "cache_creation_input_tokens"), outside=cache),
            Counter(CACHE_WRITE_5M, ("cache_write_5m_input_tokens",), outside=cache),
            Counter(CACHE_WRITE_1H, ("cache_write_1h_input_tokens",), outside=cache),
            Counter(INPUT | {"audio"}, ("audio_input_tokens",)),
            Counter(INPUT | {"image"}, ("image_input_tokens",)),
            Counter(INPUT | {"video"}, ("video_input_tokens",)),
            Counter(TOOL_INPUT, ("tool_input_tokens",), outside=thoughts),
            Counter(OUTPUT, ("output_tokens",)),
            Counter(REASONING, ("reasoning_output_tokens",), outside=thoughts),
            Counter(OUTPUT | {"audio"}, ("audio_output_tokens",)),
            Counter(OUTPUT | {"image"}, ("image_output_tokens",)),
            Counter(OUTPUT | {"video"}, ("video_output_tokens",)),
            *(
                Counter(cell(unit), (unit,), seconds=known.measure == "seconds")
                for unit, known in UNITS.items()
                if known.direction == "none" and unit != "adjustment"
            ),
        ),
        totals=(Total("total_tokens", (INPUT, OUTPUT, *beside)),),
        texts=(
            TextDetail(INPUT, ("text_input_tokens",)),
            TextDetail(OUTPUT, ("text_output_tokens",)),
        ),
        informational=INFORMATIONAL,
        numeric_text=True,
        rivals=rivals,
    )


OTEL: Final = _otel("otel.gen_ai", rivals=("otel.exclusive", "otel.gemini"))
OTEL_EXCLUSIVE: Final = _otel("otel.exclusive", outside=("cache",))
OTEL_GEMINI: Final = _otel("otel.gemini", outside=("reasoning",), rivals=("otel.gen_ai",))
INCLUSIVE: Final = replace(OTEL, name="inclusive")

QUANTITIES: Final = Dialect(
    "jevons.quantities",
    counters=tuple(
        Counter(cell(unit), (unit,), seconds=known.measure == "seconds")
        for unit, known in UNITS.items()
        if unit != "adjustment"
    ),
    informational=frozenset(),
)
"""Leaf units by their own names: nothing overlaps, nothing is derived."""
