"""Outcomes as a table: CSV (commas, semicolons or tabs) whose header has the names of the fields.

A column `label.NAME` is a label. Columns of other names are not kept; a label says so. A table
without `id` gets one from the narrowest link: the outcome of run r1 is `run:r1`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from jevons.sources.outcomes.record import Place, read_record
from jevons.vocabulary.outcome import LINKS, Outcome
from jevons.vocabulary.rejection import Rejection

ALIASES: Final[dict[str, str]] = {
    "outcome_id": "id",
    "observed_at": "time",
    "outcome": "status",
    "score": "quality",
    "floor": "quality_floor",
    "pr": "pull_request",
    "pr_url": "pull_request",
}
"""Other names of columns -> the field."""

STATUS_WORDS: Final[dict[str, str]] = {
    **dict.fromkeys(("succeeded", "success", "successful", "passed", "pass", "resolved",
                     "solved", "merged", "done", "true", "yes", "1", "1.0"), "succeeded"),
    **dict.fromkeys(("failed", "failure", "fail", "unresolved", "rejected", "false", "no", "0",
                     "0.0"), "failed"),
    **dict.fromkeys(("abandoned", "cancelled", "canceled"), "abandoned"),
    **dict.fromkeys(("unknown", "", "open", "pending"), "unknown"),
}  # fmt: skip
"""Words of a status column -> the status."""

LONGEST_NUMBER: Final = 18
"""Digits of the longest whole number that is read as one."""


class TableReader:
    """Reads a table with a header."""

    name = "csv"

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the first line names a time and something that an outcome can belong to."""
        try:
            line = head.decode("utf-8-sig", "strict").split("\n", 1)[0]
        except UnicodeDecodeError:
            return False
        if line.lstrip().startswith(("{", "[")):
            return False
        names = set(header(line))
        return "time" in names and any(name in names for name in LINKS)

    def read(self, path: Path) -> Iterator[Outcome | Rejection]:
        """Yield one outcome or rejection per row, in order."""
        with path.open("r", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            first = file.readline()
            names = header(first)
            rows = csv.reader(file, delimiter=delimiter(first))
            while True:
                try:
                    cells = next(rows, None)
                except csv.Error as problem:
                    yield Place(self.name, str(path), rows.line_num + 1, b"").refuse(str(problem))
                    continue
                if cells is None:
                    return
                if any(cells):
                    raw = "\x1f".join(cells).encode("utf-8", "surrogateescape")
                    yield self._row(
                        names, cells, Place(self.name, str(path), rows.line_num + 1, raw)
                    )

    @staticmethod
    def _row(names: list[str], cells: list[str], place: Place) -> Outcome | Rejection:
        if len(cells) > len(names):
            return place.refuse(f"{len(cells)} cells under {len(names)} column names")
        texts = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
        status = texts.pop("status", "").lower()
        if status not in STATUS_WORDS:
            known = ", ".join(sorted(STATUS_WORDS))
            return place.refuse(f"status is none of the words that are known: {known}")
        record: dict[str, Any] = {
            name: text for name, text in texts.items() if text and not name.startswith("label.")
        }
        record["status"] = STATUS_WORDS[status]
        labels = {n[6:]: text for n, text in texts.items() if n.startswith("label.") and text}
        if labels:
            record["labels"] = labels
        for name in ("revision", "time"):
            text = record.get(name)
            if text is not None and text.isdecimal() and len(text) <= LONGEST_NUMBER:
                record[name] = int(text)
        record.setdefault("id", _own_id(record))
        return read_record(record, place)


def _own_id(record: Mapping[str, Any]) -> str:
    return next((f"{name}:{record[name]}" for name in LINKS if name in record), "")


def delimiter(line: str) -> str:
    """The sign that separates the names of a header."""
    return max(",;\t", key=line.count)


def header(line: str) -> list[str]:
    """The field names of a header line, in small letters and with aliases resolved."""
    cells = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter(line)), [])
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    return [ALIASES.get(name, name) for name in names]


READER: Final = TableReader()
