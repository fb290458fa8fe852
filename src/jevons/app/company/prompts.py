"""What goes into every call: the context of its run, and how much of it comes from the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from jevons.app.company.catalogue import MODELS
from jevons.app.company.causes import cause_of
from jevons.app.company.dice import I64, Flags, draw, lognormal, scaled, share
from jevons.app.company.jobs import column
from jevons.app.company.work import GUARD, HELPER, MAIN, TITLE, Events, Tasks

# Purposes of draws: distinct from those of the other modules.
_QUESTIONS, _STEPS, _WARMTH, _TAILS = 11, 12, 51, 62

SPREAD: Final = 0.8
"""Sigma of the log-normal token counts."""
WINDOW: Final = 150_000
"""Contexts are compacted to this many tokens: no long-context price tier is ever reached."""
BLOCK: Final = 128
"""OpenAI counts cached input in steps of this many tokens, from 1,024 on."""
_WARM: Final = 52_000
"""Share of tasks (of 65,536) that find the constant prefix in the cache already."""

_BASE: Final = column("base")
_QUESTION: Final = column("question")
_GROWTH: Final = column("growth")
_CACHED: Final = column("cached") == 1
_HOUR: Final = column("hour_writes") == 1
_WRITES: Final = np.array([m.dialect == "anthropic" for m in MODELS])
_BLOCKS: Final = np.array([m.dialect in ("chat", "responses") for m in MODELS])


@dataclass(slots=True)
class Prompts:
    """Input tokens of every event by kind: fresh, read from the cache, written to it (hour: of
    these for an hour)."""

    fresh: I64
    read: I64
    written: I64
    hour: I64


def prompts_of(seed: int, tasks: Tasks, events: Events, answer: I64, model: I64) -> Prompts:
    """Draw the input of every event.

    answer: its answer's tokens, which later steps of its run carry along. model: in `MODELS`.
    """
    job = tasks.job[events.task]
    base = _prefix(events, job)
    context, before = _contexts(seed, tasks, events, base, answer)
    caching = _CACHED[job] | tasks.acts(cause_of("cache"))[events.task]
    caching &= (events.role == MAIN) | (events.role == HELPER)
    warm = (share(draw(seed, _WARMTH, tasks.counter), 0) < _WARM)[events.task]
    first = events.step == 1
    held = np.where(first, np.where(warm, base, 0), before)
    held = np.where(events.again, context, held) * caching
    fresh, read, written = _parts(seed, events, caching, model, np.stack((context, held)))
    hour = np.where(_HOUR[job] & first & ~warm, np.minimum(base, written), 0)
    return Prompts(fresh, read, written, hour)


def _parts(
    seed: int, events: Events, caching: Flags, model: I64, tokens: I64
) -> tuple[I64, I64, I64]:
    """Split the input into fresh, cache read and written; tokens: all, and what the cache holds.

    OpenAI and Gemini do not bill writes; OpenAI counts reads in blocks. With Anthropic everything
    up to the last marker is written, so only a few tokens stay fresh.
    """
    context, held = tokens
    read = np.minimum(held, np.maximum(context - 3, 0))
    read = np.where(_BLOCKS[model], np.where(read < 1024, 0, read // BLOCK * BLOCK), read)
    tail = 3 + (draw(seed, _TAILS, events.call) & np.uint64(31)).astype(np.int64)
    fresh = context - read
    fresh = np.where(caching & _WRITES[model], np.minimum(tail, fresh), fresh)
    return fresh, read, context - read - fresh


def _prefix(events: Events, job: I64) -> I64:
    """Tokens of the constant prefix of every event's run; a sub-agent has fewer tools."""
    return np.where(events.role == HELPER, _BASE[job] * 5 // 8, _BASE[job])


def _contexts(seed: int, tasks: Tasks, events: Events, base: I64, answer: I64) -> tuple[I64, I64]:
    """Input tokens of every event and those of the step before in its run (0 at the first step).

    A run's context is prefix and question, then grows by every step's answer and tool results.
    """
    table = lognormal(SPREAD)
    role, task = events.role, events.task
    bits = draw(seed, _QUESTIONS, tasks.counter)
    question = scaled(bits, 0, _QUESTION[tasks.job], table)[task]
    bits = draw(seed, _STEPS, events.call)
    opening = np.where(role == GUARD, question + 220, 20 + scaled(bits, 1, np.full(1, 40), table))
    opening = np.where(role == TITLE, question // 2 + 250, opening)
    start = base + np.where(role == HELPER, 400 + scaled(bits, 2, np.full(1, 500), table), question)
    added = scaled(bits, 0, _GROWTH[tasks.job[task]], table) + answer
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
