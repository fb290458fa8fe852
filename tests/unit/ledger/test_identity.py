"""Which reports are of the same call."""

from __future__ import annotations

import random

from jevons.ledger.identity import event_id, group, is_keyless, keys
from jevons.vocabulary.observation import Observation


def report(**fields: object) -> Observation:
    """A report with only what matters here."""
    known = {"provider": "openai", "time": 1_790_000_000_000_000}
    return Observation(**{**known, **fields})  # type: ignore[arg-type]


def groups(*reports: Observation) -> set[frozenset[int]]:
    return {frozenset(members) for members in group(reports)}


def test_a_request_id_of_the_provider_joins_whatever_field_it_stands_in() -> None:
    log = report(provider="anthropic", response_id="msg_" + "a" * 20, request_id="req_" + "b" * 20)
    span = report(provider="claude", response_id="req_" + "b" * 20)
    assert groups(log, span) == {frozenset({0, 1})}


def test_two_responses_to_one_client_request_are_two_attempts() -> None:
    first = report(response_id="resp_" + "1" * 20, request_id="my-request")
    second = report(response_id="resp_" + "2" * 20, request_id="my-request")
    assert groups(first, second) == {frozenset({0}), frozenset({1})}


def test_a_client_request_id_joins_a_report_without_response_id() -> None:
    gateway = report(request_id="my-request")
    log = report(response_id="resp_" + "1" * 20, request_id="my-request")
    assert groups(gateway, log) == {frozenset({0, 1})}


def test_attempts_of_one_client_request_are_told_apart() -> None:
    assert groups(report(request_id="r"), report(request_id="r", attempt=2)) == {
        frozenset({0}),
        frozenset({1}),
    }


def test_short_ids_join_only_within_a_provider_and_repeating_ids_within_a_second() -> None:
    assert groups(report(response_id="42"), report(response_id="42", provider="x")) == {
        frozenset({0}),
        frozenset({1}),
    }
    later = 1_790_000_000_000_000 + 5_000_000
    assert (
        len(
            groups(
                report(response_id="chatcmpl-123"), report(response_id="chatcmpl-123", time=later)
            )
        )
        == 2
    )


def test_only_span_ids_are_keyless() -> None:
    assert is_keyless(report(self_keys=["otel:1/2"]))
    assert not is_keyless(report(aliases=["litellm:1"]))
    assert keys(report()) and keys(report())[0].startswith("content:")


def test_the_event_id_does_not_depend_on_order() -> None:
    reports = [report(aliases=[f"a:{n}", f"a:{n + 1}"]) for n in range(20)]
    wanted = event_id(reports)
    random.Random(1).shuffle(reports)
    assert event_id(reports) == wanted
    assert len(group(reports)) == 1
