"""The published JSON Schema of `jevons.event/v1`, rendered from the Observation type."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from jevons.vocabulary.observation import SCHEMA, Observation

FILE: Final = "event-v1.schema.json"
"""Name of the published file, beside this module."""

DESCRIPTIONS: Final[dict[str, str]] = {
    "provider": (
        "Who served the model: anthropic, openai, google, aws, azure, mistral, openrouter, ..."
    ),
    "time": (
        "When the call started if known, else when it was recorded: RFC 3339 text with a "
        "zone, or epoch microseconds (UTC)."
    ),
    "schema": "The version of this format.",
    "source": "Which reader or writer made this line.",
    "evidence": (
        "Who saw the call, best first: our gateway, the provider's own record, an SDK "
        "span or proxy callback on the call path, a client's local log, an estimate."
    ),
    "completeness": (
        "complete: final usage. partial: usage so far, a lower bound (interrupted "
        "stream). none: no usage known."
    ),
    "detail": "coarse: the emitter is known to leave out the cache or reasoning split.",
    "api": (
        "The dialect in which `usage` is written, such as anthropic.messages or "
        "openai.responses; inferred from provider and keys when absent."
    ),
    "response_id": (
        "The provider's id of the response, verbatim (msg_..., resp_..., chatcmpl-...)."
    ),
    "request_id": "The provider's id of the request, verbatim (req_...), or the client's own.",
    "attempt": "Number of the attempt when a request was repeated, counted from 1.",
    "aliases": "Further ids under which other tools report the same response; they join reports.",
    "self_keys": (
        "Keys that recognise a repetition of this report and join nothing else (a span id)."
    ),
    "host": (
        "Where the model was served when not at the provider itself: bedrock, vertex, azure, a URL."
    ),
    "region": "Region or geography that served the call, as the provider names it.",
    "request_model": "The model that was asked for.",
    "response_model": "The model that answered.",
    "service_tier": "The tier that served the call: standard, priority, flex, ...",
    "batch": "Whether the call went through the provider's batch API.",
    "speed": "The provider's speed option: standard, fast.",
    "operation": "What kind of call it was: chat, embeddings, rerank, moderation, ...",
    "finish_reason": (
        "Why the model stopped: stop (the answer is whole), tool (a tool is to be called), "
        "length, filter."
    ),
    "status": "ok, error, or what else the source says of the outcome of the call.",
    "error": "Type or code of the error; never its message.",
    "latency_ms": "Duration of the call in milliseconds.",
    "usage": "The provider's usage object as given: numbers and names only, no text.",
    "stated_cost": "Decimal text in USD that the source claims for the call.",
    "stated_by": "Whether the provider billed `stated_cost` or a client computed it.",
    "block_hashes": "Salted rolling hashes of the prompt's blocks, first block first.",
    "organisation": "Organisation that pays.",
    "team": "Team that the call belongs to.",
    "person": "Person on whose behalf the call was made.",
    "project": "Project or repository.",
    "application": "Product or service that made the call.",
    "harness": "Agent or application software: claude-code, codex, ...",
    "harness_version": "Version of the harness.",
    "environment": "production, staging, ...",
    "customer": "The organisation's own customer served by the call.",
    "key": "Name or fingerprint of the API key; never the key itself.",
    "task_type": "The kind of task, which groups tasks.",
    "task": "The caller's id of the task: a ticket, pull request or job.",
    "session": "The client's conversation.",
    "session_started_at": (
        "Epoch microseconds of the session's own first line; decides whose call it is "
        "when a forked session repeats it."
    ),
    "run": "The agent run: a root agent session or request, or one sub-agent's part of it.",
    "parent_run": "The run that started this one, for sub-agents.",
    "step": "The step inside the run.",
    "parent_step": "The step of the parent run that started this run.",
    "agent": "Name of the agent inside the harness.",
    "tool": "The tool that the step calls or serves.",
    "purpose": (
        "What the call was for: answer, plan, verify, retry, retrieve, tool, sub-agent, guardrail, "
        "housekeeping. Reports show the purpose that rules assign, which follow a stated one."
    ),
    "tags": "Free labels: text to text, values of at most 200 characters.",
}
"""What every field means."""

_BOUNDS: Final[dict[str, dict[str, Any]]] = {
    "provider": {"minLength": 1},
    "schema": {"const": SCHEMA},
    "stated_cost": {"pattern": r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"},
    "attempt": {"minimum": 1},
    "latency_ms": {"minimum": 0},
}
"""Rules that the reader checks beyond the types."""


def render() -> str:
    """The schema as JSON text. Raises KeyError for a field without a description."""
    components = msgspec.json.schema(Observation)["$defs"]["Observation"]
    fields = {}
    for name, kind in components["properties"].items():
        fields[name] = {"description": DESCRIPTIONS[name], **kind, **_BOUNDS.get(name, {})}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:jevons:schema:event-v1",
        "title": SCHEMA,
        "description": "One line of a jevons.event/v1 file: what one source reported of one "
        "model call. Fields that are not listed are accepted and named in the tag "
        "jevons.unknown_fields; their values are not kept.",
        "type": "object",
        "required": components["required"],
        "properties": fields,
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    Path(__file__).with_name(FILE).write_text(render(), encoding="utf-8")
