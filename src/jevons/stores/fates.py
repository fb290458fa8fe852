"""Which runs an outcome speaks of, and what became of every run: worked out in SQL from the newest
reports, so that late and changed outcomes need no rewriting.

A *unit* is a run, or a call that belongs to none (then its session, task or own id stands for it).
Units hang below a *root*. Roots that one outcome speaks of together are one *attempt*; every other
root is an attempt of its own. Each outcome belongs to one attempt at most.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from jevons.stores.books import Books, quote, readable
from jevons.stores.outcomes import current_sql
from jevons.stores.question import Question
from jevons.stores.schema import EVENTS, OUTCOMES

UNIT_SQL: Final = "coalesce(run, session, task, lower(hex(event_id)))"
"""The unit of an event row: join it with the `unit` of `fate_table`."""

_ROUNDS: Final = 64
"""Sub-agents are not nested as deep; ids that name each other as parents end here."""

_ORDER: Final = "{'a': time, 'b': revision, 'c': status <> 'unknown', 'd': content}"
"""The precedence of a report (`ledger.outcomes.precedence`) as an SQL value."""


class Linking:
    """Outcomes joined with the units of the ledger, as temporary tables of one session.

    `units` (unit, parent, task, is_run), `roots` (unit, root) of what has a parent, `cur` (the
    reports that count), `links` (outcome, root), `groups` (root, attempt) of roots that share an
    outcome, and `fates` (attempt, fate and the sums of its outcomes).
    """

    def __init__(self, books: Books, as_of: int | None = None) -> None:
        self.books = books
        self.as_of = as_of
        self.session = books.session.cursor()
        with readable():
            self._units()
            self._roots()
            self._reports()
            self._links()
            self._groups()
            self._fates()

    def close(self) -> None:
        """Release the session and its tables."""
        self.session.close()

    def table(self, name: str, query: str) -> None:
        """Keep the result of a query under a name."""
        self.session.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def count(self, query: str) -> int:
        """The whole number that a query gives."""
        ((number,),) = self.session.execute(query).fetchall()
        return int(number or 0)

    @property
    def events(self) -> str:
        """The event rows known at that time, in a FROM clause."""
        if not self.books.event_files():
            self.session.register("no_events", EVENTS.empty_table())
            return "no_events"
        source = self.books.event_source()
        if self.as_of is None:
            return source
        return f"(SELECT * FROM {source} WHERE recorded_at <= make_timestamptz({self.as_of}))"

    def _units(self) -> None:
        runs = self.books.runs
        if self.as_of is None and runs.files() and runs.batch() == self.books.events.batch():
            names = ", ".join(map(quote, runs.files()))
            known = f"SELECT run, parent_run, task, calls FROM read_parquet([{names}])"
        else:
            known = f"SELECT run, parent_run, task, calls FROM {self.events} WHERE run IS NOT NULL"
        self.table(
            "units",
            "SELECT run AS unit, min(parent_run) AS parent, task, true AS is_run "
            f"FROM ({known}) GROUP BY run, task HAVING sum(calls) > 0 UNION ALL "
            f"SELECT {UNIT_SQL}, NULL, task, false FROM {self.events} "
            "WHERE run IS NULL GROUP BY ALL HAVING sum(calls) > 0",
        )

    def _roots(self) -> None:
        """The top of every chain of parents."""
        self.table(
            "roots",
            "SELECT unit, min(parent) AS root FROM units "
            "WHERE parent IS NOT NULL AND parent <> unit GROUP BY unit",
        )
        for _ in range(_ROUNDS):
            deeper = (
                "SELECT count(*) FROM roots a JOIN roots b ON a.root = b.unit AND b.unit <> b.root"
            )
            if not self.count(deeper):
                return
            self.table(
                "roots",
                "SELECT a.unit, coalesce(b.root, a.root) AS root FROM roots a "
                "LEFT JOIN roots b ON a.root = b.unit",
            )

    def _reports(self) -> None:
        if not self.books.outcomes.files():
            self.session.register("no_outcomes", OUTCOMES.empty_table())
        self.table("reports", current_sql(self.books, self.as_of))
        self.table(
            "cur",
            "SELECT row_number() OVER () AS outcome, * FROM reports WHERE NOT only_link",
        )

    def _links(self) -> None:
        """What every outcome speaks of, as roots. A pull request is that of whatever some report
        names together with it."""
        self.table(
            "aims",
            "SELECT outcome, link_kind AS kind, link_id AS id FROM cur "
            "WHERE link_kind <> 'pull_request' UNION "
            "SELECT c.outcome, t.link_kind, t.link_id FROM cur c JOIN reports t "
            "ON t.pull_request = c.link_id AND t.link_kind <> 'pull_request' "
            "WHERE c.link_kind = 'pull_request'",
        )
        kinds = {
            row[0] for row in self.session.execute("SELECT DISTINCT kind FROM aims").fetchall()
        }
        hits = [
            "SELECT outcome, unit FROM aims JOIN units ON unit = id AND is_run "
            "WHERE kind IN ('run', 'trace_id')",
            "SELECT outcome, unit FROM aims JOIN units ON task = id WHERE kind = 'task'",
        ]
        hits += [self._through_events(kind) for kind in ("session", "response_id") if kind in kinds]
        self.table(
            "links",
            "SELECT DISTINCT outcome, coalesce(root, unit) AS root FROM "
            f"({' UNION '.join(hits)}) LEFT JOIN roots USING (unit)",
        )

    def _through_events(self, kind: str) -> str:
        wanted = f"(SELECT DISTINCT id FROM aims WHERE kind = {quote(kind)})"
        found = (
            f"SELECT {kind} AS id, {UNIT_SQL} AS unit FROM {self.events} "
            f"WHERE {kind} IN {wanted} GROUP BY ALL HAVING sum(calls) > 0"
        )
        return (
            f"SELECT outcome, unit FROM aims JOIN ({found}) USING (id) WHERE kind = {quote(kind)}"
        )

    def _groups(self) -> None:
        """Roots that share an outcome, directly or over others, have the least of them as their
        attempt."""
        self.table(
            "shared",
            "SELECT outcome, root FROM links WHERE outcome IN "
            "(SELECT outcome FROM links GROUP BY outcome HAVING count(*) > 1)",
        )
        self.table("groups", "SELECT DISTINCT root, root AS attempt FROM shared")
        while True:
            self.table(
                "next_groups",
                "WITH least AS (SELECT outcome, min(attempt) AS attempt FROM shared "
                "JOIN groups USING (root) GROUP BY outcome) "
                "SELECT root, min(attempt) AS attempt FROM shared JOIN least USING (outcome) "
                "GROUP BY root",
            )
            moved = "SELECT count(*) FROM (FROM next_groups EXCEPT FROM groups)"
            if not self.count(moved):
                return
            self.table("groups", "FROM next_groups")

    def _fates(self) -> None:
        grades = "CASE value_provenance WHEN 'measured' THEN 0 WHEN 'sampled' THEN 1 ELSE 2 END"
        self.table(
            "fates",
            "WITH belongs AS (SELECT DISTINCT outcome, coalesce(attempt, root) AS attempt "
            "FROM links LEFT JOIN groups USING (root)) "
            "SELECT attempt, count(*) AS outcomes, "
            f"coalesce(arg_max(standing, {_ORDER}) FILTER (standing <> 'unknown'), 'unknown') "
            "AS fate, "
            "sum(value) FILTER (standing = 'succeeded') AS value, "
            f"max({grades}) FILTER (standing = 'succeeded' AND value IS NOT NULL) AS grade, "
            "sum(loss) AS loss, sum(human_minutes) AS human_minutes, "
            "sum(baseline_minutes) AS baseline_minutes, sum(baseline_cost) AS baseline_cost "
            "FROM belongs JOIN cur USING (outcome) GROUP BY attempt",
        )

    def unlinked(self) -> int:
        """How many outcomes speak of nothing that the ledger knows."""
        return self.count("SELECT count(*) FROM cur ANTI JOIN links USING (outcome)")


def fate_table(books: Books, as_of: int | None = None) -> pa.Table:
    """What became of every unit that an outcome speaks of, sub-agents' runs included.

    Columns: unit (`UNIT_SQL` of an event row), attempt, fate (`succeeded`, `failed`, `abandoned`,
    `unknown`). A unit that is not in it has the fate `unknown`.
    """
    if not books.outcomes.files():
        text = pa.string()
        return pa.schema([("unit", text), ("attempt", text), ("fate", text)]).empty_table()
    linking = Linking(books, as_of)
    try:
        with readable():
            return linking.session.sql(
                "WITH placed AS (SELECT unit, coalesce(root, unit) AS root FROM "
                "(SELECT DISTINCT unit FROM units) LEFT JOIN roots USING (unit)) "
                "SELECT unit, attempt, fate FROM (SELECT unit, coalesce(attempt, root) AS attempt "
                "FROM placed LEFT JOIN groups USING (root)) JOIN fates USING (attempt)"
            ).to_arrow_table()
    finally:
        linking.close()


FATE: Final = "fate"
"""The dimension of what became of a call's run; null where nobody said."""


def fated(books: Books, question: Question, source: str, session: DuckDBPyConnection) -> str:
    """A source of event rows with the fate of their runs, as known by the question's `as_of`."""
    if not books.outcomes.files():
        return f"(SELECT *, CAST(NULL AS VARCHAR) AS {FATE} FROM {source})"
    session.register("fate_of_units", fate_table(books, question.as_of))
    return (
        f"(SELECT e.*, f.{FATE} FROM (SELECT *, {UNIT_SQL} AS unit_of FROM {source}) e "
        "LEFT JOIN fate_of_units f ON f.unit = e.unit_of)"
    )


def coverage(books: Books) -> tuple[int, int]:
    """How many outcomes there are, and how many of them speak of nothing that the ledger knows."""
    if not books.outcomes.files():
        return 0, 0
    linking = Linking(books)
    try:
        with readable():
            return linking.count("SELECT count(*) FROM cur"), linking.unlinked()
    finally:
        linking.close()
