"""The border check: what may enter the books, and in which form."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from jevons.ledger.identity import content_key
from jevons.ledger.intake import DEEPEST, accept, plain_usage
from tests.unit.stores.sample import T0, call


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (T0, T0),
        ("2026-09-21T14:13:20Z", T0),
        ("2026-09-21T16:13:20+02:00", T0),
        ("2026-09-21T14:13:20.000001Z", T0 + 1),
    ],
)
def test_times_become_epoch_microseconds(time: Any, expected: int) -> None:
    one = call(1, time=time)
    assert accept(one) is None
    assert one.time == expected


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"time": "yesterday"}, "time"),
        ({"time": T0 // 1000}, "2000 to 2200"),
        ({"time": True}, "time"),
        ({"provider": ""}, "provider"),
        ({"provider": "  "}, "provider"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"latency_ms": 2**53}, "latency_ms"),
        ({"attempt": -1}, "attempt"),
        ({"attempt": 2**31}, "attempt"),
        ({"stated_cost": "a lot"}, "stated_cost"),
        ({"stated_cost": "NaN"}, "stated_cost"),
        ({"stated_cost": "1e10"}, "stated_cost"),
        ({"stated_cost": "1E+999999999"}, "stated_cost"),
        ({"stated_cost": "-3"}, "stated_cost is negative"),
        ({"stated_cost": "0.0000000000000005"}, "15 decimal places"),  # half to even: 0
        ({"stated_cost": "1E-999999999"}, "15 decimal places"),
        ({"step": "x" * 513}, "step"),
        ({"response_id": "x" * 513}, "response_id"),
        ({"aliases": ["x" * 513]}, "aliases"),
    ],
)
def test_what_cannot_be_true_is_refused_with_a_reason(fields: dict[str, Any], word: str) -> None:
    reason = accept(call(1, **fields))
    assert reason is not None
    assert word in reason
    assert not any(text in reason for text in ("yesterday", "a lot", "xxx"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.045", "0.045000000000000"),
        ("1e-9", "0.000000001000000"),
        ("0.0000000000000015", "0.000000000000002"),
        ("-0", "0.000000000000000"),
        ("0E+999999999", "0.000000000000000"),
    ],
)
def test_stated_costs_are_kept_at_the_money_scale(given: str, kept: str) -> None:
    one = call(1, stated_cost=given, stated_by="client")
    assert accept(one) is None
    assert one.stated_cost == kept


def test_names_are_kept_without_blanks_around_them_and_control_characters() -> None:
    one = call(1, provider=" anthropic ", team="pay\x00ments ", request_model="claude-opus-4-8\n")
    assert accept(one) is None
    assert (one.provider, one.team, one.request_model) == (
        "anthropic", "payments", "claude-opus-4-8",
    )  # fmt: skip


def test_what_is_accepted_twice_is_the_same() -> None:
    one = call(1, time="2026-09-21T14:13:20Z", stated_cost="0.1", stated_by="client")
    assert accept(one) is None
    again = call(1, time=one.time, stated_cost=one.stated_cost, stated_by="client")
    assert accept(again) is None
    assert again == one


def test_a_field_that_says_its_default_changes_no_key() -> None:
    plain = b'{"provider":"openai","time":1790000000000000,"usage":{"prompt_tokens":1}}'
    spelled = (
        b'{"schema":"jevons.event/v1","source":"events","evidence":"provider","aliases":[],'
        b'"completeness":"complete","detail":"full","tags":{},' + plain[1:]
    )
    one, other = (msgspec.json.decode(raw, type=type(call(1))) for raw in (plain, spelled))
    assert accept(one) is None and accept(other) is None
    assert msgspec.json.encode(one) == msgspec.json.encode(other)
    assert content_key(one) == content_key(other)


@pytest.mark.parametrize("usage", [None, {}, {"text": "said"}])
def test_no_usage_is_unknown_and_never_zero(usage: dict[str, Any] | None) -> None:
    one = call(1, usage=usage, stated_cost="1", stated_by="client")
    assert accept(one) is None
    assert one.completeness == "none"


def test_a_usage_without_text_stays_the_same_object() -> None:
    usage = {
        "input_tokens": 5, "service_tier": "standard", "input": "12", "cost": 0.5, "batch": None,
        "server_side_tools_used": ["SERVER_SIDE_TOOL_WEB_SEARCH"],
        "details": [{"modality": "TEXT", "tokenCount": 3}],
    }  # fmt: skip
    assert plain_usage(usage) is usage


def test_text_is_taken_out_of_a_usage() -> None:
    usage = {
        "input_tokens": 5, "content": "said", "note": "said\nmore", "long": "x" * 65,
        "what was said, in full?": 1, "remarks": ["said"],
        "candidates": [{"content": {"parts": [{"text": "said", "n": 1}]}}],
        "webSearchQueries": ["who said", "what", "who said"],
    }  # fmt: skip
    assert plain_usage(usage) == {
        "input_tokens": 5, "remarks": [],
        "candidates": [{"content": {"parts": [{"n": 1}]}}],
        "webSearchQueries": ["#1", "#2", "#1"],
    }  # fmt: skip
    assert plain_usage(plain_usage(usage)) == plain_usage(usage)


def test_a_usage_has_limited_depth() -> None:
    usage: dict[str, Any] = {"n": 1}
    for _ in range(DEEPEST - 1):
        usage = {"a": usage}
    assert accept(call(1, usage=usage)) is None
    reason = accept(call(1, usage={"a": usage}))
    assert reason is not None and "deeper" in reason


def test_tags_that_may_hold_text_are_left_out() -> None:
    tags = {"team": "a", "long": "x" * 201, "lines": "a\nb", "said, in full?": "b", "k" * 65: "c"}
    one = call(1, tags=tags)
    assert accept(one) is None
    assert one.tags == {"team": "a"}
