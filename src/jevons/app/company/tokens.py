"""What every call produces and when: model, answer, reasoning, duration and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from jevons.app.company.catalogue import model
from jevons.app.company.causes import CAUSES, cause_of
from jevons.app.company.dice import I64, ONE, SLOTS, Flags, draw, lognormal, scaled, share
from jevons.app.company.jobs import JOBS, column
from jevons.app.company.plan import EPOCH_DAY
from jevons.app.company.prompts import SPREAD, prompts_of
from jevons.app.company.work import GUARD, HELPER, MAIN, RETRIEVE, TITLE, Events, Tasks

# Purposes of draws: distinct from those of the other modules.
_ANSWERS, _RESTS, _SEARCHING, _PAUSES, _URGENCY, _BEGIN = 13, 23, 33, 14, 41, 74

CUT_SHORT: Final = 400
"""Share (of 65,536) of answers that are interrupted: 0.6 %."""
_DAY_MS: Final = 86_400_000

HELPER_MODEL: Final = model("claude-haiku-4-5")
GUARD_MODEL: Final = model("gpt-5-nano")
RETRIEVE_MODEL: Final = model("text-embedding-3-small")

_HOUR_WEIGHTS: Final = {
    "office": (0, 0, 0, 0, 0, 1, 4, 9, 12, 12, 10, 8, 9, 12, 12, 9, 6, 3, 1, 1, 0, 0, 0, 0),
    "day": (3, 2, 2, 2, 2, 3, 4, 6, 8, 9, 9, 8, 8, 9, 9, 9, 8, 7, 7, 6, 6, 5, 4, 3),
    "night": (6, 9, 9, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2),
}


@dataclass(slots=True)
class Usage:
    """Tokens of every event by kind, none for a failed one; one row each.

    fresh, read, write (for five minutes), hour (for an hour), answer, reasoning, searches:
    quantities. model, old_model: position in `MODELS`, now and without any cause. planned:
    reasoning tokens that are due to the move to a reasoning model. cut: interrupted. time: epoch
    microseconds. latency: ms.
    """

    fresh: I64
    read: I64
    write: I64
    hour: I64
    answer: I64
    reasoning: I64
    searches: I64
    model: I64
    old_model: I64
    moved_reasoning: I64
    cut: Flags
    time: I64
    latency: I64


_ANSWER: Final = column("answer")
_REASONING: Final = column("reasoning")
_PRIORITY: Final = column("priority")
_SEARCHES: Final = column("searches")
_MODEL: Final = np.array([model(job.model, job.tier) for job in JOBS], dtype=np.int64)
_URGENT: Final = np.array(
    [model(job.model, "priority") if job.priority else -1 for job in JOBS], dtype=np.int64
)


def _hours() -> I64:
    """For the hours of every job: 4,096 slots holding an hour of the day each."""
    rows = []
    for job in JOBS:
        weights = _HOUR_WEIGHTS[job.hours]
        edges = np.cumsum(weights) * SLOTS // sum(weights)
        rows.append(np.searchsorted(edges, np.arange(SLOTS), side="right"))
    return np.array(rows, dtype=np.int64)


_HOURS: Final = _hours()


def usage_of(seed: int, tasks: Tasks, events: Events) -> Usage:
    """Draw what the events consume."""
    job = tasks.job[events.task]
    now, old = _models(seed, tasks, events.task, events.role)
    answer, reasoning, moved, cut = _output(seed, tasks, events, job)
    prompts = prompts_of(seed, tasks, events, answer, now)
    searching = draw(seed, _SEARCHING, events.counter) % np.uint64(3) == 0
    latency, time = _clock(seed, tasks, events, answer, reasoning)
    alive = (~events.failed).astype(np.int64)
    return Usage(
        fresh=prompts.fresh * alive,
        read=prompts.read * alive,
        write=(prompts.written - prompts.hour) * alive,
        hour=prompts.hour * alive,
        answer=answer * alive,
        reasoning=reasoning * alive,
        searches=_SEARCHES[job] * (events.role == MAIN) * searching * alive,
        model=now,
        old_model=old,
        moved_reasoning=moved * alive,
        cut=cut & ~events.failed,
        time=time,
        latency=latency,
    )


def _models(seed: int, tasks: Tasks, task: I64, role: I64) -> tuple[I64, I64]:
    """The model of every event, now and as it would be without any cause."""
    old = _MODEL[tasks.job]
    urgent = share(draw(seed, _URGENCY, tasks.counter), 0) < _PRIORITY[tasks.job]
    old = np.where(urgent, _URGENT[tasks.job], old)
    now = old.copy()
    for number, cause in enumerate(CAUSES):
        if cause.new_model:
            now[tasks.acts(number)] = model(cause.new_model)
    by_role = np.full(5, -1, dtype=np.int64)
    by_role[[GUARD, RETRIEVE, TITLE, HELPER]] = (
        GUARD_MODEL, RETRIEVE_MODEL, HELPER_MODEL, HELPER_MODEL,
    )  # fmt: skip
    other = by_role[role]
    return np.where(other < 0, now[task], other), np.where(other < 0, old[task], other)


def _output(seed: int, tasks: Tasks, events: Events, job: I64) -> tuple[I64, I64, I64, Flags]:
    """Answer and reasoning tokens, how many of these are due to the move, and whether it was
    cut.
    """
    bits = draw(seed, _ANSWERS, events.counter)
    table = lognormal(SPREAD)
    role = events.role
    mean = np.where(role == MAIN, _ANSWER[job], np.where(role == HELPER, 260, 14))
    answer = np.where(role == RETRIEVE, 0, 1 + scaled(bits, 0, mean, table))
    move = cause_of("reasoning_model")
    moving = tasks.acts(move)[events.task] & (role == MAIN)
    thinking = np.where(role == MAIN, _REASONING[job], 0) + moving * CAUSES[move].reasoning
    reasoning = scaled(bits, 1, thinking, table)
    cut = (share(bits, 3) < CUT_SHORT) & ((role == MAIN) | (role == HELPER))
    rest = share(draw(seed, _RESTS, events.counter), 0)
    answer = np.where(cut, 1 + ((answer * rest) >> 16), answer)
    reasoning = np.where(cut, (reasoning * rest) >> 16, reasoning)
    return answer, reasoning, reasoning * moving, cut


def _clock(seed: int, tasks: Tasks, events: Events, answer: I64, reasoning: I64) -> tuple[I64, I64]:
    """Duration (ms) and start (epoch microseconds) of every event; a task ends within its day."""
    bits = draw(seed, _PAUSES, events.counter)
    pause = scaled(bits, 0, np.full(1, 3_500), lognormal(SPREAD))
    latency = 280 + ((answer * 9 + reasoning * 6) * (ONE // 2 + share(bits, 1)) >> 16)
    latency = np.where(events.failed, 120 + (share(bits, 2) >> 8), latency)
    spent = latency + pause
    total = np.cumsum(spent) - spent
    fresh = np.concatenate(([True], events.task[1:] != events.task[:-1]))
    start_row = np.maximum.accumulate(np.where(fresh, np.arange(len(total)), 0))
    offset = total - total[start_row]
    longest = np.zeros(len(tasks.job), dtype=np.int64)
    np.maximum.at(longest, events.task, offset + latency)
    clock = draw(seed, _BEGIN, tasks.counter)
    hour = _HOURS[tasks.job, (clock & np.uint64(SLOTS - 1)).astype(np.int64)]
    begin = hour * 3_600_000 + ((share(clock, 1) * 3_600_000) >> 16)
    begin = np.maximum(0, np.minimum(begin, _DAY_MS - 1_000 - longest))
    micro = (bits >> np.uint64(54)).astype(np.int64) % 1_000
    since = EPOCH_DAY + tasks.day[events.task]
    return latency, (since * _DAY_MS + begin[events.task] + offset) * 1_000 + micro
