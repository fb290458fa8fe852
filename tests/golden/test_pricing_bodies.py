"""The 947 real usage bodies: rated to genai-prices' last digit, except the corrections listed here.

The reference is genai-prices' own calculation at the same instant, on the same normalised usage
(`genai_usage`), so that these tests do not depend on the usage stage.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.pricing.context import PriceContext
from jevons.pricing.rate import rate
from jevons.pricing.schedule import instant
from jevons.vocabulary.charge import Part, Rated
from jevons.vocabulary.units import Quantities, Unit
from tests.unit.pricing.shipped import shipped_book

genai_prices = pytest.importorskip("genai_prices")

# A Sunday, in DeepSeek's weekday peak hours.
WHEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MODALITIES = ("audio", "image", "video")

VERTEX = "Vertex AI has its own price for gemini-2.0-flash (google.yaml)"
WEEKEND = "DeepSeek's weekend is off-peak (deepseek.yaml)"
AUDIO = "gpt-4o-audio-preview has audio rates (openai.yaml)"
LOOP = "the 1M context beta was retired: a sum above 200k is a tool loop's (anthropic.yaml)"
RETIRED = "deepseek-reasoner was retired on 2026-07-24 (deepseek.yaml)"
LISTED_WITHOUT_PRICE = "the catalogue names the model without a price, which is not zero"

CORRECTIONS: dict[int, tuple[str, str | None]] = {
    # gemini-2.0-flash on Vertex AI: 0.15 text, image and video, 1.00 audio, 0.60 output per million
    66: (VERTEX, "0.00003495"),  # 9 x 0.15 + 56 x 0.6 = 34.95e-6
    75: (VERTEX, "0.00000675"),  # 13 x 0.15 + 8 x 0.6
    86: (VERTEX, "0.00381335"),  # (9 + 15340) x 0.15 + 1475 x 1 + 60 x 0.6
    97: (VERTEX, "0.00016275"),  # 9 x 0.15 + 150 x 1 + 19 x 0.6
    127: (VERTEX, "0.00027135"),  # (9 + 1560) x 0.15 + 60 x 0.6
    140: (VERTEX, "0.00000675"),
    161: (VERTEX, "0.00041895"),
    # claude-sonnet-4-5: 494549 x 3 + 1245 x 15 per million, 5 searches at 0.01
    215: (LOOP, "1.552322"),
    # gpt-4o-audio-preview: 12 x 2.5 + 69 x 40 + 72 x 10; 20 x 2.5 + 44 x 40 + 9 x 10
    995: (AUDIO, "0.00351"),
    1046: (AUDIO, "0.0019"),
    1016: (LISTED_WITHOUT_PRICE, None),
    1017: (LISTED_WITHOUT_PRICE, None),
    # deepseek-v4-flash off-peak: 875 x 0.15 + 79 x 0.6; 896 x 0.003 + 80 x 0.15 + 61 x 0.6
    1280: (WEEKEND, "0.00017865"),
    1281: (WEEKEND, "0.000051288"),
    1282: (RETIRED, None),
}
"""Body number -> why its price is not genai-prices', and what it is (None: unknown)."""

UNPRICED_ELSEWHERE: dict[int, str] = {
    156: "0.00159375",  # models/gemini-2.5-pro: 123 x 1.25 + 144 x 10
    157: "0.0018525",  # 154 x 1.25 + 166 x 10
    970: "0.000946",  # openai.gpt-5.5 on Bedrock: 88 x 5.5 + 14 x 33
    971: "0.0010945",  # 115 x 5.5 + 14 x 33
    972: "0.001342",  # 142 x 5.5 + 17 x 33
}
"""Bodies that genai-prices refuses and we price."""


