"""The shipped entries: each fact with its arithmetic. Prices are USD per million units."""

from __future__ import annotations

from decimal import Decimal

import pytest

from jevons.pricing.context import PriceContext
from jevons.pricing.schedule import instant
from jevons.vocabulary.charge import RateCard, Unpriced
from jevons.vocabulary.units import Unit
from tests.unit.pricing.shipped import shipped_book

LATE = "2026-11-22"

# provider, what else is known, time, tier input tokens -> prices of input, cache read, output
FACTS: list[tuple[str, dict[str, object], str, int, tuple[str, str, str]]] = [
    # Vertex AI's own list for Gemini 2.0 Flash, AI Studio's beside it.
    ("vertex_ai", {"model": "gemini-2.0-flash"}, LATE, 0, ("0.15", "0.0375", "0.6")),
    ("gemini", {"model": "gemini-2.0-flash"}, LATE, 0, ("0.1", "0.025", "0.4")),
    # Vertex AI outside the global endpoint: x 1.1 from 2026-07.
    (
        "vertex_ai",
        {"model": "gemini-3.8-flash", "region": "europe-west1"},
        LATE,
        0,
        ("0.825", "0.0825", "4.125"),
    ),
    (
        "vertex_ai",
        {"model": "gemini-3.5-flash", "region": "eu"},
        "2026-06-30",
        0,
        ("1.5", "0.15", "9"),
    ),
    (
        "vertex_ai",
        {"model": "gemini-2.5-flash", "region": "us-central1"},
        LATE,
        0,
        ("0.3", "0.03", "2.5"),
    ),
    (
        "vertex_ai",
        {"model": "claude-sonnet-4-5@20250929", "region": "us-east5"},
        LATE,
        0,
        ("3.3", "0.33", "16.5"),
    ),
    # inference_geo us: x 1.1 from Opus 4.6 on; it stacks with batch: 5 x 0.5 x 1.1.
    ("anthropic", {"model": "claude-opus-4-8", "region": "us"}, LATE, 0, ("5.5", "0.55", "27.5")),
    (
        "anthropic",
        {"model": "claude-opus-4-6", "region": "us", "batch": True},
        "2026-04-01",
        0,
        ("2.75", "0.275", "13.75"),
    ),
    # Batch before the catalogue's date.
    (
        "anthropic",
        {"model": "claude-sonnet-4-20250514", "service_tier": "batch"},
        "2025-06-01",
        0,
        ("1.5", "0.15", "7.5"),
    ),
    # Fast mode of Opus 4.6: six times the standard rates, long prompts too before 2026-03-13.
    ("anthropic", {"model": "claude-opus-4-6", "speed": "fast"}, "2026-05-01", 0, ("30", "3", "150")),
    (
        "anthropic",
        {"model": "claude-opus-4-6", "speed": "fast"},
        "2026-03-01",
        200_001,
        ("60", "6", "225"),
    ),
    # Sonnet 4 and 4.5 above 200k: until the 1M beta was retired on 2026-04-30.
    ("anthropic", {"model": "claude-sonnet-4-0"}, "2025-09-01", 200_001, ("6", "0.6", "22.5")),
    ("anthropic", {"model": "claude-sonnet-4-0"}, "2025-09-01", 200_000, ("3", "0.3", "15")),
    ("anthropic", {"model": "claude-sonnet-4-0"}, "2025-08-01", 200_001, ("3", "0.3", "15")),
    ("anthropic", {"model": "claude-sonnet-4-5"}, "2026-04-29", 494_549, ("6", "0.6", "22.5")),
    ("anthropic", {"model": "claude-sonnet-4-5"}, "2026-04-30", 494_549, ("3", "0.3", "15")),
    (
        "anthropic",
        {"model": "claude-sonnet-4-5", "batch": True},
        LATE,
        494_549,
        ("1.5", "0.15", "7.5"),
    ),
    # OpenAI data residency: x 1.1 for models from 2026-03-05 on, none before.
    (
        "openai",
        {"model": "gpt-5.4", "host": "eu.api.openai.com"},
        LATE,
        0,
        ("2.75", "0.275", "16.5"),
    ),
    ("openai", {"model": "gpt-4.1", "region": "us"}, LATE, 0, ("2", "0.5", "8")),
    # OpenAI batch and flex before the catalogue's dates.
    ("openai", {"model": "gpt-4o", "batch": True}, "2025-03-01", 0, ("1.25", "1.25", "5")),
    ("openai", {"model": "gpt-5", "batch": True}, "2026-01-01", 0, ("0.625", "0.0625", "5")),
    ("openai", {"model": "o3", "batch": True}, "2025-06-09", 0, ("5", "0.5", "20")),
    ("openai", {"model": "gpt-5.1", "service_tier": "flex"}, "2026-01-01", 0, ("0.625", "0.0625", "5")),
    # Azure data zones.
    ("azure", {"model": "gpt-5.4", "region": "eu"}, LATE, 0, ("2.75", "0.275", "16.5")),
    ("azure", {"model": "azure/eu/gpt-6-sol"}, LATE, 0, ("2.4", "0.24", "12")),
    ("azure", {"model": "azure/us/gpt-6-sol"}, LATE, 0, ("2.2", "0.22", "11")),
    ("azure", {"model": "gpt-5.6-luna"}, "2026-08-05", 0, ("1", "0.1", "6")),
    ("azure", {"model": "gpt-5.6-luna"}, "2026-10-03", 0, ("0.2", "0.02", "1.2")),
    # Bedrock: geographic and in-region 10 % over global.
    ("bedrock", {"model": "global.anthropic.claude-opus-4-8-v1"}, LATE, 0, ("5", "0.5", "25")),
    ("bedrock", {"model": "eu.anthropic.claude-opus-4-8-v1"}, LATE, 0, ("5.5", "0.55", "27.5")),
    ("bedrock", {"model": "apac.anthropic.claude-opus-4-8-v1"}, LATE, 0, ("5.5", "0.55", "27.5")),
    (
        "bedrock",
        {"model": "anthropic.claude-sonnet-4-5-20250929-v1:0", "region": "eu-west-1"},
        LATE,
        0,
        ("3.3", "0.33", "16.5"),
    ),
    (
        "bedrock",
        {"model": "openai.gpt-5.5", "region": "us-east-1"},
        LATE,
        0,
        ("5.5", "0.55", "33"),
    ),
    ("bedrock", {"model": "eu.amazon.nova-pro-v1:0"}, LATE, 0, ("1.05", "0.2625", "4.2")),
    # DeepSeek: flat, then daily peaks, then peaks on weekdays (2026-11-20 is a Friday).
    ("deepseek", {"model": "deepseek-v4-flash"}, "2026-08-16T02:00:00Z", 0, ("0.14", "0.0028", "0.28")),
    ("deepseek", {"model": "deepseek-v4-flash"}, "2026-08-22T02:00:00Z", 0, ("0.44", "0.014", "1.32")),
    ("deepseek", {"model": "deepseek-v4-flash"}, "2026-08-23T02:00:00Z", 0, ("0.22", "0.007", "0.66")),
    ("deepseek", {"model": "deepseek-v4-flash"}, "2026-11-20T02:00:00Z", 0, ("0.3", "0.006", "1.2")),
    ("deepseek", {"model": "deepseek-v4-flash"}, "2026-11-20T04:00:00Z", 0, ("0.15", "0.003", "0.6")),
    ("deepseek", {"model": "deepseek-flash"}, "2026-11-22T02:00:00Z", 0, ("0.15", "0.003", "0.6")),
    ("deepseek", {"model": "deepseek-v4-pro"}, "2026-11-20T09:59:59Z", 0, ("1.32", "0.044", "3.96")),
    ("deepseek", {"model": "deepseek-v4-pro"}, "2026-11-21T09:59:59Z", 0, ("0.66", "0.022", "1.98")),
    # One old name, five models: R1 at its off-peak price, V3.1, V3.2, V4 Flash.
    ("deepseek", {"model": "deepseek-reasoner"}, "2025-03-01T20:00:00Z", 0, ("0.135", "0.035", "0.55")),
    ("deepseek", {"model": "deepseek-reasoner"}, "2025-09-06", 0, ("0.56", "0.07", "1.68")),
    ("deepseek", {"model": "deepseek-reasoner"}, "2026-03-01", 0, ("0.28", "0.028", "0.42")),
    ("deepseek", {"model": "deepseek-chat"}, "2026-07-01", 0, ("0.14", "0.0028", "0.28")),
    # Gemini flex and priority: caching keeps its price on the older models.
    ("gemini", {"model": "gemini-2.5-flash", "service_tier": "flex"}, LATE, 0, ("0.15", "0.03", "1.25")),
    ("gemini", {"model": "gemini-2.5-pro", "service_tier": "flex"}, LATE, 200_001, ("1.25", "0.25", "7.5")),
    ("gemini", {"model": "gemini-3.8-flash", "service_tier": "flex"}, LATE, 0, ("0.375", "0.0375", "1.875")),
    ("gemini", {"model": "gemini-2.5-flash", "service_tier": "priority"}, LATE, 0, ("0.54", "0.054", "4.5")),
    # OpenRouter before the cut of 2026-08-21.
    ("openrouter", {"model": "openai/gpt-5.6-sol"}, "2026-08-20", 0, ("5", "0.5", "30")),
    ("openrouter", {"model": "openai/gpt-5.6-sol"}, LATE, 0, ("4", "0.4", "20")),
    ("groq", {"model": "llama3-8b-8192", "service_tier": "flex"}, LATE, 0, ("0.05", "0.05", "0.08")),
]  # fmt: skip


