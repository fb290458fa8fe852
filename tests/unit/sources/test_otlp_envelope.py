"""The forms in which OTLP comes: JSON in its variants, protobuf, gzip, lines, and what is none."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from jevons.sources.otlp import SOURCE
from jevons.sources.otlp.envelope import NotOtlp, from_json, identifier
from jevons.sources.otlp.protobuf import from_protobuf, messages, signal_of
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection

FIXTURES = Path(__file__).parents[2] / "fixtures" / "otlp"
ALL = sorted(FIXTURES.glob("*.json"))
REQUESTS = {
    "resourceSpans": ExportTraceServiceRequest,
    "resourceLogs": ExportLogsServiceRequest,
    "resourceMetrics": ExportMetricsServiceRequest,
}


def read(path: Path, state: dict[str, Any] | None = None) -> list[Observation | Rejection]:
    return list(SOURCE.read(path, {} if state is None else state))


def with_base64(value: Any) -> Any:
    """An export with its ids as generic protobuf JSON writes bytes."""
    if isinstance(value, list):
        return [with_base64(item) for item in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {
        name: base64.b64encode(bytes.fromhex(item)).decode() if name in ids else with_base64(item)
        for name, item in value.items()
    }


def message_of(path: Path) -> Any:
    """The protobuf message of a JSON fixture."""
    value = json.loads(path.read_text())
    request = REQUESTS[next(iter(value))]()
    return json_format.ParseDict(with_base64(value), request)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
class TestForms:
    """Every fixture says the same in every form."""

    def test_protobuf(self, path: Path, tmp_path: Path) -> None:
        raw = message_of(path).SerializeToString()
        file = tmp_path / "export.pb"
        file.write_bytes(raw)
        assert SOURCE.recognise(file, raw[:65536])
        assert read(file) == read(path)

    def test_length_prefixed_protobuf(self, path: Path, tmp_path: Path) -> None:
        raw = message_of(path).SerializeToString()
        file = tmp_path / "collector.proto"
        file.write_bytes((len(raw).to_bytes(4, "big") + raw) * 2)
        assert SOURCE.recognise(file, file.read_bytes()[:65536])
        assert read(file) == read(path) * 2

    def test_protobuf_json(self, path: Path, tmp_path: Path) -> None:
        # Ids in base64, 64-bit integers as text, enums by name.
        file = tmp_path / "export.json"
        file.write_text(json_format.MessageToJson(message_of(path), indent=None))
        assert read(file) == read(path)

    def test_snake_case(self, path: Path, tmp_path: Path) -> None:
        text = json_format.MessageToJson(message_of(path), preserving_proto_field_name=True)
        file = tmp_path / "export.json"
        file.write_text(text)
        assert SOURCE.recognise(file, text.encode())
        assert read(file) == read(path)

    def test_array_lines_and_bare_resources(self, path: Path, tmp_path: Path) -> None:
        value = json.loads(path.read_text())
        bare = next(iter(value.values()))
        variants = {
            "array.json": json.dumps([value]),
            "bare.json": json.dumps(bare),
            "one.json": json.dumps(bare[0], indent=2),
            "lines.jsonl": json.dumps(value) + "\n",
            "unended.jsonl": json.dumps(value),
            "crlf.json": json.dumps(value, indent=1).replace("\n", "\r\n"),
        }
        for name, text in variants.items():
            file = tmp_path / name
            file.write_text(text, newline="")
            assert SOURCE.recognise(file, text.encode()[:65536]), name
            assert read(file) == read(path), name

    def test_gzip(self, path: Path, tmp_path: Path) -> None:
        value = json.loads(path.read_text())
        for number, content in enumerate(
            (path.read_bytes(), json.dumps(value).encode(), message_of(path).SerializeToString())
        ):
            file = tmp_path / f"{number}.gz"
            file.write_bytes(gzip.compress(content))
            assert SOURCE.recognise(file, file.read_bytes()[:65536])
            assert read(file) == read(path)


def test_lines_are_read_on_from_where_the_last_import_ended(tmp_path: Path) -> None:
    first, second = (
        json.dumps(json.loads((FIXTURES / f"{name}-traces.json").read_text()))
        for name in ("contrib-openai", "vercel-ai")
    )
    file = tmp_path / "collector.jsonl"
    file.write_text(first + "\n")
    state: dict[str, Any] = {}
    assert read(file, state) == read(FIXTURES / "contrib-openai-traces.json")
    with file.open("a") as appended:
        appended.write(second[:100])
    assert read(file, state) == []
    with file.open("a") as appended:
        appended.write(second[100:] + "\n")
    assert read(file, state) == read(FIXTURES / "vercel-ai-traces.json")
    assert (state["form"], state["line"]) == ("lines", 2)
    assert read(file, state) == []


def test_a_changed_document_is_read_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    state: dict[str, Any] = {}
    for name in ("contrib-openai", "vercel-ai"):
        content = (FIXTURES / f"{name}-traces.json").read_bytes()
        file.write_bytes(content)
        assert read(file, state) == read(FIXTURES / f"{name}-traces.json")
        assert (state["form"], state["offset"]) == ("document", len(content))


def test_metrics_are_recognised_and_counted_in_nothing() -> None:
    state: dict[str, Any] = {}
    assert read(FIXTURES / "metrics.json", state) == []
    # Two points of gen_ai.client.token.usage, one of claude_code.token.usage; latency is no usage.
    assert state["roll_ups"] == 3


@pytest.mark.parametrize(
    ("value", "size", "expected"),
    [
        ("00F067AA0BA902B7", 8, "00f067aa0ba902b7"),
        ("APBnqgupArc=", 8, "00f067aa0ba902b7"),
        ("0000000000000000", 8, ""),
        ("", 8, ""),
        (None, 8, ""),
        ("not an id", 16, ""),
        ("4bf92f3577b34da6a3ce929d0e0e4736", 16, "4bf92f3577b34da6a3ce929d0e0e4736"),
    ],
)
def test_ids_in_hex_and_base64(value: Any, size: int, expected: str) -> None:
    assert identifier(value, size) == expected


def test_values_of_attributes() -> None:
    values = [
        ({"stringValue": "a"}, "a"),
        ({"intValue": "12"}, 12),
        ({"intValue": 12}, 12),
        ({"doubleValue": 0.5}, 0.5),
        ({"boolValue": False}, False),
        ({"arrayValue": {"values": [{"intValue": "1"}, {}]}}, [1, None]),
        ({"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}, {"k": "v"}),
        ({"bytesValue": "AAAA"}, None),
        ({}, None),
        (None, None),
        ({"stringValue": {"wrong": 1}}, None),
    ]
    attributes = [{"key": str(n), "value": value} for n, (value, _) in enumerate(values)]
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "attributes": attributes}
    export = from_json({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert list(export.spans[0].attributes.values()) == [expected for _, expected in values]


def test_the_old_name_of_scopes() -> None:
    value = {
        "resourceSpans": [
            {
                "instrumentationLibrarySpans": [
                    {"instrumentationLibrary": {"name": "old"}, "spans": [{"spanId": "1" * 16}]}
                ]
            }
        ]
    }
    assert from_json(value).spans[0].origin.scope == "old"


@pytest.mark.parametrize(
    "value",
    [1, "text", [1], {}, {"resourceSpans": 1}, {"resourceSpans": [1]}, {"other": []}, [[]]],
)
def test_what_is_no_export(value: Any) -> None:
    with pytest.raises(NotOtlp):
        from_json(value)


def test_signals_are_told_by_the_bytes() -> None:
    for name, signal in (
        ("vercel-ai-traces", "traces"),
        ("gemini-cli-logs", "logs"),
        ("metrics", "metrics"),
    ):
        raw = message_of(FIXTURES / f"{name}.json").SerializeToString()
        assert signal_of(raw) == signal
        assert signal_of(raw[: len(raw) // 2], cut=True) == signal
        assert signal_of(raw[: len(raw) // 2]) is None
    assert signal_of(b"\n{\n}") is None
    assert signal_of(b"") is None


def test_a_log_record_without_time_and_a_metric_with_a_long_name() -> None:
    logs = ExportLogsServiceRequest()
    record = logs.resource_logs.add().scope_logs.add().log_records.add()
    record.observed_time_unix_nano, record.event_name = 5, "gen_ai.choice"
    assert from_protobuf(logs.SerializeToString()).logs[0].event == "gen_ai.choice"
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.name, metric.description = "sixteen.letters.", "8 chars."
    metric.sum.data_points.add()
    assert from_protobuf(metrics.SerializeToString()).metrics == [("sixteen.letters.", 1)]


def test_bad_files_are_rejected_and_named(tmp_path: Path) -> None:
    contents = {
        "broken.json": (b'{"resourceSpans": [\n', 0),
        "other.json": (b'{"resourceSpans": 1}\n', 1),
        "array.json": (b'[{"resourceSpans": []}, 1]', 0),
        "cut.gz": (gzip.compress(b'{"resourceSpans": []}')[:12], 0),
        "text.pb": (b"\n\x05hello", 1),
        "cut.proto": (b"\0\0\0\x09\n\0", 0),
    }
    for name, (content, line) in contents.items():
        file = tmp_path / name
        file.write_bytes(content)
        (found,) = read(file)
        assert isinstance(found, Rejection)
        assert (found.source, found.place, found.line) == ("otlp", str(file), line), name
        assert found.reason


def test_a_bad_line_does_not_hide_its_neighbours(tmp_path: Path) -> None:
    good = json.dumps(json.loads((FIXTURES / "contrib-openai-traces.json").read_text()))
    file = tmp_path / "lines.jsonl"
    file.write_text(f'{good}\n{{"resourceSpans": "prompt"}}\n{{"cut\n{good}\n')
    found = read(file)
    rejected = [item for item in found if isinstance(item, Rejection)]
    assert [item.line for item in rejected] == [2, 3]
    assert rejected[0].structure == '{"resourceSpans":""}'
    assert len(found) == 2 + 2 * len(read(FIXTURES / "contrib-openai-traces.json"))


def test_messages_of_a_collector_file() -> None:
    assert list(messages(b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c")) == [b"ab", b"c"]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"text",
        b'{"type": "user", "text": "{\\"resourceSpans\\": []}"}',
        b'{"resource": "a"}',
        b"\x1f\x8bbroken",
        b"SQLite format 3\0",
        b"\n\n\n# heading\n",
    ],
)
def test_other_files_are_not_recognised(head: bytes) -> None:
    assert not SOURCE.recognise(Path("file"), head)


def test_importing_the_source_does_not_import_protobuf() -> None:
    code = (
        "import sys; from jevons.sources.otlp import SOURCE; "
        "sys.exit(any(name.startswith(('google', 'opentelemetry')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_gzip_file_that_unpacks_without_end_is_a_rejection(tmp_path: Path) -> None:
    file = tmp_path / "bomb.gz"
    file.write_bytes(gzip.compress(b'{"resourceSpans": [' + b" " * 20_000_000))
    (rejection,) = SOURCE.read(file, {})
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "gzip: unpacks to more than 200 times its size"
