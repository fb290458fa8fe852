"""From resolved events to rows of the books: split, match, rate, and lay out as columns.

Most events are plain: one model, complete usage, no stated cost. They are split and rated as whole
columns by the vectorised kernels. Everything else (several models in one response, interrupted
calls,
stated costs, errors) goes one by one through the scalar reference. Both give the same digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np

from jevons.ledger.charging import rate_call
from jevons.ledger.fields import Fields
from jevons.ledger.intake import LARGEST
from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.kernel import RatedMatrix, rate_many
from jevons.pricing.rate import PROVENANCE_OF, reason_of
from jevons.usage.matrix import SplitMatrix, split_many
from jevons.usage.served import Served
from jevons.usage.split import split
from jevons.vocabulary.charge import (
    PRICE_STATES,
    Impossible,
    Part,
    RateCard,
    Rated,
    Split,
    Unpriced,
)
from jevons.vocabulary.money import parse_amount, plain, to_femto
from jevons.vocabulary.observation import Completeness, Observation
from jevons.vocabulary.units import COMMON_UNITS, UNIT_NAMES, UNITS

MONEY: Final = ("list_cost", "contracted_cost", "billed_cost", "effective_cost")
SERVED: Final = ("host", "region", "service_tier", "speed", "response_model")
"""Labels that the provider's body knows better than the report around it."""
_COMMON: Final = [UNIT_NAMES.index(unit) for unit in COMMON_UNITS]
_RARE: Final = [i for i, unit in enumerate(UNIT_NAMES) if unit not in COMMON_UNITS]


def _rare_of(counter: str) -> list[int]:
    return [i for i in _RARE if counter in UNITS[UNIT_NAMES[i]].inclusive]


_INPUT: Final = [i for i, u in enumerate(UNIT_NAMES) if "input_tokens" in UNITS[u].inclusive]
_RARE_INPUT: Final = _rare_of("input_tokens")
_RARE_READ: Final = _rare_of("cache_read_input_tokens")
_RARE_OUTPUT: Final = _rare_of("output_tokens")


@dataclass(slots=True)
class Postings:
    """Rows for the event table, column-wise.

    columns: name -> sequence of one value per row (numpy int64 for quantities). money: name ->
    list of
    whole 1e-15 USD or None. event: row -> position of its event in the input. cards: what was used.
    impossible: position of an event -> why its usage cannot be true; such events have no row.
    """

    columns: dict[str, Any]
    money: dict[str, Any]
    known: np.ndarray
    event: np.ndarray
    cards: dict[str, RateCard] = field(default_factory=dict)
    impossible: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Extra:
    """A row rated by the scalar path: part `number` of the event at a position."""

    event: int
    number: int
    part: Part
    rated: Rated
    notes: str | None
    served: dict[str, str]


def price_context(
    observation: Observation, split_of: Split | None, model: str | None
) -> PriceContext:
    """The context that a part of an event is priced in: the served facts before the requested
    ones."""
    served = split_of
    return PriceContext(
        provider=observation.provider,
        host=observation.host or (served.host if served else None),
        region=(served.region if served and served.region else observation.region),
        service_tier=(
            served.service_tier if served and served.service_tier else observation.service_tier
        ),
        batch=observation.batch,
        speed=(served.speed if served and served.speed else observation.speed),
        model=model
        or (served.response_model if served else None)
        or observation.response_model
        or observation.request_model,
    )


def _odd(fields: Fields) -> set[int]:
    """Positions that need the scalar path: incomplete, stated, failed, or without usage."""
    whole = fields.where_shared("completeness", "complete") & fields.where_shared("error", None)
    whole &= fields.where_shared("status", None) | fields.where_shared("status", "ok")
    odd = set(np.flatnonzero(~whole).tolist())
    odd.update(i for i, cost in enumerate(fields.own("stated_cost")) if cost is not None)
    odd.update(i for i, usage in enumerate(fields.own("usage")) if usage is None)
    return odd


def post(events: Sequence[Observation], book: PriceBook, fields: Fields | None = None) -> Postings:
    """Split and rate resolved events. `time` of each must be epoch microseconds.

    fields: the events' fields as columns, if they are at hand.
    """
    fields = Fields(events) if fields is None else fields
    matrix = split_many(fields.column("provider"), fields.column("api"), fields.own("usage"))
    singles = sorted(matrix.special.keys() | _odd(fields))
    impossible: dict[int, str] = {}
    extras: list[_Extra] = []
    cards: dict[str, RateCard] = {}
    rated = _rate_plain(fields, matrix, book)
    slow = sorted(set(rated.slow.tolist()).difference(singles))
    for position in [*singles, *slow]:
        found = matrix.special.get(position)
        outcome = _rate_single(position, events[position], found, book, cards)
        if isinstance(outcome, Impossible):
            impossible[position] = outcome.reason
        else:
            extras += outcome
    plain = np.ones(len(events), dtype=bool)
    plain[[*singles, *slow]] = False
    cards.update({card.card_id: card for card in rated.cards if isinstance(card, RateCard)})
    postings = _lay_out(fields, matrix, rated, np.flatnonzero(plain), extras)
    postings.cards, postings.impossible = cards, impossible
    return postings