def card(provider: str, known: dict[str, object], at: str, tier: int = 0) -> RateCard:
    context = PriceContext(provider, **known)  # type: ignore[arg-type]
    found = shipped_book().match(context, instant(at), tier)
    assert isinstance(found, RateCard), found
    return found


@pytest.mark.parametrize(("provider", "known", "at", "tier", "prices"), FACTS)
def test_facts(
    provider: str, known: dict[str, object], at: str, tier: int, prices: tuple[str, str, str]
) -> None:
    found = card(provider, known, at, tier).list_unit_price
    units = (Unit("input"), Unit("cache_read"), Unit("output"))
    assert [found[unit] * 1_000_000 for unit in units] == [Decimal(price) for price in prices]


def test_audio_rates_that_the_catalogue_lacks() -> None:
    for model, rates in (
        ("gpt-4o-audio-preview-2024-12-17", (40, 80)),
        ("gpt-4o-audio-preview-2024-10-01", (100, 200)),
        ("gpt-4o-mini-audio-preview", (10, 20)),
    ):
        prices = card("openai", {"model": model}, LATE).list_unit_price
        found = prices[Unit("audio_input")], prices[Unit("audio_output")]
        assert [price * 1_000_000 for price in found] == list(rates)
    vertex = card("vertex_ai", {"model": "gemini-2.0-flash"}, LATE).list_unit_price
    assert vertex[Unit("audio_input")] * 1_000_000 == 1
    assert Unit("audio_cache_read") not in vertex


