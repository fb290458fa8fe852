"""The inbox: where live observations are acknowledged, before they are sealed into the tables.

An append returns only after an fsync. Appends of several threads that wait at the same time share
one
fsync (group commit). Any process may append; the holder of the write lock seals.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from jevons.stores.failure import operational
from jevons.vocabulary.errors import JevonsError

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS arrivals (id INTEGER PRIMARY KEY AUTOINCREMENT, count INTEGER NOT NULL,
  lines BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS unsealed (observation BLOB PRIMARY KEY, arrival INTEGER NOT NULL)
  WITHOUT ROWID;
"""


def observation_id(line: bytes) -> bytes:
    """What an observation waits under: its time and the 16-byte digest of its canonical JSON.

    What comes together is of about the same time, so it lies on few pages of the index: digests
    alone would touch, and write, a page for nearly every observation.
    """
    time = line.partition(b'"time":')[2][:16]
    return time + blake2b(line, digest_size=16).digest()


class Inbox:
    """A durable queue of observations as canonical JSON lines, unique while they wait."""

    def __init__(self, path: Path) -> None:
        """Open or create the inbox database. Raises LedgerError."""
        self.path = path
        self._lock = threading.Lock()
        self._queue: list[_Append] = []
        self._queue_lock = threading.Lock()
        with operational(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=60, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the database."""
        self._db.close()

    def append(self, lines: Sequence[bytes]) -> int:
        """Store observations durably; returns how many were not waiting already.

        When it returns, they survive a kill and a power loss. Raises LedgerError when they could
        not be
        stored; then none of them was acknowledged.
        """
        mine = _Append(list(lines))
        with self._queue_lock:
            self._queue.append(mine)
        with self._lock:
            if not mine.done:
                with self._queue_lock:
                    together, self._queue = self._queue, []
                self._commit(together)
        if mine.error is not None:
            raise mine.error
        return mine.accepted

    def _commit(self, together: list[_Append]) -> None:
        try:
            with operational(self.path):
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    for one in together:
                        one.accepted = self._insert(one.lines)
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
        except JevonsError as error:
            for one in together:
                one.error = error
        finally:
            for one in together:
                one.done = True

    def _insert(self, lines: list[bytes]) -> int:
        fresh = {observation_id(line): line for line in lines}
        number = self._db.execute(
            "INSERT INTO arrivals (count, lines) VALUES (?, ?)",
            (len(fresh), b"\n".join(fresh.values())),
        ).lastrowid
        before = self._db.total_changes
        self._db.executemany(
            "INSERT OR IGNORE INTO unsealed VALUES (?, ?)", [(one, number) for one in fresh]
        )
        accepted = self._db.total_changes - before
        if not accepted:
            self._db.execute("DELETE FROM arrivals WHERE id = ?", (number,))
        return accepted

    def waiting(self) -> int:
        """How many observations wait to be sealed."""
        (count,) = self._db.execute("SELECT count(*) FROM unsealed").fetchone()
        return int(count)

    def holds_any(self) -> bool:
        """Whether anything waits; much cheaper than counting."""
        return self._db.execute("SELECT 1 FROM arrivals LIMIT 1").fetchone() is not None

    def peek(self, limit: int) -> tuple[int, list[bytes]]:
        """The oldest waiting lines, about `limit` of them, and the mark to pass to `remove`."""
        mark, lines = 0, []
        rows = self._db.execute("SELECT id, lines FROM arrivals ORDER BY id")
        for number, content in rows:
            mark = number
            lines += content.split(b"\n")
            if len(lines) >= limit:
                break
        return mark, lines

    def remove(self, mark: int) -> None:
        """Forget what `peek` returned; call it only when the tables that hold it are fsynced."""
        with self._lock, operational(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute("DELETE FROM arrivals WHERE id <= ?", (mark,))
                if self.holds_any():
                    self._db.execute("DELETE FROM unsealed WHERE arrival <= ?", (mark,))
                else:
                    self._db.execute("DELETE FROM unsealed")  # all at once, not one by one
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


class _Append:
    """One caller's lines on their way to the disk."""

    __slots__ = ("accepted", "done", "error", "lines")

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.accepted = 0
        self.done = False
        self.error: JevonsError | None = None
