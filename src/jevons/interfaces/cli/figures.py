"""Numbers as people read them: money, tokens, bytes, times. Rounding happens here and nowhere else.

Money keeps cents, and below a dollar three significant digits, below a cent two, so that a small
cost never becomes $0.00: that is kept for a cost that is known to be nothing. No figure has an
exponent.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from jevons.interfaces.cli.terminal import UNICODE, Glyphs

_CONTEXT: Final = Context(prec=60)
_CENT: Final = Decimal("0.01")
_MILLION: Final = Decimal(1_000_000)
EXACT_BELOW: Final = 100_000
"""Counts below this are written out, larger ones as 123 k, 4.56 M."""


def money(
    amount: Decimal | None, *, mark: str = "", exact: bool = False, glyphs: Glyphs = UNICODE
) -> str:
    """An amount of USD; unknown is a sign of its own. mark: what stands before it (`~` estimated,
    `≥` at least; the latter is rounded down, so that it stays true). exact: every digit."""
    if amount is None:
        return glyphs.unknown
    rounding = ROUND_FLOOR if mark == glyphs.at_least else ROUND_HALF_EVEN
    size = abs(amount) if exact else _rounded(abs(amount), rounding)
    sign = glyphs.minus if amount < 0 and size else ""
    return f"{mark}{sign}${_digits(size)}"


def _rounded(size: Decimal, rounding: str) -> Decimal:
    places = 2
    if 0 < size < 1:
        significant = 3 if size >= _CENT else 2
        places = max(2, significant - 1 - size.adjusted())
    quantum = Decimal(1).scaleb(-places)
    return size.quantize(quantum, rounding=rounding, context=_CONTEXT)


def _digits(size: Decimal) -> str:
    """Plain digits with thousands separators, at least two decimals, no further trailing zeros."""
    whole, _, decimals = format(size, ",f").partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def per_million(cost: Decimal | None, tokens: int, *, places: int | None = None) -> Decimal | None:
    """The cost of a million tokens in USD; None when unknown or without tokens. places: decimals to
    which it is rounded, half to even."""
    if cost is None or tokens <= 0:
        return None
    rate = _CONTEXT.divide(_CONTEXT.multiply(cost, _MILLION), Decimal(tokens))
    if places is None:
        return rate
    quantum = Decimal(1).scaleb(-places)
    return rate.quantize(quantum, rounding=ROUND_HALF_EVEN, context=_CONTEXT)


def count(number: int, *, exact: bool = True) -> str:
    """A whole number with thousands separators, or rounded to three digits with a suffix (1.23
    M)."""
    if exact or abs(number) < EXACT_BELOW:
        return f"{number:,}"
    return _short(number, ("", "k", "M", "B", "T"))


def size(number: int) -> str:
    """A number of bytes: 0 B, 12.3 kB, 1.23 GB (decimal prefixes)."""
    return f"{number} B" if number < 1000 else _short(number, ("B", "kB", "MB", "GB", "TB"))


def _short(number: int, suffixes: tuple[str, ...]) -> str:
    value = Decimal(number)
    for suffix in suffixes:
        places = max(0, 2 - max(0, value.adjusted()))
        shown = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        if abs(shown) < 1000 or suffix == suffixes[-1]:
            return f"{shown:,f} {suffix}".rstrip()
        value = value.scaleb(-3, context=_CONTEXT)
    raise AssertionError("the last suffix takes every number")


def duration(seconds: float) -> str:
    """A length of time: 0.42 s, 12.3 s, 3:05 min, 1:02:03 h."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def plural(number: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 call`, `3 calls`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
