"""Requests summed up from the roll-up of runs: what is usual, and what stands out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from jevons.analysis import outliers
from jevons.analysis.multipliers import Multipliers
from jevons.analysis.outliers import Norms, Request
from jevons.analysis.run_tree import DEEPEST
from jevons.stores.books import Books, quote, readable
from jevons.stores.question import Question
from jevons.stores.report import condition
from jevons.stores.rollup import RUN_DIMENSIONS, runs_sql
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import to_femto

SORTS: Final = {
    "cost": "cost DESC NULLS LAST",
    "tokens": "tokens DESC",
    "time": "duration DESC",
}
"""What requests are sorted by."""

KEPT: Final = RUN_DIMENSIONS[2:]
"""Dimensions that requests can be chosen by."""

_LABELS: Final = ("task_type", "team", "person", "harness")

_BASE: Final = (
    "hash(run) AS h, task_type, calls, input_tokens, output_tokens, cost_known, effective_cost, "
    "unknown_calls, epoch_us(first_time) AS began, epoch_us(last_time) AS ended"
)
"""What norms, reasons and sorting need of a row of the roll-up."""

_SUMS: Final = ("calls", "input_tokens", "output_tokens", "cost_known", "unknown_calls")

_FAMILY: Final = (
    "SELECT coalesce(root_h, b.h) AS h, "
    "coalesce(max(CASE WHEN root_h IS NULL THEN task_type END), max(task_type)) AS task_type, "
    "coalesce(bool_or(CASE WHEN root_h IS NULL THEN fits END), bool_or(fits)) AS fits, "
    "count(DISTINCT CASE WHEN root_h IS NOT NULL THEN b.h END) AS nested, "
    "1 + coalesce(max(levels), 0) AS levels, "
    "CAST(sum(CASE WHEN root_h IS NULL THEN calls ELSE 0 END) AS BIGINT) AS root_calls, "
    + "".join(f"CAST(sum({name}) AS BIGINT) AS {name}, " for name in _SUMS)
    + "sum(effective_cost) AS effective_cost, min(began) AS began, max(ended) AS ended "
    "FROM base b LEFT JOIN root ON b.h = root.h WHERE b.h IN (SELECT h FROM grouped) "
    "GROUP BY coalesce(root_h, b.h)"
)
"""The requests of several rows."""

_NARROW: Final = (
    "calls, input_tokens // calls AS context, input_tokens + output_tokens AS tokens, "
    "CASE WHEN cost_known > 0 THEN effective_cost END AS cost, unknown_calls, "
    "ended - began AS duration"
)

_COUNTS: Final = (
    "calls", "input_tokens", "output_tokens", "unknown_calls", "lower_bound_calls",
)  # fmt: skip

_LOOPS: Final = (
    f"(l.repeated >= {outliers.LOOP_CALLS} AND l.repeated * {outliers.LOOP_SHARE} >= r.calls)"
)
"""Whether a request loops, over `request r` and `loop l`."""


class Requests:
    """The requests of a question, worked out in temporary tables of a session. where: on team,
    person, task_type, task and harness, of the root run; since, until: when it began."""

    def __init__(self, books: Books, question: Question, pending: pa.Table | None) -> None:
        for name, _ in question.where:
            if name not in KEPT:
                raise UsageError(
                    f"runs are not kept by {name}", remedy=f"--where may name: {', '.join(KEPT)}."
                )
        self.books = books
        self.question = question
        self.session = books.session.cursor()
        with readable():
            self._sum(self._source(pending))

    def close(self) -> None:
        """Release the session."""
        self.session.close()

    def _source(self, pending: pa.Table | None) -> str:
        """The rows of the roll-up, with those that wait in the inbox."""
        books, parts = self.books, []
        files = books.runs.files()
        if books.runs.batch() == books.events.batch():
            if files:
                parts.append(f"SELECT * FROM read_parquet([{', '.join(map(quote, files))}])")
        elif books.event_files():
            parts.append(runs_sql().replace("FROM rows", f"FROM {books.event_source()}"))
        if pending is not None:
            self.session.register("pending_runs", books.arrow(runs_sql(), rows=pending))
            parts.append("SELECT * FROM pending_runs")
        if not parts:
            self.session.register("pending_runs", books.runs.schema.empty_table())
            parts.append("SELECT * FROM pending_runs")
        return f"({' UNION ALL '.join(f'({part})' for part in parts)})"

    def _sum(self, source: str) -> None:
        """`request`: one narrow row per root run with the sums over all runs below it.

        The roll-up is read once, into `base`. Nearly every run is one row of it and stands alone;
        only the others (several batches, sub-agents) are grouped. Runs are told apart by 64 bits
        of hash here, and by their names where they are shown.
        """
        create = self.session.execute
        self.rows = source
        create(
            f"CREATE TEMP TABLE sub AS SELECT DISTINCT run, parent_run FROM {source} "
            "WHERE parent_run IS NOT NULL AND parent_run <> run"
        )
        create(
            "CREATE TEMP TABLE root AS WITH RECURSIVE up AS ("
            "SELECT run, parent_run AS above, 1 AS levels FROM sub UNION ALL "
            "SELECT up.run, sub.parent_run, up.levels + 1 FROM up JOIN sub ON up.above = sub.run "
            f"WHERE up.levels < {DEEPEST}) "
            "SELECT run, max_by(above, (levels, above)) AS root, max(levels) AS levels, "
            "hash(run) AS h, hash(max_by(above, (levels, above))) AS root_h FROM up GROUP BY run"
        )
        where = condition(Question(where=self.question.where))
        create(f"CREATE TEMP TABLE base AS SELECT {_BASE}, {where} AS fits FROM {source}")
        create(
            "CREATE TEMP TABLE grouped AS SELECT h FROM base GROUP BY h HAVING count(*) > 1 "
            "UNION SELECT h FROM root UNION SELECT root_h FROM root"
        )
        create(f"CREATE TEMP TABLE family AS {_FAMILY}")
        chosen = f"calls > 0 AND fits AND {self._began()}"
        create(
            f"CREATE TEMP TABLE request AS SELECT h, task_type, 0 AS nested, 1 AS levels, "
            f"calls AS root_calls, {_NARROW} FROM base "
            f"WHERE h NOT IN (SELECT h FROM grouped) AND {chosen} UNION ALL SELECT h, task_type, "
            f"nested, levels, root_calls, {_NARROW} FROM family WHERE {chosen}"
        )
        create(
            "CREATE TEMP TABLE loop AS SELECT coalesce(root_h, hash(p.run)) AS h, "
            f"count(*) AS repeated FROM {self._repeated()} p LEFT JOIN root ON p.run = root.run "
            "GROUP BY ALL"
        )
        both = "[0.5, 0.99]"
        create(
            "CREATE TEMP TABLE usual AS SELECT task_type, count(*) AS n, sum(cost) AS cost, "
            "CAST(sum(unknown_calls) AS BIGINT) AS unknown_calls, "
            f"quantile_disc(CASE WHEN unknown_calls = 0 THEN cost END, {both}) AS costs, "
            f"quantile_disc(calls, {both}) AS calls, "
            f"quantile_disc(context, {both}) AS contexts FROM request GROUP BY task_type"
        )

    def _began(self) -> str:
        """The condition on when a request began."""
        since, until = self.question.since, self.question.until
        parts = [f"began >= {since}"] if since is not None else []
        parts += [f"began < {until}"] if until is not None else []
        return " AND ".join(parts) or "true"

    def _shown(self) -> str:
        """The query for the requests in `shown`, with all that is told of them."""
        members = self.session.execute(
            f"SELECT DISTINCT r.run FROM {self.rows} r LEFT JOIN root ON r.run = root.run "
            "WHERE coalesce(root_h, hash(r.run)) IN (SELECT h FROM shown)"
        ).fetchall()
        names = ", ".join(quote(name) for (name,) in members) or "NULL"
        labels = ", ".join(
            f"coalesce(max(CASE WHEN root IS NULL THEN {name} END), max({name})) AS {name}"
            for name in _LABELS
        )
        counts = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in _COUNTS)
        return (
            f"SELECT coalesce(root, r.run) AS run, {labels}, epoch_us(min(first_time)) AS "
            "first_time, epoch_us(max(last_time)) AS last_time, "
            "epoch_us(max(last_time)) - epoch_us(min(first_time)) AS duration, "
            "count(DISTINCT CASE WHEN root IS NOT NULL THEN r.run END) AS nested, "
            f"{counts}, CAST(sum(input_tokens + output_tokens) AS BIGINT) AS tokens, "
            "CASE WHEN sum(cost_known) > 0 THEN sum(effective_cost) END AS cost "
            f"FROM {self.rows} r LEFT JOIN root ON r.run = root.run WHERE r.run IN ({names}) "
            "GROUP BY coalesce(root, r.run)"
        )

    def _repeated(self) -> str:
        """The calls that repeat an answered one, with their runs."""
        assigning = self.books.assigning
        assert assigning is not None
        return assigning.retries(self.session)

    def norms(self) -> dict[str | None, Norms]:
        """What is usual for every task type."""
        return {row["task_type"]: _norms(row) for row in self._rows("SELECT * FROM usual")}

    def standing_out(
        self, sort: str, top: int, *, every: bool = False
    ) -> tuple[list[Request], int]:
        """The first requests with a reason by `sort`, and how many have one in all. every, or none
        has a reason: the first of all requests."""
        self.session.execute(
            "CREATE TEMP TABLE outlier AS SELECT r.* FROM request r "
            "JOIN usual u ON r.task_type IS NOT DISTINCT FROM u.task_type "
            f"LEFT JOIN loop l ON r.h = l.h WHERE {_LOOPS} OR (u.n >= {outliers.ENOUGH} AND "
            "(r.cost > u.costs[2] OR r.calls > u.calls[2] OR r.context > "
            f"greatest(u.contexts[2], {outliers.RUNAWAY} * u.contexts[1])))"
        )
        ((count,),) = self.session.execute("SELECT count(*) FROM outlier").fetchall()
        chosen = "request" if every or not count else "outlier"
        self.session.execute(
            f"CREATE TEMP TABLE shown AS SELECT h FROM {chosen} ORDER BY {SORTS[sort]}, h "
            f"LIMIT {int(top)}"
        )
        rows = self._rows(
            f"SELECT s.*, coalesce(l.repeated, 0) AS repeated FROM ({self._shown()}) s "
            f"LEFT JOIN loop l ON hash(s.run) = l.h ORDER BY {SORTS[sort]}, run"
        )
        return [_request(row) for row in rows], int(count)

    def multipliers(self) -> list[Multipliers]:
        """The factors of every task type, those with most calls first."""
        rows = self._rows(
            "SELECT task_type, CAST(sum(CASE WHEN root_calls > 0 THEN 1 ELSE 0 END) AS BIGINT) "
            "AS requests, sum(root_calls) AS root_calls, sum(calls) AS calls, "
            "sum(CASE WHEN nested > 0 THEN 1 ELSE 0 END) AS nested, max(levels) AS levels, "
            f"sum(CASE WHEN {_LOOPS} THEN 1 ELSE 0 END) AS looping "
            "FROM request r LEFT JOIN loop l ON r.h = l.h "
            "GROUP BY task_type ORDER BY sum(calls) DESC, task_type"
        )
        return [
            Multipliers(row["task_type"], *(int(row[name]) for name in _FACTORS)) for row in rows
        ]

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        with readable():
            rows: list[dict[str, Any]] = self.session.sql(sql).to_arrow_table().to_pylist()
        return rows


_FACTORS: Final = ("requests", "root_calls", "calls", "nested", "levels", "looping")


def _femto(amount: Decimal | None) -> int | None:
    return None if amount is None else to_femto(Decimal(amount))


def _norms(row: dict[str, Any]) -> Norms:
    median, limit = row["costs"] or (None, None)
    return Norms(
        task_type=row["task_type"],
        requests=row["n"],
        cost=_femto(row["cost"]),
        unknown_calls=row["unknown_calls"],
        p50_cost=_femto(median),
        p99_cost=_femto(limit),
        p50_calls=row["calls"][0],
        p99_calls=row["calls"][1],
        p50_context=row["contexts"][0],
        p99_context=row["contexts"][1],
    )


def _request(row: dict[str, Any]) -> Request:
    values = {name: row[name] for name in _COPIED}
    return Request(**values, runs=1 + int(row["nested"]), cost=_femto(row["cost"]))


_COPIED: Final = (
    "run", "first_time", "last_time", "task_type", "team", "person", "harness", "calls",
    "input_tokens", "output_tokens", "unknown_calls", "lower_bound_calls", "repeated",
)  # fmt: skip
