"""`jevons prices`: shown, added without overwriting, checked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from jevons.app.prices import add_price_file, check_book, price_rows
from jevons.pricing.book import PriceBook
from jevons.pricing.overlay import parse_price_file
from jevons.pricing.schedule import instant
from jevons.vocabulary.errors import PriceError
from tests.unit.pricing.shipped import file_of, shipped_book

OURS = "provider: inhouse\nmodels: llama-*\nper_million: {input: 1, output: 2}\nsource: a plan"
NOW = instant("2026-11-22")
OTHER = OURS.replace("input: 1", "input: 3")


def written(path: Path, *entries: str) -> Path:
    path.write_text(file_of(*entries))
    return path


def test_a_model_is_shown_with_its_prices_and_sources() -> None:
    rows = list(price_rows(shipped_book(), "claude-opus-4-8", "anthropic", None))
    assert rows
    base = next(row for row in rows if not row.axes and dict(row.prices).get("input"))
    assert dict(base.prices)["input"] == Decimal("0.000005")
    assert all(row.source and row.entry for row in rows)


def test_an_instant_chooses_what_is_in_force() -> None:
    every = list(price_rows(shipped_book(), "deepseek-reasoner", None, None))
    then = list(price_rows(shipped_book(), "deepseek-reasoner", None, instant("2026-03-01")))
    assert 0 < len(then) <= len(every)
    assert all(row.valid_to is None or row.valid_to > "2026-03-01" for row in then)


def test_the_whole_book_can_be_listed() -> None:
    rows = list(price_rows(shipped_book(), None, "anthropic", None))
    assert len(rows) > 10
    assert {row.provider for row in rows} <= {"anthropic", "*"}


def test_an_added_file_is_kept_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "own.yaml", OURS)
    rows = add_price_file(tmp_path / "prices", path, shipped_book(), NOW)
    assert [(row.model, row.provider) for row in rows] == [("llama-*", "inhouse")]
    assert (tmp_path / "prices" / "own.yaml").read_text() == path.read_text()
    assert [p.name for p in (tmp_path / "prices").iterdir()] == ["own.yaml"]
    assert add_price_file(tmp_path / "prices", path, shipped_book(), NOW) == rows


def extended(*entries: str, recorded_at: str) -> PriceBook:
    book = shipped_book()
    own = parse_price_file(file_of(*entries, recorded_at=recorded_at), "own")
    return PriceBook(book.catalogue, [*book.entries, *own])


def test_what_is_in_the_book_already_adds_nothing(tmp_path: Path) -> None:
    book = extended(OURS, recorded_at="2026-01-01")
    path = written(tmp_path / "again.yaml", OURS)
    assert add_price_file(tmp_path / "prices", path, book, NOW) == []
    assert not (tmp_path / "prices").exists()
    path = written(tmp_path / "more.yaml", OURS, OURS.replace("llama", "qwen"))
    with pytest.raises(PriceError, match="Leave out the entries"):
        add_price_file(tmp_path / "prices", path, book, NOW)


def test_a_correction_is_recorded_later(tmp_path: Path) -> None:
    book = extended(OURS, recorded_at="2026-01-01")
    path = tmp_path / "mended.yaml"
    path.write_text(file_of(OTHER, recorded_at="2026-01-01"))
    with pytest.raises(PriceError, match="give the new entry a later recorded_at"):
        add_price_file(tmp_path / "prices", path, book, NOW)
    path.write_text(file_of(OTHER, recorded_at="2026-01-02"))
    assert len(add_price_file(tmp_path / "prices", path, book, NOW)) == 1


def test_nothing_is_recorded_in_the_future(tmp_path: Path) -> None:
    path = tmp_path / "soon.yaml"
    path.write_text(file_of(OURS, recorded_at="2026-11-23"))
    with pytest.raises(PriceError, match="entry 1: recorded_at 2026-11-23T00:00:00Z lies in the f"):
        add_price_file(tmp_path / "prices", path, shipped_book(), NOW)
    assert not (tmp_path / "prices").exists()


def test_any_name_becomes_a_yaml_file(tmp_path: Path) -> None:
    add_price_file(tmp_path / "prices", written(tmp_path / "list.yml", OURS), shipped_book(), NOW)
    assert [path.name for path in (tmp_path / "prices").iterdir()] == ["list.yml.yaml"]


def test_what_is_recorded_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path / "own.yaml", OURS)
    add_price_file(tmp_path / "prices", path, shipped_book(), NOW)
    written(path, OTHER)
    with pytest.raises(PriceError) as caught:
        add_price_file(tmp_path / "prices", path, shipped_book(), NOW)
    assert "own.yaml" in caught.value.what
    assert "input: 1" in (tmp_path / "prices" / "own.yaml").read_text()


@pytest.mark.parametrize(
    "text",
    ["", "not: a price file\n", "{", file_of(OURS.replace("source: a plan", "")),
     file_of(OURS.replace("input: 1", "input: -1")), file_of(OURS, OTHER)],
)  # fmt: skip
def test_a_wrong_file_is_refused_and_nothing_is_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(PriceError) as caught:
        add_price_file(tmp_path / "prices", tmp_path / "own.yaml", shipped_book(), NOW)
    assert "own.yaml" in caught.value.what
    assert not (tmp_path / "prices").exists()


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(PriceError):
        add_price_file(tmp_path / "prices", tmp_path / "nothing.yaml", shipped_book(), NOW)
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(PriceError):
        add_price_file(tmp_path / "prices", tmp_path / "latin.yaml", shipped_book(), NOW)


def test_the_shipped_book_is_in_order() -> None:
    checks = list(check_book(shipped_book()))
    assert [check.name for check in checks[:2]] == ["catalogue", "overlay"]
    assert not [check for check in checks if check.state == "failed"]
