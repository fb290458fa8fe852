"""How often work succeeds: shares with their interval, trials that all succeed, and choosing among
options in hindsight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

Z95: Final = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""

SMALL: Final = 30
"""Below so many decided attempts a share or a mean says little; reports mark them."""


def wilson(successes: int, attempts: int) -> tuple[float, float] | None:
    """The 95 % score interval of a success rate (Wilson 1927), None without attempts.

    centre = (p + z²/2n) / (1 + z²/n), half width = z·sqrt(p(1-p)/n + z²/4n²) / (1 + z²/n). It stays
    within 0 and 1, also for few attempts or rates near an end. Raises ValueError when there are
    more successes than attempts.
    """
    if not 0 <= successes <= attempts:
        raise ValueError(f"{successes} successes of {attempts} attempts")
    if not attempts:
        return None
    share, square = successes / attempts, Z95 * Z95 / attempts
    centre = share + square / 2
    half = Z95 * math.sqrt(share * (1 - share) / attempts + square / (4 * attempts))
    low, high = (centre - half) / (1 + square), (centre + half) / (1 + square)
    return (0.0 if successes == 0 else low), (1.0 if successes == attempts else high)


def pass_hat_k(trials: Iterable[tuple[int, int, int]], k: int) -> Fraction | None:
    """The chance that all of k trials of a task succeed, averaged over tasks (tau-bench, Yao et al.
    2024): the mean of C(successes, k) / C(trials, k) over the tasks with at least k trials.

    trials: (trials, successes, number of tasks with these). None when no task has k trials.
    """
    total, tasks = Fraction(0), 0
    for made, succeeded, number in trials:
        if made >= k:
            total += number * Fraction(math.comb(succeeded, k), math.comb(made, k))
            tasks += number
    return total / tasks if tasks else None


def pass_at_k(trials: Iterable[tuple[int, int, int]], k: int) -> Fraction | None:
    """The chance that at least one of k trials of a task succeeds, averaged over tasks (Chen et al.
    2021): the mean of 1 - C(failures, k) / C(trials, k). Arguments as of `pass_hat_k`."""
    total, tasks = Fraction(0), 0
    for made, succeeded, number in trials:
        if made >= k:
            total += number * (1 - Fraction(math.comb(made - succeeded, k), math.comb(made, k)))
            tasks += number
    return total / tasks if tasks else None


def hindsight(
    tasks: Sequence[Mapping[str, tuple[Decimal, Decimal]]],
) -> tuple[Decimal, Decimal]:
    """What a router that knew the outcome would have had: for every task the option of the highest
    quality, of these the cheapest. tasks: option -> (cost, quality). Returns the sums of cost and
    of quality; the cost of the options that were not chosen is not in it."""
    chosen = [max(options.values(), key=lambda one: (one[1], -one[0])) for options in tasks]
    return (
        sum((cost for cost, _ in chosen), Decimal(0)),
        sum((quality for _, quality in chosen), Decimal(0)),
    )
