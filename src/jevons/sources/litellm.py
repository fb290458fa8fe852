"""LiteLLM's callback payloads (`StandardLoggingPayload`): what its proxy posts or stores per call.

Written by the `generic_api` webhook as a JSON array, as lines, or as single objects, and by the
object-store loggers as one file per call. LiteLLM's counters are inclusive for every provider
(Anthropic's cached tokens are inside `prompt_tokens`), so its usage object is given on in canonical
counters. No observation: an answer from LiteLLM's own cache (no provider was called), a read of an
earlier answer or batch, and calls of MCP tools.

Keys: the response's id (LiteLLM rewrites `resp_...` ids), the provider's request id among the
answer's headers, and `litellm:CALL_ID`, which its telemetry has too. All attempts of a request
share that id, so a failed attempt has its start after it: `litellm:CALL_ID@MICROSECONDS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.vocabulary.attribution import (
    dimensions,
    short_text,
    tag_labels,
    tags,
)
from jevons.vocabulary.finish import finish_of
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.money import parse_amount, plain
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.providers import provider_of
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

COUNTERS: Final[dict[str, tuple[str, ...]]] = {
    "input_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_read_input_tokens": ("prompt_tokens_details.cached_tokens", "cache_read_input_tokens"),
    "cache_write_input_tokens": (
        "cache_creation_input_tokens",
        "prompt_tokens_details.cache_creation_tokens",
        "prompt_tokens_details.cache_write_tokens",
    ),
    "cache_write_5m_input_tokens": (
        "prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens",
    ),
    "cache_write_1h_input_tokens": (
        "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
    ),
    "reasoning_output_tokens": ("completion_tokens_details.reasoning_tokens",),
    "audio_input_tokens": ("prompt_tokens_details.audio_tokens",),
    "image_input_tokens": ("prompt_tokens_details.image_tokens",),
    "video_input_tokens": ("prompt_tokens_details.video_tokens",),
    "audio_output_tokens": ("completion_tokens_details.audio_tokens",),
    "image_output_tokens": ("completion_tokens_details.image_tokens",),
    "web_searches": (
        "server_tool_use.web_search_requests",
        "prompt_tokens_details.web_search_requests",
    ),
    "web_fetches": ("server_tool_use.web_fetch_requests",),
}
"""Canonical counter of the dialect `otel.gen_ai` -> its paths in LiteLLM's usage object."""

_OPERATIONS: Final = {
    "embedding": "embeddings", "rerank": "rerank", "moderation": "moderation",
}  # fmt: skip
"""LiteLLM's names of calls that are no chat."""

_ALWAYS: Final = ("input_tokens", "output_tokens", "total_tokens")
_NO_CALL: Final = re.compile(
    r"a?(get|list|retrieve|delete|cancel)_|a?(create_)?(file|batch|fine_tuning)|call_mcp|health"
)
_HARNESSES: Final = (
    (re.compile(r"claude-cli/([\w.]+)"), "claude-code"),
    (re.compile(r"codex\w*/([\w.]+)"), "codex"),
    (re.compile(r"GeminiCLI\S*?/([\w.]+)"), "gemini-cli"),
    (re.compile(r"opencode/([\w.]+)"), "opencode"),
)
"""User agents of tools whose calls pass through the proxy, with the tool's name."""

_METADATA_NOISE: Final = (
    "user_api_key", "headers", "trace_id", "generation_name", "spend_logs_metadata",
    "used_client_oauth_token", "tags", "requester_ip",
)  # fmt: skip
_REQUEST_HEADERS: Final = ("llm_provider-request-id", "llm_provider-x-request-id", "request-id")
_PLACEHOLDERS: Final = ("default_user_id", "litellm_proxy_master_key")
_ERROR_NAME: Final = re.compile(r"[\w.:/-]{1,80}\Z")
_ID: Final = re.compile(r"[\x21-\x7e]{1,1024}\Z")
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"


