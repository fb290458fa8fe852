"""Invariant 1 for reports without a key: what they join does not depend on what came before them.

A report that comes late can move another call in time or in size, towards a report without a key or
away from one that had joined it. After every batch the books must be those of all reports so far in
one batch, and `verify` must agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.ledger.identity import group
from jevons.ledger.matching import CALL_US, GAP_US, SPAN_US, WINDOW_US, match
from jevons.vocabulary.observation import Observation
from tests.conftest import PROVING
from tests.unit.stores.sample import HOUR, SECOND, T0, opened, report_bytes

Batches = list[list[Observation]]

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}
FEWER = {"prompt_tokens": 1000, "completion_tokens": 40}
THOUGHT = {**USAGE, "completion_tokens_details": {"reasoning_tokens": 60}}

NEAR = (0, 5 * SECOND, GAP_US, GAP_US + 1, 45 * SECOND, 2 * GAP_US, 2 * GAP_US + 1, 90 * SECOND)
FAR = (0, GAP_US + 1, HOUR, SPAN_US - 1, SPAN_US, CALL_US + GAP_US, CALL_US + GAP_US + 1,
       2 * CALL_US, 2 * (CALL_US + GAP_US), 3 * CALL_US, WINDOW_US, WINDOW_US + 1)  # fmt: skip
KEYS: tuple[dict[str, Any], ...] = (
    {}, {"self_keys": ["span:1"]}, {"self_keys": ["span:2"]}, {"self_keys": ["log:1"]},
    {"self_keys": ["span:3", "log:1"]}, {"response_id": "r1"}, {"response_id": "r2"},
    {"response_id": "r1", "self_keys": ["log:1"]}, {"response_id": "r2", "request_id": "mine"},
    {"request_id": "mine", "self_keys": ["span:2"]}, {"aliases": ["x:1"], "response_id": "r3"},
)  # fmt: skip


def report(time: int, **fields: Any) -> Observation:
    """A report of a call to gpt-4.1 at a time (microseconds after T0)."""
    values = {"provider": "openai", "api": "openai.chat", "request_model": "gpt-4.1"}
    return Observation(**{**values, "usage": USAGE, **fields, "time": T0 + time})


def calls_of(reports: list[Observation]) -> int:
    """How many calls the reports make, by the rule alone."""
    unlike = list({msgspec.json.encode(one): one for one in reports}.values())
    return len(match(unlike, group(unlike)))


@st.composite
def arrivals(draw: Any) -> Batches:
    """Two to eight reports in up to four batches: few keys, times at the edges of the rule."""
    times = draw(st.sampled_from([NEAR, NEAR, FAR]))
    latencies = (None, None, 1000, GAP_US // 1000, CALL_US // 1000, CALL_US // 100)
    batches: Batches = [[], [], [], []]
    for _ in range(draw(st.integers(2, 8))):
        one = report(
            draw(st.sampled_from(times)) + draw(st.sampled_from([0, 0, 1, -1])),
            **draw(st.sampled_from(KEYS)),
            request_model=draw(st.sampled_from(["gpt-4.1", "gpt-4.1", "gpt-4.1-2025-04-14", None])),
            provider=draw(st.sampled_from(["openai", "openai", "unknown"])),
            usage=draw(st.sampled_from([USAGE, USAGE, THOUGHT, FEWER])),
            completeness=draw(st.sampled_from(["complete", "complete", "partial"])),
            evidence=draw(st.sampled_from(["gateway", "span", "client_log"])),
            source=draw(st.sampled_from(["codex", "otlp"])),
            latency_ms=draw(st.sampled_from(latencies)),
        )
        batches[draw(st.integers(0, 3))].append(one)
    return [batch for batch in batches if batch]


def books_of(jevons: Jevons) -> tuple[bytes, list[Any]]:
    """All that the books say, but for when it was recorded."""
    events = [{**e, "recorded_at": None} for e in jevons.events(Query())]
    return report_bytes(jevons), sorted(events, key=lambda e: str(e["event_id"]))


def sealed(jevons: Jevons, batch: list[Observation]) -> None:
    jevons.store.seal([msgspec.structs.replace(one) for one in batch])


def check(batches: Batches, home: Path) -> tuple[bytes, list[Any]]:
    """The books after each batch follow from the reports so far; returns what they say at last."""
    with opened(home) as jevons:
        for number, batch in enumerate(batches, 1):
            sealed(jevons, batch)
            assert jevons.verify().first_difference is None
            so_far = [one for earlier in batches[:number] for one in earlier]
            assert jevons.report(Query()).total.calls == calls_of(so_far)
        return books_of(jevons)


@settings(max_examples=400 if PROVING else 4)
@given(batches=arrivals())
def test_the_books_are_those_of_one_batch_after_every_batch(
    batches: Batches, tmp_path_factory: pytest.TempPathFactory
) -> None:
    together = [[one for batch in batches for one in batch]]
    expected = check(together, tmp_path_factory.mktemp("whole"))
    assert check(batches, tmp_path_factory.mktemp("parts")) == expected


LOG = report(60 * SECOND, response_id="r1", self_keys=["log:1"])
SPAN = report(5 * SECOND, self_keys=["span:1"], source="otlp", evidence="span")
CUT = report(5 * SECOND, self_keys=["log:1"], completeness="partial", usage=FEWER)

LATE: dict[str, tuple[Batches, int]] = {
    "a partial report moves a call to a span": ([[SPAN, LOG], [CUT]], 1),
    "the same with three batches": ([[SPAN], [LOG], [CUT]], 1),
    "the call comes last": ([[CUT], [SPAN], [LOG]], 1),
    "a partial report moves a call away from its span": (
        [[report(60 * SECOND, self_keys=["span:1"], source="otlp"), LOG], [
            report(-60 * SECOND, self_keys=["log:1"], completeness="partial", usage=FEWER)]],
        2,
    ),
    "and then the span of where it went joins": (
        [[report(60 * SECOND, self_keys=["span:1"], source="otlp"), LOG],
         [report(-50 * SECOND, self_keys=["span:2"], source="otlp")],
         [report(-60 * SECOND, self_keys=["log:1"], completeness="partial", usage=FEWER)]],
        2,
    ),
    "a complete report changes the counts of a call": (
        [[report(0, self_keys=["span:1"], source="otlp", usage=FEWER), LOG],
         [report(0, response_id="r1", usage=FEWER, evidence="gateway")]],
        1,
    ),
    "a late answer frees a report from a retried request id": (
        [[report(0, self_keys=["span:1"], source="otlp"), report(0, request_id="mine")],
         [report(0, request_id="mine", response_id="r1", completeness="partial", usage=FEWER)],
         [report(HOUR, request_id="mine", response_id="r2")]],
        3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LATE)
def test_a_late_report_moves_a_call(name: str, tmp_path: Path) -> None:
    batches, calls = LATE[name]
    assert calls_of([one for batch in batches for one in batch]) == calls
    check(batches, tmp_path / "home")


def row(count: int, step: int, source: str, **fields: Any) -> list[Observation]:
    """Equal calls, one every `step` microseconds; each source has an id or a line for it."""
    own = "response_id" if source == "codex" else "self_keys"
    return [
        report(n * step, source=source, **{own: f"r{n}" if source == "codex" else [f"span:{n}"]},
               latency_ms=step // 1000, **fields)
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize(("hours", "calls"), [(5, 6), (6, 14)])
def test_an_endless_row_of_equal_calls_is_not_paired(
    hours: int, calls: int, tmp_path: Path
) -> None:
    """Of six equal calls in five hours each has its span; with a seventh it is too long a row."""
    logs, spans = row(hours + 1, HOUR, "codex"), row(hours + 1, HOUR, "otlp")
    assert calls_of([*logs, *spans]) == calls
    check([[*logs, *spans[:-1]], spans[-1:]], tmp_path / "span last")
    check([[*logs[1:], *spans], logs[:1]], tmp_path / "log last")


def test_a_report_that_names_no_provider_is_not_joined_to_other_counts() -> None:
    """Read as Google's, the thoughts of the span are no output: then the two are not equal."""
    counts = {"promptTokenCount": 100, "candidatesTokenCount": 40}
    span = report(0, provider="unknown", api="gemini.generate_content", evidence="gateway",
                  usage={**counts, "thoughtsTokenCount": 25}, self_keys=["span:1"])  # fmt: skip
    log = report(0, provider="google", api="gemini.generate_content", response_id="r1",
                 usage={**counts, "candidatesTokenCount": 65}, source="gemini-cli")  # fmt: skip
    assert sorted(one.possible_duplicate for one in match([span, log], [[0], [1]])) == [False, True]
