"""Log records: which events are calls, and how they join the spans of the same calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jevons.ledger.identity import group
from jevons.ledger.resolution import resolve
from jevons.sources.otlp import SOURCE
from jevons.sources.otlp.envelope import LogRecord, Origin
from jevons.sources.otlp.logs import observations
from jevons.sources.otlp.metrics import roll_ups
from jevons.sources.otlp.pairing import MOST, Pairing
from jevons.vocabulary.observation import Observation

FIXTURES = Path(__file__).parents[2] / "fixtures" / "otlp"
START = 1_790_000_000_000_000_000


def calls_of(*names: str) -> list[Observation]:
    found = [item for name in names for item in SOURCE.read(FIXTURES / f"{name}.json", {})]
    assert all(isinstance(item, Observation) for item in found)
    return [item for item in found if isinstance(item, Observation)]


def record(event: str, attributes: dict[str, Any], **more: Any) -> LogRecord:
    fields = {"time": START, "observed": START, "trace_id": "", "span_id": ""} | more
    return LogRecord(Origin({}, fields.pop("scope", "")), event, attributes=attributes, **fields)


def read(*records: LogRecord) -> list[Observation]:
    found = list(observations(records, Pairing({})))
    return [item for item in found if isinstance(item, Observation)]


class TestClaudeCode:
    """`api_request`, with the request's id that the span and the local log have too."""

    def test_calls(self) -> None:
        first, second, refused = calls_of("claude-code-logs")
        assert (first.api, first.detail, first.evidence) == (
            "otel.exclusive", "coarse", "client_log",
        )  # fmt: skip
        assert (first.stated_cost, first.stated_by) == ("0.01682", "client")
        # Logged at 20.090 s, 80 ms after it began.
        assert (first.time, first.latency_ms) == (1790000000010000, 80)
        assert (first.run, first.tags["effort"]) == (first.session, "high")
        assert second.agent == "general-purpose"
        assert (refused.status, refused.error) == ("error", "429")

    def test_joins_the_spans(self) -> None:
        calls = calls_of("claude-code-logs", "claude-code-traces")
        assert (len(calls), len(group(calls))) == (6, 3)


class TestCodex:
    """`sse_event`: a completed response comes twice, numbers come as text, there is no id."""

    def test_calls(self) -> None:
        refused, first, second = calls_of("codex-logs")
        assert (refused.error, refused.completeness) == ("429", "none")
        assert first.usage == {
            "input_tokens": 8000,
            "output_tokens": 90,
            "total_tokens": 8090,
            "cache_read_input_tokens": 6000,
            "cache_write_input_tokens": 0,
            "reasoning_output_tokens": 40,
        }
        assert (first.api, first.detail) == ("otel.gen_ai", "full")
        assert (first.session, first.run) == ("01a2-codex", "01a2-codex")
        assert (first.harness, first.harness_version) == ("codex", "0.169.0")
        assert (first.time, second.time) == (1790000000012000, 1790000000052000)
        assert [call.response_id for call in (first, second)] == [None, None]

    def test_the_kinds_of_reports_differ_from_those_of_spans(self) -> None:
        # So the ledger may match them by model, time and counts.
        kinds = {call.self_keys[0].split(":")[0] for call in calls_of("codex-logs")}
        assert kinds == {"codex.sse_event", "codex.api_request"}


class TestGeminiCli:
    """Two events of one answer, one with all counters, one with the id, and the span."""

    def test_both_events_and_the_span_are_one_call(self) -> None:
        calls = calls_of("gemini-cli-logs", "gemini-cli-traces")
        groups = group(calls)
        assert (len(calls), len(groups)) == (7, 3)
        events = sorted(
            (resolve([calls[p] for p in members]) for members in groups), key=lambda e: e.time
        )
        first, second, failed = events
        assert [first.response_id, second.response_id] == [
            "gemini-response-01aa", "gemini-response-02bb",
        ]  # fmt: skip
        assert (first.api, first.detail) == ("gemini.cli", "full")
        assert first.usage == {
            "input": 900, "output": 30, "cached": 600, "thoughts": 12, "tool": 0, "total": 942,
        }  # fmt: skip
        assert (first.host, first.step) == ("ai-studio", f"{31:016x}")
        assert (failed.error, failed.completeness) == ("503 ApiError", "none")

    def test_the_request_is_no_call(self) -> None:
        attributes = {"gen_ai.operation.name": "generate_content", "gen_ai.request.model": "m"}
        assert read(record("gen_ai.client.inference.operation.details", attributes)) == []


class TestQwenCode:
    """Gemini CLI's family; thoughts may be inside output, and the response has an id."""

    def event(self, total: int) -> Observation:
        attributes = {
            "model": "qwen3-coder",
            "response_id": "chatcmpl-qwen000000000",
            "duration_ms": 10,
            "input_token_count": 100,
            "output_token_count": 30,
            "cached_content_token_count": 60,
            "thoughts_token_count": 20,
            "total_token_count": total,
        }
        (found,) = read(record("qwen-code.api_response", attributes, scope="qwen-code"))
        return found

    def test_inside(self) -> None:
        found = self.event(130)
        assert found.api == "otel.gen_ai"
        assert (found.usage or {})["reasoning_output_tokens"] == 20
        assert found.response_id == "chatcmpl-qwen000000000"
        assert found.harness == "qwen-code"

    def test_outside(self) -> None:
        assert self.event(150).api == "gemini.cli"


