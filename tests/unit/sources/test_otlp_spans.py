"""Spans: what is a call, what only sums calls, and what each emitter's calls say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jevons.ledger.identity import group
from jevons.ledger.resolution import resolve
from jevons.sources.otlp import SOURCE
from jevons.sources.otlp.attributes import cost_of, error_of, identity_of, models_of
from jevons.sources.otlp.counts import dialect_of, usage_of
from jevons.sources.otlp.emitters import CONVENTIONAL, EMITTERS, emitter_of, served_by
from jevons.sources.otlp.envelope import Origin, Span
from jevons.sources.otlp.payloads import LONGEST, counters, literal
from jevons.sources.otlp.spans import is_call, observations
from jevons.vocabulary.observation import Observation

FIXTURES = Path(__file__).parents[2] / "fixtures" / "otlp"
TRACE = "a" * 32


def calls_of(name: str) -> list[Observation]:
    found = list(SOURCE.read(FIXTURES / f"{name}.json", {}))
    assert all(isinstance(item, Observation) for item in found)
    return [item for item in found if isinstance(item, Observation)]


def events_of(name: str) -> list[Observation]:
    """The calls of a fixture, reports of one call merged, in order of time."""
    calls = calls_of(name)
    events = [resolve([calls[p] for p in members]) for members in group(calls)]
    return sorted(events, key=lambda event: event.time)


def span(attributes: dict[str, Any], number: int = 1, parent: int = 0, **more: Any) -> Span:
    origin = Origin(more.pop("resource", {}), more.pop("scope", ""))
    parent_id = f"{parent:016x}" if parent else ""
    start = 1_790_000_000_000_000_000
    fields = {"start": start, "end": start + 1_000_000, "failed": False} | more
    return Span(origin, TRACE, f"{number:016x}", parent_id, attributes=attributes, **fields)


def chat(tokens: tuple[int, int] = (10, 5), **more: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5.4",
        "gen_ai.usage.input_tokens": tokens[0],
        "gen_ai.usage.output_tokens": tokens[1],
    } | more


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (chat(), True),
        ({"gen_ai.operation.name": "chat"}, True),
        (chat() | {"gen_ai.operation.name": "embeddings"}, True),
        (chat() | {"gen_ai.operation.name": "invoke_agent"}, False),
        (chat() | {"gen_ai.operation.name": "agent_step"}, False),
        (chat() | {"gen_ai.operation.name": "invoke_workflow"}, False),
        (chat() | {"gen_ai.operation.name": "execute_tool"}, False),
        (chat() | {"gen_ai.operation.name": "fetch_response"}, False),
        (chat() | {"gen_ai.operation.name": "update_memory"}, False),
        (chat() | {"gen_ai.aggregated_usage.input_tokens": 10}, False),
        (chat() | {"codex.turn.token_usage.input_tokens": 10}, False),
        (chat() | {"openinference.span.kind": "AGENT"}, False),
        (chat() | {"openinference.span.kind": "CHAIN"}, False),
        (chat() | {"openinference.span.kind": "LLM"}, True),
        (chat() | {"langfuse.observation.type": "agent"}, False),
        (chat() | {"langfuse.observation.type": "generation"}, True),
        (chat() | {"ai.operationId": "ai.generateText"}, False),
        (chat() | {"ai.operationId": "ai.streamText.doStream"}, True),
        (chat() | {"ai.operationId": "ai.toolCall"}, False),
        (chat() | {"span.type": "interaction"}, False),
        ({"llm.request.type": "completion", "gen_ai.request.model": "gpt-4o"}, True),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3}, True),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 0}, False),
        ({"gen_ai.usage.input_tokens": 3}, False),
        ({"traceloop.span.kind": "task", "model": "m", "input_tokens": 3}, False),
        ({"http.request.method": "GET"}, False),
        ({}, False),
    ],
)
def test_what_is_a_call(attributes: dict[str, Any], expected: bool) -> None:
    assert is_call(span(attributes), CONVENTIONAL) is expected


class TestNested:
    """A framework's span without an id around the spans of an SDK."""

    def calls(self, *spans: Span) -> list[Observation]:
        return [item for item in observations(spans) if isinstance(item, Observation)]

    def test_equal_counts_are_the_same_call(self) -> None:
        inner = span(chat(**{"gen_ai.response.id": "chatcmpl-inner00000000"}), 3, 2)
        found = self.calls(span(chat(), 1), span({"other": 1}, 2, 1), inner)
        assert len(found) == 2
        assert len(group(found)) == 1

    def test_several_calls_below_make_a_sum(self) -> None:
        found = self.calls(span(chat((20, 10)), 1), span(chat(), 2, 1), span(chat(), 3, 1))
        assert [call.step for call in found] == [f"{2:016x}", f"{3:016x}"]

    def test_other_counts_make_a_sum(self) -> None:
        found = self.calls(span(chat((30, 5)), 1), span(chat(), 2, 1))
        assert [call.step for call in found] == [f"{2:016x}"]

    def test_a_failed_attempt_below_does_not_count(self) -> None:
        refused = span({"gen_ai.operation.name": "chat"}, 2, 1, failed=True)
        found = self.calls(span(chat(), 1), refused, span(chat(), 3, 1))
        assert len(found) == 3
        assert len(group(found)) == 2

    def test_ids_decide_where_they_are(self) -> None:
        outer = span(chat((30, 5), **{"gen_ai.response.id": "chatcmpl-outer00000000"}), 1)
        found = self.calls(outer, span(chat(), 2, 1))
        assert len(group(found)) == 2

    def test_siblings_below_an_agent_stay_apart(self) -> None:
        agent = span({"gen_ai.operation.name": "invoke_agent"}, 1)
        found = self.calls(agent, span(chat(), 2, 1), span(chat(), 3, 1))
        assert len(group(found)) == 2

    def test_a_ring_of_parents_ends(self) -> None:
        assert len(self.calls(span(chat(), 1, 2), span({}, 2, 1))) == 1


