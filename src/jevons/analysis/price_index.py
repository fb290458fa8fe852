"""Price indices from one's own bill: chained Fisher, over items that both periods have.

An item's price is its cost over its quantity (a unit value). Laspeyres weighs with the quantities
of before, Paasche with those of after; Fisher (1922) is the geometric mean of both, which treats
the two periods alike. Chaining multiplies the links from period to period, so that items may come
and go (ILO et al., Consumer Price Index Manual 2020, ch. 2 and 8).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import pairwise
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)

Items = Mapping[K, tuple[int, int]]
"""Item -> (cost in 1e-15 USD, quantity)."""

BASE: Final = Decimal(100)
PLACES: Final = Decimal("0.0001")
_CONTEXT: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a chain. ratio: Fisher, None when no item with a cost is in both periods.
    matched: the share of the later period's cost that the common items make up."""

    ratio: Decimal | None
    matched: Decimal | None


def fisher(before: Items[K], after: Items[K]) -> Link:
    """The link from one period to the next: sqrt(Laspeyres x Paasche) over common items."""
    common = sorted((k for k in before.keys() & after.keys() if before[k][1] and after[k][1]),
                    key=str)  # fmt: skip
    with localcontext(_CONTEXT):
        paid = sum(cost for cost, _ in after.values())
        held = sum(after[k][0] for k in common)
        matched = Decimal(held) / paid if paid else None
        old = sum((Decimal(before[k][0]) for k in common), Decimal(0))
        new = sum((Decimal(after[k][0]) for k in common), Decimal(0))
        # Laspeyres: old quantities at new prices; Paasche: new quantities at old prices.
        dearer = sum(
            (Decimal(after[k][0]) * before[k][1] / after[k][1] for k in common), Decimal(0)
        )
        older = sum(
            (Decimal(before[k][0]) * after[k][1] / before[k][1] for k in common), Decimal(0)
        )
        if min(old, new, dearer, older) <= 0:
            return Link(None, matched)
        return Link((dearer / old * (new / older)).sqrt(), matched)


def chained(periods: Sequence[Items[K]]) -> tuple[list[Decimal | None], list[Link]]:
    """The index of every period, the first one 100, and the links between them.

    After a link without common items nothing is known any more.
    """
    links = [fisher(a, b) for a, b in pairwise(periods)]
    values: list[Decimal | None] = [BASE] if periods else []
    with localcontext(_CONTEXT):
        for link in links:
            last = values[-1]
            values.append(None if last is None or link.ratio is None else last * link.ratio)
    return [rounded(value) for value in values], links


def relative(values: Sequence[Decimal | None]) -> list[Decimal | None]:
    """Any figures as an index, the first one 100; None where it or the first is not known."""
    first = values[0] if values else None
    with localcontext(_CONTEXT):
        return [
            None if value is None or not first else rounded(value / first * BASE)
            for value in values
        ]


def rounded(value: Decimal | None) -> Decimal | None:
    """An index number with four decimals."""
    return None if value is None else value.quantize(PLACES, context=_CONTEXT)
