"""Allocation: an amount over several receivers by a driver, exactly.

Method: largest remainder (Hamilton). Every receiver gets the whole part of amount x weight / sum of
weights; the units that are left go, one each, to the receivers with the largest remainders, the
earlier one first where remainders are equal. Parts always sum to the amount. What has no receiver
stays unallocated; it is never put on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split a whole amount (1e-15 USD) in proportion to whole weights; parts sum to it exactly.

    A negative amount is split like its opposite. Raises ValueError when a weight is negative or
    their sum is zero.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must not be negative, and not all zero")
    size = abs(amount)
    parts, rests = [], []
    for weight in weights:
        whole, rest = divmod(size * weight, total)
        parts.append(whole)
        rests.append(rest)
    left = size - sum(parts)
    for place in sorted(range(len(rests)), key=lambda place: (-rests[place], place))[:left]:
        parts[place] += 1
    return parts if amount >= 0 else [-part for part in parts]


def allocate_shares(amount: int, percents: Sequence[Decimal]) -> tuple[list[int], int]:
    """Split an amount by fixed shares in percent; returns the parts and what is left unallocated.

    Shares below 100 % in sum leave the rest. Raises ValueError above 100 % or for a negative share.
    """
    scale = max((-int(p.as_tuple().exponent) for p in percents), default=0)
    whole = [int(p.scaleb(max(scale, 0))) for p in percents]
    rest = 100 * 10 ** max(scale, 0) - sum(whole)
    if rest < 0:
        raise ValueError("shares are more than 100 percent together")
    parts = allocate(amount, [*whole, rest])
    return parts[:-1], parts[-1]
