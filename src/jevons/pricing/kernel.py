"""The vectorised rater: many events at once, equal to the scalar rater to the last digit.

Money is whole femto-dollars (1e-15 USD) in int64. A row whose cost could leave that range, above
about 4,600 USD for one call, is not computed here but named in `slow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.quote import Quote
from jevons.pricing.rate import REQUESTS, reason_of
from jevons.pricing.schedule import DAY_MINUTES, Window, fixed_offset, offset_minutes
from jevons.vocabulary.charge import PRICE_STATES, RateCard, Unpriced
from jevons.vocabulary.money import to_femto
from jevons.vocabulary.units import UNIT_NAMES, Unit

Ints: TypeAlias = NDArray[np.int64]

_CHUNK: Final = 1 << 15
"""Rows that are worked on together, so that their columns stay in the processor's cache."""
_LIMIT: Final = 1 << 62
"""Costs are kept below this: half of int64, so that an estimate decides safely."""
_STATE: Final = {state: position for position, state in enumerate(PRICE_STATES)}
_UNITS: Final = {unit: position for position, unit in enumerate(UNIT_NAMES)}
_MINUTE_US: Final = 60_000_000


@dataclass(slots=True)
class RatedMatrix:
    """One row per event. Costs are femto-dollars; where `state` is unknown they are 0 and mean
    nothing.

    state: index into PRICE_STATES. card: index into `cards`. slow: rows to be rated one by one,
    whose other columns mean nothing. reasons: row -> why, for rows whose price lacks a unit.
    """

    list_cost: Ints
    contracted_cost: Ints
    billed_cost: Ints
    effective_cost: Ints
    state: NDArray[np.uint8]
    card: NDArray[np.int32]
    cards: list[RateCard | Unpriced]
    slow: Ints
    reasons: dict[int, str] = field(default_factory=dict)


def rate_many(
    quantities: Ints,
    context_index: NDArray[np.int32],
    contexts: Sequence[PriceContext],
    time_us: Ints,
    tier_input: Ints,
    book: PriceBook,
) -> RatedMatrix:
    """Rate complete events of one part each, without stated costs.

    quantities: (n, units) in UNIT_NAMES order. context_index: (n,) positions in `contexts`.
    time_us: (n,) microseconds. tier_input: (n,) tokens that decide the context-length tier.
    """
    card, cards = _match(context_index, contexts, time_us, tier_input, book)
    table = _Table(cards)
    rows = len(card)
    result = RatedMatrix(
        list_cost=np.zeros(rows, np.int64),
        contracted_cost=np.zeros(rows, np.int64),
        billed_cost=np.zeros(rows, np.int64),
        effective_cost=np.zeros(rows, np.int64),
        state=np.full(rows, _STATE["unknown"], np.uint8),
        card=card,
        cards=cards,
        slow=np.zeros(0, np.int64),
    )
    slow = []
    for start in range(0, rows, _CHUNK):
        part = slice(start, start + _CHUNK)
        slow.append(start + _rate_chunk(np.asarray(quantities[part]), part, table, result))
    if slow:
        result.slow = np.concatenate(slow)
    return result


class _Table:
    """The cards as columns: prices by unit, what is known, fees, minimums.

    uneven: a contract prices a unit that the list does not, so that the list cost may be unknown.
    """

    def __init__(self, cards: Sequence[RateCard | Unpriced]) -> None:
        shape = (len(UNIT_NAMES), max(len(cards), 1))
        self.cards = cards
        self.listed = np.zeros(shape, np.int64)
        self.contracted = np.zeros(shape, np.int64)
        self.known = np.zeros(shape, bool)
        self.minimum = np.zeros(shape, np.int64)
        self.priced = np.zeros(shape[1], bool)
        self.included = np.zeros(shape[1], bool)
        self.uneven = np.zeros(shape[1], bool)
        for column, card in enumerate(cards):
            if isinstance(card, RateCard):
                self._fill(column, card)
        self.all_known: NDArray[np.bool_] = np.asarray(self.known[:, self.priced].all(axis=1))
        self.any_minimum: NDArray[np.bool_] = np.asarray(self.minimum.any(axis=1))
        self.fee: NDArray[np.bool_] = np.asarray(self.contracted[_UNITS[REQUESTS]] > 0)

    def _fill(self, column: int, card: RateCard) -> None:
        self.priced[column] = True
        self.included[column] = card.included
        self.uneven[column] = card.list_unit_price.keys() != card.contracted_unit_price.keys()
        for unit, price in card.list_unit_price.items():
            self.listed[_UNITS[unit], column] = to_femto(price)
        for unit, price in card.contracted_unit_price.items():
            self.contracted[_UNITS[unit], column] = to_femto(price)
            self.known[_UNITS[unit], column] = True
        for unit, least in card.minimum.items():
            self.minimum[_UNITS[unit], column] = least


