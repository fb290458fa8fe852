"""Whether it is worth it: value, cost, interval and verdict."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from jevons.analysis.unit import Clusters
from jevons.analysis.worth import Worth, worth
from tests.unit.analysis.test_unit import FEMTO, attempts

N = 40


def valued(per_success: float, **fields: Any) -> Worth:
    """Forty attempts of $1 and 3 human minutes each, of which 30 succeeded."""
    won = np.array([1.0] * 30 + [0.0] * 10)
    sums = Clusters(np.ones(N), np.full(N, 3.0), np.zeros(N), won * per_success, np.ones(N), won)
    values: dict[str, Any] = {
        "attempts": N, "succeeded": 30, "failed": 10, "priced": N, "priced_successes": 30,
        "spend": N * FEMTO, "undecided_spend": None, "decided_spend": N * FEMTO,
        "failed_spend": 10 * FEMTO, "human_minutes": Decimal(120), "loss": Decimal(0),
        "value": Decimal(repr(per_success)) * 30, "valued": 30, "grade": 1, "clusters": sums,
    }  # fmt: skip
    return worth(attempts(**{**values, **fields}), Decimal(30))


def test_value_less_everything_that_it_cost() -> None:
    """30 x $8 - (40 x $1 + 120 min at $30 an hour = $60) = $140."""
    found = valued(8.0)
    assert (found.value, found.cost, found.net.amount) == (240, 100, 140)
    assert found.net.low is not None and found.net.high is not None
    assert found.net.low < 140 < found.net.high
    assert (found.verdict, found.grade, found.missing) == ("yes", "sampled", ())


def test_no_and_not_settled() -> None:
    assert valued(1.0).verdict == "no"  # 30 - 100 = -70
    assert valued(3.4).verdict == "not settled"  # 102 - 100


def test_fewer_than_thirty_attempts_settle_nothing() -> None:
    for per_success in (8.0, 0.5):  # a yes and a no, were there more of them
        few = valued(per_success, attempts=29, succeeded=19, priced=29)
        assert few.verdict == "not settled"
        assert few.missing[-1] == "fewer than 30 decided attempts"
    assert valued(8.0, attempts=30, succeeded=20, priced=30).verdict == "yes"


def test_a_missing_value_can_only_raise_it() -> None:
    some = valued(8.0, valued=29)
    assert some.verdict == "yes"
    assert some.missing == ("1 of 30 successes have no stated value",)
    assert valued(1.0, valued=29).verdict == "cannot be told yet"


def test_a_missing_cost_can_only_lower_it() -> None:
    unpaid = worth(valued(8.0).attempts)
    assert unpaid.verdict == "cannot be told yet"
    assert unpaid.missing == ("120 human minutes have no hourly rate",)
    assert worth(valued(0.5).attempts).verdict == "no"  # 15 - 40, whatever the minutes cost


def test_without_values_or_outcomes_nothing_is_told() -> None:
    none = valued(0.0, valued=0, grade=None)
    assert (none.value, none.net.amount, none.verdict) == (None, None, "cannot be told yet")
    blind = worth(attempts(succeeded=0, failed=0, priced=0, priced_successes=0, decided_spend=0,
                           failed_spend=0, human_minutes=Decimal(0), loss=Decimal(0)))  # fmt: skip
    assert (blind.cost, blind.verdict) == (None, "cannot be told yet")
    assert "no attempt has an outcome" in blind.missing


def test_what_it_would_cost_without_ai() -> None:
    """600 minutes at $30 an hour and $100 stated: $400."""
    found = valued(8.0, baseline_minutes=Decimal(600), baseline_cost=Decimal(100))
    assert found.baseline == 400
    assert valued(8.0).baseline is None
