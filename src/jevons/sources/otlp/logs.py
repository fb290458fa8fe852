"""Log records: the events that report one model call each, and how they join its other reports.

Claude Code's `api_request`, Gemini CLI's and Qwen Code's `api_response`, Codex's `sse_event` of a
completed response (it comes twice, once without tokens), the conventional
`gen_ai.client.inference.operation.details`, and the error events of each tool. All others (prompts,
tools, decisions, `subagent_completed`, `codex.turn_cost`) report no call or sum several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import msgspec

from jevons.sources.otlp.attributes import (
    FINISH,
    PROVIDER,
    SERVICE_TIER,
    STATUS_CODE,
    cost_of,
    count,
    error_of,
    first,
    identity_of,
    models_of,
    text,
)
from jevons.sources.otlp.attribution import attribution_of
from jevons.sources.otlp.counts import Usage, usage_of
from jevons.sources.otlp.emitters import Emitter, emitter_of, harness_version, served_by
from jevons.sources.otlp.envelope import Attributes, LogRecord
from jevons.sources.otlp.pairing import Pairing
from jevons.sources.otlp.spans import SOURCE_NAME, completeness, operation_of, span_key, speed_of
from jevons.vocabulary.attribution import is_tag_name, short_text
from jevons.vocabulary.finish import finish_of
from jevons.vocabulary.observation import Observation

DETAILS: Final = "gen_ai.client.inference.operation.details"

ANSWERS: Final = frozenset(
    {
        "claude_code.api_request", "gemini_cli.api_response", "qwen-code.api_response",
        "codex.sse_event", DETAILS,
    }
)  # fmt: skip
FAILURES: Final = frozenset(
    {
        "claude_code.api_error", "gemini_cli.api_error", "qwen-code.api_error", "codex.api_request",
    }
)  # fmt: skip
REQUESTS: Final = frozenset({"gemini_cli.api_request", "qwen-code.api_request"})
"""Events at the start of a call: they know its span, the event at its end does not."""

_COMPLETED: Final = ("response.completed", "response.incomplete")
_MINIMUM_FAILURE: Final = 400
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def observations(records: Sequence[LogRecord], pairing: Pairing) -> Iterator[Observation | str]:
    """The calls among the log records of one export; a sentence for one that cannot be used.

    pairing: the requests that are still open, kept over the exports of one file.
    """
    details = Counter((r.trace_id, r.span_id) for r in records if _is_lone_detail(r))
    for record in records:
        emitter = emitter_of(record.origin)
        if record.event in REQUESTS:
            pairing.open(record.attributes, _microseconds(record), _span_of(record))
        elif record.event in FAILURES:
            if _has_failed(record):
                yield from _failure(record, emitter, pairing)
        elif record.event in ANSWERS:
            alone = details[record.trace_id, record.span_id] == 1
            yield from _answer(record, emitter, pairing, alone=alone)


def _is_lone_detail(record: LogRecord) -> bool:
    has_id = text(record.attributes, ("gen_ai.response.id",)) is not None
    return record.event == DETAILS and not has_id


def _answer(
    record: LogRecord, emitter: Emitter, pairing: Pairing, *, alone: bool
) -> Iterator[Observation | str]:
    attributes = record.attributes
    kind = attributes.get("event.kind")
    if record.event == "codex.sse_event" and kind not in _COMPLETED:
        return
    usage = _usage(record, emitter)
    identity = identity_of(attributes, emitter)
    failed = "error.type" in attributes
    if usage.counts is None and not (identity.response_id or identity.request_id or failed):
        return
    keys: list[str | None] = []
    if record.event == DETAILS and identity.response_id is None and alone:
        keys.append(_span_of(record))
    end, latency = _microseconds(record), count(attributes.get("duration_ms"))
    if record.event != DETAILS:
        keys.append(pairing.close(attributes, end - (latency or 0) * 1000))
    report = _report(record, emitter, usage, failed)
    if isinstance(report, Observation):
        report.response_id, report.request_id = identity.response_id, identity.request_id
        report.aliases = _twin(record)
        report.self_keys += [key for key in keys if key]
    yield report


def _failure(record: LogRecord, emitter: Emitter, pairing: Pairing) -> Iterator[Observation | str]:
    attributes = record.attributes
    duration = count(attributes.get("duration_ms")) or 0
    span = pairing.close(attributes, _microseconds(record) - duration * 1000)
    report = _report(record, emitter, Usage(None, None), True)
    if isinstance(report, Observation):
        report.request_id = identity_of(attributes, emitter).request_id
        report.self_keys += [span] if span else []
    yield report


def _has_failed(record: LogRecord) -> bool:
    """Codex logs every request, with the status that it got, if it got one."""
    if record.event != "codex.api_request":
        return True
    code = count(first(record.attributes, STATUS_CODE))
    return code is not None and code >= _MINIMUM_FAILURE


def _usage(record: LogRecord, emitter: Emitter) -> Usage:
    attributes = record.attributes
    if record.event in ("gemini_cli.api_response", "qwen-code.api_response"):
        return _gemini_usage(attributes)
    return usage_of(attributes, emitter, emitter.provider or "")


def _gemini_usage(attributes: Attributes) -> Usage:
    """All counters of Gemini's API. Thoughts are outside output, unless the total says that they
    are inside: Qwen Code with an OpenAI-compatible provider."""
    names = {
        "input": "input_token_count",
        "output": "output_token_count",
        "cached": "cached_content_token_count",
        "thoughts": "thoughts_token_count",
        "tool": "tool_token_count",
        "total": "total_token_count",
    }
    counts = {key: count(attributes.get(name)) or 0 for key, name in names.items()}
    if not any(counts.values()):
        return Usage(None, None)
    if counts["thoughts"] and counts["total"] == counts["input"] + counts["output"]:
        inside = {
            "input_tokens": counts["input"],
            "output_tokens": counts["output"],
            "cache_read_input_tokens": counts["cached"],
            "reasoning_output_tokens": counts["thoughts"],
            "total_tokens": counts["total"],
        }
        return Usage(inside, "otel.gen_ai")
    return Usage(counts, "gemini.cli")


def _report(record: LogRecord, emitter: Emitter, usage: Usage, failed: bool) -> Observation | str:
    attributes = record.attributes
    end = _microseconds(record)
    if not end:
        return "the record of a model call has no time"
    models = models_of(attributes)
    latency = count(attributes.get("duration_ms"))
    known = latency is not None and latency >= 0
    cost = cost_of(attributes)
    model = models.response or models.request
    address = text(attributes, ("server.address",))
    served = served_by(text(attributes, PROVIDER), address, model, emitter)
    return Observation(
        provider=served.provider,
        time=end - (latency or 0) * 1000 if known else end,
        source=SOURCE_NAME,
        evidence="client_log" if emitter.client else "span",
        completeness=completeness(usage, failed),
        detail="coarse" if usage.coarse else "full",
        api=usage.api,
        self_keys=[_record_key(record)],
        host=served.host,
        region=served.region,
        request_model=models.request,
        response_model=models.response,
        service_tier=text(attributes, SERVICE_TIER),
        speed=speed_of(attributes),
        operation=operation_of(attributes),
        finish_reason=finish_of(first(attributes, FINISH), served.provider),
        status="error" if failed else "ok",
        error=error_of(attributes) if failed else None,
        latency_ms=latency if known else None,
        usage=usage.counts,
        stated_cost=cost,
        stated_by="client" if cost else None,
        **_attribution(record, emitter, models.variant),
    )


def _attribution(record: LogRecord, emitter: Emitter, variant: str | None) -> dict[str, Any]:
    named, tags = attribution_of(record.attributes, record.origin, emitter)
    if variant:
        tags["model_variant"] = variant
    session = named.get("session")
    found: dict[str, Any] = {
        "harness": emitter.harness,
        "harness_version": harness_version(emitter, record.origin),
        "run": session if emitter.session_run else record.trace_id or session,
    }
    return found | named | {"tags": tags}


def _microseconds(record: LogRecord) -> int:
    """When the event was, in epoch microseconds; 0 when the record does not say.

    The event's own time stamp counts first: the record's is later (Gemini CLI) or empty (Codex).
    """
    stamp = record.attributes.get("event.timestamp")
    moment = _moment(stamp) if isinstance(stamp, str) else None
    if moment is not None and moment.tzinfo is not None:
        return (moment - _EPOCH) // timedelta(microseconds=1)
    return (record.time or record.observed) // 1000


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp)
    except ValueError:
        return None


def _span_of(record: LogRecord) -> str:
    return span_key(record.trace_id, record.span_id)


def _record_key(record: LogRecord) -> str:
    """The key by which the record is recognised when it is sent again. Its beginning, the event,
    is the kind of report: two kinds may report one call."""
    held = sorted(
        (name, value)
        for name, item in record.attributes.items()
        if is_tag_name(name) and (value := short_text(item)) is not None
    )
    counters = sorted((name, n) for name, v in record.attributes.items() if (n := count(v)))
    content = msgspec.json.encode([record.time, record.observed, held, counters])
    return f"{record.event}:{blake2b(content, digest_size=12).hexdigest()}"


def _twin(record: LogRecord) -> list[str]:
    """Gemini CLI writes two events of one answer with the same time stamp, and only one of them has
    the response's id: both get a key of what they share."""
    attributes = record.attributes
    shared = (
        text(attributes, ("session.id",)),
        text(attributes, ("event.timestamp",)),
        text(attributes, ("model", "gen_ai.response.model", "gen_ai.request.model")),
        count(first(attributes, ("input_token_count", "gen_ai.usage.input_tokens"))),
        count(first(attributes, ("output_token_count", "gen_ai.usage.output_tokens"))),
    )
    if record.event not in TWINS or None in shared:
        return []
    return [":".join(["gemini-cli", *map(str, shared)])]


TWINS: Final = ("gemini_cli.api_response", "qwen-code.api_response", DETAILS)
