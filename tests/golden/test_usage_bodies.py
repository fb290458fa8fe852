"""947 genuine usage bodies: token identities, another library's counts, stated costs.

The bodies (genai-prices' recorded test bodies, MIT) lie beside the checkout; the identities are
written out here once more, by hand and per provider, so that nothing of the tables under test
decides what is right.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.usage.split import split
from jevons.vocabulary.charge import Part, Split
from jevons.vocabulary.units import inclusive

Record = dict[str, Any]

BODIES = 947

ANOMALIES = {
    # Gemini behind Google's OpenAI-compatible endpoint: thoughts are in the total only.
    992: "62 tokens of the stated total in no counter:"
    " total_tokens (109), prompt_tokens (35) + completion_tokens (12)",
}
"""Bodies that break their own total, by their number in the file. Nothing else may be odd."""

DELIBERATE = {
    ("mistral", "cache_read_input_tokens"): 21,
}
"""Where we count otherwise than genai-prices 0.2.3, and in how many bodies.

mistral: it does not read `num_cached_tokens`, Mistral's other spelling of cached tokens."""


@pytest.fixture(scope="module")
def records(shared_data: Path) -> list[Record]:
    with gzip.open(shared_data / "pricing" / "usage_bodies.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def split_record(record: Record) -> Split:
    found = split(record["genai_provider"] or "", record["api_flavor"], record["usage"])
    assert isinstance(found, Split), (record["i"], found)
    return found


def stated(record: Record) -> tuple[int, int]:
    """Input and output tokens that a body states, everything included, by the book."""
    usage, shape = record["usage"], record["shape"]

    def n(*names: str) -> int:
        return sum(usage.get(name) or 0 for name in names)

    if shape == "anthropic":
        cache = n("cache_read_input_tokens", "cache_creation_input_tokens")
        return n("input_tokens") + cache, n("output_tokens")
    if shape == "converse":
        cache = n("cacheReadInputTokens", "cacheWriteInputTokens")
        return n("inputTokens") + cache, n("outputTokens")
    if shape == "google":
        prompt = n("promptTokenCount", "toolUsePromptTokenCount")
        return prompt, n("candidatesTokenCount", "thoughtsTokenCount")
    if shape == "chat":
        return n("prompt_tokens"), n("completion_tokens")
    if shape == "responses":
        return n("input_tokens"), n("output_tokens")
    billed = usage["billed_units"]
    return billed["input_tokens"], billed.get("output_tokens", 0)


def test_every_body_splits_into_what_it_states(records: list[Record]) -> None:
    assert len(records) == BODIES
    for record in records:
        found = split_record(record)
        totals = inclusive(found.parts[0].quantities)
        assert (totals["input_tokens"], totals["output_tokens"]) == stated(record), record["i"]


def test_what_upstream_breaks_is_named_and_nothing_is_unknown(records: list[Record]) -> None:
    splits = {record["i"]: split_record(record) for record in records}
    odd = {number: found.anomalies for number, found in splits.items() if found.anomalies}
    assert odd == {number: (anomaly,) for number, anomaly in ANOMALIES.items()}
    assert [number for number, found in splits.items() if found.unknown_keys] == []


def test_the_dialect_is_inferred_as_it_was_named(records: list[Record]) -> None:
    for record in records:
        provider = record["genai_provider"] or ""
        assert split(provider, None, record["usage"]) == split_record(record), record["i"]


def test_counts_are_those_of_genai_prices_but_where_we_know_better(records: list[Record]) -> None:
    names = {
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cache_read_input_tokens": "cache_read_tokens",
        "cache_write_input_tokens": "cache_write_tokens",
        "reasoning_output_tokens": "output_reasoning_tokens",
    }
    different: Counter[tuple[str, str]] = Counter()
    compared = 0
    for record in records:
        theirs = record["genai_usage"]
        if not theirs:
            continue
        compared += 1
        ours = inclusive(split_record(record).parts[0].quantities)
        for name, their_name in names.items():
            if ours[name] != theirs.get(their_name, 0):
                different[record["genai_provider"], name] += 1
    assert compared > 700
    assert dict(different) == DELIBERATE


def test_modalities_are_those_of_genai_prices(records: list[Record]) -> None:
    compared = 0
    for record in records:
        quantities: dict[Any, int] = dict(split_record(record).parts[0].quantities)
        for kind in ("audio", "image", "video"):
            theirs = (record["genai_usage"] or {}).get(f"input_{kind}_tokens")
            if theirs is not None:
                fresh, cached = f"{kind}_input", f"{kind}_cache_read"
                assert quantities.get(fresh, 0) + quantities.get(cached, 0) == theirs
                compared += 1
    assert compared > 30


PRICES = {
    # USD per million: input, output, cache write of five minutes (Anthropic's list, 2026-11-22)
    "claude-sonnet-4-6": (Decimal(3), Decimal(15), Decimal("3.75")),
    "claude-sonnet-5": (Decimal(2), Decimal(10), Decimal("2.5")),
    "claude-opus-4-7": (Decimal(5), Decimal(25), Decimal("6.25")),
    "claude-opus-4-8": (Decimal(5), Decimal(25), Decimal("6.25")),
    "claude-fable-5": (Decimal(10), Decimal(50), Decimal("12.5")),
}


def cost(part: Part, model: str) -> Decimal:
    """What a part costs: the whole rating that these bodies need."""
    price_in, price_out, price_write = PRICES[part.model or model]
    rates: dict[str, Decimal] = {
        "input": price_in, "cache_write_5m": price_write, "output": price_out,
        "reasoning": price_out,
    }  # fmt: skip
    return sum((rates[u] * q for u, q in part.quantities.items()), Decimal(0)) / 1_000_000


def test_iterations_cost_what_they_truly_cost(shared_data: Path) -> None:
    lines = (shared_data / "pricing" / "anthropic_iterations.jsonl").read_text().splitlines()
    assert len(lines) == 6
    for record in map(json.loads, lines):
        found = split("anthropic", "anthropic.messages", record["usage"])
        assert isinstance(found, Split)
        assert found.anomalies == ()
        total = sum(cost(part, record["model"]) for part in found.parts)
        assert total == Decimal(record["correct_usd"]), record["i"]


def test_openrouter_states_what_it_billed_or_says_why_not(shared_data: Path) -> None:
    path = shared_data / "pricing" / "billed_ground_truth_openrouter.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    reasons: Counter[tuple[str, str]] = Counter()
    for record in records:
        found = split("openrouter", "openai.chat", record["usage"])
        assert isinstance(found, Split)
        why = (found.stated_why or "").partition(":")[0]
        reasons[record["class"], why] += 1
        billed = None if why == "byok" else Decimal(str(record["usage"]["cost"]))
        assert found.stated_cost == billed
    assert reasons == {
        ("exact", ""): 20,
        ("upstream_route_price", ""): 1,
        ("plugin_or_search_fee", "plugin fee"): 2,
        ("byok", "byok"): 1,
    }


def test_the_largest_turn_of_a_summed_search_loop_is_below_its_window(
    records: list[Record],
) -> None:
    """494,549 input tokens in a window of 200,000: five searches, so six turns of 82,425."""
    record = next(record for record in records if record["i"] == 215)
    assert split_record(record).parts[0].tier_input_tokens == 82_425


def test_litellms_usage_of_four_calls(shared_data: Path) -> None:
    """The right counts of the recorded calls are in the samples' own README."""
    path = shared_data / "formats" / "captured" / "litellm-1.106.2" / "generic_api_payload.json"
    found = []
    for payload in json.loads(path.read_text()):
        usage = payload["metadata"]["usage_object"]
        result = split(payload["custom_llm_provider"], "openai.chat", usage)
        assert isinstance(result, Split)
        assert (result.anomalies, result.unknown_keys) == ((), ())
        found.append(result.parts[0].quantities)
    chat = {"input": 200, "cache_read": 1000, "output": 37, "reasoning": 20}
    assert found == [
        chat,
        chat,
        {"input": 12, "cache_read": 15000, "cache_write_5m": 48, "cache_write_1h": 2000,
         "output": 57},
        {"input": 3000, "cache_read": 9000, "output": 93, "reasoning": 64},
    ]  # fmt: skip
