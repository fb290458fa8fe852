"""From days to calls: which tasks a day has, how they run, and what every call consumes.

Everything is drawn by counter: a task's counter is its day and number in the day, a call's the task's and
its position, an event's the call's and its attempt. Nothing depends on how days are put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jevons.app.company import quotas
from jevons.app.company.causes import CAUSES
from jevons.app.company.dice import I64, ONE, U64, draw, lognormal, share
from jevons.app.company.jobs import JOBS, STREAMS
from jevons.app.company.plan import FULL_SIZE, TEAMS
from jevons.app.company.quotas import Day

# Purposes of draws: any distinct numbers.
_PICK, _SHAPE, _MARKS, _START, _TRIES = 1, 2, 3, 4, 5

GUARD, RETRIEVE, TITLE, MAIN, HELPER = range(5)
"""Roles of a call in its task."""


@dataclass(slots=True)
class Tasks:
    """The tasks of a stretch of days; one row each.

    counter: identity. job, team, stream: positions in their tables. steps: calls of the main run.
    helpers: sub-agent runs; helper_steps: calls of each. spawn: the main step that starts them.
    opening: calls before the first step. calls: all of these. retry: share of calls asked again.
    reached: bit n is set when cause n acts on the task.
    """

    counter: U64
    day: I64
    stream: I64
    job: I64
    team: I64
    steps: I64
    helpers: I64
    helper_steps: I64
    spawn: I64
    opening: I64
    calls: I64
    retry: I64
    reached: I64


@dataclass(slots=True)
class Events:
    """The events of a stretch of days, task by task; one row each.

    task: row in `Tasks`. call: counter of the logical call. first: row of the first event of the same
    logical call. position: of the call in its task. attempt: from 1. role: `GUARD` and so on. step:
    number in its run, from 1. helper: number of the sub-agent run, 0 for the main run. failed: ended
    without usage. again: asked again although answered. stormy: only because of the retry storm.
    """

    task: I64
    call: U64
    position: I64
    attempt: I64
    role: I64
    step: I64
    helper: I64
    failed: np.ndarray
    again: np.ndarray
    stormy: np.ndarray


def _column(name: str) -> I64:
    return np.array([getattr(JOBS[s.job], name) for s in STREAMS], dtype=np.int64)


_JOB: Final = np.array([s.job for s in STREAMS], dtype=np.int64)
_TEAM: Final = np.array([s.team for s in STREAMS], dtype=np.int64)
_STEPS: Final = _column("steps")
_HELPERS: Final = np.array([JOBS[s.job].helpers for s in STREAMS], dtype=np.int64)
_OPENING: Final = _column("guard") + _column("retrieve") + _column("title")


def people(events: int) -> list[tuple[int, int]]:
    """For every team the number of its first person and how many it has, in a company of that size."""
    found, first = [], 1
    for team in TEAMS:
        size = max(1, round(team.people * min(1.0, (events / FULL_SIZE) ** 0.5)))
        found.append((first, size))
        first += size
    return found


def tasks_of(seed: int, days: Sequence[Day], margin: float) -> Tasks:
    """Enough tasks for every day's events, unless chance needs a larger `margin`."""
    counters, streams, numbers = [], [], []
    for day in days:
        mean = day.events / day.calls_per_task
        count = int(mean * margin + 6 * (mean**0.5) + 10)
        counter = np.arange(count, dtype=np.uint64) + np.uint64(day.number << 32)
        bits = draw(seed, _PICK, counter)
        reach = np.cumsum(np.array(day.weights, dtype=np.int64))
        point = ((bits >> np.uint64(32)).astype(np.int64) * reach[-1]) >> 32
        counters.append(counter)
        streams.append(np.searchsorted(reach, point, side="right"))
        numbers.append(np.full(count, day.number, dtype=np.int64))
    return _shaped(
        seed, np.concatenate(counters), np.concatenate(numbers), np.concatenate(streams)
    )


def _shaped(seed: int, counter: U64, day: I64, stream: I64) -> Tasks:
    bits = draw(seed, _SHAPE, counter)
    table = lognormal(quotas.SPREAD_STEPS)
    steps = _steps(bits, 0, _STEPS[stream], quotas.MOST_STEPS, table)
    helper_share, helper_mean = _HELPERS[stream].T
    helpers = (share(bits, 3) < helper_share).astype(np.int64)
    helper_steps = _steps(bits, 1, helper_mean, quotas.MOST_HELPER_STEPS, table)
    opening = _OPENING[stream]
    return Tasks(
        counter=counter,
        day=day,
        stream=stream,
        job=_JOB[stream],
        team=_TEAM[stream],
        steps=steps,
        helpers=helpers,
        helper_steps=helper_steps,
        spawn=np.maximum(1, steps // 3),
        opening=opening,
        calls=opening + steps + helpers * helper_steps,
        retry=_by_day(quotas.retry_share, day, stream),
        reached=_reached(seed, counter, day, stream),
    )


def _steps(bits: U64, slot: int, mean: I64, most: int, table: I64) -> I64:
    picked = ((bits >> np.uint64(12 * slot)) & np.uint64(4095)).astype(np.int64)
    return np.minimum(most, 1 + (((mean - 1) * table[picked] + ONE // 2) >> 16))


def _by_day(rule: object, day: I64, stream: I64) -> I64:
    """A number per (stream, day) from a scalar rule, looked up for every task."""
    first, last = int(day[0]), int(day[-1])
    assert callable(rule)
    table = np.array(
        [[rule(s, d) for s in range(len(STREAMS))] for d in range(first, last + 1)], dtype=np.int64
    )
    return table[day - first, stream]


def _reached(seed: int, counter: U64, day: I64, stream: I64) -> I64:
    """Which causes act on every task, as bits; growth: the tasks that it has added."""
    reached = np.zeros(len(counter), dtype=np.int64)
    for number, cause in enumerate(CAUSES):
        mark = share(draw(seed, _MARKS + 100 * number, counter), 1)
        if cause.kind == "growth":
            percent = _by_day(quotas.growth_percent, day, stream)
            touched = np.array([cause.touches(s) for s in range(len(STREAMS))])[stream]
            hit = touched & (mark * (100 + percent) >= 100 * ONE)
        else:
            hit = mark < _by_day(
                lambda s, d, c=cause: c.reach(d) if c.touches(s) else 0, day, stream
            )
        reached |= hit.astype(np.int64) << number
    return reached


def events_of(seed: int, days: Sequence[Day]) -> Iterator[tuple[Tasks, Events]]:
    """The events of a stretch of days: as many as planned, to the last task, which may be cut."""
    margin = 1.0
    while True:
        tasks = tasks_of(seed, days, margin)
        events = _expanded(seed, tasks)
        kept = _cut(tasks, events, days)
        if kept is not None:
            break
        margin *= 1.5
    yield tasks, kept
