"""What the values of a boundary file may be: how large, how fine, of which days and dimensions.

What lies beyond is a slip of the pen, and would make sums that no table holds. Every reader raises
ValueError with what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from jevons.vocabulary.money import MONEY_SCALE, parse_amount
from jevons.vocabulary.observation import DIMENSIONS, LABELS

LARGEST_AMOUNT: Final = 10**12
"""USD that a price, a rate, or an element per term may be."""

LARGEST_NUMBER: Final = 10**9
"""Quantities, minutes, kWh, kW, tokens per second."""

LARGEST_ALLOWANCE: Final = 10**15
"""What a plan may include per term: USD, tokens or calls."""

LARGEST_LIFE: Final = 1200
"""Months over which a purchase is written off."""

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2100, 1, 1)
"""Days of a boundary file lie from the first to the last, both included."""

OF_CALLS: Final = (
    "model", *LABELS, *DIMENSIONS, "source", "price_state", "provenance", "evidence", "batch",
)  # fmt: skip
"""Dimensions of a report that are no times, but for `tag.NAME`."""

DERIVED: Final = ("purpose", "fate")
"""Dimensions that are assigned from the calls and outcomes of the whole ledger."""

TIMES: Final = ("hour", "day", "week", "month", "year")
"""Calendar dimensions of a report."""


def number(
    most: int = LARGEST_NUMBER, least: int = 0, *, positive: bool = False
) -> Callable[[Any], Decimal]:
    """A reader of numbers from `least` to `most`, both included, with at most 15 decimals.

    positive: more than zero.
    """

    def parse(value: Any) -> Decimal:
        found = parse_amount(value)
        exponent = int(found.as_tuple().exponent)
        if least >= 0 > found:
            raise ValueError(f"is negative: {value}")
        if not least <= found <= most:
            raise ValueError(f"is not between {least} and {most}")
        if not -MONEY_SCALE <= exponent <= MONEY_SCALE:
            raise ValueError(f"has more than {MONEY_SCALE} decimals, or as large an exponent")
        if positive and not found:
            raise ValueError("is not more than 0")
        return found

    return parse


amount: Final = number(LARGEST_AMOUNT, -LARGEST_AMOUNT)
"""Reader of a price in USD; below zero it is a refund."""

_life: Final = number(LARGEST_LIFE, 1)


def months(value: Any) -> int:
    """A whole number of months from 1 to `LARGEST_LIFE`."""
    found = _life(value)
    if found != int(found):
        raise ValueError(f"not a whole number of months: {value}")
    return int(found)


def day(value: Any) -> date:
    """A day from `FIRST_DAY` to `LAST_DAY`, as TOML has it or as ISO text."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"not a day: {value!r}; write 2026-09-01 (year-month-day)") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"not a day: {value}; write 2026-09-01 (year-month-day)")
    if not FIRST_DAY <= value <= LAST_DAY:
        raise ValueError(f"{value} is not between {FIRST_DAY} and {LAST_DAY}")
    return value


def choosing(names: Iterable[str]) -> None:
    """Check the dimensions by which an element chooses its calls."""
    for name in names:
        if name in DERIVED:
            raise ValueError(
                f"{name} is derived from what the ledger has, and a plan or a machine cannot "
                "depend on derived assignments"
            )
        if name in TIMES:
            raise ValueError(f"{name} is a time: say the days by valid_from and valid_to")
        _known(name)


def sharing(names: Iterable[str]) -> None:
    """Check the dimensions in which shares are fixed."""
    for name in names:
        if name not in DERIVED:
            _known(name)


def _known(name: str) -> None:
    if name not in OF_CALLS and not (name.startswith("tag.") and name != "tag."):
        of = ", ".join(one for one in OF_CALLS if one not in DERIVED)
        raise ValueError(f"{name!r} is no dimension of a report: {of}, tag.NAME")
