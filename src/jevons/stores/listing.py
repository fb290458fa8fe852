"""Events one by one, with their charge lines worked out again from the price cards they were rated
with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from jevons.ledger.charging import rate_call
from jevons.stores.books import Books
from jevons.stores.plan import Preview
from jevons.stores.question import Question
from jevons.stores.report import condition
from jevons.stores.schema import MONEY_COLUMNS, MONEY_SQL, QUANTITY_COLUMNS
from jevons.vocabulary.charge import PROVENANCES, ChargeLine, Part, RateCard, Rated, Unpriced
from jevons.vocabulary.errors import LedgerDamaged
from jevons.vocabulary.money import parse_amount, plain, to_femto
from jevons.vocabulary.observation import DIMENSIONS, LABELS
from jevons.vocabulary.period import iso
from jevons.vocabulary.units import COMMON_UNITS, Quantities, Unit, inclusive

_IDENTITY = ("response_id", "request_id", "attempt")


def rows_sql(books: Books, question: Question, source: str | None = None) -> str:
    """The query for live event rows (taken-back rows and their takers left out), oldest first."""
    source = source or books.event_source()
    costs = ", ".join(f"{MONEY_SQL[name]} AS {name}" for name in MONEY_COLUMNS[:-1])
    where = condition(question)
    as_of = "true" if question.as_of is None else f"epoch_us(recorded_at) <= {question.as_of}"
    taken = f"SELECT event_id, part, version FROM {source} WHERE sign < 0 AND {as_of}"
    return (
        f"SELECT * EXCLUDE (time, recorded_at), {costs}, epoch_us(time) AS time, "
        f"epoch_us(recorded_at) AS recorded_at FROM {source} e WHERE sign > 0 AND {where} "
        f"AND NOT EXISTS (SELECT 1 FROM ({taken}) t WHERE t.event_id = e.event_id "
        "AND t.part = e.part AND t.version = e.version)"
    )


def bounded(books: Books, question: Question) -> Question:
    """A question about one run with the time bounds of that run, which saves most reading."""
    runs = [value for name, value in question.where if name == "run" and value]
    files = books.runs.files()
    fresh = books.runs.batch() == books.events.batch()
    if not runs or not files or not fresh or question.as_of is not None:
        return question
    (row,) = books.session.execute(
        "SELECT epoch_us(min(first_time)), epoch_us(max(last_time)) FROM read_parquet(?) "
        "WHERE run = ?",
        [files, runs[0]],
    ).fetchall()
    if row[0] is None:
        return question
    since = max(row[0], question.since) if question.since is not None else row[0]
    until = min(row[1] + 1, question.until) if question.until is not None else row[1] + 1
    return replace(question, since=since, until=until)


def live_events(
    books: Books, question: Question, limit: int | None, waiting: Preview | None = None
) -> Iterator[dict[str, Any]]:
    """One JSON-ready object per event, oldest first: its parts merged, charge lines, costs and
    reasons. waiting: what is in the inbox."""
    if not books.event_files() and waiting is None:
        return
    session = books.session.cursor()
    source = books.event_source(waiting.rows if waiting else None, session)
    if books.assigning is not None:
        source = books.assigning.source(source, session)
    sql = rows_sql(books, question, source) + " ORDER BY time, event_id, part"
    if limit is not None:
        live = rows_sql(books, question, source)
        first = f"SELECT event_id FROM ({live}) WHERE part = 0"
        sql = f"SELECT * FROM ({live}) WHERE event_id IN ({first} "
        sql += f"ORDER BY time, event_id LIMIT {int(limit)}) ORDER BY time, event_id, part"
    cards = Cards(books, waiting.cards if waiting else None)
    pending: list[dict[str, Any]] = []
    shown = 0
    for batch in session.sql(sql).to_arrow_reader(4096):
        for row in batch.to_pylist():
            if pending and row["event_id"] != pending[0]["event_id"]:
                yield _event(pending, cards)
                shown += 1
                pending = []
                if limit is not None and shown >= limit:
                    return
            pending.append(row)
    if pending:
        yield _event(pending, cards)


class Cards:
    """Price cards by id, read on first use."""

    def __init__(self, books: Books, waiting: dict[str, RateCard] | None = None) -> None:
        self._books = books
        self._waiting = waiting or {}
        self._cards: dict[str, RateCard] | None = None

    def get(self, card_id: str) -> RateCard:
        """The card of an id. Raises LedgerDamaged for one that is not stored."""
        if self._cards is None:
            files = self._books.cards.files()
            rows = []
            if files:
                rows = self._books.arrow("SELECT * FROM read_parquet(?)", [files]).to_pylist()
            stored = {
                row["price_card"]: msgspec.json.decode(row["content"], type=RateCard)
                for row in rows
            }
            self._cards = {**self._waiting, **stored}
        if card_id not in self._cards:
            raise LedgerDamaged(
                f"price card {card_id} is missing, which event rows name",
                remedy="Restore the ledger's folder from a backup, or run `jevons reprice`.",
            )
        return self._cards[card_id]

    def of(self, row: dict[str, Any]) -> RateCard | Unpriced:
        """The card that a row was rated with, or why it has none."""
        if row["price_card"]:
            return self.get(row["price_card"])
        return Unpriced(row["reason"] or "no price")

    def fee(self, card_id: str | None) -> bool:
        """Whether a card charges more than quantity x price: per request, or a minimum."""
        if card_id is None:
            return False
        card = self.get(card_id)
        return Unit("requests") in card.list_unit_price or bool(card.minimum)

    def vector(self, card_id: str, prices: str) -> list[int]:
        """Unit prices of the common units in whole 1e-15 USD; prices: `list` or `contracted`."""
        card = self.get(card_id)
        chosen = card.list_unit_price if prices == "list" else card.contracted_unit_price
        return [to_femto(chosen[unit]) if unit in chosen else 0 for unit in COMMON_UNITS]


def quantities(row: dict[str, Any]) -> Quantities:
    """The exclusive quantities of an event row, zero ones left out."""
    found: Quantities = {
        unit: row[name]
        for unit, name in zip(COMMON_UNITS, QUANTITY_COLUMNS, strict=True)
        if row[name]
    }
    if row["other_quantities"]:
        found.update({Unit(u): q for u, q in json.loads(row["other_quantities"]).items()})
    return found


def part_of(row: dict[str, Any]) -> Part:
    """The quantities of an event row, with what decides their context tier."""
    counted = quantities(row)
    tier = row["tier_input_tokens"]
    return Part(counted, row["model"], inclusive(counted)["input_tokens"] if tier is None else tier)


def rated_rows(
    rows: list[dict[str, Any]], card_of: Callable[[dict[str, Any]], RateCard | Unpriced]
) -> list[Rated]:
    """The rows of one event (its parts in order) rated with the cards that `card_of` gives."""
    head = rows[0]
    stated = head["stated_cost"]
    return rate_call(
        [(part_of(row), card_of(row)) for row in rows],
        completeness=head["completeness"],
        evidence=head["evidence"],
        stated_cost=None if stated is None else parse_amount(stated),
        stated_by=head["stated_by"],
        status=head["status"],
        error=head["error"],
    )


def calls(books: Books, question: Question, size: int) -> Iterator[list[list[dict[str, Any]]]]:
    """Chunks of events as lists of their live rows: the many with one part, then the few others."""
    if not books.event_files():
        return
    several = f"SELECT event_id FROM {books.event_source()} WHERE part > 0"
    live = rows_sql(books, question)
    alone = f"SELECT * FROM ({live}) WHERE event_id NOT IN ({several})"
    for batch in books.session.cursor().sql(alone).to_arrow_reader(size):
        yield [[row] for row in batch.to_pylist()]
    together = f"SELECT * FROM ({live}) WHERE event_id IN ({several}) ORDER BY event_id, part"
    rows = books.arrow(together).to_pylist()
    yield [list(group) for _, group in groupby(rows, key=itemgetter("event_id"))]


def _event(rows: list[dict[str, Any]], cards: Cards) -> dict[str, Any]:
    head = rows[0]
    shown: dict[str, Any] = {
        "event_id": bytes(head["event_id"]).hex(),
        "time": iso(head["time"]),
        **{name: head[name] for name in _IDENTITY},
        **{name: head[name] for name in LABELS},
        "batch": head["batch_api"],
        "latency_ms": head["latency_ms"],
        "source": head["source"],
        **{name: head[name] for name in DIMENSIONS},
        "stated_purpose": head.get("stated_purpose"),
        "purpose_rule": head.get("purpose_rule"),
        "tags": json.loads(head["tags"]) if head["tags"] else {},
    }
    total: Quantities = {}
    lines = []
    for row in rows:
        for unit, quantity in quantities(row).items():
            total[unit] = total.get(unit, 0) + quantity
    for row, rated in zip(rows, rated_rows(rows, cards.of), strict=True):
        lines += [_line(line, row) for line in rated.lines]
    shown["quantities"] = total
    shown.update(inclusive(total))
    shown["charges"] = lines
    for name in MONEY_COLUMNS:
        known = [row[name] for row in rows if row[name] is not None]
        shown[name] = plain(sum(known[1:], known[0])) if known else None
    shown["price_state"] = head["price_state"]
    shown["provenance"] = max((row["provenance"] for row in rows), key=PROVENANCES.index)
    shown["evidence"] = head["evidence"]
    shown["completeness"] = head["completeness"]
    shown["observations"] = head["observations"]
    shown["possible_duplicate"] = head["possible_duplicate"]
    shown["why"] = _why(rows, cards)
    shown["recorded_at"] = iso(head["recorded_at"])
    return shown


def _line(line: ChargeLine, row: dict[str, Any]) -> dict[str, Any]:
    shown = msgspec.to_builtins(line)
    for name in ("list_unit_price", *MONEY_COLUMNS):
        value = getattr(line, name)
        shown[name] = None if value is None else plain(value)
    shown["model"] = row["model"] or row["response_model"] or row["request_model"]
    return dict(shown)


def _why(rows: list[dict[str, Any]], cards: Cards) -> str:
    parts = []
    for row in rows:
        if row["price_card"]:
            card = cards.get(row["price_card"])
            text = f"price entry {card.entry} ({card.source})"
            parts.append(f"{text}; {row['reason']}" if row["reason"] else text)
        else:
            parts.append(row["reason"] or "no price")
        if row["notes"]:
            parts.append(row["notes"])
    return "; ".join(dict.fromkeys(parts))
