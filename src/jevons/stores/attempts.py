"""Summing attempts: what the runs of a period cost, joined with what became of them.

An attempt belongs to the period in which its first call was made, with all that it cost. Whole sums
are decimals; the binary sums by cluster serve intervals alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np

from jevons.analysis.ratio import CLUSTERS
from jevons.analysis.unit import QUANTILES, Attempts, Clusters
from jevons.stores.books import Books, quote, readable
from jevons.stores.fates import UNIT_SQL, Linking, coverage
from jevons.stores.question import Question
from jevons.stores.report import CALENDAR, dimension_sql
from jevons.stores.rollup import RUN_DIMENSIONS
from jevons.stores.schema import MONEY_SQL
from jevons.vocabulary.money import to_femto

Key = tuple[str | None, ...]

_OF_RUNS: Final = frozenset(RUN_DIMENSIONS) - {"run", "parent_run", "task", "session"}
"""Dimensions that the roll-up of runs keeps as they are."""

_SUMS: Final = {
    "calls": "calls",
    "cost": "effective_cost",
    "known": "cost_known",
    "unknown": "unknown_calls",
    "bounded": "lower_bound_calls",
}
"""What is summed by unit: our name -> the roll-up's column."""

_EVENT_SUMS: Final = {
    "calls": "calls",
    "cost": MONEY_SQL["effective_cost"],
    "known": "CASE WHEN effective_cost IS NULL THEN 0 ELSE sign END",
    "unknown": "CASE WHEN price_state = 'unknown' THEN calls ELSE 0 END",
    "bounded": "CASE WHEN price_state = 'lower_bound' THEN calls ELSE 0 END",
}
"""The same over the columns of an event row."""

_MATCHED: Final = "fate <> 'unknown' AND priced"
"""Attempts whose cost and fate are both known."""

_FIGURES: Final = {
    "attempts": "count(*)",
    "succeeded": "count(*) FILTER (fate = 'succeeded')",
    "failed": "count(*) FILTER (fate = 'failed')",
    "abandoned": "count(*) FILTER (fate = 'abandoned')",
    "unpriced": "count(*) FILTER (NOT priced)",
    "at_least": "count(*) FILTER (priced AND bounded)",
    "spend": "sum(cost) FILTER (priced)",
    "undecided_spend": "sum(cost) FILTER (priced AND fate = 'unknown')",
    "priced": f"count(*) FILTER ({_MATCHED})",
    "priced_successes": "count(*) FILTER (fate = 'succeeded' AND priced)",
    "decided_spend": f"coalesce(sum(cost) FILTER ({_MATCHED}), 0)",
    "failed_spend": f"coalesce(sum(cost) FILTER ({_MATCHED} AND fate <> 'succeeded'), 0)",
    "human_minutes": f"coalesce(sum(human_minutes) FILTER ({_MATCHED}), 0)",
    "with_minutes": f"count(human_minutes) FILTER ({_MATCHED})",
    "loss": f"coalesce(sum(loss) FILTER ({_MATCHED}), 0)",
    "value": "coalesce(sum(value) FILTER (fate = 'succeeded' AND priced), 0)",
    "valued": "count(value) FILTER (fate = 'succeeded' AND priced)",
    "grade": "max(grade) FILTER (fate = 'succeeded' AND priced)",
    "baseline_minutes": f"coalesce(sum(baseline_minutes) FILTER ({_MATCHED}), 0)",
    "baseline_cost": f"coalesce(sum(baseline_cost) FILTER ({_MATCHED}), 0)",
    "cycle_spend": "coalesce(sum(cost) FILTER (priced AND calls > 1), 0)",
    "cycles": "coalesce(sum(calls) FILTER (priced AND calls > 1), 0)",
    "quantiles": f"quantile_disc(cost, {[float(q) for q in QUANTILES]}) FILTER (priced)",
}
"""The figures of a row over the attempts in it."""


