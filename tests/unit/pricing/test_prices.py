"""The shipped entries: each fact with its arithmetic. Prices are USD per million units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from jevons.pricing.context import PriceContext
from jevons.pricing.schedule import instant
from jevons.vocabulary.charge import RateCard, Unpriced
from jevons.vocabulary.units import Unit
from tests.unit.pricing.shipped import shipped_book

LATE = "2026-11-22"
Fact = tuple[PriceContext, str, int, str]


def fact(call: str, expected: str, at: str, *, tier: int = 0, **known: Any) -> Fact:
    """call: provider and model. expected: input, cache read and output price, or words."""
    provider, model = call.split()
    return PriceContext(provider, model=model, **known), at, tier, expected


FACTS = [
    # Vertex AI's own list for Gemini 2.0 Flash, AI Studio's beside it.
    fact("vertex_ai gemini-2.0-flash", "0.15 0.0375 0.6", LATE),
    fact("gemini gemini-2.0-flash", "0.1 0.025 0.4", LATE),
    # Vertex AI outside the global endpoint: x 1.1 from 2026-07.
    fact("vertex_ai gemini-3.8-flash", "0.825 0.0825 4.125", LATE, region="europe-west1"),
    fact("vertex_ai gemini-3.5-flash", "1.5 0.15 9", "2026-06-30", region="eu"),
    fact("vertex_ai gemini-2.5-flash", "0.3 0.03 2.5", LATE, region="us-central1"),
    fact("vertex_ai claude-sonnet-4-5@20250929", "3.3 0.33 16.5", LATE, region="us-east5"),
    # inference_geo us: x 1.1 from Opus 4.6 on; it stacks with batch: 5 x 0.5 x 1.1.
    fact("anthropic claude-opus-4-8", "5.5 0.55 27.5", LATE, region="us"),
    fact("anthropic claude-opus-4-6", "2.75 0.275 13.75", "2026-04-01", region="us", batch=True),
    # Batch before the catalogue's date.
    fact("anthropic claude-sonnet-4-20250514", "1.5 0.15 7.5", "2025-06-01", service_tier="batch"),
    # Fast mode of Opus 4.6: six times the standard rates, long prompts too before 2026-03-13.
    fact("anthropic claude-opus-4-6", "30 3 150", "2026-05-01", speed="fast"),
    fact("anthropic claude-opus-4-6", "60 6 225", "2026-03-01", tier=200_001, speed="fast"),
    # Sonnet 4 and 4.5 above 200k: until the 1M beta was retired on 2026-04-30.
    fact("anthropic claude-sonnet-4-0", "6 0.6 22.5", "2025-09-01", tier=200_001),
    fact("anthropic claude-sonnet-4-0", "3 0.3 15", "2025-09-01", tier=200_000),
    fact("anthropic claude-sonnet-4-0", "3 0.3 15", "2025-08-01", tier=200_001),
    fact("anthropic claude-sonnet-4-5", "6 0.6 22.5", "2026-04-29", tier=494_549),
    fact("anthropic claude-sonnet-4-5", "3 0.3 15", "2026-04-30", tier=494_549),
    fact("anthropic claude-sonnet-4-5", "1.5 0.15 7.5", LATE, tier=494_549, batch=True),
    # Sonnet 5.5: cache reads at 0.1x of input until 2026-10-07, at 0.05x since.
    fact("anthropic claude-sonnet-5-5", "2 0.2 10", "2026-10-06"),
    fact("anthropic claude-sonnet-5-5", "1 0.1 5", "2026-10-06", batch=True),
    fact("anthropic claude-sonnet-5-5", "2.2 0.22 11", "2026-10-06", region="us"),
    fact("anthropic claude-sonnet-5-5", "2 0.1 10", "2026-10-07"),
    # OpenAI data residency: x 1.1 for models from 2026-03-05 on, none before.
    fact("openai gpt-5.4", "2.75 0.275 16.5", LATE, host="eu.api.openai.com"),
    fact("openai gpt-4.1", "2 0.5 8", LATE, region="us"),
    # OpenAI batch and flex before the catalogue's dates.
    fact("openai gpt-4o", "1.25 1.25 5", "2025-03-01", batch=True),
    fact("openai gpt-5", "0.625 0.0625 5", "2026-01-01", batch=True),
    fact("openai o3", "5 0.5 20", "2025-06-09", batch=True),
    fact("openai gpt-5.1", "0.625 0.0625 5", "2026-01-01", service_tier="flex"),
    # Azure data zones.
    fact("azure gpt-5.4", "2.75 0.275 16.5", LATE, region="eu"),
    fact("azure azure/eu/gpt-6-sol", "2.4 0.24 12", LATE),
    fact("azure azure/us/gpt-6-sol", "2.2 0.22 11", LATE),
    fact("azure gpt-5.6-luna", "1 0.1 6", "2026-08-05"),
    fact("azure gpt-5.6-luna", "0.2 0.02 1.2", "2026-10-03"),
    # Bedrock: geographic and in-region 10 % over global.
    fact("bedrock global.anthropic.claude-opus-4-8-v1", "5 0.5 25", LATE),
    fact("bedrock eu.anthropic.claude-opus-4-8-v1", "5.5 0.55 27.5", LATE),
    fact("bedrock apac.anthropic.claude-opus-4-8-v1", "5.5 0.55 27.5", LATE),
    fact(
        "bedrock anthropic.claude-sonnet-4-5-20250929-v1:0",
        "3.3 0.33 16.5",
        LATE,
        region="eu-west-1",
    ),
    fact("bedrock openai.gpt-5.5", "5.5 0.55 33", LATE, region="us-east-1"),
    fact("bedrock eu.amazon.nova-pro-v1:0", "1.05 0.2625 4.2", LATE),
    # DeepSeek: flat, then daily peaks, then peaks on weekdays (2026-11-20 is a Friday).
    fact("deepseek deepseek-v4-flash", "0.14 0.0028 0.28", "2026-08-16T02:00:00Z"),
    fact("deepseek deepseek-v4-flash", "0.44 0.014 1.32", "2026-08-22T02:00:00Z"),
    fact("deepseek deepseek-v4-flash", "0.22 0.007 0.66", "2026-08-23T02:00:00Z"),
    fact("deepseek deepseek-v4-flash", "0.3 0.006 1.2", "2026-11-20T02:00:00Z"),
    fact("deepseek deepseek-v4-flash", "0.15 0.003 0.6", "2026-11-20T04:00:00Z"),
    fact("deepseek deepseek-flash", "0.15 0.003 0.6", "2026-11-22T02:00:00Z"),
    fact("deepseek deepseek-v4-pro", "1.32 0.044 3.96", "2026-11-20T09:59:59Z"),
    fact("deepseek deepseek-v4-pro", "0.66 0.022 1.98", "2026-11-21T09:59:59Z"),
    # One old name, five models: R1 at its off-peak price, V3.1, V3.2, V4 Flash.
    fact("deepseek deepseek-reasoner", "0.135 0.035 0.55", "2025-03-01T20:00:00Z"),
    fact("deepseek deepseek-reasoner", "0.56 0.07 1.68", "2025-09-06"),
    fact("deepseek deepseek-reasoner", "0.28 0.028 0.42", "2026-03-01"),
    fact("deepseek deepseek-chat", "0.14 0.0028 0.28", "2026-07-01"),
    # Gemini flex and priority: caching keeps its price on the older models.
    fact("gemini gemini-2.5-flash", "0.15 0.03 1.25", LATE, service_tier="flex"),
    fact("gemini gemini-2.5-pro", "1.25 0.25 7.5", LATE, tier=200_001, service_tier="flex"),
    fact("gemini gemini-3.8-flash", "0.375 0.0375 1.875", LATE, service_tier="flex"),
    fact("gemini gemini-2.5-flash", "0.54 0.054 4.5", LATE, service_tier="priority"),
    # OpenRouter before the cut of 2026-08-21.
    fact("openrouter openai/gpt-5.6-sol", "5 0.5 30", "2026-08-20"),
    fact("openrouter openai/gpt-5.6-sol", "4 0.4 20", LATE),
    fact("groq llama3-8b-8192", "0.05 0.05 0.08", LATE, service_tier="flex"),
]


def card(found: RateCard | Unpriced) -> RateCard:
    assert isinstance(found, RateCard), found
    return found


def at_late(call: str, **known: Any) -> RateCard:
    context, at, tier, _ = fact(call, "", LATE, **known)
    return card(shipped_book().match(context, instant(at), tier))


@pytest.mark.parametrize(("context", "at", "tier", "expected"), FACTS)
def test_facts(context: PriceContext, at: str, tier: int, expected: str) -> None:
    found = card(shipped_book().match(context, instant(at), tier)).list_unit_price
    units = (Unit("input"), Unit("cache_read"), Unit("output"))
    assert [found[u] * 1_000_000 for u in units] == [Decimal(p) for p in expected.split()]


def test_audio_rates_that_the_catalogue_lacks() -> None:
    for model, rates in (
        ("gpt-4o-audio-preview-2024-12-17", (40, 80)),
        ("gpt-4o-audio-preview-2024-10-01", (100, 200)),
        ("gpt-4o-mini-audio-preview", (10, 20)),
    ):
        prices = at_late(f"openai {model}").list_unit_price
        found = prices[Unit("audio_input")], prices[Unit("audio_output")]
        assert [price * 1_000_000 for price in found] == list(rates)
    vertex = at_late("vertex_ai gemini-2.0-flash").list_unit_price
    assert vertex[Unit("audio_input")] * 1_000_000 == 1
    assert Unit("audio_cache_read") not in vertex


def test_what_costs_nothing() -> None:
    claude = at_late("anthropic claude-sonnet-4-5").list_unit_price
    assert claude[Unit("web_fetches")] == 0
    assert claude[Unit("web_searches")] == Decimal("0.01")
    assert at_late("openai omni-moderation-latest").list_unit_price[Unit("input")] == 0
    assert at_late("github_copilot gpt-4.1").included


UNPRICED = [
    fact("anthropic claude-sonnet-4-5", "region 'us'", LATE, region="us"),
    fact("anthropic claude-opus-4-7", "speed 'fast'", LATE, speed="fast"),
    fact("anthropic claude-opus-4-8", "priority", LATE, service_tier="priority"),
    fact("openai gpt-4o", "at that time", "2026-01-01", service_tier="priority"),
    fact("openai gpt-4o", "flex", LATE, service_tier="flex"),
    fact("openai whisper-1", "batch", LATE, batch=True),
    fact("azure gpt-5.4", "swedencentral", LATE, region="swedencentral"),
    fact("bedrock us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov", LATE),
    fact("bedrock meta.llama3-8b-instruct-v1:0", "eu-west-2", LATE, region="eu-west-2"),
    fact("vertex_ai gemini-2.5-pro", "provisioned", LATE, service_tier="PROVISIONED_THROUGHPUT"),
    fact("deepseek deepseek-reasoner", "retired on 2026-07-24", LATE),
]


@pytest.mark.parametrize(("context", "at", "tier", "words"), UNPRICED)
def test_what_stays_unpriced(context: PriceContext, at: str, tier: int, words: str) -> None:
    found = shipped_book().match(context, instant(at), tier)
    assert isinstance(found, Unpriced)
    assert words in found.reason