_CONTEXT: Final = ("provider", "host", "region", "service_tier", "batch", "speed")


def _rate_plain(fields: Fields, matrix: SplitMatrix, book: PriceBook) -> RatedMatrix:
    """Rate every row as if it were plain; what is priced alike shares a context."""
    profiles = np.asarray(fields.codes, dtype=np.int64)
    ways = len(matrix.servings)
    pairs, index = np.unique(profiles * ways + matrix.served, return_inverse=True)
    names = (*_CONTEXT, "response_model", "request_model")
    asked = list(zip(*map(fields.shared, names), strict=True))
    contexts: dict[tuple[Any, ...], int] = {}
    numbers = np.zeros(len(pairs), dtype=np.int32)
    for pair, (profile, served) in enumerate(divmod(pair, ways) for pair in pairs.tolist()):
        numbers[pair] = contexts.setdefault((*asked[profile], served), len(contexts))
    made = [_context(key[:-1], matrix.servings[key[-1]]) for key in contexts]
    times = np.array(fields.own("time"), dtype=np.int64)
    return rate_many(matrix.quantities, numbers[index], made, times, matrix.tier_input, book)


def _context(asked: tuple[Any, ...], served: Served) -> PriceContext:
    """The context of a plain row: what the body says comes first, but for the host."""
    *facts, response_model, request_model = asked
    values = dict(zip(_CONTEXT, facts, strict=True))
    for name, value in served._asdict().items():
        values[name] = values[name] if value is None or name == "host" else value
    values["host"] = values["host"] or served.host
    return PriceContext(**values, model=response_model or request_model)


def _rate_single(
    position: int,
    event: Observation,
    found: Split | Impossible | None,
    book: PriceBook,
    cards: dict[str, RateCard],
) -> list[_Extra] | Impossible:
    result = found
    if result is None:
        result = (
            split(event.provider, event.api, event.usage) if event.usage else Split((Part({}),))
        )
    if isinstance(result, Impossible):
        return result
    for part in result.parts:
        for unit, quantity in part.quantities.items():
            if quantity > LARGEST:
                return Impossible(f"{quantity} {unit} in one call cannot be true")
    stated, stated_by = _stated(event, result)
    hidden = result.uncounted_tokens > 0
    parts = []
    for part in result.parts:
        context = price_context(event, result, part.model)
        card = book.match(context, int(event.time), part.tier_input_tokens)
        parts.append((part, card))
        if isinstance(card, RateCard):
            cards[card.card_id] = card
    rated = rate_call(
        parts,
        completeness=_completeness(event, hidden=hidden),
        evidence=event.evidence,
        stated_cost=stated,
        stated_by=stated_by,
        status=event.status,
        error=event.error,
    )
    served = _served(event, result)
    if hidden and event.completeness == "complete":
        served["completeness"] = "partial"
    if stated is not None and (plain(stated), stated_by) != (event.stated_cost, event.stated_by):
        served |= {"stated_cost": plain(stated), "stated_by": stated_by or "provider"}
    return [
        _Extra(position, number, part, one, _notes(result, one) if number == 0 else None, served)
        for number, ((part, _), one) in enumerate(zip(parts, rated, strict=True))
    ]


def _completeness(event: Observation, *, hidden: bool) -> Completeness:
    """No usage is unknown, whatever the report says; tokens in no counter make it a lower bound."""
    if not event.usage:
        return "none"
    return "partial" if hidden else event.completeness


def _notes(result: Split, rated: Rated) -> str | None:
    """What the reader should know of a call: unknown counters, anomalies, what a cost contains."""
    why = (result.stated_why,) if result.stated_why else ()
    return "; ".join((*result.unknown_keys, *result.anomalies, *rated.notes, *why)) or None


def _served(event: Observation, result: Split) -> dict[str, str]:
    """What the body says of how the call was served, where that differs from the report around
    it."""
    named = {name: getattr(result, name) for name in SERVED}
    if event.host is not None:
        named["host"] = None
    return {name: value for name, value in named.items() if value and value != getattr(event, name)}


def _stated(event: Observation, result: Split) -> tuple[Decimal | None, str | None]:
    """The stated cost that counts: what the provider's body says, before what the source says."""
    if result.stated_cost is not None:
        return result.stated_cost, "provider"
    if event.stated_cost is not None:
        return parse_amount(event.stated_cost), event.stated_by
    return None, None


