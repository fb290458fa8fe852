"""Cells: every combination that a dialect reports has a unit."""

from __future__ import annotations

from jevons.usage.cells import CACHE_READ, INPUT, INPUT_UNITS, OUTPUT, TOOL_INPUT, UNIT_OF, cell
from jevons.vocabulary.units import UNITS


def test_a_modality_has_a_unit_on_each_side() -> None:
    assert UNIT_OF[INPUT | {"audio"}] == "audio_input"
    assert UNIT_OF[CACHE_READ | {"video"}] == "video_cache_read"
    assert UNIT_OF[OUTPUT | {"image"}] == "image_output"


def test_a_document_is_billed_as_an_image_and_a_tools_audio_as_audio() -> None:
    assert UNIT_OF[INPUT | {"document"}] == "image_input"
    assert UNIT_OF[TOOL_INPUT | {"audio"}] == "audio_input"
    assert UNIT_OF[TOOL_INPUT] == "tool_input"


def test_every_unit_is_the_cell_of_its_own_name() -> None:
    assert all(UNIT_OF[cell(unit)] == unit for unit in UNITS)


def test_input_units_are_the_tokens_that_went_in() -> None:
    assert {"input", "cache_read", "cache_write_1h", "tool_input", "audio_input"} <= INPUT_UNITS
    assert INPUT_UNITS.isdisjoint({"output", "reasoning", "web_searches", "pages"})
