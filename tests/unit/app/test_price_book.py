"""The price book of a home: packed once, rebuilt when lost or changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from jevons.app import price_book
from jevons.app.price_book import load_book, price_files
from jevons.vocabulary.errors import PriceError
from tests.unit.pricing.shipped import file_of

OURS = file_of("provider: inhouse\nmodels: llama-*\nper_million: {input: 1}\nsource: a plan")


def caches(home: Path) -> list[Path]:
    return sorted((home / "cache").iterdir())


def test_shipped_and_own_files_do_not_hide_each_other(tmp_path: Path) -> None:
    shipped = price_files(tmp_path)
    assert shipped
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "anthropic.yaml").write_text(OURS)
    (tmp_path / "prices" / "notes.txt").write_text("not a price file")
    both = price_files(tmp_path)
    assert {*both} - {*shipped} == {"own/anthropic.yaml"}


def test_a_book_is_packed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = load_book(tmp_path)
    (packed,) = caches(tmp_path)
    monkeypatch.setattr(price_book.snapshot, "build", lambda files: pytest.fail("built again"))
    assert load_book(tmp_path).digest == book.digest
    assert caches(tmp_path) == [packed]


def test_a_changed_file_makes_another_book(tmp_path: Path) -> None:
    first = load_book(tmp_path)
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "own.yaml").write_text(OURS)
    second = load_book(tmp_path)
    assert first.digest != second.digest
    assert len(caches(tmp_path)) == 1
    (tmp_path / "prices" / "own.yaml").unlink()
    assert load_book(tmp_path).digest == first.digest


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00" * 100, b"half"])
def test_a_damaged_cache_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    book = load_book(tmp_path)
    (packed,) = caches(tmp_path)
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2] if damage == b"half" else damage)
    assert load_book(tmp_path).digest == book.digest
    assert packed.read_bytes() == whole


def test_a_home_that_cannot_be_written_works_without_a_cache(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert load_book(tmp_path).digest


def test_a_wrong_file_in_the_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "own.yaml").write_text("nonsense: [")
    with pytest.raises(PriceError) as caught:
        load_book(tmp_path)
    assert "own.yaml" in caught.value.what
    (tmp_path / "prices" / "own.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(PriceError) as caught:
        load_book(tmp_path)
    assert "own.yaml" in caught.value.what
