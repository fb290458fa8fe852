"""Answers that are kept: a question that was asked before is answered without opening the tables.

An answer depends on the question, on the files of the tables and on the program, so it is kept
under the names, sizes and times of all of them: whatever changes a file makes every kept answer
void. Nothing here is needed; a cache that is lost or damaged is made again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons import __version__
from jevons.stores.question import Answer, Question
from jevons.vocabulary.money import COSTS
from jevons.vocabulary.period import offsets

RULES_FILE: Final = "purposes.toml"
"""A home's own rules of what calls are for."""

MOST: Final = 16
"""Questions whose answers are kept; the one asked longest ago goes first."""

LONGEST: Final = 2_000
"""Rows of the longest answer that is kept."""

_PROGRAM: Final = tuple(
    Path(__file__).parents[1] / folder for folder in ("stores", "vocabulary", "analysis")
)
"""What decides how a question is answered."""


class _Kept(msgspec.Struct):
    """All kept answers. standing: what they hold for; answers: by question, oldest first."""

    standing: str
    answers: dict[str, Answer]


class Answers:
    """The kept answers of one home."""

    def __init__(self, home: Path) -> None:
        self.tables = home / "ledger"
        self.rules = home / RULES_FILE
        self.path = home / "cache" / "answers.json"

    def standing(self) -> str:
        """A digest of the program and of all files of the tables: of their names, sizes, times."""
        digest = blake2b(__version__.encode(), digest_size=16)
        with suppress(FileNotFoundError):  # most homes have no rules of their own
            digest.update(self.rules.read_bytes())
        for folder in (*_PROGRAM, self.tables):
            for line in _stamps(folder):
                digest.update(line.encode(errors="surrogateescape"))
        return digest.hexdigest()

    def find(self, standing: str, question: Question) -> Answer | None:
        """The answer that was given to a question when everything stood like this, if kept."""
        found = self._load(standing).get(_name(question))
        if found is None:
            return None
        rows = [_with_money(row) for row in found.rows]
        return replace(found, rows=rows, total=_with_money(found.total))

    def keep(self, standing: str, question: Question, answer: Answer) -> None:
        """Keep an answer; a home that cannot be written to works without."""
        if len(answer.rows) > LONGEST:
            return
        answers = self._load(standing)
        answers[_name(question)] = answer
        recent = dict(list(answers.items())[-MOST:])
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_bytes(msgspec.json.encode(_Kept(standing, recent)))
            temporary.replace(self.path)
        except OSError:
            with suppress(OSError):  # a home that cannot be written has nothing to tidy either
                temporary.unlink(missing_ok=True)

    def _load(self, standing: str) -> dict[str, Answer]:
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return {}
        return kept.answers if kept.standing == standing else {}


def _stamps(folder: Path) -> Iterator[str]:
    """A line for every file at or below a folder, in a stable order."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for name in sorted(files):
            place = f"{root}/{name}"
            with suppress(FileNotFoundError):  # removed meanwhile: then it is not named
                status = os.stat(place)
                yield f"{place}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}\n"


def _name(question: Question) -> str:
    """What tells a question from any other; days depend on what is known of the time zone."""
    parts = [*asdict(question).values(), offsets(question.time_zone)]
    return msgspec.json.encode(parts).decode()


def _with_money(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it was kept, its costs amounts again."""
    costs = {name: None if row[name] is None else Decimal(row[name]) for name in COSTS}
    return {**row, **costs}
