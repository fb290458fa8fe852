"""What `explain` says of the generated company, beside the truth of what was planted in it.

The company's calls are summed straight from its generator, so that it can be large and chance
small. tests/unit/interfaces/cli/test_explaining.py asks the same of a ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from jevons.analysis.bridge.change import Bridge, bridge, summed
from jevons.analysis.bridge.effects import EFFECTS
from jevons.analysis.bridge.tree import Side
from jevons.analysis.spend import Part, Spend
from jevons.app.company.catalogue import MODELS
from jevons.app.company.causes import CAUSES, Cause, cause_of
from jevons.app.company.jobs import JOBS, STREAMS
from jevons.app.company.plan import DAYS, MONTH_OF_DAY, MONTHS, TEAMS
from jevons.app.company.quotas import plan_days
from jevons.app.company.tally import KINDS, UNITS, Tally, unit_prices
from jevons.app.company.tokens import Usage, usage_of
from jevons.app.company.work import Events, Tasks, work_of
from jevons.vocabulary.money import to_femto

EVENTS = 4_000_000
SEED = 5
STRETCH = 8
MONTH = np.array(MONTH_OF_DAY)
GROUPS = [(TEAMS[s.team].name, JOBS[s.job].name) for s in STREAMS]
PRICES = [
    None if prices is None else [to_femto(price) for price in prices]
    for prices in map(unit_prices, range(len(MODELS)))
]
EFFECT_NAMES = [effect.name for effect in EFFECTS]
PER_CALL = ("calls_per_task", "model_mix", "tokens_per_call", "fresh_input", "cache",
            "visible_output", "reasoning", "tool")  # fmt: skip

Chosen = Callable[[Tasks, Events], Any]


@dataclass
class Company:
    """The months of a company as sides of a bridge, and its truth."""

    months: dict[str, Side]
    truth: dict[str, Any]

    def explained(self, before: str, after: str) -> Bridge:
        return explained(self.months[before], self.months[after])

    def planted(self, cause: Cause, before: str, after: str) -> int:
        """How much of a change is due to a cause, by switching it off: 1e-15 USD."""
        pairs = {(pair["from"], pair["to"]): pair["effects"] for pair in self.truth["pairs"]}
        return to_femto(Decimal(pairs[before, after][cause.name]))


def explained(before: Side, after: Side) -> Bridge:
    found = bridge(before, after)
    assert isinstance(found, Bridge)
    return found


def work(events: int, chosen: Chosen | None = None) -> Iterator[tuple[Tasks, Events, Usage]]:
    """The company's calls, those `chosen` if it is given."""
    plan = plan_days(events)
    for start in range(0, DAYS, STRETCH):
        tasks, drawn = work_of(SEED, plan[start : start + STRETCH])
        usage = usage_of(SEED, tasks, drawn)
        if chosen is not None:
            kept = chosen(tasks, drawn)
            drawn, usage = cut(drawn, kept), cut(usage, kept)
        yield tasks, drawn, usage


def cut(rows: Any, kept: Any) -> Any:
    return type(rows)(**{f.name: getattr(rows, f.name)[kept] for f in fields(rows)})


def company_of(events: int, chosen: Chosen | None = None) -> Company:
    tally, counted = Tally(), np.zeros((len(MONTHS), len(STREAMS)), dtype=np.int64)
    for tasks, drawn, usage in work(events, chosen):
        tally.add(tasks, drawn, usage)
        started = np.unique(drawn.task)
        np.add.at(counted, (MONTH[tasks.day[started]], tasks.stream[started]), 1)
    months = {
        name: side(tally.calls[number], tally.amounts[number], counted[number])
        for number, name in enumerate(MONTHS)
    }
    return Company(months, tally.document(events, SEED))


@pytest.fixture(scope="module")
def company() -> Company:
    return company_of(EVENTS)


