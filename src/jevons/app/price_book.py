"""The price book of a home: base catalogue, shipped corrections, own prices; packed once."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import resources
from pathlib import Path

from jevons.pricing import snapshot
from jevons.pricing.book import PriceBook
from jevons.vocabulary.errors import PriceError


def price_files(home: Path) -> dict[str, str]:
    """Name -> text of the shipped corrections and of the price files added to a home."""
    folder = resources.files("jevons.pricing") / "prices"
    files = {
        f"jevons/{file.name}": file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    }
    own = home / "prices"
    for path in sorted(own.glob("*.yaml")) if own.is_dir() else []:
        try:
            files[f"own/{path.name}"] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PriceError(f"the price file {path} cannot be read: {error}") from error
    return files


def load_book(home: Path) -> PriceBook:
    """The price book of a home, packed once per content in `HOME/cache` and rebuilt if lost."""
    files = price_files(home)
    cache = home / "cache" / f"prices-{snapshot.key(files)}.json"
    try:
        return snapshot.unpack(cache.read_bytes())
    except (OSError, PriceError):
        packed = snapshot.build(files)
    _keep(cache, packed)
    return snapshot.unpack(packed)


def _keep(cache: Path, packed: bytes) -> None:
    """Write the cache whole or not at all; a home that cannot be written works without it."""
    temporary = cache.with_suffix(f".{os.getpid()}.tmp")
    try:
        for folder in (cache.parent.parent, cache.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for stale in cache.parent.glob("prices-*.json"):
            stale.unlink(missing_ok=True)
        temporary.write_bytes(packed)
        temporary.replace(cache)
    except OSError:
        with suppress(OSError):  # a home that cannot be written has nothing to tidy either
            temporary.unlink(missing_ok=True)
