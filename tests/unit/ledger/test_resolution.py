"""Whose usage counts, and which label wins, field by field."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from jevons.ledger.resolution import resolve, total_counted
from jevons.vocabulary.observation import Observation
from tests.unit.stores.sample import SECOND, T0, call

SMALL = {"input_tokens": 10, "output_tokens": 1}
LARGE = {"input_tokens": 10, "output_tokens": 900}


def merged(*reports: Observation) -> Observation:
    """What reports resolve to, in every order of up to four of them."""
    results = {msgspec.json.encode(resolve(order)) for order in itertools.permutations(reports)}
    assert len(results) == 1, "the result depends on the order"
    return resolve(reports)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"completeness": "complete"}, {"completeness": "partial", "usage": LARGE}),
        ({"completeness": "partial"}, {"completeness": "none", "usage": None}),
        ({"evidence": "span"}, {"evidence": "gateway", "detail": "coarse"}),
        ({"evidence": "gateway"}, {"evidence": "provider", "usage": LARGE}),
        ({"evidence": "provider"}, {"evidence": "span"}),
        ({"evidence": "span"}, {"evidence": "client_log"}),
        ({"evidence": "client_log"}, {"evidence": "estimate"}),
        ({"completeness": "partial", "usage": LARGE}, {"completeness": "partial"}),
        ({"completeness": "complete", "evidence": "estimate"},
         {"completeness": "partial", "evidence": "gateway"}),
    ],
)  # fmt: skip
def test_usage_is_taken_whole_from_the_best_report(
    better: dict[str, Any], worse: dict[str, Any]
) -> None:
    best, other = call(1, **{"usage": SMALL, **better}), call(1, **{"usage": SMALL, **worse})
    event = merged(best, other)
    assert (event.usage, event.completeness, event.evidence) == (
        best.usage, best.completeness, best.evidence,
    )  # fmt: skip


def test_api_and_detail_go_with_the_usage() -> None:
    log = call(1, api="claude.code", evidence="client_log", usage=LARGE)
    span = call(1, api="otel.exclusive", evidence="span", detail="coarse", usage=SMALL)
    event = merged(log, span)
    assert (event.api, event.detail, event.usage) == ("claude.code", "full", LARGE)


def test_labels_are_merged_field_by_field_by_evidence() -> None:
    gateway = call(1, evidence="gateway", team="payments", tags={"a": "gateway", "b": "gateway"})
    log = call(1, evidence="client_log", team="search", project="app", person="ann",
               tags={"a": "log", "c": "log"})  # fmt: skip
    event = merged(gateway, log)
    assert (event.team, event.project, event.person) == ("payments", "app", "ann")
    assert event.tags == {"a": "gateway", "b": "gateway", "c": "log"}


def test_a_fork_does_not_take_the_call_of_the_session_that_made_it() -> None:
    first = call(1, evidence="client_log", session="first", run="first", session_started_at=T0)
    fork = call(1, evidence="client_log", session="fork", run="fork", parent_run="first",
                session_started_at=T0 + SECOND)  # fmt: skip
    event = merged(first, fork)
    assert (event.session, event.run, event.parent_run) == ("first", "first", None)


def test_no_run_becomes_its_own_parent() -> None:
    side = call(1, evidence="client_log", run="side", parent_run="main", session_started_at=T0 + 9)
    main = call(1, evidence="client_log", run="main", session_started_at=T0, agent=None)
    event = merged(side, main)
    assert event.run == "main"
    assert event.parent_run is None


def test_the_earliest_time_and_all_keys_are_kept() -> None:
    event = merged(
        call(1, time=T0 + 5, aliases=["x:2"], self_keys=["otel:b"]),
        call(1, time=T0, aliases=["x:1"]),
        call(1, time=T0 + 9, self_keys=["otel:a"]),
    )
    assert event.time == T0
    assert event.aliases == ["x:1", "x:2"]
    assert event.self_keys == ["otel:a", "otel:b"]


def test_an_unnamed_provider_is_taken_from_another_report() -> None:
    event = merged(call(1, provider="unknown", evidence="gateway"), call(1, evidence="span"))
    assert (event.provider, event.evidence) == ("anthropic", "gateway")
    assert merged(call(1, provider="unknown"), call(1, provider="unknown")).provider == "unknown"


def test_what_a_provider_states_counts_before_what_a_client_computed() -> None:
    client = call(1, evidence="gateway", stated_cost="1", stated_by="client")
    provider = call(1, evidence="client_log", stated_cost="2", stated_by="provider")
    event = merged(client, provider, call(1, evidence="span"))
    assert (event.stated_cost, event.stated_by) == ("2", "provider")
    assert merged(call(1), call(1, team="x")).stated_cost is None


def test_a_single_report_is_its_event() -> None:
    one = call(1)
    assert resolve([one]) is one


def test_counted_things_are_summed_at_any_depth() -> None:
    assert total_counted(None) == 0
    assert total_counted({"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": True, "g": "9", "h": 1.5}) == 6
