"""What becomes of the company's tasks: planted success, human minutes, value and losses.

The chance of success depends on the task type, on the model, and on how many calls had to be asked
again. Not every task has an outcome; some outcomes are changed later, some name a task that does
not exist, and all come late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import numpy as np

from jevons.app.company.causes import CAUSES
from jevons.app.company.dice import I64, ONE, U64, Flags, draw, lognormal, scaled, share
from jevons.app.company.jobs import JOBS, STREAMS
from jevons.app.company.lines import task_names
from jevons.app.company.plan import EPOCH_DAY, MONTH_OF_DAY, MONTHS, TEAMS
from jevons.app.company.work import Events, Tasks
from jevons.vocabulary.money import plain

# Purposes of draws: distinct from those of the other modules.
_FATE, _COVER, _EFFORT = 42, 43, 44

COVERED: Final = 57_600
"""Share (of 65,536) of tasks that have an outcome: 88 %."""
CHANGED: Final = 2_000
"""Share of outcomes that were first reported otherwise: 3 %."""
LOST: Final = 650
"""Share of tasks beside which an outcome of an unknown task is reported: 1 %."""
ABANDONED: Final = 10_000
"""Share of the tasks without success that were abandoned: 15 %."""
PER_RETRY: Final = 9_000
"""By how much each call that was asked again (up to three) lowers the chance of success."""
_HOUR_US: Final = 3_600_000_000
_LATEST_HOURS: Final = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the outcomes of a task type are. success: share (of 65,536) of tasks that succeed without
    any cause; after: how a new model changes that. minutes: mean tenths of human minutes. value:
    US cents of a success, known as `grade` says. baseline: minutes without AI. loss: (share of
    failures, US cents, kind). floor: quality floor in hundredths, if quality decides.
    """

    success: int
    minutes: int
    link: Literal["run", "task", "session", "pull_request"] = "run"
    after: tuple[tuple[str, int], ...] = ()
    value: int = 0
    grade: str = "estimated"
    baseline: int = 0
    loss: tuple[int, int, str] = (0, 0, "")
    floor: int = 0


VERDICTS: Final[dict[str, Verdict]] = {
    "fix-bug": Verdict(
        success=45_000, minutes=90, link="pull_request", after=(("claude-sonnet-5", 3_500),),
        value=4_500, baseline=75, loss=(1_200, 40_000, "incident"),
    ),
    "implement-feature": Verdict(
        success=37_000, minutes=210, link="pull_request", after=(("claude-sonnet-5", 4_000),),
        value=12_000, baseline=240, loss=(1_200, 60_000, "incident"),
    ),
    "code-review": Verdict(success=59_000, minutes=15, value=700, baseline=12),
    "support-reply": Verdict(
        success=52_000, minutes=9, link="task", value=420, grade="measured", baseline=8,
    ),
    "refund-triage": Verdict(
        success=57_500, minutes=6, link="task", value=250, grade="measured", baseline=6,
        loss=(16_000, 3_900, "refund"),
    ),
    "contract-review": Verdict(
        success=39_000, minutes=160, link="session", after=(("o3", 11_000),), value=6_000,
        grade="sampled", baseline=60, floor=80,
    ),
    "product-copy": Verdict(success=48_000, minutes=30, after=(("gemini-3.8-flash", -1_500),),
                            value=900, baseline=25),
    "translation": Verdict(success=60_000, minutes=12, after=(("gemini-3.8-flash", -800),),
                           value=1_100, grade="sampled", baseline=30),
    "invoice-extraction": Verdict(success=62_500, minutes=3, value=150, grade="measured",
                                  baseline=4),
    "market-research": Verdict(success=41_000, minutes=120, link="session", value=5_000,
                               baseline=90),
    "fraud-triage": Verdict(success=61_000, minutes=4, value=300, grade="measured", baseline=5,
                            loss=(6_000, 25_000, "incident")),
    "dispute-letter": Verdict(success=50_000, minutes=25, value=1_500, grade="sampled",
                              baseline=35),
    "data-question": Verdict(success=46_000, minutes=10, link="session", baseline=20),
    "log-triage": Verdict(success=40_000, minutes=5, baseline=10),
    "meeting-notes": Verdict(success=63_000, minutes=2, baseline=15),
}  # fmt: skip
"""By task type. All numbers are parameters, invented for the company. The last three have no stated
value, so that their worth cannot be told."""

