"""OTLP's envelope in protobuf: the bytes that an exporter posts, or a Collector's file of them.

A file holds one export request, or many, each after its length in four bytes (big-endian), as the
Collector's file exporter writes them. Which signal it is, the bytes say themselves: the generated
classes of `opentelemetry-proto` are imported only to decode it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from jevons.sources.otlp.envelope import (
    ERROR_STATUS,
    Attributes,
    Export,
    LogRecord,
    NotOtlp,
    Origin,
    Span,
    event_name,
)

Signal = Literal["traces", "logs", "metrics"]

_FIXED64: Final = 1
_LENGTH: Final = 2
_METRIC_NAME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_./-]*\Z")


def messages(raw: bytes) -> Iterator[bytes]:
    """The export requests in a file: itself, or those that follow a length. Raises NotOtlp."""
    if raw[:1] != b"\0":
        yield raw
        return
    place = 0
    while place < len(raw):
        size = int.from_bytes(raw[place : place + 4], "big")
        start = place + 4
        if start + size > len(raw):
            raise NotOtlp("the last message is cut short")
        if size:
            yield raw[start : start + size]
        place = start + size


def signal_of(raw: bytes, *, cut: bool = False) -> Signal | None:
    """Which signal an export request carries, by its first record; None when it is none.

    cut: the bytes are only the beginning of the message.
    """
    if raw[:1] == b"\0":
        raw = raw[4 : 4 + int.from_bytes(raw[:4], "big")]
    if raw[:1] != b"\x0a" or not _is_whole(raw, cut):
        return None
    record = _record(raw)
    return None if record is None else _signal_of_record(record)


def _is_whole(raw: bytes, cut: bool) -> bool:
    """Whether resources, each with its length, fill the bytes."""
    place = 0
    for number, _, start, end in _fields(raw):
        if number != 1:
            return False
        if end > len(raw):
            return cut
        place = max(end, start)
    return place == len(raw)


def _fields(raw: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Number, wire type, start and end of each field; ends where the bytes make no sense."""
    place = 0
    while place < len(raw):
        tag, place = _varint(raw, place)
        kind = tag & 7
        if kind == _LENGTH:
            size, place = _varint(raw, place)
            end = place + size
        elif kind == _FIXED64:
            end = place + 8
        elif kind == 5:
            end = place + 4
        elif kind == 0:
            end = _varint(raw, place)[1]
        else:
            return
        yield tag >> 3, kind, place, end
        place = end


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(raw) and shift < 64:
        byte = raw[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, place


def _record(raw: bytes) -> bytes | None:
    """The first record: field 2 of the first scope, which is field 2 of the first resource."""
    for number, kind, start, end in _fields(raw):
        if number == 1 and kind == _LENGTH:
            for inner, inner_kind, first, last in _fields(raw[start:end]):
                if inner == 2 and inner_kind == _LENGTH:
                    scope = raw[start:end][first:last]
                    for deep, deep_kind, begin, finish in _fields(scope):
                        if deep == 2 and deep_kind == _LENGTH:
                            return scope[begin:finish]
    return None


def _signal_of_record(record: bytes) -> Signal | None:
    """A span begins with an id of 16 bytes and one of 8; a metric with its name; a log with neither
    (its first field is a time, or it has a time as field 11)."""
    found = {number: (kind, record[start:end]) for number, kind, start, end in _fields(record)}
    kind, first = found.get(1, (0, b""))
    if kind == _LENGTH:
        second = found.get(2, (0, b""))[1]
        has_times = found.get(7, (0, b""))[0] == _FIXED64
        if len(first) == 16 and len(second) == 8 and (has_times or not _METRIC_NAME.match(first)):
            return "traces"
        return "metrics" if _METRIC_NAME.match(first) else None
    if kind == _FIXED64 or found.get(11, (0, b""))[0] == _FIXED64:
        return "logs"
    return None


def from_protobuf(raw: bytes) -> Export:
    """The records of one export request. Raises NotOtlp."""
    signal = signal_of(raw)
    if signal is None:
        raise NotOtlp("not an OTLP export request in protobuf")
    request = _decode(raw, signal)
    export = Export()
    if signal == "traces":
        _read_spans(request, export)
    elif signal == "logs":
        _read_logs(request, export)
    else:
        _read_metrics(request, export)
    return export


def _decode(raw: bytes, signal: Signal) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return _message(signal).FromString(raw)
    except DecodeError as problem:
        raise NotOtlp(f"not protobuf: {problem}") from None


def _message(signal: Signal) -> Any:
    """The class of the signal's export request."""
    if signal == "traces":
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

        return trace_service_pb2.ExportTraceServiceRequest
    if signal == "logs":
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

        return logs_service_pb2.ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2

    return metrics_service_pb2.ExportMetricsServiceRequest


def _read_spans(request: Any, export: Export) -> None:
    for resource in request.resource_spans:
        attributes = _attributes(resource.resource.attributes)
        for scoped in resource.scope_spans:
            origin = Origin(attributes, scoped.scope.name, scoped.scope.version)
            export.spans += [_span(span, origin) for span in scoped.spans]


def _span(span: Any, origin: Origin) -> Span:
    exception = None
    for event in span.events:
        if event.name == "exception":
            exception = _attributes(event.attributes).get("exception.type") or exception
    return Span(
        origin=origin,
        trace_id=_id(span.trace_id),
        span_id=_id(span.span_id),
        parent_id=_id(span.parent_span_id),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        failed=span.status.code == ERROR_STATUS,
        attributes=_attributes(span.attributes),
        exception=exception if isinstance(exception, str) else None,
    )


def _read_logs(request: Any, export: Export) -> None:
    for resource in request.resource_logs:
        attributes = _attributes(resource.resource.attributes)
        for scoped in resource.scope_logs:
            origin = Origin(attributes, scoped.scope.name, scoped.scope.version)
            export.logs += [_log(record, origin) for record in scoped.log_records]


def _log(record: Any, origin: Origin) -> LogRecord:
    attributes = _attributes(record.attributes)
    return LogRecord(
        origin=origin,
        event=event_name(attributes, record.event_name, record.body.string_value),
        time=record.time_unix_nano,
        observed=record.observed_time_unix_nano,
        trace_id=_id(record.trace_id),
        span_id=_id(record.span_id),
        attributes=attributes,
    )


def _read_metrics(request: Any, export: Export) -> None:
    for resource in request.resource_metrics:
        for scoped in resource.scope_metrics:
            for metric in scoped.metrics:
                kind = metric.WhichOneof("data")
                points = len(getattr(metric, kind).data_points) if kind else 0
                export.metrics.append((metric.name, points))


def _id(value: bytes) -> str:
    return value.hex() if value.strip(b"\0") else ""


def _attributes(pairs: Any) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any, depth: int = 4) -> Any:
    """The plain value of an `AnyValue`, as in the JSON form."""
    kind = value.WhichOneof("value")
    if kind is None or kind == "bytes_value" or depth == 0:
        return None
    if kind == "array_value":
        return [_value(item, depth - 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: _value(pair.value, depth - 1) for pair in value.kvlist_value.values}
    return getattr(value, kind)