def _rate_chunk(quantities: Ints, part: slice, table: _Table, result: RatedMatrix) -> Ints:
    """Fill the rows of one slice; returns the positions within it that go the scalar way."""
    card = result.card[part]
    listed, contracted = result.list_cost[part], result.contracted_cost[part]
    used = np.zeros(len(card), np.int64)
    missing = np.zeros(len(card), np.int64)
    bound = 0
    columns = _charged(quantities, card, table)
    for unit, amounts in columns:
        dearest = max(int(table.listed[unit].max()), int(table.contracted[unit].max()))
        bound += int(amounts.max(initial=0)) * dearest
        present = amounts != 0
        used += present
        if not table.all_known[unit]:
            missing += present & ~table.known[unit][card]
    slow = table.uneven[card] | (table.included[card] & (missing > 0))
    if bound >= _LIMIT:
        slow |= _large(columns, card, table)
    with np.errstate(over="ignore"):
        for unit, amounts in columns:
            listed += amounts * table.listed[unit][card]
            contracted += amounts * table.contracted[unit][card]
    _settle(part, table, used, missing, result)
    _explain(quantities, part, np.flatnonzero((missing > 0) & table.priced[card] & ~slow), result)
    return np.flatnonzero(slow)


def _explain(quantities: Ints, part: slice, rows: Ints, result: RatedMatrix) -> None:
    """Name the units without a price, for the rows that have some."""
    said: dict[tuple[int, tuple[Unit, ...]], str] = {}
    for row in rows:
        position = int(part.start + row)
        card = result.cards[result.card[position]]
        if isinstance(card, RateCard):
            units = tuple(
                unit
                for unit, quantity in zip(UNIT_NAMES, quantities[row], strict=True)
                if quantity and unit not in card.contracted_unit_price
            )
            key = (int(result.card[position]), units)
            if key not in said:
                said[key] = reason_of(PRICE_STATES[result.state[position]], units, card)
            result.reasons[position] = said[key]


def _charged(quantities: Ints, card: NDArray[np.int32], table: _Table) -> list[tuple[int, Ints]]:
    """The columns with anything to charge: quantities at their minimum, and fees per request."""
    columns = {}
    for unit in np.flatnonzero(quantities.any(axis=0)):
        amounts = np.ascontiguousarray(quantities[:, unit])
        if table.any_minimum[unit]:
            amounts = np.where(amounts > 0, np.maximum(amounts, table.minimum[unit][card]), amounts)
        columns[int(unit)] = amounts
    if table.fee.any():
        requests = _UNITS[REQUESTS]
        counted = columns.get(requests, np.zeros(len(card), np.int64))
        anything = quantities.any(axis=1) & table.fee[card] & (counted == 0)
        columns[requests] = counted + anything
    return list(columns.items())


def _large(
    columns: Sequence[tuple[int, Ints]], card: NDArray[np.int32], table: _Table
) -> NDArray[np.bool_]:
    """Rows whose cost may not fit, by an estimate that is never too small by as much as a half."""
    estimate: Any = 0
    for unit, amounts in columns:
        price = np.maximum(table.listed[unit], table.contracted[unit])[card]
        estimate = estimate + amounts.astype(np.float64) * price  # exact: decides the path only
    return np.asarray(estimate >= _LIMIT)


