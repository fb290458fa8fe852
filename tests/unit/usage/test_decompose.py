"""Möbius inversion over containment, worked by hand."""

from __future__ import annotations

import pytest

from jevons.usage.cells import (
    CACHE_READ,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    INPUT,
    OUTPUT,
    REASONING,
    Cell,
)
from jevons.usage.decompose import decompose, leaf_forms
from jevons.vocabulary.charge import Impossible

AUDIO = INPUT | {"audio"}
IMAGE = INPUT | {"image"}
CACHED_AUDIO = CACHE_READ | {"audio"}
CACHED_IMAGE = CACHE_READ | {"image"}
NAMES = {
    INPUT: "prompt_tokens", CACHE_READ: "cached_tokens", AUDIO: "audio_tokens",
    CACHED_AUDIO: "cached_audio", CACHE_WRITE: "cache_write_tokens", CACHE_WRITE_5M: "5m",
    CACHE_WRITE_1H: "1h", OUTPUT: "completion_tokens", REASONING: "reasoning_tokens",
    IMAGE: "image_tokens",
}  # fmt: skip


def leaves(
    values: dict[Cell, int], outside: frozenset[Cell] = frozenset()
) -> dict[Cell, int] | Impossible:
    return decompose(values, NAMES, outside)


def test_a_counter_minus_what_lies_inside_it() -> None:
    # 1000 in, 600 of them cached, 300 of them audio, 100 of them both.
    found = leaves({INPUT: 1000, CACHE_READ: 600, AUDIO: 300, CACHED_AUDIO: 100})
    # cached text 600-100, fresh audio 300-100, fresh text 1000-500-200-100
    assert found == {CACHED_AUDIO: 100, CACHE_READ: 500, AUDIO: 200, INPUT: 200}


def test_the_forms_are_inclusion_and_exclusion() -> None:
    cells = frozenset({INPUT, CACHE_READ, AUDIO, CACHED_AUDIO})
    forms = leaf_forms(cells, frozenset())
    assert forms[INPUT] == {INPUT: 1, CACHE_READ: -1, AUDIO: -1, CACHED_AUDIO: 1}


def test_an_outside_counter_is_not_taken_from_the_total_but_from_narrower_ones() -> None:
    outside = frozenset({CACHE_READ, CACHE_WRITE, CACHE_WRITE_5M, CACHE_WRITE_1H})
    found = leaves(
        {INPUT: 12, CACHE_READ: 15000, CACHE_WRITE: 2100, CACHE_WRITE_5M: 48, CACHE_WRITE_1H: 2000},
        outside,
    )
    # 2100 written, of which 48 and 2000 have a lifetime: 52 have none
    assert found == {
        INPUT: 12, CACHE_READ: 15000, CACHE_WRITE: 52, CACHE_WRITE_5M: 48, CACHE_WRITE_1H: 2000,
    }  # fmt: skip


def test_cached_tokens_are_text_first() -> None:
    # 100 in, 60 audio, 30 cached: 40 text hold all cached tokens
    assert leaves({INPUT: 100, AUDIO: 60, CACHE_READ: 30}) == {
        INPUT: 10, AUDIO: 60, CACHE_READ: 30,
    }  # fmt: skip


def test_cached_tokens_overlap_audio_only_as_far_as_the_total_forces_them() -> None:
    # 100 in, 60 audio, 55 cached: 15 of the cached must be audio
    assert leaves({INPUT: 100, AUDIO: 60, CACHE_READ: 55}) == {
        INPUT: 0, AUDIO: 45, CACHE_READ: 40, CACHED_AUDIO: 15,
    }  # fmt: skip


def test_images_are_overlapped_before_audio() -> None:
    found = leaves({INPUT: 100, AUDIO: 50, IMAGE: 50, CACHE_READ: 70})
    assert found == {
        INPUT: 0, AUDIO: 30, IMAGE: 0, CACHE_READ: 0, CACHED_IMAGE: 50, CACHED_AUDIO: 20,
    }  # fmt: skip


def test_written_audio_stays_audio() -> None:
    found = leaves({INPUT: 100, AUDIO: 90, CACHE_WRITE: 95})
    assert found == {INPUT: 0, AUDIO: 90, CACHE_WRITE: 10}


def test_details_that_leave_no_overlap_contradict() -> None:
    # all cached tokens are known to be text, so audio and cached cannot share
    found = leaves({INPUT: 100, AUDIO: 60, CACHED_AUDIO: 0, CACHE_READ: 130})
    assert found == Impossible("cached_tokens (130) cannot exceed prompt_tokens (100)")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {INPUT: 1000, CACHE_READ: 1200},
            "cached_tokens (1200) cannot exceed prompt_tokens (1000)",
        ),
        (
            {OUTPUT: 10, REASONING: 11},
            "reasoning_tokens (11) cannot exceed completion_tokens (10)",
        ),
        (
            {INPUT: 10, CACHE_READ: 8, CACHE_WRITE: 7},
            "cached_tokens (8) + cache_write_tokens (7) cannot exceed prompt_tokens (10)",
        ),
        (
            {CACHE_WRITE: 5, CACHE_WRITE_5M: 3, CACHE_WRITE_1H: 4, INPUT: 100},
            "1h (4) + 5m (3) cannot exceed cache_write_tokens (5)",
        ),
        (
            {INPUT: 100, AUDIO: 10, CACHE_READ: 40, CACHED_AUDIO: 30},
            "cached_audio (30) cannot exceed audio_tokens (10)",
        ),
    ],
)
def test_a_negative_leaf_names_both_counters(values: dict[Cell, int], reason: str) -> None:
    assert leaves(values) == Impossible(reason)


def test_a_total_that_is_not_reported_leaves_its_parts() -> None:
    assert leaves({CACHE_READ: 40, CACHED_AUDIO: 30}) == {CACHE_READ: 10, CACHED_AUDIO: 30}
