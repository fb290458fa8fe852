"""OTLP's envelope: spans, log records and metrics out of the JSON forms that exporters write.

Forms read: `resourceSpans`, `resourceLogs`, `resourceMetrics` (together or alone), an array of
such objects, or their elements bare; names in camelCase or snake_case; 64-bit integers as numbers
or strings; ids as hex (OTLP) or base64 (generic protobuf JSON); an attribute without a value
(`{}`). The protobuf form is in `protobuf.py` and yields the same records.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

Attributes = dict[str, Any]
"""Attribute name -> text, whole number, float, truth value, list, dict, or None when empty."""

ERROR_STATUS: Final = 2
"""`STATUS_CODE_ERROR` of a span."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from: the resource's attributes and the instrumentation scope."""

    resource: Attributes
    scope: str = ""
    scope_version: str = ""


@dataclass(slots=True)
class Span:
    """A span, reduced to what says something about a model call. Times in epoch nanoseconds.

    exception: the type of the last recorded exception, never its message.
    """

    origin: Origin
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    failed: bool
    attributes: Attributes
    exception: str | None = None


@dataclass(slots=True)
class LogRecord:
    """A log record. event: its event's name (`claude_code.api_request`). Times as in `Span`."""

    origin: Origin
    event: str
    time: int
    observed: int
    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(slots=True)
class Export:
    """What one export request, line or document holds. metrics: (name, data points)."""

    spans: list[Span] = field(default_factory=list)
    logs: list[LogRecord] = field(default_factory=list)
    metrics: list[tuple[str, int]] = field(default_factory=list)


class NotOtlp(ValueError):
    """The value is not an OTLP export; the message says what is wrong with it."""


_SCOPES: Final = ("scopeSpans", "scopeLogs", "scopeMetrics", "instrumentationLibrarySpans")
_POINTS: Final = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
_HEX: Final = re.compile(r"[0-9a-fA-F]+\Z")


@lru_cache(maxsize=256)
def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _get(value: Mapping[str, Any], name: str) -> Any:
    """A field by its camelCase name, or by its snake_case one."""
    found = value.get(name)
    return value.get(_snake(name)) if found is None else found


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list field; a missing one is an empty list. Raises NotOtlp."""
    if value is None:
        return
    if not isinstance(value, list):
        raise NotOtlp("a list was expected")
    for item in value:
        if not isinstance(item, dict):
            raise NotOtlp("a list holds something that is not an object")
        yield item


def whole_number(value: Any) -> int:
    """A 64-bit integer written as a number or as text; 0 for anything else."""
    try:
        return int(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def identifier(value: Any, size: int) -> str:
    """A trace or span id of `size` bytes as lower-case hex, '' when there is none."""
    if not isinstance(value, str) or not value:
        return ""
    if len(value) == 2 * size and _HEX.match(value):
        text = value.lower()
    else:
        try:
            text = base64.b64decode(value, validate=True).hex()
        except (binascii.Error, ValueError):
            return ""
    return text if len(text) == 2 * size and text.strip("0") else ""


def from_json(value: Any) -> Export:
    """The records of a decoded JSON export. Raises NotOtlp."""
    export = Export()
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict):
            raise NotOtlp("not an object")
        _read_request(item, export)
    return export


def _read_request(item: dict[str, Any], export: Export) -> None:
    known = False
    for name in ("resourceSpans", "resourceLogs", "resourceMetrics"):
        if (resources := _get(item, name)) is not None:
            known = True
            for resource in _objects(resources):
                _read_resource(resource, export)
    if not known:
        if all(_get(item, name) is None for name in _SCOPES):
            raise NotOtlp("neither resourceSpans nor resourceLogs nor resourceMetrics is there")
        _read_resource(item, export)


def _read_resource(item: dict[str, Any], export: Export) -> None:
    attributes = _attributes(_object(item.get("resource")).get("attributes"))
    for name in _SCOPES:
        for scoped in _objects(_get(item, name)):
            scope = _object(scoped.get("scope") or _get(scoped, "instrumentationLibrary"))
            origin = Origin(attributes, _text(scope.get("name")), _text(scope.get("version")))
            export.spans += [_span(s, origin) for s in _objects(scoped.get("spans"))]
            export.logs += [_log(r, origin) for r in _objects(_get(scoped, "logRecords"))]
            export.metrics += [_metric(m) for m in _objects(scoped.get("metrics"))]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _span(item: dict[str, Any], origin: Origin) -> Span:
    code = _object(item.get("status")).get("code")
    return Span(
        origin=origin,
        trace_id=identifier(_get(item, "traceId"), 16),
        span_id=identifier(_get(item, "spanId"), 8),
        parent_id=identifier(_get(item, "parentSpanId"), 8),
        start=whole_number(_get(item, "startTimeUnixNano")),
        end=whole_number(_get(item, "endTimeUnixNano")),
        failed=code in (ERROR_STATUS, "STATUS_CODE_ERROR"),
        attributes=_attributes(item.get("attributes")),
        exception=_exception(item.get("events")),
    )


def _exception(events: Any) -> str | None:
    found = None
    for event in _objects(events):
        if event.get("name") == "exception":
            found = _attributes(event.get("attributes")).get("exception.type") or found
    return found if isinstance(found, str) else None


def _log(item: dict[str, Any], origin: Origin) -> LogRecord:
    attributes = _attributes(item.get("attributes"))
    body = _object(item.get("body"))
    return LogRecord(
        origin=origin,
        event=event_name(attributes, _get(item, "eventName"), _get(body, "stringValue")),
        time=whole_number(_get(item, "timeUnixNano")),
        observed=whole_number(_get(item, "observedTimeUnixNano")),
        trace_id=identifier(_get(item, "traceId"), 16),
        span_id=identifier(_get(item, "spanId"), 8),
        attributes=attributes,
    )


def event_name(attributes: Attributes, name: Any, body: Any) -> str:
    """The name of a log record's event, whole: Claude Code's attribute holds only its last part.

    Codex's own event name is a source line, so the attribute counts first.
    """
    short = attributes.get("event.name")
    if not isinstance(short, str):
        return name if isinstance(name, str) else ""
    if isinstance(body, str) and body.endswith("." + short) and len(body) < 80:
        return body
    return short


def _metric(item: dict[str, Any]) -> tuple[str, int]:
    points = sum(
        len(_get(container, "dataPoints") or [])
        for name in _POINTS
        if isinstance(container := _get(item, name), dict)
    )
    return _text(item.get("name")), points


def _attributes(value: Any) -> Attributes:
    found: Attributes = {}
    for item in _objects(value):
        key = item.get("key")
        if isinstance(key, str):
            found[key] = _value(item.get("value"))
    return found


def _value(value: Any, depth: int = 4) -> Any:
    """The plain value of an `AnyValue`; None when it is empty, of bytes, or nested too deep."""
    if not isinstance(value, dict) or depth == 0:
        return None
    for name, held in value.items():
        kind = name.removesuffix("Value").removesuffix("_value")
        if kind in ("string", "bool", "double"):
            return held if isinstance(held, (str, bool, int, float)) else None
        if kind == "int":
            return whole_number(held)
        if kind == "array":
            return [_value(item, depth - 1) for item in _objects(_object(held).get("values"))]
        if kind == "kvlist":
            pairs = _objects(_object(held).get("values"))
            return {str(pair.get("key")): _value(pair.get("value"), depth - 1) for pair in pairs}
    return None
