"""Invariant 1 on arbitrary identities: the books do not depend on order, batches or repetition."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.ledger.identity import event_id, group
from jevons.ledger.matching import match
from jevons.ledger.resolution import resolve
from jevons.vocabulary.observation import Observation
from tests.conftest import PROVING
from tests.unit.stores.sample import SECOND, T0, call, opened, report_bytes

RESPONSES = (None, "msg_" + "1" * 20, "msg_" + "2" * 20, "msg_" + "3" * 20, "chatcmpl-123", "7")
REQUESTS = (None, None, "mine", "yours", "req_" + "a" * 20, "req_" + "b" * 20)


@st.composite
def reports(draw: Any) -> list[Observation]:
    """Up to nine reports that meet by few keys, of which some have none."""
    found = []
    for number in range(draw(st.integers(1, 9))):
        own = draw(st.sampled_from([[], [], [f"otel:{number}"], ["otel:shared"], ["line:1"]]))
        found.append(
            Observation(
                provider=draw(st.sampled_from(["anthropic", "anthropic", "unknown"])),
                api="anthropic.messages",
                time=T0 + draw(st.sampled_from([0, 1, 5, 20, 400, 2000])) * SECOND,
                request_model=draw(st.sampled_from(["claude-opus-4-8", "claude-sonnet-4-6", None])),
                response_id=draw(st.sampled_from(RESPONSES)),
                request_id=draw(st.sampled_from(REQUESTS)),
                attempt=draw(st.sampled_from([None, None, 1, 2])),
                aliases=draw(st.sampled_from([[], [], ["litellm:1"], ["litellm:1", "x:2"]])),
                self_keys=own,
                source=draw(st.sampled_from(["claude-code", "otlp"])),
                evidence=draw(st.sampled_from(["gateway", "span", "client_log"])),
                completeness=draw(st.sampled_from(["complete", "complete", "partial"])),
                usage={"input_tokens": draw(st.sampled_from([100, 100, 7])), "output_tokens": 5},
                team=draw(st.sampled_from([None, "a", "b"])),
                session_started_at=draw(st.sampled_from([None, T0 - 5, T0 - 9])),
            )
        )
    return found


def copies(observations: list[Observation]) -> list[Observation]:
    return [msgspec.structs.replace(one) for one in observations]


def books_of(jevons: Jevons) -> tuple[bytes, list[Any]]:
    """All that the books say, but for when it was recorded."""
    events = [{**e, "recorded_at": None} for e in jevons.events(Query())]
    return report_bytes(jevons), sorted(events, key=lambda e: str(e["event_id"]))


@settings(max_examples=150 if PROVING else 4)
@given(observations=reports(), data=st.data())
def test_batches_and_order_do_not_matter(
    observations: list[Observation], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with opened(tmp_path_factory.mktemp("whole")) as jevons:
        jevons.store.seal(copies(observations))
        expected = books_of(jevons)
        assert jevons.verify().first_difference is None
    order = copies(data.draw(st.permutations(observations)))
    size = data.draw(st.integers(1, 3))
    again = copies(data.draw(st.lists(st.sampled_from(observations), max_size=2)))
    with opened(tmp_path_factory.mktemp("parts")) as jevons:
        for start in range(0, len(order), size):
            jevons.store.seal(order[start : start + size])
        jevons.store.seal(again)
        assert books_of(jevons) == expected
        assert jevons.verify().first_difference is None


@settings(max_examples=1000 if PROVING else 150)
@given(observations=reports(), data=st.data())
def test_the_pure_rules_do_not_depend_on_order(
    observations: list[Observation], data: st.DataObject
) -> None:
    """Grouping, matching and resolution alone, which is much faster to try."""
    unlike = list({msgspec.json.encode(one): one for one in observations}.values())
    assert known(unlike) == known(data.draw(st.permutations(unlike)))


def known(observations: list[Observation]) -> list[tuple[Any, ...]]:
    """The calls that follow from observations, in an order of their own."""
    calls = []
    for one in match(observations, group(observations)):
        members = [observations[p] for p in one.members]
        merged = msgspec.json.encode(resolve(members))
        calls.append((event_id(members), merged, len(members), one.possible_duplicate))
    return sorted(calls)


@settings(max_examples=300 if PROVING else 60)
@given(observations=reports())
def test_usage_is_that_of_one_report_and_nothing_is_dropped(
    observations: list[Observation],
) -> None:
    matched = match(observations, group(observations))
    assert sorted(p for one in matched for p in one.members) == list(range(len(observations)))
    for one in matched:
        members = [observations[p] for p in one.members]
        event = resolve(members)
        assert event.usage in [member.usage for member in members]
        assert int(event.time) == min(int(member.time) for member in members)


def chain(count: int, step: int) -> list[Observation]:
    """A client that asks the same thing again and again, logged twice: with and without an id."""
    usage = {"input_tokens": 100, "output_tokens": 5}
    logged = [call(n, time=T0 + n * step, usage=usage) for n in range(count)]
    spans = [
        call(n, time=T0 + n * step + SECOND, usage=usage, response_id=None, source="otlp",
             evidence="span", self_keys=[f"otel:{n:04d}"])
        for n in range(count)
    ]  # fmt: skip
    return [*logged, *spans]


@pytest.mark.parametrize("way", ["in time", "logs first"])
def test_a_long_chain_of_equal_calls_is_matched_the_same_in_any_order(
    way: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """120 equal calls 25 s apart, each reported by two tools: one cluster of 50 minutes."""
    everything = chain(120, 25 * SECOND)
    with opened(tmp_path_factory.mktemp("whole")) as jevons:
        jevons.store.seal(copies(everything))
        expected = books_of(jevons)
        assert jevons.report(Query()).total.calls == 120
    ordered = copies(everything)
    if way == "in time":
        ordered.sort(key=lambda one: int(one.time))
    with opened(tmp_path_factory.mktemp("parts")) as jevons:
        for start in range(0, len(ordered), 50):
            jevons.store.seal(ordered[start : start + 50])
        assert books_of(jevons) == expected


def test_a_call_that_took_an_hour_is_matched_the_same_in_any_order(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The log has the call's start and duration, the span without an id its end."""
    usage = {"input_tokens": 100, "output_tokens": 5}
    log = call(1, time=T0, usage=usage, latency_ms=3_600_000)
    span = call(1, time=T0 + 3_601 * SECOND, usage=usage, response_id=None, self_keys=["otel:1"],
                source="otlp", evidence="span")  # fmt: skip
    seen = []
    for number, batches in enumerate(([[log, span]], [[log], [span]], [[span], [log]])):
        with opened(tmp_path_factory.mktemp(f"home{number}")) as jevons:
            for batch in batches:
                jevons.store.seal(copies(batch))
            seen.append(books_of(jevons))
            assert jevons.verify().first_difference is None
    assert seen[0] == seen[1] == seen[2]
