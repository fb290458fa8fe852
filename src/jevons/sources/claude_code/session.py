"""Session logs: `<project>/<session>.jsonl` and `<session>/subagents/agent-<id>.jsonl`.

Usage stands only on lines of type `assistant` that have `message.usage`. One response is written as
one line per content block, each repeating the same usage, so lines with the same message id and
request id are collapsed within a block: the largest output counts. Nothing else is an event:
`toolUseResult` repeats a sub-agent's usage, `progress` lines wrap its messages, summaries and
results add calls up.

Speed: only a line that contains the bytes `"usage"` can carry usage (inside a JSON string its
quotes are escaped), so only those are decoded, into a type that skips the content. A line that
repeats id, request id and usage of the call before it is not decoded at all. Any other line is
checked only for beginning with `{` and ending with `}`, which finds cut and overwritten lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.claude_code.blocks import Block, blocks
from jevons.sources.claude_code.call import (
    NAME,
    Fork,
    Instant,
    Line,
    Origin,
    merge,
    microseconds,
    observation,
    reported,
)  # fmt: skip
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

_USAGE: Final = b'"usage"'
_OPEN, _CLOSE = b"{}"
_CUT: Final = "the line is not JSON: it is cut or overwritten"
_NEVER: Final = (b"\0", b"\0")
_UNKNOWN: Final = (None, None)


class _Head(msgspec.Struct, rename="camel"):
    """What the start of a log tells of its session."""

    session_id: str | None = None
    timestamp: Instant | None = None
    forked_from: Fork | None = None


_decode_line = msgspec.json.Decoder(Line).decode
_decode_head = msgspec.json.Decoder(_Head).decode


def read_session(path: Path, state: State, stop: int | None) -> Iterator[Observation | Rejection]:
    """Yield one observation per call (and block) of a session log, and what cannot be read."""
    reader = _Reader(str(path), read_origin(path, state))
    for block in blocks(path, state, stop=stop):
        yield from reader.read(block)
        if reader.origin.started is None:
            reader.origin = read_origin(path, state)


def read_origin(path: Path, state: State) -> Origin:
    """Whose log the file is: kept in `state` once known, else read from the file's start."""
    folders = frozenset(parent.name for parent in path.parents)
    if "started" not in state:
        session, started = _first_line_of_its_own(path)
        if started is None:
            return Origin(session, None, folders)
        state |= {"session": session, "started": started}
    return Origin(state["session"], state["started"], folders)


def _first_line_of_its_own(path: Path) -> tuple[str | None, int | None]:
    session = None
    with path.open("rb") as file:
        for text in file:
            try:
                head = _decode_head(text)
            except (ValueError, RecursionError):
                continue  # an unreadable line says nothing of the session; reading rejects it
            if head.forked_from is None:
                session = session or head.session_id
                if head.timestamp is not None:
                    return head.session_id or session, microseconds(head.timestamp)
    return session, None


@dataclass(slots=True)
class _Reader:
    """Reads the blocks of one log in turn; before, after: how a line begins and goes on that only
    repeats the call read last."""

    place: str
    origin: Origin
    before: bytes = _NEVER[0]
    after: bytes = _NEVER[1]

    def read(self, block: Block) -> list[Observation | Rejection]:
        """What the lines of a block report, each call once."""
        calls: dict[object, Observation | Rejection] = {}
        content, start = block.content, block.start
        for number, end in enumerate(block.ends, block.first):
            at = content.rfind(_USAGE, start, end)  # backwards, for usage follows the content
            if at >= 0:
                at = content.find(_USAGE, start, at + len(_USAGE))
                if not self._repeats(content, start, at, end):
                    self._take(content[start:end], at - start, number, calls)
            elif start < end and (content[start] != _OPEN or content[end - 1] != _CLOSE):
                rejection = _check(content[start:end], self.place, number)
                if rejection is not None:
                    calls[number] = rejection
            start = end + 1
        return list(calls.values())

    def _repeats(self, content: bytes, start: int, at: int, end: int) -> bool:
        """Whether a line, with `"usage"` at `at`, tells nothing new of the call read last."""
        return (
            content.startswith(self.after, at, end)
            and content.find(self.before, start, at) > start
            and content[end - 1] == _CLOSE
        )

    def _take(
        self, text: bytes, at: int, number: int, calls: dict[object, Observation | Rejection]
    ) -> None:
        """Add what a line with `"usage"` reports to the calls of its block."""
        found = _read_line(text, self.origin, self.place, number)
        if isinstance(found, Rejection):
            calls[number] = found
        elif found is not None:
            key = (found.response_id, found.request_id)
            known = calls.setdefault(number if key == _UNKNOWN else key, found)
            if isinstance(known, Observation) and known is not found:
                merge(known, found)
            self.before, self.after = _repetition(text, at, found)


def _repetition(text: bytes, at: int, found: Observation) -> tuple[bytes, bytes]:
    """What a further line of a complete call must contain to tell nothing new: the message id
    before `"usage"`, and what follows from there up to the line's own id, the request id included.
    """
    if found.completeness == "complete" and found.response_id and found.request_id:
        after = text[at : text.find(b'"uuid"', at)]
        if found.request_id.encode() in after:
            return found.response_id.encode(), after
    return _NEVER


def _check(text: bytes, place: str, number: int) -> Rejection | None:
    """Reject a line without usage that cannot be an object; spaces around it are allowed."""
    text = text.strip()
    if not text or (text[0] == _OPEN and text[-1] == _CLOSE):
        return None
    return reject(NAME, place, number, _CUT, text)


def _read_line(
    text: bytes, origin: Origin, place: str, number: int
) -> Observation | Rejection | None:
    """What a line with `"usage"` reports, None when it reports no call."""
    try:
        line = _decode_line(text)
    except msgspec.ValidationError as problem:
        value = decoded(text)
        if value is not None and not _is_answer(value):
            return None
        field = str(problem).rpartition("at ")[2] or "the line"
        reason = _CUT if value is None else f"{field} is not of the expected type"
        return reject(NAME, place, number, reason, text, value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return reject(NAME, place, number, _CUT, text)
    message = reported(line)
    if message is None:
        return None
    found = observation(line, message, origin)
    if isinstance(found, str):
        return reject(NAME, place, number, found, text, decoded(text))
    return found


def decoded(text: bytes) -> Any:
    """A line as a JSON value, None when it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _is_answer(value: Any) -> bool:
    """Whether a decoded line claims to be a response with usage."""
    if not isinstance(value, dict) or not isinstance(value.get("message"), dict):
        return False
    return value.get("type", "assistant") == "assistant" and "usage" in value["message"]
