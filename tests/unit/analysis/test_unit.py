"""Success rates, ratios of sums, the front, and unit economics."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.analysis.frontier import Option, icer, standings
from jevons.analysis.ratio import quantile, ratio, ratio_interval
from jevons.analysis.success import hindsight, pass_at_k, pass_hat_k, wilson
from jevons.analysis.unit import Attempts, Clusters, compared, unit

FEMTO = 10**15


def attempts(**fields: Any) -> Attempts:
    """Ten attempts: six succeeded at $1, two failed at $3, two undecided at $2."""
    values: dict[str, Any] = {
        "dimensions": (), "attempts": 10, "succeeded": 6, "failed": 2, "abandoned": 0,
        "unpriced": 0, "at_least": 0, "spend": 16 * FEMTO, "undecided_spend": 4 * FEMTO,
        "priced": 8, "priced_successes": 6, "decided_spend": 12 * FEMTO,
        "failed_spend": 6 * FEMTO, "human_minutes": Decimal(30), "with_minutes": 3,
        "loss": Decimal(9), "value": Decimal(0), "valued": 0, "grade": None,
        "baseline_minutes": Decimal(0), "baseline_cost": Decimal(0),
        "quantiles": (FEMTO, 3 * FEMTO, 3 * FEMTO),
    }  # fmt: skip
    return Attempts(**{**values, **fields})


def test_wilson() -> None:
    """For 8 of 10: centre (0.8 + 3.8415/20) / 1.38415 = 0.7168, half width 0.2265 (Newcombe 1998
    has 0.490 to 0.943 for this)."""
    low, high = wilson(8, 10) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert wilson(0, 0) is None
    assert (wilson(0, 5) or (1, 1))[0] == 0.0
    assert (wilson(5, 5) or (0, 0))[1] == 1.0
    with pytest.raises(ValueError, match="successes"):
        wilson(3, 2)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_is_its_own_mirror(pair: tuple[int, int]) -> None:
    won, made = pair
    low, high = wilson(won, made) or (1.0, 0.0)
    assert 0 <= low <= won / made <= high <= 1
    mirrored = wilson(made - won, made) or (0.0, 0.0)
    assert math.isclose(1 - mirrored[1], low, abs_tol=1e-12)


def test_pass_hat_k_and_pass_at_k() -> None:
    """Two tasks of four trials, one with 4 and one with 2 successes, one task of one trial.

    pass^2 = (C(4,2)/C(4,2) + C(2,2)/C(4,2)) / 2 = (1 + 1/6) / 2; pass@2 = (1 + 1 - 1/6) / 2."""
    trials = [(4, 4, 1), (4, 2, 1), (1, 0, 1)]
    assert pass_hat_k(trials, 1) == (1 + Fraction(1, 2) + 0) / 3
    assert pass_hat_k(trials, 2) == Fraction(7, 12)
    assert pass_at_k(trials, 2) == Fraction(11, 12)
    assert pass_hat_k(trials, 5) is None is pass_at_k(trials, 5)


def test_hindsight_takes_the_best_and_of_equals_the_cheapest() -> None:
    one = {"small": (Decimal(1), Decimal(0)), "large": (Decimal(5), Decimal(1))}
    both = {"small": (Decimal(1), Decimal(1)), "large": (Decimal(5), Decimal(1))}
    assert hindsight([one, both]) == (Decimal(6), Decimal(2))


def test_a_ratio_has_twelve_places_half_to_even() -> None:
    assert ratio(Decimal(2), 3) == Decimal("0.666666666667")
    assert ratio(Decimal("0.0000000000005"), 1) == 0
    assert ratio(Decimal(1), 0) is None


def test_quantiles_are_costs_of_attempts() -> None:
    costs = list(range(1, 101))
    assert [quantile(costs, Decimal(q)) for q in ("0.5", "0.9", "0.99")] == [50, 90, 99]
    assert quantile([7], Decimal("0.99")) == 7
    assert quantile([], Decimal("0.5")) is None


def test_the_interval_covers_what_it_should() -> None:
    """Mean cost 1, success chance 0.8: the true ratio is 1.25. Of 200 samples 95 % should hold
    it."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        costs = random.exponential(1.0, 80)
        won = (random.random(80) < 0.8).astype(float)
        low, high = ratio_interval(costs, won) or (None, None)
        assert low is not None and high is not None
        held += low <= 1.25 <= high
    assert 180 <= held <= 199