@dataclass(frozen=True, slots=True)
class Summed:
    """The rows of a question about attempts, their total, and how the outcomes are linked."""

    rows: list[Attempts]
    total: Attempts
    outcomes: int
    unlinked: int


def attempts(books: Books, question: Question) -> Summed:
    """The attempts that began in a question's period, summed by its dimensions."""
    for name in (*question.by, *(name for name, _ in question.where)):
        if name not in CALENDAR:
            dimension_sql(name, question.time_zone)  # raises UsageError for one that is none
    linking = Linking(books, question.as_of, since=question.since, until=question.until)
    try:
        with readable():
            _Summing(linking, question).prepare()
            rows = _rows(linking, len(question.by))
            (total,) = _rows(linking, 0) if question.by else rows
            known, unlinked = coverage(books, question.as_of)
            return Summed(rows if question.by else [], total, known, unlinked)
    finally:
        linking.close()


class _Summing:
    """Makes the table `attempts` (attempt, d0, d1, …, and the figures of each)."""

    def __init__(self, linking: Linking, question: Question) -> None:
        self.linking = linking
        self.question = question
        self.names = list(dict.fromkeys((*question.by, *(name for name, _ in question.where))))
        self.plain = [name for name in self.names if name not in CALENDAR]
        self.values = [f"v{number}" for number in range(len(self.plain))]

    def prepare(self) -> None:
        """Sum by attempt, take those of the period, and join what became of them."""
        of_runs = self.linking.from_runs and set(self.plain) <= _OF_RUNS
        self._parts(self._runs() if of_runs else self._events("true"))
        self._join()

    def _runs(self) -> str:
        """Rows of the roll-up, and of the calls that belong to no run."""
        files = ", ".join(map(quote, self.linking.books.runs.files()))
        sums = ", ".join(f"{text} AS {name}" for name, text in _SUMS.items())
        chosen = "".join(f"{n} AS {v}, " for n, v in zip(self.plain, self.values, strict=True))
        return (
            "SELECT hash(run) AS unit, CASE WHEN task IS NOT NULL THEN hash(task) END AS task, "
            f"first_time AS first, last_time AS last, {chosen}{sums} "
            f"FROM read_parquet([{files}]) UNION ALL {self._events('run IS NULL')}"
        )

    def _events(self, condition: str) -> str:
        sums = ", ".join(f"{text} AS {name}" for name, text in _EVENT_SUMS.items())
        zone = self.question.time_zone
        named = zip(self.plain, self.values, strict=True)
        chosen = "".join(f"{dimension_sql(name, zone)} AS {value}, " for name, value in named)
        return (
            f"SELECT hash({UNIT_SQL}) AS unit, "
            "CASE WHEN task IS NOT NULL THEN hash(task) END AS task, "
            f"time AS first, time AS last, {chosen}{sums} "
            f"FROM {self.linking.events} WHERE {condition}"
        )

    def _parts(self, base: str) -> None:
        """What attempts cost, by the values of the dimensions; in a period with all that belongs to
        attempts in it. Most units are one row, an attempt each: only the others are summed."""
        names = ", ".join(("task", *self.values, "first", *_SUMS))
        chosen = f"SELECT * FROM ({base}) WHERE {self.linking.inside()}"
        if self.linking.limited:
            rest = f"SELECT * FROM ({base}) WHERE NOT ({self.linking.inside()})"
            chosen = f"{chosen} UNION ALL {rest} AND unit IN (FROM extra)"
        self.linking.table("rows", f"SELECT unit, {names} FROM ({chosen})")
        self.linking.table(
            "several",
            "SELECT unit FROM rows GROUP BY unit HAVING count(*) > 1 UNION "
            "SELECT unit FROM moved UNION SELECT attempt FROM moved",
        )
        keys = ", ".join(("attempt", "task", *self.values))
        sums = ", ".join(f"sum({name}) AS {name}" for name in _SUMS)
        self.linking.table(
            "parts",
            f"SELECT {keys}, min(first) AS first, {sums} FROM (SELECT coalesce(attempt, unit) AS "
            f"attempt, {names} FROM (FROM rows SEMI JOIN several USING (unit)) "
            f"LEFT JOIN moved USING (unit)) GROUP BY {keys}",
        )

    def _spent(self) -> str:
        """A query of one row per attempt. One with several values of a dimension counts for the one
        that cost most (then the one with most calls, then the first by name)."""
        sums = ", ".join(f"sum({name}) AS {name}" for name in _SUMS)
        values = "".join(f"any_value({value}.chosen) AS {value}, " for value in self.values)
        joins = "".join(f" LEFT JOIN ({self._dearest(v)}) {v} USING (attempt)" for v in self.values)
        names = ", ".join(("task", *self.values, "first", *_SUMS))
        bounds = ["calls > 0"]
        if self.question.since is not None:
            bounds.append(f"first >= make_timestamptz({self.question.since})")
        if self.question.until is not None:
            bounds.append(f"first < make_timestamptz({self.question.until})")
        return (
            f"SELECT * FROM (SELECT unit AS attempt, {names} FROM rows ANTI JOIN several "
            f"USING (unit) UNION ALL SELECT attempt, {names} FROM (SELECT attempt, "
            f"min(task) AS task, {values}min(first) AS first, {sums} FROM parts{joins} "
            f"GROUP BY attempt)) WHERE {' AND '.join(bounds)}"
        )

    @staticmethod
    def _dearest(value: str) -> str:
        return (
            f"SELECT attempt, {value} AS chosen FROM (SELECT attempt, {value}, sum(cost) AS c, "
            "sum(calls) AS n FROM parts "
            f"WHERE {value} IS NOT NULL GROUP BY attempt, {value}) QUALIFY row_number() OVER "
            f"(PARTITION BY attempt ORDER BY c DESC NULLS LAST, n DESC, {value}) = 1"
        )

    def _join(self) -> None:
        question = self.question
        texts = {
            name: dimension_sql(name, question.time_zone, "first")
            if name in CALENDAR
            else self.values[self.plain.index(name)]
            for name in self.names
        }
        chosen = "".join(f"{texts[name]} AS d{i}, " for i, name in enumerate(question.by))
        kept = [
            f"{texts[name]} IS NULL" if value == "" else f"{texts[name]} = {quote(value)}"
            for name, value in question.where
        ]
        self.linking.table(
            "attempts",
            f"SELECT attempt, coalesce(task, attempt) AS cluster, task, {chosen}cost, calls, "
            "known > 0 AND (unknown = 0 OR cost > 0) AS priced, unknown + bounded > 0 AS bounded, "
            "coalesce(fate, 'unknown') AS fate, value, grade, loss, human_minutes, "
            "baseline_minutes, baseline_cost "
            f"FROM ({self._spent()}) LEFT JOIN fates USING (attempt) "
            f"WHERE {' AND '.join(kept) or 'true'}",
        )


