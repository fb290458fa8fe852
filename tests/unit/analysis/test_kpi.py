"""Every key figure, with its arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from jevons.analysis import kpi
from jevons.analysis.kpi import KPIS, Inputs, figures

D = Decimal


def test_cost_per_call() -> None:
    """The example of the FinOps Foundation: 1,200 / 240,000 = $0.005."""
    assert kpi.cost_per_call(D(1200), 240_000) == D("0.005")
    assert kpi.cost_per_call(D(0), 0) is None


def test_cost_per_thought() -> None:
    """$12 for 48 requests is $0.25 each; with $36 of other charges (12 + 36) / 48 = $1."""
    assert kpi.cost_per_thought(D(12), 48) == D("0.25")
    assert kpi.cost_per_thought_full_stack(D(12), D(36), 48) == 1
    assert kpi.cost_per_thought_full_stack(D(12), None, 48) is None


def test_cost_per_agent_cycle() -> None:
    """$9 in runs of several calls, 30 calls in these: $0.30."""
    assert kpi.cost_per_agent_cycle(D(9), 30) == D("0.3")
    assert kpi.cost_per_agent_cycle(D(0), 0) is None


def test_ratios_of_tokens() -> None:
    """600 of 1,000 output tokens; 700 read of 700 + 100 written + 200 uncached."""
    assert kpi.reasoning_token_ratio(600, 1000) == D("0.6")
    assert kpi.cache_hit_rate(700, 100, 200) == D("0.7")
    assert kpi.cache_hit_rate(0, 0, 0) is None is kpi.reasoning_token_ratio(0, 0)


def test_cache_cost_efficiency() -> None:
    """1,000 tokens at $3 a million = $0.003 uncached. As cached 700 x 0.3 + 100 x 3.75 + 200 x 3 =
    1,185 a million = $0.001185: 1 - 0.001185 / 0.003 = 0.605. Written and never read: 1 - 3.75 / 3
    = -0.25, caching loses money."""
    assert kpi.cache_cost_efficiency(D("0.001185"), D("0.003")) == D("0.605")
    assert kpi.cache_cost_efficiency(D("3.75"), D(3)) == D("-0.25")
    assert kpi.cache_cost_efficiency(D(0), D(0)) is None


def test_llm_error_rate() -> None:
    assert kpi.llm_error_rate(3, 200) == D("0.015")


def test_effective_savings_rate() -> None:
    """$80 paid where on demand is $100: 1 - 80 / 100."""
    assert kpi.effective_savings_rate(D(80), D(100)) == D("0.2")


def test_allocation_accuracy_index() -> None:
    """$90 of $120 are attributed: 75."""
    assert kpi.allocation_accuracy_index(D(90), D(120)) == 75


def test_cost_visibility_delay() -> None:
    """Two calls seen after 1 h and after 3 h: 4 x 3600 s / 2 / 3600 = 2 h."""
    assert kpi.cost_visibility_delay(D(4 * 3600), 2) == 2


def test_budget() -> None:
    """$300 in 30 days is $10 a day, and 60 % of $500."""
    assert kpi.budget_burn_rate(D(300), D(30)) == 10
    assert kpi.budget_burnt(D(300), D(500)) == 60
    assert kpi.budget_burnt(D(300), None) is None


def test_anomalies() -> None:
    """Median 11, deviations 1 0 1 0 1 0 89: their median is 1, x 1.4826 x 3.5 = 5.19. Only 100 lies
    above 16.19; the spike is 89 of 167 = 53.29 %."""
    days = [D(n) for n in (10, 11, 12, 11, 12, 11, 100)]
    assert kpi.spikes(days) == [0, 0, 0, 0, 0, 0, 89]
    assert kpi.anomaly_detection_rate(days) == D("53.293413173653")
    assert kpi.anomaly_detection_rate(days[:6]) is None
    assert kpi.spikes([D(5)] * 7) == [0] * 7  # no spread, nothing stands out
    assert kpi.spikes([]) == []


def test_tco_per_workload() -> None:
    """($40 calls + $60 review and charges) / 4 task types."""
    assert kpi.tco_per_workload(D(40), D(60), 4) == 25
    assert kpi.tco_per_workload(D(40), D(60), 0) is None


def test_value_for_ai() -> None:
    """(150 - 100) / 100 x 100 = 50."""
    assert kpi.value_for_ai(D(150), D(100)) == 50
    assert kpi.value_for_ai(None, D(100)) is None


def test_spend_over_pay() -> None:
    """$500 on people whose pay is $10,000 in the period: 5."""
    assert kpi.spend_over_pay(D(500), D(10_000)) == 5
    assert kpi.spend_over_pay(D(500), None) is None


def given(**fields: Any) -> Inputs:
    values: dict[str, Any] = {
        "cost": D(80), "calls": 100, "errors": 2, "requests": 20, "cycle_cost": D(60),
        "cycles": 90, "list_cost": D(90), "prompt": D(30), "uncached_equivalent": D(40),
        "uncached": 200, "cache_read": 700, "cache_write": 100, "output": 1000, "reasoning": 600,
        "attributed": D(60), "visible_seconds": D(360_000), "days": D(8),
        "daily": (D(10),) * 8, "workloads": 4, "loss": D(5), "human_minutes": D(0),
        "review": D(0), "value": D(170),
    }  # fmt: skip
    return Inputs(**{**values, **fields})


def test_all_figures_of_a_period() -> None:
    found = {one.definition.key: one for one in figures(given(charges=D(20), budget=D(160)))}
    assert list(found) == [one.key for one in KPIS]
    assert found["cost_per_call"].value == D("0.8")
    assert found["cost_per_thought_full"].value == 5  # (80 + 20) / 20
    assert found["effective_savings_rate"].value == D("0.2")  # 1 - 80 / (90 + 40 - 30)
    assert found["tco_per_workload"].value == D("26.25")  # (80 + 20 + 5) / 4
    assert found["value_for_ai"].value == D("61.904761904762")  # (170 - 105) / 105
    assert found["budget_burnt"].value == 50
    assert found["spend_over_pay"].missing == "no pay is given (--pay FILE)"
    assert found["tco_per_workload"].note == ""


def test_what_is_missing_is_said_instead_of_a_number() -> None:
    found = {
        one.definition.key: one
        for one in figures(given(value=None, review=None, human_minutes=D(9), daily=(), calls=0))
    }
    for key in ("cost_per_call", "cost_per_thought_full", "anomaly_detection_rate",
                "value_for_ai", "budget_burnt"):  # fmt: skip
        assert found[key].value is None and found[key].missing, key
    assert found["tco_per_workload"].value is not None
    assert "human minutes without a rate" in found["tco_per_workload"].note
    assert all(bool(one.missing) is (one.value is None) for one in found.values())


@pytest.mark.parametrize("one", KPIS, ids=lambda one: one.key)
def test_a_definition_says_its_formula(one: kpi.Definition) -> None:
    assert "/" in one.formula
    assert one.published is False or one.source != kpi.OURS
