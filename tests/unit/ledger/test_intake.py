"""The border check: what may enter the books, and in which form."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.ledger.intake import accept
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
        ({"time": "yesterday"}, "yesterday"),
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
    ],
)
def test_what_cannot_be_true_is_refused_with_a_reason(fields: dict[str, Any], word: str) -> None:
    reason = accept(call(1, **fields))
    assert reason is not None
    assert word in reason


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.045", "0.045000000000000"),
        ("1e-9", "0.000000001000000"),
        ("0.0000000000000005", "0.000000000000000"),  # half to even
        ("0.0000000000000015", "0.000000000000002"),
        ("-3", "-3.000000000000000"),
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
