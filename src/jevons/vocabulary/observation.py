"""Observation: what one source reported of one model call; as JSON, `jevons.event/v1`.

One line of a `jevons.event/v1` file is one observation as JSON. Field names are the dimension names
of every report. All fields are optional but `provider` and `time`; an unknown field is kept in
`tags` by no one: it is reported as unknown by the reader.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

SCHEMA: Final = "jevons.event/v1"

Evidence = Literal["gateway", "provider", "span", "client_log", "estimate"]
"""Who saw the call, best first: our gateway, the provider's own record, an SDK span or a proxy's
callback on the call path, a client's local log, an estimate."""

Completeness = Literal["complete", "partial", "none"]
"""complete: final usage. partial: usage so far, a lower bound (cut stream). none: unknown."""

EVIDENCE_RANK: Final[dict[str, int]] = {
    "gateway": 0, "provider": 1, "span": 2, "client_log": 3, "estimate": 4,
}  # fmt: skip

DIMENSIONS: Final[tuple[str, ...]] = (
    "organisation", "team", "person", "project", "application", "harness", "harness_version",
    "environment", "customer", "key", "task_type", "task", "session", "run", "parent_run", "step",
    "parent_step", "agent", "tool", "purpose",
)  # fmt: skip
"""Attribution fields, merged one by one across the observations of an event."""

LABELS: Final[tuple[str, ...]] = (
    "provider", "host", "region", "request_model", "response_model", "service_tier", "speed",
    "operation", "finish_reason", "status", "error",
)  # fmt: skip
"""Facts of the call itself that are text, merged like attribution."""


class Observation(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One report of one call, immutable once stored.

    time: RFC 3339 UTC text or epoch microseconds; when the call started if known, else when
    recorded. usage: the provider's usage object as given; `api` names the dialect that it is
    written in (`jevons.usage.DIALECTS`). aliases: further identity keys that join (opaque,
    namespaced text). self_keys: keys that recognise a repetition of this report but join nothing
    else (a span id). stated_cost: decimal text in USD claimed by the source; `stated_by` says
    whether the provider billed it or a client computed it. session_started_at: epoch microseconds
    of the session's own first line, which decides whose call it is when a forked session repeats
    it. Not searched for reference cycles: nothing in a report refers back to it.
    """

    provider: str
    time: int | str
    schema: str = SCHEMA
    source: str = "events"
    evidence: Evidence = "provider"
    completeness: Completeness = "complete"
    detail: Literal["full", "coarse"] = "full"
    api: str | None = None
    # identity
    response_id: str | None = None
    request_id: str | None = None
    attempt: int | None = None
    aliases: list[str] = []
    self_keys: list[str] = []
    # the call
    host: str | None = None
    region: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    service_tier: str | None = None
    batch: bool | None = None
    speed: str | None = None
    operation: str | None = None
    finish_reason: str | None = None
    status: str | None = None
    error: str | None = None
    latency_ms: int | None = None
    usage: dict[str, Any] | None = None
    stated_cost: str | None = None
    stated_by: Literal["provider", "client"] | None = None
    block_hashes: list[str] = []
    # attribution
    organisation: str | None = None
    team: str | None = None
    person: str | None = None
    project: str | None = None
    application: str | None = None
    harness: str | None = None
    harness_version: str | None = None
    environment: str | None = None
    customer: str | None = None
    key: str | None = None
    task_type: str | None = None
    task: str | None = None
    session: str | None = None
    session_started_at: int | None = None
    run: str | None = None
    parent_run: str | None = None
    step: str | None = None
    parent_step: str | None = None
    agent: str | None = None
    tool: str | None = None
    purpose: str | None = None
    tags: dict[str, str] = {}
