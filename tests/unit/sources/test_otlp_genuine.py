"""Genuine telemetry: per emitter the distinct calls and their tokens, by the joining keys.

The expected numbers are the right totals of the samples' README; the mock behind them answered
Anthropic 12 fresh + 15000 read + 2048 written (48 for 5 minutes, 2000 for an hour) in, 57 out;
chat/completions 1200 in (1000 cached), 57 out (20 reasoning); responses 12000 in (9000 cached), 157
out (64 reasoning); Gemini 1500 in (1000 cached), 40 + 25 thoughts out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from jevons.ledger.identity import group
from jevons.ledger.resolution import resolve
from jevons.sources.otlp import SOURCE
from jevons.usage.split import split
from jevons.vocabulary.charge import Split
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.units import inclusive

CHAT = (1200, 1000, 0, 57, 20)
RESPONSES = (12000, 9000, 0, 157, 64)
ANTHROPIC = (17060, 15000, 2048, 57, 0)
GEMINI = (1500, 1000, 0, 65, 25)
Tokens = tuple[int, int, int, int, int]
"""Input, cache read, cache write, output, reasoning: the inclusive counters."""


def files(samples: Path, pattern: str) -> list[Path]:
    found = sorted(samples.glob(f"formats/captured/{pattern}"))
    assert found
    return found


def reports(paths: list[Path]) -> list[Observation]:
    found = []
    for path in paths:
        with path.open("rb") as file:
            assert SOURCE.recognise(path, file.read(65_536)), path
        found += list(SOURCE.read(path, {}))
    assert all(isinstance(item, Observation) for item in found)
    return [item for item in found if isinstance(item, Observation)]


def events(observations: list[Observation]) -> list[Observation]:
    groups = group(observations)
    merged = [resolve([observations[p] for p in members]) for members in groups]
    return sorted(merged, key=lambda event: event.time)


def tokens(event: Observation) -> Tokens | None:
    if event.usage is None:
        return None
    result = split(event.provider, event.api, event.usage)
    assert isinstance(result, Split)
    assert not result.anomalies
    assert not result.unknown_keys
    totals: Counter[str] = Counter()
    for part in result.parts:
        totals.update(inclusive(part.quantities))
    return (
        totals["input_tokens"],
        totals["cache_read_input_tokens"],
        totals["cache_write_input_tokens"],
        totals["output_tokens"],
        totals["reasoning_output_tokens"],
    )


OTEL_PYTHON = "otel-python/"
NAMES = (
    "claude-code", "codex-logs", "codex-spans", "gemini-cli", "litellm", "langfuse", "langchain",
    "openinference", "openllmetry", "pydantic-ai", "contrib-openai", "vercel-ai",
)  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "seen", "expected"),
    [
        ("claude-code-2.1.197/otlp/*", 12, [ANTHROPIC] * 7),
        ("codex-0.169.0/otlp*/*-logs.json", 2, [RESPONSES] * 2),
        ("codex-0.169.0/otlp*/*-traces.json", 2, [RESPONSES] * 2),
        ("gemini-cli-0.61.0/otlp/*", 6, [GEMINI] * 2),
        # The proxy's telemetry alone: LiteLLM's second call was cut before its usage object.
        ("litellm-1.106.2/otlp/*", 7, [CHAT, (1200, 0, 0, 57, 0), ANTHROPIC, RESPONSES]),
        ("langfuse-sdk-5.0.4/otlp/*", 1, [CHAT]),
        (OTEL_PYTHON + "langchain-*/*", 2, [CHAT] * 2),
        (OTEL_PYTHON + "openinference-*/*", 6, [CHAT, RESPONSES, ANTHROPIC, ANTHROPIC]),
        (OTEL_PYTHON + "openllmetry-*/*", 4, [CHAT, RESPONSES, ANTHROPIC]),
        (OTEL_PYTHON + "pydantic-ai-*/*", 4, [CHAT, CHAT, ANTHROPIC]),
        # No cache attributes; a stream without usage; the call of the Responses API has no span.
        (
            OTEL_PYTHON + "otel-contrib-*/*",
            4,
            [(1200, 0, 0, 57, 0), (1200, 0, 0, 57, 0), None, (5, 0, 0, 0, 0)],
        ),
        ("vercel-ai-6.0.326/otlp/*", 2, [CHAT] * 2),
    ],
    ids=NAMES,
)
def test_calls_and_tokens(
    shared_data: Path, pattern: str, seen: int, expected: list[Tokens | None]
) -> None:
    found = reports(files(shared_data, pattern))
    assert len(found) == seen
    assert [tokens(event) for event in events(found)] == expected


def test_read_twice_and_in_another_order_it_is_the_same(shared_data: Path) -> None:
    paths = [p for p in files(shared_data, "**/otlp*/*") if p.suffix in (".json", ".pb")]
    paths += files(shared_data, OTEL_PYTHON + "*/*")
    once = events(reports(paths))
    assert events(reports([*reversed(paths), *paths])) == once


def test_litellms_telemetry_and_its_payloads_are_the_same_four_calls(shared_data: Path) -> None:
    from jevons.sources.litellm import SOURCE as LITELLM

    sample = "litellm-1.106.2"
    (payload,) = files(shared_data, f"{sample}/generic_api_payload.json")
    found = [item for item in LITELLM.read(payload, {}) if isinstance(item, Observation)]
    found += reports(files(shared_data, f"{sample}/otlp/*"))
    assert [tokens(event) for event in events(found)] == [CHAT, CHAT, ANTHROPIC, RESPONSES]


def test_the_hour_of_cache_writes_is_known_where_the_sdk_reports_too(shared_data: Path) -> None:
    found = events(reports(files(shared_data, OTEL_PYTHON + "openinference-*/*")))
    assert [(e.usage or {}).get("cache_write_1h_input_tokens") for e in found[2:]] == [2000, 2000]
    assert {event.person for event in found} == {"u-7"}


def test_metrics_are_counted_in_nothing(shared_data: Path) -> None:
    for path in files(shared_data, "**/*-metrics.*"):
        state: dict[str, int] = {}
        assert list(SOURCE.read(path, state)) == []
        assert state["roll_ups"] > 0, path
