"""Provider response bodies, one JSON object per line, each in a small envelope.

`{"provider": ..., "api": ..., "request_model": ..., "time": ..., "response": BODY, "tags":
{...}}`: all but provider, time and response are optional. BODY is a provider's response, whole or
reduced to model and usage. Only numbers, ids and names leave this module: text of prompts and
answers is dropped on reading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.usage.body import Reduced, reduce_body
from jevons.vocabulary.finish import finish_of
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.observation import DIMENSIONS, Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

UNKNOWN_FIELDS: Final = "jevons.unknown_fields"
"""Tag that names the fields of a line that the format does not know; their values are not kept."""

_ENVELOPE: Final = (
    "host", "region", "request_model", "response_model", "service_tier", "speed", "batch", "status",
    "error", "response_id", "request_id", "attempt", "latency_ms", "completeness", "evidence",
    *DIMENSIONS,
)  # fmt: skip
"""Fields that a line may carry beside provider, api, time, response and tags; named as in the
native format."""

_ALIASES: Final = {
    "messages": "anthropic.messages",
    "responses": "openai.responses",
    "realtime": "openai.realtime",
    "images": "openai.images",
    "embeddings": "openai.embeddings",
    "converse": "bedrock.converse",
    "generatecontent": "gemini.generate_content",
    "generate_content": "gemini.generate_content",
}
"""Short names of APIs -> dialect. Others without a dot (`chat`, `default`) are left to
inference."""

_UNFINISHED: Final = ("in_progress", "queued", "cancelled")
"""Statuses of OpenAI's Responses API after which more usage may come, or never came."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")
_NAME_LENGTH: Final = 64
_TAG_LENGTH: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST: Final = 1_420_070_400
_LATEST: Final = 4_102_444_800
"""Calls lie between 2015 and 2100 (epoch seconds), so that the unit of an epoch number is
unambiguous."""


_CALLS: Final = ("function_call", "custom_tool_call")
"""Items of OpenAI's Responses API that ask for a tool of the caller."""


class ResponsesSource:
    """Reads lines of provider responses.

    A response without an id is told from its equals by counting them within the file, which is
    why a file is read in order and not in ranges."""

    name = "responses"
    whole = False
    ranged = False

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the first line is an object with `provider`, `time` and an object `response`."""
        first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
        if len(first) == len(head):  # one line longer than the head: judged by its words
            return b'"response"' in head and b'"provider"' in head and b"jevons.event/" not in head
        try:
            value = msgspec.json.decode(first)
        except (msgspec.DecodeError, RecursionError):
            return False
        if not isinstance(value, dict) or "schema" in value:
            return False
        return "provider" in value and isinstance(value.get("response"), dict)

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """No standard place: the files are made by whoever keeps the responses."""
        return []

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield one observation or rejection per line, in order."""
        place = str(path)
        with path.open("rb") as file:
            seen: dict[str, int] = {}
            if state.get("unnamed") and state.get("offset"):
                for line, raw in complete_lines(file, {}, int(state["offset"])):
                    _number(_read_line(raw, place, line), seen)
            for line, raw in complete_lines(file, state, stop):
                result = _number(_read_line(raw, place, line), seen)
                if seen:
                    state["unnamed"] = True
                yield result


SOURCE: Final = ResponsesSource()


def _number(result: Observation | Rejection, seen: dict[str, int]) -> Observation | Rejection:
    """Give a response without any id a key: its content and its number among equals in the file."""
    if isinstance(result, Observation) and not (result.response_id or result.request_id):
        content = blake2b(msgspec.json.encode(result), digest_size=12).hexdigest()
        seen[content] = seen.get(content, 0) + 1
        result.self_keys = [f"responses:{content}#{seen[content]}"]
    return result


def _read_line(raw: bytes, place: str, line: int) -> Observation | Rejection:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        return reject(SOURCE.name, place, line, f"not JSON: {problem}", raw)
    result = _observation(value)
    if isinstance(result, str):
        return reject(SOURCE.name, place, line, result, raw, value)
    return result


def _observation(value: Any) -> Observation | str:
    """The observation in a decoded line, or why there is none."""
    if not isinstance(value, dict):
        return "the line is not a JSON object"
    for name in ("provider", "time", "response"):
        if name not in value:
            return f"{name} is missing"
    body = value["response"]
    if not isinstance(body, dict):
        return "response is not a JSON object"
    time = epoch_microseconds(value["time"])
    if time is None:
        return "time is neither RFC 3339 with a zone nor an epoch number between 2015 and 2100"
    if not isinstance(value["provider"], str) or not value["provider"]:
        return "provider is not a name"
    fields = _from_body(body)
    unknown = _from_envelope(value, fields)
    fields |= {"provider": value["provider"], "time": time, "source": SOURCE.name}
    fields["api"] = dialect(value.get("api"), value["provider"])
    if unknown:
        fields["tags"] = {**fields["tags"], UNKNOWN_FIELDS: ",".join(unknown)[:_TAG_LENGTH]}
    try:
        return msgspec.convert(fields, Observation)
    except msgspec.ValidationError as problem:
        return f"a field has the wrong type: {str(problem).rpartition('at ')[2] or 'unknown'}"


