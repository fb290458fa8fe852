"""Captures of standard output: `claude -p --output-format stream-json` and `json`.

A stream capture repeats the calls of a session, under the same ids as the session log, but its
lines are printed when a response begins: `output_tokens` is the placeholder of `message_start` and
`stop_reason` is null. Such a call is a lower bound (`partial`), which the session log, a span or
the gateway completes. The `result` line is a roll-up of the session, its sub-agents included:
it cannot be divided among the calls, so it never becomes an event, and totals are never too high.

Most lines have no timestamp: a call is given that of the nearest following line which has one, else
of the nearest before. A capture without any cannot be dated: its calls are rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from jevons.sources.claude_code.call import (
    NAME,
    Instant,
    Line,
    Message,
    Origin,
    merge,
    observation,
    reported,
)  # fmt: skip
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State


class _Printed(msgspec.Struct, gc=False):
    """What matters of a printed line; everything else is skipped by the decoder."""

    type: str | None = None
    message: Message | None = None
    session_id: str | None = None
    request_id: str | None = None
    uuid: str | None = None
    timestamp: Instant | None = None
    cwd: str | None = None
    claude_code_version: str | None = None


_decode_printed = msgspec.json.Decoder(_Printed).decode
_UNDATED: Final = "the capture has no timestamp to date this call by; its session log has one"


def read_capture(path: Path, state: State) -> Iterator[Observation | Rejection]:
    """Yield a lower bound per call of a stream capture; the whole file is read when it grew."""
    place = str(path)
    progress: State = {}
    lines: list[tuple[int, _Printed]] = []
    calls: dict[tuple[str | None, ...], Observation] = {}
    with path.open("rb") as file:
        for number, text in complete_lines(file, progress):
            try:
                lines.append((number, _decode_printed(text)))
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                yield reject(NAME, place, number, "the line is not a printed message", text)
    folders = frozenset(parent.name for parent in path.parents)
    for position, (number, printed) in enumerate(lines):
        line = _line(printed, lines, position)
        message = reported(line)
        if message is None:
            continue
        found = observation(line, message, Origin(line.session_id, None, folders))
        if isinstance(found, str):
            yield reject(NAME, place, number, _UNDATED, msgspec.json.encode(printed))
            continue
        if message.stop_reason is None and found.completeness == "complete":
            found.completeness = "partial"
        key = (found.response_id, found.request_id, *found.self_keys)
        if (known := calls.setdefault(key, found)) is not found:
            merge(known, found)
    yield from calls.values()
    state |= progress
    state["roll_ups"] = sum(printed.type == "result" for _, printed in lines)


def _line(printed: _Printed, lines: Sequence[tuple[int, _Printed]], position: int) -> Line:
    """A printed line as the session log would have it, dated by its neighbours."""
    init = next((other for _, other in lines if other.cwd is not None), printed)
    return Line(
        type=printed.type,
        message=printed.message,
        timestamp=_dated(lines, position),
        session_id=printed.session_id,
        request_id=printed.request_id,
        uuid=printed.uuid,
        cwd=init.cwd,
        version=init.claude_code_version,
    )


def _dated(lines: Sequence[tuple[int, _Printed]], position: int) -> Instant | None:
    for _, printed in (*lines[position:], *reversed(lines[:position])):
        if printed.timestamp is not None:
            return printed.timestamp
    return None
