from __future__ import annotations

from decimal import Decimal

from jevons.pricing.entry import PriceEntry
from jevons.pricing.pricelist import per_unit, standard_entries, variant_entries
from jevons.pricing.schedule import instant, text_of
from tests.unit.pricing.shipped import catalogue


def entries(provider: str, model: str) -> tuple[list[PriceEntry], list[PriceEntry]]:
    listed = catalogue().by_id[provider]
    found = next(m for m in listed.models if m.id == model)
    return standard_entries(listed, found), variant_entries(listed, found)


def test_a_price_is_rounded_once_half_to_even() -> None:
    # OpenRouter: 0.041666666666666664 USD per million = 4.1666666666666664e-8 per token.
    noisy = per_unit(Decimal("0.041666666666666664"), 1_000_000)
    assert noisy == Decimal("0.000000041666667")
    # 0.5/12 and the float noise of it are the same price.
    assert noisy == per_unit(Decimal("0.0416666666666667"), 1_000_000)
    assert per_unit(Decimal("0.18000000000000002"), 1_000_000) == Decimal("0.00000018")
    assert per_unit(Decimal("0.111"), 3600) == Decimal("0.000030833333333")


def test_tiers_become_bands_with_a_strict_threshold() -> None:
    (entry,), _ = entries("anthropic", "claude-haiku-5-5")
    assert [band.above for band in entry.bands] == [-1, 100_000]
    assert entry.prices_at(100_000)["input"] == Decimal("1E-7")
    assert entry.prices_at(100_001)["input"] == Decimal("5E-7")


def test_an_inclusive_threshold_is_stored_one_lower() -> None:
    (entry,), _ = entries("x-ai", "grok-4.6")
    assert entry.prices_at(199_999)["input"] == Decimal("0.000002")
    assert entry.prices_at(200_000)["input"] == Decimal("0.000004")


def test_periods_end_where_the_next_begins() -> None:
    standard, _ = entries("openai", "gpt-5.6-luna")
    assert [(text_of(e.valid_from), text_of(e.valid_to)) for e in standard] == [
        (None, "2026-07-30"),
        ("2026-07-30", None),
    ]


def test_variants_carry_their_axes() -> None:
    _, variants = entries("openai", "gpt-5.4")
    assert {axes for v in variants for axes in v.axes} == {
        ("service_tier", ("flex",)),
        ("service_tier", ("priority",)),
        ("service_tier", ("fast",)),
        ("batch", ("true",)),
    }
    assert min(v.valid_from or 0 for v in variants) == instant("2026-10-12")


def test_a_free_model_costs_nothing_and_an_unpriced_one_has_no_entry() -> None:
    (free,), _ = entries("openrouter", "deepseek/deepseek-r1:free")
    assert set(free.prices_at(5).values()) == {Decimal(0)}
    assert entries("cerebras", "qwen-3-coder-480b") == ([], [])


def test_what_no_call_states_is_left_out() -> None:
    _, variants = entries("perplexity", "perplexity/sonar")
    assert variants == []


def test_groq_bills_ten_seconds_at_least() -> None:
    (entry,), _ = entries("groq", "whisper-large-v3")
    assert entry.minimum == {"audio_seconds": 10}
