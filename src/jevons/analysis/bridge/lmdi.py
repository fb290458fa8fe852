"""LMDI-I: the change of a product, shared among its factors by logarithms (Ang 2005, 2015).

Effect of factor k on a line: L(V1, V0) ln(x1 / x0), where V is the line's value and L the
logarithmic mean. Where a value is zero the limits of the formula are used (Wood and Lenzen 2006),
never a small number in its place, which is wrong in the second digit. A negative value has no
logarithm: such a line is refused with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, isclose, log, log1p, prod

from jevons.analysis.bridge.shapley import Number, exact


@dataclass(frozen=True, slots=True)
class Undefined:
    """Why a method has no answer. line: position of the line; reason: in words."""

    line: int
    reason: str


def logarithmic_mean(a: float, b: float) -> float:
    """(a - b) / (ln a - ln b); a itself where both are equal, 0 where one is 0 (its limits)."""
    if a == 0 or b == 0:
        return 0.0
    if a == b:
        return a
    if isclose(a, b, rel_tol=1e-3):
        return (a - b) / log1p((a - b) / b)
    return (a - b) / log(a / b)


def lmdi_line(before: Sequence[float], after: Sequence[float]) -> tuple[float, ...]:
    """The effects of one line's factors, none of which is negative.

    Limits: a line that is 0 before owes its whole value to the factors that were 0 (equally, if
    there are several); a line that is 0 after loses it the same way; 0 on both sides: no effect.
    """
    start, end = prod(before), prod(after)
    zeros = before if start == 0 else after
    if start == 0 or end == 0:
        due = [x == 0 for x in zeros]
        part = (end - start) / max(1, sum(due))
        return tuple(part if it else 0.0 for it in due)
    mean = logarithmic_mean(end, start)
    return tuple(mean * log(b / a) for a, b in zip(before, after, strict=True))


def lmdi(
    before: Sequence[Sequence[Number]], after: Sequence[Sequence[Number]]
) -> list[tuple[float, ...]] | Undefined:
    """The effects of all lines: `before[factor][line]` in, one tuple of effects per line out.

    Undefined when a factor of any line is negative.
    """
    a = [[float(exact(x)) for x in factor] for factor in before]
    b = [[float(exact(x)) for x in factor] for factor in after]
    effects = []
    for number, (old, new) in enumerate(
        zip(zip(*a, strict=True), zip(*b, strict=True), strict=True)
    ):
        if min(*old, *new) < 0:
            return Undefined(number, "a negative amount has no logarithm")
        effects.append(lmdi_line(old, new))
    return effects


def lmdi_ratios(
    before: Sequence[Sequence[Number]], after: Sequence[Sequence[Number]]
) -> tuple[float, ...] | Undefined:
    """LMDI-I multiplicative: one ratio per factor; their product is total after / total before.

    The ratio of factor k is exp(its additive effect / L(total after, total before)).
    """
    effects = lmdi(before, after)
    if isinstance(effects, Undefined):
        return effects
    start, end = _total(before), _total(after)
    if start == 0 or end == 0:
        return Undefined(0, "a total of nothing has no ratio")
    mean = logarithmic_mean(end, start)
    return tuple(exp(fsum(column) / mean) for column in zip(*effects, strict=True))


def _total(factors: Sequence[Sequence[Number]]) -> float:
    lines = zip(*factors, strict=True)
    return float(sum(prod(exact(x) for x in line) for line in lines))