def test_what_costs_nothing() -> None:
    claude = card("anthropic", {"model": "claude-sonnet-4-5"}, LATE).list_unit_price
    assert claude[Unit("web_fetches")] == 0
    assert claude[Unit("web_searches")] == Decimal("0.01")
    moderation = card("openai", {"model": "omni-moderation-latest"}, LATE).list_unit_price
    assert moderation[Unit("input")] == 0
    assert card("github_copilot", {"model": "gpt-4.1"}, LATE).included


@pytest.mark.parametrize(
    ("provider", "known", "at", "words"),
    [
        ("anthropic", {"model": "claude-sonnet-4-5", "region": "us"}, LATE, "region 'us'"),
        ("anthropic", {"model": "claude-opus-4-7", "speed": "fast"}, LATE, "speed 'fast'"),
        ("anthropic", {"model": "claude-opus-4-8", "service_tier": "priority"}, LATE, "priority"),
        ("openai", {"model": "gpt-4o", "service_tier": "priority"}, "2026-01-01", "at that time"),
        ("openai", {"model": "gpt-4o", "service_tier": "flex"}, LATE, "flex"),
        ("openai", {"model": "whisper-1", "batch": True}, LATE, "batch"),
        ("azure", {"model": "gpt-5.4", "region": "swedencentral"}, LATE, "swedencentral"),
        ("bedrock", {"model": "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"}, LATE, "us-gov"),
        ("bedrock", {"model": "meta.llama3-8b-instruct-v1:0", "region": "eu-west-2"}, LATE, "eu-west-2"),
        ("vertex_ai", {"model": "gemini-2.5-pro", "service_tier": "PROVISIONED_THROUGHPUT"}, LATE, "provisioned"),
        ("deepseek", {"model": "deepseek-reasoner"}, LATE, "retired on 2026-07-24"),
    ],
)  # fmt: skip
def test_what_stays_unpriced(provider: str, known: dict[str, object], at: str, words: str) -> None:
    found = shipped_book().match(PriceContext(provider, **known), instant(at), 0)  # type: ignore[arg-type]
    assert isinstance(found, Unpriced)
    assert words in found.reason
