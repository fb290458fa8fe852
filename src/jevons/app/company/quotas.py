"""How many events every day has, so that a company of N events has exactly N.

A day's part is its expected number of calls: work per day x tasks of every stream x calls per
task, all causes included. The parts are cut to whole events by cumulative rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from jevons.app.company.causes import CAUSES
from jevons.app.company.dice import ONE, SLOTS, lognormal
from jevons.app.company.jobs import JOBS, STREAMS, Job
from jevons.app.company.plan import DAY_WEIGHT, DAYS

BASE_RETRIES: Final = 650
"""Share (of 65,536) of calls whose answer is not used and asked for again: 1 %."""
ERRORS: Final = 750
"""Share of calls that first fail without usage: 1.1 %."""
MOST_RETRIES: Final = 3
SPREAD_STEPS: Final = 0.6
"""Sigma of the log-normal number of steps."""
MOST_STEPS: Final = 60
MOST_HELPER_STEPS: Final = 24


@dataclass(frozen=True, slots=True)
class Day:
    """One day's plan: its events, the weight of every stream, and the mean calls of its tasks."""

    number: int
    events: int
    weights: tuple[int, ...]
    calls_per_task: float


def quantile_steps(mean: int, most: int, quantile: int) -> int:
    """Steps at a quantile (a multiple of 1/ONE): one, and the rest of the mean scaled by it."""
    return min(most, 1 + (((mean - 1) * quantile + ONE // 2) >> 16))


@cache
def mean_steps(mean: int, most: int) -> float:
    """The exact mean of the number of steps, after rounding and cutting."""
    table = lognormal(SPREAD_STEPS).tolist()
    return sum(quantile_steps(mean, most, quantile) for quantile in table) / SLOTS


@cache
def retry_share(stream: int, day: int) -> int:
    """Share (of 65,536) of calls of a stream that are asked again on a day."""
    shares = [BASE_RETRIES]
    for cause in CAUSES:
        if cause.kind == "retries" and cause.touches(stream) and cause.reach(day):
            shares.append(cause.retry_share)
    return max(shares)


@cache
def growth_percent(stream: int, day: int) -> int:
    """How many percent more tasks a stream has on a day than without growth."""
    return sum(c.percent(day) for c in CAUSES if c.kind == "growth" and c.touches(stream))


def _logical_calls(job: Job) -> float:
    """Mean calls of a task before retries and errors."""
    opening = job.guard + job.retrieve + job.title
    share, steps = job.helpers
    return opening + mean_steps(job.steps, MOST_STEPS) + (
        share / ONE * mean_steps(steps, MOST_HELPER_STEPS)
    )  # fmt: skip


@cache
def _attempts(share: int) -> float:
    """Mean events per logical call."""
    again = share / ONE
    return 1 + ERRORS / ONE + sum(again**number for number in range(1, MOST_RETRIES + 1))


def plan_days(events: int) -> list[Day]:
    """Every day's plan; their events add up to `events`."""
    calls = [_logical_calls(JOBS[stream.job]) for stream in STREAMS]
    expected: list[float] = []
    weights: list[tuple[int, ...]] = []
    per_task: list[float] = []
    for day in range(DAYS):
        weight = tuple(
            s.weight * (100 + growth_percent(number, day)) // 100
            for number, s in enumerate(STREAMS)
        )
        work = sum(
            w * calls[number] * _attempts(retry_share(number, day))
            for number, w in enumerate(weight)
        )
        weights.append(weight)
        per_task.append(work / sum(weight))
        expected.append(DAY_WEIGHT[day] * work)
    total, reached, given = sum(expected), 0.0, 0
    days = []
    for day in range(DAYS):
        reached += expected[day]
        until = events if day == DAYS - 1 else int(events * (reached / total) + 0.5)
        days.append(Day(day, until - given, weights[day], per_task[day]))
        given = until
    return days
