"""Rows rated as columns and rows rated one by one are the same rows, to the last digit."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.ledger import posting
from jevons.ledger.posting import post
from jevons.pricing.book import PriceBook
from jevons.vocabulary.observation import Observation
from tests.conftest import PROVING
from tests.unit.pricing.shipped import book_of, shipped_book
from tests.unit.stores.sample import DAY, T0, call, event_table

BIG = st.integers(0, 2**55)
SMALL = st.one_of(st.integers(0, 5), st.integers(0, 2_000_000))
MODELS = (
    "claude-opus-4-8", "claude-sonnet-4-5", "claude-sonnet-4-6", "gpt-5", "gpt-4o-audio-preview",
    "gemini-2.5-pro", "gemini-2.0-flash", "deepseek-v4-flash", "deepseek-reasoner", "no-such-model",
    "gpt-4o-mini-search-preview", None,
)  # fmt: skip
PROVIDERS = ("anthropic", "openai", "google", "deepseek", "groq", "unknown", "aws", "openrouter")
TIERS = (None, None, "standard", "batch", "priority", "flex", "mars")
ENTRIES = (
    "provider: anthropic\nmodels: claude-opus-4-8*\ncontract: plan\nincluded: true\nsource: a plan",
    "provider: openai\nmodels: gpt-5\ncontract: agreement\ndiscount: 12.5%\nsource: an agreement",
    "provider: groq\nmodels: '*'\nper_million: {input: 0, output: 0}\nsource: a gift",
    "provider: openrouter\nmodels: claude-*\nper_million: {input: 1}\nsource: a list with a gap",
    "provider: aws\nmodels: claude-*\nper_million: {input: 1, output: 2}\n"
    "per_unit: {requests: 0.01}\nminimum: {input: 1000}\nsource: a fee",
)


@cache
def contracted_book() -> PriceBook:
    """The shipped catalogue with a plan, a discount, a gift, a gap and a fee."""
    return book_of(*ENTRIES)


@st.composite
def usages(draw: Any) -> tuple[str | None, dict[str, Any] | None]:
    """A usage body of some dialect, consistent or not, plain or not."""
    number = draw(st.sampled_from([SMALL, SMALL, SMALL, BIG]))
    n = [draw(number) for _ in range(6)]
    bodies: list[tuple[str | None, dict[str, Any] | None]] = [
        ("anthropic.messages", {"input_tokens": n[0], "output_tokens": n[1]}),
        ("anthropic.messages", {
            "input_tokens": n[0], "output_tokens": n[1], "cache_read_input_tokens": n[2],
            "cache_creation_input_tokens": n[3] + n[4],
            "cache_creation": {
                "ephemeral_5m_input_tokens": n[3], "ephemeral_1h_input_tokens": n[4],
            },
            "server_tool_use": {"web_search_requests": n[5] % 7},
            "service_tier": draw(st.sampled_from(["standard", "batch", "priority"])),
        }),
        ("openai.chat", {
            "prompt_tokens": n[0] + n[1], "completion_tokens": n[2] + n[3],
            "total_tokens": n[0] + n[1] + n[2] + n[3],
            "prompt_tokens_details": {"cached_tokens": n[1], "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": n[3]},
        }),
        ("openai.chat", {
            "prompt_tokens": n[0] + n[1], "completion_tokens": n[2] + n[3],
            "prompt_tokens_details": {"audio_tokens": n[1]},
            "completion_tokens_details": {"audio_tokens": n[3]},
        }),
        ("openai.responses", {"input_tokens": n[0], "output_tokens": n[1], "total_tokens": n[2]}),
        ("gemini.generate_content", {
            "promptTokenCount": n[0] + n[1], "candidatesTokenCount": n[2],
            "thoughtsTokenCount": n[3], "cachedContentTokenCount": n[1],
            "totalTokenCount": n[0] + n[1] + n[2] + n[3],
        }),
        (None, {"input": n[0], "output": n[1], "audio_input": n[2], "pages": n[3] % 90}),
        (None, {"input_tokens": n[0], "output_tokens": n[1], "reasoning_output_tokens": n[2]}),
        ("otel.gen_ai", {"input_tokens": n[0], "cache_read_input_tokens": n[1], "odd": n[2]}),
        ("anthropic.messages", {
            "input_tokens": n[0], "output_tokens": n[1],
            "iterations": [
                {"type": "message", "input_tokens": n[0], "output_tokens": n[1]},
                {"type": "advisor_message", "model": draw(st.sampled_from(MODELS[:5])),
                 "input_tokens": n[2], "output_tokens": n[3]},
            ],
        }),
        (None, {}), (None, None),
    ]  # fmt: skip
    return draw(st.sampled_from(bodies))


@st.composite
def events(draw: Any) -> list[Observation]:
    found = []
    for number in range(draw(st.integers(1, 14))):
        api, usage = draw(usages())
        found.append(
            call(
                number, api=api, usage=usage,
                provider=draw(st.sampled_from(PROVIDERS)),
                request_model=draw(st.sampled_from(MODELS)),
                response_model=draw(st.sampled_from([None, None, "claude-opus-4-8", "gpt-5"])),
                time=T0 + draw(st.integers(-300, 60)) * DAY + draw(st.integers(0, DAY)),
                service_tier=draw(st.sampled_from(TIERS)),
                batch=draw(st.sampled_from([None, None, True, False])),
                region=draw(st.sampled_from([None, None, "us", "eu"])),
                completeness=draw(st.sampled_from(["complete", "complete", "partial", "none"])),
                evidence=draw(st.sampled_from(["gateway", "span", "client_log", "estimate"])),
                stated_cost=draw(st.sampled_from([None, None, None, "0.125"])),
                stated_by=draw(st.sampled_from(["provider", "client"])),
                status=draw(st.sampled_from([None, None, "429", "error"])),
                error=draw(st.sampled_from([None, None, None, "rate_limit_error"])),
            )
        )  # fmt: skip
    return found


@pytest.mark.parametrize("contracted", [False, True])
@settings(max_examples=1000 if PROVING else 60)
@given(observations=events())
def test_columns_and_single_rows_are_the_same(
    observations: list[Observation], contracted: bool
) -> None:
    book = contracted_book() if contracted else shipped_book()
    fast, refused = event_table(observations, book)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posting, "_odd", lambda fields: set(range(fields.count)))
        slow, refused_singly = event_table(observations, book)
    assert refused == refused_singly
    for quick, reference in zip(fast, slow, strict=True):
        assert quick == reference


@pytest.mark.parametrize(
    ("book", "fields", "reason"),
    [
        ("contracted", {}, "included in a plan"),
        ("contracted", {"provider": "groq", "api": "openai.chat", "request_model": "gpt-5",
                        "usage": {"prompt_tokens": 5, "completion_tokens": 1}}, "free by a gift"),
        ("shipped", {"status": "429", "usage": {"input_tokens": 0, "output_tokens": 0}},
         "refused by the provider"),
    ],
)  # fmt: skip
def test_what_costs_nothing_says_why(book: str, fields: dict[str, Any], reason: str) -> None:
    chosen = contracted_book() if book == "contracted" else shipped_book()
    (row,) = event_table([call(1, **fields)], chosen)[0]
    assert row["effective_cost"] == 0
    assert reason in str(row["reason"])


def test_the_tier_that_served_is_kept_whatever_was_asked_for() -> None:
    """Else the next re-pricing rates the call at the tier that was only asked for."""
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "service_tier": "default"}
    asked = call(1, provider="openai", api="openai.chat", request_model="gpt-5", usage=usage,
                 service_tier="flex")  # fmt: skip
    (row,) = event_table([asked], shipped_book())[0]
    assert row["service_tier"] in ("default", "standard")


def test_most_rows_are_rated_as_columns() -> None:
    """Else the comparison above would compare the reference with itself."""
    observations = [call(n) for n in range(20)]
    postings = post(observations, shipped_book())
    assert len(postings.money["list_cost"][2]) == 0
    assert np.array_equal(postings.event, np.arange(20))
