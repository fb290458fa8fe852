"""Checks of a price book that need no call: what was entered twice, contradicts, leaves a hole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Literal

from jevons.pricing.book import PriceBook
from jevons.pricing.catalogue import Catalogue, Provider
from jevons.pricing.clause import Clause
from jevons.pricing.entry import PriceEntry, entry_hash
from jevons.pricing.schedule import text_of

Kind = Literal["duplicate", "contradiction", "overlap", "gap", "unsourced", "unmatched"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. entries: hashes of the entries concerned.

    duplicate: the same entry twice. contradiction: two entries recorded at one time give one
    period different prices. overlap: one of them covers a part of the other's period. gap: a period
    between two entries has none. unsourced: nothing says where the price is from. unmatched:
    no model of the catalogue's provider bears the name.
    """

    kind: Kind
    message: str
    entries: tuple[str, ...]

    @property
    def wrong(self) -> bool:
        """Whether the book should not be used before this is settled."""
        return self.kind in ("duplicate", "contradiction")


def audit(book: PriceBook) -> list[Finding]:
    """Look at every overlay entry of the book; [] means nothing to settle."""
    found = [*_duplicates(book.entries), *_unsourced(book.entries), *_unmatched(book)]
    scopes: dict[object, list[PriceEntry]] = {}
    for entry in {entry_hash(entry): entry for entry in book.entries}.values():
        scopes.setdefault(entry.scope, []).append(entry)
    for entries in scopes.values():
        found += _periods(entries)
    return found


def _duplicates(entries: Iterable[PriceEntry]) -> Iterator[Finding]:
    seen: set[str] = set()
    for entry in entries:
        name = entry_hash(entry)
        if name in seen:
            yield Finding("duplicate", f"{_words(entry)} is entered twice", (name,))
        seen.add(name)


def _unsourced(entries: Iterable[PriceEntry]) -> Iterator[Finding]:
    for entry in entries:
        if not entry.source.strip():
            message = f"{_words(entry)} does not say where its price is from"
            yield Finding("unsourced", message, (entry_hash(entry),))


def _unmatched(book: PriceBook) -> Iterator[Finding]:
    """Names that no model bears; a full name with prices of its own is a new model."""
    for entry in book.entries:
        provider = book.catalogue.by_id.get(entry.provider)
        if provider is None:
            continue
        known = _names(book.catalogue, provider)
        for name in entry.models:
            new = entry.kind == "prices" and "*" not in name
            if not new and not any(fnmatchcase(found, name) for found in known):
                message = f"{_words(entry)}: no model of {provider.id} is named like {name}"
                yield Finding("unmatched", message, (entry_hash(entry),))


def _names(catalogue: Catalogue, provider: Provider) -> set[str]:
    """Ids and aliases of the models that a provider serves."""
    names: set[str] = set()
    for lister in (provider.id, *provider.fallback):
        for model in catalogue.by_id[lister].models:
            names.add(model.id.lower())
            names.update(_plain_texts(model.match))
    return names


def _plain_texts(clause: Clause) -> Iterator[str]:
    kind, argument = clause
    if kind in "|&":
        for part in argument:
            yield from _plain_texts(part)
    elif kind != "r":
        yield argument.lower()


def _periods(entries: list[PriceEntry]) -> Iterator[Finding]:
    """Compare neighbours in time among entries about the same that were recorded together."""
    groups: dict[int | None, list[PriceEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.recorded_at, []).append(entry)
    for together in groups.values():
        ordered = sorted(together, key=lambda e: (e.valid_from is not None, e.valid_from or 0))
        for earlier, later in pairwise(ordered):
            names = (entry_hash(earlier), entry_hash(later))
            if earlier.valid_from == later.valid_from:
                message = f"{_words(later)} has two entries from {_from(later)}"
                yield Finding("contradiction", message, names)
            elif earlier.valid_to is None or earlier.valid_to > (later.valid_from or 0):
                message = f"{_words(later)}: the entry from {_from(later)} overlaps the one before"
                yield Finding("overlap", message, names)
            elif earlier.valid_to < (later.valid_from or 0):
                hole = f"{text_of(earlier.valid_to)} to {_from(later)}"
                yield Finding("gap", f"{_words(later)} has no entry for {hole}", names)


def _from(entry: PriceEntry) -> str:
    return text_of(entry.valid_from) or "the beginning"


def _words(entry: PriceEntry) -> str:
    axes = "".join(f", {axis} {'/'.join(values)}" for axis, values in entry.axes)
    windows = "".join(f", {window}" for window in entry.windows)
    return f"{entry.provider} {', '.join(entry.models)}{axes}{windows} ({entry.kind})"
