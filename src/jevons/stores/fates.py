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
    """Outcomes joined with the units of a period, as temporary tables of one session.

    `units` (unit, parent, task, session, is_run), `roots` (unit, root) of what has a parent, `cur`
    (the reports that count, each known by its `outcome`), `links` (outcome, root), `groups` (root,
    attempt) of roots that share an outcome, `moved` (unit, attempt) of units that do not stand for
    themselves, and `fates` (attempt, fate and the sums of its outcomes). In a period there are also
    `extra`: units of which some calls lie outside, or that belong to attempts in it.
    """

    def __init__(
        self,
        books: Books,
        as_of: int | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> None:
        self.books = books
        self.as_of = as_of
        self.since, self.until = since, until
        self.session = books.session.cursor()
        with readable():
            self._reports()
            self._units()
            self._connect()
            while self.limited and self._complete():
                self._connect()
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
    def limited(self) -> bool:
        """Whether only a period is asked for."""
        return self.since is not None or self.until is not None

    @property
    def from_runs(self) -> bool:
        """Whether the roll-up of runs can be read instead of the events."""
        runs = self.books.runs
        return self.as_of is None and bool(runs.files()) and self.is_fresh

    @property
    def is_fresh(self) -> bool:
        """Whether the roll-up of runs stands at the events."""
        return self.books.runs.batch() == self.books.events.batch()

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

    def inside(self, first: str = "first", last: str = "last") -> str:
        """The condition that something lies in the period, at least in part."""
        bounds = []
        if self.since is not None:
            bounds.append(f"{last} >= make_timestamptz({self.since})")
        if self.until is not None:
            bounds.append(f"{first} < make_timestamptz({self.until})")
        return " AND ".join(bounds) or "true"

    @property
    def _known(self) -> str:
        """Everything that was run: unit, parent, task, session, is_run, first, last, calls."""
        loose = (
            f"SELECT {UNIT_SQL} AS unit, CAST(NULL AS VARCHAR) AS parent, task, session, "
            f"false AS is_run, time AS first, time AS last, calls FROM {self.events} "
            "WHERE run IS NULL"
        )
        if self.from_runs:
            files = ", ".join(map(quote, self.books.runs.files()))
            runs = (
                "SELECT run AS unit, parent_run AS parent, task, coalesce(session, run) AS session,"
                " true AS is_run, first_time AS first, last_time AS last, calls "
                f"FROM read_parquet([{files}])"
            )
        else:
            runs = (
                "SELECT run AS unit, parent_run AS parent, task, session, true AS is_run, "
                f"time AS first, time AS last, calls FROM {self.events} WHERE run IS NOT NULL"
            )
        return f"({runs} UNION ALL {loose})"

    def _units(self) -> None:
        names = "unit, parent, task, session, is_run"
        if self.from_runs:  # what was taken back altogether is there with calls of both signs
            self.table(
                "units",
                f"SELECT DISTINCT {names} FROM {self._known} WHERE calls > 0 AND {self.inside()}",
            )
        else:
            self.table(
                "units",
                f"SELECT {names} FROM {self._known} WHERE {self.inside()} "
                f"GROUP BY {names} HAVING sum(calls) > 0",
            )
        self.table("extra", "SELECT unit FROM units WHERE false")

    def _connect(self) -> None:
        self._roots()
        self._links()

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
        self.session.execute(
            "CREATE OR REPLACE TEMP VIEW reports AS SELECT content AS outcome, * FROM "
            f"({current_sql(self.books, self.as_of)})"
        )
        self.session.execute(
            "CREATE OR REPLACE TEMP VIEW cur AS SELECT * FROM reports WHERE NOT only_link"
        )
        rows = self.session.execute("SELECT DISTINCT link_kind FROM reports").fetchall()
        self.kinds = {row[0] for row in rows}

    def _links(self) -> None:
        """What every outcome speaks of, as roots. A pull request is that of whatever some report
        names together with it."""
        placed = "SELECT *, coalesce(root, unit) AS top FROM units LEFT JOIN roots USING (unit)"
        keys = {
            "run": f"SELECT DISTINCT unit AS id, top FROM ({placed}) WHERE is_run",
            "session": f"SELECT DISTINCT session AS id, top FROM ({placed})",
            "task": f"SELECT DISTINCT task AS id, top FROM ({placed})",
        }
        keys["trace_id"] = keys["run"]
        if "response_id" in self.kinds:
            keys["response_id"] = self._answered()
        hits = [self._hits(kind, f"({keys[kind]})") for kind in keys if kind in self.kinds]
        if "pull_request" in self.kinds:
            tied = [
                "SELECT DISTINCT t.pull_request AS id, k.top FROM reports t "
                f"JOIN ({text}) k ON k.id = t.link_id "
                f"WHERE t.pull_request IS NOT NULL AND t.link_kind = {quote(kind)}"
                for kind, text in keys.items()
                if kind in self.kinds
            ]
            if tied:
                hits.append(self._hits("pull_request", f"({' UNION '.join(tied)})"))
        nothing = "SELECT outcome, link_kind, link_id, '' AS root FROM cur WHERE false"
        self.table("links", " UNION ALL ".join(hits) or nothing)

    @staticmethod
    def _hits(kind: str, keys: str) -> str:
        return (
            "SELECT c.outcome, c.link_kind, c.link_id, k.top AS root FROM cur c "
            f"JOIN {keys} k ON k.id = c.link_id WHERE c.link_kind = {quote(kind)}"
        )

    def _answered(self) -> str:
        """The roots of responses: these ids are in the events alone."""
        wanted = "SELECT link_id FROM reports WHERE link_kind = 'response_id'"
        return (
            "SELECT DISTINCT id, coalesce(root, unit) AS top FROM ("
            f"SELECT response_id AS id, {UNIT_SQL} AS unit FROM {self.events} "
            f"WHERE response_id IN ({wanted}) GROUP BY ALL HAVING sum(calls) > 0) "
            "LEFT JOIN roots USING (unit)"
        )

    def _complete(self) -> bool:
        """Add what lies outside the period and belongs to attempts in it; whether there was any."""
        outside = f"(SELECT * FROM {self._known} WHERE NOT ({self.inside()}) AND calls > 0)"
        shared = "SELECT link_id FROM links WHERE link_kind = "
        tied = (
            "SELECT t.link_id FROM reports t SEMI JOIN (SELECT link_id FROM links "
            "WHERE link_kind = 'pull_request') l ON t.pull_request = l.link_id WHERE t.link_kind = "
        )
        found = [
            f"SELECT * FROM {outside} SEMI JOIN units USING (unit)",
            f"SELECT o.* FROM {outside} o SEMI JOIN roots r ON o.unit = r.root",
            f"SELECT o.* FROM {outside} o SEMI JOIN units u ON o.parent = u.unit "
            "WHERE o.parent IS NOT NULL",
        ]
        for kind in ("task", "session"):
            wanted = [f"{shared}{quote(kind)}"] * (kind in self.kinds)
            wanted += [f"{tied}{quote(kind)}"] * ("pull_request" in self.kinds)
            found += [
                f"SELECT o.* FROM {outside} o SEMI JOIN ({ids}) w ON o.{kind} = w.link_id"
                for ids in wanted
            ]
        names = "unit, parent, task, session, is_run"
        before = self.count("SELECT count(*) FROM extra")
        self.table("extra_units", f"SELECT DISTINCT {names} FROM ({' UNION ALL '.join(found)})")
        self.table("extra", "SELECT DISTINCT unit FROM extra_units")
        self.table("units", f"SELECT {names} FROM units UNION SELECT {names} FROM extra_units")
        return self.count("SELECT count(*) FROM extra") > before

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
            if not self.count("SELECT count(*) FROM (FROM next_groups EXCEPT FROM groups)"):
                break
            self.table("groups", "FROM next_groups")
        self.table(
            "moved",
            "SELECT unit, coalesce(attempt, root) AS attempt FROM roots LEFT JOIN groups "
            "USING (root) UNION ALL SELECT root, attempt FROM groups "
            "WHERE root NOT IN (SELECT unit FROM roots)",
        )

    def _fates(self) -> None:
        grades = "CASE value_provenance WHEN 'measured' THEN 0 WHEN 'sampled' THEN 1 ELSE 2 END"
        self.table(
            "belongs",
            "SELECT DISTINCT outcome, coalesce(attempt, root) AS attempt "
            "FROM links LEFT JOIN groups USING (root)",
        )
        self.table(
            "summed",
            "SELECT attempt, count(*) AS outcomes, min(standing) AS standing, "
            "sum(value) FILTER (standing = 'succeeded') AS value, "
            f"max({grades}) FILTER (standing = 'succeeded' AND value IS NOT NULL) AS grade, "
            "sum(loss) AS loss, sum(human_minutes) AS human_minutes, "
            "sum(baseline_minutes) AS baseline_minutes, sum(baseline_cost) AS baseline_cost "
            "FROM belongs JOIN cur USING (outcome) GROUP BY attempt",
        )
        self.table(  # several outcomes of one attempt are few: only these need an order
            "last_decided",
            f"SELECT attempt, arg_max(standing, {_ORDER}) AS fate FROM belongs "
            "SEMI JOIN (SELECT attempt FROM summed WHERE outcomes > 1) USING (attempt) "
            "JOIN cur USING (outcome) WHERE standing <> 'unknown' GROUP BY attempt",
        )
        self.table(
            "fates",
            "SELECT * EXCLUDE (standing, fate), CASE WHEN outcomes = 1 THEN standing "
            "ELSE coalesce(fate, 'unknown') END AS fate "
            "FROM summed LEFT JOIN last_decided USING (attempt)",
        )

    def unlinked(self) -> int:
        """How many outcomes speak of nothing that the ledger knows; not of a period alone."""
        assert not self.limited, "what lies outside the period was not looked at"
        return self.count("SELECT count(*) FROM cur ANTI JOIN links USING (outcome)")


def fate_table(
    books: Books, as_of: int | None = None, *, since: int | None = None, until: int | None = None
) -> pa.Table:
    """What became of every unit that an outcome speaks of, sub-agents' runs included; of those
    with calls in a period, if one is given.

    Columns: unit (`UNIT_SQL` of an event row), attempt, fate (`succeeded`, `failed`, `abandoned`,
    `unknown`). A unit that is not in it has the fate `unknown`.
    """
    if not books.outcomes.files():
        text = pa.string()
        return pa.schema([("unit", text), ("attempt", text), ("fate", text)]).empty_table()
    linking = Linking(books, as_of, since=since, until=until)
    try:
        with readable():
            return linking.session.sql(
                "SELECT unit, attempt, fate FROM (SELECT unit, coalesce(attempt, unit) AS attempt "
                "FROM (SELECT DISTINCT unit FROM units) LEFT JOIN moved USING (unit)) "
                "JOIN fates USING (attempt)"
            ).to_arrow_table()
    finally:
        linking.close()


FATE: Final = "fate"
"""The dimension of what became of a call's run; null where nobody said."""


def fated(books: Books, question: Question, source: str, session: DuckDBPyConnection) -> str:
    """A source of event rows with the fate of their runs, as known by the question's `as_of`."""
    if not books.outcomes.files():
        return f"(SELECT *, CAST(NULL AS VARCHAR) AS {FATE} FROM {source})"
    found = fate_table(books, question.as_of, since=question.since, until=question.until)
    session.register("fate_of_units", found)
    return (
        f"(SELECT e.*, f.{FATE} FROM (SELECT *, {UNIT_SQL} AS unit_of FROM {source}) e "
        "LEFT JOIN fate_of_units f ON f.unit = e.unit_of)"
    )


_COVERAGE: Final = "outcome_coverage"


def coverage(books: Books, as_of: int | None = None) -> tuple[int, int]:
    """How many outcomes there are, and how many of them speak of nothing that the ledger knows.
    Kept until calls or outcomes are added."""
    if not books.outcomes.files():
        return 0, 0
    standing = f"{books.events.batch()} {books.outcomes.batch()}"
    kept = (books.state.fact(_COVERAGE) or "").split(" | ") if as_of is None else []
    if len(kept) == 2 and kept[0] == standing:
        known, unlinked = kept[1].split()
        return int(known), int(unlinked)
    linking = Linking(books, as_of)
    try:
        with readable():
            found = linking.count("SELECT count(*) FROM cur"), linking.unlinked()
    finally:
        linking.close()
    if as_of is None and books.writable:
        books.state.set_fact(_COVERAGE, f"{standing} | {found[0]} {found[1]}")
    return found
