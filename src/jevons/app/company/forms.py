"""The constant text of a line: what is equal for all calls of a kind, made once per kind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from jevons.app.company.catalogue import API, MODELS
from jevons.app.company.dice import I64, draw
from jevons.app.company.jobs import JOBS
from jevons.app.company.plan import MONTH_OF_DAY, ORGANISATION, TEAMS
from jevons.app.company.tokens import Usage
from jevons.app.company.work import HELPER, MAIN, Events, Tasks
from jevons.vocabulary.observation import SCHEMA

# Purposes of draws: distinct from those of the other modules.
_TOOL, _SYSTEM = 36, 38

OK, CUT, FAILED = range(3)
_STATES: Final = (("ok", None), ("interrupted", "partial"), ("error", "none"))
PURPOSES: Final = (
    "guardrail", "retrieve", "housekeeping", "plan", "tool", "verify", "answer", "retry",
    "sub-agent",
)  # fmt: skip
"""What a call is for. A harness that does not state it leaves it out of its lines."""
_PLAN, _USE_TOOL, _VERIFY, _ANSWER, _RETRY, _SUB_AGENT = range(3, 9)
_AGENTS: Final = ("guard", "retriever", "title", "main", "explore")
_FAILURES: Final = {"anthropic": "529 overloaded_error", "google": "503 UNAVAILABLE"}
_RADIX: Final = (3, len(PURPOSES), 6, 5, 6, len(MODELS), len(TEAMS), len(JOBS))
"""Sizes of the facts that make up a form key: state, purpose, tool, role, month, model, team,
job."""

_TOOL_COUNTS: Final = np.array([len(job.tools) for job in JOBS], dtype=np.int64)
_VERIFIES: Final = np.array([job.verify for job in JOBS])


@dataclass(frozen=True, slots=True)
class Form:
    """The constant text of a kind of call: before its time, before its request id, its blocks."""

    head: str
    request: str
    blocks: str


def purposes_of(tasks: Tasks, events: Events) -> I64:
    """What every event is for, as a position in `PURPOSES`."""
    steps = tasks.steps[events.task]
    last = events.step == steps
    verifying = _VERIFIES[tasks.job[events.task]] & (steps >= 3) & (events.step == steps - 1)
    first = (events.step == 1) & (steps >= 4)
    inside = np.select([last, verifying, first], [_ANSWER, _VERIFY, _PLAN], _USE_TOOL)
    by_role = np.select(
        [events.role == MAIN, events.role == HELPER], [inside, _SUB_AGENT], events.role
    )
    found: I64 = np.where(events.again, _RETRY, by_role)
    return found


def form_keys(seed: int, tasks: Tasks, events: Events, usage: Usage) -> I64:
    """The form of every event as one number: its facts in mixed radix, the job last."""
    task = events.task
    job = tasks.job[task]
    purpose = purposes_of(tasks, events)
    state = np.select([events.failed, usage.cut], [FAILED, CUT], OK)
    pick = (draw(seed, _TOOL, events.call) >> np.uint64(40)).astype(np.int64)
    using = (events.role == HELPER) | ((events.role == MAIN) & (events.step < tasks.steps[task]))
    tool = np.where(using, 1 + pick % _TOOL_COUNTS[job], 0)
    month = np.array(MONTH_OF_DAY, dtype=np.int64)[tasks.day[task]]
    facts = (state, purpose, tool, events.role, month, usage.model, tasks.team[task], job)
    key = np.zeros(len(task), dtype=np.int64)
    for size, fact in zip(reversed(_RADIX), reversed(facts), strict=True):
        key = key * size + fact
    return key


@cache
def form(key: int) -> Form:
    """The constant text for a form key."""
    facts = []
    for size in _RADIX:
        key, fact = divmod(key, size)
        facts.append(fact)
    state, purpose, tool, role, month, model, team, number = facts
    job, served = JOBS[number], MODELS[model]
    failed, own = state == FAILED, role in (MAIN, HELPER)
    failure = _FAILURES.get(served.provider, "429 rate_limit_exceeded")
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "provider": served.provider,
        "api": API[served.dialect],
        "evidence": job.evidence,
        "completeness": _STATES[state][1],
        "host": served.host,
        "request_model": served.name,
        "response_model": None if failed else served.answers_as or served.name,
        "service_tier": "priority" if served.tier == "priority" else None,
        "batch": True if served.tier == "batch" else None,
        "status": _STATES[state][0],
        "error": failure if failed else None,
        "organisation": ORGANISATION,
        "team": TEAMS[team].name,
        "project": TEAMS[team].project,
        "harness": job.harness,
        "harness_version": job.versions[month],
        "environment": "development" if job.evidence == "client_log" else "production",
        "key": None if job.person else f"svc-{job.harness}",
        "task_type": job.name,
        "agent": _AGENTS[role],
        "tool": job.tools[tool - 1] if tool else None,
        "purpose": PURPOSES[purpose] if job.stated else None,
    }
    text = json.dumps({k: v for k, v in values.items() if v is not None}, separators=(",", ":"))
    request = {"anthropic": "req_011C", "openai": "req_"}.get(served.provider, "")
    blocks = ""
    if own and not job.stated:
        system = draw(number, _SYSTEM, np.array([month], dtype=np.uint64))[0]
        blocks = f',"block_hashes":["{int(system):016x}","'
    return Form(text[:-1] + ',"time":', f',"request_id":"{request}', blocks)
