"""Questions to the books and their answers, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed query. since, until, as_of: epoch microseconds. where: (dimension, value) pairs."""

    by: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    where: tuple[tuple[str, str], ...] = ()
    time_zone: str = "UTC"
    as_of: int | None = None
    top: int | None = None

    @property
    def asks_purpose(self) -> bool:
        """Whether it looks at what calls were for, which is assigned, not stored with them."""
        return "purpose" in (*self.by, *(name for name, _ in self.where))

    @property
    def asks_fate(self) -> bool:
        """Whether it looks at what became of calls' runs, which outcomes say."""
        return "fate" in (*self.by, *(name for name, _ in self.where))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the books say.

    rows: plain dicts of dimensions and measures; total: over all of them; cut: how many `top` left
    out; table: where they were read. newest: time of the newest call of the whole ledger, epoch
    microseconds, None if empty. reasons: why calls have no (full) price -> number of calls.
    """

    rows: list[dict[str, Any]]
    total: dict[str, Any]
    cut: int
    table: str
    newest: int | None = None
    reasons: list[tuple[str, int]] = field(default_factory=list)
