"""The truth file: equal to the lines, to the price catalogue, and to what the causes did."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from jevons.app.company import generate, truth
from jevons.app.company.catalogue import MODELS
from jevons.app.company.causes import CAUSES
from jevons.app.company.generation import Generation
from jevons.app.company.tally import KINDS, Tally, unit_prices

EVENTS, SEED = 30_000, 11
PRICE = {(m.name, m.tier): unit_prices(n) for n, m in enumerate(MODELS)}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return truth(EVENTS, SEED)


@pytest.fixture(scope="module")
def calls() -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(generate(EVENTS, SEED)).splitlines()]


def month(call: dict[str, Any]) -> str:
    return datetime.fromtimestamp(call["time"] / 1e6, UTC).strftime("%Y-%m")


def tier(call: dict[str, Any]) -> str:
    return "batch" if call.get("batch") else call.get("service_tier", "standard")


def quantities(call: dict[str, Any]) -> list[int]:
    """The leaf quantities of a line in the order of `KINDS`, by the rules of its dialect."""
    u, api = call.get("usage"), call["api"]
    if u is None:
        return [0] * len(KINDS)
    if api == "anthropic.messages":
        lifetimes = u["cache_creation"]
        searches = u.get("server_tool_use", {}).get("web_search_requests", 0)
        return [
            u["input_tokens"], u["cache_read_input_tokens"],
            lifetimes["ephemeral_5m_input_tokens"], lifetimes["ephemeral_1h_input_tokens"],
            u["output_tokens"], 0, searches,
        ]  # fmt: skip
    if api == "gemini.generate_content":
        cached = u.get("cachedContentTokenCount", 0)
        fresh, answer = u["promptTokenCount"] - cached, u["candidatesTokenCount"]
        return [fresh, cached, 0, 0, answer, u.get("thoughtsTokenCount", 0), 0]
    if api == "openai.embeddings":
        return [u["prompt_tokens"], 0, 0, 0, 0, 0, 0]
    words = ("input", "output") if api == "openai.responses" else ("prompt", "completion")
    cached = u[f"{words[0]}_tokens_details"]["cached_tokens"]
    thought = u[f"{words[1]}_tokens_details"]["reasoning_tokens"]
    fresh, answer = u[f"{words[0]}_tokens"] - cached, u[f"{words[1]}_tokens"] - thought
    return [fresh, cached, 0, 0, answer, thought, 0]


def cost(call: dict[str, Any], model: str | None = None) -> Decimal:
    prices = PRICE[model or call["request_model"], tier(call)]
    if prices is None:
        return Decimal(0)
    return sum((p * n for p, n in zip(prices, quantities(call), strict=True)), Decimal(0))


def test_the_months_are_those_of_the_lines(
    document: dict[str, Any], calls: list[dict[str, Any]]
) -> None:
    bills: dict[str, Decimal] = defaultdict(Decimal)
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * 8)
    for call in calls:
        bills[month(call)] += cost(call)
        counts[month(call)] = [
            a + b for a, b in zip(counts[month(call)], [1, *quantities(call)], strict=True)
        ]
    assert len(document["months"]) == 6
    for row in document["months"]:
        number, fresh, read, write, hour, answer, thought, searches = counts[row["month"]]
        assert Decimal(row["bill"]) == bills[row["month"]] > 0
        assert row["calls"] == number
        assert row["input_tokens"] == fresh + read + write + hour
        assert row["cache_read_input_tokens"] == read
        assert row["cache_write_input_tokens"] == write + hour
        assert row["output_tokens"] == answer + thought
        assert row["reasoning_output_tokens"] == thought
        assert row["web_searches"] == searches
    assert sum(row["calls"] for row in document["months"]) == EVENTS


def test_the_rows_are_those_of_the_lines(
    document: dict[str, Any], calls: list[dict[str, Any]]
) -> None:
    bills: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for call in calls:
        key = (month(call), call["team"], call["task_type"], call["request_model"], tier(call))
        bills[key] += cost(call)
    names = ("month", "team", "task_type", "request_model", "tier")
    rows = {tuple(row[name] for name in names): row for row in document["rows"]}
    assert rows.keys() == bills.keys()
    for key, row in rows.items():
        assert row["list_cost"] is None or Decimal(row["list_cost"]) == bills[key]
    assert document["tasks"] == len({call["task"] for call in calls})
    assert document["runs"] == len({call["run"] for call in calls})


def test_the_list_prices_are_those_of_the_catalogue(calls: list[dict[str, Any]]) -> None:
    """Every call of the company, priced one by one by genai-prices at its own time."""
    from genai_prices import Usage, calc_price

    seen: set[tuple[str, str, str]] = set()
    for call in calls:
        key = (call["request_model"], month(call), str(quantities(call)[1] > 0))
        if PRICE[call["request_model"], tier(call)] is None or key in seen:
            continue
        if call.get("usage") is None:
            continue
        seen.add(key)
        fresh, read, write, hour, answer, thought, searches = quantities(call)
        usage = Usage(
            input_tokens=fresh + read + write + hour, cache_read_tokens=read,
            cache_write_tokens=write + hour, cache_write_1h_tokens=hour,
            output_tokens=answer + thought, web_searches=searches,
        )  # fmt: skip
        found = calc_price(
            usage,
            call["response_model"],
            provider_id=call["provider"],
            genai_request_timestamp=datetime.fromtimestamp(call["time"] / 1e6, UTC),
        )
        assert found.total_price == cost(call), call["request_model"]
    assert len({model for model, *_ in seen}) == sum(m.prices is not None for m in MODELS)


def test_no_context_reaches_a_long_context_tier(calls: list[dict[str, Any]]) -> None:
    assert max(sum(quantities(call)[:4]) for call in calls) <= 150_000


def test_two_passes_say_the_same_as_one(document: dict[str, Any]) -> None:
    company, tally = Generation(EVENTS, SEED), Tally()
    for _ in company.chunks(tally):
        pass
    assert company.document(tally) == document == json.loads(json.dumps(document))


def test_causes_act_only_when_and_where_they_are_planted(
    document: dict[str, Any], calls: list[dict[str, Any]]
) -> None:
    for cause in document["causes"]:
        for row, bill in cause["bill"].items():
            effect = Decimal(bill["effect"])
            assert Decimal(bill["with"]) - Decimal(bill["without"]) == effect
            begun = row >= cause["start"][:7] and (cause["end"] or "9999") > row + "-01"
            assert (effect != 0) == begun, (cause["name"], row)
            assert not begun or (effect > 0) == (cause["sign"] > 0)
    cuts = {c["new_model"]: c for c in document["causes"] if c["kind"] == "new_model"}
    for call in calls:
        if call["request_model"] in cuts:
            cause = cuts[call["request_model"]]
            assert call["team"] in cause["teams"] and call["task_type"] in cause["task_types"]
            assert datetime.fromtimestamp(call["time"] / 1e6, UTC).isoformat() >= cause["start"]


@pytest.mark.parametrize("cause", [c for c in CAUSES if c.kind == "new_model"])
def test_the_effect_of_a_price_cut_is_the_same_tokens_at_both_prices(
    cause: Any, document: dict[str, Any], calls: list[dict[str, Any]]
) -> None:
    effects: dict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        if call["request_model"] == cause.new_model:
            effects[month(call)] += cost(call) - cost(call, cause.old_model)
    (found,) = (c for c in document["causes"] if c["name"] == cause.name)
    for row, bill in found["bill"].items():
        assert Decimal(bill["effect"]) == effects[row]


def test_the_effect_of_the_cache_is_the_same_tokens_fresh(
    document: dict[str, Any], calls: list[dict[str, Any]]
) -> None:
    effects: dict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        if call["harness"] == "support-agent":
            fresh = PRICE[call["request_model"], tier(call)]
            assert fresh is not None
            _, read, write, hour, *_ = quantities(call)
            saved = read * (fresh[0] - fresh[1]) + write * (fresh[0] - fresh[2])
            effects[month(call)] -= saved + hour * (fresh[0] - fresh[3])
    (found,) = (c for c in document["causes"] if c["kind"] == "cache")
    for row, bill in found["bill"].items():
        assert Decimal(bill["effect"]) == effects[row]


def test_the_effect_of_the_reasoning_move_is_its_reasoning(
    document: dict[str, Any], calls: list[dict[str, Any]]
) -> None:
    """gpt-4.1 and o3 have the same price per token: the whole effect is the hidden tokens."""
    effects: dict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        if call["request_model"] == "o3":
            effects[month(call)] += quantities(call)[5] * Decimal("0.000008")
    (found,) = (c for c in document["causes"] if c["kind"] == "reasoning_model")
    for row, bill in found["bill"].items():
        assert Decimal(bill["effect"]) == effects[row]


def test_the_retry_storm_is_in_its_team_and_fortnight(
    document: dict[str, Any], calls: list[dict[str, Any]]
) -> None:
    share: dict[tuple[str, bool], list[int]] = defaultdict(lambda: [0, 0])
    for call in calls:
        day = datetime.fromtimestamp(call["time"] / 1e6, UTC).strftime("%Y-%m-%d")
        storm = "2026-07-13" <= day < "2026-07-27"
        counts = share[call["team"], storm]
        counts[0] += call.get("attempt", 1) > 1
        counts[1] += 1
    again, of = share["payments", True]
    assert again / of > 0.45  # more than one attempt per answer
    for key, (repeated, count) in share.items():
        if key != ("payments", True):
            assert repeated / count < 0.08, key


def test_pairs_add_up(document: dict[str, Any]) -> None:
    bills = {row["month"]: Decimal(row["bill"]) for row in document["months"]}
    assert len(document["pairs"]) == 15
    for pair in document["pairs"]:
        delta = bills[pair["to"]] - bills[pair["from"]]
        assert Decimal(pair["delta"]) == delta
        parts = [Decimal(amount) for amount in pair["effects"].values()]
        assert sum(parts, Decimal(pair["rest"])) == delta


def test_two_months_from_the_same_parameters_are_flat() -> None:
    """May and June: as many calls, and a bill that differs by chance only (4 standard errors)."""
    first, second = truth(200_000, 5)["months"][:2]
    assert abs(first["calls"] - second["calls"]) <= 1
    bills = [float(first["bill"]), float(second["bill"])]
    # A task's cost has a standard deviation of about 2.5 times its mean; about 4,900 tasks a month.
    assert abs(bills[0] - bills[1]) / bills[0] < 4 * 2.5 * (2 / 4_900) ** 0.5


def test_the_bill_rises_although_prices_fall() -> None:
    months = truth(200_000, 5)["months"]
    assert 1.2 < float(months[-1]["bill"]) / float(months[0]["bill"]) < 1.6
