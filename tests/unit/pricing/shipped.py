"""The shipped price book, built once for all tests that need it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jevons.pricing import snapshot
from jevons.pricing.book import PriceBook
from jevons.pricing.catalogue import Catalogue
from jevons.pricing.overlay import parse_price_file

PRICES = Path(__file__).resolve().parents[3] / "src" / "jevons" / "pricing" / "prices"


@cache
def price_files() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in PRICES.glob("*.yaml")}


@cache
def shipped_book() -> PriceBook:
    return snapshot.unpack(snapshot.build(price_files()))


def catalogue() -> Catalogue:
    return shipped_book().catalogue


def book_of(*entries: str, recorded_at: str = "2026-01-01") -> PriceBook:
    """The catalogue with entries given as YAML text (one list item each, without its dash)."""
    return PriceBook(catalogue(), parse_price_file(file_of(*entries, recorded_at=recorded_at), "t"))


def file_of(*entries: str, recorded_at: str = "2026-01-01") -> str:
    head = f"schema: jevons.prices/v1\nrecorded_at: {recorded_at}\ndate_checked: 2026-11-22\n"
    items = ["  - " + "\n    ".join(e.strip().splitlines()) for e in entries]
    return head + "entries:\n" + "\n".join(items) + "\n"
