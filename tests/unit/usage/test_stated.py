"""Costs that a provider states in the body."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from jevons.usage.split import split
from jevons.vocabulary.charge import Split

TOKENS = {"prompt_tokens": 480, "completion_tokens": 33, "total_tokens": 513}


def stated(provider: str, usage: dict[str, Any]) -> Split:
    found = split(provider, None, TOKENS | usage)
    assert isinstance(found, Split)
    assert found.parts[0].quantities == {"input": 480, "output": 33}
    return found


def test_openrouter_states_what_it_charged() -> None:
    cost = {"cost": 0.0002265, "cost_details": {"upstream_inference_cost": 0.0002265}}
    found = stated("openrouter", cost | {"is_byok": False})
    assert (found.stated_cost, found.stated_why) == (Decimal("0.0002265"), None)


def test_a_plugin_fee_is_told_from_the_tokens() -> None:
    cost = {
        "cost": 0.00216775,
        "cost_details": {
            "upstream_inference_cost": None,
            "upstream_inference_prompt_cost": 7.75e-06,
            "upstream_inference_completions_cost": 0.00016,
        },
    }
    found = stated("openrouter", cost)
    assert found.stated_cost == Decimal("0.00216775")
    # 0.00216775 - (0.00000775 + 0.00016)
    assert found.stated_why == (
        "plugin fee: 0.002 USD of the stated 0.00216775 USD is not for tokens"
    )


def test_a_discount_is_told_too() -> None:
    found = stated(
        "openrouter", {"cost": 0.001, "cost_details": {"upstream_inference_cost": 0.002}}
    )
    assert found.stated_why == "stated 0.001 USD is 0.001 USD below the upstream cost"


def test_with_ones_own_key_the_cost_is_only_openrouters_fee() -> None:
    cost = {"cost": 0, "cost_details": {"upstream_inference_cost": 0.0002265}, "is_byok": True}
    found = stated("openrouter", cost)
    assert found.stated_cost is None
    assert found.stated_why == (
        "byok: the tokens are billed by the provider behind OpenRouter (it names 0.0002265 USD);"
        " OpenRouter's own fee is 0 USD"
    )
    assert stated("openrouter", {"is_byok": True}).stated_why is not None


def test_perplexity_states_a_total() -> None:
    cost = {"cost": {"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}}
    assert stated("perplexity", cost).stated_cost == Decimal("0.006")


def test_xai_counts_in_ticks_of_a_ten_billionth() -> None:
    assert stated("x-ai", {"cost_in_usd_ticks": 37756000}).stated_cost == Decimal("0.0037756")


def test_copilot_counts_in_nano_credits_of_a_cent() -> None:
    usage = {"copilot_usage": {"total_nano_aiu": 250_000_000, "token_details": []}}
    # 0.25 credits at 0.01 USD
    assert stated("github-copilot", usage).stated_cost == Decimal("0.0025")


def test_a_clients_own_sum_is_no_statement() -> None:
    found = stated("openai", {"cost": 0.5})
    assert (found.stated_cost, found.unknown_keys) == (None, ())


@pytest.mark.parametrize("cost", [-1, "abc", float("nan"), True, 1e12])
def test_what_is_no_money_is_an_anomaly(cost: Any) -> None:
    found = stated("openrouter", {"cost": cost})
    assert found.stated_cost is None
    assert found.anomalies == ("cost is not an amount of money",)


def test_a_float_with_dust_is_rounded_to_the_money_scale() -> None:
    found = stated("openrouter", {"cost": 4.1400000000000003e-05})
    assert found.stated_cost == Decimal("0.0000414")
