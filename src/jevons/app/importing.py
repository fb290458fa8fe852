"""Importing: from files to the books, in batches, each stored before its place in the file is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from jevons.app.reading import SIDE_FILES, Reading, explain, marks, plan, walk
from jevons.app.results import FileSummary, ImportSummary, Progress
from jevons.app.segments import (
    Harvest,
    Outcome,
    Segment,
    gathered,
    harvest,
    tasks,
    worker_count,
)
from jevons.vocabulary.memory import uncollected
from jevons.vocabulary.rejection import Rejection
from jevons.vocabulary.source import Source

if TYPE_CHECKING:
    from jevons.app.ports import Ledger

OnProgress = Callable[[Progress], None]

_SIDE_FILES: Final = (*SIDE_FILES, ".outcomes.jsonl")


class Importer:
    """One import: has files read, hands batches to the ledger, remembers how far each file was
    read.

    ledger: the open ledger. sources: by name, in the order in which they are asked to recognise a
    file.
    pool: given a number of workers, a context manager that yields a mapping function over tasks.
    """

    def __init__(
        self,
        ledger: Ledger,
        sources: Mapping[str, Source],
        on_progress: OnProgress | None = None,
        *,
        workers: int = 1,
        pool: Callable[..., Any] | None = None,
    ) -> None:
        self.ledger = ledger
        self.sources = sources
        self.on_progress = on_progress
        self.workers = workers
        self.pool = pool
        self.stopping = False
        self.started = time.monotonic()
        self.new = self.repeated = self.events = self.duplicates = self.rejected = 0
        self.done_bytes = self.total_bytes = self.count = 0

    def run(self, paths: Sequence[Path], named: str | None, *, dry_run: bool) -> ImportSummary:
        """Read everything new at the paths; a file that cannot be read is named in the summary.

        Raises SourceError for a path that does not exist, UsageError, LedgerError."""
        readings = [
            plan(path, named, self.sources, self.ledger.state) for path in walk(paths, _SIDE_FILES)
        ]
        self.total_bytes = sum(reading.bytes_to_read for reading in readings)
        outcomes: dict[int, list[Outcome]] = {}
        with uncollected():
            self._read(readings, outcomes, dry_run=dry_run)
        done = [self._file(reading, outcomes.get(i, [])) for i, reading in enumerate(readings)]
        return self._summary(done, dry_run=dry_run)

    def stop(self) -> None:
        """Ask the import to end after the batch that is under way."""
        self.stopping = True

    def take(self, found: Harvest) -> None:
        """Store one harvest: its batches, then its rejections."""
        for batch in found.batches:
            sealed = self.ledger.seal_prepared(batch)
            self.new += sealed.new
            self.repeated += sealed.repeated
            self.events += sealed.events
            self.duplicates += sealed.possible_duplicates
            self.count += len(batch) - len(batch.impossible)
        self.ledger.reject(_settled(found.rejections))
        self.rejected += len(found.rejections)

    def _read(
        self, readings: list[Reading], outcomes: dict[int, list[Outcome]], *, dry_run: bool
    ) -> None:
        waiting = dict.fromkeys(range(len(readings)), 0)
        planned = list(tasks(readings))
        for task in planned:
            for segment in task:
                waiting[segment.number] += 1
        if not dry_run:
            self._forget(readings)
        with ExitStack() as stack:
            for found in gathered(self._harvests(planned, stack), self.ledger.join):
                if dry_run:
                    self.count += sum(outcome.observations for outcome in found.outcomes)
                    self.rejected += len(found.rejections)
                else:
                    self.take(found)
                finished = []
                for outcome in found.outcomes:
                    outcomes.setdefault(outcome.number, []).append(outcome)
                    waiting[outcome.number] -= 1
                    self.done_bytes += outcome.read_bytes
                    if waiting[outcome.number] == 0:
                        finished.append(outcome.number)
                if not dry_run:
                    self._remember(readings, finished, outcomes)
                self.report(str(readings[found.outcomes[-1].number].path))
                if self.stopping:
                    raise KeyboardInterrupt

    def _forget(self, readings: list[Reading]) -> None:
        """Withdraw the rejections of files that are read anew: what is wrong is found again."""
        for reading in readings:
            if reading.again and reading.to_read:
                place = str(reading.path.resolve())
                self.ledger.state.withdraw_rejections(place, self.ledger.clock())

    def _harvests(self, planned: list[list[Segment]], stack: ExitStack) -> Iterator[Harvest]:
        count = worker_count(self.workers, self.total_bytes)
        if count and self.pool is not None and len(planned) > 1:
            yield from stack.enter_context(self.pool(count, threaded=self.ledger.threaded))(planned)
            return
        for task in planned:
            yield harvest(task, self.sources, self.ledger.prepare)

    def _remember(
        self, readings: list[Reading], numbers: list[int], outcomes: dict[int, list[Outcome]]
    ) -> None:
        """Keep how far files were read, now that what was read is stored."""
        cursors = []
        for number in numbers:
            reading = readings[number]
            if any(outcome.problem for outcome in outcomes[number]):
                continue
            assert reading.source is not None
            last = max(outcomes[number], key=lambda o: int(o.state.get("offset", 0)))
            offset = int(last.state.get("offset", 0))
            if len(outcomes[number]) > 1:
                before = int(reading.memory.get("line", 0))
                last.state["line"] = before + sum(o.lines for o in outcomes[number])
            try:
                mark = marks(reading, offset)
            except OSError as error:
                last.problem = explain(reading.path, error)
                continue
            cursor = self.ledger.make_cursor(reading.source.name, mark, reading, last.state)
            cursors.append((str(reading.path.resolve()), cursor))
        self.ledger.state.save_cursors(cursors)

    def _file(self, reading: Reading, outcomes: list[Outcome]) -> FileSummary:
        problem = next((o.problem for o in outcomes if o.problem), reading.problem)
        return FileSummary(
            str(reading.path),
            reading.source.name if reading.source else None,
            "unreadable" if problem else reading.state,
            sum(outcome.observations for outcome in outcomes),
            sum(outcome.rejected for outcome in outcomes),
            problem,
        )

    def report(self, place: str) -> None:
        """Tell the caller how far the import is."""
        if self.on_progress is not None:
            seconds = time.monotonic() - self.started
            done = min(self.total_bytes, self.done_bytes)
            self.on_progress(Progress(done, self.total_bytes, self.count, seconds, place))

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


def _settled(rejections: Iterable[Rejection]) -> list[Rejection]:
    """Rejections with whole paths: a file is the same one whatever folder it is named from."""
    places = {place: str(Path(place).resolve()) for place in {one.place for one in rejections}}
    return [msgspec.structs.replace(one, place=places[one.place]) for one in rejections]
