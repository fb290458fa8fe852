"""Events one by one, with charge lines that sum to them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.vocabulary.observation import DIMENSIONS, LABELS
from tests.unit.stores.sample import COSTS, COUNTS, added, call, mixed, opened

FIELDS = {
    "event_id", "time", "response_id", "request_id", "attempt", *LABELS, "batch", "latency_ms",
    "source", *DIMENSIONS, "tags", "quantities", *COUNTS, "charges", *COSTS, "price_state",
    "provenance", "evidence", "completeness", "observations", "possible_duplicate", "why",
    "recorded_at", "stated_purpose", "purpose_rule",
}  # fmt: skip


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def test_an_event_says_all_that_is_known(jevons: Jevons) -> None:
    known: dict[str, Any] = {name: f"a {name}" for name in DIMENSIONS}
    jevons.store.seal([
        call(1, **known, request_id="req_" + "a" * 20, latency_ms=1234, attempt=2, batch=False,
             tags={"b": "2", "a": "1"}, status="completed", region="global", host="gateway.local")
    ])  # fmt: skip
    (event,) = jevons.events(Query())
    assert event.keys() == FIELDS
    assert event["stated_purpose"] == known.pop("purpose")
    assert (event["purpose"], event["purpose_rule"]) == ("sub-agent", "sub-agent-run")
    assert {name: event[name] for name in known} == known
    assert event["tags"] == {"a": "1", "b": "2"}
    assert (event["latency_ms"], event["attempt"], event["batch"]) == (1234, 2, False)
    assert event["time"] == "2026-09-21T14:13:21Z"
    assert event["quantities"] == {"input": 101, "output": 10}
    assert "price entry" in str(event["why"])
    assert json.loads(json.dumps(event)) == event


def test_lines_have_unit_price_and_cost(jevons: Jevons) -> None:
    jevons.store.seal([call(0)])
    (event,) = jevons.events(Query())
    lines: Any = event["charges"]
    names = ("unit", "consumed_quantity", "list_unit_price", "list_cost")
    shown = [tuple(line[name] for name in names) for line in lines]
    assert shown == [("input", 100, "0.000005", "0.0005"), ("output", 10, "0.000025", "0.00025")]
    assert {line["model"] for line in lines} == {"claude-opus-4-8"}
    assert {line["price_entry"] for line in lines} != {None}


def test_events_come_oldest_first(jevons: Jevons) -> None:
    jevons.store.seal(mixed(30)[::-1])
    times = [str(event["time"]) for event in jevons.events(Query())]
    assert times == sorted(times)


@pytest.mark.parametrize("parts", [2, 9, 30])
def test_a_limit_never_cuts_an_event(jevons: Jevons, parts: int) -> None:
    """A response may have many parts: one for each turn of an adviser."""
    turns = [{"type": "message", "input_tokens": 100, "output_tokens": 10}]
    turns += [
        {"type": "advisor_message", "model": "claude-sonnet-4-6", "input_tokens": n + 1,
         "output_tokens": 1}
        for n in range(parts)
    ]  # fmt: skip
    usage = {"input_tokens": 100, "output_tokens": 10, "iterations": turns}
    jevons.store.seal([call(1, usage=usage), call(2, usage=usage)])
    whole = list(jevons.events(Query()))
    assert list(jevons.events(Query(), 1)) == whole[:1]
    assert list(jevons.events(Query(), 2)) == whole
    assert whole[0]["input_tokens"] == 100 + parts * (parts + 1) // 2


def test_a_stated_cost_is_billed_once_whatever_the_parts(jevons: Jevons) -> None:
    turns = [
        {"type": "message", "input_tokens": 100, "output_tokens": 10},
        {"type": "advisor_message", "model": "claude-sonnet-4-6", "input_tokens": 50,
         "output_tokens": 5},
    ]  # fmt: skip
    usage = {"input_tokens": 100, "output_tokens": 10, "iterations": turns}
    jevons.store.seal([call(1, usage=usage, stated_cost="1", stated_by="provider")])
    (event,) = jevons.events(Query())
    lines: Any = event["charges"]
    assert event["billed_cost"] == event["effective_cost"] == "1"
    assert added(line["billed_cost"] for line in lines) == 1
    assert jevons.report(Query()).total.effective_cost == 1


def test_an_adjustment_line_is_what_the_provider_billed_beyond(jevons: Jevons) -> None:
    jevons.store.seal([call(0, stated_cost="0.5", stated_by="provider")])
    (event,) = jevons.events(Query())
    lines: Any = event["charges"]
    assert lines[-1]["unit"] == "adjustment"
    assert Decimal(lines[-1]["billed_cost"]) == Decimal("0.5") - Decimal("0.00075")
    assert (event["list_cost"], event["billed_cost"]) == ("0.00075", "0.5")
    assert (event["price_state"], event["provenance"]) == ("stated", "stated")


def test_corrections_show_the_event_once_as_it_is_known_now(jevons: Jevons) -> None:
    jevons.store.seal([call(1, usage={"input_tokens": 1, "output_tokens": 1},
                            completeness="partial")])  # fmt: skip
    assert [event["price_state"] for event in jevons.events(Query())] == ["lower_bound"]
    jevons.store.seal([call(1)])
    (event,) = jevons.events(Query())
    assert (event["price_state"], event["observations"]) == ("exact", 2)
    assert event["input_tokens"] == 101
