"""Unit economics: what an attempt costs, and what a success costs when failures and review are paid
for too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from jevons.analysis.frontier import Option, Standing, standings
from jevons.analysis.ratio import dollars, ratio, ratio_interval
from jevons.analysis.success import SMALL, pass_hat_k, wilson

MOST_TRIALS: Final = 10
"""pass^k is worked out up to this k."""

QUANTILES: Final = (Decimal("0.5"), Decimal("0.9"), Decimal("0.99"))
"""p50, p90 and p99 of the cost of an attempt, each the cost of one attempt (nearest rank)."""

Floats = NDArray[np.float64]


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Sums by cluster (a task with its attempts; in large samples many tasks), for intervals only:
    spend in USD, human minutes, loss and value in USD, attempts, successes."""

    spend: Floats = field(default_factory=_none)
    minutes: Floats = field(default_factory=_none)
    loss: Floats = field(default_factory=_none)
    value: Floats = field(default_factory=_none)
    attempts: Floats = field(default_factory=_none)
    successes: Floats = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """The attempts of one row, summed exactly. Money in whole 1e-15 USD.

    succeeded, failed, abandoned: decided ones. unpriced: attempts of whose cost nothing is known;
    at_least: those that cost at least what is known. spend: of all attempts. The sums from `priced`
    on are over decided attempts with a known cost alone, so that cost and successes belong
    together: priced of them, priced_successes; decided_spend, failed_spend (failed or abandoned),
    human_minutes (told by with_minutes of them), loss, value (of successes), grade (0 measured, 1
    sampled, 2 estimated; the weakest; None without value), valued: successes with a value.
    cycle_spend, cycles: cost and calls of the attempts with several calls, all of them. quantiles:
    as `QUANTILES`, over all attempts with a known cost. trials: (attempts, successes,
    tasks with these), decided ones by task.
    """

    dimensions: tuple[str | None, ...]
    attempts: int
    succeeded: int
    failed: int
    abandoned: int
    unpriced: int
    at_least: int
    spend: int | None
    undecided_spend: int | None
    priced: int
    priced_successes: int
    decided_spend: int
    failed_spend: int
    human_minutes: Decimal
    with_minutes: int
    loss: Decimal
    value: Decimal
    valued: int
    grade: int | None
    baseline_minutes: Decimal
    baseline_cost: Decimal
    quantiles: tuple[int | None, int | None, int | None]
    cycle_spend: int = 0
    cycles: int = 0
    trials: tuple[tuple[int, int, int], ...] = ()
    clusters: Clusters = field(default_factory=Clusters)

    @property
    def decided(self) -> int:
        """Attempts whose fate is known."""
        return self.succeeded + self.failed + self.abandoned


@dataclass(frozen=True, slots=True)
class Interval:
    """An amount in USD with its 95 % interval; an end that is None is not bounded, or not known."""

    amount: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One row of `jevons unit`. Shares are floats; amounts are exact quotients in USD, rounded to
    12 places. review: human minutes at the hourly rate, None when there are minutes and no rate.
    small: too few decided attempts to tell much."""

    attempts: Attempts
    success_rate: float | None
    success_interval: tuple[float, float] | None
    cost_per_attempt: Decimal | None
    cost_per_success: Interval
    failed_share: float | None
    review: Decimal | None
    small: bool
    pass_k: tuple[tuple[int, float], ...] = ()
    standing: Standing | None = None


def unit(one: Attempts, hourly_rate: Decimal | None = None) -> Unit:
    """The unit economics of one row. hourly_rate: USD for an hour of human work, None = not known.

    cost per attempt = spend / attempts, over those with a known cost.
    cost per success = (spend + review + loss of all decided attempts) / successes.
    failed share = spend of failed and abandoned attempts / spend of decided attempts.
    """
    review = review_cost(one, hourly_rate)
    paid = dollars(one.decided_spend) + (review or Decimal(0)) + one.loss
    known = one.attempts - one.unpriced
    rate = one.succeeded / one.decided if one.decided else None
    return Unit(
        attempts=one,
        success_rate=rate,
        success_interval=wilson(one.succeeded, one.decided),
        cost_per_attempt=None if one.spend is None else ratio(dollars(one.spend), known),
        cost_per_success=_per_success(one, paid, hourly_rate),
        failed_share=one.failed_spend / one.decided_spend if one.decided_spend else None,
        review=review,
        small=one.decided < SMALL,
        pass_k=_pass_k(one),
    )


def review_cost(one: Attempts, hourly_rate: Decimal | None) -> Decimal | None:
    """Human minutes at an hourly rate in USD; None when there are minutes and no rate."""
    if hourly_rate is None:
        return None if one.human_minutes else Decimal(0)
    return ratio(one.human_minutes * hourly_rate, 60) or Decimal(0)


def _per_success(one: Attempts, paid: Decimal, hourly_rate: Decimal | None) -> Interval:
    amount = ratio(paid, one.priced_successes)
    if amount is None:
        return Interval(None)
    held = one.clusters
    per_minute = float(hourly_rate or 0) / 60
    ends = ratio_interval(held.spend + held.minutes * per_minute + held.loss, held.successes)
    if ends is None:
        return Interval(amount)
    low, high = (None if end is None else ratio(Decimal(repr(end)), 1) for end in ends)
    return Interval(amount, low, high)


def _pass_k(one: Attempts) -> tuple[tuple[int, float], ...]:
    most = max((made for made, _, _ in one.trials), default=0)
    if most < 2:
        return ()
    found = [(k, pass_hat_k(one.trials, k)) for k in range(1, min(most, MOST_TRIALS) + 1)]
    return tuple((k, float(share)) for k, share in found if share is not None)


def compared(units: Sequence[Unit], names: Sequence[str]) -> list[Unit]:
    """The rows with their place on the front of full cost per attempt against success. A row
    without decided attempts of known cost has none, nor has a small sample among larger ones."""
    priced = [i for i, one in enumerate(units) if one.attempts.priced]
    telling = [i for i in priced if not units[i].small]
    places = telling if len(telling) > 1 else priced
    options = [_option(units[i], names[i]) for i in places]
    found = dict(zip(places, standings(options), strict=True))
    return [_placed(one, found.get(i)) for i, one in enumerate(units)]


def _option(one: Unit, name: str) -> Option:
    held = one.attempts
    paid = dollars(held.decided_spend) + (one.review or Decimal(0)) + held.loss
    return Option(name, Fraction(paid) / held.priced, Fraction(held.priced_successes, held.priced))


def _placed(one: Unit, standing: Standing | None) -> Unit:
    return replace(one, standing=standing)