def _rows(linking: Linking, width: int) -> list[Attempts]:
    keys = [f"d{number}" for number in range(width)]
    prefix = "".join(f"{key}, " for key in keys)
    by = f"GROUP BY {', '.join(keys)} ORDER BY spend DESC NULLS LAST, {', '.join(keys)}"
    figures = ", ".join(f"{text} AS {name}" for name, text in _FIGURES.items())
    found = linking.session.sql(
        f"SELECT {prefix}{figures} FROM attempts {by if keys else ''}"
    ).to_arrow_table()
    trials, clusters = _trials(linking, keys), _clusters(linking, keys)
    rows = []
    for row in found.to_pylist():
        key = tuple(row[name] for name in keys)
        rows.append(_attempts(row, key, trials.get(key, ()), clusters.get(key, Clusters())))
    return rows


def _attempts(
    row: dict[str, Any], key: Key, trials: Iterable[tuple[int, int, int]], clusters: Clusters
) -> Attempts:
    costs = row.pop("quantiles") or [None] * len(QUANTILES)
    first, second, third = (_femto(cost) for cost in costs)
    figures: dict[str, Any] = {name: row[name] for name in _FIGURES if name != "quantiles"}
    for name in ("spend", "undecided_spend", "decided_spend", "failed_spend", "cycle_spend"):
        figures[name] = _femto(figures[name])
    return Attempts(
        dimensions=key,
        quantiles=(first, second, third),
        trials=tuple(trials),
        clusters=clusters,
        **figures,
    )


def _femto(amount: Decimal | None) -> int | None:
    return None if amount is None else to_femto(amount)


def _trials(linking: Linking, keys: list[str]) -> dict[Key, list[tuple[int, int, int]]]:
    """How many tasks have so many decided attempts and successes; only where some has several."""
    again = (
        "SELECT count(*) FROM (SELECT task FROM attempts WHERE task IS NOT NULL "
        "AND fate <> 'unknown' GROUP BY task HAVING count(*) > 1)"
    )
    if not linking.count(again):
        return {}
    prefix = "".join(f"{key}, " for key in keys)
    rows = linking.session.execute(
        f"SELECT {prefix}n, c, count(*) FROM (SELECT {prefix}task, count(*) AS n, "
        "count(*) FILTER (fate = 'succeeded') AS c FROM attempts "
        f"WHERE task IS NOT NULL AND fate <> 'unknown' GROUP BY {prefix}task) "
        f"GROUP BY {prefix}n, c ORDER BY ALL"
    ).fetchall()
    found: dict[Key, list[tuple[int, int, int]]] = defaultdict(list)
    for row in rows:
        found[tuple(row[:-3])].append((int(row[-3]), int(row[-2]), int(row[-1])))
    return {key: some for key, some in found.items() if any(made > 1 for made, _, _ in some)}


def _clusters(linking: Linking, keys: list[str]) -> dict[Key, Clusters]:
    """Sums by task, in rows with very many attempts by a digest of the task."""
    prefix = "".join(f"{key}, " for key in keys)
    same = " AND ".join(f"a.{key} IS NOT DISTINCT FROM s.{key}" for key in keys) or "true"
    by = f"GROUP BY {', '.join(keys)}" if keys else ""
    sums = {
        "spend": "cost", "minutes": "human_minutes", "loss": "loss",
        "value": "CASE WHEN fate = 'succeeded' THEN value END", "attempts": "1",
        "successes": "CASE WHEN fate = 'succeeded' THEN 1 ELSE 0 END",
    }  # fmt: skip
    added = ", ".join(
        f"coalesce(sum(CAST({text} AS DOUBLE)), 0) AS {name}" for name, text in sums.items()
    )
    chosen = "".join(f"a.{key}, " for key in keys)
    rows = linking.session.sql(
        f"WITH sizes AS (SELECT {prefix}count(*) AS size FROM attempts WHERE {_MATCHED} {by}) "
        f"SELECT {prefix}{added} FROM (SELECT {chosen}fate, cost, human_minutes, loss, value, "
        f"CASE WHEN size <= {CLUSTERS} THEN cluster ELSE cluster % {CLUSTERS} END AS drawer "
        f"FROM attempts a JOIN sizes s ON {same} WHERE {_MATCHED}) "
        f"GROUP BY {prefix}drawer ORDER BY {prefix}drawer"
    ).to_arrow_table()
    columns = {name: rows.column(name).to_numpy() for name in sums}
    places: dict[Key, list[int]] = defaultdict(list)
    names = [rows.column(key).to_pylist() for key in keys]
    for number in range(len(rows)):
        places[tuple(column[number] for column in names)].append(number)
    return {
        key: Clusters(**{name: column[np.array(some)] for name, column in columns.items()})
        for key, some in places.items()
    }
