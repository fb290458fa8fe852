"""One response as a line of Claude Code reports it, and the observation made of it.

Identity: `message.id` is the provider's response id and `requestId` the provider's request id; a
line without both is recognised again by its `uuid`. Session and run: the session id is the root
run; a sub-agent (`agentId`) is the run `<session>/<agentId>` below it. The project is the folder
that the session was started in: the log's own folder is named after it, so a `cd` does not move a
call to another project.

Whose call it is when a session was forked: copied lines keep message id, request id and time, but
carry the new session's id. `session_started_at` is the time of the first line with a timestamp in
the file that is not marked `forkedFrom`. A fork writes lines of its own before the copies, so its
start is later than its origin's, whatever is read first. Calls marked `forkedFrom` are given to the
session named there. A sidechain that replays its parent's messages starts with the parent's first
copied line at the earliest; it is put one microsecond later, so that the parent wins a tie.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from jevons.vocabulary.finish import finish_of
from jevons.vocabulary.money import parse_amount, plain
from jevons.vocabulary.observation import Completeness, Observation
from jevons.vocabulary.period import EPOCH

NAME: Final = "claude-code"

PLACEHOLDER_OUTPUT: Final = 32
"""Versions before about 2.1.30 wrote the output count of `message_start`, a placeholder of at most
29 tokens (anthropics/claude-code issues 22686, 22671, 27361), and no stop reason: without a stop
reason a count up to this one is a lower bound."""

_SYNTHETIC: Final = "<synthetic>"
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")
_CLOUDS: Final = {"msg_bdrk_": ("aws", "bedrock"), "msg_vrtx_": ("google", "vertex")}
_DIRECT: Final = ("anthropic", None)
"""Beginning of a message id -> who bills the call, and the host that served it."""
_TAG_LENGTH: Final = 200
_NOT_NAMES: Final = frozenset(("", "not_available"))

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with a zone."""


class Fork(msgspec.Struct, gc=False, rename="camel"):
    """Where a copied line came from."""

    session_id: str | None = None


class Message(msgspec.Struct, gc=False):
    """What matters of an API message; its content is skipped. `stop_reason` is None where the line
    says null, empty where it says nothing."""

    id: str | None = None
    role: str | None = None
    model: str | None = None
    stop_reason: str | None = ""
    usage: dict[str, Any] | None = None


class Line(msgspec.Struct, gc=False, rename="camel"):
    """What matters of a log line, in the order in which it is written; everything else is skipped
    by the decoder."""

    is_sidechain: bool | None = None
    agent_id: str | None = None
    message: Message | None = None
    request_id: str | None = None
    attribution_agent: str | None = None
    type: str | None = None
    uuid: str | None = None
    timestamp: Instant | None = None
    cwd: str | None = None
    session_id: str | None = None
    version: str | None = None
    git_branch: str | None = None
    forked_from: Fork | None = None
    cost_usd: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="costUSD")
    is_api_error_message: bool | None = None
    api_error_status: int | None = None
    error: msgspec.Raw = msgspec.Raw()


class Origin(NamedTuple):
    """What a log file says of its own session: its id, its start (epoch microseconds) and the names
    of the folders that the file lies in."""

    session: str | None
    started: int | None
    folders: frozenset[str] = frozenset()


