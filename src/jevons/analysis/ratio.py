"""Ratios of sums and how uncertain they are.

The cost per success is one ratio of two sums, never a mean of ratios: failures have a cost and no
success. Its interval is found by drawing the sample again from itself (Efron 1979).
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from jevons.vocabulary.money import MONEY_SCALE

Floats = NDArray[np.float64]

RESAMPLES: Final = 1000
"""How often the sample is drawn again."""

CLUSTERS: Final = 256
"""Clusters of the largest sample; more attempts are put into as many clusters by a digest of their
task, which leaves the spread of the ratio as it is."""

SEED: Final = 20_260_901
"""The seed of all draws: the same sample has the same interval, everywhere."""

_PLACES: Final = Decimal(1).scaleb(-12)
_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def ratio(amount: Decimal, count: int | Decimal) -> Decimal | None:
    """amount / count to 12 decimal places, half to even; None without anything to divide by."""
    if not count:
        return None
    return _CONTEXT.divide(amount, Decimal(count)).quantize(_PLACES, context=_CONTEXT)


def cost_per_success(cost: Decimal | None, successes: int) -> Decimal | None:
    """All that was spent, failures included, / successes; None when the cost is not known or
    nothing succeeded. A cost that nobody recorded is None, never 0."""
    return None if cost is None else ratio(cost, successes)


def dollars(femto: int) -> Decimal:
    """Whole 1e-15 USD as USD, exact."""
    return Decimal(femto).scaleb(-MONEY_SCALE, context=_CONTEXT)


@lru_cache(maxsize=64)
def _draws(size: int) -> NDArray[np.float64]:
    """How often each of `size` clusters is drawn, in every resample: rows of counts."""
    random = np.random.Generator(np.random.PCG64(SEED))
    picked = random.integers(0, size, size=(RESAMPLES, size))
    rows = np.arange(RESAMPLES)[:, None] * size + picked
    counts = np.bincount(rows.ravel(), minlength=RESAMPLES * size)
    return counts.reshape(RESAMPLES, size).astype(np.float64)


def resampled_sums(values: Floats) -> Floats:
    """The sum over clusters in every resample; the order of the clusters matters."""
    found: Floats = _draws(len(values)) @ values
    return found


def ratio_interval(
    amounts: Floats, counts: Floats, level: float = 0.95
) -> tuple[float | None, float | None] | None:
    """The percentile bootstrap interval of sum(amounts) / sum(counts) over clusters.

    amounts, counts: one entry per cluster (an attempt, a task with its trials). An end at which no
    resample has anything to divide by is None: it is not bounded. None for fewer than two clusters.
    """
    if len(amounts) < 2:
        return None
    # The sums do not depend on the order of the clusters, but the draws do.
    order = np.lexsort((counts, amounts))
    drawn = _draws(len(amounts))
    above, below = drawn @ amounts[order], drawn @ counts[order]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.sort(np.where(below > 0, above / below, np.inf))
    tail = (1 - level) / 2
    ends = (found[int(tail * (RESAMPLES - 1))], found[int(np.ceil((1 - tail) * (RESAMPLES - 1)))])
    low, high = (float(end) if np.isfinite(end) else None for end in ends)
    return low, high


def quantile(costs: list[int], share: Decimal) -> int | None:
    """The smallest cost that at least this share of all costs does not exceed (nearest rank)."""
    if not costs:
        return None
    ranked = sorted(costs)
    rank = int((share * len(ranked)).to_integral_value(rounding="ROUND_CEILING"))
    return ranked[max(rank, 1) - 1]
