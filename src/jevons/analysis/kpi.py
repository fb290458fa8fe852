"""The key figures of AI spend, each a function with its formula and where the formula comes from.

Amounts are exact decimals in USD, rounded once to 12 places where something is divided. A figure
that lacks an input is None; `figures` says what is missing. Where no foundation publishes a formula
the definition says that ours is a proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import Final, Literal

from jevons.analysis.ratio import ratio

FINOPS: Final = "FinOps Foundation, KPI library (CC BY 4.0)"
TOKENOMICS: Final = "Tokenomics Foundation, working draft (CC BY 4.0)"
OURS: Final = "Jevons"

SPIKE: Final = Decimal("3.5")
"""A day is a spike when it lies more than this many robust standard deviations above the median."""

_TO_DEVIATION: Final = Decimal("1.4826")
"""Turns a median absolute deviation into the standard deviation of a normal distribution."""


def cost_per_call(cost: Decimal, calls: int) -> Decimal | None:
    """Total cost of the calls / number of calls."""
    return ratio(cost, calls)


def cost_per_thought(cost: Decimal, requests: int) -> Decimal | None:
    """Cost of the model calls / end-to-end requests. A request is a root run with everything below
    it: one question to an agent, however many calls that takes."""
    return ratio(cost, requests)


def cost_per_thought_full_stack(
    cost: Decimal, charges: Decimal | None, requests: int
) -> Decimal | None:
    """(cost of the model calls + every other declared charge) / end-to-end requests. Charges:
    infrastructure, platform, people; None when none are declared."""
    return None if charges is None else ratio(cost + charges, requests)


def cost_per_agent_cycle(cost: Decimal, cycles: int) -> Decimal | None:
    """Cost of the runs with several calls / number of their calls. Runs of a single call have no
    cycle and are left out."""
    return ratio(cost, cycles)


def reasoning_token_ratio(reasoning: int, output: int) -> Decimal | None:
    """Reasoning tokens / output tokens (which include them)."""
    return ratio(Decimal(reasoning), output)


def cache_hit_rate(read: int, written: int, uncached: int) -> Decimal | None:
    """Cache read / (cache read + cache write + uncached input), in tokens."""
    return ratio(Decimal(read), read + written + uncached)


def cache_cost_efficiency(prompt: Decimal, uncached_equivalent: Decimal) -> Decimal | None:
    """1 - actual prompt cost / uncached equivalent cost. The equivalent is all prompt tokens (read,
    written and uncached) at the base input price. 0: break-even; below 0: caching loses money."""
    share = ratio(prompt, uncached_equivalent)
    return None if share is None else 1 - share


def llm_error_rate(errors: int, calls: int) -> Decimal | None:
    """Calls that ended in an error / all calls. An interrupted call is none."""
    return ratio(Decimal(errors), calls)


def effective_savings_rate(spend: Decimal, on_demand: Decimal) -> Decimal | None:
    """1 - actual spend with discounts / equivalent on-demand spend. On demand: the same tokens at
    list price, the cached ones at the base input price."""
    share = ratio(spend, on_demand)
    return None if share is None else 1 - share


def allocation_accuracy_index(attributed: Decimal, total: Decimal) -> Decimal | None:
    """Directly attributed cost / total cost x 100."""
    return ratio(attributed * 100, total)


def cost_visibility_delay(seconds: Decimal, calls: int) -> Decimal | None:
    """Sum of (time when the call was in the ledger - time of the call) / calls, in hours."""
    return ratio(seconds, Decimal(calls) * 3600)


def budget_burn_rate(spend: Decimal, days: Decimal) -> Decimal | None:
    """Actual spend / time period, in USD per day."""
    return ratio(spend, days)


def budget_burnt(spend: Decimal, budget: Decimal | None) -> Decimal | None:
    """Actual spend / budget of the period x 100."""
    return None if budget is None else ratio(spend * 100, budget)


def spikes(daily: Sequence[Decimal]) -> list[Decimal]:
    """By how much each day's cost is a spike: its excess over the median, 0 if it is none. A spike
    lies more than 3.5 robust standard deviations (1.4826 x median absolute deviation) above the
    median of all days."""
    if not daily:
        return []
    middle = median(daily)
    spread = median([abs(cost - middle) for cost in daily]) * _TO_DEVIATION
    return [
        cost - middle if spread and cost > middle + SPIKE * spread else Decimal(0) for cost in daily
    ]


def anomaly_detection_rate(daily: Sequence[Decimal]) -> Decimal | None:
    """Total cost of anomaly spikes / total spend x 100. Green below 2, yellow to 7, red above.
    Spikes are days of the period; a week is the least that shows any."""
    if len(daily) < 7:
        return None
    return ratio(sum(spikes(daily), Decimal(0)) * 100, sum(daily, Decimal(0)))


def tco_per_workload(cost: Decimal, other: Decimal, workloads: int) -> Decimal | None:
    """(infrastructure + software + labour + other) / workloads. Software: the model calls; labour
    and other: review and losses that outcomes tell, and declared charges. A workload is a task
    type."""
    return ratio(cost + other, workloads)


def value_for_ai(benefits: Decimal | None, costs: Decimal) -> Decimal | None:
    """(financial benefits - costs) / costs x 100. Benefits: the stated value of successes."""
    return None if benefits is None else ratio((benefits - costs) * 100, costs)


def spend_over_pay(spend: Decimal, pay: Decimal | None) -> Decimal | None:
    """AI spend / loaded pay of the same people for the same time x 100."""
    return None if pay is None else ratio(spend * 100, pay)


Unit = Literal["USD", "USD/day", "share", "percent", "hours"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A key figure. published: the source publishes this formula; if not, ours is a proposal."""

    key: str
    name: str
    unit: Unit
    source: str
    published: bool
    function: Callable[..., Decimal | None]

    @property
    def formula(self) -> str:
        """What the function's description says, on one line."""
        return " ".join((self.function.__doc__ or "").split())


