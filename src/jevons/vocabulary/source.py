"""The port through which usage enters: what every source module provides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection

if TYPE_CHECKING:
    from pathlib import Path

State = dict[str, Any]
"""What a source remembers of one file between imports, JSON only. Line-oriented sources keep
`offset` (bytes of complete lines read so far) and `line` (how many lines those are) in it, and
their own context."""


class Source(Protocol):
    """A reader of one foreign format.

    name: as typed on the command line. whole: True when a changed file must be read again as a
    whole (one JSON document, a database); False when lines are only appended. ranged: True when
    every line stands for itself, so that a large file may be read in byte ranges by several
    processes.
    """

    name: str
    whole: bool
    ranged: bool

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the file is of this format, judged by its first 64 KiB."""
        ...

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """The standard places of this tool's logs (existing or not), [] if it has none."""
        ...

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Read from `state["offset"]` (default 0) up to the last complete line, or to the line that
        begins at or after byte `stop`; `state` is updated so that a later call continues there.
        Raises OSError as the file system gives it; bad content is a Rejection."""
        ...
