"""One line on the error stream that tells how far a long command is; nothing when nobody
watches."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Final, TextIO

from jevons.app.results import Progress
from jevons.interfaces.cli.figures import count, duration, size
from jevons.interfaces.cli.table import shorten
from jevons.interfaces.cli.terminal import Terminal, columns_of, safe

EVERY: Final = 0.1
"""Seconds between two paintings of the line."""

PLACE: Final = 12
"""Columns below which a file's name is not worth showing."""


class ProgressLine:
    """Give an instance as `on_progress`; as a context manager it wipes the line at the end."""

    def __init__(self, terminal: Terminal, stream: TextIO | None = None) -> None:
        self._terminal = terminal
        self._stream = sys.stderr if stream is None else stream
        self._painted_at = -EVERY

    def __call__(self, progress: Progress) -> None:
        """Show this state, unless the last one was shown a moment ago."""
        if not self._terminal.live or progress.seconds - self._painted_at < EVERY:
            return
        self._painted_at = progress.seconds
        line = describe(progress, self._terminal)
        self._stream.write(f"\r{line}\x1b[K")
        self._stream.flush()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._painted_at >= 0:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def describe(progress: Progress, terminal: Terminal) -> str:
    """The state in one line: share, bytes, calls, rate, time left, place; cut to the terminal."""
    parts = [f"{count(progress.observations, exact=False)} calls"]
    if progress.seconds > 0:
        rate = round(progress.observations / progress.seconds)
        parts.append(f"{count(rate, exact=False)}/s")
    if progress.total_bytes > 0:
        share = min(100, 100 * progress.done_bytes // progress.total_bytes)
        parts.insert(
            0, f"{share:3d} %  {size(progress.done_bytes)} of {size(progress.total_bytes)}"
        )
        parts += _left(progress)
    elif progress.done_bytes > 0:
        parts.insert(0, size(progress.done_bytes))
    width = (terminal.width or 80) - 1
    line, place = "  ".join(parts), safe(progress.place)
    room = width - columns_of(line) - 2
    if room >= min(PLACE, columns_of(place)):
        return f"{line}  {shorten(place, room, terminal.glyphs.ellipsis)}"
    return shorten(line, width, terminal.glyphs.ellipsis)


def _left(progress: Progress) -> list[str]:
    rest = progress.total_bytes - progress.done_bytes
    if progress.done_bytes <= 0 or progress.seconds < 1 or rest <= 0:
        return []
    seconds = progress.seconds * rest / progress.done_bytes
    return [f"{duration(max(1, round(seconds)))} left".replace(".0 s", " s")]
