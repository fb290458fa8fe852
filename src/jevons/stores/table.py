"""One Delta Lake table: appended exactly once per batch, fsynced before it is acknowledged,
checksummed.

delta-rs records an application transaction but does not enforce it, and it never fsyncs. So an
append
opens the table, looks for its batch, writes through that same handle, then fsyncs the files, the
log
entry and their directories (`storage.md`, hazards 1 and 2).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import DeltaError

from jevons.stores.durable import sync_directory, sync_file
from jevons.stores.failure import brief, operational
from jevons.vocabulary.errors import LedgerDamaged

APPLICATION: Final = "jevons"
RETENTION_HOURS: Final = 24
_LATEST_US: Final = 2**62

VARIED: Final = (
    "event_id", "response_id", "request_id", "time", "step", "parent_step", "latency_ms", "payload",
    "input_quantity", "cache_read_quantity", "output_quantity", "effective_cost", "key_hash",
    "prompt_hash",
)  # fmt: skip
"""Columns whose values hardly repeat, so that looking for repetitions would only cost time."""

Registrar = Callable[[list[tuple[str, Path]]], None]
"""Takes (name within the home, path) of files that a commit added."""


@dataclass(slots=True)
class Table:
    """A Delta table in a directory. register: called with every file that a commit wrote. derived:
    it follows from other tables, so one with other columns (of another version) counts as empty."""

    path: Path
    schema: pa.Schema
    register: Registrar | None = None
    derived: bool = False
    _handle: DeltaTable | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The table's directory name."""
        return self.path.name

    @property
    def is_open(self) -> bool:
        """Whether a handle on the table was opened in this process."""
        return self._handle is not None

    def exists(self) -> bool:
        """Whether the table has been created."""
        return (self.path / "_delta_log").is_dir() and any((self.path / "_delta_log").iterdir())

    def open(self) -> DeltaTable:
        """A handle on the newest version; raises LedgerDamaged if the log cannot be read."""
        try:
            if self._handle is None:
                self._handle = DeltaTable(str(self.path))
            else:
                self._handle.update_incremental()
        except (DeltaError, OSError, ValueError) as error:
            self._handle = None
            raise LedgerDamaged(
                f"table {self.name} cannot be opened: {brief(error)}",
                remedy="Run `jevons verify`; a backup of the ledger's folder restores it.",
            ) from error
        return self._handle

    def files(self) -> list[str]:
        """Paths of the data files of the newest version, [] if the table does not exist yet."""
        if not self.exists():
            return []
        # Only the name is taken from the engine, which encodes the folders as in an address.
        names = (unquote(uri.rsplit("/", 1)[1]) for uri in self.open().file_uris())
        return sorted(str(self.path / name) for name in names)

    def spans(self) -> list[tuple[str, int]]:
        """Every data file with a time that none of its rows is later than, epoch microseconds; for
        a table whose first column is their time. Read from the log alone."""
        if not self.exists():
            return []
        actions = pa.table(self.open().get_add_actions(flatten=True))
        ends = actions.column(f"max.{self.schema.names[0]}").cast(pa.int64()).to_pylist()
        names = map(unquote, actions.column("path").to_pylist())
        return [
            # The log holds whole milliseconds, cut off; a file without statistics may hold any.
            (str(self.path / name), _LATEST_US if end is None else end + 999)
            for name, end in zip(names, ends, strict=True)
        ]

    def batch(self) -> int:
        """The number of the last batch that this table holds, 0 if none."""
        if not self.exists():
            return 0
        handle = self.open()
        if self.derived and [field.name for field in handle.schema().fields] != self.schema.names:
            return 0
        return handle.transaction_version(APPLICATION) or 0

    def append(self, rows: pa.Table, batch: int | None) -> bool:
        """Append the rows of a batch; False (and nothing written) if the table already has the
        batch. batch None: rows that belong to no batch and may be appended twice."""
        if not self.exists():
            self._create()
        handle = self.open()
        if batch is not None and (handle.transaction_version(APPLICATION) or 0) >= batch:
            return False
        before = handle.version()
        marks = [] if batch is None else [Transaction(APPLICATION, batch)]
        with operational(self.path, DeltaError):
            write_deltalake(
                handle,
                rows.cast(self.schema),
                mode="append",
                commit_properties=CommitProperties(app_transactions=marks),
                writer_properties=self._properties(),
            )
            self._persist(handle, before)
        return True

    def replace(self, rows: pa.Table, batch: int) -> None:
        """Overwrite the whole table with the rows that stand at a batch (roll-ups only)."""
        if not self.exists():
            self._create()
        handle = self.open()
        before = handle.version()
        with operational(self.path, DeltaError):
            write_deltalake(
                handle,
                rows.cast(self.schema),
                mode="overwrite",
                schema_mode="overwrite" if self.derived else None,
                commit_properties=CommitProperties(
                    app_transactions=[Transaction(APPLICATION, batch)]
                ),
                writer_properties=self._properties(),
            )
            self._persist(handle, before)

    def _create(self) -> None:
        with operational(self.path, DeltaError):
            self.path.mkdir(parents=True, exist_ok=True)
            handle = DeltaTable.create(
                str(self.path),
                schema=self.schema,
                mode="ignore",
                configuration={
                    "delta.checkpointInterval": "20",
                    "delta.dataSkippingStatsColumns": self.schema.names[0],
                },
            )
            self._persist(handle, -1)
            sync_directory(self.path.parent)
        self._handle = handle

    def _properties(self) -> WriterProperties:
        plain = ColumnProperties(dictionary_enabled=False)
        return WriterProperties(
            compression="ZSTD",
            compression_level=1,  # level 3 takes a third longer and saves one percent
            max_row_group_size=131_072,
            write_batch_size=8192,
            column_properties={name: plain for name in VARIED if name in self.schema.names},
        )

    def _persist(self, handle: DeltaTable, before: int) -> None:
        """Fsync what all commits since a version added, and everything that names it."""
        handle.update_incremental()
        log = self.path / "_delta_log"
        added = []
        for version in range(before + 1, handle.version() + 1):
            entry = log / f"{version:020d}.json"
            added += [entry, *(self.path / name for name in added_files(entry))]
        for checkpoint in log.glob("*.checkpoint*.parquet"):
            if int(checkpoint.name[:20]) > before:
                added += [checkpoint, log / "_last_checkpoint"]
        present = [path for path in dict.fromkeys(added) if path.exists()]
        self._sync(present)
        if self.register is not None:
            self.register([(f"{self.name}/{p.relative_to(self.path)}", p) for p in present])

    def adopt(self, registered: set[str]) -> None:
        """Fsync and register what a writer committed but was stopped before it could persist it."""
        if not self.exists():
            return
        log = self.path / "_delta_log"
        committed = [*sorted(log.glob("*.json")), *(Path(name) for name in self.files())]
        names = {f"{self.name}/{path.relative_to(self.path)}": path for path in committed}
        missing = {name: path for name, path in names.items() if name not in registered}
        with operational(self.path, DeltaError):
            self._sync(list(missing.values()))
        if missing and self.register is not None:
            self.register(list(missing.items()))

    def _sync(self, paths: list[Path]) -> None:
        for path in paths:
            sync_file(path)
        above = {self.path, self.path.parent, self.path.parent.parent}
        for directory in {path.parent for path in paths} | above:
            sync_directory(directory)

    def compact(self) -> int:
        """Rewrite many small files into few; returns how many files there were more before."""
        if not self.exists():
            return 0
        handle = self.open()
        files, before = len(handle.file_uris()), handle.version()
        with operational(self.path, DeltaError):
            handle.optimize.compact(writer_properties=self._properties())
            handle.create_checkpoint()
            self._persist(handle, before - 1)
        return files - len(handle.file_uris())

    def sweep(self, retention_hours: int = RETENTION_HOURS) -> list[str]:
        """Delete files that compaction replaced longer ago than that.

        Returns the names within the table of what is gone. Readers of a day ago have long finished.
        """
        if not self.exists():
            return []
        handle = self.open()
        before = handle.version()
        with operational(self.path, DeltaError):
            gone = list(
                handle.vacuum(
                    retention_hours=retention_hours, enforce_retention_duration=False, dry_run=False
                )
            )
            self._persist(handle, before)
            return gone


def added_files(entry: Path) -> list[str]:
    """The relative paths of the data files that a Delta log entry adds."""
    names = []
    for line in entry.read_text().splitlines():
        action: dict[str, Any] = json.loads(line)
        if "add" in action:
            names.append(unquote(action["add"]["path"]))
    return names
