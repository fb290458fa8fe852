"""Lines of a log in large blocks, for reading at the speed of the disk.

`jevons.vocabulary.lines` hands out one line at a time with the state already past it; here a whole
block of lines comes at once, and the state moves when the consumer asks for the next block. So a
consumer may hold back what it found in a block until the block's end, and still never lose a line
when it is interrupted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from io import SEEK_CUR, RawIOBase
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from jevons.vocabulary.source import State

BLOCK: Final = 256 * 1024
"""Bytes read at once: larger blocks leave the processor's cache before they are searched, and cost
more in fresh memory than they save in calls."""

LONGEST: Final = 64 * 1024 * 1024
"""A line longer than this (bytes) is cut: what is left is not JSON and becomes a Rejection."""

_BOM: Final = b"\xef\xbb\xbf"
_any_json = msgspec.json.Decoder(msgspec.Raw)


class Block(NamedTuple):
    """Consecutive lines. first: the 1-based number of the first of them; start: where it begins in
    `content`; ends: where each line ends there, one byte before the next begins."""

    first: int
    content: bytes
    start: int
    ends: list[int]

    @property
    def lines(self) -> list[bytes]:
        """The lines without their ends."""
        starts = [self.start, *(end + 1 for end in self.ends)]
        return [self.content[low:high] for low, high in zip(starts, self.ends, strict=False)]


def blocks(
    path: Path, state: State, *, stop: int | None = None, size: int = BLOCK
) -> Iterator[Block]:
    """Yield the complete lines from `state["offset"]` on, in blocks of about `size` bytes.

    Ends at the last complete line, or before the line that begins at or after byte `stop`. A last
    line without a line end counts as complete when it is a whole JSON object, for no part of an
    object is one; `state["unended"]` then says that its line end may still come.
    """
    offset, line = int(state.get("offset", 0)), int(state.get("line", 0))
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        if state.get("unended"):
            offset += 1 if file.read(1) == b"\n" else 0
            state["unended"] = False
            file.seek(offset)
        rest, wanted = b"", size
        while stop is None or offset < stop:
            chunk = file.read(wanted)
            if not chunk:
                if is_object(rest):
                    yield Block(line + 1, rest, 0, [len(rest)])
                    state |= {"offset": offset + len(rest), "line": line + 1, "unended": True}
                return
            content = rest + chunk
            ends = _line_ends(content)
            length = ends[-1] + 1 if ends else 0
            rest = content[length:]
            wanted = size if ends else 2 * wanted  # a long line is not copied for every block
            if len(rest) > LONGEST:
                content, rest = content[: length + LONGEST], b""
                ends.append(len(content))
                length = _skip_line(file, size) - offset
            if stop is not None and offset + length > stop:
                length = _before(ends, length, stop - offset)
            if ends:
                start = len(_BOM) if offset == 0 and content.startswith(_BOM) else 0
                yield Block(line + 1, content, start, ends)
            offset, line = offset + length, line + len(ends)
            state |= {"offset": offset, "line": line}


def _line_ends(content: bytes) -> list[int]:
    """Where the complete lines end."""
    ends, end = [], content.find(b"\n")
    while end >= 0:
        ends.append(end)
        end = content.find(b"\n", end + 1)
    return ends


def is_object(text: bytes) -> bool:
    """Whether the bytes are one whole JSON object."""
    if not text.lstrip().startswith(b"{"):
        return False
    try:
        _any_json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _skip_line(file: RawIOBase, size: int) -> int:
    """Move to the start of the next line (or the end of the file); returns that position."""
    while chunk := file.read(size):
        end = chunk.find(b"\n")
        if end >= 0:
            return file.seek(end + 1 - len(chunk), SEEK_CUR)
    return file.tell()


def _before(ends: list[int], length: int, stop: int) -> int:
    """Keep the lines that begin before `stop`; returns their length in bytes with line ends."""
    kept = bisect_left(ends, stop - 1) + 1
    if kept < len(ends):
        length = ends[kept - 1] + 1
        del ends[kept:]
    return length