class LitellmSource:
    """Reads callback payloads of LiteLLM: a JSON document, or lines to which more are appended."""

    name = "litellm"
    whole = False
    ranged = False

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the file begins with an object that has LiteLLM's own ids and prices."""
        text = head.lstrip(_BLANK)
        known = (b'"litellm_call_id"', b'"call_type"')
        return text.startswith((b"{", b"[")) and all(name in text for name in known)

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """No standard place: the proxy is told where to log."""
        return []

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield the calls in order; `state["form"]` says whether the file is lines or one
        document, which is read as a whole whenever it changes."""
        state["form"] = form = state.get("form") or _form(path)
        place = str(path)
        if form == "lines":
            with path.open("rb") as file:
                for line, raw in complete_lines(file, state, stop):
                    yield from _read(raw, place, line)
            return
        raw = path.read_bytes()
        yield from _read(raw.lstrip(_BLANK), place, 0)
        state["offset"], state["line"] = len(raw), 1


SOURCE: Final = LitellmSource()


def _form(path: Path) -> str:
    """Whether a file is one document or lines of objects, by its first line."""
    with path.open("rb") as file:
        first = b""
        while not first and (line := file.readline()):
            first = line.strip(_BLANK)
    if not (first.startswith(b"{") and first.endswith(b"}")):
        return "document"
    try:
        msgspec.json.decode(first, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return "document"
    return "lines"


def _read(raw: bytes, place: str, line: int) -> Iterator[Observation | Rejection]:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as problem:
        yield reject(SOURCE.name, place, line, f"not JSON: {problem}", raw)
        return
    items = value if isinstance(value, list) else [value]
    for number, item in enumerate(items, 1):
        where = line or number
        if not isinstance(item, dict) or "call_type" not in item:
            yield reject(SOURCE.name, place, where, "not a LiteLLM payload", raw, item)
        elif is_call(item):
            report = _observation(item)
            if isinstance(report, str):
                yield reject(SOURCE.name, place, where, report, raw, item)
            else:
                yield report


def is_call(payload: dict[str, Any]) -> bool:
    """Whether a provider was called for the payload, and for an answer of its own."""
    return payload.get("cache_hit") not in (True, "True", "true") and not _NO_CALL.match(
        str(payload.get("call_type"))
    )


def _observation(payload: dict[str, Any]) -> Observation | str:
    start, end = _microseconds(payload.get("startTime")), _microseconds(payload.get("endTime"))
    if start is None:
        return "startTime is no time"
    failed = payload.get("status") == "failure"
    usage, whole = _usage(payload)
    cost = _cost(payload.get("response_cost"))
    response = _object(payload.get("response"))
    provider, host = provider_of(_provider_name(payload))
    return Observation(
        provider=provider,
        time=start,
        source=SOURCE.name,
        evidence="span",
        completeness="none" if usage is None else "partial" if failed else "complete",
        detail="full" if whole else "coarse",
        api="otel.gen_ai" if usage else None,
        response_id=_response_id(payload),
        request_id=_request_id(payload),
        aliases=_aliases(payload, start, failed),
        host=host,
        request_model=_request_model(payload),
        response_model=_name(response.get("model")),
        service_tier=_name(response.get("service_tier")) or _in_usage(payload, "service_tier"),
        speed=_in_usage(payload, "speed"),
        operation=_OPERATIONS.get(str(payload.get("call_type")).removeprefix("a")),
        finish_reason=_finish(response, provider),
        status="error" if failed else "ok",
        error=_error(payload) if failed else None,
        latency_ms=(end - start) // 1000 if end is not None and end >= start else None,
        usage=usage,
        stated_cost=cost,
        stated_by="client" if cost else None,
        **_attribution(payload),
    )


def _finish(response: dict[str, Any], provider: str) -> str | None:
    """Why the answer ended: that of its choices, of the message, or a call among its items."""
    choices = _items(response.get("choices"))
    said = [one.get("finish_reason") for one in choices if isinstance(one, dict)]
    calls = [one for one in _items(response.get("output")) if isinstance(one, dict)]
    if any(one.get("type") == "function_call" for one in calls):
        return "tool"
    return finish_of(said or response.get("stop_reason") or response.get("status"), provider)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def _microseconds(value: Any) -> int | None:
    """Epoch seconds as microseconds, exact by the number's own digits; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int((Decimal(str(value)) * 1_000_000).to_integral_value())


def _usage_object(payload: dict[str, Any]) -> dict[str, Any]:
    """The usage that LiteLLM normalised: in the metadata, else in the response."""
    held = _object(_object(payload.get("metadata")).get("usage_object"))
    return held or _object(_object(payload.get("response")).get("usage"))


def _usage(payload: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    """Canonical counters, and whether they come from a whole usage object; without one the
    payload's own three totals are taken. Counters that are all zero mean unknown."""
    for held, whole in ((_usage_object(payload), True), (payload, False)):
        counts = {
            counter: found
            for counter, paths in COUNTERS.items()
            if (found := _first_count(held, paths)) is not None
            and (found or counter in _ALWAYS or counter.startswith("cache"))
        }
        if any(counts.values()):
            return counts, whole
    return None, True


def _first_count(held: dict[str, Any], paths: tuple[str, ...]) -> int | None:
    for path in paths:
        value: Any = held
        for name in path.split("."):
            value = _object(value).get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _in_usage(payload: dict[str, Any], name: str) -> str | None:
    return _name(_usage_object(payload).get(name))


def _cost(value: Any) -> str | None:
    """What LiteLLM computed, in USD; a zero is what it says of models that it has no price for."""
    try:
        amount = parse_amount(value)
    except ValueError:
        return None
    return plain(amount) if amount > 0 else None


def _provider_name(payload: dict[str, Any]) -> str:
    named = _name(payload.get("custom_llm_provider"))
    prefix, mark, _ = str(payload.get("model") or "").partition("/")
    return named or (prefix if mark else "unknown")


def _request_model(payload: dict[str, Any]) -> str | None:
    """The deployment's model without LiteLLM's provider prefix."""
    model = _name(payload.get("model"))
    provider = payload.get("custom_llm_provider")
    return model.removeprefix(f"{provider}/") if model else None


def _response_id(payload: dict[str, Any]) -> str | None:
    """The answer's id; a failed call carries LiteLLM's call id in its place."""
    found = payload.get("id")
    if not isinstance(found, str) or found == payload.get("litellm_call_id"):
        return None
    return found if _ID.match(found) and payload.get("status") != "failure" else None


def _request_id(payload: dict[str, Any]) -> str | None:
    headers = _object(_object(payload.get("hidden_params")).get("additional_headers"))
    found = next((headers[n] for n in _REQUEST_HEADERS if isinstance(headers.get(n), str)), None)
    refused = _object(payload.get("error_information")).get("error_provider_request_id")
    return _name(found) or _name(refused)


def _aliases(payload: dict[str, Any], start: int, failed: bool) -> list[str]:
    call = _name(payload.get("litellm_call_id"))
    if call is None:
        return []
    return [f"litellm:{call}@{start}" if failed else f"litellm:{call}"]


def _error(payload: dict[str, Any]) -> str:
    """Status code and class of an error, never its message."""
    held = _object(payload.get("error_information"))
    named = (str(held.get(name) or "") for name in ("error_code", "error_class"))
    return " ".join(part for part in named if _ERROR_NAME.match(part)) or "error"


def _attribution(payload: dict[str, Any]) -> dict[str, Any]:
    """Dimensions and tags: request tags, then the caller's metadata, then the key's."""
    metadata = _object(payload.get("metadata"))
    requester = _object(metadata.get("requester_metadata"))
    spend = _object(metadata.get("spend_logs_metadata"))
    tagged = tag_labels(_items(payload.get("request_tags")) + _items(requester.get("tags")))
    given = [*tagged, *spend.items(), *requester.items()]
    own = [("end_user", payload.get("end_user")), ("session_id", payload.get("session_id"))]
    found: dict[str, Any] = {}
    for layer in (given, own, list(metadata.items())):
        for dimension, value in dimensions(layer).items():
            if value not in _PLACEHOLDERS:
                found.setdefault(dimension, value)
    session = found.get("session")
    free = tags((n, v) for n, v in given if not n.startswith(_METADATA_NOISE))
    group = short_text(payload.get("model_group"))
    if group and group != _request_model(payload):
        free["model_group"] = group
    return {"run": session, **_harness(payload), **found, "tags": free}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _harness(payload: dict[str, Any]) -> dict[str, str]:
    agent = payload.get("user_agent")
    for pattern, harness in _HARNESSES:
        if isinstance(agent, str) and (found := pattern.match(agent)):
            return {"harness": harness, "harness_version": found[1]}
    return {}