def side(calls: Any, amounts: Any, tasks: Any) -> Side:
    """Calls (stream, model), quantities (stream, model, kind) and tasks (stream) at list price, as
    the ledger sums them."""
    rows = []
    for stream, number in zip(*np.nonzero(calls), strict=True):
        prices, parts = PRICES[number], []
        for place, quantity in enumerate(amounts[stream, number].tolist()):
            cost = None if prices is None else prices[place] * quantity
            if quantity:
                parts.append(Part(UNITS[place], quantity, cost, cost, cost, cost))
        count = int(calls[stream, number])
        values = (*GROUPS[stream], MODELS[number].name, MODELS[number].tier, None)
        unknown = count if prices is None else 0
        rows.append(
            Spend(values, count, unknown, 0, tuple(parts), None, None, None, None, "metered")
        )
    return Side(rows, dict(zip(GROUPS, tasks.tolist(), strict=True)))


def own(found: Bridge, cause: Cause) -> dict[str, int]:
    """The effects on the lines that a cause touches."""
    touched = {GROUPS[n] for n in range(len(STREAMS)) if cause.touches(n)}
    return summed(line for line in found.lines if line.key.group in touched)


PAIRS = {
    "flash-price-cut": ("2026-06", "2026-08"),
    "retry-storm": ("2026-06", "2026-07"),
    "cache-roll-out": ("2026-06", "2026-08"),
    "review-growth": ("2026-08", "2026-09"),
    "reasoning-move": ("2026-08", "2026-09"),
    "sonnet-price-cut": ("2026-08", "2026-09"),
}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_every_planted_cause_is_in_its_effect_with_its_sign(company: Company, cause: Cause) -> None:
    found = own(company.explained(*PAIRS[cause.name]), cause)
    assert found[cause.effect] * cause.sign > 0
    assert company.planted(cause, *PAIRS[cause.name]) * cause.sign > 0
    if cause.effect in ("model_mix", "calls_per_task", "fresh_input", "reasoning"):
        assert abs(found[cause.effect]) == max(map(abs, found.values()))


@pytest.mark.parametrize(
    "cause", [c for c in CAUSES if c.kind != "retries"], ids=lambda cause: cause.name
)
def test_effects_are_within_5_percent_of_the_bill_without_the_cause(
    company: Company, cause: Cause
) -> None:
    """Shapley shares the interaction of causes, the counterfactual gives all of it to one; and the
    two months are different draws. Together that is 2 % here."""
    found = own(company.explained(*PAIRS[cause.name]), cause)
    (facts,) = (c for c in company.truth["causes"] if c["name"] == cause.name)
    effect = sum(found[name] for name in facts["effects"])
    assert effect == pytest.approx(company.planted(cause, *PAIRS[cause.name]), rel=0.05)


def test_no_list_price_moves(company: Company) -> None:
    """All prices are constant; the cuts come under new model names."""
    for before, after in PAIRS.values():
        effects = company.explained(before, after).effects
        assert effects["list_price"] == effects["contract"] == effects["price_known"] == 0


def test_the_retry_storm_in_the_same_draws(company: Company) -> None:
    """July without the calls that were only asked again because of the storm, against July.

    Nothing but calls per task has changed, so what the bridge gives to calls and to what they are
    made of is the storm, exactly. Calls per task alone counts a repeated call at the mean cost of a
    call: right where a call costs the same the second time, too much where its prompt is cached by
    then, which shows as a saving in the token kinds.
    """
    storm = CAUSES[cause_of("retries")]
    calm = company_of(EVENTS, lambda tasks, events: ~events.stormy)
    found = explained(calm.months["2026-07"], company.months["2026-07"])
    planted = company.planted(storm, "2026-06", "2026-07")
    assert found.delta == planted
    assert sum(found.effects[name] for name in PER_CALL) == planted
    jobs = ("fraud-triage", "dispute-letter", "meeting-notes")
    plain = [line for line in found.lines if line.key.group[1] in jobs]
    change = sum(line.delta for line in plain)
    assert change > 0
    assert summed(plain)["calls_per_task"] == pytest.approx(change, rel=0.05)
    cached = summed(line for line in found.lines if line.key.group[1] not in jobs)
    assert cached["calls_per_task"] > 0 > cached["cache"]


