"""Reports without a key: joined only when the numbers of reports agree."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from jevons.ledger.identity import group
from jevons.ledger.matching import match, model_name, token_counts
from jevons.vocabulary.observation import Observation
from tests.unit.stores.sample import SECOND, T0, call

USAGE = {"input_tokens": 100, "output_tokens": 5}


def log(number: int, **fields: Any) -> Observation:
    """A report with the provider's id."""
    given = {"usage": USAGE, "evidence": "client_log", "source": "claude-code", **fields}
    return call(number, **given)


def span(number: int, **fields: Any) -> Observation:
    """A report without an id that another tool knows."""
    given = {
        "usage": USAGE, "evidence": "span", "source": "otlp", "response_id": None,
        "self_keys": [f"otel:{number}"], "time": T0 + number * SECOND + SECOND // 2, **fields,
    }  # fmt: skip
    return call(number, **given)


def outcome(*reports: Observation) -> tuple[list[tuple[int, ...]], int]:
    """Which reports are one call, and how many calls may be doubles."""
    found = match(reports, group(reports))
    return sorted(one.members for one in found), sum(one.possible_duplicate for one in found)


def test_one_of_each_is_one_call() -> None:
    assert outcome(log(1), span(1)) == ([(0, 1)], 0)


def test_equal_numbers_are_paired_in_order_of_time() -> None:
    assert outcome(span(2), log(2), log(1), span(1)) == ([(0, 1), (2, 3)], 0)


def test_unequal_numbers_stay_apart_and_are_counted() -> None:
    assert outcome(log(1), log(2), span(1)) == ([(0,), (1,), (2,)], 1)
    assert outcome(log(1), span(1), span(2)) == ([(0,), (1,), (2,)], 2)


def test_two_tools_without_keys_are_matched_with_each_other() -> None:
    other = {"source": "gemini-cli", "self_keys": ["message:1"]}
    assert outcome(span(1), span(1, **other)) == ([(0, 1)], 0)
    assert outcome(log(1), span(1), span(1, **other)) == ([(0, 1, 2)], 0)


def test_reports_of_one_kind_are_never_the_same_call() -> None:
    assert outcome(span(1), span(2)) == ([(0,), (1,)], 0)
    assert outcome(log(1), log(2)) == ([(0,), (1,)], 0)


@pytest.mark.parametrize(
    "apart",
    [
        {"usage": {"input_tokens": 101, "output_tokens": 5}},
        {"usage": {"input_tokens": 100, "output_tokens": 6}},
        {"request_model": "claude-sonnet-4-6"},
        {"time": T0 + 62 * SECOND},
        {"completeness": "partial"},
        {"usage": None, "completeness": "none"},
        {"usage": {"input_tokens": 0, "output_tokens": 0}},
    ],
)
def test_model_counts_and_time_must_agree(apart: dict[str, Any]) -> None:
    assert outcome(log(1), span(1, **apart))[0] == [(0,), (1,)]


def test_a_long_call_reaches_to_its_end() -> None:
    late = span(1, time=T0 + 1 + 80 * SECOND)
    assert outcome(log(0), late)[0] == [(0,), (1,)]
    assert outcome(log(0, latency_ms=60_000), late)[0] == [(0, 1)]


def test_a_report_without_a_model_belongs_to_the_only_one_named() -> None:
    nameless = span(1, request_model=None)
    assert outcome(log(1), nameless) == ([(0, 1)], 0)
    two = outcome(log(1), log(2, request_model="claude-sonnet-4-6"), nameless)
    assert two == ([(0,), (1,), (2,)], 1)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("anthropic/Claude-Opus-4-8", "claude-opus-4-8"),
        ("claude-opus-4-8[1m]", "claude-opus-4-8"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
    ],
)
def test_models_are_compared_without_route_date_and_variant(name: str, plain: str) -> None:
    assert model_name(call(1, request_model=name)) == plain
    assert outcome(log(1, request_model=name), span(1, request_model=plain))[0] == [(0, 1)]


def test_dialects_are_compared_by_what_they_mean() -> None:
    """The cache lies inside OpenTelemetry's input and outside Anthropic's."""
    inside = {"input_tokens": 1000, "cache_read_input_tokens": 900, "output_tokens": 5}
    outside = {"input_tokens": 100, "cache_read_input_tokens": 900, "output_tokens": 5}
    assert token_counts(span(1, api="otel.gen_ai", usage=inside)) == (1000, 5)
    assert outcome(log(1, usage=outside), span(1, api="otel.gen_ai", usage=inside))[0] == [(0, 1)]


def test_impossible_usage_matches_nothing() -> None:
    assert token_counts(call(1, usage={"input_tokens": -1, "output_tokens": 1})) is None


def test_calls_that_begin_together_are_paired_the_same_in_any_order() -> None:
    """Two calls with nothing but the provider's id, at one time, and two spans."""
    together = [log(n, time=T0) for n in (1, 2)] + [span(n, time=T0) for n in (1, 2)]
    found = set()
    for order in permutations(range(4)):
        calls, _ = outcome(*(together[p] for p in order))
        found.add(frozenset(frozenset(order[p] for p in members) for members in calls))
    assert len(found) == 1
    assert all(len(members) == 2 for members in found.pop())
