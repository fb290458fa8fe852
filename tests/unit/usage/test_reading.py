"""Reading numbers: strict where they count, silent about text, complete about what is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.usage.dialects import DIALECTS
from jevons.usage.reading import count, flatten, read, unknown_counters
from jevons.vocabulary.charge import Impossible

CHAT = DIALECTS["openai.chat"]
GEMINI = DIALECTS["gemini.generate_content"]


def strict(value: Any) -> int | Impossible:
    return count(value, "prompt_tokens", numeric_text=False, seconds=False)


@pytest.mark.parametrize(("value", "number"), [(0, 0), (7, 7), (7.0, 7), (10**15, 10**15)])
def test_whole_numbers_are_counts(value: Any, number: int) -> None:
    assert strict(value) == number


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-1, "prompt_tokens (-1) cannot be below 0"),
        (-0.5, "prompt_tokens (-0.5) cannot be below 0"),
        (1.5, "prompt_tokens (1.5) is not a whole number"),
        (float("nan"), "prompt_tokens (nan) is not a number"),
        (float("inf"), "prompt_tokens (inf) is not a number"),
        (True, "prompt_tokens is not a number"),
        ("12", "prompt_tokens is text, not a count"),
        ([1], "prompt_tokens is not a number"),
        (10**15 + 1, "prompt_tokens (1000000000000001) is more than one call can hold"),
        (10**30, "prompt_tokens (1e24+) is more than one call can hold"),
        (1e300, "prompt_tokens (1000000000000001) is more than one call can hold"),
    ],
)
def test_anything_else_is_refused_by_name(value: Any, reason: str) -> None:
    assert strict(value) == Impossible(reason)


def test_numbers_too_long_to_print_are_refused_too() -> None:
    assert strict(10**5000) == strict(10**30)
    assert unknown_counters(CHAT, {"x": -(10**5000)}) == ("x=-1e24+",)


def test_text_is_never_repeated() -> None:
    found = strict("the secret prompt")
    assert isinstance(found, Impossible)
    assert "secret" not in found.reason


@pytest.mark.parametrize("text", ["12", " 12 ", "0"])
def test_exporters_may_write_numbers_as_text(text: str) -> None:
    assert count(text, "input_tokens", numeric_text=True, seconds=False) == int(text)


@pytest.mark.parametrize("text", ["-12", "1e3", "1.0", "", "١٢", "9" * 20, "0x10"])
def test_but_only_plain_decimals(text: str) -> None:
    assert isinstance(count(text, "x", numeric_text=True, seconds=False), Impossible)


@pytest.mark.parametrize(("value", "seconds"), [(12.4, 12), (12.5, 13), (0.2, 0), (3, 3)])
def test_seconds_are_rounded_to_the_nearest(value: Any, seconds: int) -> None:
    assert count(value, "seconds", numeric_text=False, seconds=True) == seconds


def test_flatten_names_details_by_their_label() -> None:
    usage = {
        "promptTokenCount": 9,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 4},
            {"modality": "AUDIO", "tokenCount": 2},
            {"modality": "AUDIO", "tokenCount": 3},
            {"modality": "VIDEO"},
        ],
        "cachedContentTokenCount": None,
    }
    assert flatten(usage, GEMINI) == {
        "promptTokenCount": 9,
        "promptTokensDetails[TEXT]": 4,
        "promptTokensDetails[AUDIO]": 5,
    }


def test_a_name_that_could_be_a_path_is_quoted() -> None:
    fields = flatten({"prompt_tokens_details.cached_tokens": 5, "prompt_tokens": 9}, CHAT)
    assert fields == {"'prompt_tokens_details.cached_tokens'": 5, "prompt_tokens": 9}


def test_spellings_of_one_counter_never_add_up() -> None:
    usage = {
        "prompt_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 60},
        "prompt_cache_hit_tokens": 60,
    }
    reading = read(CHAT, flatten(usage, CHAT))
    assert not isinstance(reading, Impossible)
    assert sorted(reading.values.values()) == [60, 100]
    assert reading.anomalies == []


def test_spellings_that_differ_count_the_larger_and_say_so() -> None:
    usage = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 0}, "cached_tokens": 4}
    reading = read(CHAT, flatten(usage, CHAT))
    assert not isinstance(reading, Impossible)
    assert sorted(reading.values.values()) == [4, 9]
    assert reading.anomalies == [
        "prompt_tokens_details.cached_tokens (0) and cached_tokens (4)"
        " name one counter but differ; the larger is counted"
    ]


def test_unknown_numbers_are_kept_with_their_values() -> None:
    usage = {
        "prompt_tokens": 3,
        "thinking": {"deep_tokens": 7, "label": "x", "zero": 0},
        "new_tokens": 2.5,
        "flags": [True, 1],
        "queue_time": 0.3,
        "cost_details": {"upstream_inference_cost": 1},
    }
    found = unknown_counters(CHAT, flatten(usage, CHAT))
    assert found == ("flags[1]=1", "new_tokens=2.5", "thinking.deep_tokens=7")


def test_an_unknown_modality_is_kept() -> None:
    usage = {"promptTokensDetails": [{"modality": "SMELL", "tokenCount": 8, "batch": 2}]}
    fields = flatten(usage, GEMINI)
    assert unknown_counters(GEMINI, fields) == (
        "promptTokensDetails[SMELL].batch=2",
        "promptTokensDetails[SMELL]=8",
    )


def test_what_nests_too_deep_is_reported_and_not_followed() -> None:
    usage: dict[str, Any] = {"n": 1}
    for _ in range(400):
        usage = {"a": usage}
    assert unknown_counters(CHAT, flatten(usage, CHAT)) == ("a.a.a.a.a.a.a.a.a=nan",)


def test_several_bad_numbers_give_one_reason_whatever_their_order() -> None:
    pairs = [("prompt_tokens", -1), ("completion_tokens", "x")]
    found = {str(read(CHAT, dict(order))) for order in (pairs, pairs[::-1])}
    assert len(found) == 1
