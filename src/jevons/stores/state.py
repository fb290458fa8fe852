"""The small side database (SQLite): how far each file was read, rejections, and file checksums.

Nothing in it is needed to re-derive an amount. Losing it means that files are read again (and found
to be known) and that `verify` cannot tell a flipped byte in a file that still parses.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jevons.stores.durable import checksum
from jevons.stores.failure import ledger_error, operational
from jevons.vocabulary.errors import LedgerDamaged
from jevons.vocabulary.rejection import Rejection

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cursors (
  place TEXT PRIMARY KEY, source TEXT NOT NULL, fingerprint BLOB NOT NULL, size INTEGER NOT NULL,
  modified INTEGER NOT NULL, inode INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejections (
  content_hash TEXT NOT NULL, place TEXT NOT NULL, line INTEGER NOT NULL, source TEXT NOT NULL,
  reason TEXT NOT NULL, structure TEXT, recorded_at INTEGER NOT NULL, withdrawn_at INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS standing ON rejections (place, line, content_hash)
  WHERE withdrawn_at IS NULL;
CREATE TABLE IF NOT EXISTS files (
  name TEXT PRIMARY KEY, size INTEGER NOT NULL, checksum BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file was read. fingerprint: digest of its first bytes; state: the source's own
    memory."""

    source: str
    fingerprint: bytes
    size: int
    modified: int
    inode: int
    state: dict[str, Any]


def writable(home: Path) -> bool:
    """Whether this process may write to a home (or create it)."""
    return not home.exists() or os.access(home, os.W_OK)


def open_state(home: Path) -> State:
    """The side database of a home, created if there is none yet. Raises LedgerError."""
    if not writable(home):
        return State(home / "state.db", read_only=True)
    with operational(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return State(home / "state.db")


class State:
    """The side database of one home. Each method is one durable transaction."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open (and create, unless read-only) the database. Raises LedgerError."""
        self.path = path
        try:
            self._open(path, read_only)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise ledger_error(error, path) from error
            raise LedgerDamaged(
                f"the side database {path} is damaged: {error}",
                remedy="Move it away: amounts do not depend on it, the files are read again.",
            ) from error

    def _open(self, path: Path, read_only: bool) -> None:
        if read_only:
            address = f"file:{quote(str(path))}?mode=ro&immutable=1"
            self._db = sqlite3.connect(address, uri=True, timeout=30)
            return
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the database."""
        self._db.close()

    def cursor(self, place: str) -> Cursor | None:
        """How far a file was read, None if never."""
        row = self._db.execute(
            "SELECT source, fingerprint, size, modified, inode, state FROM cursors WHERE place = ?",
            (place,),
        ).fetchone()
        if row is None:
            return None
        source, fingerprint, size, modified, inode, state = row
        return Cursor(source, fingerprint, size, modified, inode, json.loads(state))

    def save_cursors(self, cursors: Iterable[tuple[str, Cursor]]) -> None:
        """Remember how far files were read; call it only after what was read is stored."""
        rows = [
            (place, c.source, c.fingerprint, c.size, c.modified, c.inode, json.dumps(c.state))
            for place, c in cursors
        ]
        self._write("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def reject(self, rejections: Iterable[Rejection], recorded_at: int) -> None:
        """Keep rejections; the same line of the same file is kept once, while it stands."""
        rows = [
            (r.content_hash, r.place, r.line, r.source, r.reason, r.structure, recorded_at)
            for r in rejections
        ]
        self._write("INSERT OR IGNORE INTO rejections VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", rows)

    def rejections(self) -> Iterator[Rejection]:
        """The rejections that stand, by place and line."""
        rows = self._db.execute(
            "SELECT source, place, line, reason, content_hash, structure FROM rejections "
            "WHERE withdrawn_at IS NULL ORDER BY place, line, content_hash"
        )
        for source, place, line, reason, content_hash, structure in rows:
            yield Rejection(
                source=source,
                place=place,
                line=line,
                reason=reason,
                content_hash=content_hash,
                structure=structure,
            )

    def rejected(self, as_of: int | None = None) -> int:
        """How many rejections stand, or stood at `as_of` (epoch microseconds)."""
        stood = "recorded_at <= ?1 AND (withdrawn_at IS NULL OR withdrawn_at > ?1)"
        rule = "withdrawn_at IS ?1" if as_of is None else stood
        sql = f"SELECT count(*) FROM rejections WHERE {rule}"
        return int(self._db.execute(sql, (as_of,)).fetchone()[0])

    def withdraw_rejections(self, place: str, withdrawn_at: int, source: str | None = None) -> None:
        """From now on (epoch microseconds) what was rejected of a file does not stand, because the
        file is read anew: that of one source, or of all that bring usage. It is not forgotten."""
        chosen = "source NOT LIKE 'outcomes/%'" if source is None else "source = ?3"
        sql = "UPDATE rejections SET withdrawn_at = ?1 WHERE withdrawn_at IS NULL AND place = ?2"
        given = (withdrawn_at, place) if source is None else (withdrawn_at, place, source)
        self._write(f"{sql} AND {chosen}", [given])

    def register(self, files: Iterable[tuple[str, Path]]) -> None:
        """Remember size and checksum of files that a commit wrote."""
        rows = [(name, path.stat().st_size, checksum(path)) for name, path in files]
        self._write("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)

    def registered(self) -> dict[str, tuple[int, bytes]]:
        """name within the home -> (size, checksum) of every file that was committed."""
        rows = self._db.execute("SELECT name, size, checksum FROM files")
        return {name: (size, digest) for name, size, digest in rows}

    def forget(self, names: Iterable[str]) -> None:
        """Drop the checksums of files that compaction replaced and vacuum removed."""
        self._write("DELETE FROM files WHERE name = ?", [(name,) for name in names])

    def fact(self, name: str) -> str | None:
        """A small remembered fact (schema version, whether keyless reports exist), None if
        unset."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_facts(self, facts: dict[str, str]) -> None:
        """Remember several facts in one transaction."""
        self._write("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts.items()))

    def set_fact(self, name: str, value: str) -> None:
        """Remember a small fact."""
        self._write("INSERT OR REPLACE INTO facts VALUES (?, ?)", [(name, value)])

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with operational(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(statement, rows)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
