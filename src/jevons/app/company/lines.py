"""Events as lines of `jevons.event/v1`: constant text per kind of call, numbers and ids per event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from jevons.app.company.dice import I64, U64, Flags, share, words
from jevons.app.company.jobs import JOBS
from jevons.app.company.models import API, MODELS
from jevons.app.company.plan import MONTH_OF_DAY, ORGANISATION, TEAMS
from jevons.app.company.tokens import Usage
from jevons.app.company.work import GUARD, HELPER, MAIN, RETRIEVE, TITLE, Events, Tasks
from jevons.vocabulary.observation import SCHEMA

# Purposes of draws: distinct from those of `work` and `tokens`.
_RESPONSE, _REQUEST, _RUN, _WHO, _TOOL, _BLOCKS = 21, 22, 23, 24, 25, 26

OK, CUT, FAILED = range(3)
_PURPOSES: Final = ("guardrail", "retrieve", "housekeeping", "", "sub-agent")
"""Purpose by role; that of a step of the main run depends on where it stands."""
_AGENTS: Final = ("guard", "retriever", "title", "main", "explore")
_FAILURES: Final = {"anthropic": "529 overloaded_error", "google": "503 UNAVAILABLE"}
_BASE58: Final = np.frombuffer(
    (b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" * 5)[:256], dtype=np.uint8
)
_HEX: Final = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), dtype=np.uint16)
_STEP: Final = [
    "".join(
        (f',"step":"s{step}"' if step else "", f',"attempt":{attempt}' if attempt > 1 else "")
    )
    for step in range(128)
    for attempt in range(8)
]


@dataclass(frozen=True, slots=True)
class Form:
    """The constant text of a kind of call: before the time, after the ids, and its dialect."""

    head: str
    request: str
    tail: str


def identifiers(seed: int, purpose: int, counter: U64, length: int, hexadecimal: bool) -> list[str]:
    """`length` random characters for every counter: base 58, or hexadecimal (8 or 4 bits each)."""
    count = -(-length // (16 if hexadecimal else 8))
    raw = words(seed, purpose, counter, count).view(np.uint8)
    table = _HEX if hexadecimal else _BASE58
    text = table[raw].tobytes().decode("ascii")
    width = count * (16 if hexadecimal else 8)
    return [text[start : start + length] for start in range(0, len(text), width)]


@cache
def form(key: int) -> Form:
    """The constant text for a form key, see `keys_of`."""
    state, purpose, tool, role, month, model, team, job = _unpacked(key)
    chosen, served = JOBS[job], MODELS[model]
    own = role in (MAIN, HELPER)
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "provider": served.provider,
        "api": API[served.dialect],
        "evidence": chosen.evidence,
        "request_model": served.name,
        "response_model": None if state == FAILED else served.answers_as or served.name,
        "host": served.host,
        "service_tier": served.tier if served.tier == "priority" else None,
        "batch": True if served.tier == "batch" else None,
        "completeness": ("complete", "partial", "none")[state] if state else None,
        "status": ("ok", "interrupted", "error")[state],
        "error": _FAILURES.get(served.provider, "429 rate_limit_exceeded") if state == FAILED else None,
        "organisation": ORGANISATION,
        "team": TEAMS[team].name,
        "project": TEAMS[team].project,
        "harness": chosen.harness,
        "harness_version": chosen.versions[month],
        "environment": "development" if chosen.evidence == "client_log" else "production",
        "task_type": chosen.name,
        "agent": _AGENTS[role] if own or chosen.stated else None,
        "tool": chosen.tools[tool - 1] if tool else None,
        "purpose": PURPOSES[purpose] if chosen.stated else None,
        "key": None if chosen.person else f"svc-{chosen.harness}",
    }
    text = json.dumps({k: v for k, v in facts.items() if v is not None}, separators=(",", ":"))
    request = {"anthropic": "req_011C", "openai": "req_"}.get(served.provider, "")
    blocks = ""
    if own and not chosen.stated:
        system = words(job, _BLOCKS, np.array([month], dtype=np.uint64), 1)[0, 0]
        blocks = f',"block_hashes":["{int(system):016x}","'
    return Form(text[:-1] + ',"time":', f',"request_id":"{request}', blocks)
