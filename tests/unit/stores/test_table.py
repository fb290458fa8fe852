"""One Delta table: appended once per batch, registered, compacted without losing a row."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest

from jevons.stores.durable import checksum
from jevons.stores.failure import ledger_error, operational
from jevons.stores.table import Table, added_files
from jevons.vocabulary.errors import LedgerDamaged, LedgerError, LedgerFull, LedgerReadOnly

SCHEMA = pa.schema([pa.field("n", pa.int64(), nullable=False), pa.field("text", pa.string())])


def rows(*numbers: int) -> pa.Table:
    return pa.table({"n": list(numbers), "text": [str(n) for n in numbers]}, schema=SCHEMA)


def content(table: Table) -> list[int]:
    import pyarrow.parquet as pq

    found: list[int] = []
    for name in table.files():
        found += pq.read_table(name).column("n").to_pylist()
    return sorted(found)


@pytest.fixture
def registered() -> dict[str, Path]:
    return {}


@pytest.fixture
def table(tmp_path: Path, registered: dict[str, Path]) -> Table:
    return Table(tmp_path / "things", SCHEMA, register=registered.update)


def test_a_table_that_was_never_written(table: Table) -> None:
    assert not table.exists()
    assert (table.files(), table.batch(), table.compact(), table.sweep()) == ([], 0, 0, [])


def test_a_batch_is_appended_once(table: Table) -> None:
    assert table.append(rows(1, 2), 1)
    assert not table.append(rows(1, 2), 1)
    assert table.append(rows(3), 5)
    assert not table.append(rows(9), 4)
    assert (content(table), table.batch()) == ([1, 2, 3], 5)


def test_two_handles_see_each_others_batches(table: Table, tmp_path: Path) -> None:
    other = Table(tmp_path / "things", SCHEMA)
    table.append(rows(1), 1)
    assert other.batch() == 1
    other.append(rows(2), 2)
    assert not table.append(rows(2), 2)
    assert content(table) == [1, 2]


def test_replacing_keeps_the_batch(table: Table) -> None:
    table.append(rows(1, 2), 1)
    table.replace(rows(7), 3)
    assert (content(table), table.batch()) == ([7], 3)


def test_every_written_file_is_registered(table: Table, registered: dict[str, Path]) -> None:
    for batch in range(1, 25):
        table.append(rows(batch), batch)
    names = {f"things/{Path(name).relative_to(table.path)}" for name in table.files()}
    logs = {f"things/_delta_log/{path.name}" for path in (table.path / "_delta_log").glob("*.json")}
    assert names | logs <= registered.keys()
    for path in registered.values():
        assert path.exists()


def test_what_was_committed_but_not_registered_is_adopted(
    table: Table, registered: dict[str, Path]
) -> None:
    table.append(rows(1), 1)
    known = set(registered)
    table.append(rows(2), 2)
    missed = {name: registered.pop(name) for name in set(registered) - known}
    table.adopt(set(registered))
    assert missed.keys() <= registered.keys()
    before = dict(registered)
    table.adopt(set(registered))
    assert registered == before


def test_compaction_keeps_rows_and_batch(table: Table) -> None:
    for batch in range(1, 8):
        table.append(rows(batch), batch)
    assert table.compact() == 6
    assert len(table.files()) == 1
    assert (content(table), table.batch()) == (list(range(1, 8)), 7)
    assert table.append(rows(8), 8)
    assert content(table) == list(range(1, 9))
    table.sweep()
    assert content(table) == list(range(1, 9))


def test_an_empty_batch_is_a_batch(table: Table) -> None:
    assert table.append(rows(), 1)
    assert (table.batch(), content(table)) == (1, [])


def test_a_log_that_cannot_be_read_is_damage(table: Table, tmp_path: Path) -> None:
    table.append(rows(1), 1)
    entry = sorted((table.path / "_delta_log").glob("*.json"))[-1]
    assert [name for name in added_files(entry) if name.endswith(".parquet")]
    entry.write_text("{ this is not a log")
    with pytest.raises(LedgerDamaged) as caught:
        Table(tmp_path / "things", SCHEMA).open()
    assert "things" in caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), LedgerFull),
        (OSError("Generic error: (os error 28)"), LedgerFull),
        (OSError(errno.EROFS, "Read-only file system"), LedgerReadOnly),
        (OSError(errno.EACCES, "Permission denied"), LedgerReadOnly),
        (OSError(errno.EIO, "Input/output error"), LedgerError),
        (sqlite3.OperationalError("disk I/O error"), LedgerError),
    ],
)
def test_what_the_system_says_is_said_in_our_words(
    error: Exception, kind: type[LedgerError], tmp_path: Path
) -> None:
    assert type(ledger_error(error, tmp_path)) is kind
    with pytest.raises(kind) as caught, operational(tmp_path):
        raise error
    assert str(tmp_path) in caught.value.what
    assert caught.value.remedy


def test_a_full_database_is_a_full_disk(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    assert isinstance(ledger_error(error, tmp_path), LedgerFull)


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), operational(tmp_path):
        raise ZeroDivisionError


def test_checksums_tell_contents_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    assert checksum(tmp_path / "a") != checksum(tmp_path / "b")
    assert len(checksum(tmp_path / "a")) == 16
