"""Re-pricing: what the books would say at today's price book, appended as a new version."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.rate import rate
from jevons.stores.columns import Amounts, money_columns, retracted
from jevons.stores.journal import Journal
from jevons.stores.listing import quantities, rows_sql
from jevons.stores.report import Question
from jevons.stores.schema import EVENTS, INSTANT, MONEY_COLUMNS
from jevons.vocabulary.charge import Part, RateCard, Rated
from jevons.vocabulary.money import parse_amount, to_femto
from jevons.vocabulary.units import inclusive

_CHUNK = 50_000


@dataclass(slots=True)
class Repriced:
    """How many event rows were looked at and changed, and their effective cost before and after."""

    recorded_at: int
    rows: int = 0
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
    sql = rows_sql(books, question)
    reader = books.session.cursor().sql(sql).to_arrow_reader(_CHUNK)
    memory: dict[tuple[Any, ...], Rated] = {}
    for chunk in reader:
        table = pa.Table.from_batches([chunk])
        changed, rated = _changes(table, book, cards, memory, result)
        if changed:
            old = _restored(table.take(pa.array(changed, pa.int64())))
            appended += [retracted(old, recorded_at), _renewed(old, rated, batch, recorded_at)]
    if appended and not dry_run:
        journal.append_cards(cards, batch)
        journal.append_events(pa.concat_tables(appended), batch)
    return result


def _changes(
    table: pa.Table,
    book: PriceBook,
    cards: dict[str, RateCard],
    memory: dict[tuple[Any, ...], Rated],
    result: Repriced,
) -> tuple[list[int], list[Rated]]:
    changed: list[int] = []
    fresh: list[Rated] = []
    for number, row in enumerate(table.to_pylist()):
        result.rows += 1
        rated = _rate_row(row, book, cards)
        before, after = row["effective_cost"], rated.effective_cost
        result.before = _add(result.before, before)
        result.after = _add(result.after, after)
        same = all(row[name] == getattr(rated, name) for name in MONEY_COLUMNS)
        if same and row["price_state"] == rated.price_state:
            continue
        result.changed += 1
        changed.append(number)
        fresh.append(rated)
    return changed, fresh


def _add(total: Decimal | None, cost: Decimal | None) -> Decimal | None:
    """Sum of known costs; None while none is known."""
    return total if cost is None else cost + (total or 0)


def _rate_row(row: dict[str, Any], book: PriceBook, cards: dict[str, RateCard]) -> Rated:
    counted = quantities(row)
    tier = row["tier_input_tokens"]
    tier = inclusive(counted)["input_tokens"] if tier is None else tier
    model = row["model"] or row["response_model"] or row["request_model"]
    context = PriceContext(
        row["provider"], row["host"], row["region"], row["service_tier"], row["batch_api"],
        row["speed"], model,
    )  # fmt: skip
    card = book.match(context, row["time"], tier)
    if isinstance(card, RateCard):
        cards[card.card_id] = card
    stated = row["stated_cost"] if row["part"] == 0 else None
    return rate(
        Part(counted, row["model"], tier),
        card,
        completeness=row["completeness"],
        evidence=row["evidence"],
        stated_cost=None if stated is None else parse_amount(stated),
        stated_by=row["stated_by"] if stated is not None else None,
        status=row["status"],
        error=row["error"],
    )


def _restored(rows: pa.Table) -> pa.Table:
    """Rows of the listing query with the event table's own types."""
    columns = {}
    for name in EVENTS.names:
        column = rows.column(name)
        kind = EVENTS.field(name).type
        columns[name] = (
            column.cast(pa.int64()).cast(INSTANT) if kind == INSTANT else column.cast(kind)
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
