"""What the key figures need of the calls of a period, summed in one pass over the events."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from jevons.stores.books import Books, readable
from jevons.stores.listing import Cards
from jevons.stores.question import Question
from jevons.stores.report import condition, dimension_sql
from jevons.stores.rollup import MEASURES
from jevons.stores.schema import QUANTITY_COLUMNS
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.units import COMMON_UNITS

PROMPT: Final = tuple(
    place
    for place, unit in enumerate(COMMON_UNITS)
    if unit in ("input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h")
)
"""Positions of the units of a prompt among the common ones; the first is fresh input."""

_BASE: Final = COMMON_UNITS.index("input")


@dataclass(frozen=True, slots=True)
class Calls:
    """Sums over the calls of a period. prompt, uncached_equivalent: list cost of the prompts whose
    price is known, and at the base input price. attributed: cost of calls whose owner is known.
    visible_seconds: from every call to when it was recorded first. first, last: epoch
    microseconds, None without calls. workloads: task types."""

    calls: int
    errors: int
    cost: Decimal
    list_cost: Decimal | None
    attributed: Decimal
    uncached: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int
    prompt: Decimal
    uncached_equivalent: Decimal
    visible_seconds: Decimal
    first: int | None
    last: int | None
    workloads: int


def calls(books: Books, question: Question, owner: str) -> Calls | None:
    """The sums of a question's calls; None when there are none. owner: the dimension that says to
    whom a cost is attributed."""
    if not books.event_files():
        return None
    known = f"{dimension_sql(owner, question.time_zone)} IS NOT NULL"
    names = ("calls", "cache_read_input_tokens", "cache_write_input_tokens", "output_tokens",
             "reasoning_output_tokens", "input_tokens", "effective_cost", "list_cost",
             "list_known")  # fmt: skip
    sums = ", ".join(f"{MEASURES[name]} AS {name}" for name in names)
    with readable():
        rows = books.arrow(
            f"SELECT {sums}, sum(CASE WHEN status = 'error' THEN calls ELSE 0 END) AS errors, "
            f"sum(effective_cost) FILTER ({known}) AS attributed, "
            # A correction takes a row back and adds it again at one instant, which cancels out:
            # what is left is when the call was recorded first.
            "sum(calls * CAST(epoch_us(recorded_at) - epoch_us(time) AS HUGEINT)) AS waited, "
            "epoch_us(min(time)) AS first, "
            "epoch_us(max(time)) AS last, count(DISTINCT task_type) AS workloads "
            f"FROM {books.event_source()} WHERE {condition(question)}"
        ).to_pylist()[0]
        prompt, equivalent = _prompts(books, question)
    if not rows["calls"]:
        return None
    read, write = rows["cache_read_input_tokens"], rows["cache_write_input_tokens"]
    return Calls(
        calls=int(rows["calls"]),
        errors=int(rows["errors"]),
        cost=rows["effective_cost"] or Decimal(0),
        list_cost=rows["list_cost"] if rows["list_known"] else None,
        attributed=rows["attributed"] or Decimal(0),
        uncached=int(rows["input_tokens"] - read - write),
        cache_read=int(read),
        cache_write=int(write),
        output=int(rows["output_tokens"]),
        reasoning=int(rows["reasoning_output_tokens"]),
        prompt=prompt,
        uncached_equivalent=equivalent,
        visible_seconds=Decimal(int(rows["waited"])).scaleb(-6),
        first=rows["first"],
        last=rows["last"],
        workloads=int(rows["workloads"]),
    )


def _prompts(books: Books, question: Question) -> tuple[Decimal, Decimal]:
    """List cost of the prompts, as cached and all at the base input price, over rated calls."""
    columns = [QUANTITY_COLUMNS[place] for place in PROMPT]
    sums = ", ".join(f"sum({name}) AS {name}" for name in columns)
    rows = books.arrow(
        f"SELECT price_card, {sums} FROM {books.event_source()} WHERE {condition(question)} "
        "AND price_card IS NOT NULL GROUP BY price_card"
    ).to_pylist()
    cards = Cards(books)
    paid = equivalent = 0
    for row in rows:
        prices = cards.vector(row["price_card"], "list")
        counted = [int(row[name]) for name in columns]
        if prices[_BASE] or not sum(counted):
            paid += sum(n * prices[place] for n, place in zip(counted, PROMPT, strict=True))
            equivalent += sum(counted) * prices[_BASE]
    return from_femto(paid), from_femto(equivalent)
