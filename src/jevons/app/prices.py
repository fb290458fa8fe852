"""`jevons prices`: showing the book, adding a file to it, checking it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jevons.app.results import Check, PriceRow
from jevons.pricing.audit import audit
from jevons.pricing.book import PriceBook, PriceView
from jevons.pricing.entry import PriceEntry, entry_hash
from jevons.pricing.overlay import parse_price_file
from jevons.vocabulary.errors import PriceError
from jevons.vocabulary.period import iso


def price_rows(
    book: PriceBook, model: str | None, provider: str | None, at: int | None
) -> Iterator[PriceRow]:
    """The entries of a model, or of the whole book; at: those valid at an instant."""
    if model is not None:
        views: Iterator[PriceView] = iter(book.show(model, provider=provider, at=at))
    else:
        views = book.listing(provider=provider, at=at)
    return map(_row, views)


def _row(view: PriceView) -> PriceRow:
    known = tuple((str(unit), price) for unit, price in view.prices if price is not None)
    return PriceRow(
        model=view.model,
        provider=view.provider,
        axes=view.axes,
        prices=known,
        valid_from=view.valid_from,
        valid_to=view.valid_to,
        recorded_at=view.recorded_at,
        source=view.source,
        entry=view.entry,
        effect=view.effect,
        above=view.above,
        note=view.note,
    )


def add_price_file(folder: Path, path: Path, book: PriceBook, now_us: int) -> list[PriceRow]:
    """Check a price file and keep a copy in the home; the entries added, [] when the book has them
    all.

    now_us: the clock, epoch microseconds. Raises PriceError when the file is malformed, contradicts
    itself or the book, was recorded in the future, or a file of its name is kept with other
    content: what is recorded is never overwritten.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(f"{path} cannot be read: {error}") from error
    entries = parse_price_file(text, path.name)
    kept = {entry_hash(entry) for entry in entries}
    if kept <= {entry_hash(entry) for entry in book.entries}:
        return []
    _refuse_the_future(entries, path.name, now_us)
    extended = PriceBook(book.catalogue, [*book.entries, *entries])
    known = {finding.message for finding in audit(book)}
    for finding in audit(extended):
        if finding.wrong and finding.message not in known:
            raise PriceError(f"{path.name}: {finding.message}", remedy=_REMEDIES[finding.kind])
    name = path.name if path.suffix == ".yaml" else f"{path.name}.yaml"
    target = folder / name
    if target.exists() and target.read_text(encoding="utf-8") != text:
        raise PriceError(
            f"a price file named {name} is recorded already, with other content",
            remedy="Prices are appended, never overwritten: give the new file another name.",
        )
    _keep(target, text)
    return [_row(view) for view in extended.listing() if view.entry in kept]


_REMEDIES: Final = {
    "contradiction": "To correct an entry, give the new entry a later recorded_at; else give each "
    "its own\nvalidity period or axes.",
    "duplicate": "Leave out the entries that are in the book already.",
}


def _refuse_the_future(entries: list[PriceEntry], name: str, now_us: int) -> None:
    for number, entry in enumerate(entries, 1):
        if entry.recorded_at is not None and entry.recorded_at > now_us:
            raise PriceError(
                f"{name}: entry {number}: recorded_at {iso(entry.recorded_at)} lies in the future",
                remedy="It says when the entry became known to you, at most now: "
                f"{iso(now_us // 1_000_000 * 1_000_000)}.",
            )


def _keep(target: Path, text: str) -> None:
    temporary = target.with_suffix(".tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        raise PriceError(f"{target} cannot be written: {error.strerror}") from error


def check_book(book: PriceBook) -> Iterator[Check]:
    """How large the book is, and everything in it that is wrong or deserves a look."""
    count = sum(len(provider.models) for provider in book.catalogue.providers)
    yield Check("catalogue", "ok", f"genai-prices {book.catalogue.version}: {count} models")
    yield Check("overlay", "ok", f"{len(book.entries)} entries, book {book.digest}")
    for finding in audit(book):
        state = "failed" if finding.wrong else "warning"
        yield Check(finding.kind, state, finding.message, "Look at the price files of this home.")
