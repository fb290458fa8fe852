"""`outcomes import` and `outcomes list`: reports of what became of the work, into the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jevons.app.reading import HEAD_BYTES, explain, walk
from jevons.ledger.outcomes import accept_outcome
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.memory import uncollected
from jevons.vocabulary.outcome import Outcome, OutcomeSource
from jevons.vocabulary.rejection import Rejection

if TYPE_CHECKING:
    from jevons.app.ports import Ledger

BATCH: Final = 100_000
"""Outcomes that are appended at once; a file with fewer is in the ledger as a whole or not at
all."""


@dataclass(frozen=True, slots=True)
class OutcomeFile:
    """What was found in one file. format: None if no reader knows it; problem: why it cannot be
    read."""

    place: str
    format: str | None
    outcomes: int = 0
    rejected: int = 0
    problem: str = ""


@dataclass(slots=True)
class OutcomeSummary:
    """What an import of outcomes did. superseding: new reports of outcomes that were known.
    contradictory: reports that differ from another of the same outcome and time. unlinked: outcomes
    in the whole ledger that speak of nothing it knows; None on a dry run."""

    files: tuple[OutcomeFile, ...] = ()
    outcomes: int = 0
    new: int = 0
    repeated: int = 0
    superseding: int = 0
    contradictory: int = 0
    rejected: int = 0
    seconds: float = 0.0
    dry_run: bool = False
    unlinked: int | None = None
    known: int | None = None


def floors_of(texts: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE pairs as score -> floor. Raises UsageError."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            number = Decimal(value)
        except ArithmeticError:
            number = Decimal("NaN")
        if not equals or not name.strip() or not number.is_finite() or abs(number.adjusted()) > 12:
            raise UsageError(
                f"--floor {text}: there is no NAME=NUMBER in it",
                remedy="Write for example --floor correctness=0.8.",
            )
        found[name.strip()] = value.strip()
    return found


class OutcomeImporter:
    """One import of outcomes. floors: score -> from where on it means success. revision: the least
    that every report gets, so that it counts instead of an earlier one of the same time."""

    def __init__(
        self,
        ledger: Ledger,
        readers: Mapping[str, OutcomeSource],
        floors: Mapping[str, str],
        revision: int = 0,
    ) -> None:
        self.ledger = ledger
        self.readers = readers
        self.floors = floors
        self.revision = revision
        self.summary = OutcomeSummary()

    def run(
        self, paths: Sequence[Path], named: str | None, *, dry_run: bool = False
    ) -> OutcomeSummary:
        """Read all files at the paths. Raises SourceError for a path that does not exist,
        UsageError, LedgerError."""
        if named is not None and named not in self.readers:
            known = ", ".join(self.readers)
            raise UsageError(f"unknown format {named!r}", remedy=f"Formats are: {known}.")
        started = time.monotonic()
        self.summary.dry_run = dry_run
        with uncollected():
            files = [self._file(path, named) for path in walk(paths)]
        self.summary.files = tuple(files)
        self.summary.seconds = time.monotonic() - started
        return self.summary

    def _file(self, path: Path, named: str | None) -> OutcomeFile:
        try:
            reader = self.readers[named] if named else self._recognised(path)
            if reader is None:
                return OutcomeFile(str(path), None)
            if not self.summary.dry_run:
                place = str(path.resolve())
                now, source = self.ledger.clock(), f"outcomes/{reader.name}"
                self.ledger.state.withdraw_rejections(place, now, source)
            count, rejected = self._take(reader.read(path), path)
        except OSError as error:
            return OutcomeFile(str(path), named, problem=explain(path, error))
        return OutcomeFile(str(path), reader.name, count, rejected)

    def _recognised(self, path: Path) -> OutcomeSource | None:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        readers = self.readers.values()
        return next((one for one in readers if head and one.recognise(path, head)), None)

    def _take(self, found: Iterator[Outcome | Rejection], path: Path) -> tuple[int, int]:
        waiting: list[Outcome] = []
        refused: list[Rejection] = []
        count = 0
        for one in found:
            if isinstance(one, Rejection):
                refused.append(one)
                continue
            waiting.append(self._floored(one))
            count += 1
            if len(waiting) >= BATCH:
                self._record(waiting)
                waiting = []
        self._record(waiting)
        self.summary.outcomes += count
        self.summary.rejected += len(refused)
        if not self.summary.dry_run and refused:
            self.ledger.reject(_settled(refused, path))
        return count, len(refused)

    def _floored(self, outcome: Outcome) -> Outcome:
        outcome.revision = max(outcome.revision, self.revision)
        floor = self.floors.get(outcome.labels.get("score", ""))
        if floor is not None and outcome.quality is not None:
            outcome.quality_floor = floor
            refused = accept_outcome(outcome)
            assert refused is None, refused
        return outcome

    def _record(self, outcomes: list[Outcome]) -> None:
        if self.summary.dry_run or not outcomes:
            return
        recorded = self.ledger.record_outcomes(outcomes)
        self.summary.new += recorded.new
        self.summary.repeated += recorded.repeated
        self.summary.superseding += recorded.superseding
        self.summary.contradictory += recorded.contradictory


def _settled(rejections: list[Rejection], path: Path) -> list[Rejection]:
    """Rejections under the file's whole path, whatever folder it was named from."""
    import msgspec

    place = str(path.resolve())
    return [msgspec.structs.replace(one, place=place) for one in rejections]


def outcome_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A current outcome for `outcomes list --json`: figures as text, times as RFC 3339."""
    import json

    from jevons.ledger.outcomes import exact_text
    from jevons.vocabulary.outcome import FIGURES, LINKS
    from jevons.vocabulary.period import iso

    figures = {n: None if row[n] is None else exact_text(row[n]) for n in FIGURES}
    return {
        "source": row["source"],
        "id": row["outcome_id"],
        "time": iso(row["time"]),
        "revision": row["revision"],
        "status": row["status"],
        "standing": row["standing"],
        "only_link": row["only_link"],
        **{name: row[name] for name in LINKS},
        **figures,
        "value_provenance": row["value_provenance"],
        "loss_kind": row["loss_kind"],
        "labels": json.loads(row["labels"]) if row["labels"] else {},
        "reports": row["reports"],
        "recorded_at": iso(row["recorded_at"]),
    }
