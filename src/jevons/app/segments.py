"""Reading by several processes: files are cut into segments, each prepared where it is read.

A segment is a file, a range of lines of a large file, or several small files together. A worker
reads, keys, splits, rates and lays out its segment; only the finished columns travel to the process
that holds the write lock. The books do not depend on how the files were cut.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from jevons.app.reading import Reading, explain
from jevons.vocabulary.errors import SourceError
from jevons.vocabulary.memory import CHUNK, HANDFUL
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import Source, State

if TYPE_CHECKING:
    from jevons.ledger.fields import Fields
    from jevons.stores.preparation import Prepared

SEGMENT_BYTES: Final = 40 << 20
"""How many bytes one task reads: bounds memory, and what is lost on a kill."""

BATCH: Final = 50_000
"""Observations per batch that is written."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of one file. number: of the file's reading; stop: None = to the end."""

    number: int
    path: str
    source: str
    state: State
    stop: int | None = None


@dataclass(slots=True)
class Outcome:
    """What reading one segment gave. state: the source's memory at its end; lines: lines read;
    problem: why it could not be read to its end."""

    number: int
    state: State
    observations: int = 0
    rejected: int = 0
    read_bytes: int = 0
    lines: int = 0
    problem: str = ""


@dataclass(slots=True)
class Harvest:
    """What a task gave: prepared batches, rejections, and how each of its segments went."""

    batches: list[Prepared] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def tasks(readings: list[Reading]) -> Iterator[list[Segment]]:
    """Cut what there is to read into tasks of about SEGMENT_BYTES."""
    together: list[Segment] = []
    size = 0
    for number, reading in enumerate(readings):
        if not reading.to_read:
            continue
        try:
            pieces = list(_cut(number, reading))
        except OSError as error:
            reading.refuse(error)
            continue
        for segment, length in pieces:
            together.append(segment)
            size += length
            if size >= SEGMENT_BYTES:
                yield together
                together, size = [], 0
    if together:
        yield together


def _cut(number: int, reading: Reading) -> Iterator[tuple[Segment, int]]:
    source = reading.source
    assert source is not None
    path, start = str(reading.path), int(reading.memory.get("offset", 0))
    if not source.ranged or reading.bytes_to_read <= SEGMENT_BYTES:
        yield Segment(number, path, source.name, dict(reading.memory)), reading.bytes_to_read
        return
    marks = [start, *_line_starts(reading.path, start, reading.size)]
    for low, high in zip(marks, [*marks[1:], None], strict=True):
        state = {**reading.memory, "offset": low}
        if low != start:
            state["line"] = -1
        yield Segment(number, path, source.name, state, high), (high or reading.size) - low


def _line_starts(path: Path, start: int, size: int) -> Iterator[int]:
    """Offsets about SEGMENT_BYTES apart at which a line begins."""
    with path.open("rb") as file:
        position = start + SEGMENT_BYTES
        while position < size:
            file.seek(position)
            position += len(file.readline())
            if position < size:
                yield position
            position += SEGMENT_BYTES


def items(
    source: Source, path: Path, outcome: Outcome, stop: int | None = None
) -> Iterator[Observation | Rejection]:
    """What a source finds in a file. One that cannot be read on ends here, with its problem kept:
    what was found before is as good as ever, and other files are not concerned."""
    try:
        yield from source.read(path, outcome.state, stop=stop)
    except (OSError, SourceError) as error:
        outcome.problem = explain(path, error)


_Origin = tuple[Segment, int, Outcome]
"""Where an observation was read: the line as the source counts it."""


