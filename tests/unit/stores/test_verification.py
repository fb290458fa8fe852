"""`verify` finds what was changed behind the ledger's back, and names it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jevons.app.results import Query, Verification
from jevons.app.use_cases import Jevons
from tests.unit.stores.sample import call, mixed, opened, own_prices

BOUNDARY = """schema = "jevons.boundary/v1"
[[element]]
kind = "seat"
name = "copilot"
price = 19
per = "month"
team = "web"
valid_from = 2026-09-01
valid_to = 2026-11-01
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that each test damages a copy of."""
    home = tmp_path_factory.mktemp("ledger") / "home"
    with opened(home) as found:
        found.store.seal([*mixed(28), call(500, response_id=None, self_keys=["otel:1"])])
        found.store.seal([call(3, team="late"), call(600)])
        boundary = home.parent / "own.toml"
        boundary.write_text(BOUNDARY)
        found.add_boundary(boundary)
    return home


@pytest.fixture
def jevons(ledger: Path, tmp_path: Path) -> Any:
    shutil.copytree(ledger, tmp_path / "home")
    with opened(tmp_path / "home") as found:
        yield found


def changed(jevons: Jevons, table: str, column: str, change: Any) -> None:
    """Change the first value of a column in the newest file of a table, and its checksum too."""
    path = max(map(Path, jevons.store.books.tables[table].files()), key=lambda p: p.stat().st_size)
    rows = pq.read_table(path)
    values = rows.column(column).to_pylist()
    place = next(i for i, value in enumerate(values) if value is not None)
    values[place] = change(values[place])
    field = rows.schema.field(column)
    number = rows.schema.get_field_index(column)
    pq.write_table(rows.set_column(number, field, pa.array(values, field.type)), path)
    name = f"ledger/{table}/{path.relative_to(jevons.store.books.tables[table].path)}"
    jevons.store.state.register([(name, path)])


def found(jevons: Jevons) -> Verification:
    """What a later process finds."""
    with opened(jevons.settings.home) as again:
        return again.verify()


def test_a_sound_ledger(jevons: Jevons) -> None:
    verification = found(jevons)
    assert verification.first_difference is None
    assert {check.state for check in verification.checks} == {"ok"}
    assert len(verification.checks) >= 10


def test_a_sound_ledger_after_everything(jevons: Jevons) -> None:
    own_prices(jevons, "2")
    jevons.reprice(Query())
    jevons.store.compact(force=True)
    jevons.store.seal([call(700), call(600, person="p")])
    assert found(jevons).first_difference is None


def test_an_empty_ledger_is_sound(tmp_path: Path) -> None:
    with opened(tmp_path / "new") as jevons:
        assert jevons.verify().first_difference is None


@pytest.mark.parametrize(
    ("table", "column", "change", "named"),
    [
        ("events", "input_quantity", lambda n: n + 1, "input_quantity"),
        ("events", "team", lambda name: name + "x", "team"),
        ("events", "request_model", lambda name: "gpt-5", "request_model"),
        ("events", "effective_cost", lambda cost: cost + 1, "cost"),
        ("events", "list_difference", lambda cost: cost + 1, "list_cost"),
        ("events", "calls", lambda n: n + 1, "calls"),
        ("events", "observations", lambda n: n + 1, "observations"),
        ("keys", "key_hash", lambda n: n ^ 1, "key"),
        ("cells_model", "calls", lambda n: n + 1, "cells_model"),
        ("cells_work", "effective_cost", lambda cost: cost + 1, "cells_work"),
        ("cells_model", "team", lambda name: "nobody", "cells_model"),
        ("charges", "effective_cost", lambda cost: cost + 1, "copilot"),
        ("charges", "team", lambda name: "nobody", "copilot"),
        ("runs", "input_tokens", lambda n: n + 1, "runs"),
        ("observations", "payload", lambda text: text.replace("claude-opus-4-8", "gpt-5"), ""),
        ("price_cards", "content", lambda text: text.replace("0.000005", "0.000006"), ""),
    ],
)
def test_a_changed_value_is_found_and_named(
    jevons: Jevons, table: str, column: str, change: Any, named: str
) -> None:
    """Even by somebody who knows how to make the checksums fit."""
    changed(jevons, table, column, change)
    difference = found(jevons).first_difference
    assert difference is not None
    assert named in difference


def test_a_missing_file_is_named(jevons: Jevons) -> None:
    path = Path(jevons.store.books.events.files()[0])
    path.unlink()
    difference = found(jevons).first_difference
    assert difference is not None
    assert path.name in difference


def test_a_foreign_commit_is_named(jevons: Jevons) -> None:
    from deltalake import write_deltalake

    table = jevons.store.books.cards
    rows = pa.table({"price_card": ["x"], "content": ["{}"]}, schema=table.schema)
    write_deltalake(str(table.path), rows, mode="append")
    difference = found(jevons).first_difference
    assert difference is not None
    assert "price_cards" in difference


def test_a_lost_price_card_is_found(jevons: Jevons) -> None:
    with opened(jevons.settings.home) as again:
        again.store.books.cards.replace(again.store.books.cards.schema.empty_table(), 99)
    difference = found(jevons).first_difference
    assert difference is not None


def test_verify_changes_nothing(jevons: Jevons) -> None:
    home = jevons.settings.home / "ledger"
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    found(jevons)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