def test_a_call_without_times_is_told() -> None:
    (reason,) = observations([span(chat(), start=0, end=0)])
    assert reason == "the span of a model call has neither a start nor an end time"


class TestClaudeCode:
    """Claude Code's spans: exclusive counters, the request's id in place of the response's."""

    def test_calls(self) -> None:
        first, second, refused = calls_of("claude-code-traces")
        assert first.response_id is None
        assert first.request_id == "req_011AAAAAAAAAAAAAAAAAAA01"
        assert (first.api, first.detail, first.evidence) == ("otel.exclusive", "coarse", "span")
        assert first.usage == {
            "input_tokens": 9,
            "output_tokens": 31,
            "cache_read_input_tokens": 4000,
            "cache_write_input_tokens": 700,
        }
        assert (first.request_model, first.tags["model_variant"]) == ("claude-opus-4-8", "1m")
        assert (first.speed, first.latency_ms, first.status) == ("standard", 80, "ok")
        assert (refused.status, refused.error, refused.usage) == ("error", "429", None)
        assert (refused.completeness, refused.attempt) == ("none", 2)
        assert second.run == f"{first.session}/a4b461d8"
        assert (second.parent_run, first.parent_run) == (first.session, None)

    def test_attribution(self) -> None:
        first = calls_of("claude-code-traces")[0]
        assert (first.harness, first.harness_version) == ("claude-code", "2.1.200")
        assert (first.team, first.application, first.run) == ("platform", None, first.session)
        assert first.tags["department"] == "engineering"
        assert "os.type" not in first.tags


def test_codex_names_the_model_above_and_no_session() -> None:
    calls = calls_of("codex-traces")
    assert [call.request_model for call in calls] == ["gpt-5.4", "gpt-5.4"]
    assert [call.session for call in calls] == [None, None]
    assert [call.latency_ms for call in calls] == [None, None]
    assert calls[0].usage == {
        "input_tokens": 8000,
        "output_tokens": 90,
        "total_tokens": 8090,
        "cache_read_input_tokens": 6000,
        "cache_write_input_tokens": 0,
        "reasoning_output_tokens": 40,
    }


