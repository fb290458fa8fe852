"""A whole price book as bytes: a second start need not import genai-prices or parse YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from jevons.pricing.book import PriceBook
from jevons.pricing.catalogue import FORMAT as CATALOGUE_FORMAT
from jevons.pricing.catalogue import PINNED, compile_catalogue, load
from jevons.pricing.entry import PriceEntry, content_hash
from jevons.vocabulary.errors import PriceError

FORMAT: Final = 1
"""Version of the packed form."""


class _Packed(msgspec.Struct, array_like=True):
    format: int
    catalogue: msgspec.Raw
    entries: list[PriceEntry]


def key(price_files: Mapping[str, str]) -> str:
    """The name under which a packed book of these files (name -> text) may be stored and reused."""
    return content_hash([FORMAT, CATALOGUE_FORMAT, PINNED, sorted(price_files.items())])


def build(price_files: Mapping[str, str], catalogue: bytes | None = None) -> bytes:
    """Pack the book of the catalogue and these files, in order of their names.

    catalogue: its compiled text if at hand. Raises PriceError for a file that is not understood.
    """
    from jevons.pricing.overlay import parse_price_file

    entries = [
        entry
        for name, text in sorted(price_files.items())
        for entry in parse_price_file(text, name)
    ]
    packed = _Packed(FORMAT, msgspec.Raw(catalogue or compile_catalogue()), entries)
    return msgspec.json.encode(packed)


def unpack(packed: bytes) -> PriceBook:
    """The book that was packed. Raises PriceError if the bytes are not of this form."""
    try:
        found = msgspec.json.decode(packed, type=_Packed)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        remedy = "Delete the cached price book; it is rebuilt."
        raise PriceError(f"the packed price book is damaged: {error}", remedy=remedy) from None
    if found.format != FORMAT:
        raise PriceError(
            f"the packed price book has format {found.format}",
            remedy="Delete the cached price book; it is rebuilt.",
        )
    return PriceBook(load(bytes(found.catalogue)), found.entries)
