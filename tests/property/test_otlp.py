"""Whatever an exporter writes: reading ends, text stays out, and the form changes nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from jevons.sources.otlp import SOURCE
from jevons.sources.otlp.attributes import COST, REQUEST_MODEL, RESPONSE_ID, USAGE
from jevons.sources.otlp.protobuf import signal_of
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection

CONTENT = (
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.prompt.0.content", "input.value",
    "gen_ai.completion.0.content", "output.value", "llm.input_messages.0.message.content",
    "ai.prompt.messages", "ai.response.text", "prompt", "response", "error", "body",
    "langfuse.observation.input", "langfuse.observation.output", "gen_ai.system_instructions",
    "metadata.prompt", "traceloop.association.properties.prompt", "ai.telemetry.metadata.question",
)  # fmt: skip
MARKERS = (
    ("gen_ai.operation.name", "chat"),
    ("openinference.span.kind", "LLM"),
    ("langfuse.observation.type", "generation"),
    ("span.type", "llm_request"),
    ("ai.operationId", "ai.generateText.doGenerate"),
    ("litellm.call_id", "c-1"),
)
SCOPES = ("", "ai", "litellm", "codex", "gemini-cli", "com.anthropic.claude_code.tracing")
EVENTS = (
    "claude_code.api_request", "gemini_cli.api_response", "gemini_cli.api_request",
    "codex.sse_event", "codex.api_request", "gen_ai.client.inference.operation.details",
)  # fmt: skip
NUMBERS = [name for names in USAGE.values() for name in names] + list(COST)

scalars: st.SearchStrategy[Any] = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(lambda n: {"intValue": n}),
    st.integers(0, 10**6).map(lambda n: {"intValue": str(n)}),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: {"doubleValue": x}),
    st.booleans().map(lambda b: {"boolValue": b}),
    st.text(max_size=8).map(lambda t: {"stringValue": t}),
    st.just({}),
)
numbers = st.lists(st.tuples(st.sampled_from(NUMBERS), scalars), max_size=6)
canaries = st.lists(st.sampled_from(CONTENT), max_size=5).map(
    lambda names: [(name, {"stringValue": "CANARY " * 3}) for name in names]
)
named = st.lists(
    st.tuples(
        st.sampled_from([*REQUEST_MODEL, *RESPONSE_ID, *(name for name, _ in MARKERS)]), scalars
    ),
    max_size=4,
)
identifiers = st.sampled_from(["0" * 15 + "1", "0" * 15 + "2", "0" * 15 + "3", "", "x"])


def attributes(pairs: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name, value in pairs]


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    name, value = draw(st.sampled_from(MARKERS))
    pairs = [*draw(numbers), *draw(canaries), *draw(named), (name, {"stringValue": value})]
    pairs.append(("gen_ai.request.model", {"stringValue": "gpt-5.4"}))
    pairs.append(("event.name", {"stringValue": draw(st.sampled_from(EVENTS))}))
    return {
        "traceId": "a" * 32,
        "spanId": draw(identifiers),
        "parentSpanId": draw(identifiers),
        "name": "CANARY",
        "startTimeUnixNano": str(draw(st.integers(0, 2 * 10**18))),
        "endTimeUnixNano": draw(st.integers(0, 2 * 10**18)),
        "timeUnixNano": str(draw(st.integers(0, 2 * 10**18))),
        "status": {"code": draw(st.sampled_from([0, 1, 2])), "message": "CANARY"},
        "attributes": attributes(pairs),
    }


@st.composite
def exports(draw: st.DrawFn) -> dict[str, Any]:
    scope = {"name": draw(st.sampled_from(SCOPES)), "version": "1"}
    held = draw(st.lists(records(), max_size=4))
    resource = {"attributes": attributes([("service.name", {"stringValue": "app"})])}
    return {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": held}]}],
        "resourceLogs": [
            {"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": held}]}
        ],
    }


def read(content: bytes, name: str = "export.json") -> list[Observation | Rejection]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return list(SOURCE.read(path, {}))


@given(exports())
def test_every_export_is_read_to_its_end_and_without_text(export: dict[str, Any]) -> None:
    found = read(json.dumps(export).encode())
    assert b"CANARY" not in msgspec.json.encode(found)
    for item in found:
        if isinstance(item, Observation):
            assert item.source == "otlp"
            assert item.completeness == "none" or item.usage
            assert msgspec.convert(msgspec.to_builtins(item), Observation) == item


@given(exports())
def test_lines_and_documents_say_the_same(export: dict[str, Any]) -> None:
    line = read(json.dumps(export).encode() + b"\n", "lines.jsonl")
    document = read(json.dumps(export, indent=1).encode())
    kept = [item for item in line if isinstance(item, Observation)]
    assert kept == [item for item in document if isinstance(item, Observation)]
    assert len(line) == len(document)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_told_apart_without_an_error(raw: bytes, cut: bool) -> None:
    assert signal_of(raw, cut=cut) in (None, "traces", "logs", "metrics")
    SOURCE.recognise(Path("file"), raw)
    assert all(isinstance(item, Observation | Rejection) for item in read(raw, "file"))