def _from_envelope(value: dict[str, Any], fields: dict[str, Any]) -> list[str]:
    """Copy what the line says of the call into `fields`; returns the names that nobody knows."""
    unknown = []
    fields["tags"] = {}
    tags = value.get("tags")
    for name, item in (tags if isinstance(tags, dict) else {}).items():
        text = _scalar(item)
        if text is None:
            unknown += [] if item is None else [f"tags.{_named(name)}"]
        elif name in DIMENSIONS:
            fields[name] = text
        else:
            fields["tags"][name[:_NAME_LENGTH]] = text
    for name, item in value.items():
        if name in _ENVELOPE:
            if _scalar(item) is not None:
                fields[name] = str(item) if name == "status" else item
            elif item is not None:
                unknown.append(name)  # text or an object where a name is expected
        elif name not in ("provider", "api", "time", "response", "tags", "schema"):
            unknown.append(_named(name))
    return sorted(set(unknown))


def _named(name: str) -> str:
    """An unknown field's name if it looks like one; anything else might be text of a prompt."""
    return name if _NAME.fullmatch(name) else "unnamed"


def _scalar(value: Any) -> str | None:
    """A short scalar of one line as text; None for anything that could be content."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str) and len(value) <= _TAG_LENGTH and value.isprintable():
        return value
    return None


def _from_body(body: dict[str, Any]) -> dict[str, Any]:
    """Fields that the response itself gives: ids, model, tier, status and the usage."""
    reduced = reduce_body(body)
    usage = usage_of(reduced)
    fields: dict[str, Any] = {
        "response_id": _text(body, "id", "responseId"),
        "request_id": _text(body, "request_id", "_request_id"),
        "response_model": reduced.model,
        "service_tier": reduced.service_tier,
        "finish_reason": _finish(body),
        "usage": usage,
        "completeness": "complete" if usage else "none",
    }
    amazon = body.get("ResponseMetadata")
    if isinstance(amazon, dict) and not fields["request_id"]:
        fields["request_id"] = _text(amazon, "RequestId")
    if failure := _failure(body):
        fields |= {"status": "error", "error": failure}
    elif body.get("status") in _UNFINISHED:
        fields["status"] = body["status"]
        fields["completeness"] = "partial" if usage else "none"
    return fields


def _finish(body: dict[str, Any]) -> str | None:
    """Why the answer ended, as the bodies of the providers say it; None for one that does not."""
    if any(one.get("type") in _CALLS for one in _objects(body.get("output"))):
        return "tool"
    if candidates := _objects(body.get("candidates")):
        return finish_of([one.get("finishReason") for one in candidates], "google")
    said = [one.get("finish_reason") for one in _objects(body.get("choices"))]
    return finish_of(said or body.get("stop_reason") or body.get("stopReason"))


def _objects(items: Any) -> list[dict[str, Any]]:
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def _text(body: dict[str, Any], *names: str) -> str | None:
    """The first of the fields that is text of a plausible length."""
    found = (body.get(name) for name in names)
    return next((v for v in found if isinstance(v, str) and 0 < len(v) <= _TAG_LENGTH), None)


def _failure(body: dict[str, Any]) -> str | None:
    """Type or code of the error that a body reports, never its message; None when it reports
    none."""
    error = body.get("error")
    if not error:
        return "failed" if body.get("status") == "failed" else None
    if isinstance(error, dict):
        for name in ("type", "code", "status"):
            value = error.get(name)
            if isinstance(value, (str, int)) and 0 < len(str(value)) <= _NAME_LENGTH:
                return str(value)
    return "error"


def usage_of(reduced: Reduced) -> dict[str, Any] | None:
    """The usage of a body as the provider gives it, without text; None when it has none.

    Server tools that only the output shows are counted under `server_tools`. Work that another
    model is billed for lies under `elsewhere`, where no dialect knows it: so it is reported.
    """
    if not reduced.usage:
        return None
    usage = _plain(reduced.usage)
    if reduced.unpriced:
        pairs = (item.rpartition("=") for item in reduced.unpriced)
        usage["elsewhere"] = {name: int(count) for name, _, count in pairs}
    return usage or None


def _plain(value: Any, depth: int = 8) -> Any:
    """Numbers, flags and names of a JSON value; text that is longer than a name is left out."""
    if isinstance(value, dict) and depth:
        kept = {name: _plain(item, depth - 1) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None}
    if isinstance(value, list) and depth:
        return [item for item in (_plain(item, depth - 1) for item in value) if item is not None]
    if isinstance(value, str):
        return value if 0 < len(value) <= _NAME_LENGTH else None
    return value if isinstance(value, (int, float)) else None


def dialect(api: Any, provider: str) -> str | None:
    """The usage dialect that a line's `api` names, None when it is to be inferred from the body."""
    if not isinstance(api, str) or not api:
        return None
    if "." in api or api in ("mistral", "deepseek", "cohere", "perplexity", "openrouter", "groq"):
        return api
    if api in ("chat", "chat_completions", "completions") and provider in ("openai", "azure"):
        return "openai.chat"
    return _ALIASES.get(api.lower())


def epoch_microseconds(time: Any) -> int | None:
    """A line's time as epoch microseconds, None when it is no time between 2015 and 2100.

    Text is RFC 3339 with a zone. A number is epoch seconds, milli-, micro- or nanoseconds, told
    apart by its size."""
    if isinstance(time, str):
        if len(time) < 20:
            return None
        try:
            instant = datetime.fromisoformat(time.upper())
        except ValueError:
            return None
        return None if instant.tzinfo is None else (instant - _EPOCH) // _MICROSECOND
    if isinstance(time, bool) or not isinstance(time, (int, float)):
        return None
    for per_second in (1, 1_000, 1_000_000, 1_000_000_000):
        if _EARLIEST * per_second <= time < _LATEST * per_second:
            return round(time * (1_000_000 / per_second)) if per_second != 1_000_000 else int(time)
    return None