def test_the_interval_does_not_depend_on_the_order() -> None:
    costs, won = np.arange(40.0), (np.arange(40) % 3 > 0).astype(float)
    turned = np.random.default_rng(1).permutation(40)
    assert ratio_interval(costs, won) == ratio_interval(costs[turned], won[turned])


def test_an_interval_may_have_no_end() -> None:
    low, high = ratio_interval(np.ones(4), np.array([1.0, 0, 0, 0])) or (0, 0)
    assert low is not None and high is None
    assert ratio_interval(np.ones(1), np.ones(1)) is None


def option(name: str, cost: str, success: str) -> Option:
    return Option(name, Fraction(cost), Fraction(success))


def test_the_front_and_what_an_extra_success_costs() -> None:
    """From a to c: (4 - 1) / (0.9 - 0.5) = 7.5; b costs more than a and succeeds less."""
    found = standings([option("c", "4", "0.9"), option("a", "1", "0.5"), option("b", "2", "0.4")])
    assert [one.on_front for one in found] == [True, True, False]
    assert (found[0].icer, found[0].against) == (Fraction(15, 2), "a")
    assert icer(option("x", "1", "0.5"), option("y", "2", "0.5")) is None


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_front_is_what_nothing_beats(points: list[tuple[int, int]], chance: Any) -> None:
    options = [Option(str(i), Fraction(c), Fraction(s, 5)) for i, (c, s) in enumerate(points)]
    found = standings(options)
    for one, standing in zip(options, found, strict=True):
        beaten = any(
            o.cost <= one.cost and o.success >= one.success and (o.cost, o.success)
            != (one.cost, one.success) for o in options
        )  # fmt: skip
        assert standing.on_front is not beaten
    turned = options[:]
    chance.shuffle(turned)
    again = dict(zip((o.name for o in turned), standings(turned), strict=True))
    assert [again[o.name] for o in options] == found


def test_the_cost_per_success_pays_for_failures_review_and_losses() -> None:
    """(12 spend + 30 min at $60/h = 30 review + 9 loss) / 6 successes = 51 / 6 = 8.5."""
    found = unit(attempts(), Decimal(60))
    assert found.cost_per_success.amount == Decimal("8.5")
    assert found.review == 30
    assert found.cost_per_attempt == Decimal("1.6")  # 16 / 10
    assert found.success_rate == 0.75  # of the eight that are decided
    assert found.failed_share == 0.5  # 6 of 12
    assert found.small


def test_minutes_without_a_rate_are_no_cost_and_said() -> None:
    found = unit(attempts())
    assert found.review is None
    assert found.cost_per_success.amount == Decimal("3.5")  # (12 + 9) / 6
    assert unit(attempts(human_minutes=Decimal(0))).review == 0


def test_without_success_or_cost_nothing_is_made_up() -> None:
    none = unit(attempts(succeeded=0, priced_successes=0))
    assert none.cost_per_success.amount is None
    nothing = unit(attempts(spend=None, unpriced=10, priced=0, priced_successes=0,
                            decided_spend=0, failed_spend=0))  # fmt: skip
    assert nothing.cost_per_attempt is None is nothing.failed_share
    assert nothing.success_rate == 0.75


def test_pass_k_only_where_tasks_have_several_trials() -> None:
    assert unit(attempts(trials=((1, 1, 6), (1, 0, 2)))).pass_k == ()
    assert unit(attempts(trials=((2, 2, 1), (2, 0, 1)))).pass_k == ((1, 0.5), (2, 0.5))


def test_a_small_sample_is_not_compared_with_large_ones() -> None:
    large = {"succeeded": 40, "failed": 10, "attempts": 50, "priced": 50, "priced_successes": 40}
    units = [unit(attempts(**large)), unit(attempts(**large, loss=Decimal(0))), unit(attempts())]
    placed = compared(units, ["a", "b", "few"])
    assert placed[2].standing is None
    assert [one.standing and one.standing.on_front for one in placed[:2]] == [False, True]
    assert all(one.standing for one in compared(units[1:], ["b", "few"]))


def test_the_interval_of_the_cost_per_success_has_the_amount_in_it() -> None:
    won = np.array([1.0] * 6 + [0.0] * 2)
    sums = Clusters(np.where(won > 0, 1.0, 3.0), np.zeros(8), np.zeros(8), np.zeros(8), won, won)
    found = unit(attempts(clusters=sums, human_minutes=Decimal(0), loss=Decimal(0)))
    cost = found.cost_per_success
    assert cost.low is not None and cost.high is not None and cost.amount == 2
    assert cost.low < cost.amount < cost.high