_OF_JOB: Final = [VERDICTS[job.name] for job in JOBS]
SUCCEEDED, FAILED, GIVEN_UP = range(3)
STATES: Final = ("succeeded", "failed", "abandoned")


def _column(name: str) -> I64:
    return np.array([getattr(one, name) for one in _OF_JOB], dtype=np.int64)


@dataclass(slots=True)
class Fates:
    """What becomes of the tasks that have calls; one row each.

    task: row in `Tasks`. chance: of success, of 65,536. state: position in `STATES`. covered: has
    an outcome. minutes: tenths. loss: US cents. changed: was first reported otherwise. lost: an
    outcome of no known task is reported beside it. seen: when, epoch microseconds.
    """

    task: I64
    chance: I64
    state: I64
    covered: Flags
    minutes: I64
    loss: I64
    changed: Flags
    lost: Flags
    seen: I64
    dice: U64


def fates_of(seed: int, tasks: Tasks, events: Events) -> Fates:
    """Draw what becomes of every task that has a call."""
    task = np.unique(events.task)
    job, counter = tasks.job[task], tasks.counter[task]
    again = np.bincount(events.task[events.again], minlength=len(tasks.job))[task]
    chance = _column("success")[job] - PER_RETRY * np.minimum(again, 3)
    for number, cause in enumerate(CAUSES):
        shift = np.array([dict(one.after).get(cause.new_model, 0) for one in _OF_JOB])
        chance = chance + shift[job] * tasks.acts(number)[task]
    chance = np.clip(chance, 0, ONE)
    fate, cover, effort = (draw(seed, p, counter) for p in (_FATE, _COVER, _EFFORT))
    state = np.where(share(fate, 0) < chance, SUCCEEDED, FAILED)
    no_floor = _column("floor")[job] == 0
    given_up = (state == FAILED) & (share(fate, 1) < ABANDONED) & no_floor
    state = np.where(given_up, GIVEN_UP, state)
    likely = np.array([one.loss[0] for one in _OF_JOB], dtype=np.int64)[job]
    amount = np.array([one.loss[1] for one in _OF_JOB], dtype=np.int64)[job]
    lag = ((share(cover, 2) * share(cover, 3)) >> 16) * _LATEST_HOURS >> 16
    return Fates(
        task=task,
        chance=chance,
        state=state,
        covered=share(cover, 0) < COVERED,
        minutes=scaled(effort, 0, _column("minutes")[job], lognormal(0.7)),
        loss=amount * ((state == FAILED) & (share(fate, 2) < likely)),
        changed=share(fate, 3) < CHANGED,
        lost=share(cover, 1) < LOST,
        seen=(EPOCH_DAY + tasks.day[task] + 1) * 24 * _HOUR_US + lag * _HOUR_US,
        dice=effort,
    )


def outcome_lines(seed: int, tasks: Tasks, fates: Fates) -> Iterator[bytes]:
    """The outcomes as `jevons.outcome/v1` lines, task by task; a changed one has two."""
    names, runs = task_names(seed, tasks)
    quality = share(fates.dice, 3).tolist()
    columns = zip(
        fates.task.tolist(), tasks.job[fates.task].tolist(), fates.state.tolist(),
        fates.covered.tolist(), fates.changed.tolist(), fates.lost.tolist(),
        fates.minutes.tolist(), fates.loss.tolist(), fates.seen.tolist(), quality, strict=True,
    )  # fmt: skip
    for task, job, state, covered, changed, lost, minutes, loss, seen, bits in columns:
        rule = _OF_JOB[job]
        if covered:
            place = names[task], runs[task], TEAMS[int(tasks.team[task])].project
            head = _link(rule, place, seen)
            if changed:
                earlier = FAILED if state == SUCCEEDED else SUCCEEDED
                yield _line(head, rule, seen - _HOUR_US, earlier, (minutes, 0, bits))
            yield _line(head, rule, seen, state, (minutes, loss, bits))
        if lost:
            said = f'{{"id":"lost {names[task]}","task":"{names[task]}-lost","time":{seen}'
            yield f'{said},"status":"failed"}}\n'.encode()


def _link(rule: Verdict, place: tuple[str, str, str], seen: int) -> str:
    """The beginning of a line: id and link; for a pull request, before it, the line that ties it to
    the session that made it."""
    name, run, project = place
    if rule.link == "pull_request":
        request = f"example/{project}#{name.rpartition('-')[2]}"
        tie = (
            f'{{"id":"{run} {request}","source":"claude-code","session":"{run}",'
            f'"pull_request":"{request}","time":{seen - 2 * _HOUR_US}}}\n'
        )
        return f'{tie}{{"id":"{request}","source":"github","pull_request":"{request}"'
    to = name if rule.link == "task" else run
    return f'{{"id":"{rule.link} {to}","{rule.link}":"{to}"'


def _line(head: str, rule: Verdict, seen: int, state: int, drawn: tuple[int, int, int]) -> bytes:
    minutes, loss, bits = drawn
    text = f'{head},"time":{seen},"status":"{STATES[state]}"'
    if rule.floor:  # reported as done; its quality decides
        score = rule.floor + (bits * (100 - rule.floor) >> 16)
        if state != SUCCEEDED:
            score = bits * rule.floor >> 16
        text = f'{head},"time":{seen},"status":"succeeded","quality":"{score / 100:.2f}"'
        text += f',"quality_floor":"{rule.floor / 100:.2f}"'
    text += f',"human_minutes":"{minutes // 10}.{minutes % 10}"'
    if rule.value:
        text += f',"value":"{rule.value // 100}.{rule.value % 100:02d}"'
        text += f',"value_provenance":"{rule.grade}"'
    if loss:
        text += f',"loss":"{loss // 100}.{loss % 100:02d}","loss_kind":"{rule.loss[2]}"'
    if rule.baseline:
        text += f',"baseline_minutes":"{rule.baseline}"'
    return (text + "}\n").encode()


class Verdicts:
    """Adds up stretches of days; `document` gives the truth about outcomes."""

    def __init__(self) -> None:
        size = (len(MONTHS), len(STREAMS))
        self.states = np.zeros((*size, len(STATES)), dtype=np.int64)
        self.sums = {
            name: np.zeros(size, dtype=np.int64)
            for name in ("attempts", "chance", "minutes", "loss", "changed", "lost")
        }

    def add(self, tasks: Tasks, fates: Fates) -> None:
        """Count the fates of a stretch of days."""
        month = np.array(MONTH_OF_DAY, dtype=np.int64)[tasks.day[fates.task]]
        key = month * len(STREAMS) + tasks.stream[fates.task]
        own = fates.covered.astype(np.int64)
        for state in range(len(STATES)):
            self.states[..., state] += self._sum(key, own * (fates.state == state))
        amounts = {
            "attempts": np.ones(len(key), dtype=np.int64),
            "chance": fates.chance * own,
            "minutes": fates.minutes * own,
            "loss": fates.loss * own,
            "changed": fates.changed * own,
            "lost": fates.lost.astype(np.int64),
        }
        for name, values in amounts.items():
            self.sums[name] += self._sum(key, values)

    def _sum(self, key: I64, values: I64) -> I64:
        size = len(MONTHS) * len(STREAMS)
        found = np.bincount(key, weights=values, minlength=size)  # far below 2**53: exact
        return found.astype(np.int64).reshape(len(MONTHS), len(STREAMS))

    def document(self) -> list[dict[str, Any]]:
        """One row per month, team and task type; amounts in USD as text."""
        rows = []
        for month, stream in zip(*np.nonzero(self.sums["attempts"]), strict=True):
            found = STREAMS[stream]
            rule = _OF_JOB[found.job]
            done, failed, given_up = (int(n) for n in self.states[month, stream])
            sums = {name: int(values[month, stream]) for name, values in self.sums.items()}
            rows.append(
                {
                    "month": MONTHS[month],
                    "team": TEAMS[found.team].name,
                    "task_type": JOBS[found.job].name,
                    "attempts": sums["attempts"],
                    "succeeded": done,
                    "failed": failed,
                    "abandoned": given_up,
                    "without_outcome": sums["attempts"] - done - failed - given_up,
                    "expected_successes": plain(Decimal(sums["chance"]) / ONE),
                    "human_minutes": plain(Decimal(sums["minutes"]).scaleb(-1)),
                    "value": plain(Decimal(done * rule.value).scaleb(-2)),
                    "loss": plain(Decimal(sums["loss"]).scaleb(-2)),
                    "changed": sums["changed"],
                    "unlinked": sums["lost"],
                }
            )
        return rows
