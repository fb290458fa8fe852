"""Lines of a log in large blocks, for reading at the speed of the disk.

`jevons.vocabulary.lines` hands out one line at a time with the state already past it; here a whole
block of lines comes at once, and the state moves when the consumer asks for the next block. So a
consumer may hold back what it found in a block until the block's end, and still never lose a line
when it is interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_CUR, RawIOBase
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from jevons.vocabulary.source import State

BLOCK: Final = 1024 * 1024
"""Bytes read at once: small enough to stay in the processor's cache while it is split."""

LONGEST: Final = 64 * 1024 * 1024
"""A line longer than this (bytes) is cut: what is left is not JSON and becomes a Rejection."""

_BOM: Final = b"\xef\xbb\xbf"
_any_json = msgspec.json.Decoder(msgspec.Raw)


class Block(NamedTuple):
    """Consecutive lines without their ends; `first` is the 1-based number of the first of them."""

    first: int
    lines: list[bytes]


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
        rest = b""
        while stop is None or offset < stop:
            chunk = file.read(size)
            if not chunk:
                if is_object(rest):
                    yield Block(line + 1, [rest])
                    state |= {"offset": offset + len(rest), "line": line + 1, "unended": True}
                return
            lines = chunk.split(b"\n")
            lines[0] = rest + lines[0]
            rest = lines.pop()
            length = sum(map(len, lines)) + len(lines)
            if len(rest) > LONGEST:
                lines.append(rest[:LONGEST])
                length, rest = _skip_line(file, size) - offset, b""
            if stop is not None and offset + length > stop:
                length = _before(lines, offset, stop)
            if lines:
                if offset == 0:
                    lines[0] = lines[0].removeprefix(_BOM)
                yield Block(line + 1, lines)
            offset, line = offset + length, line + len(lines)
            state |= {"offset": offset, "line": line}


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


def _before(lines: list[bytes], offset: int, stop: int) -> int:
    """Keep the lines that begin before `stop`; returns their length in bytes with line ends."""
    length = 0
    for number, line in enumerate(lines):
        if offset + length >= stop:
            del lines[number:]
            break
        length += len(line) + 1
    return length