def bodies(shared_data: Path) -> list[dict[str, Any]]:
    with gzip.open(shared_data / "pricing" / "usage_bodies.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def leaves(usage: dict[str, int]) -> Quantities:
    """genai-prices' inclusive counters as exclusive quantities."""

    def counted(key: str) -> int:
        return usage.get(key, 0)

    found = {}
    for kind in MODALITIES:
        read = found[f"{kind}_cache_read"] = counted(f"cache_{kind}_read_tokens")
        found[f"{kind}_input"] = counted(f"input_{kind}_tokens") - read
    found["cache_read"] = counted("cache_read_tokens") - sum(
        found[f"{kind}_cache_read"] for kind in MODALITIES
    )
    for ttl in ("5m", "1h"):
        found[f"cache_write_{ttl}"] = counted(f"cache_write_{ttl}_tokens")
    found["cache_write"] = (
        counted("cache_write_tokens") - found["cache_write_5m"] - found["cache_write_1h"]
    )
    found["tool_input"] = counted("input_tool_tokens")
    found["input"] = counted("input_tokens") - sum(found.values())
    pictures = {f"{kind}_output": counted(f"output_{kind}_tokens") for kind in MODALITIES}
    found["reasoning"] = counted("output_reasoning_tokens")
    found["output"] = counted("output_tokens") - found["reasoning"] - sum(pictures.values())
    found |= {**pictures, "web_searches": counted("web_searches")}
    assert min(found.values()) >= 0
    return {Unit(unit): n for unit, n in found.items() if n}


def context(row: dict[str, Any]) -> PriceContext:
    usage = row["usage"]
    vertex = row["litellm_provider"] == "vertex_ai" and row["shape"] == "google"
    tier = usage.get("service_tier") or usage.get("serviceTier") or usage.get("trafficType")
    return PriceContext(
        provider=row["genai_provider"],
        host="vertex" if vertex else None,
        region=usage.get("inference_geo"),
        service_tier=tier,
        model=row["model"],
    )


def rated(row: dict[str, Any], usage: dict[str, int]) -> Rated:
    tier_input = usage.get("input_tokens", 0)
    card = shipped_book().match(context(row), instant(WHEN), tier_input)
    return rate(Part(leaves(usage), None, tier_input), card)


def reference(row: dict[str, Any]) -> Decimal:
    usage = genai_prices.Usage(**row["genai_usage"])
    price = genai_prices.calc_price(
        usage,
        row["model"],
        provider_id=row["genai_provider"],
        genai_request_timestamp=WHEN,
    )
    total: Decimal = price.total_price
    return total


def test_equal_to_genai_prices_except_the_listed_corrections(shared_data: Path) -> None:
    priced = [row for row in bodies(shared_data) if row["genai_usage"] is not None]
    assert len(priced) == 781
    different = {}
    for row in priced:
        found = rated(row, row["genai_usage"])
        if found.list_cost != reference(row):
            cost = found.list_cost
            different[row["i"]] = None if cost is None else cost.normalize()
    expected = {
        number: None if cost is None else Decimal(cost).normalize()
        for number, (_, cost) in CORRECTIONS.items()
    }
    assert different == expected


def test_no_body_is_priced_zero_for_real_tokens(shared_data: Path) -> None:
    for row in bodies(shared_data):
        usage = row["genai_usage"]
        if usage and any(usage.values()):
            found = rated(row, usage)
            assert found.price_state in ("exact", "unknown"), row["i"]
            assert (found.list_cost is None) == (found.price_state == "unknown")
            assert found.list_cost is None or found.list_cost > 0


def test_bodies_that_the_reference_refuses(shared_data: Path) -> None:
    rows = {row["i"]: row for row in bodies(shared_data)}
    for number, expected in UNPRICED_ELSEWHERE.items():
        usage = rows[number]["usage"]
        given = {
            "input_tokens": usage.get("input_tokens", usage.get("promptTokenCount", 0)),
            "output_tokens": usage.get("output_tokens", 0)
            + usage.get("candidatesTokenCount", 0)
            + usage.get("thoughtsTokenCount", 0),
        }
        assert rated(rows[number], given).list_cost == Decimal(expected), number


def test_a_retired_name_keeps_its_price_at_the_time_it_was_served(shared_data: Path) -> None:
    row = next(row for row in bodies(shared_data) if row["i"] == 1282)
    card = shipped_book().match(context(row), instant("2026-03-01"), 12)
    found = rate(Part(leaves(row["genai_usage"])), card)
    # 12 x 0.28 + 789 x 0.42 per million: DeepSeek V3.2
    assert found.list_cost == Decimal("0.00033474")


def iteration_parts(usage: dict[str, Any]) -> list[tuple[str | None, Quantities]]:
    parts = []
    for turn in usage["iterations"]:
        written = turn["cache_creation"]
        quantities = {
            Unit("input"): turn["input_tokens"],
            Unit("cache_read"): turn["cache_read_input_tokens"],
            Unit("cache_write_5m"): written["ephemeral_5m_input_tokens"],
            Unit("cache_write_1h"): written["ephemeral_1h_input_tokens"],
            Unit("output"): turn["output_tokens"],
        }
        parts.append((turn.get("model"), quantities))
    return parts


def test_bodies_with_iterations_cost_what_all_their_turns_cost(shared_data: Path) -> None:
    text = (shared_data / "pricing" / "anthropic_iterations.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == 6
    for row in rows:
        total = Decimal(0)
        for model, quantities in iteration_parts(row["usage"]):
            place = PriceContext("anthropic", region="global", model=model or row["model"])
            card = shipped_book().match(place, instant(WHEN), sum(quantities.values()))
            cost = rate(Part(quantities, model), card).list_cost
            assert cost is not None
            total += cost
        assert total == Decimal(row["correct_usd"]), row["i"]


def test_openrouter_bodies_cost_what_was_billed_or_differ_for_a_named_reason(
    shared_data: Path,
) -> None:
    text = (shared_data / "pricing" / "billed_ground_truth_openrouter.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == 24
    by_number = {row["i"]: row for row in bodies(shared_data)}
    unlike: dict[int, Decimal] = {}
    for row in rows:
        whole = by_number[row["i"]]
        used = leaves(whole["genai_usage"])
        card = shipped_book().match(context(whole), instant(WHEN), 0)
        billed = Decimal(str(row["usage"]["cost"]))
        found = rate(Part(used), card, stated_cost=billed, stated_by="provider")
        assert (found.price_state, found.billed_cost) == ("stated", billed)
        lines = [line.billed_cost for line in found.lines if line.billed_cost is not None]
        assert sum(lines, Decimal(0)) == billed
        if found.list_cost != billed:
            unlike[row["i"]] = found.lines[-1].billed_cost or Decimal(0)
            assert found.lines[-1].unit == "adjustment"
    assert unlike == {
        176: Decimal("0.015885"),  # a plugin's fee: 0.0160614 - 900 x 0.15e-6 - 69 x 0.6e-6
        177: Decimal("0.002"),  # a plugin's fee
        180: Decimal("-0.0002265"),  # own key: OpenRouter bills nothing
        1366: Decimal("0.0000028"),  # another upstream route: 0.00004 - 0.0000372
    }