def test_gemini_cli_leaves_out_cache_and_thoughts() -> None:
    calls = calls_of("gemini-cli-traces")
    assert [call.usage for call in calls] == [
        {"input_tokens": 900, "output_tokens": 30},
        {"input_tokens": 901, "output_tokens": 30},
    ]
    assert {(c.api, c.detail, c.provider) for c in calls} == {("otel.gemini", "coarse", "google")}
    assert {(c.harness, c.harness_version, c.agent) for c in calls} == {("gemini-cli", None, None)}


class TestLitellm:
    """LiteLLM's several spans of one call, and the provider's answer below."""

    def test_joined_by_span_call_and_response(self) -> None:
        calls = calls_of("litellm-traces")
        assert (len(calls), len(group(calls))) == (5, 3)

    def test_usage_object_and_answer(self) -> None:
        first, second, failed = events_of("litellm-traces")
        assert (first.provider, first.request_id) == ("anthropic", "req_011BBBBBBBBBBBBBBBBBBB01")
        assert first.usage == {
            "input_tokens": 5000,
            "output_tokens": 20,
            "total_tokens": 5020,
            "cache_read_input_tokens": 4000,
            "cache_write_input_tokens": 900,
            "cache_write_5m_input_tokens": 100,
            "cache_write_1h_input_tokens": 800,
            "reasoning_output_tokens": 0,
            "web_searches": 2,
        }
        # The usage object of the second was cut short: the raw answer has the split.
        assert (second.api, second.provider) == ("openai.responses", "openai")
        assert second.usage is not None
        assert second.usage["input_tokens_details"] == {"cached_tokens": 6000}
        assert (failed.status, failed.error) == ("error", "429 RateLimitError")
        assert failed.aliases == ["litellm:call-0003@1790000000700000"]

    def test_the_providers_own_id_is_known(self) -> None:
        ids = {call.response_id for call in calls_of("litellm-traces")}
        assert {"resp_rewrittenbylitellm0000000001", "resp_theproviders00000000000001"} <= ids

    def test_attribution_is_the_callers_not_the_gateways(self) -> None:
        first = events_of("litellm-traces")[0]
        assert (first.team, first.customer, first.key) == ("payments", "acme", "key-ci")
        assert (first.environment, first.application, first.run, first.step) == (None,) * 4
        assert first.person is None  # default_user_id names nobody
        assert first.tags == {"model_group": "smart", "order_id": "o-1"}


class TestOpeninference:
    """OpenInference: ids in the answer's text, the SDK's own span beside."""

    def test_ids(self) -> None:
        assert [event.response_id for event in events_of("openinference-traces")] == [
            "chatcmpl-oi01aaaaaaaaaaaaaaaa",
            "resp_oi02aaaaaaaaaaaaaaaa",  # from a text that was cut short
            "msg_01oi03aaaaaaaaaaaaaa",
            "chatcmpl-oi04aaaaaaaaaaaaaaaa",  # LangChain: llm_output.id
        ]

    def test_the_sdk_span_gives_usage_and_the_other_attribution(self) -> None:
        assert len(calls_of("openinference-traces")) == 5
        event = events_of("openinference-traces")[2]
        assert event.usage is not None
        assert event.usage["cache_write_1h_input_tokens"] == 960
        assert event.request_id == "req_011CCCCCCCCCCCCCCCCCCC01"
        assert (event.person, event.session, event.task) == ("u-7", "s-1", "refund")
        assert (event.team, event.application, event.environment) == ("payments", "refunds", "test")
        assert event.tags == {"plan": "gold", "beta": "true"}


def test_openllmetry_old_and_new_names() -> None:
    new, old = events_of("openllmetry-traces")
    assert (new.usage or {})["reasoning_output_tokens"] == 20
    assert (new.person, new.session, new.customer) == ("u-8", "s-2", "acme")
    assert (new.service_tier, new.detail) == ("default", "full")
    assert old.usage == {"input_tokens": 300, "output_tokens": 7, "total_tokens": 307}
    assert (old.provider, old.detail, old.task) == ("openai", "coarse", "ZD-4")


