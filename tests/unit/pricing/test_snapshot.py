from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jevons.pricing import snapshot
from jevons.pricing.catalogue import compile_catalogue
from jevons.pricing.context import PriceContext
from jevons.vocabulary.charge import RateCard
from jevons.vocabulary.errors import PriceError
from tests.unit.pricing.shipped import price_files, shipped_book


def test_a_packed_book_is_the_same_book() -> None:
    packed = snapshot.build(price_files(), compile_catalogue())
    book = snapshot.unpack(packed)
    assert packed == snapshot.build(dict(reversed(price_files().items())))
    assert book.entries == shipped_book().entries
    assert book.digest == shipped_book().digest
    context = PriceContext("deepseek", model="deepseek-v4-flash")
    assert isinstance(book.match(context, 1_795_000_000_000_000, 0), RateCard)


def test_the_key_changes_with_the_files() -> None:
    files = price_files()
    assert snapshot.key(files) == snapshot.key(dict(reversed(files.items())))
    assert snapshot.key(files) != snapshot.key({**files, "mine.yaml": "x"})


@pytest.mark.parametrize("packed", [b"", b"{}", b"[1]", b"[9,[],[]]"])
def test_bytes_that_are_none(packed: bytes) -> None:
    with pytest.raises(PriceError):
        snapshot.unpack(packed)


def test_reading_a_packed_book_imports_neither_the_catalogue_nor_numpy() -> None:
    program = (
        "import sys; from jevons.pricing import snapshot; snapshot.unpack(sys.stdin.buffer.read());"
        "print([m for m in ('genai_prices', 'pydantic', 'numpy', 'yaml') if m in sys.modules])"
    )
    packed = snapshot.build(price_files())
    found = subprocess.run(
        [sys.executable, "-c", program],
        input=packed,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert found.stdout.strip() == b"[]"