# -------------------------------------------------------------------------- sampling intervals
SAMPLED = 400_000
REPLICATES = 60


@dataclass
class Sample:
    """A month's calls by task, to be drawn again. place: stream and model of every call as one
    number."""

    task: Any
    place: Any
    amounts: Any
    streams: Any
    """The stream of every task that has a call."""

    def again(self, weights: Any) -> Side:
        """The month with every task as often as its weight says."""
        size, shape = len(STREAMS) * len(MODELS), (len(STREAMS), len(MODELS))
        weight = weights[self.task]

        def sums(values: Any) -> Any:
            found = np.bincount(self.place, weights=values * weight, minlength=size)
            return np.rint(found).astype(np.int64).reshape(shape)

        amounts = np.stack([sums(column) for column in self.amounts.T], axis=-1)
        tasks = np.bincount(self.streams, weights=weights, minlength=len(STREAMS))
        return side(sums(np.ones(len(weight))), amounts, np.rint(tasks).astype(np.int64))


@pytest.fixture(scope="module")
def samples() -> dict[str, Sample]:
    held: dict[str, list[tuple[Any, ...]]] = {name: [] for name in MONTHS}
    for tasks, drawn, usage in work(SAMPLED):
        month = MONTH[tasks.day[drawn.task]]
        amounts = np.stack([getattr(usage, kind) for kind in KINDS], axis=1)
        place = tasks.stream[drawn.task] * len(MODELS) + usage.model
        for number, name in enumerate(MONTHS):
            rows = month == number
            held[name].append((tasks.counter[drawn.task][rows], place[rows], amounts[rows]))
    found = {}
    for name, chunks in held.items():
        task, place, amounts = (np.concatenate(column) for column in zip(*chunks, strict=True))
        _, first, numbers = np.unique(task, return_index=True, return_inverse=True)
        found[name] = Sample(numbers, place, amounts, place[first] // len(MODELS))
    return found


def beyond_chance(before: Sample, after: Sample, names: Sequence[str]) -> set[str]:
    """Effects whose interval of 99 % over all effects together does not hold 0.

    A Poisson bootstrap over tasks, the unit that is drawn independently: in every replicate each
    task is there as often as a Poisson number of mean 1, so that the number of tasks varies, too.
    """
    random = np.random.default_rng(3)

    def effects(*weights: Any) -> list[int]:
        found = explained(before.again(weights[0]), after.again(weights[1])).effects
        return [found[name] for name in names]

    sizes = len(before.streams), len(after.streams)
    estimate = effects(*map(np.ones, sizes))
    draws = [effects(*(random.poisson(1, n) for n in sizes)) for _ in range(REPLICATES)]
    spread = np.std(np.array(draws, dtype=np.float64), axis=0, ddof=1)
    limit = NormalDist().inv_cdf(1 - 0.005 / len(names))
    return {
        name
        for name, value, error in zip(names, estimate, spread, strict=True)
        if abs(value) > limit * error
    }


def test_months_of_equal_parameters_show_no_effect_beyond_chance(
    samples: dict[str, Sample],
) -> None:
    """May and June: same parameters, equally long."""
    assert not beyond_chance(samples["2026-05"], samples["2026-06"], EFFECT_NAMES)


def test_the_same_interval_does_see_what_was_planted(samples: dict[str, Sample]) -> None:
    found = beyond_chance(samples["2026-08"], samples["2026-10"], EFFECT_NAMES)
    assert {"tasks", "task_mix", "model_mix", "tokens_per_call", "reasoning"} <= found
    assert "list_price" not in found
