"""What happens to the company: the planted causes of its bill, each with dates and parameters.

No cause acts before July, so that May and June come from the same parameters. Every cause has
teams and task types of its own; only the work of the whole company (`growth`) shares a month with
all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from jevons.app.company.jobs import JOBS, STREAMS
from jevons.app.company.plan import DAYS, START, TEAMS

Kind = Literal["new_model", "reasoning_model", "cache", "retries", "growth"]
Effect = Literal["tasks", "calls_per_task", "fresh_input", "reasoning", "model_mix"]

_KINDS: Final = ("fresh_input", "cache", "visible_output", "reasoning")
SHOWS_IN: Final[dict[Kind, tuple[str, ...]]] = {
    "new_model": ("model_mix",),
    "reasoning_model": ("tokens_per_call", *_KINDS),
    "cache": _KINDS,
    "retries": ("calls_per_task", "tokens_per_call", *_KINDS),
    "growth": ("tasks", "task_mix"),
}
"""The effects of `explain` that a kind of cause moves, and whose sum is what the bill owes to it. A
price cut under a new model name is model mix at the same job: no list price moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One planted cause.

    start, end: first day and the day after the last (None = to the end). ramp: days until it has
    reached all tasks. jobs, teams: whom it touches (() = all). effect: the effect of `explain` in
    which it shows most; sign: of that effect, and of the cause's own effect on the bill.
    """

    name: str
    kind: Kind
    start: date
    jobs: tuple[str, ...]
    effect: Effect
    story: str
    sign: int
    end: date | None = None
    ramp: int = 1
    teams: tuple[str, ...] = ()
    old_model: str = ""
    new_model: str = ""
    reasoning: int = 0
    percent_per_day: int = 0
    retry_share: int = 0

    def touches(self, stream: int) -> bool:
        """Whether tasks of this stream (position in `STREAMS`) can be touched."""
        found = STREAMS[stream]
        job, team = JOBS[found.job].name, TEAMS[found.team].name
        return (not self.jobs or job in self.jobs) and (not self.teams or team in self.teams)

    def reach(self, day: int) -> int:
        """Share (of 65,536) of tasks of a day (0 = `START`) that it has reached."""
        since = day - (self.start - START).days
        until = DAYS if self.end is None else (self.end - START).days
        if since < 0 or day >= until:
            return 0
        return min(65_536, 65_536 * (since + 1) // self.ramp)

    def percent(self, day: int) -> int:
        """For growth: how many percent more tasks the day has than without it."""
        since = day - (self.start - START).days
        return max(0, since + 1) * self.percent_per_day

    def describe(self) -> dict[str, Any]:
        """The cause as JSON for the truth file; the defaults of other kinds are left out."""
        touched = [s for number, s in enumerate(STREAMS) if self.touches(number)]
        facts: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "start": self.start.isoformat(),
            "end": self.end.isoformat() if self.end else None,
            "ramp_days": self.ramp,
            "teams": sorted({TEAMS[s.team].name for s in touched}),
            "task_types": sorted({JOBS[s.job].name for s in touched}),
            "harnesses": sorted({JOBS[s.job].harness for s in touched}),
            "effect": self.effect,
            "effects": list(SHOWS_IN[self.kind]),
            "story": self.story,
            "sign": self.sign,
        }
        extra = ("old_model", "new_model", "reasoning", "percent_per_day", "retry_share")
        return facts | {name: getattr(self, name) for name in extra if getattr(self, name)}


CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        name="flash-price-cut",
        kind="new_model",
        start=date(2026, 7, 6),
        ramp=10,
        jobs=("product-copy", "translation"),
        old_model="gemini-3.5-flash",
        new_model="gemini-3.8-flash",
        effect="model_mix",
        story="The same work at a cheaper new model name, team after team.",
        sign=-1,
    ),
    Cause(
        name="retry-storm",
        kind="retries",
        start=date(2026, 7, 13),
        end=date(2026, 7, 27),
        jobs=(),
        teams=("payments",),
        retry_share=39_000,
        effect="calls_per_task",
        story="A bad release makes the team's calls fail their checks and be asked again.",
        sign=1,
    ),
    Cause(
        name="cache-roll-out",
        kind="cache",
        start=date(2026, 8, 3),
        ramp=7,
        jobs=("support-reply", "refund-triage"),
        effect="fresh_input",
        story="One harness caches its prompts: fresh input becomes cache reads and writes.",
        sign=-1,
    ),
    Cause(
        name="review-growth",
        kind="growth",
        start=date(2026, 8, 10),
        jobs=("code-review",),
        percent_per_day=4,
        effect="tasks",
        story="Code review by a model becomes part of every push.",
        sign=1,
    ),
    Cause(
        name="reasoning-move",
        kind="reasoning_model",
        start=date(2026, 9, 7),
        ramp=5,
        jobs=("contract-review",),
        old_model="gpt-4.1",
        new_model="o3",
        reasoning=9_000,
        effect="reasoning",
        story="One task type moves to a reasoning model of the same price per token.",
        sign=1,
    ),
    Cause(
        name="sonnet-price-cut",
        kind="new_model",
        start=date(2026, 9, 14),
        ramp=10,
        jobs=("fix-bug", "implement-feature"),
        teams=("web", "mobile", "platform", "data"),
        old_model="claude-sonnet-4-6",
        new_model="claude-sonnet-5",
        effect="model_mix",
        story="The same work at a cheaper new model name, team after team.",
        sign=-1,
    ),
)
"""Every cause, in order of its start."""


def cause_of(kind: Kind) -> int:
    """The position in `CAUSES` of the only cause of a kind."""
    (number,) = (n for n, cause in enumerate(CAUSES) if cause.kind == kind)
    return number
