"""What calls cost, by kind of quantity: the rows that every question about total cost starts from.

The ledger stores quantities, the costs of a call and the price card it was rated with. Costs are
linear in quantities, so the sums over all calls with one card give the exact cost of every kind:
summed quantity x unit price. What a card's prices do not make up is named, never spread: what a
provider stated beyond our price is `adjustment`, a fee per request is `tool`, a cost that no card
explains is `unsplit`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from jevons.vocabulary.charge import RateCard
from jevons.vocabulary.money import to_femto
from jevons.vocabulary.units import UNITS, Quantities, Unit

KINDS: Final = (
    "fresh_input", "cache_read", "cache_write", "visible_output", "reasoning", "tool",
    "other_usage", "adjustment", "unsplit",
)  # fmt: skip
"""Kinds of quantity of a call, in report order. The first five count tokens; `tool` counts fees
(searches, fetches, code runs, requests), `other_usage` what is neither (pages, images, seconds)."""

TOKEN_KINDS: Final = KINDS[:5]
"""The kinds that count tokens."""

COSTS: Final = ("list_cost", "contracted_cost", "billed_cost", "effective_cost")
"""FOCUS's four costs, in the order of `Costs`."""

Costs = tuple[int | None, int | None, int | None, int | None]
"""List, contracted, billed and effective cost in whole 1e-15 USD; None is not known."""

_FEES: Final = {
    "requests", "web_searches", "web_fetches", "file_searches", "code_executions", "maps_queries",
    "rerank_searches",
}  # fmt: skip
_UNKNOWN: Final[Costs] = (None, None, None, None)


def kind_of(unit: Unit) -> str:
    """The kind of a leaf unit; audio, image and video tokens belong to their side of the call."""
    definition = UNITS[unit]
    if unit == "adjustment":
        return "adjustment"
    if definition.measure != "tokens":
        return "tool" if unit in _FEES else "other_usage"
    if definition.direction == "output":
        return "reasoning" if unit == "reasoning" else "visible_output"
    if "cache_read_input_tokens" in definition.inclusive:
        return "cache_read"
    return "cache_write" if "cache_write_input_tokens" in definition.inclusive else "fresh_input"


@cache
def kind_named(name: str) -> str:
    """The kind of a part by its name, which is a kind or a leaf unit."""
    return kind_of(Unit(name)) if name in UNITS else name


@dataclass(frozen=True, slots=True)
class Part:
    """One kind's share of a row, or one leaf unit's when asked by unit. quantity: in its own
    measure. Costs in whole 1e-15 USD, None when not known (or, beside an `unsplit` part, not
    split)."""

    kind: str
    quantity: int
    list_cost: int | None
    contracted_cost: int | None
    billed_cost: int | None
    effective_cost: int | None


@dataclass(frozen=True, slots=True)
class Spend:
    """One row: the values of the dimensions asked for, what their calls used and what it cost.

    The parts' costs sum to the row's, each of the four exactly. Costs in whole 1e-15 USD, None when
    no call of the row has that cost. unknown_calls: calls without any price, whose quantities are
    in the parts and whose cost is in no sum. lower_bound_calls: calls that cost at least what is
    shown. provenance: the weakest of the row.
    """

    dimensions: tuple[str | None, ...]
    calls: int
    unknown_calls: int
    lower_bound_calls: int
    parts: tuple[Part, ...]
    list_cost: int | None
    contracted_cost: int | None
    billed_cost: int | None
    effective_cost: int | None
    provenance: str | None


@dataclass(frozen=True, slots=True)
class Pool:
    """Calls that were rated alike: one card (None: no price), stated by the provider or not.

    costs: their sums; None when not one of them is known. A pool never mixes calls whose cost is
    known with calls whose cost is not.
    """

    calls: int
    unknown_calls: int
    lower_bound_calls: int
    card: RateCard | None
    stated: bool
    quantities: Quantities
    costs: Costs


def spend(
    dimensions: tuple[str | None, ...],
    pools: Iterable[Pool],
    provenance: str | None,
    *,
    by_unit: bool = False,
) -> Spend:
    """The pools of one row put together. by_unit: one part per leaf unit, named by it, so that
    every part has one price; what is left over keeps its kind."""
    sums: dict[str, tuple[int, Costs]] = {}
    calls = unknown = at_least = 0
    total: Costs = _UNKNOWN
    for pool in pools:
        calls += pool.calls
        unknown += pool.unknown_calls
        at_least += pool.lower_bound_calls
        total = _plus(total, pool.costs)
        for kind, quantity, costs in _parts(pool, by_unit=by_unit):
            held, cost = sums.get(kind, (0, _UNKNOWN))
            sums[kind] = (held + quantity, _plus(cost, costs))
    order = dict.fromkeys((*KINDS, *UNITS)) if by_unit else KINDS
    parts = tuple(Part(kind, *_flat(sums[kind])) for kind in order if kind in sums)
    return Spend(dimensions, calls, unknown, at_least, parts, *total, provenance)


def _flat(
    entry: tuple[int, Costs],
) -> tuple[int, int | None, int | None, int | None, int | None]:
    return (entry[0], *entry[1])


def _plus(one: Costs, other: Costs) -> Costs:
    first, second, third, fourth = (
        b if a is None else a if b is None else a + b for a, b in zip(one, other, strict=True)
    )
    return first, second, third, fourth


def _parts(pool: Pool, *, by_unit: bool) -> list[tuple[str, int, Costs]]:
    """Kind, quantity and costs of every unit of a pool, and what its prices leave over."""
    known = pool.costs[3] is not None
    card = pool.card if known else None
    found: list[tuple[str, int, Costs]] = []
    left: Costs = pool.costs
    for unit, quantity in pool.quantities.items():
        if quantity:
            costs = _UNKNOWN if card is None else _unit_costs(unit, quantity, card, pool.costs)
            found.append((unit if by_unit else kind_of(unit), quantity, costs))
            left = _minus(left, costs)
    if known and any(left):
        over = "unsplit" if card is None else "adjustment" if pool.stated else "tool"
        found.append((over, pool.calls if over == "adjustment" else 0, left))
    return found


def _unit_costs(unit: Unit, quantity: int, card: RateCard, whole: Costs) -> Costs:
    """The four costs of a quantity; a cost that the whole does not have, its parts have not."""
    listed = _times(card.list_unit_price.get(unit), quantity)
    contracted = _times(card.contracted_unit_price.get(unit), quantity)
    paid = 0 if card.included else contracted
    first, second, third, fourth = (
        None if of is None else cost
        for cost, of in zip((listed, contracted, paid, paid), whole, strict=True)
    )
    return first, second, third, fourth


def _times(price: Decimal | None, quantity: int) -> int | None:
    return None if price is None else to_femto(price) * quantity


def _minus(whole: Costs, part: Costs) -> Costs:
    first, second, third, fourth = (
        None if a is None else a - (b or 0) for a, b in zip(whole, part, strict=True)
    )
    return first, second, third, fourth
