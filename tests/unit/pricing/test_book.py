"""How entries combine: strictness, precedence, supersession, contracts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.schedule import instant
from jevons.vocabulary.charge import RateCard, Unpriced
from jevons.vocabulary.units import Unit
from tests.unit.pricing.shipped import book_of, catalogue, shipped_book

NOW = instant("2026-11-22T12:00:00Z")
URL = "source: https://example.com"
BARE = PriceBook(catalogue())


def card(book: PriceBook, at: int = NOW, tier: int = 0, **context: object) -> RateCard:
    found = book.match(PriceContext(**context), at, tier)  # type: ignore[arg-type]
    assert isinstance(found, RateCard), found
    return found


def why(book: PriceBook, at: int = NOW, **context: object) -> str:
    found = book.match(PriceContext(**context), at, 0)  # type: ignore[arg-type]
    assert isinstance(found, Unpriced), found
    return found.reason


def per_million(found: RateCard, unit: str, *, contracted: bool = False) -> Decimal:
    prices = found.contracted_unit_price if contracted else found.list_unit_price
    return prices[Unit(unit)] * 1_000_000


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"provider": "openai"}, "the call names no model"),
        ({"provider": "ollama", "model": "llama3"}, "no price list for provider 'ollama'"),
        ({"model": "my-model"}, "no provider is named and none is known for model my-model"),
        ({"provider": "openai", "model": "gpt-7"}, "no price for model gpt-7 of openai"),
        (
            {"provider": "cerebras", "model": "qwen-3-coder-480b"},
            "the price list names model qwen-3-coder-480b of cerebras without a price",
        ),
        (
            {"provider": "openai", "model": "gpt-4o", "service_tier": "ultrafast"},
            "no price for model gpt-4o of openai with service tier 'ultrafast' "
            "(known: fast, priority)",
        ),
        (
            {"provider": "anthropic", "model": "claude-opus-4-8", "region": "mars"},
            "no price for model claude-opus-4-8 of anthropic with region 'mars'",
        ),
        (
            {"provider": "anthropic", "model": "claude-sonnet-5", "speed": "fast"},
            "no price for model claude-sonnet-5 of anthropic with speed 'fast'",
        ),
        (
            {"provider": "groq", "model": "llama3-8b-8192", "batch": True},
            "no price for model llama3-8b-8192 of groq with batch",
        ),
        (
            {"provider": "anthropic", "model": "claude-opus-5", "batch": True, "speed": "fast"},
            "no price for model claude-opus-5 of anthropic with batch and speed 'fast' together",
        ),
    ],
)
def test_what_no_price_knows_has_a_reason(context: dict[str, object], reason: str) -> None:
    assert why(BARE, **context) == reason


def test_a_price_that_begins_later_is_not_taken_earlier() -> None:
    context = {"provider": "openai", "model": "gpt-4o", "service_tier": "priority"}
    assert "at that time (known from 2026-10-12)" in why(BARE, instant("2026-10-11"), **context)
    assert per_million(card(BARE, **context), "input") == Decimal("4.25")


def test_neutral_values_are_the_standard_price() -> None:
    plain = card(BARE, provider="openai", model="gpt-4o")
    same = card(
        BARE,
        provider="openai",
        model="gpt-4o",
        service_tier="auto",
        region="global",
        speed="standard",
        batch=False,
        host="gateway.example.org",
    )
    assert plain == same


def test_the_host_that_serves_is_the_one_that_bills() -> None:
    found = card(BARE, provider="openai", host="openrouter.ai", model="google/gemini-2.5-flash")
    assert "openrouter/google/gemini-2.5-flash" in found.source


def test_an_unnamed_provider_is_told_by_the_model() -> None:
    named = card(BARE, provider="openai", model="gpt-5.4")
    assert card(BARE, provider="litellm", model="openai/gpt-5.4") == named
    assert card(BARE, model="gpt-5.4") == named


def test_the_context_length_decides_with_a_strict_threshold() -> None:
    context = {"provider": "openai", "model": "gpt-5.4"}
    assert per_million(card(BARE, tier=272_000, **context), "input") == Decimal("2.5")
    assert per_million(card(BARE, tier=272_001, **context), "input") == Decimal(5)


def test_an_overlay_entry_overrides_unit_by_unit() -> None:
    book = book_of(
        f"provider: openai\nmodels: [gpt-4o]\nper_million: {{input: 2, cache_read: null}}\n{URL}"
    )
    found = card(book, provider="openai", model="gpt-4o")
    assert per_million(found, "input") == 2
    assert per_million(found, "output") == 10
    # Without a cache price of its own, a cached token takes the input price.
    assert per_million(found, "cache_read") == 2
    assert found.entry.count("+") == 1
    assert found.source.startswith("genai-prices") and found.source.endswith("example.com")


def test_an_entry_may_replace_all_prices() -> None:
    book = book_of(
        f"provider: openai\nmodels: [gpt-4o]\nper_million: {{input: 2}}\nreplaces_all: true\n{URL}"
    )
    assert "output" not in card(book, provider="openai", model="gpt-4o").list_unit_price


def test_a_closer_name_counts_over_a_pattern() -> None:
    book = book_of(
        f"provider: openai\nmodels: [gpt-4o]\nper_million: {{input: 2}}\n{URL}",
        f"provider: openai\nmodels: ['gpt-4*']\nper_million: {{input: 3, output: 4}}\n{URL}",
    )
    found = card(book, provider="openai", model="gpt-4o")
    assert (per_million(found, "input"), per_million(found, "output")) == (2, 4)
    assert per_million(card(book, provider="openai", model="gpt-4"), "input") == 3


def test_a_later_recorded_entry_supersedes_from_then_on() -> None:
    text = (
        "provider: openai\nmodels: [gpt-4o]\nvalid_from: 2026-06-01\nper_million: {{input: {}}}\n"
    )
    entries = [
        *book_of(text.format(2) + URL, recorded_at="2026-06-02").entries,
        *book_of(text.format(1) + URL, recorded_at="2026-07-01").entries,
    ]
    book = PriceBook(catalogue(), entries)
    context = {"provider": "openai", "model": "gpt-4o"}
    assert per_million(card(book, **context), "input") == 1
    assert per_million(card(book.as_of(instant("2026-06-30")), **context), "input") == 2
    assert per_million(card(book.as_of(instant("2026-06-01")), **context), "input") == Decimal(
        "2.5"
    )
    assert per_million(card(book, instant("2026-05-31"), **context), "input") == Decimal("2.5")
    assert book.digest != book.as_of(instant("2026-06-30")).digest
    assert PriceBook(catalogue(), reversed(entries)).digest == book.digest


def test_windows_count_over_the_rest_of_the_day() -> None:
    book = book_of(
        f"provider: acme\nmodels: [m]\nper_million: {{input: 1}}\n{URL}",
        "provider: acme\nmodels: [m]\nwindows: [{days: mon-fri, from: '01:00', to: '04:00'}]\n"
        f"per_million: {{input: 2}}\n{URL}",
    )
    context = {"provider": "acme", "model": "m"}
    assert per_million(card(book, instant("2026-11-20T03:59:59Z"), **context), "input") == 2
    assert per_million(card(book, instant("2026-11-20T04:00:00Z"), **context), "input") == 1
    assert per_million(card(book, instant("2026-11-22T02:00:00Z"), **context), "input") == 1


def test_multipliers_touch_tokens_and_stack_over_different_axes() -> None:
    entries = (
        f"provider: anthropic\nmodels: ['*']\nregion: us\nmultiplier: '1.1'\n{URL}",
        f"provider: anthropic\nmodels: ['*']\nbatch: true\nmultiplier: '0.5'\n{URL}",
    )
    context = {"provider": "anthropic", "model": "claude-opus-4-8", "region": "us", "batch": True}
    before = card(book_of(*entries), instant("2026-01-01"), **context)
    # 5 USD x 0.5 x 1.1; a search stays at 10 USD per thousand.
    assert per_million(before, "input") == Decimal("2.75")
    assert before.list_unit_price[Unit("web_searches")] == Decimal("0.01")
    # From 2026-10-14 the catalogue's own batch price is used, and halved no second time.
    assert per_million(card(book_of(*entries), **context), "input") == Decimal("2.75")


def test_a_multiplier_names_the_units_that_it_touches() -> None:
    book = book_of(
        "provider: openai\nmodels: [gpt-4o]\nservice_tier: slow\nmultiplier: '0.5'\n"
        f"units: [input, output]\n{URL}"
    )
    found = card(book, provider="openai", model="gpt-4o", service_tier="slow")
    assert per_million(found, "input") == Decimal("1.25")
    assert per_million(found, "reasoning") == 5  # priced as output
    assert per_million(found, "cache_read") == Decimal("1.25")  # its own price, untouched


def test_of_two_multipliers_for_one_axis_the_closer_counts() -> None:
    book = book_of(
        f"provider: azure\nmodels: ['gpt-*']\nregion: datazone-eu\nmultiplier: '1.1'\n{URL}",
        f"provider: azure\nmodels: ['gpt-6-*']\nregion: datazone-eu\nmultiplier: '1.2'\n{URL}",
    )
    context = {"provider": "azure", "region": "eu"}
    assert per_million(card(book, model="gpt-6-sol", **context), "input") == Decimal("2.4")
    assert per_million(card(book, model="gpt-4o", **context), "input") == Decimal("2.75")


def test_a_withdrawn_name_has_no_price_until_a_later_entry_gives_one() -> None:
    withdrawn = f"provider: openai\nmodels: [gpt-4o]\nwithdrawn: it was retired\n{URL}"
    assert why(book_of(withdrawn), provider="openai", model="gpt-4o") == (
        "no price for model gpt-4o of openai: it was retired"
    )


def test_a_supplement_is_no_price_of_an_unknown_model() -> None:
    book = book_of(f"provider: openai\nmodels: ['*']\nper_thousand: {{web_fetches: 0}}\n{URL}")
    assert why(book, provider="openai", model="gpt-7") == "no price for model gpt-7 of openai"
    found = card(book, provider="openai", model="gpt-4o")
    assert found.list_unit_price[Unit("web_fetches")] == 0
    assert found.entry == card(BARE, provider="openai", model="gpt-4o").entry


def test_a_book_can_price_what_the_catalogue_does_not_know() -> None:
    book = book_of(f"provider: ollama\nmodels: ['*']\nper_million: {{input: 0, output: 0}}\n{URL}")
    assert per_million(card(book, provider="ollama", model="llama3"), "reasoning") == 0


CONTRACT = "provider: anthropic\nmodels: ['claude-*']\ncontract: C\nsource: contract C\n"


def test_a_discount_lowers_the_contracted_price_only() -> None:
    book = book_of(CONTRACT + "discount: 12.5%")
    found = card(book, provider="anthropic", model="claude-opus-4-8")
    assert per_million(found, "input") == 5
    assert per_million(found, "input", contracted=True) == Decimal("4.375")
    assert found.contracted_unit_price[Unit("web_searches")] == Decimal("0.00875")


def test_negotiated_prices_replace_the_list_price_they_name() -> None:
    book = book_of(CONTRACT + "discount: 10%\nper_million: {input: 4}")
    found = card(book, provider="anthropic", model="claude-opus-4-8")
    assert per_million(found, "input", contracted=True) == 4
    assert per_million(found, "tool_input", contracted=True) == 4
    # A cached token has a list price of its own: 0.50 less 10 %.
    assert per_million(found, "cache_read", contracted=True) == Decimal("0.45")


def test_an_included_call_has_a_list_price_and_the_closest_contract_counts() -> None:
    book = book_of(
        CONTRACT + "discount: 10%",
        "provider: anthropic\nmodels: [claude-opus-4-8]\ncontract: Max\nincluded: true\n"
        "source: plan Max",
    )
    assert card(book, provider="anthropic", model="claude-opus-4-8").included
    assert not card(book, provider="anthropic", model="claude-sonnet-5").included


def test_a_contract_can_know_a_tier() -> None:
    book = book_of(CONTRACT + "service_tier: priority\nincluded: true")
    found = card(book, provider="anthropic", model="claude-opus-4-8", service_tier="priority")
    assert found.included and per_million(found, "input") == 5


def test_views_for_the_reader() -> None:
    book = book_of(
        CONTRACT + "discount: 12.5%\nincluded: true",
        f"provider: openai\nmodels: [gpt-4o]\nregion: us\nmultiplier: '1.1'\n{URL}",
    )
    views = book.show("openai/gpt-4o", provider="openai")
    assert {v.effect for v in views} >= {"", "x 1.1"}
    assert [v.axes for v in views if v.effect] == [{"region": "us"}]
    standard = views[0]
    assert (standard.recorded_at, standard.valid_from) == ("catalogue", None)
    assert standard.entry == card(BARE, provider="openai", model="gpt-4o").entry
    assert {v.provider for v in book.show("gpt-4o")} >= {"openai", "azure"} - {"azure"}
    terms = next(v for v in book.listing(provider="anthropic") if v.effect.startswith("C"))
    assert terms.effect == "C, discount 12.5 %, included"
    assert all(v.provider == "deepseek" for v in BARE.listing(provider="deepseek", at=NOW))
    assert book.show("no-such-model") == []
    tiers = [v.above for v in book.show("claude-haiku-5-5", provider="anthropic", at=NOW)]
    assert None in tiers and 100_000 in tiers
    window = next(
        v
        for v in shipped_book().show("deepseek-v4-flash", provider="deepseek")
        if "window" in v.axes
    )
    assert "01:00-04:00 UTC" in window.axes["window"]
