"""LiteLLM's callback payloads: keys, counters, attribution, what is no call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jevons.ledger.identity import group
from jevons.sources.litellm import SOURCE, is_call
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection

FIXTURE = Path(__file__).parents[2] / "fixtures" / "litellm" / "payloads.json"


def read(path: Path, state: dict[str, Any] | None = None) -> list[Observation | Rejection]:
    return list(SOURCE.read(path, {} if state is None else state))


def observations(path: Path) -> list[Observation]:
    found = read(path)
    assert not [item for item in found if isinstance(item, Rejection)]
    return [item for item in found if isinstance(item, Observation)]


@pytest.fixture
def calls() -> list[Observation]:
    return observations(FIXTURE)


def test_only_calls_to_a_provider_become_observations(calls: list[Observation]) -> None:
    # Five payloads: one answered from LiteLLM's cache, one reads an earlier response again.
    assert [call.aliases for call in calls] == [
        ["litellm:call-1001"],
        ["litellm:call-1002"],
        ["litellm:call-1003@1790000003250000"],
    ]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"call_type": "acompletion"}, True),
        ({"call_type": "aembedding", "cache_hit": False}, True),
        ({"call_type": "aimage_generation"}, True),
        ({"call_type": "acompletion", "cache_hit": "True"}, False),
        ({"call_type": "aretrieve_batch"}, False),
        ({"call_type": "acreate_batch"}, False),
        ({"call_type": "call_mcp_tool"}, False),
        ({"call_type": "adelete_responses"}, False),
    ],
)
def test_what_is_a_call(payload: dict[str, Any], expected: bool) -> None:
    assert is_call(payload) is expected


def test_counters_are_inclusive_for_every_provider(calls: list[Observation]) -> None:
    assert [call.api for call in calls] == ["otel.gen_ai", "otel.gen_ai", None]
    assert calls[0].usage == {
        "input_tokens": 1100,
        "output_tokens": 50,
        "total_tokens": 1150,
        "cache_read_input_tokens": 1000,
        "reasoning_output_tokens": 20,
    }
    # 17060 = 12 fresh + 15000 read + 2048 written.
    assert calls[1].usage == {
        "input_tokens": 17060,
        "output_tokens": 57,
        "total_tokens": 17117,
        "cache_read_input_tokens": 15000,
        "cache_write_input_tokens": 2048,
        "cache_write_5m_input_tokens": 48,
        "cache_write_1h_input_tokens": 2000,
        "web_searches": 3,
    }
    assert [call.detail for call in calls[:2]] == ["full", "full"]


def test_keys_models_and_times(calls: list[Observation]) -> None:
    first, second, failed = calls
    assert first.response_id == "chatcmpl-lt01aaaaaaaaaaaaaaaa"
    assert first.request_id == "req_0123456789abcdef01"
    assert (first.time, first.latency_ms) == (1790000000123456, 476)
    assert (first.request_model, first.response_model) == ("gpt-5.4", "gpt-5.4")
    assert first.tags["model_group"] == "fast"
    assert second.request_id == "req_011EEEEEEEEEEEEEEEEEEE01"
    assert second.service_tier == "standard"
    assert (failed.provider, failed.host) == ("google", "vertex")
    assert failed.response_id is None


def test_a_failed_attempt_is_told_from_the_one_that_follows(calls: list[Observation]) -> None:
    failed = calls[2]
    assert (failed.status, failed.error) == ("error", "429 RateLimitError")
    assert failed.completeness == "none"
    assert failed.usage is None
    assert failed.stated_cost is None
    retried = msgspec.structs.replace(calls[0], aliases=["litellm:call-1003"])
    assert len(group([failed, retried])) == 2


def test_costs_are_claims_of_the_client(calls: list[Observation]) -> None:
    assert [(call.stated_cost, call.stated_by) for call in calls] == [
        ("0.00123", "client"),
        ("0.0295", "client"),
        (None, None),
    ]


def test_attribution(calls: list[Observation]) -> None:
    first, second, _ = calls
    assert (first.team, first.task, first.customer) == ("payments", "refund", "acme")
    assert (first.key, first.person, first.session, first.run) == ("key-ci", None, "s-9", "s-9")
    assert (first.harness, first.harness_version) == ("codex", "0.169.0")
    assert first.tags == {
        "beta": "true",
        "order_id": "o-1",
        "feature": "checkout",
        "model_group": "fast",
    }
    # Claude Code's user id names its session; it is no customer.
    assert (second.session, second.person) == ("5e55-77", "0123456789abcdef01")
    assert second.customer is None
    assert (second.harness, second.harness_version) == ("claude-code", "2.1.200")


def test_no_text_leaves_the_source(tmp_path: Path) -> None:
    broken = json.loads(FIXTURE.read_text())
    broken[0]["startTime"] = "CANARY"
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    for place in (FIXTURE, path):
        assert b"CANARY" not in msgspec.json.encode(read(place))


def test_array_lines_and_single_objects_say_the_same(tmp_path: Path) -> None:
    payloads = json.loads(FIXTURE.read_text())
    lines = tmp_path / "payloads.ndjson"
    lines.write_text("".join(json.dumps(payload) + "\n" for payload in payloads))
    singles = []
    for number, payload in enumerate(payloads):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(payload, indent=1))
        singles += observations(path)
    assert observations(lines) == singles == observations(FIXTURE)


def test_lines_are_read_on_from_where_the_last_import_ended(tmp_path: Path) -> None:
    payloads = json.loads(FIXTURE.read_text())
    path = tmp_path / "payloads.ndjson"
    path.write_text(json.dumps(payloads[0]) + "\n")
    state: dict[str, Any] = {}
    assert len(read(path, state)) == 1
    with path.open("a") as file:
        file.write(json.dumps(payloads[1]) + "\n" + json.dumps(payloads[2])[:50])
    assert len(read(path, state)) == 1
    assert state["line"] == 2
    assert read(path, state) == []


def test_what_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "bad.ndjson"
    path.write_text(
        '{"litellm_call_id": "a", "call_type": "acompletion"}\n{"not": "one"}\n{"cut\n[1]\n'
    )
    found = read(path)
    assert [item.line for item in found if isinstance(item, Rejection)] == [1, 2, 3, 4]
    assert all(isinstance(item, Rejection) for item in found)


def test_totals_alone_are_coarse(tmp_path: Path) -> None:
    path = tmp_path / "plain.json"
    payload = json.loads(FIXTURE.read_text())[0]
    payload["metadata"]["usage_object"] = None
    path.write_text(json.dumps(payload))
    (call,) = observations(path)
    assert call.detail == "coarse"
    assert call.usage == {"input_tokens": 1100, "output_tokens": 50, "total_tokens": 1150}


def test_recognised_by_content() -> None:
    assert SOURCE.recognise(FIXTURE, FIXTURE.read_bytes()[:65536])
    assert not SOURCE.recognise(FIXTURE, b'{"resourceSpans": []}')
    # A transcript that quotes a payload has its quotes escaped.
    quoted = json.dumps({"type": "user", "text": FIXTURE.read_text()}).encode()
    assert not SOURCE.recognise(FIXTURE, quoted)
    assert SOURCE.places({}, Path("home")) == []


def test_the_genuine_payloads(shared_data: Path) -> None:
    """Four calls; costs 0.001605, 0.001605, 0.029285 and 0.012105 (the samples' README)."""
    sample = shared_data / "formats" / "captured" / "litellm-1.106.2" / "generic_api_payload.json"
    assert SOURCE.recognise(sample, sample.read_bytes()[:65536])
    calls = observations(sample)
    assert len(group(calls)) == 4
    totals = [(call.usage or {}).get("input_tokens") for call in calls]
    assert totals == [1200, 1200, 17060, 12000]
    assert [round(float(call.stated_cost or 0), 9) for call in calls] == [
        0.001605, 0.001605, 0.029285, 0.012105,
    ]  # fmt: skip
    assert calls[0].team == "payments"
    assert calls[2].session == "6ff28397"