def _settle(part: slice, table: _Table, used: Ints, missing: Ints, result: RatedMatrix) -> None:
    """Price states, and billed and effective cost, of one slice."""
    card, contracted = result.card[part], result.contracted_cost[part]
    priced, included = table.priced[card], table.included[card]
    state = np.where((contracted == 0) & (used > 0), _STATE["free"], _STATE["exact"])
    state[missing > 0] = _STATE["lower_bound"]
    state[(missing > 0) & (missing == used)] = _STATE["unknown"]
    state[included] = _STATE["included"]
    state[~priced] = _STATE["unknown"]
    result.state[part] = state
    billed = np.where(included, 0, contracted)
    result.billed_cost[part] = billed
    result.effective_cost[part] = billed


def _match(
    context_index: NDArray[np.int32],
    contexts: Sequence[PriceContext],
    time_us: Ints,
    tier_input: Ints,
    book: PriceBook,
) -> tuple[NDArray[np.int32], list[RateCard | Unpriced]]:
    """The card of every row, and the distinct cards."""
    cards = _Cards()
    fixed = np.zeros(max(len(contexts), 1), np.int32)
    changing: dict[int, Quote] = {}
    for position, context in enumerate(contexts):
        quote = book.quote(context)
        if isinstance(quote, Unpriced):
            fixed[position] = cards.add(quote)
        elif quote.times or quote.windows or quote.thresholds:
            changing[position] = quote
        else:
            fixed[position] = cards.add(quote.at(0, 0))
    card = fixed[context_index]
    for position, rows in _rows_of(context_index, changing.keys()):
        quote = changing[position]
        cell, first = _cells(quote, time_us[rows], tier_input[rows])
        found = [
            cards.add(quote.at(int(time_us[rows[i]]), int(tier_input[rows[i]]))) for i in first
        ]
        card[rows] = np.array(found, np.int32)[cell]
    return card, cards.listed


class _Cards:
    """Distinct cards in the order of their first use."""

    def __init__(self) -> None:
        self.listed: list[RateCard | Unpriced] = []
        self._positions: dict[str, int] = {}

    def add(self, card: RateCard | Unpriced) -> int:
        key = card.card_id if isinstance(card, RateCard) else f"unpriced: {card.reason}"
        if key not in self._positions:
            self._positions[key] = len(self.listed)
            self.listed.append(card)
        return self._positions[key]


def _rows_of(context_index: NDArray[np.int32], wanted: Any) -> Any:
    """(position, its rows) for the wanted contexts that occur."""
    if not wanted:
        return
    # Sixteen bits are sorted by radix, several times faster.
    few = context_index.max(initial=0) < 1 << 16
    order = np.argsort(context_index.astype(np.uint16) if few else context_index, kind="stable")
    ordered = context_index[order]
    for position in sorted(wanted):
        start, stop = np.searchsorted(ordered, [position, position + 1])
        if start < stop:
            yield position, order[start:stop]


def _cells(quote: Quote, times: Ints, tiers: Ints) -> tuple[Ints, Ints]:
    """A small number per row for the period, windows and band it is in, and one row of each."""
    code = np.searchsorted(np.array(quote.times, np.int64), times, side="right")
    for window in quote.windows:
        code = code * 2 + _holds(window, times)
    if quote.thresholds:
        bands = np.searchsorted(np.array(quote.thresholds, np.int64), tiers, side="left")
        code = code * (len(quote.thresholds) + 1) + bands
    _, first, cell = np.unique(code, return_index=True, return_inverse=True)
    return cell, first


def _holds(window: Window, times: Ints) -> NDArray[np.bool_]:
    """`Window.holds` for many instants."""
    minute = times // _MINUTE_US
    fixed = fixed_offset(window.zone)
    if fixed is None:
        quarters, inverse = np.unique(minute // 15, return_inverse=True)
        offsets = [offset_minutes(window.zone, int(quarter) * 15) for quarter in quarters]
        minute = minute + np.array(offsets, np.int64)[inverse]
    else:
        minute = minute + fixed
    day, of_day = np.divmod(minute, DAY_MINUTES)
    listed = np.zeros(8, bool)
    listed[list(window.days)] = True
    today, before = listed[(day + 3) % 7 + 1], listed[(day + 2) % 7 + 1]
    if window.start <= window.end:
        return np.asarray(today & (window.start <= of_day) & (of_day < window.end))
    return np.asarray((today & (of_day >= window.start)) | (before & (of_day < window.end)))
