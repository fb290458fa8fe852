"""What every call consumes: context, cache, answer and reasoning tokens, and when it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from jevons.app.company.causes import CAUSES
from jevons.app.company.dice import I64, ONE, SLOTS, U64, Flags, draw, lognormal, scaled, share
from jevons.app.company.jobs import JOBS
from jevons.app.company.models import MODELS, model
from jevons.app.company.work import GUARD, HELPER, MAIN, RETRIEVE, TITLE, Events, Tasks

# Purposes of draws: distinct from those of `work`.
_TASK, _CALL, _EVENT, _CLOCK = 11, 12, 13, 14

SPREAD: Final = 0.8
"""Sigma of the log-normal token counts."""
WINDOW: Final = 150_000
"""Contexts are compacted to this many tokens: no long-context price tier is ever reached."""
BLOCK: Final = 128
"""OpenAI counts cached input in steps of this many tokens, from 1,024 on."""
CUT_SHORT: Final = 400
"""Share (of 65,536) of answers that are interrupted: 0.6 %."""
_WARM: Final = 52_000
"""Share of tasks that find the constant prefix in the cache already."""
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

    fresh, read, write (five minutes), hour (one-hour writes), answer, reasoning, searches:
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


def _of_jobs(name: str) -> I64:
    return np.array([getattr(job, name) for job in JOBS], dtype=np.int64)


_BASE: Final = _of_jobs("base")
_QUESTION: Final = _of_jobs("question")
_GROWTH: Final = _of_jobs("growth")
_ANSWER: Final = _of_jobs("answer")
_REASONING: Final = _of_jobs("reasoning")
_CACHED: Final = _of_jobs("cached")
_HOUR: Final = _of_jobs("hour_writes")
_PRIORITY: Final = _of_jobs("priority")
_SEARCHES: Final = _of_jobs("searches")
_MODEL: Final = np.array([model(job.model, job.tier) for job in JOBS], dtype=np.int64)
_URGENT: Final = np.array(
    [model(job.model, "priority") if job.priority else -1 for job in JOBS], dtype=np.int64
)
_WRITES: Final = np.array([m.dialect == "anthropic" for m in MODELS])
_BLOCKS: Final = np.array([m.dialect in ("chat", "responses") for m in MODELS])


def _hours() -> I64:
    """For the hours of every job: 4,096 slots holding an hour of the day each."""
    rows = []
    for job in JOBS:
        weights = _HOUR_WEIGHTS[job.hours]
        edges = np.cumsum(weights) * SLOTS // sum(weights)
        rows.append(np.searchsorted(edges, np.arange(SLOTS), side="right"))
    return np.array(rows, dtype=np.int64)


_HOURS: Final = _hours()


def cause_of(kind: str) -> int:
    """The position in `CAUSES` of the only cause of a kind."""
    (number,) = (n for n, cause in enumerate(CAUSES) if cause.kind == kind)
    return number


def usage_of(seed: int, tasks: Tasks, events: Events) -> Usage:
    """Draw what the events consume."""
    task, role = events.task, events.role
    job = tasks.job[task]
    now, old = _models(seed, tasks, task, role)
    answer, reasoning, moved, cut = _output(seed, tasks, events, job)
    context, before = _contexts(seed, tasks, events, job, answer)
    cached = (_CACHED[job] == 1) | _acts(tasks, cause_of("cache"))[task]
    cached &= (role == MAIN) | (role == HELPER)
    parts = _cache_parts(seed, tasks, events, job, now, context, before, cached)
    alive = (~events.failed).astype(np.int64)
    fresh, read, write, hour = (part * alive for part in parts)
    searches = _SEARCHES[job] * (role == MAIN) * (draw(seed, _EVENT + 20, _event(events)) % 3 == 0)
    latency, time = _clock(seed, tasks, events, job, answer, reasoning)
    return Usage(
        fresh=fresh,
        read=read,
        write=write,
        hour=hour,
        answer=answer * alive,
        reasoning=reasoning * alive,
        searches=searches * alive,
        model=now,
        old_model=old,
        moved_reasoning=moved * alive,
        cut=cut & ~events.failed,
        time=time,
        latency=latency,
    )


def _event(events: Events) -> U64:
    return (events.call << np.uint64(3)) | events.attempt.astype(np.uint64)


def _acts(tasks: Tasks, cause: int) -> Flags:
    acting: Flags = (tasks.reached >> cause) & 1 == 1
    return acting


def _models(seed: int, tasks: Tasks, task: I64, role: I64) -> tuple[I64, I64]:
    """The model of every event, now and as it would be without any cause."""
    old = _MODEL[tasks.job]
    urgent = share(draw(seed, _TASK + 30, tasks.counter), 0) < _PRIORITY[tasks.job]
    old = np.where(urgent, _URGENT[tasks.job], old)
    now = old.copy()
    for number, cause in enumerate(CAUSES):
        if cause.new_model:
            now[_acts(tasks, number)] = model(cause.new_model)
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
    bits = draw(seed, _EVENT, _event(events))
    table = lognormal(SPREAD)
    role = events.role
    mean = np.where(role == MAIN, _ANSWER[job], np.where(role == HELPER, 260, 14))
    answer = np.where(role == RETRIEVE, 0, 1 + scaled(bits, 0, mean, table))
    move = cause_of("reasoning_model")
    moving = _acts(tasks, move)[events.task] & (role == MAIN)
    thinking = np.where(role == MAIN, _REASONING[job], 0) + moving * CAUSES[move].reasoning
    reasoning = scaled(bits, 1, thinking, table)
    cut = (share(bits, 3) < CUT_SHORT) & ((role == MAIN) | (role == HELPER))
    rest = share(draw(seed, _EVENT + 10, _event(events)), 0)
    answer = np.where(cut, 1 + ((answer * rest) >> 16), answer)
    reasoning = np.where(cut, (reasoning * rest) >> 16, reasoning)
    return answer, reasoning, reasoning * moving, cut


def _contexts(seed: int, tasks: Tasks, events: Events, job: I64, answer: I64) -> tuple[I64, I64]:
    """Input tokens of every event and those of the step before in its run (0 at the first step).

    A run's context is prefix and question, then grows by every step's answer and tool results.
    """
    table = lognormal(SPREAD)
    role, task = events.role, events.task
    question = scaled(draw(seed, _TASK, tasks.counter), 0, _QUESTION[tasks.job], table)[task]
    bits = draw(seed, _CALL, events.call)
    opening = np.where(role == GUARD, question + 220, 20 + scaled(bits, 1, np.full(1, 40), table))
    opening = np.where(role == TITLE, question // 2 + 250, opening)
    base = np.where(role == HELPER, _BASE[job] * 5 // 8, _BASE[job])
    start = base + np.where(role == HELPER, 400 + scaled(bits, 2, np.full(1, 500), table), question)
    added = scaled(bits, 0, _GROWTH[job], table) + answer
    # Only the first answer of a step stays in the context, not those that were asked again.
    added = np.where(events.failed | events.again, 0, added)
    grown, before = np.zeros(len(task), dtype=np.int64), np.zeros(len(task), dtype=np.int64)
    for kind in (MAIN, HELPER):
        mine = np.nonzero(role == kind)[0]
        grown[mine], before[mine] = _chain(task[mine], events.step[mine], added[mine])
    first = _first_value(task, role, events.step, start)
    inside = (role == MAIN) | (role == HELPER)
    context = np.where(inside, np.minimum(first + grown, WINDOW), opening)
    previous = np.where(inside & (events.step > 1), np.minimum(first + before, WINDOW), 0)
    return context, previous


def _chain(run: I64, step: I64, added: I64) -> tuple[I64, I64]:
    """For rows of runs in order: what earlier steps added, and what those before the last one
    added.
    """
    if not len(run):
        return added, added
    total = np.cumsum(added) - added
    fresh_run = np.concatenate(([True], run[1:] != run[:-1]))
    fresh_step = fresh_run | np.concatenate(([True], step[1:] != step[:-1]))
    rows = np.arange(len(run))
    run_start = np.maximum.accumulate(np.where(fresh_run, rows, 0))
    step_start = np.maximum.accumulate(np.where(fresh_step, rows, 0))
    at_step = total[step_start] - total[run_start]
    # The row before this step's first one lies in the step before (of the same run, if step > 1).
    before = at_step[np.maximum(step_start - 1, 0)]
    return at_step, np.where(step_start > run_start, before, 0)


def _first_value(task: I64, role: I64, step: I64, value: I64) -> I64:
    """The value that the first row of the same task and role has (a run's own question)."""
    found = np.zeros(len(task), dtype=np.int64)
    for kind in (MAIN, HELPER):
        mine = np.nonzero(role == kind)[0]
        if len(mine):
            fresh = np.concatenate(([True], task[mine][1:] != task[mine][:-1]))
            start = np.maximum.accumulate(np.where(fresh, np.arange(len(mine)), 0))
            found[mine] = value[mine][start]
    return found


def _cache_parts(
    seed: int,
    tasks: Tasks,
    events: Events,
    job: I64,
    now: I64,
    context: I64,
    before: I64,
    cached: Flags,
) -> tuple[I64, I64, I64, I64]:
    """Split the input into fresh, cache read, five-minute write and one-hour write."""
    base = np.where(events.role == HELPER, _BASE[job] * 5 // 8, _BASE[job])
    warm = (share(draw(seed, _TASK + 40, tasks.counter), 0) < _WARM)[events.task]
    first = events.step == 1
    read = np.where(first, np.where(warm, base, 0), before)
    read = np.where(events.again, context, read) * cached
    tail = 3 + (draw(seed, _CALL + 50, events.call) & np.uint64(31)).astype(np.int64)
    read = np.minimum(read, np.maximum(context - 3, 0))
    read = np.where(_BLOCKS[now], np.where(read < 1024, 0, read // BLOCK * BLOCK), read)
    writing = cached & _WRITES[now]
    fresh = np.where(writing, np.minimum(tail, context - read), context - read)
    written = context - read - fresh
    hour = np.where(first & ~warm & (_HOUR[job] == 1), np.minimum(base, written), 0)
    return fresh, read, written - hour, hour


def _clock(
    seed: int, tasks: Tasks, events: Events, job: I64, answer: I64, reasoning: I64
) -> tuple[I64, I64]:
    """Duration (ms) and start (epoch microseconds) of every event; a task ends within its day."""
    bits = draw(seed, _CLOCK, _event(events))
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
    clock = draw(seed, _CLOCK + 60, tasks.counter)
    hour = _HOURS[tasks.job, (clock & np.uint64(SLOTS - 1)).astype(np.int64)]
    begin = hour * 3_600_000 + ((share(clock, 1) * 3_600_000) >> 16)
    begin = np.maximum(0, np.minimum(begin, _DAY_MS - 1_000 - longest))
    micro = (bits >> np.uint64(54)).astype(np.int64) % 1_000
    since = EPOCH_DAY + tasks.day[events.task]
    return latency, (since * _DAY_MS + begin[events.task] + offset) * 1_000 + micro


EPOCH_DAY: Final = 20_574
"""1 May 2026, the first day of the company, in days since 1970."""
