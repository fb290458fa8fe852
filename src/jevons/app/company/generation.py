"""Generating a company: stretch of days by stretch of days, lines and truth from the same work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from jevons.app.company.lines import lines_of
from jevons.app.company.quotas import Day, plan_days
from jevons.app.company.tally import Tally
from jevons.app.company.tokens import Usage, usage_of
from jevons.app.company.verdicts import fates_of, outcome_lines
from jevons.app.company.work import Events, Tasks, people, work_of

OutcomeSink = Callable[[Iterable[bytes]], None]
"""Takes the outcome lines of a stretch of days."""

STRETCH: Final = 40_000
"""Days are worked on together until they have this many events, for speed only."""


class Generation:
    """A company of so many events from a seed."""

    def __init__(self, events: int, seed: int) -> None:
        if events < 1:
            raise ValueError(f"a company needs at least one event, not {events}")
        self.events = events
        self.seed = seed

    def chunks(
        self, tally: Tally | None = None, outcomes: OutcomeSink | None = None
    ) -> Iterator[bytes]:
        """The lines in order of time; a `tally` counts along, which saves a second pass, and
        `outcomes` takes the lines of what became of the tasks."""
        staff = people(self.events)
        for tasks, events, usage in self._work():
            if tally is not None:
                tally.add(tasks, events, usage)
            if tally is not None or outcomes is not None:
                fates = fates_of(self.seed, tasks, events)
                if tally is not None:
                    tally.verdicts.add(tasks, fates)
                if outcomes is not None:
                    outcomes(outcome_lines(self.seed, tasks, fates))
            yield from lines_of(self.seed, tasks, events, usage, staff)

    def truth(self) -> dict[str, Any]:
        """The content of the truth file, without making any line."""
        tally = Tally()
        for tasks, events, usage in self._work():
            tally.add(tasks, events, usage)
            tally.verdicts.add(tasks, fates_of(self.seed, tasks, events))
        return self.document(tally)

    def document(self, tally: Tally) -> dict[str, Any]:
        """The content of the truth file from a tally of all chunks."""
        people_in_all = sum(size for _, size in people(self.events))
        return {"people": people_in_all, **tally.document(self.events, self.seed)}

    def _work(self) -> Iterator[tuple[Tasks, Events, Usage]]:
        for days in _stretches(plan_days(self.events)):
            tasks, events = work_of(self.seed, days)
            yield tasks, events, usage_of(self.seed, tasks, events)


def _stretches(days: Sequence[Day]) -> Iterator[list[Day]]:
    """Consecutive days with some events, in groups of about `STRETCH` events."""
    group: list[Day] = []
    size = 0
    for day in days:
        group.append(day)
        size += day.events
        if size >= STRETCH:
            yield group
            group, size = [], 0
    if size:
        yield group
