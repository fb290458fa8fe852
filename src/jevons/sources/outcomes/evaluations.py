"""OpenTelemetry evaluation events: `gen_ai.evaluation.result` as log records or events of spans, in
OTLP JSON (one document, or one per line).

The event belongs to the response that it names, else to the trace. A later evaluation of the same
name and response supersedes the earlier one. Explanations are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.outcomes.record import Place, settled
from jevons.vocabulary.outcome import Outcome, Status
from jevons.vocabulary.rejection import Rejection

EVENT: Final = "gen_ai.evaluation.result"
PASSED: Final = frozenset(("pass", "passed", "success", "correct", "true", "resolved"))
FAILED: Final = frozenset(("fail", "failed", "failure", "incorrect", "false", "unresolved"))
"""Labels of an evaluation that decide; all others are kept as a label and decide nothing."""


class EvaluationReader:
    """Reads evaluation events out of OTLP JSON."""

    name = "otel"

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the head is OTLP JSON of logs or spans."""
        marked = b'"resourceLogs"' in head or b'"resourceSpans"' in head
        return marked and head.lstrip()[:1] == b"{"

    def read(self, path: Path) -> Iterator[Outcome | Rejection]:
        """Yield one outcome per evaluation event."""
        for number, raw in enumerate(_documents(path.read_bytes()), 1):
            place = Place(self.name, str(path), number, raw)
            try:
                value = msgspec.json.decode(raw)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
                yield place.refuse(f"not JSON: {problem}")
                continue
            for event, trace in _events(value):
                yield evaluation(event, trace, place)


def _documents(content: bytes) -> list[bytes]:
    """The file as one document, or its lines when it is several."""
    lines = [line for line in content.splitlines() if line.strip()]
    return lines if len(lines) > 1 and lines[0].rstrip().endswith(b"}") else [content]


def _events(document: Any) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Every evaluation event with the trace that it happened in."""
    for record in _below(document, "resourceLogs", "scopeLogs", "logRecords"):
        named = record.get("eventName") or attributes(record).get("event.name")
        if named == EVENT:
            yield record, _text(record.get("traceId"))
    for span in _below(document, "resourceSpans", "scopeSpans", "spans"):
        for event in _objects(span.get("events")):
            if event.get("name") == EVENT:
                yield event, _text(span.get("traceId"))


def _below(value: Any, *names: str) -> Iterator[dict[str, Any]]:
    if not names:
        yield value
        return
    for item in _objects(value.get(names[0]) if isinstance(value, dict) else None):
        yield from _below(item, *names[1:])


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def attributes(record: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a record that are plain values, by name."""
    found: dict[str, Any] = {}
    for one in _objects(record.get("attributes")):
        value = one.get("value")
        if isinstance(value, dict):
            for kind in ("stringValue", "doubleValue", "intValue", "boolValue"):
                if kind in value:
                    found[str(one.get("key"))] = value[kind]
    return found


def evaluation(event: dict[str, Any], trace: str | None, place: Place) -> Outcome | Rejection:
    """One evaluation event as an outcome."""
    known = attributes(event)
    name = _text(known.get("gen_ai.evaluation.name"))
    response = _text(known.get("gen_ai.response.id"))
    time = event.get("timeUnixNano") or event.get("observedTimeUnixNano")
    if name is None or not re.fullmatch(r"\d{1,19}", str(time), re.ASCII):
        return place.refuse("an evaluation without name or time", event)
    label = _text(known.get("gen_ai.evaluation.score.label"))
    number = known.get("gen_ai.evaluation.score.value")
    labels = {"score": name[:200]} | ({"category": label[:200]} if label else {})
    found = Outcome(
        source=place.source,
        id=f"{response or trace} {name}",
        time=int(str(time)) // 1000,
        status=_status(label),
        response_id=response,
        trace_id=None if response else trace,
        quality=None if number is None or isinstance(number, bool) else str(number),
        labels=labels,
    )
    return settled(found, place, event)


def _status(label: str | None) -> Status:
    word = (label or "").lower()
    return "succeeded" if word in PASSED else "failed" if word in FAILED else "unknown"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


READER: Final = EvaluationReader()