def _lay_out(
    fields: Fields,
    matrix: SplitMatrix,
    rated: RatedMatrix,
    kept: np.ndarray,
    extras: list[_Extra],
) -> Postings:
    """Rows in columns: the plain ones at the positions `kept`, then the single ones."""
    event = np.concatenate([kept, np.array([e.event for e in extras], dtype=np.int64)]).astype(
        np.int64
    )
    extra_matrix = np.zeros((len(extras), len(UNIT_NAMES)), dtype=np.int64)
    for row, extra in enumerate(extras):
        for unit, quantity in extra.part.quantities.items():
            extra_matrix[row, UNIT_NAMES.index(unit)] = quantity
    counted = np.concatenate([matrix.quantities[kept], extra_matrix])
    card_ids = np.array(
        [c.card_id if isinstance(c, RateCard) else None for c in rated.cards] or [None],
        dtype=object,
    )
    reasons = np.array(
        [c.reason if isinstance(c, Unpriced) else None for c in rated.cards] or [None], dtype=object
    )
    card_index = np.asarray(rated.card)[kept]
    states = np.array(PRICE_STATES, dtype=object)[np.asarray(rated.state)[kept]]
    unknown = states == "unknown"
    proven = [PROVENANCE_OF[evidence] for evidence in fields.shared("evidence")]
    columns: dict[str, Any] = {
        "part": np.concatenate([np.zeros(len(kept)), [e.number for e in extras]]).astype(np.int32),
        "counted": counted,
        "model": [None] * len(kept) + [e.part.model for e in extras],
        "tier_input_tokens": [*_tiers(matrix, kept), *(e.part.tier_input_tokens for e in extras)],
        "price_state": [*states, *(e.rated.price_state for e in extras)],
        "provenance": [
            *(proven[code] for code in fields.codes[kept].tolist()),
            *(e.rated.provenance for e in extras),
        ],
        "price_card": [*card_ids[card_index], *(e.rated.card_id for e in extras)],
        "reason": [
            *_reasons(reasons[card_index], rated, kept),
            *(e.rated.reason if e.rated.price_state != "exact" else None for e in extras),
        ],
        "notes": [None] * len(kept) + [e.notes for e in extras],
        "served": {len(kept) + row: e.served for row, e in enumerate(extras) if e.served},
        "serving": np.concatenate([matrix.served[kept], np.zeros(len(extras), dtype=np.int32)]),
        "servings": matrix.servings,
    }
    money = {}
    known = np.concatenate([~unknown, [e.rated.effective_cost is not None for e in extras]]).astype(
        bool
    )
    for name in MONEY:
        vector = np.asarray(getattr(rated, name))[kept]
        scalar = [_femto(getattr(e.rated, name)) for e in extras]
        money[name] = (vector, unknown, scalar)
    return Postings(columns, money, known, event)


def _tiers(matrix: SplitMatrix, kept: np.ndarray) -> list[int | None]:
    """The tokens that decide the context tier, where they are not simply all that went in."""
    inputs = matrix.quantities[kept][:, _INPUT].sum(axis=1)
    tiers = matrix.tier_input[kept]
    found: list[int | None] = [None] * len(kept)
    for row in np.flatnonzero(tiers != inputs).tolist():
        found[row] = int(tiers[row])
    return found


def _reasons(unpriced: np.ndarray, rated: RatedMatrix, kept: np.ndarray) -> list[Any]:
    reasons = list(unpriced)
    for state in ("included", "free"):
        for row in np.flatnonzero(rated.state[kept] == PRICE_STATES.index(state)).tolist():
            card = rated.cards[int(rated.card[kept[row]])]
            if isinstance(card, RateCard):
                reasons[row] = reason_of(state, (), card)
    if rated.reasons:
        for row, position in enumerate(kept.tolist()):
            if position in rated.reasons:
                reasons[row] = rated.reasons[position]
    return reasons


def _femto(amount: Decimal | None) -> int | None:
    return None if amount is None else to_femto(amount)


def rare_totals(counted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inclusive input, cache-read and output tokens of the units without a column of their own."""
    return (
        counted[:, _RARE_INPUT].sum(axis=1),
        counted[:, _RARE_READ].sum(axis=1),
        counted[:, _RARE_OUTPUT].sum(axis=1),
    )


def common_columns(counted: np.ndarray) -> np.ndarray:
    """The quantities that have a column of their own, in COMMON_UNITS order."""
    return counted[:, _COMMON]


def rare_quantities(counted: np.ndarray) -> list[str | None]:
    """The other quantities of each row as a JSON object, None for a row without any."""
    rare = counted[:, _RARE]
    found: list[str | None] = [None] * len(counted)
    for row in np.flatnonzero(rare.any(axis=1)):
        named = {
            UNIT_NAMES[unit]: int(rare[row, i]) for i, unit in enumerate(_RARE) if rare[row, i]
        }
        found[int(row)] = msgspec.json.encode(named).decode()
    return found