KPIS: Final[tuple[Definition, ...]] = (
    Definition("cost_per_call", "Cost per API call", "USD", FINOPS, True, cost_per_call),
    Definition("cost_per_thought_llm", "Cost per Thought (LLM only)", "USD", FINOPS, False,
               cost_per_thought),
    Definition("cost_per_thought_full", "Cost per Thought (full stack)", "USD", FINOPS, False,
               cost_per_thought_full_stack),
    Definition("cost_per_agent_cycle", "Cost per Agent Cycle", "USD", FINOPS, False,
               cost_per_agent_cycle),
    Definition("reasoning_token_ratio", "Reasoning Token Ratio", "share", FINOPS, False,
               reasoning_token_ratio),
    Definition("cache_hit_rate", "Cache Hit Rate", "share", TOKENOMICS, True, cache_hit_rate),
    Definition("cache_cost_efficiency", "Cache Cost Efficiency", "share", TOKENOMICS, True,
               cache_cost_efficiency),
    Definition("llm_error_rate", "LLM Error Rate", "share", FINOPS, False, llm_error_rate),
    Definition("effective_savings_rate", "Effective Savings Rate", "share", FINOPS, True,
               effective_savings_rate),
    Definition("allocation_accuracy_index", "Allocation Accuracy Index", "percent", FINOPS, True,
               allocation_accuracy_index),
    Definition("cost_visibility_delay", "Cost Visibility Delay", "hours", FINOPS, True,
               cost_visibility_delay),
    Definition("budget_burn_rate", "Budget Burn Rate", "USD/day", FINOPS, True, budget_burn_rate),
    Definition("budget_burnt", "Budget burnt", "percent", OURS, False, budget_burnt),
    Definition("anomaly_detection_rate", "Anomaly Detection Rate", "percent", FINOPS, True,
               anomaly_detection_rate),
    Definition("tco_per_workload", "TCO per workload", "USD", FINOPS, True, tco_per_workload),
    Definition("value_for_ai", "Value for AI initiatives", "percent", FINOPS, True, value_for_ai),
    Definition("spend_over_pay", "AI spend over loaded pay", "percent", OURS, False,
               spend_over_pay),
)  # fmt: skip
"""Every key figure, in report order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the key figures are made from, for one period. Amounts in USD, tokens and calls as
    counts, None where an input is not known.

    charges: declared charges beside the calls. prompt, uncached_equivalent: list cost of prompts,
    and at the base input price, over calls whose price is known. visible_seconds: summed over
    calls. days: length of the period. review: human minutes at the hourly rate. pay: loaded pay of
    the period, paid_spend: cost of the calls of those whose pay it is.
    """

    cost: Decimal
    calls: int
    errors: int
    requests: int
    cycle_cost: Decimal
    cycles: int
    list_cost: Decimal | None
    prompt: Decimal
    uncached_equivalent: Decimal
    uncached: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int
    attributed: Decimal
    visible_seconds: Decimal
    days: Decimal
    daily: tuple[Decimal, ...]
    workloads: int
    loss: Decimal
    human_minutes: Decimal
    review: Decimal | None
    value: Decimal | None
    charges: Decimal | None = None
    budget: Decimal | None = None
    paid_spend: Decimal = Decimal(0)
    pay: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure of a period. missing: what it lacks, '' when it has a value. note: what the
    value leaves out."""

    definition: Definition
    value: Decimal | None
    missing: str = ""
    note: str = ""


@dataclass(slots=True)
class _Found:
    values: dict[str, Decimal | None] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


NO_CHARGES: Final = "no other charges declared (jevons boundary), or --where is given"
NO_RATE: Final = "human minutes without a rate"


def figures(given: Inputs) -> list[Figure]:
    """Every key figure, or what it lacks."""
    found = _Found()
    _usage(given, found)
    _money(given, found)
    return [
        Figure(
            one,
            found.values[one.key],
            found.missing.get(one.key, "") if found.values[one.key] is None else "",
            found.notes.get(one.key, ""),
        )
        for one in KPIS
    ]


def _usage(given: Inputs, found: _Found) -> None:
    put = found.values.__setitem__
    put("cost_per_call", cost_per_call(given.cost, given.calls))
    put("cost_per_thought_llm", cost_per_thought(given.cost, given.requests))
    full = cost_per_thought_full_stack(given.cost, given.charges, given.requests)
    put("cost_per_thought_full", full)
    put("cost_per_agent_cycle", cost_per_agent_cycle(given.cycle_cost, given.cycles))
    put("reasoning_token_ratio", reasoning_token_ratio(given.reasoning, given.output))
    put("cache_hit_rate", cache_hit_rate(given.cache_read, given.cache_write, given.uncached))
    put("cache_cost_efficiency", cache_cost_efficiency(given.prompt, given.uncached_equivalent))
    put("llm_error_rate", llm_error_rate(given.errors, given.calls))
    nothing = dict.fromkeys(("cost_per_call", "llm_error_rate", "cost_per_thought_llm"), "no call")
    found.missing |= nothing | {
        "cost_per_thought_full": NO_CHARGES,
        "cost_per_agent_cycle": "no run has several calls",
        "reasoning_token_ratio": "no output tokens",
        "cache_hit_rate": "no input tokens",
        "cache_cost_efficiency": "no prompt with a list price",
    }


def _money(given: Inputs, found: _Found) -> None:
    put = found.values.__setitem__
    saved = given.uncached_equivalent - given.prompt
    on_demand = None if given.list_cost is None else given.list_cost + saved
    put("effective_savings_rate", None if on_demand is None
        else effective_savings_rate(given.cost, on_demand))  # fmt: skip
    put("allocation_accuracy_index", allocation_accuracy_index(given.attributed, given.cost))
    put("cost_visibility_delay", cost_visibility_delay(given.visible_seconds, given.calls))
    put("budget_burn_rate", budget_burn_rate(given.cost, given.days))
    put("budget_burnt", budget_burnt(given.cost, given.budget))
    put("anomaly_detection_rate", anomaly_detection_rate(given.daily))
    other = (given.charges or Decimal(0)) + (given.review or Decimal(0)) + given.loss
    put("tco_per_workload", tco_per_workload(given.cost, other, given.workloads))
    put("value_for_ai", value_for_ai(given.value, given.cost + other))
    put("spend_over_pay", spend_over_pay(given.paid_spend, given.pay))
    found.missing |= {
        "effective_savings_rate": "no call with a list price",
        "allocation_accuracy_index": "no cost is known",
        "cost_visibility_delay": "no call",
        "budget_burn_rate": "an empty period",
        "budget_burnt": "no budget is given (--budget USD)",
        "anomaly_detection_rate": "fewer than seven days with spend",
        "tco_per_workload": "no call names a task type",
        "value_for_ai": "no success has a stated value",
        "spend_over_pay": "no pay is given (--pay FILE)",
    }
    absent = [] if given.charges is not None else [NO_CHARGES]
    if given.review is None and given.human_minutes:
        absent.append(NO_RATE + " (--hourly-rate USD)")
    if absent:
        found.notes |= dict.fromkeys(("tco_per_workload", "value_for_ai"), "; ".join(absent))