def test_contrib_unknown_is_not_zero_and_reading_again_is_no_call() -> None:
    answered, silent, embedded, refused = events_of("contrib-openai-traces")
    assert (answered.completeness, answered.detail) == ("complete", "coarse")
    assert (silent.completeness, silent.usage, silent.status) == ("none", None, "ok")
    assert (embedded.completeness, embedded.usage) == ("complete", {"input_tokens": 5})
    assert (refused.error, refused.completeness) == ("429 RateLimitError", "none")
    assert {event.task for event in (answered, silent, embedded, refused)} == {"ZD-1"}


def test_pydantic_ai_and_the_sdk_below_are_one_call() -> None:
    (event,) = events_of("pydantic-ai-traces")
    assert (event.stated_cost, event.stated_by) == ("0.0123", "client")
    assert (event.harness, event.harness_version) == ("pydantic-ai", "2.68.0")
    assert (event.agent, event.session, event.run) == ("refund_agent", "conv-1", f"{11:032x}")
    # It says 960 for an hour of 1000 written; the other 40 are for five minutes.
    assert (calls_of("pydantic-ai-traces")[0].usage or {})["cache_write_5m_input_tokens"] == 40


def test_vercel_ai_counts_the_steps() -> None:
    first, second, anthropic, embedding = events_of("vercel-ai-traces")
    assert [(event.usage or {})["total_tokens"] for event in (first, second)] == [1150, 1150]
    assert (first.team, first.person, first.session) == ("payments", "u-7", "s-3")
    assert (first.harness, first.tags) == ("vercel-ai", {"function": "refund"})
    assert anthropic.api == "anthropic.messages"
    assert anthropic.usage == {
        "input_tokens": 30,
        "cache_creation_input_tokens": 200,
        "cache_read_input_tokens": 800,
        "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 9,
    }
    assert (embedding.usage, embedding.completeness) == ({"input_tokens": 6}, "complete")


def test_langfuse_raw_usage_and_buckets() -> None:
    raw, buckets = events_of("langfuse-traces")
    assert (raw.api, raw.stated_cost, raw.provider) == ("openai.chat", "0.0015", "openai")
    assert (raw.team, raw.person, raw.task, raw.session) == ("payments", "u-7", "ZD-1", "s-4")
    assert raw.application is None  # unknown_service
    # 20 + 500 + 100 in, 9 + 4 out.
    assert buckets.usage == {
        "input_tokens": 620,
        "output_tokens": 13,
        "cache_read_input_tokens": 500,
        "cache_write_input_tokens": 100,
        "reasoning_output_tokens": 4,
        "total_tokens": 633,
    }


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_no_text_leaves_the_source(path: Path) -> None:
    """Prompts, answers, arguments, messages of errors and names of machines all say CANARY."""
    assert b"CANARY" not in msgspec.json.encode(list(SOURCE.read(path, {})))