class TestConventionalEvent:
    """`gen_ai.client.inference.operation.details` of an instrumentation."""

    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.4",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
    }
    event = "gen_ai.client.inference.operation.details"

    def test_it_is_the_call_of_the_span_that_it_lies_in(self) -> None:
        place = {"trace_id": "a" * 32, "span_id": "b" * 16}
        (found,) = read(record(self.event, self.attributes, **place))
        assert found.self_keys[1:] == [f"otel:{'a' * 32}/{'b' * 16}"]
        assert (found.evidence, found.run) == ("span", "a" * 32)

    def test_several_in_one_span_are_several_calls(self) -> None:
        place = {"trace_id": "a" * 32, "span_id": "b" * 16}
        found = read(
            record(self.event, self.attributes, **place),
            record(self.event, self.attributes, **(place | {"time": START + 5})),
        )
        assert len(group(found)) == 2

    def test_an_id_joins_by_itself(self) -> None:
        attributes = self.attributes | {"gen_ai.response.id": "chatcmpl-event00000000"}
        (found,) = read(record(self.event, attributes, trace_id="a" * 32, span_id="b" * 16))
        assert (found.response_id, len(found.self_keys)) == ("chatcmpl-event00000000", 1)

    def test_a_failure_is_a_call_of_unknown_usage(self) -> None:
        attributes = {"gen_ai.request.model": "gpt-5.4", "error.type": "timeout"}
        (found,) = read(record(self.event, attributes))
        assert (found.status, found.error, found.completeness) == ("error", "timeout", "none")


class TestTime:
    """The event's own time first, then the record's, then that of observation."""

    @pytest.mark.parametrize(
        ("stamp", "time", "observed", "expected"),
        [
            ("2026-09-21T14:13:20.5Z", START, START, 1790000000500000),
            ("2026-09-21T14:13:20.5", START, START, 1790000000000000),
            ("yesterday", START, START, 1790000000000000),
            (None, 0, START + 9000, 1790000000000009),
        ],
    )
    def test_order(self, stamp: str | None, time: int, observed: int, expected: int) -> None:
        attributes = {"model": "m", "input_tokens": 1, "output_tokens": 1, "event.timestamp": stamp}
        found = read(record("claude_code.api_request", attributes, time=time, observed=observed))
        assert found[0].time == expected

    def test_none_is_told(self) -> None:
        attributes = {"model": "m", "input_tokens": 1, "output_tokens": 1}
        event = record("claude_code.api_request", attributes, time=0, observed=0)
        assert list(observations([event], Pairing({}))) == [
            "the record of a model call has no time"
        ]


class TestPairing:
    """Answers find the span of their request only when there is no doubt."""

    first = {"session.id": "s", "prompt_id": "p", "model": "m"}

    def test_one_after_the_other(self) -> None:
        pairing = Pairing({})
        for number in (1, 2):
            pairing.open(self.first, number * 1000, f"span-{number}")
            assert pairing.close(self.first, number * 1000 + 10) == f"span-{number}"
        assert pairing.close(self.first, 5000) is None

    def test_two_at_once_are_ambiguous_until_both_are_answered(self) -> None:
        pairing = Pairing({})
        pairing.open(self.first, 1000, "span-1")
        pairing.open(self.first, 2000, "span-2")
        assert [pairing.close(self.first, 3000) for _ in range(2)] == [None, None]
        pairing.open(self.first, 9000, "span-3")
        assert pairing.close(self.first, 9000) == "span-3"

    def test_an_answer_that_began_earlier_belongs_to_another_request(self) -> None:
        pairing = Pairing({})
        pairing.open(self.first, 10_000_000, "span-1")
        assert pairing.close(self.first, 5_000_000) is None

    def test_others_do_not_disturb(self) -> None:
        pairing = Pairing({})
        pairing.open(self.first, 1000, "span-1")
        pairing.open(self.first | {"model": "other"}, 1000, "span-2")
        assert pairing.close(self.first, 1000) == "span-1"

    def test_the_open_requests_are_kept_in_the_state_and_bounded(self) -> None:
        state: dict[str, Any] = {}
        pairing = Pairing(state)
        for number in range(MOST + 5):
            pairing.open(self.first | {"prompt_id": str(number)}, number, f"span-{number}")
        assert len(state["open"]) == MOST
        again = Pairing(state)
        assert again.close(self.first | {"prompt_id": "50"}, 60) == "span-50"
        assert again.close(self.first | {"prompt_id": "51"}, 10**12) is None
        assert state["open"] == []


@pytest.mark.parametrize(
    "event",
    [
        "claude_code.user_prompt", "claude_code.assistant_response", "codex.turn_cost",
        "claude_code.subagent_completed", "gemini_cli.config", "gen_ai.user.message",
        "gen_ai.evaluation.result", "",
    ],
)  # fmt: skip
def test_other_events_are_no_calls(event: str) -> None:
    attributes = {
        "model": "m", "input_tokens": 5, "output_tokens": 5, "total_tokens": 10, "cost_usd": 1.0,
    }  # fmt: skip
    assert read(record(event, attributes)) == []


def test_a_record_sent_again_has_the_same_key() -> None:
    assert [call.self_keys for call in calls_of("codex-logs")] == [
        call.self_keys for call in calls_of("codex-logs")
    ]
    assert len({call.self_keys[0] for call in calls_of("codex-logs")}) == 3


def test_metrics_are_roll_ups() -> None:
    metrics = [
        ("gen_ai.client.inference.usage.input_tokens", 2),
        ("claude_code.cost.usage", 1),
        ("http.server.duration", 7),
    ]
    assert roll_ups(metrics) == 3
