"""Lines of an append-only file: which are complete, where they lie, and where to go on later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from jevons.vocabulary.source import State

LONGEST: Final = 64 * 1024 * 1024
"""A line longer than this (bytes) is cut; what is left of it cannot be read and becomes a
Rejection."""

_BLOCK: Final = 64 * 1024
"""Bytes per read; larger blocks cost more in fresh memory than they save in calls."""
_MARK: Final = b"\xef\xbb\xbf"


def complete_lines(
    file: BinaryIO, state: State, stop: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield (1-based line number, bytes without line end) for every line that is not blank.

    Starts at `state["offset"]`, ends at the last complete line or before the line that begins at
    or after byte `stop`. `state["offset"]` and `state["line"]` already include the line being
    yielded. A last line without a line end is complete only if it is a whole JSON object: a writer
    may still be in the middle; what is written behind it later is counted as the same line. One
    with a NUL byte in it (zeros, UTF-16) begins no line of text: it is yielded to be refused, and
    read again when the file goes on.
    """
    offset, line = int(state.get("offset", 0)), int(state.get("line", 0))
    if line > 0 and _is_open(file, offset):
        line -= 1  # the rest of a line that was already counted
    file.seek(offset)
    pending: list[bytes] = []
    held = dropped = 0
    while block := file.read(_BLOCK):
        if b"\n" not in block:
            dropped += len(block) if held > LONGEST else 0
            pending += [] if held > LONGEST else [block]
            held += len(block)
            continue
        lines = b"".join((*pending, block)).split(b"\n")
        pending = [lines.pop()]
        held = len(pending[0])
        for raw in lines:
            if stop is not None and offset >= stop:
                return
            text = raw.removeprefix(_MARK).strip() if offset == 0 else raw.strip()
            offset += len(raw) + 1 + dropped
            dropped = 0
            line += 1
            state["offset"], state["line"] = offset, line
            if text:
                yield line, text
    rest = b"".join(pending)
    if stop is not None and offset >= stop:
        return
    if _is_object(rest):
        state["offset"], state["line"] = offset + len(rest), line + 1
        yield line + 1, rest.removeprefix(_MARK).strip()
    elif b"\0" in rest:
        yield line + 1, rest


def _is_open(file: BinaryIO, offset: int) -> bool:
    """Whether the line that was read up to this offset had no end yet."""
    file.seek(max(offset - 1, 0))
    return offset > 0 and file.read(1) not in (b"\n", b"")


def _is_object(raw: bytes) -> bool:
    """Whether the bytes are a whole JSON object; the beginning of one never is."""
    if not raw.endswith(b"}"):
        return False
    try:
        msgspec.json.decode(raw.removeprefix(_MARK))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True