class TestUsage:
    """The alias table and the dialects."""

    def counts(self, attributes: dict[str, Any]) -> dict[str, Any] | None:
        return usage_of(attributes, CONVENTIONAL, "openai").counts

    def test_numbers_as_text_and_whole_floats(self) -> None:
        attributes = {"gen_ai.usage.input_tokens": "12", "gen_ai.usage.output_tokens": 5.0}
        assert self.counts(attributes) == {"input_tokens": 12, "output_tokens": 5}

    def test_what_is_no_counter(self) -> None:
        attributes = {
            "gen_ai.usage.input_tokens": "many",
            "gen_ai.usage.prompt_tokens": 3,
            "gen_ai.usage.output_tokens": True,
            "output_tokens": [5],
        }
        assert self.counts(attributes) == {"input_tokens": 3}

    def test_all_zero_is_unknown(self) -> None:
        assert self.counts({"input_tokens": 0, "output_tokens": 0}) is None

    def test_sentry(self) -> None:
        attributes = {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.input_tokens.cached": 4}
        assert self.counts(attributes) == {"input_tokens": 9, "cache_read_input_tokens": 4}

    @pytest.mark.parametrize(
        ("usage", "dialect"),
        [
            ({"prompt_tokens": 1}, "openai.chat"),
            ({"input_tokens": 1, "input_tokens_details": {}}, "openai.responses"),
            ({"input_tokens": 1, "cache_creation_input_tokens": 1}, "anthropic.messages"),
            ({"prompt_tokens": 1, "cache_creation_input_tokens": 1}, "openai.chat"),
            ({"promptTokenCount": 1}, "gemini.generate_content"),
            ({"inputTokens": 1}, "bedrock.converse"),
            ({"input": 1}, "otel.gen_ai"),
            ({"other": 1}, None),
        ],
    )
    def test_dialects_of_raw_objects(self, usage: dict[str, int], dialect: str | None) -> None:
        assert dialect_of(usage) == dialect

    def test_buckets_whose_total_says_that_details_are_inside(self) -> None:
        usage = {"input": 100, "input_cached_tokens": 80, "output": 10, "total": 110}
        attributes = {"langfuse.observation.usage_details": json.dumps(usage)}
        assert self.counts(attributes) == {
            "input_tokens": 100,
            "output_tokens": 10,
            "cache_read_input_tokens": 80,
            "total_tokens": 110,
        }

    def test_ai_sdk_5_leaves_anthropics_cache_outside(self) -> None:
        attributes = {
            "ai.usage.inputTokens": 5,
            "ai.usage.outputTokens": 2,
            "ai.usage.cachedInputTokens": 900,
        }
        assert usage_of(attributes, CONVENTIONAL, "anthropic").api == "otel.exclusive"
        assert usage_of(attributes, CONVENTIONAL, "openai").api == "otel.gen_ai"

    def test_an_answer_without_its_output_is_a_lower_bound(self) -> None:
        attributes = chat() | {"gen_ai.usage.output_tokens": None}
        (call,) = observations([span(attributes)])
        assert isinstance(call, Observation)
        assert call.completeness == "partial"

    def test_a_failed_call_with_usage_is_a_lower_bound(self) -> None:
        (call,) = observations([span(chat(), failed=True)])
        assert isinstance(call, Observation)
        assert (call.completeness, call.error) == ("partial", "error")


class TestPayloads:
    """Objects as text: JSON, Python's notation, and what is neither."""

    def test_both_notations(self) -> None:
        assert literal('{"a": 1}') == {"a": 1}
        assert literal("{'a': None, 'b': True}") == {"a": None, "b": True}
        assert literal({"a": 1}) == {"a": 1}

    @pytest.mark.parametrize(
        "text",
        ["", "[1]", "{'a': 1", "{'a': open('x')}", "{" * 500, "{'a': '" + "x" * LONGEST + "'}", 5],
    )
    def test_what_is_no_object(self, text: Any) -> None:
        assert literal(text) is None

    def test_only_numbers_and_names_of_tiers_are_kept(self) -> None:
        raw = {"a": 1, "text": "secret", "service_tier": "flex", "l": [{"modality": "TEXT"}, "x"]}
        assert counters(raw) == {"a": 1, "service_tier": "flex", "l": [{"modality": "TEXT"}]}


class TestFacts:
    """Identity, models, cost, errors, and who served the call."""

    @pytest.mark.parametrize(
        ("attributes", "response_id", "request_id"),
        [
            ({"gen_ai.response.id": "chatcmpl-1"}, "chatcmpl-1", None),
            ({"gen_ai.response.id": "req_01"}, None, "req_01"),
            ({"ai.response.id": "aitxt-madeup"}, None, None),
            ({"gen_ai.response.id": "cut … <trimmed>"}, None, None),
            ({"anthropic.request.id": "req_02"}, None, "req_02"),
            ({"output.value": '{"id": "chatcmpl-123", "choices'}, "chatcmpl-123", None),
            ({"output.value": '{"object": "x", "id": "resp_1"}'}, "resp_1", None),
            ({"output.value": '{"object": "x", "id": 5}'}, None, None),
            ({"output.value": '{"llm_output": {"id": "chatcmpl-9"}}'}, "chatcmpl-9", None),
            ({"output.value": "plain text"}, None, None),
        ],
    )
    def test_ids(
        self, attributes: dict[str, Any], response_id: str | None, request_id: str | None
    ) -> None:
        found = identity_of(attributes, CONVENTIONAL)
        assert (found.response_id, found.request_id) == (response_id, request_id)

    def test_models(self) -> None:
        attributes = {"gen_ai.request.model": "m[1m]", "gen_ai.response.model": "m-2026"}
        found = models_of(attributes)
        assert (found.request, found.response, found.variant) == ("m", "m-2026", "1m")

    @pytest.mark.parametrize(
        ("attributes", "cost"),
        [
            ({"operation.cost": 0.0001}, "0.0001"),
            ({"llm.cost.total": "0.5"}, "0.5"),
            ({"gen_ai.cost.total_cost": 0.0}, None),
            ({"langfuse.observation.cost_details": '{"total": 0.25}'}, "0.25"),
            ({"github.copilot.cost": 1}, None),
            ({"cost_usd": "free"}, None),
            ({}, None),
        ],
    )
    def test_costs(self, attributes: dict[str, Any], cost: str | None) -> None:
        assert cost_of(attributes) == cost

    @pytest.mark.parametrize(
        ("attributes", "exception", "expected"),
        [
            ({"http.response.status_code": 429, "error.type": "429"}, None, "429"),
            ({"status_code": "503"}, "openai.APIError", "503 openai.APIError"),
            ({"error.type": "a whole sentence of text"}, None, "error"),
            ({}, "TimeoutError", "TimeoutError"),
        ],
    )
    def test_errors(self, attributes: dict[str, Any], exception: str | None, expected: str) -> None:
        assert error_of(attributes, exception) == expected

    @pytest.mark.parametrize(
        ("named", "address", "model", "expected"),
        [
            ("openai.chat", None, None, ("openai", None, None)),
            ("gcp.vertex_ai", None, None, ("google", "vertex", None)),
            ("x_ai", "127.0.0.1", None, ("x-ai", None, None)),
            (None, "us-east5-aiplatform.googleapis.com", "m", ("google", "vertex", "us-east5")),
            ("openai", "eu.api.openai.com", None, ("openai", None, "eu")),
            ("openai", "a.openai.azure.com", None, ("azure", None, None)),
            ("aws.bedrock", "bedrock-runtime.eu-west-1.amazonaws.com", None,
             ("aws", "bedrock", "eu-west-1")),
            (None, None, "claude-opus-4-8", ("anthropic", None, None)),
            (None, None, "own-model", ("unknown", None, None)),
            ("NewProvider", None, None, ("newprovider", None, None)),
        ],
    )  # fmt: skip
    def test_served_by(
        self, named: str | None, address: str | None, model: str | None, expected: tuple[Any, ...]
    ) -> None:
        found = served_by(named, address, model, CONVENTIONAL)
        assert (found.provider, found.host, found.region) == expected

    @pytest.mark.parametrize(
        ("scope", "service", "name"),
        [
            ("com.anthropic.claude_code.tracing", "", "claude-code"),
            ("codex_otel.log_only", "codex_exec", "codex"),
            ("", "codex-app-server", "codex"),
            ("ai", "shop", "vercel-ai"),
            ("airflow", "shop", "conventional"),
            ("com.anthropic.sdk.python", "demo", "anthropic-sdk"),
            ("openinference.instrumentation.langchain", "", "conventional"),
        ],
    )
    def test_emitters(self, scope: str, service: str, name: str) -> None:
        assert emitter_of(Origin({"service.name": service}, scope)).name == name

    def test_each_emitter_has_a_name_of_its_own(self) -> None:
        names = [emitter.name for emitter in EMITTERS]
        assert len(set(names)) == len(names)