def microseconds(moment: datetime) -> int:
    """Epoch microseconds of an instant."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def reported(line: Line) -> Message | None:
    """The response that a line reports, or the refusal of a call; None when it reports neither.

    Messages that Claude Code makes up itself (`<synthetic>`) are no responses, unless they tell
    that the provider refused a call: then they carry its HTTP status or its request id.
    """
    message = line.message
    if message is None or message.usage is None:
        return None
    if line.type != "assistant" and (line.type is not None or message.role != "assistant"):
        return None
    if line.is_api_error_message:
        refused = line.api_error_status is not None or line.request_id is not None
        return message if refused else None
    return None if message.model == _SYNTHETIC else message


def observation(line: Line, message: Message, origin: Origin) -> Observation | str:
    """The observation of a reported response in the log that `origin` describes, or why there is
    none."""
    if line.timestamp is None:
        return "the call has no timestamp"
    session, started = _session(line, origin)
    agent, branch, usage = line.agent_id, line.git_branch, message.usage or {}
    completeness = _completeness(usage, message.stop_reason)
    provider, host = _CLOUDS.get(message.id[:9], _DIRECT) if message.id else _DIRECT
    found = Observation(
        provider=provider,
        time=microseconds(line.timestamp),
        source=NAME,
        evidence="client_log",
        completeness=completeness,
        api="claude.code",
        response_id=message.id,
        request_id=line.request_id,
        host=host,
        region=_name(usage.get("inference_geo")),
        request_model=message.model,
        response_model=message.model,
        service_tier=_name(usage.get("service_tier")),
        speed=_name(usage.get("speed")),
        finish_reason=finish_of(message.stop_reason),
        usage=None if completeness == "none" else usage,
        harness=NAME,
        harness_version=line.version,
        project=project(line.cwd, origin.folders) if line.cwd else None,
        session=session,
        session_started_at=started,
        run=f"{session}/{agent}" if agent and session else session,
        parent_run=session if agent else None,
        agent=line.attribution_agent,
        tags={"git_branch": branch} if branch and len(branch) <= _TAG_LENGTH else {},
    )
    if line.cost_usd:
        found.stated_cost = _cost(line.cost_usd)
        found.stated_by = "client" if found.stated_cost else None
    if line.is_api_error_message:
        _refuse(found, line)
    if not (found.response_id or found.request_id) and line.uuid:
        found.self_keys = [f"{NAME}:{line.uuid}"]
    return found


def _session(line: Line, origin: Origin) -> tuple[str | None, int | None]:
    """The session that made the call and its start; another file's start is not known here."""
    if line.forked_from is not None and line.forked_from.session_id:
        return line.forked_from.session_id, None
    session = line.session_id or origin.session
    if session != origin.session or origin.started is None:
        return session, None
    return session, origin.started + 1 if line.is_sidechain else origin.started


def _completeness(usage: dict[str, Any], stop_reason: str | None) -> Completeness:
    output = usage.get("output_tokens") or 0
    if not output and not usage.get("input_tokens"):
        cached = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
        if not any(cached):
            return "none"  # a proxy that reports no usage: unknown, not zero
    if stop_reason is None and isinstance(output, int) and output <= PLACEHOLDER_OUTPUT:
        return "partial"
    return "complete"


def _cost(text: msgspec.Raw) -> str | None:
    """The cost in USD that old versions state, None for zero (a subscription) or anything else."""
    try:
        amount = parse_amount(bytes(text).decode())
    except ValueError:
        return None
    return plain(amount) if amount else None


def _refuse(found: Observation, line: Line) -> None:
    """A call that the provider refused: its HTTP status if known and the error's category."""
    found.completeness, found.usage, found.api = "none", None, None
    # Claude Code makes up the message that shows the error, its model and usage included.
    found.response_id = found.request_model = found.response_model = None
    found.service_tier = found.speed = found.region = found.finish_reason = None
    found.status = str(line.api_error_status or "error")
    category = bytes(line.error).strip(b'"').decode(errors="replace")
    if _CATEGORY.match(category) and category != "null":
        found.error = category
    elif line.api_error_status is not None:
        found.error = f"http_{line.api_error_status}"


def merge(known: Observation, other: Observation) -> None:
    """Take a further line of the same call into `known`: the larger usage counts, and the call is
    complete if any line says so."""
    if other.usage is not None and _size(other.usage) > _size(known.usage or {}):
        known.usage = other.usage
    if known.completeness == "none" or other.completeness == "complete":
        known.completeness = other.completeness
    if known.finish_reason is None:
        known.finish_reason = other.finish_reason
    if known.stated_cost is None:
        known.stated_cost, known.stated_by = other.stated_cost, other.stated_by


def _size(usage: dict[str, Any]) -> tuple[int, int]:
    output = usage.get("output_tokens")
    counts = sum(count for count in usage.values() if isinstance(count, int))
    return output if isinstance(output, int) else 0, counts


def _name(value: Any) -> str | None:
    """A short name, None for what is absent or declared unknown."""
    if not isinstance(value, str) or value in _NOT_NAMES or len(value) > 64:
        return None
    return value


@lru_cache(maxsize=1024)
def project(cwd: str, folders: frozenset[str]) -> str | None:
    """The name of the folder that a session works on.

    Claude Code keeps the logs of a session in a folder named after its working directory, with
    everything but letters and digits as `-`: the nearest directory at or above `cwd` whose name in
    that form is in `folders` is the project, else `cwd` itself. Its own git worktrees belong to
    the repository that they are in.
    """
    path = PureWindowsPath(cwd) if "\\" in cwd else PurePosixPath(cwd)
    for part in path, *path.parents:
        if part.name and re.sub(r"[^A-Za-z0-9]", "-", str(part)) in folders:
            path = part
            break
    names = path.parts
    if ".claude" in names and names[names.index(".claude") + 1 :][:1] == ("worktrees",):
        return names[names.index(".claude") - 1] if names.index(".claude") else None
    return path.name or None
