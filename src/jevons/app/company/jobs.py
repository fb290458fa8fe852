"""The tasks that the company gives to models. All numbers are parameters, invented for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from jevons.app.company.plan import TEAMS

ALWAYS: Final = 65_536
"""A share of 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task type and how its tasks run.

    teams: team -> its part of the tasks. tasks: tasks per working day, all teams, relative to
    other jobs. steps: mean model calls of the main run. base, question, growth, answer,
    reasoning: mean tokens of the constant prefix (system prompt and tools), the task's own input,
    what a step adds beside its answer (tool results), a visible answer, hidden reasoning. cached:
    the prefix is cached. helpers: share (of `ALWAYS`) of tasks that start a sub-agent, and its
    mean steps. guard, retrieve, title: whether a task begins with that call. hours: office, day
    (round the clock) or night. stated: whether the harness states the purpose of its calls; if
    not, it gives prompt block hashes.
    """

    name: str
    harness: str
    model: str
    teams: tuple[tuple[str, int], ...]
    tasks: int
    steps: int
    base: int
    question: int
    growth: int
    answer: int
    reasoning: int = 0
    cached: bool = False
    hour_writes: bool = False
    helpers: tuple[int, int] = (0, 2)
    guard: bool = False
    retrieve: bool = False
    title: bool = False
    verify: bool = False
    hours: Literal["office", "day", "night"] = "office"
    evidence: str = "gateway"
    stated: bool = True
    person: bool = True
    customer: bool = False
    tier: str = "standard"
    priority: int = 0
    searches: bool = False
    tools: tuple[str, ...] = ("search_docs", "lookup")
    versions: tuple[str, ...] = ("1.0", "1.0", "1.1", "1.1", "1.2", "1.2")


_CODING: Final = ("read_file", "edit_file", "run_tests", "grep")
_CLAUDE: Final = ("2.1.120", "2.1.141", "2.1.163", "2.1.176", "2.1.188", "2.1.197")
_CODEX: Final = ("0.141.0", "0.148.0", "0.153.0", "0.158.0", "0.164.0", "0.169.0")

JOBS: Final[tuple[Job, ...]] = (
    Job(name="fix-bug", harness="claude-code", model="claude-sonnet-4-6",
        teams=(("web", 5), ("mobile", 4), ("platform", 3), ("data", 2), ("payments", 3)),
        tasks=60, steps=12, base=17_000, question=900, growth=1_500, answer=320, cached=True,
        hour_writes=True, helpers=(13_000, 5), title=True, evidence="client_log", stated=False,
        tools=_CODING, versions=_CLAUDE),
    Job(name="implement-feature", harness="claude-code", model="claude-sonnet-4-6",
        teams=(("web", 4), ("mobile", 4), ("platform", 2), ("payments", 2)),
        tasks=30, steps=22, base=17_000, question=2_200, growth=1_700, answer=420, cached=True,
        hour_writes=True, helpers=(23_000, 6), title=True, verify=True, evidence="client_log",
        stated=False, tools=_CODING, versions=_CLAUDE),
    Job(name="code-review", harness="codex", model="gpt-5.2",
        teams=(("web", 4), ("mobile", 3), ("platform", 3), ("data", 2), ("security", 3)),
        tasks=80, steps=6, base=9_000, question=5_200, growth=1_900, answer=380, reasoning=420,
        cached=True, evidence="client_log", stated=False, tools=_CODING, versions=_CODEX),
    Job(name="support-reply", harness="support-agent", model="claude-haiku-4-5",
        teams=(("support", 5), ("success", 1)),
        tasks=260, steps=3, base=6_200, question=400, growth=900, answer=220, guard=True,
        retrieve=True, hours="day", person=False, customer=True,
        tools=("search_help", "order_status")),
    Job(name="refund-triage", harness="support-agent", model="claude-haiku-4-5",
        teams=(("support", 1),),
        tasks=80, steps=2, base=5_400, question=600, growth=700, answer=160, guard=True,
        hours="day", customer=True, tools=("order_status", "payment_status")),
    Job(name="contract-review", harness="contract-desk", model="gpt-4.1",
        teams=(("legal", 3), ("finance", 1), ("sales", 1)),
        tasks=80, steps=3, base=3_000, question=9_000, growth=1_200, answer=650, retrieve=True,
        verify=True, evidence="span", tools=("clause_search", "compare")),
    Job(name="product-copy", harness="copy-studio", model="gemini-3.5-flash",
        teams=(("marketing", 3), ("sales", 1)),
        tasks=60, steps=2, base=2_400, question=1_500, growth=300, answer=700, reasoning=500,
        cached=True, stated=False, tools=("brand_guide",)),
    Job(name="translation", harness="copy-studio", model="gemini-3.5-flash",
        teams=(("marketing", 2), ("success", 1)),
        tasks=120, steps=1, base=1_100, question=1_800, growth=0, answer=1_500, stated=False,
        tools=("glossary",)),
    Job(name="invoice-extraction", harness="invoice-batch", model="gpt-5-mini", tier="batch",
        teams=(("finance", 1),),
        tasks=150, steps=1, base=1_800, question=2_600, growth=0, answer=350, reasoning=250,
        hours="night", evidence="provider", person=False),
    Job(name="market-research", harness="research-desk", model="claude-sonnet-4-5",
        teams=(("sales", 2), ("marketing", 1)),
        tasks=20, steps=5, base=4_200, question=500, growth=3_500, answer=800, searches=True,
        evidence="span", tools=("web_search", "read_page")),
    Job(name="fraud-triage", harness="risk-engine", model="gpt-5-mini",
        teams=(("payments", 1),),
        tasks=200, steps=2, base=2_600, question=1_100, growth=800, answer=120, reasoning=380,
        hours="day", person=False, tools=("account_history", "rules")),
    Job(name="dispute-letter", harness="risk-engine", model="gpt-4.1-mini",
        teams=(("payments", 1),),
        tasks=40, steps=2, base=2_200, question=1_600, growth=700, answer=520, retrieve=True,
        tools=("account_history", "templates")),
    Job(name="data-question", harness="insight-bot", model="gpt-5.4-mini",
        teams=(("data", 2), ("finance", 1), ("success", 1)),
        tasks=70, steps=5, base=5_200, question=250, growth=1_300, answer=260, cached=True,
        priority=20_000, evidence="span", tools=("run_sql", "describe_table")),
    Job(name="log-triage", harness="ops-watch", model="in-house-70b",
        teams=(("platform", 1), ("security", 2)),
        tasks=60, steps=2, base=1_500, question=4_200, growth=900, answer=240, hours="day",
        person=False, tools=("fetch_logs",)),
    Job(name="meeting-notes", harness="notes", model="gemini-2.5-flash",
        teams=tuple((team.name, team.people) for team in TEAMS),
        tasks=100, steps=1, base=600, question=8_500, growth=0, answer=600, evidence="span"),
)  # fmt: skip


def column(name: str) -> NDArray[np.int64]:
    """A numeric field of all jobs as an array, to be indexed by job."""
    return np.array([getattr(job, name) for job in JOBS], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Stream:
    """The tasks of one job in one team; `weight` is relative work per day."""

    job: int
    team: int
    weight: int


def _streams() -> tuple[Stream, ...]:
    position = {team.name: number for number, team in enumerate(TEAMS)}
    found = []
    for number, job in enumerate(JOBS):
        parts = sum(part for _, part in job.teams)
        for name, part in job.teams:
            weight = job.tasks * 1_000 * part // parts
            found.append(Stream(number, position[name], weight))
    return tuple(found)


STREAMS: Final[tuple[Stream, ...]] = _streams()
"""Every job in every team that has it."""
