"""Money: US dollars as exact decimals, never binary floats.

Unit prices are whole multiples of 1e-15 USD (`MONEY_SCALE`); a cost is unit price x whole quantity,
so every cost and every sum of costs is exact at the same scale. 1e-15 holds every published price
(USD per million tokens with six decimals = 1e-12 USD per token) with three digits to spare for
multipliers and discounts. A longer price is rounded once, half to even, when its entry is read;
nothing is rounded afterwards except for display.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final

MONEY_SCALE: Final = 15
"""Decimal places of a stored amount in USD."""

COSTS: Final = ("list_cost", "contracted_cost", "billed_cost", "effective_cost")
"""FOCUS's four costs, as every row of the books and of a report has them."""

_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_QUANTUM: Final = Decimal(1).scaleb(-MONEY_SCALE)


def unit_price(amount: Decimal) -> Decimal:
    """Round a USD price per unit to the money scale, half to even; the only rounding of money."""
    return amount.quantize(_QUANTUM, context=_CONTEXT)


def to_femto(amount: Decimal) -> int:
    """A USD amount as a whole number of 1e-15 USD. Raises ValueError if it is not one."""
    scaled = amount.scaleb(MONEY_SCALE, context=_CONTEXT)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{amount} USD has more than {MONEY_SCALE} decimal places")
    return whole


def from_femto(femto: int) -> Decimal:
    """A whole number of 1e-15 USD as a USD amount with the money scale's exponent."""
    return Decimal(femto).scaleb(-MONEY_SCALE, context=_CONTEXT)


def parse_amount(text: object) -> Decimal:
    """Read an amount in USD from JSON: a decimal string, an int, or a float by its shortest repr.

    A float's shortest repr is what its producer printed, so 0.1 is read as 0.1. Raises ValueError
    for anything that is not a finite number.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float, Decimal)):
        raise ValueError(f"not an amount: {text!r}")
    try:
        amount = text if isinstance(text, Decimal) else Decimal(str(text).strip())
    except ArithmeticError:
        raise ValueError(f"not an amount: {text!r}") from None
    if not amount.is_finite():
        raise ValueError(f"not a finite amount: {text!r}")
    return amount


def plain(amount: Decimal) -> str:
    """An amount as plain decimal text, no exponent or trailing zeros: `0.00005`, never `5E-5`."""
    with localcontext(_CONTEXT):
        text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
