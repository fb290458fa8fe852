"""`jevons prices`: showing the book, adding a file to it, checking it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jevons.app.results import Check, PriceRow
from jevons.pricing.audit import audit
from jevons.pricing.book import PriceBook, PriceView
from jevons.pricing.entry import entry_hash
from jevons.pricing.overlay import parse_price_file
from jevons.vocabulary.errors import PriceError


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


def add_price_file(folder: Path, path: Path, book: PriceBook) -> list[PriceRow]:
    """Check a price file and keep a copy in the home.

    Raises PriceError when it is malformed, contradicts itself, or a file of its name is kept with
    other content: what is recorded is never overwritten.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(f"{path} cannot be read: {error}") from error
    entries = parse_price_file(text, path.name)
    extended = PriceBook(book.catalogue, [*book.entries, *entries])
    known = {finding.message for finding in audit(book)}
    for finding in audit(extended):
        if finding.wrong and finding.message not in known:
            remedy = "Give each entry its own validity period or axes."
            raise PriceError(f"{path.name}: {finding.message}", remedy=remedy)
    name = path.name if path.suffix == ".yaml" else f"{path.name}.yaml"
    target = folder / name
    if target.exists() and target.read_text(encoding="utf-8") != text:
        raise PriceError(
            f"a price file named {name} is recorded already, with other content",
            remedy="Prices are appended, never overwritten: give the new file another name.",
        )
    _keep(target, text)
    kept = {entry_hash(entry) for entry in entries}
    return [_row(view) for view in extended.listing() if view.entry in kept]


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
