"""Importing: from files to the books, in batches, each stored before its place in the file is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.app.reading import Reading, fingerprint, plan, walk
from jevons.app.results import FileSummary, ImportSummary, Progress
from jevons.ledger.intake import accept
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import Source

BATCH: Final = 100_000
"""Observations per batch: bounds memory, and what is read again after a crash."""

OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class _Tally:
    observations: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _Pending:
    """Observations and rejections that are read but not stored yet."""

    observations: list[Observation] = field(default_factory=list)
    origins: list[tuple[str, str, int]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    cursors: dict[str, Any] = field(default_factory=dict)


class Importer:
    """One import: reads files, hands batches to the ledger, remembers how far it came.

    ledger: the open ledger (`app.wiring`). sources: by name, in the order in which they are asked to
    recognise a file.
    """

    def __init__(self, ledger: Any, sources: Mapping[str, Source], on_progress: OnProgress | None) -> None:
        self.ledger = ledger
        self.sources = sources
        self.on_progress = on_progress
        self.started = time.monotonic()
        self.pending = _Pending()
        self.new = self.repeated = self.events = self.duplicates = self.rejected = 0
        self.done_bytes = self.total_bytes = self.count = 0

    def run(self, paths: Sequence[Path], named: str | None, *, dry_run: bool) -> ImportSummary:
        """Read everything new at the paths. Raises SourceError, LedgerError."""
        readings = [plan(path, named, self.sources, self.ledger.state) for path in walk(paths)]
        self.total_bytes = sum(reading.bytes_to_read for reading in readings)
        files = []
        for reading in readings:
            tally = _Tally()
            if reading.source is not None and reading.state != "unchanged":
                tally = self._dry(reading) if dry_run else self._read(reading)
            name = reading.source.name if reading.source else None
            files.append(
                FileSummary(str(reading.path), name, reading.state, tally.observations, tally.rejected)
            )
        if not dry_run:
            self._flush()
        return self._summary(files, dry_run=dry_run)

    def add(self, items: Iterator[Observation | Rejection], source: str, place: str, state: Any) -> _Tally:
        """Take observations from a reader until it ends, flushing full batches."""
        tally = _Tally()
        for item in items:
            if isinstance(item, Rejection):
                self.pending.rejections.append(item)
                tally.rejected += 1
                continue
            reason = accept(item)
            if reason is not None:
                self._refuse(item, (source, place, int(state.get("line", 0))), reason)
                tally.rejected += 1
                continue
            tally.observations += 1
            self.pending.observations.append(item)
            self.pending.origins.append((source, place, int(state.get("line", 0))))
            if len(self.pending.observations) >= BATCH:
                self._flush()
                self._report(place, int(state.get("offset", 0)))
        return tally

    def _dry(self, reading: Reading) -> _Tally:
        assert reading.source is not None
        tally = _Tally()
        state = dict(reading.memory)
        for item in reading.source.read(reading.path, state):
            good = isinstance(item, Observation) and accept(item) is None
            tally.observations += good
            tally.rejected += not good
        self.count += tally.observations
        self.rejected += tally.rejected
        return tally

    def _read(self, reading: Reading) -> _Tally:
        source, state = reading.source, dict(reading.memory)
        assert source is not None
        place = str(reading.path)
        tally = self.add(source.read(reading.path, state), source.name, place, state)
        offset = int(state.get("offset", 0))
        self.pending.cursors[str(reading.path.resolve())] = self.ledger.make_cursor(
            source.name, fingerprint(reading.path, offset), reading, state
        )
        self.done_bytes += reading.bytes_to_read
        self._report(place, 0)
        return tally

    def _refuse(self, item: Observation, origin: tuple[str, str, int], reason: str) -> None:
        source, place, line = origin
        raw = msgspec.json.encode(item)
        usage = {"usage": item.usage} if item.usage else None
        self.pending.rejections.append(reject(source, place, line, reason, raw, usage))

    def _flush(self) -> None:
        """Store what is pending: observations first, then rejections, then how far the files were read."""
        pending, self.pending = self.pending, _Pending()
        if pending.observations:
            sealed = self.ledger.seal(pending.observations)
            self.new += sealed.new
            self.repeated += sealed.repeated
            self.events += sealed.events
            self.duplicates += sealed.possible_duplicates
            for position, reason in sealed.impossible.items():
                source, place, line = pending.origins[position]
                item = pending.observations[position]
                raw = msgspec.json.encode(item)
                usage = {"usage": item.usage}
                pending.rejections.append(reject(source, place, line, reason, raw, usage))
        self.count += len(pending.observations)
        self.rejected += len(pending.rejections)
        self.ledger.reject(pending.rejections)
        self.ledger.state.save_cursors(pending.cursors.items())

    def _report(self, place: str, offset: int) -> None:
        if self.on_progress is not None:
            seconds = time.monotonic() - self.started
            count = self.count + len(self.pending.observations)
            done = min(self.total_bytes, self.done_bytes + offset)
            self.on_progress(Progress(done, self.total_bytes, count, seconds, place))

    def _summary(self, files: list[FileSummary], *, dry_run: bool) -> ImportSummary:
        return ImportSummary(
            files=tuple(files),
            observations=self.count,
            new=self.new,
            repeated=self.repeated,
            events=self.events,
            rejected=self.rejected,
            possible_duplicates=self.duplicates,
            seconds=time.monotonic() - self.started,
            dry_run=dry_run,
        )

