"""Re-pricing: what the books would say at today's price book, appended as a new version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.stores.columns import Amounts, money_columns, retracted
from jevons.stores.journal import Journal
from jevons.stores.listing import calls, part_of, rated_rows
from jevons.stores.question import Question
from jevons.stores.schema import EVENTS, INSTANT, MONEY_COLUMNS
from jevons.vocabulary.charge import RateCard, Rated, Unpriced
from jevons.vocabulary.money import to_femto

_CHUNK = 50_000


@dataclass(slots=True)
class Repriced:
    """How many events were looked at and changed, and their effective cost before and after."""

    recorded_at: int
    events: int = 0
    changed: int = 0
    before: Decimal | None = None
    after: Decimal | None = None


def reprice(
    journal: Journal, book: PriceBook, question: Question, recorded_at: int, *, dry_run: bool
) -> Repriced:
    """Rate every chosen event again; append the old rows with sign -1 and the new ones.

    An event whose price is the same is left alone. All changes of one call are one batch.
    """
    books = journal.books
    result = Repriced(recorded_at)
    if not books.event_files():
        return result
    batch = books.last_batch() + 1
    appended: list[pa.Table] = []
    cards: dict[str, RateCard] = {}

    def card_of(row: dict[str, Any]) -> RateCard | Unpriced:
        card = book.match(_context(row), row["time"], part_of(row).tier_input_tokens)
        if isinstance(card, RateCard):
            cards[card.card_id] = card
        return card

    for chunk in calls(books, question, _CHUNK):
        changed = _changes(chunk, card_of, result)
        if changed:
            old = _restored([row for row, _ in changed])
            rated = [one for _, one in changed]
            appended += [retracted(old, recorded_at), _renewed(old, rated, batch, recorded_at)]
    if appended and not dry_run:
        journal.append_cards(cards)
        journal.append_events(pa.concat_tables(appended), batch)
    return result


def _changes(
    chunk: list[list[dict[str, Any]]],
    card_of: Callable[[dict[str, Any]], RateCard | Unpriced],
    result: Repriced,
) -> list[tuple[dict[str, Any], Rated]]:
    """The rows of a chunk whose price is another one now, with it."""
    changed: list[tuple[dict[str, Any], Rated]] = []
    for rows in chunk:
        result.events += 1
        rated = rated_rows(rows, card_of)
        different = False
        for row, one in zip(rows, rated, strict=True):
            result.before = _add(result.before, row["effective_cost"])
            result.after = _add(result.after, one.effective_cost)
            same = all(row[name] == getattr(one, name) for name in MONEY_COLUMNS)
            if not same or row["price_state"] != one.price_state:
                changed.append((row, one))
                different = True
        result.changed += different
    return changed


def _add(total: Decimal | None, cost: Decimal | None) -> Decimal | None:
    """Sum of known costs; None while none is known."""
    return total if cost is None else cost + (total or 0)


def _context(row: dict[str, Any]) -> PriceContext:
    """The context that a stored row is priced in."""
    return PriceContext(
        provider=row["provider"],
        host=row["host"],
        region=row["region"],
        service_tier=row["service_tier"],
        batch=row["batch_api"],
        speed=row["speed"],
        model=row["model"] or row["response_model"] or row["request_model"],
    )


def _restored(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of the listing query with the event table's own types."""
    columns = {}
    for name in EVENTS.names:
        kind = EVENTS.field(name).type
        values = [row[name] for row in rows]
        columns[name] = (
            pa.array(values, pa.int64()).cast(INSTANT)
            if kind == INSTANT
            else pa.array(values, kind)
        )
    return pa.table(columns, schema=EVENTS)


def _renewed(old: pa.Table, rated: list[Rated], version: int, recorded_at: int) -> pa.Table:
    """The same events with new prices."""
    count = len(old)
    new: dict[str, pa.Array] = {
        "version": pa.array([version] * count, pa.int32()),
        "recorded_at": pa.array([recorded_at] * count, pa.int64()).cast(INSTANT),
        "price_state": pa.array([r.price_state for r in rated], pa.string()),
        "provenance": pa.array([r.provenance for r in rated], pa.string()),
        "price_card": pa.array([r.card_id for r in rated], pa.string()),
        "reason": pa.array(
            [None if r.price_state == "exact" else r.reason for r in rated], pa.string()
        ),
    }
    nothing = np.zeros(0, dtype=np.int64)
    amounts: dict[str, Amounts] = {}
    for name in MONEY_COLUMNS:
        values = [getattr(r, name) for r in rated]
        femto = [None if value is None else to_femto(value) for value in values]
        amounts[name] = (nothing, nothing.astype(bool), femto)
    new |= money_columns(amounts)
    columns = {name: new.get(name, old.column(name)) for name in EVENTS.names}
    return pa.table(columns, schema=EVENTS)
