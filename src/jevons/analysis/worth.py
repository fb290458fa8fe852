"""Is it worth the tokens? The value of what succeeded against everything that it cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import numpy as np

from jevons.analysis.ratio import Floats, dollars, ratio, resampled_sums
from jevons.analysis.success import SMALL
from jevons.analysis.unit import Attempts, Interval, review_cost
from jevons.vocabulary.outcome import GRADES

Verdict = Literal["yes", "no", "not settled", "cannot be told yet"]

TAIL: Final = 0.025
"""The share of resamples beyond either end of a 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """One row of `jevons worth`. Amounts in USD, over the attempts whose fate and cost are known.

    value: of the successes above their quality floor. cost: calls, review and losses. net: value -
    cost with its 95 % interval. grade: the weakest provenance of the values. verdict: `yes` or `no`
    when the whole interval lies on one side of nothing and rests on 30 attempts or more. missing:
    what it would take to tell, or what the figures leave out. baseline: what the same work costs
    without AI, None if not told.
    """

    attempts: Attempts
    value: Decimal | None
    cost: Decimal | None
    net: Interval
    grade: str | None
    verdict: Verdict
    missing: tuple[str, ...]
    baseline: Decimal | None


def worth(one: Attempts, hourly_rate: Decimal | None = None) -> Worth:
    """Whether the successes of a row are worth what all its attempts cost.

    net = value of successes above the quality floor - (spend + human minutes x rate + losses). A
    value that is missing can only raise it, a cost that is missing only lower it: so a `yes`
    without some values and a `no` without some costs still hold.
    """
    review = review_cost(one, hourly_rate)
    cost = dollars(one.decided_spend) + (review or Decimal(0)) + one.loss
    unvalued = one.priced_successes - one.valued
    known = one.priced and (one.valued or not one.priced_successes)
    value = one.value if known else None
    net = (
        Interval(None) if value is None or not one.priced else _net(one, value - cost, hourly_rate)
    )
    no_values, no_costs = _missing(one, unvalued, unpaid=review is None)
    few = one.priced < SMALL
    too_few = (f"fewer than {SMALL} decided attempts",) if few and one.priced else ()
    return Worth(
        attempts=one,
        value=value,
        cost=cost if one.priced else None,
        net=net,
        grade=None if one.grade is None else GRADES[one.grade],
        verdict=_verdict(net, low_holds=not no_costs, high_holds=not no_values, few=few),
        missing=(*no_values, *no_costs, *too_few),
        baseline=_baseline(one, hourly_rate),
    )


def _net(one: Attempts, amount: Decimal, hourly_rate: Decimal | None) -> Interval:
    held = one.clusters
    per_minute = float(hourly_rate or 0) / 60
    net = held.value - held.spend - held.minutes * per_minute - held.loss
    ends = _ends(net)
    if ends is None:
        return Interval(amount)
    low, high = (ratio(Decimal(repr(end)), 1) for end in ends)
    return Interval(amount, low, high)


def _ends(net: Floats) -> tuple[float, float] | None:
    if len(net) < 2:
        return None
    sums = np.sort(resampled_sums(np.sort(net)))
    last = len(sums) - 1
    return float(sums[int(TAIL * last)]), float(sums[int(np.ceil((1 - TAIL) * last))])


def _verdict(net: Interval, *, low_holds: bool, high_holds: bool, few: bool) -> Verdict:
    if net.amount is None or net.low is None or net.high is None:
        return "cannot be told yet"
    if net.low > 0 and low_holds:
        return "not settled" if few else "yes"
    if net.high < 0 and high_holds:
        return "not settled" if few else "no"
    return "not settled" if low_holds and high_holds else "cannot be told yet"


def _missing(one: Attempts, unvalued: int, *, unpaid: bool) -> tuple[list[str], list[str]]:
    """What is missing of the value, and of the cost."""
    values, costs = [], []
    if not one.decided:
        values.append("no attempt has an outcome")
    elif unvalued:
        values.append(f"{unvalued:,} of {one.priced_successes:,} successes have no stated value")
    if unpaid:
        costs.append(f"{one.human_minutes:,.0f} human minutes have no hourly rate")
    unknown = one.decided - one.priced
    if unknown:
        costs.append(f"{unknown:,} decided attempts have no known cost")
    return values, costs


def _baseline(one: Attempts, hourly_rate: Decimal | None) -> Decimal | None:
    """The stated cost without AI, and its minutes at the hourly rate."""
    minutes = None
    if hourly_rate is not None and one.baseline_minutes:
        minutes = ratio(one.baseline_minutes * hourly_rate, 60)
    if minutes is None and not one.baseline_cost:
        return None
    return one.baseline_cost + (minutes or Decimal(0))
