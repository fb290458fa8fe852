"""Price, volume and mix as finance departments know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from jevons.analysis.bridge.shapley import Number, exact


@dataclass(frozen=True, slots=True)
class PriceVolumeMix:
    """Three effects, exact; their sum is the change."""

    price: Fraction
    volume: Fraction
    mix: Fraction


def price_volume_mix(
    before: Sequence[tuple[Number, Number]], after: Sequence[tuple[Number, Number]]
) -> PriceVolumeMix:
    """The classic split of the change of Σ price x quantity over the same items on both sides.

    before, after: (price, quantity) of every item. Price: new prices less old, at new quantities.
    Volume: more or fewer units at the old mean price. Mix: the rest, units at other than the mean
    price. It depends on which side is the base; the bridge does not.
    """
    old = [(exact(p), exact(q)) for p, q in before]
    new = [(exact(p), exact(q)) for p, q in after]
    units_before = sum((q for _, q in old), Fraction(0))
    if not units_before:
        raise ValueError("no units before: there is no mean price")
    units_after = sum((q for _, q in new), Fraction(0))
    value = sum((p * q for p, q in old), Fraction(0))
    change = sum((p * q for p, q in new), Fraction(0)) - value
    price = sum(((p1 - p0) * q1 for (p0, _), (p1, q1) in zip(old, new, strict=True)), Fraction(0))
    volume = (units_after - units_before) * value / units_before
    return PriceVolumeMix(price, volume, change - price - volume)
