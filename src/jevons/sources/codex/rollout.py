"""Rollouts: one observation per response of a thread.

A file of newer versions has a `token_usage_record` per response, with the provider's response id;
the `token_count` line that follows repeats it. So from the first record on, `token_count` is
ignored. Files of older versions have only `token_count`: its `last_token_usage` counts, or else the
difference of the cumulative `total_token_usage`; a line whose total did not move (a new rate limit,
an estimate after compaction) repeats the one before.

`token_count` gives no id. Its time, model and five counters recognise it again in a fork that
copied it, and nothing else (`self_keys`); a gateway's report of the same call is found by the
ledger. A copy that was written with new times is left out by `Thread.is_replayed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from jevons.sources.codex.thread import (
    NAME,
    Payload,
    Thread,
    model_name,
    provider_of,
    restored,
)  # fmt: skip
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import parse_time
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

COUNTERS: Final = (
    "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens",
    "total_tokens",
)  # fmt: skip
"""Counters of a usage object that identify it."""

_ALL_COUNTERS: Final = (*COUNTERS, "cache_write_input_tokens")

_EVENTS: Final = (b'"token_count"', b'"task_started"')


class _Line(msgspec.Struct):
    type: str | None = None
    timestamp: str | None = None
    payload: msgspec.Raw = msgspec.Raw()


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_payload = msgspec.json.Decoder(Payload).decode


def read_rollout(
    file: BinaryIO, place: str, state: State, stop: int | None
) -> Iterator[Observation | Rejection]:
    """Yield one observation per response, and what cannot be read; the thread goes to `state`."""
    thread = restored(state)
    for number, text in complete_lines(file, state, stop):
        try:
            found = _read_line(text, thread)
        except msgspec.ValidationError as problem:
            field = str(problem).rpartition("at ")[2] or "the line"
            found = f"{field} is not of the expected type"
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            found = "the line is not JSON: it is cut or overwritten"
        state["thread"] = msgspec.to_builtins(thread)
        if isinstance(found, str):
            yield reject(NAME, place, number, found, text, _decoded(text))
        elif found is not None:
            yield found


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _read_line(text: bytes, thread: Thread) -> Observation | str | None:
    """What a line reports: an observation, why it cannot be one, or None if it reports no call."""
    line = _decode_line(text)
    if line.type == "event_msg":
        if not any(name in text for name in _EVENTS):
            return None
    elif line.type not in ("session_meta", "turn_context", "token_usage_record"):
        return None
    payload = _decode_payload(line.payload)
    time = _time(line.timestamp)
    if line.type == "session_meta":
        thread.begin(payload, time)
    elif line.type == "turn_context" or payload.type == "task_started":
        thread.turn(payload)
    elif line.type == "token_usage_record":
        thread.records = True
        return _record(payload, time, thread)
    elif payload.type == "token_count" and payload.info is not None:
        return _count(payload, time, thread)
    return None


def _time(text: str | None) -> int | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def _record(payload: Payload, time: int | None, thread: Thread) -> Observation | str:
    if payload.usage is None:
        return "the record has no usage"
    if time is None:
        return "the record has no valid timestamp"
    found = _observation(payload.usage, time, thread.model, thread)
    found.response_id = payload.response_id
    if payload.response_id is None:
        found.self_keys = [_self_key(found)]
    if payload.thread_id is not None and payload.thread_id != thread.id:
        # Copied from another thread: it is that one's call, of which little is known here.
        found.run, found.parent_run, found.agent = payload.thread_id, None, None
        found.session, found.session_started_at = payload.session_id or payload.thread_id, None
    return found


def _count(payload: Payload, time: int | None, thread: Thread) -> Observation | str | None:
    info = payload.info or {}
    usage = _moved(info, thread, time is not None and thread.is_replayed(time))
    if usage is None or thread.records or not any(_number(usage, name) for name in COUNTERS[:4]):
        return None
    if time is None:
        return "the token count has no valid timestamp"
    named = info.get("model")
    model = payload.model or (named if isinstance(named, str) else None) or thread.model
    found = _observation(usage, time, model, thread)
    found.self_keys = [_self_key(found)]
    return found


def _moved(info: dict[str, Any], thread: Thread, is_replayed: bool) -> dict[str, Any] | None:
    """The usage of the response that a token count tells of, None when it tells of none."""
    last, total = info.get("last_token_usage"), info.get("total_token_usage")
    if not isinstance(total, dict):
        return last if isinstance(last, dict) and not is_replayed else None
    before, now = thread.total, {name: _number(total, name) for name in _ALL_COUNTERS}
    fell = before is not None and now["total_tokens"] < before["total_tokens"]
    if fell and thread.forked:
        return None  # an older total of the thread that was copied
    thread.total = now
    if is_replayed or now == before:
        return None
    if isinstance(last, dict):
        return last
    base = {} if fell or before is None else before
    return {name: max(now[name] - base.get(name, 0), 0) for name in now}


def _number(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    if name == "total_tokens" and value is None:
        return _number(usage, "input_tokens") + _number(usage, "output_tokens")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _self_key(found: Observation) -> str:
    counts = ":".join(str(_number(found.usage or {}, name)) for name in COUNTERS)
    return f"{NAME}:{found.time}:{found.request_model or ''}:{counts}"


def _observation(
    usage: dict[str, Any], time: int, model: str | None, thread: Thread
) -> Observation:
    tags = {"git_branch": thread.git_branch, "reasoning_effort": thread.effort}
    if thread.model_provider not in (None, "openai"):
        tags["model_provider"] = thread.model_provider
    counted = any(_number(usage, name) for name in COUNTERS)
    return Observation(
        provider=provider_of(thread, model),
        time=time,
        source=NAME,
        evidence="client_log",
        completeness="complete" if counted else "none",
        api="codex",
        request_model=model_name(model),
        service_tier=thread.service_tier,
        usage=usage if counted else None,
        harness=NAME,
        harness_version=thread.version,
        project=thread.project,
        session=thread.session,
        session_started_at=thread.started,
        run=thread.id,
        parent_run=thread.parent,
        agent=thread.agent or (model if model != model_name(model) else None),
        tags={name: value for name, value in tags.items() if value},
    )
