"""The price book of a home: base catalogue (compiled once per version), shipped corrections, own
prices."""

from __future__ import annotations

from importlib import resources
from importlib.metadata import version
from pathlib import Path

from jevons.pricing import catalogue
from jevons.pricing.book import PriceBook
from jevons.pricing.entry import PriceEntry
from jevons.pricing.overlay import parse_price_file
from jevons.vocabulary.errors import PriceError


def shipped_entries() -> list[PriceEntry]:
    """The corrections that ship with Jevons, from `jevons/pricing/prices/*.yaml`."""
    folder = resources.files("jevons.pricing") / "prices"
    entries: list[PriceEntry] = []
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".yaml"):
            entries += parse_price_file(file.read_text(encoding="utf-8"), file.name)
    return entries


def own_entries(folder: Path) -> list[PriceEntry]:
    """The price files that a user added to this home."""
    entries: list[PriceEntry] = []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PriceError(f"the price file {path} cannot be read: {error}") from error
        entries += parse_price_file(text, path.name)
    return entries


def load_book(home: Path) -> PriceBook:
    """The price book of a home. The compiled catalogue is cached in `HOME/cache`; a lost cache is
    rebuilt."""
    cache = home / "cache" / f"catalogue-{version('genai-prices')}.bin"
    try:
        compiled = cache.read_bytes()
    except OSError:
        compiled = catalogue.compile_catalogue()
        _keep(cache, compiled)
    return PriceBook(catalogue.load(compiled), [*shipped_entries(), *own_entries(home / "prices")])


def _keep(cache: Path, compiled: bytes) -> None:
    """Write the cache whole or not at all; a home that cannot be written works without it."""
    import os

    temporary = cache.with_suffix(f".{os.getpid()}.tmp")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(compiled)
        temporary.replace(cache)
    except OSError:
        temporary.unlink(missing_ok=True)
