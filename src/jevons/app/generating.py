"""`jevons generate`: the company written to a file, or imported without one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from jevons.app.importing import Importer
from jevons.app.results import Progress
from jevons.app.segments import BATCH, Harvest
from jevons.ledger.outcomes import accept_outcome
from jevons.vocabulary.errors import SourceError
from jevons.vocabulary.memory import HANDFUL
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.outcome import Outcome
from jevons.vocabulary.source import Source

if TYPE_CHECKING:
    from jevons.app.ports import Ledger

OnProgress = Callable[[Progress], None]

OUTCOMES: Final = ".outcomes.jsonl"
"""What the file of the outcomes has at the end of its name, behind that of the calls."""


def generate_file(
    events: int, seed: int, out: Path, on_progress: OnProgress | None
) -> dict[str, object]:
    """Write the company as native lines, and its truth file beside it. out: `-` is standard output,
    without a truth file. Raises SourceError; BrokenPipeError when nobody reads standard output."""
    from jevons.app.company.generation import Generation
    from jevons.app.company.tally import Tally

    company, tally = Generation(events, seed), Tally()
    write = _Written(events, out, on_progress)
    if str(out) == "-":
        for chunk in company.chunks(tally):
            write(sys.stdout.buffer, chunk)
        return {"events": write.lines, "bytes": write.bytes}
    truth = out.with_name(out.name + ".truth.json")
    outcomes = out.with_name(out.name + OUTCOMES)
    try:
        with out.open("wb") as file, outcomes.open("wb") as beside:
            for chunk in company.chunks(tally, beside.writelines):
                write(file, chunk)
        truth.write_text(json.dumps(company.document(tally), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SourceError(f"{out} cannot be written: {error.strerror}") from error
    return {
        "events": write.lines,
        "bytes": write.bytes,
        "out": str(out),
        "outcomes": str(outcomes),
        "truth": str(truth),
    }


class _Written:
    """Writes chunks of lines, counts them and tells how far it is."""

    def __init__(self, events: int, out: Path, on_progress: OnProgress | None) -> None:
        self.events, self.place, self.on_progress = events, str(out), on_progress
        self.started = time.monotonic()
        self.bytes = self.lines = 0

    def __call__(self, file: BinaryIO, chunk: bytes) -> None:
        file.write(chunk)
        self.bytes += len(chunk)
        self.lines += chunk.count(b"\n")
        if self.on_progress is not None:
            total = self.bytes * self.events // max(1, self.lines)
            seconds = time.monotonic() - self.started
            self.on_progress(Progress(self.bytes, total, self.lines, seconds, self.place))


def generate_into(
    store: Ledger,
    sources: Mapping[str, Source],
    events: int,
    seed: int,
    on_progress: OnProgress | None,
) -> dict[str, object]:
    """Import the company straight into a ledger, with what became of its tasks."""
    from jevons.app.company.generation import Generation

    told = _Told(store)
    importer = Importer(store, sources, on_progress)
    decode = msgspec.json.Decoder(Observation).decode
    waiting: list[Observation] = []
    for chunk in Generation(events, seed).chunks(outcomes=told.take):
        waiting += map(decode, chunk.splitlines())
        if len(waiting) >= BATCH:
            _store(importer, waiting, events)
            waiting = []
    _store(importer, waiting, events)
    told.store_rest()
    return {
        "events": importer.events,
        "new": importer.new,
        "repeated": importer.repeated,
        "outcomes": told.outcomes,
    }


class _Told:
    """Records the company's outcomes in batches."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.waiting: list[Outcome] = []
        self.outcomes = 0
        self.decode = msgspec.json.Decoder(Outcome).decode

    def take(self, lines: Iterable[bytes]) -> None:
        """Read the lines of a stretch of days."""
        for line in lines:
            self.waiting += [self.decode(one) for one in line.splitlines()]
        if len(self.waiting) >= BATCH:
            self.store_rest()

    def store_rest(self) -> None:
        """Record what waits."""
        if not self.waiting:
            return
        refused = [reason for one in self.waiting if (reason := accept_outcome(one))]
        assert not refused, f"the generator wrote an outcome that is refused: {refused[0]}"
        self.outcomes += self.ledger.record_outcomes(self.waiting).new
        self.waiting = []


def _store(importer: Importer, observations: list[Observation], total: int) -> None:
    from jevons.ledger.admission import admit
    from jevons.ledger.fields import Fields

    importer.total_bytes = total
    admitted = []
    for first in range(0, len(observations), HANDFUL):
        fields, refused = admit(observations[first : first + HANDFUL])
        assert not refused, f"the generator wrote an observation that is refused: {refused}"
        admitted.append(fields)
    if admitted:
        importer.take(Harvest([importer.ledger.prepare(Fields.joined(admitted))]))
    importer.done_bytes = importer.count
    importer.report("company")
