"""From days to calls: which tasks a day has, how they run, and what every call consumes.

Everything is drawn by counter: a task's counter is its day and number in the day, a call's the
task's and its position, an event's the call's and its attempt. Nothing depends on how days are
put together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from jevons.app.company import quotas
from jevons.app.company.causes import CAUSES
from jevons.app.company.dice import I64, ONE, U64, Flags, draw, lognormal, share
from jevons.app.company.jobs import JOBS, STREAMS, column
from jevons.app.company.plan import DAYS, FULL_SIZE, TEAMS
from jevons.app.company.quotas import Day

# Purposes of draws: distinct from those of the other modules. Marks take 3, 103, 203, ...
_PICK, _SHAPE, _MARKS, _TRIES = 1, 2, 3, 5

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

    def acts(self, cause: int) -> Flags:
        """Whether a cause (position in `CAUSES`) acts on every task."""
        acting: Flags = (self.reached >> cause) & 1 == 1
        return acting


@dataclass(slots=True)
class Events:
    """The events of a stretch of days, task by task; one row each.

    task: row in `Tasks`. call: counter of the logical call. attempt: from 1. role: `GUARD` and so
    on. step: number in its run, from 1, 0 before the run. failed: ended without usage. again: asked
    again although answered. stormy: only because of the retry storm.
    """

    task: I64
    call: U64
    attempt: I64
    role: I64
    step: I64
    failed: Flags
    again: Flags
    stormy: Flags

    @property
    def counter(self) -> U64:
        """The identity of every event: its call and its attempt."""
        return (self.call << np.uint64(3)) | self.attempt.astype(np.uint64)


_JOB: Final = np.array([s.job for s in STREAMS], dtype=np.int64)
_TEAM: Final = np.array([s.team for s in STREAMS], dtype=np.int64)
_STEPS: Final = column("steps")[_JOB]
_HELPERS: Final = np.array([JOBS[s.job].helpers for s in STREAMS], dtype=np.int64)
_GUARD: Final = column("guard")[_JOB]
_RETRIEVE: Final = column("retrieve")[_JOB]
_OPENING: Final = _GUARD + _RETRIEVE + column("title")[_JOB]


def people(events: int) -> list[tuple[int, int]]:
    """For every team the number of its first person and how many it has, in a company of that
    size.
    """
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
    return _shaped(seed, np.concatenate(counters), np.concatenate(numbers), np.concatenate(streams))


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
        retry=_table(quotas.retry_share)[day, stream],
        reached=_reached(seed, counter, day, stream),
    )


def _steps(bits: U64, slot: int, mean: I64, most: int, table: I64) -> I64:
    picked = ((bits >> np.uint64(12 * slot)) & np.uint64(4095)).astype(np.int64)
    steps: I64 = np.minimum(most, 1 + (((mean - 1) * table[picked] + ONE // 2) >> 16))
    return steps


@cache
def _table(rule: Callable[[int, int], int]) -> I64:
    """A scalar rule of (stream, day) as an array over all days and streams."""
    rows = [[rule(stream, day) for stream in range(len(STREAMS))] for day in range(DAYS)]
    return np.array(rows, dtype=np.int64)


@cache
def _reach(number: int) -> I64:
    """Share (of `ONE`) of the tasks of every day and stream that a cause has reached."""
    cause = CAUSES[number]
    rows = [
        [cause.reach(day) if cause.touches(stream) else 0 for stream in range(len(STREAMS))]
        for day in range(DAYS)
    ]
    return np.array(rows, dtype=np.int64)


def _reached(seed: int, counter: U64, day: I64, stream: I64) -> I64:
    """Which causes act on every task, as bits; for growth: the tasks that it has added."""
    reached = np.zeros(len(counter), dtype=np.int64)
    for number, cause in enumerate(CAUSES):
        mark = share(draw(seed, _MARKS + 100 * number, counter), 1)
        if cause.kind == "growth":
            percent = _table(quotas.growth_percent)[day, stream]
            hit = (percent > 0) & (mark * (100 + percent) >= 100 * ONE)
        else:
            hit = mark < _reach(number)[day, stream]
        reached |= hit.astype(np.int64) << number
    return reached


def work_of(seed: int, days: Sequence[Day]) -> tuple[Tasks, Events]:
    """The work of a stretch of days: exactly the planned events, the last task of a day cut to
    fit.
    """
    margin = 1.0
    while True:
        tasks = tasks_of(seed, days, margin)
        events = _events(seed, tasks, days)
        if events is not None:
            return tasks, events
        margin *= 1.5


def _events(seed: int, tasks: Tasks, days: Sequence[Day]) -> Events | None:
    """Every attempt of every call of the tasks, None when a day has fewer than planned."""
    task, position = _runs(tasks.calls)
    call = (tasks.counter[task] << np.uint64(8)) | position.astype(np.uint64)
    bits = draw(seed, _TRIES, call)
    failing = (share(bits, 0) < quotas.ERRORS).astype(np.int64)
    chance, limit = share(bits, 1), tasks.retry[task]
    again = np.zeros(len(call), dtype=np.int64)
    base = np.zeros(len(call), dtype=np.int64)
    reach, plain = np.full(len(call), ONE), ONE
    for _ in range(quotas.MOST_RETRIES):
        reach, plain = (reach * limit) >> 16, (plain * quotas.BASE_RETRIES) >> 16
        again += chance < reach
        base += chance < plain
    row, attempt = _runs(1 + failing + again)
    kept = _planned(tasks.day[task[row]], days)
    if kept is None:
        return None
    row, attempt = row[kept], attempt[kept] + 1
    number = attempt - 1 - failing[row]  # 0 = the first answer, 1.. = asked again
    role, step = _place(tasks, task[row], position[row])
    return Events(
        task=task[row],
        call=call[row],
        attempt=attempt,
        role=role,
        step=step,
        failed=number < 0,
        again=number > 0,
        stormy=number > base[row],
    )


def _runs(lengths: I64) -> tuple[I64, I64]:
    """For runs of these lengths, laid end to end: the run of every row and its place in it, from
    0.
    """
    run = np.repeat(np.arange(len(lengths)), lengths)
    return run, np.arange(len(run)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _planned(day: I64, days: Sequence[Day]) -> I64 | None:
    """The rows to keep: of every day the first as many as planned; None when there are too few."""
    first = days[0].number
    have = np.bincount(day - first, minlength=len(days))
    want = np.array([d.events for d in days])
    if (have < want).any():
        return None
    start = np.cumsum(have) - have
    return np.nonzero(np.arange(len(day)) - start[day - first] < want[day - first])[0]


def _place(tasks: Tasks, task: I64, position: I64) -> tuple[I64, I64]:
    """Role of a call and its step in its run, from its position in the task."""
    stream = tasks.stream[task]
    guard, retrieve = _GUARD[stream], _RETRIEVE[stream]
    inner = position - tasks.opening[task]
    spawn, inserted = tasks.spawn[task], (tasks.helpers * tasks.helper_steps)[task]
    helping = (inner >= spawn) & (inner < spawn + inserted)
    later = inner >= spawn + inserted
    step = np.where(helping, inner - spawn, inner - np.where(later, inserted, 0)) + 1
    role = np.where(helping, HELPER, MAIN)
    opening = np.where(
        position < guard, GUARD, np.where(position < guard + retrieve, RETRIEVE, TITLE)
    )
    return np.where(inner < 0, opening, role), np.where(inner < 0, 0, step)
