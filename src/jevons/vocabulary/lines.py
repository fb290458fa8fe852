"""Lines of an append-only file: which are complete, where they lie, and where to go on later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from jevons.vocabulary.source import State

LONGEST: Final = 64 * 1024 * 1024
"""A line longer than this (bytes) is cut; what is left of it cannot be read and becomes a
Rejection."""


def complete_lines(
    file: BinaryIO, state: State, stop: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield (1-based line number, bytes without line end) for every line that is not blank.

    Starts at `state["offset"]`, ends at the last complete line or before the line that begins at
    or after byte `stop`. `state["offset"]` and `state["line"]` already include the line being
    yielded. A last line without a line end is complete only if it is a whole JSON object: a writer
    may still be in the middle.
    """
    offset, line = int(state.get("offset", 0)), int(state.get("line", 0))
    file.seek(offset)
    while stop is None or offset < stop:
        raw = file.readline(LONGEST)
        length = len(raw)
        if length == LONGEST and not raw.endswith(b"\n"):
            length += _skip_line(file)
        elif not raw.endswith(b"\n") and not _is_object(raw):
            return
        first = offset == 0
        offset += length
        line += 1
        state["offset"], state["line"] = offset, line
        text = (raw.removeprefix(b"\xef\xbb\xbf") if first else raw).strip()
        if text:
            yield line, text


def _is_object(raw: bytes) -> bool:
    """Whether the bytes are a whole JSON object; the beginning of one never is."""
    if not raw.endswith(b"}"):
        return False
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _skip_line(file: BinaryIO) -> int:
    """Read past the rest of an overlong line; returns how many bytes that were."""
    skipped = 0
    while rest := file.readline(LONGEST):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped
