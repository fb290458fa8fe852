"""The truth about a generated company: what its books must say, and what every cause did to its
bill.

Money is exact: whole token counts times list prices. The bill with a cause switched off comes
from the same draws: the same tasks and calls, less those that the cause added, at the model,
cache and reasoning that they would have had.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations
from typing import Any, Final

import numpy as np

from jevons.app.company.catalogue import MODELS, model
from jevons.app.company.causes import CAUSES
from jevons.app.company.dice import I64, Flags
from jevons.app.company.forms import PURPOSES, purposes_of
from jevons.app.company.jobs import JOBS, STREAMS
from jevons.app.company.plan import DAY, MONTH_OF_DAY, MONTHS, TEAMS
from jevons.app.company.tokens import Usage
from jevons.app.company.verdicts import Verdicts
from jevons.app.company.work import HELPER, Events, Tasks
from jevons.vocabulary.money import plain

KINDS: Final = ("fresh", "read", "write", "hour", "answer", "reasoning", "searches")
UNITS: Final = (
    "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning",
    "web_searches",
)  # fmt: skip
"""The leaf unit of every kind of quantity."""

_MILLION: Final = Decimal(1_000_000)


def unit_prices(number: int) -> tuple[Decimal, ...] | None:
    """USD per unit of every kind for a model (position in `MODELS`); None if the truth has no
    price.
    """
    found = MODELS[number]
    if found.prices is None:
        return None
    per_token = [Decimal(price) / _MILLION for price in found.prices]
    return (*per_token, per_token[-1], Decimal(found.search))


class Tally:
    """Adds up stretches of days; `document` then gives the truth file's content."""

    def __init__(self) -> None:
        months, streams, models = len(MONTHS), len(STREAMS), len(MODELS)
        self.calls = np.zeros((months, streams, models), dtype=np.int64)
        self.amounts = np.zeros((months, streams, models, len(KINDS)), dtype=np.int64)
        self.without = np.zeros((len(CAUSES), months, models, len(KINDS)), dtype=np.int64)
        self.fates = np.zeros((months, 3), dtype=np.int64)
        self.purposes = np.zeros((len(JOBS), len(PURPOSES)), dtype=np.int64)
        self.tasks = self.runs = 0
        self.verdicts = Verdicts()

    def add(self, tasks: Tasks, events: Events, usage: Usage) -> None:
        """Count the events of a stretch of days."""
        stream = tasks.stream[events.task]
        month = np.array(MONTH_OF_DAY, dtype=np.int64)[tasks.day[events.task]]
        quantities = np.stack([getattr(usage, kind) for kind in KINDS], axis=1)
        size = self.calls.shape
        key = (month * size[1] + stream) * size[2] + usage.model
        self.calls += np.bincount(key, minlength=self.calls.size).reshape(size)
        for number in range(len(KINDS)):
            self.amounts[..., number] += _sums(key, quantities[:, number], size)
        state = np.where(events.failed, 2, np.where(usage.cut, 1, 0))
        self.fates += np.bincount(month * 3 + state, minlength=self.fates.size).reshape(-1, 3)
        place = tasks.job[events.task] * len(PURPOSES) + purposes_of(tasks, events)
        self.purposes += np.bincount(place, minlength=self.purposes.size).reshape(
            self.purposes.shape
        )
        started = len(np.unique(events.task))
        helped = len(np.unique(events.task[events.role == HELPER]))
        self.tasks, self.runs = self.tasks + started, self.runs + started + helped
        for number in range(len(CAUSES)):
            self._leave_out(number, tasks, events, usage, month, quantities)

    def _leave_out(
        self, number: int, tasks: Tasks, events: Events, usage: Usage, month: I64, quantities: I64
    ) -> None:
        """Add what the events that a cause acts on would be without it, less what they are."""
        rows = np.nonzero(acted_on(number, tasks, events))[0]
        if not len(rows):
            return
        before = quantities[rows]
        after, other = _undone(number, before, usage.model[rows], usage, rows)
        size = self.without.shape[1:3]
        for kind in range(len(KINDS)):
            change = self.without[number, ..., kind]
            change += _sums(month[rows] * size[1] + other, after[:, kind], size)
            change -= _sums(month[rows] * size[1] + usage.model[rows], before[:, kind], size)

    def document(self, events: int, seed: int) -> dict[str, Any]:
        """The truth file's content, JSON with money as decimal text in USD."""
        by_month = self.amounts.sum(axis=1)
        bills = [_bill(by_month[month]) for month in range(len(MONTHS))]
        effects = [
            [-_bill(self.without[cause, month]) for month in range(len(MONTHS))]
            for cause in range(len(CAUSES))
        ]
        return {
            "format": "jevons.company/v1",
            "events": events,
            "seed": seed,
            "first_day": DAY[0].isoformat(),
            "last_day": DAY[-1].isoformat(),
            "tasks": self.tasks,
            "runs": self.runs,
            "money": (
                "USD at list price of every call at the standard tier whose model has a list price;"
                " interrupted calls with what they used so far"
            ),
            "months": [self._month(month, bills[month]) for month in range(len(MONTHS))],
            "causes": [_cause(number, effects[number], bills) for number in range(len(CAUSES))],
            "pairs": _pairs(bills, effects),
            "rows": self._rows(),
            "outcomes": self.verdicts.document(),
            "purposes": {
                job.name: {
                    name: int(count)
                    for name, count in zip(PURPOSES, self.purposes[number], strict=True)
                    if count
                }
                for number, job in enumerate(JOBS)
            },
        }

    def _month(self, month: int, bill: Decimal) -> dict[str, Any]:
        ok, cut, failed = (int(count) for count in self.fates[month])
        calls = self.calls[month].sum(axis=0)
        outside = dict.fromkeys(("batch", "priority", "without_list_price"), 0)
        for number, found in enumerate(MODELS):
            if found.prices is None:
                kind = "without_list_price" if found.tier == "standard" else found.tier
                outside[kind] += int(calls[number])
        return {
            "month": MONTHS[month],
            "calls": ok + cut + failed,
            "failed": failed,
            "interrupted": cut,
            **outside,
            **_counts(self.amounts[month].sum(axis=(0, 1))),
            "bill": plain(bill),
        }

    def _rows(self) -> list[dict[str, Any]]:
        """Every month, team, task type, model and tier that occurs."""
        rows = []
        for month, stream, number in zip(*np.nonzero(self.calls), strict=True):
            amounts = self.amounts[month, stream, number]
            priced = unit_prices(int(number)) is not None
            rows.append(
                {
                    "month": MONTHS[month],
                    "team": TEAMS[STREAMS[stream].team].name,
                    "task_type": JOBS[STREAMS[stream].job].name,
                    "request_model": MODELS[number].name,
                    "tier": MODELS[number].tier,
                    "calls": int(self.calls[month, stream, number]),
                    **_counts(amounts),
                    "list_cost": plain(_cost(int(number), amounts)) if priced else None,
                }
            )
        return rows


def acted_on(number: int, tasks: Tasks, events: Events) -> Flags:
    """The events that would be different, or not there, without a cause."""
    acting: Flags = tasks.acts(number)[events.task] & ~events.failed
    if CAUSES[number].kind == "retries":
        return acting & events.stormy
    return acting


def _undone(number: int, amounts: I64, models: I64, usage: Usage, rows: I64) -> tuple[I64, I64]:
    """Quantities and models of events that a cause acts on, as they would be without it."""
    cause, after, other = CAUSES[number], amounts.copy(), models.copy()
    if cause.kind in ("growth", "retries"):
        after[:] = 0
    elif cause.kind == "cache":
        after[:, 0] = amounts[:, :4].sum(axis=1)
        after[:, 1:4] = 0
    else:
        other = np.where(models == model(cause.new_model), usage.old_model[rows], models)
        after[:, KINDS.index("reasoning")] -= usage.moved_reasoning[rows]
    return after, other


def _sums(key: I64, values: I64, shape: tuple[int, ...]) -> I64:
    """Whole sums by key; a stretch of days stays far below 2**53, so bincount's floats are
    exact.
    """
    size = int(np.prod(shape))
    found = np.bincount(key, weights=values, minlength=size)
    return found.astype(np.int64).reshape(shape)


def _cost(number: int, amounts: I64) -> Decimal:
    prices = unit_prices(number)
    if prices is None:
        return Decimal(0)
    return sum((p * int(n) for p, n in zip(prices, amounts, strict=True)), Decimal(0))


def _bill(amounts: I64) -> Decimal:
    """List cost of quantities by model and kind."""
    return sum((_cost(number, amounts[number]) for number in range(len(MODELS))), Decimal(0))


def _counts(amounts: I64) -> dict[str, int]:
    """Inclusive counters as reports carry them."""
    fresh, read, write, hour, answer, reasoning, searches = (int(n) for n in amounts)
    return {
        "input_tokens": fresh + read + write + hour,
        "cache_read_input_tokens": read,
        "cache_write_input_tokens": write + hour,
        "output_tokens": answer + reasoning,
        "reasoning_output_tokens": reasoning,
        "web_searches": searches,
    }


def _cause(number: int, effects: list[Decimal], bills: list[Decimal]) -> dict[str, Any]:
    return {
        **CAUSES[number].describe(),
        "bill": {
            name: {
                "with": plain(bill),
                "without": plain(bill - effect),
                "effect": plain(effect),
            }
            for name, bill, effect in zip(MONTHS, bills, effects, strict=True)
        },
    }


def _pairs(bills: list[Decimal], effects: list[list[Decimal]]) -> list[dict[str, Any]]:
    """For every two months the change of the bill and how much of it every cause explains."""
    pairs = []
    for a, b in combinations(range(len(MONTHS)), 2):
        parts = {c.name: effects[n][b] - effects[n][a] for n, c in enumerate(CAUSES)}
        delta = bills[b] - bills[a]
        shown: Mapping[str, str] = {name: plain(amount) for name, amount in parts.items()}
        rest = plain(delta - sum(parts.values(), Decimal(0)))
        pairs.append(
            {
                "from": MONTHS[a],
                "to": MONTHS[b],
                "delta": plain(delta),
                "effects": dict(shown),
                "rest": rest,
            }
        )
    return pairs
