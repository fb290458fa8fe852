"""Cells: sets of dimensions that say what a token counter counts, and the leaf unit of each cell.

A cell such as {input, audio, cache_read} holds the tokens that have at least these dimensions. A
cell with more dimensions lies inside every cell with fewer of the same: {input, cache_read} is
inside {input}. Text is the modality that needs no name.
"""

from __future__ import annotations

from typing import Final

from jevons.vocabulary.units import UNITS, Unit

Cell = frozenset[str]
"""A set of dimensions: direction, cache kind and lifetime, modality, reasoning, tool."""


def cell(*dimensions: str) -> Cell:
    """The cell of these dimensions."""
    return frozenset(dimensions)


INPUT: Final = cell("input")
CACHE_READ: Final = cell("input", "cache_read")
CACHE_WRITE: Final = cell("input", "cache_write")
CACHE_WRITE_5M: Final = cell("input", "cache_write", "5m")
CACHE_WRITE_1H: Final = cell("input", "cache_write", "1h")
TOOL_INPUT: Final = cell("input", "tool")
OUTPUT: Final = cell("output")
TEXT_OUTPUT: Final = cell("output", "text")
REASONING: Final = cell("output", "reasoning")
CITATION: Final = cell("output", "citation")
X_SEARCHES: Final = cell("x_searches")
DOCUMENT_SEARCHES: Final = cell("document_searches")

MODALITIES: Final = {
    "audio": "audio", "image": "image", "video": "video", "document": "image",
}  # fmt: skip
"""Modality of a cell -> modality of its unit. A page of a document counts as an image (Gemini)."""

ROOTS: Final = (INPUT, OUTPUT)
"""The two cells that an `outside` counter is outside of."""

INPUT_UNITS: Final = frozenset(
    unit for unit, known in UNITS.items() if (known.measure, known.direction) == ("tokens", "input")
)
"""Leaf units whose sum is the inclusive input of a call, which decides its context tier."""


def _unit_of() -> dict[Cell, Unit]:
    units = {cell(unit): unit for unit in UNITS}
    units |= {
        CACHE_READ: Unit("cache_read"),
        CACHE_WRITE: Unit("cache_write"),
        CACHE_WRITE_5M: Unit("cache_write_5m"),
        CACHE_WRITE_1H: Unit("cache_write_1h"),
        TOOL_INPUT: Unit("tool_input"),
        TEXT_OUTPUT: Unit("output"),
        REASONING: Unit("reasoning"),
        CITATION: Unit("citation"),
        X_SEARCHES: Unit("web_searches"),
        DOCUMENT_SEARCHES: Unit("file_searches"),
    }
    for kind, name in MODALITIES.items():
        units[INPUT | {kind}] = Unit(f"{name}_input")
        units[CACHE_READ | {kind}] = Unit(f"{name}_cache_read")
        # A tool's audio is priced as audio: no provider sells tool tokens at a price of their own.
        units[TOOL_INPUT | {kind}] = Unit(f"{name}_input")
        units[OUTPUT | {kind}] = Unit(f"{name}_output")
    return units


UNIT_OF: Final = _unit_of()
"""Cell -> leaf unit. The cell of a unit's own name is the unit itself, so that counts (web
searches, pages) and quantities that are already exclusive are cells like any other."""