class _Harvester:
    """Collects the observations of a task's segments into prepared batches."""

    def __init__(self, prepare: Callable[[Fields], Prepared]) -> None:
        self.prepare = prepare
        self.found = Harvest()
        self.observations: list[Observation] = []
        self.origins: list[_Origin] = []
        self.admitted: list[Fields] = []
        self.admitted_origins: list[_Origin] = []

    def read(self, segment: Segment, source: Source) -> None:
        """Read one segment to its end."""
        state = dict(segment.state)
        first = int(state.get("line", 0))
        begin = int(state.get("offset", 0))
        outcome = Outcome(segment.number, state)
        lines: list[int] = []
        for item in items(source, Path(segment.path), outcome, segment.stop):
            if isinstance(item, Rejection):
                self.reject(segment, item)
                outcome.rejected += 1
                continue
            self.observations.append(item)
            lines.append(state.get("line", 0))
            if len(self.observations) >= HANDFUL:
                self.note(segment, lines, outcome)
                self.check()
                lines = []
        self.note(segment, lines, outcome)
        outcome.lines = int(state.get("line", 0)) - first
        outcome.read_bytes = int(state.get("offset", begin)) - begin
        self.found.outcomes.append(outcome)

    def note(self, segment: Segment, lines: list[int], outcome: Outcome) -> None:
        """Remember where the observations that were read last come from."""
        self.origins += zip(repeat(segment), lines, repeat(outcome))
        outcome.observations += len(lines)

    def reject(self, segment: Segment, item: Rejection) -> None:
        """Keep a rejection, its line counted from the beginning of the file."""
        try:
            shift = line_shift(segment)
        except OSError:
            shift = -item.line  # the file is gone: line 0 stands for "somewhere in it"
        if shift:
            item = msgspec.structs.replace(item, line=item.line + shift)
        self.found.rejections.append(item)

    def refuse(self, origin: _Origin, item: Observation, reason: str) -> None:
        """Turn an observation that may not enter the books into a rejection."""
        segment, line, outcome = origin
        outcome.observations -= 1
        outcome.rejected += 1
        usage = {"usage": item.usage} if item.usage else None
        raw = msgspec.json.encode(item)
        self.reject(segment, reject(segment.source, segment.path, line, reason, raw, usage))

    def check(self) -> None:
        """Check what was read last, and prepare what was checked when it is enough."""
        if not self.observations:
            return
        from jevons.ledger.admission import admit  # with NumPy, which is not needed for nothing new

        fields, refused = admit(self.observations)
        for position, reason in refused.items():
            self.refuse(self.origins[position], self.observations[position], reason)
        self.admitted.append(fields)
        self.admitted_origins += [o for p, o in enumerate(self.origins) if p not in refused]
        self.observations, self.origins = [], []
        if len(self.admitted_origins) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Prepare what was checked."""
        if self.admitted_origins:
            from jevons.ledger.fields import Fields

            fields = Fields.joined(self.admitted)
            batch = self.prepare(fields)
            for position, reason in batch.impossible.items():
                origin = self.admitted_origins[position]
                self.refuse(origin, fields.observations[position], reason)
            self.found.batches.append(batch)
        self.admitted, self.admitted_origins = [], []


def harvest(
    segments: list[Segment], sources: Mapping[str, Source], prepare: Callable[[Fields], Prepared]
) -> Harvest:
    """Read the segments of one task and prepare what they hold."""
    harvester = _Harvester(prepare)
    for segment in segments:
        harvester.read(segment, sources[segment.source])
    harvester.check()
    harvester.flush()
    return harvester.found


@lru_cache(maxsize=4)
def _lines_before(path: str, offset: int, version: tuple[int, ...]) -> int:
    lines, left = 0, offset
    with open(path, "rb") as file:
        while left and (block := file.read(min(left, 1 << 22))):
            lines += block.count(b"\n")
            left -= len(block)
    return lines


def line_shift(segment: Segment) -> int:
    """What to add to a line number of a segment that begins inside its file; its first line is
    0."""
    if segment.state.get("line") != -1:
        return 0
    status = os.stat(segment.path)
    version = (status.st_ino, status.st_size, status.st_mtime_ns)
    return _lines_before(segment.path, int(segment.state["offset"]), version) + 1


def gathered(
    harvests: Iterable[Harvest], join: Callable[[list[Prepared]], Prepared]
) -> Iterator[Harvest]:
    """Put small harvests together until they make a batch worth a commit."""
    together = Harvest()
    for found in harvests:
        together.batches += found.batches
        together.rejections += found.rejections
        together.outcomes += found.outcomes
        if sum(map(len, together.batches)) >= BATCH // 2:
            yield _as_one(together, join)
            together = Harvest()
    if together.outcomes:
        yield _as_one(together, join)


def _as_one(found: Harvest, join: Callable[[list[Prepared]], Prepared]) -> Harvest:
    if len(found.batches) > 1:
        found.batches = [join(found.batches)]
    return found


def worker_count(asked: int, total_bytes: int) -> int:
    """How many processes should read: 0 = this one alone, when there is little to read."""
    if total_bytes < SEGMENT_BYTES // 4:
        return 0
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    wanted = asked or cores
    return wanted if wanted > 1 else 0
