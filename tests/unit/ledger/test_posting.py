"""From events to rows: every event has rows or a reason why it has none."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from jevons.ledger.posting import post, rare_quantities, rare_totals
from jevons.usage.split import split
from jevons.vocabulary.charge import Split
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.units import UNIT_NAMES, Unit, inclusive
from tests.unit.pricing.shipped import shipped_book
from tests.unit.stores.sample import call, event_table, mixed, price_of

ITERATIONS = [
    {"type": "message", "input_tokens": 100, "output_tokens": 10},
    {"type": "advisor_message", "model": "claude-sonnet-4-6", "input_tokens": 50,
     "output_tokens": 5},
]  # fmt: skip
LOOPED = {"input_tokens": 100, "output_tokens": 10, "iterations": ITERATIONS}


def posted(*events: Observation) -> list[dict[str, Any]]:
    """The rows of events as dicts, in order of event and part."""
    return event_table(events, shipped_book())[0]


def test_a_plain_call() -> None:
    (row,) = posted(call(7))
    assert row["quantities"] == {"input": 107, "output": 10}
    assert row["list_cost"] == row["effective_cost"] == price_of(7)
    assert (row["price_state"], row["provenance"], row["part"]) == ("exact", "metered", 0)
    assert row["price_card"]
    assert row["reason"] is None


def test_every_event_has_rows_or_a_reason() -> None:
    events = [*mixed(40), call(99, usage={"input_tokens": -1, "output_tokens": 1})]
    postings = post(events, shipped_book())
    assert set(postings.event.tolist()) | postings.impossible.keys() == set(range(len(events)))
    assert postings.impossible.keys() == {40}
    assert "-1" in postings.impossible[40]
    used = {card for card in postings.columns["price_card"] if card}
    assert used <= postings.cards.keys()


def test_a_count_that_cannot_be_exact_everywhere_is_impossible() -> None:
    for usage in ({"input_tokens": 2**53 + 1, "output_tokens": 1}, {"input": 2**62, "output": 1}):
        found = post([call(1, api=None, usage=usage), call(2)], shipped_book())
        assert list(found.impossible) == [0], usage
        assert found.event.tolist() == [1]


def test_the_largest_counts_are_priced_exactly() -> None:
    """Their cost does not fit sixty-four bits of 1e-15 USD."""
    most = 10**15
    (row,) = posted(call(1, usage={"input_tokens": most, "output_tokens": most}))
    assert row["list_cost"] == row["effective_cost"] == most * 30 // 10**6


def test_parts_have_their_own_model_and_price() -> None:
    first, second = posted(call(1, usage=LOOPED))
    assert (first["part"], first["model"]) == (0, None)
    assert (second["part"], second["model"]) == (1, "claude-sonnet-4-6")
    assert first["list_cost"] == Decimal("0.00075")  # 100 x 5 + 10 x 25 per million
    assert second["list_cost"] == Decimal("0.000225")  # 50 x 3 + 5 x 15


def test_a_stated_cost_is_the_cost_of_the_whole_call() -> None:
    """Not of its first part, with the others on top."""
    rows = posted(call(1, usage=LOOPED, stated_cost="1", stated_by="provider"))
    assert sum(row["billed_cost"] for row in rows) == 1
    assert sum(row["effective_cost"] for row in rows) == 1
    assert sum(row["list_cost"] for row in rows) == Decimal("0.000975")


def test_what_the_body_says_was_served_counts_before_what_was_asked_for() -> None:
    usage = {"input_tokens": 100, "output_tokens": 10, "service_tier": "batch"}
    (row,) = posted(call(1, usage=usage, service_tier="standard"))
    assert row["list_cost"] == Decimal("0.000375")  # batch is half price


@pytest.mark.parametrize("evidence", ["gateway", "provider", "span"])
def test_what_was_measured_on_the_way_is_metered(evidence: Any) -> None:
    assert posted(call(1, evidence=evidence))[0]["provenance"] == "metered"


def test_weaker_evidence_is_shown() -> None:
    assert posted(call(1, evidence="client_log"))[0]["provenance"] == "reported"
    assert posted(call(1, evidence="estimate"))[0]["provenance"] == "estimated"


def test_unknown_keys_and_anomalies_are_kept_as_notes() -> None:
    (row,) = posted(call(1, usage={"input_tokens": 3, "output_tokens": 4, "mystery_tokens": 9}))
    assert "mystery_tokens=9" in row["notes"]


def test_tokens_in_no_counter_make_a_lower_bound_whatever_is_said_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat = {"provider": "openai", "api": "openai.chat", "request_model": "gpt-5"}
    usage = {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}
    found = split("openai", "openai.chat", usage)
    assert isinstance(found, Split)
    mute = replace(found, anomalies=("said otherwise",))
    monkeypatch.setattr("jevons.usage.matrix.split", lambda *_: mute)
    (row,) = posted(call(1, **chat, usage=usage))
    assert (row["price_state"], row["notes"]) == ("lower_bound", "said otherwise")


def test_with_ones_own_key_the_fee_is_not_the_cost_of_the_tokens() -> None:
    usage = {"prompt_tokens": 40, "completion_tokens": 8, "cost": 0.01, "is_byok": True}
    chat = {"provider": "openrouter", "api": "openrouter", "request_model": "openai/gpt-4o-mini"}
    (own,) = posted(call(1, **chat, usage=usage))
    assert (own["price_state"], own["stated_cost"]) != ("stated", "0.01")
    (told,) = posted(call(1, **chat, usage=usage, stated_cost="0.5", stated_by="client"))
    assert (told["stated_cost"], told["stated_by"]) == ("0.5", "client")


def test_nothing_is_posted_for_nothing() -> None:
    postings = post([], shipped_book())
    assert (len(postings.event), postings.impossible, postings.cards) == (0, {}, {})


def test_units_without_a_column_share_one_and_are_in_the_totals() -> None:
    matrix = np.arange(2 * len(UNIT_NAMES), dtype=np.int64).reshape(2, -1)
    common = {"input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "output",
              "reasoning"}  # fmt: skip
    texts = rare_quantities(matrix)
    totals = rare_totals(matrix)
    for row in range(2):
        rare = {
            Unit(unit): int(n)
            for unit, n in zip(UNIT_NAMES, matrix[row], strict=True)
            if n and unit not in common
        }
        assert json.loads(str(texts[row])) == rare
        counted = inclusive(rare)
        names = ("input_tokens", "cache_read_input_tokens", "output_tokens")
        assert [int(total[row]) for total in totals] == [counted[name] for name in names]
    assert rare_quantities(np.zeros((1, len(UNIT_NAMES)), dtype=np.int64)) == [None]
