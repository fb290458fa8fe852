"""The tables of one home, opened together, and the DuckDB session that reads them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb
import numpy as np
import pyarrow as pa

from jevons.stores.rollup import ROLLUPS, RUNS
from jevons.stores.schema import (
    CARDS,
    CHARGES,
    COSTED,
    EVENTS,
    KEYS,
    OBSERVATIONS,
    OUTCOMES,
    PURPOSES,
)
from jevons.stores.sieve import Sieve
from jevons.stores.state import State, writable
from jevons.stores.table import Table
from jevons.vocabulary.errors import LedgerDamaged

SIFTED: Final = 5_000
"""From how many keys on a look-up goes through the sieve first."""


class Assigning(Protocol):
    """What gives event rows their assigned purpose."""

    def source(
        self, inner: str, session: duckdb.DuckDBPyConnection, runs: Sequence[str] = ()
    ) -> str:
        """A FROM clause like `inner` with the assigned purpose. runs: only these are asked for."""
        ...

    def retries(self, session: duckdb.DuckDBPyConnection) -> str:
        """The calls that repeat an answered one, as a FROM clause with their `run`."""
        ...


class Books:
    """All tables below a home folder. Readers need no lock; writers hold `lock_path`.

    state: returns the side database.
    """

    def __init__(self, home: Path, state: Callable[[], State], *, memory_mb: int = 1024) -> None:
        self.home = home
        self._state = state
        self.memory_mb = memory_mb
        self.lock_path = home / "write.lock"
        root = home / "ledger"
        self.observations = self._table(root / "observations", OBSERVATIONS)
        self.keys = self._table(root / "keys", KEYS)
        self.events = self._table(root / "events", EVENTS)
        self.cards = self._table(root / "price_cards", CARDS)
        self.rollups = {
            name: self._table(root / name, rollup.schema) for name, rollup in ROLLUPS.items()
        }
        self.runs = self._table(root / "runs", RUNS, derived=True)
        self.outcomes = self._table(root / "outcomes", OUTCOMES)
        self.purposes = self._table(root / "purposes", PURPOSES)
        self.assigning: Assigning | None = None
        self.charges = self._table(root / "charges", CHARGES)
        self.costed = self._table(root / "cells_cost", COSTED)
        self.costs_stand = False

    def _table(self, path: Path, schema: pa.Schema, *, derived: bool = False) -> Table:
        return Table(path, schema, register=self._register, derived=derived)

    def _register(self, files: list[tuple[str, Path]]) -> None:
        self.state.register([(f"ledger/{name}", path) for name, path in files])

    @property
    def tables(self) -> dict[str, Table]:
        """Every table by name, in the order in which a batch is written."""
        named = [
            self.observations,
            self.keys,
            self.cards,
            self.events,
            *self.rollups.values(),
            self.runs,
            self.outcomes,
            self.purposes,
            self.charges,
            self.costed,
        ]
        return {table.name: table for table in named}

    @property
    def writable(self) -> bool:
        """Whether this process may write to the home (or create it)."""
        return writable(self.home)

    @property
    def state(self) -> State:
        """The side database."""
        return self._state()

    @cached_property
    def session(self) -> duckdb.DuckDBPyConnection:
        """An in-memory DuckDB session with bounded memory."""
        session = duckdb.connect(":memory:")
        session.execute(f"SET memory_limit='{self.memory_mb}MB'")
        session.execute(f"SET threads={max(1, min(8, os.cpu_count() or 1))}")
        session.execute("SET TimeZone='UTC'")
        session.execute("SET preserve_insertion_order=false")
        scratch = self.home / "tmp"
        session.execute(f"SET temp_directory='{str(scratch).replace(chr(39), chr(39) * 2)}'")
        return session

    def close(self) -> None:
        """Release the session."""
        if "session" in self.__dict__:
            self.__dict__.pop("session").close()

    def last_batch(self) -> int:
        """The number of the last batch of any table, 0 when the ledger is empty."""
        return max(table.batch() for table in (self.observations, self.keys, self.events))

    def arrow(
        self, sql: str, parameters: Sequence[Any] | dict[str, Any] = (), **tables: pa.Table
    ) -> pa.Table:
        """Run a query and return all rows as an Arrow table; `tables` are visible by name."""
        session = self.session.cursor()
        for name, table in tables.items():
            session.register(name, table)
        with readable():
            given = parameters if isinstance(parameters, dict) else list(parameters)
            return session.sql(sql, params=given or None).to_arrow_table()

    def has_keyless(self) -> bool:
        """Whether any stored report has no key; found in the events if the note of it is lost."""
        noted = self.state.fact("keyless")
        if noted is None and self.event_files():
            rows = self.arrow(f"SELECT 1 FROM {self.event_source()} WHERE keyless LIMIT 1")
            noted = "yes" if len(rows) else "no"
            if self.writable:
                self.state.set_fact("keyless", noted)
        return noted == "yes"

    @cached_property
    def _sieve(self) -> Sieve:
        return Sieve(self._keys_since)

    def _keys_since(self, batch: int) -> np.ndarray:
        rows = self.arrow(
            "SELECT key_hash FROM read_parquet(?) WHERE batch > ?", [self.keys.files(), batch]
        )
        found: np.ndarray = rows.column("key_hash").to_numpy()
        return found

    def lookup(self, hashes: np.ndarray, before: int) -> pa.Table:
        """Where known observations carry one of these key hashes, in batches before `before`."""
        files = self.keys.files()
        if not files or not len(hashes):
            return KEYS.empty_table()
        hashes = np.unique(hashes)
        if len(hashes) > SIFTED and len(files) > 1:
            hashes = self._sieve.passing(hashes, self.keys.batch())
        wanted = pa.table({"key_hash": hashes})
        return self.arrow(
            "SELECT k.key_hash, k.batch, k.position FROM read_parquet(?) k "
            "SEMI JOIN wanted w ON k.key_hash = w.key_hash WHERE k.batch < ?",
            [files, before],
            wanted=wanted,
        )

    def payloads(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
        """The stored JSON of observations by (batch, position)."""
        chosen = sorted(set(places))
        if not chosen:
            return {}
        wanted = pa.table(
            {
                "batch": pa.array([b for b, _ in chosen], pa.int32()),
                "position": pa.array([p for _, p in chosen], pa.int32()),
            }
        )
        low, high = chosen[0][0], chosen[-1][0]
        rows = self.arrow(
            "SELECT o.batch, o.position, o.payload FROM read_parquet(?) o "
            "SEMI JOIN wanted w ON o.batch = w.batch AND o.position = w.position "
            "WHERE o.batch BETWEEN ? AND ?",
            [self.observations.files(), low, high],
            wanted=wanted,
        )
        columns = (rows.column(name).to_pylist() for name in ("batch", "position", "payload"))
        return {(b, p): payload for b, p, payload in zip(*columns, strict=True)}

    def batch_payloads(self, batch: int) -> list[str]:
        """The stored JSON of all observations of one batch, in order."""
        rows = self.arrow(
            "SELECT payload FROM read_parquet(?) WHERE batch = ? ORDER BY position",
            [self.observations.files(), batch],
        )
        return [str(payload) for payload in rows.column("payload").to_pylist()]

    def batch_recorded_at(self, batch: int) -> int:
        """When a batch was recorded, epoch microseconds."""
        rows = self.session.execute(
            "SELECT epoch_us(any_value(recorded_at)) FROM read_parquet(?) WHERE batch = ?",
            [self.observations.files(), batch],
        ).fetchall()
        return int(rows[0][0])

    def live_rows(self, ids: Iterable[bytes], low: int, high: int) -> pa.Table:
        """The rows of these events that no later row has taken back; low, high: bounds of their
        times, epoch microseconds."""
        chosen, files = sorted(set(ids)), self.events.files()
        if not chosen or not files:
            return EVENTS.empty_table()
        wanted = pa.table({"event_id": pa.array(chosen, pa.binary(16))})
        rows = self.arrow(
            f"SELECT {', '.join(EVENTS.names)} FROM read_parquet(?) e "
            f"SEMI JOIN wanted w ON e.event_id = w.event_id WHERE {between(low, high)}",
            [files],
            wanted=wanted,
        )
        return live(rows).cast(EVENTS)

    def event_files(self) -> list[str]:
        """Data files of the event table."""
        return self.events.files()

    def event_source(
        self,
        pending: pa.Table | None = None,
        session: duckdb.DuckDBPyConnection | None = None,
        files: Sequence[str] | None = None,
    ) -> str:
        """The event table (or some of its files) in a FROM clause, with pending rows that `session`
        learns by name."""
        names = ", ".join(map(quote, self.events.files() if files is None else files))
        stored = f"read_parquet([{names}])"
        if pending is None or session is None:
            return stored
        session.register("pending_events", pending)
        if not names:
            return "pending_events"
        return f"(SELECT * FROM {stored} UNION ALL BY NAME SELECT * FROM pending_events)"

    @staticmethod
    def source(table: Table) -> str:
        """A table that has files in a FROM clause."""
        return f"read_parquet([{', '.join(map(quote, table.files()))}])"


@contextmanager
def readable() -> Iterator[None]:
    """Turns what the engine says of a broken table file into the ledger's own error."""
    try:
        yield
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise LedgerDamaged(
            f"a table file cannot be read: {str(error).splitlines()[0][:300]}",
            remedy="`jevons verify` names the first difference; restore the folder from a backup.",
        ) from error


def quote(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def between(low: int, high: int) -> str:
    """A condition on `time` that file and row-group statistics can be pruned by."""
    first, last = (f"make_timestamptz({bound})" for bound in (low, high))
    return f"time BETWEEN {first} AND {last}"


def live(rows: pa.Table) -> pa.Table:
    """Drop the rows that were taken back and the rows that took them back."""
    signs = rows.column("sign").to_pylist()
    if -1 not in signs:
        return rows
    names = [rows.column(name).to_pylist() for name in ("event_id", "part", "version")]
    balance: dict[tuple[Any, ...], int] = {}
    for key, sign in zip(zip(*names, strict=True), signs, strict=True):
        balance[key] = balance.get(key, 0) + sign
    keep = [
        sign > 0 and balance[key] > 0
        for key, sign in zip(zip(*names, strict=True), signs, strict=True)
    ]
    return rows.filter(pa.array(keep))
