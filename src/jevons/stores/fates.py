"""Which runs an outcome speaks of, and what became of every run: worked out in SQL from the newest
reports, so that late and changed outcomes need no rewriting.

A *unit* is a run, or a call that belongs to none (then its session, task or own id stands for it).
Units hang below a *root*. Roots that one outcome speaks of together are one *attempt*; every other
root is an attempt of its own. Each outcome belongs to one attempt at most.

Ids are joined by their 64-bit hashes: a table of five million strings takes ten times the memory
and the time. Two of five million ids share one by chance once in a million ledgers.
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
"""The unit of an event row; `links`, `units` and `fates` know it by `hash(...)` of it."""

_ROUNDS: Final = 64
"""Sub-agents are not nested as deep; ids that name each other as parents end here."""

_ORDER: Final = "{'a': time, 'b': revision, 'c': status <> 'unknown', 'd': content}"
"""The precedence of a report (`ledger.outcomes.precedence`) as an SQL value."""

_SALT: Final = {
    "run": 0, "trace_id": 0, "session": 1, "task": 2, "response_id": 3, "pull_request": 4,
}  # fmt: skip
"""Told apart by the last bits of the hash: a task and a session may have the same name."""

_FIGURES: Final = (
    "standing", "value", "value_provenance", "loss", "human_minutes", "baseline_minutes",
    "baseline_cost",
)  # fmt: skip
"""What the fate of an attempt is made from, beside the order of its reports."""

_UNITS: Final = "unit, parent, task, session, is_run"


def _key(text: str, kind: str) -> str:
    """The hash by which something of a kind is joined; null stays null."""
    salted = f"xor(hash({text}), {_SALT[kind]})"
    return f"CASE WHEN {text} IS NOT NULL THEN {salted} END"


class Linking:
    """Outcomes joined with the units of a period, as temporary tables of one session.

    `units` (unit, parent, task, session, is_run: hashes), `roots` (unit, root) of what has a
    parent, `cur` (the reports that count, known by their `content`), `links` (outcome, root and the
    figures of the report), `groups` (root, attempt) of roots that share an outcome, `moved` (unit,
    attempt) of units that do not stand for themselves, and `fates` (attempt, fate and the sums of
    its outcomes). In a period there is also `extra`: units of which some calls lie outside, or that
    belong to attempts in it. pending: event rows that wait in the inbox.
    """

    def __init__(
        self,
        books: Books,
        as_of: int | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
        fates: bool = True,
        pending: pa.Table | None = None,
    ) -> None:
        self.books = books
        self.pending = pending
        self.as_of = as_of
        self.since, self.until = since, until
        self.session = books.session.cursor()
        with readable():
            self._reports()
            self._units()
            self._connect()
            while self.limited and self._complete():
                self._connect()
            if fates:
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
        fresh = bool(runs.files()) and runs.batch() == self.books.events.batch()
        return self.as_of is None and self.pending is None and fresh

    @property
    def events(self) -> str:
        """The event rows known at that time, in a FROM clause."""
        if self.pending is None and not self.books.event_files():
            self.session.register("no_events", EVENTS.empty_table())
            return "no_events"
        source = self.books.event_source(self.pending, self.session)
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

    def _units(self) -> None:
        """Everything that was run, in the period and outside."""
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
        wanted = {"task": "task", "session": "session"}  # read only where outcomes name them
        task, session = (
            _key(text, kind) if kind in self.kinds else "CAST(NULL AS UBIGINT)"
            for kind, text in wanted.items()
        )
        self.table(
            "known",
            f"SELECT hash(unit) AS unit, {_key('parent', 'run')} AS parent, {task} AS task, "
            f"{session} AS session, is_run, {self.inside()} AS here "
            # What was taken back altogether has calls of both signs.
            f"FROM ({runs} UNION ALL {loose}) WHERE calls > 0",
        )
        self.table("units", f"SELECT DISTINCT {_UNITS} FROM known WHERE here")
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

    @property
    def _told(self) -> str:
        """All reports known at that time, in a FROM clause."""
        if not self.books.outcomes.files():
            self.session.register("no_outcomes", OUTCOMES.empty_table())
            return "no_outcomes"
        files = ", ".join(map(quote, self.books.outcomes.files()))
        known = (
            "" if self.as_of is None else f" WHERE recorded_at <= make_timestamptz({self.as_of})"
        )
        return f"(SELECT * FROM read_parquet([{files}]){known})"

    def _reports(self) -> None:
        """Which outcomes have several reports (few), and which report of these counts; and what
        ties pull requests to something."""
        told = self._told
        self.session.execute(
            "CREATE OR REPLACE TEMP VIEW cur AS SELECT *, content AS outcome FROM "
            f"({current_sql(self.books, self.as_of)}) WHERE NOT only_link"
        )
        ids = "hash(source) AS source, hash(outcome_id) AS id"
        self.table(
            "superseded",
            f"SELECT content FROM (SELECT {ids}, content, time, revision, status FROM {told}) "
            f"SEMI JOIN (SELECT DISTINCT {ids} FROM {told} WHERE again) USING (source, id) "
            "QUALIFY row_number() OVER (PARTITION BY source, id ORDER BY time DESC, "
            "revision DESC, status <> 'unknown' DESC, content DESC) > 1",
        )
        rows = self.session.execute(f"SELECT DISTINCT link_kind FROM {told}").fetchall()
        self.kinds = {row[0] for row in rows}
        self.ties = "pull_request" in self.kinds
        salted = " ".join(
            f"WHEN {quote(kind)} THEN xor(hash(link_id), {salt})" for kind, salt in _SALT.items()
        )
        self.aim = f"CASE link_kind {salted} END"
        self.table("aims", f"SELECT {self.aim} AS aim FROM {told} WHERE NOT only_link")
        if self.ties:
            self.table(
                "ties",
                f"SELECT DISTINCT {_key('pull_request', 'pull_request')} AS request, "
                f"{self.aim} AS aim FROM {told} ANTI JOIN superseded USING (content) "
                "WHERE pull_request IS NOT NULL AND link_kind <> 'pull_request'",
            )

    def _links(self) -> None:
        """What every outcome speaks of, as roots. A pull request is that of whatever some report
        names together with it."""
        keys = [
            "SELECT DISTINCT unit AS aim, coalesce(root, unit) AS top "
            "FROM units LEFT JOIN roots USING (unit) WHERE is_run"
        ]
        for kind in ("task", "session"):
            if kind in self.kinds:
                # Of what stands below a root only what names something else than the root does.
                named = f"SELECT {kind} AS aim, unit AS top FROM units WHERE {kind} IS NOT NULL"
                own = f"({named}) ANTI JOIN roots ON top = roots.unit"
                below = f"({named}) n JOIN roots r ON n.top = r.unit"
                keys.append(
                    f"SELECT DISTINCT aim, top FROM {own} UNION ALL SELECT DISTINCT aim, root "
                    f"FROM {below} ANTI JOIN ({named}) t ON t.aim = n.aim AND t.top = r.root"
                )
        if "response_id" in self.kinds:
            keys.append(self._answered())
        self.table("keys", " UNION ALL ".join(keys))
        if self.ties:
            self.session.execute(
                "INSERT INTO keys SELECT DISTINCT request, top FROM ties JOIN keys USING (aim)"
            )
        figures = ", ".join(_FIGURES)
        # Far more can be spoken of than is: a small table to join with is made first.
        self.table("spoken", "SELECT * FROM keys SEMI JOIN aims USING (aim)")
        self.table(
            "links",
            f"SELECT {figures}, link_kind, aim, content AS outcome, top AS root FROM (SELECT "
            # A filter would make the engine think that few rows are left, and hold these instead.
            f"{figures}, content, link_kind, CASE WHEN NOT only_link THEN {self.aim} END AS aim "
            f"FROM {self._told}) "
            "JOIN spoken USING (aim) ANTI JOIN superseded USING (content)",
        )

    def _answered(self) -> str:
        """The roots of responses: these ids are in the events alone."""
        wanted = f"SELECT link_id FROM {self._told} WHERE link_kind = 'response_id'"
        return (
            f"SELECT DISTINCT {_key('id', 'response_id')} AS aim, coalesce(root, unit) AS top "
            "FROM ("
            f"SELECT response_id AS id, hash({UNIT_SQL}) AS unit FROM {self.events} "
            f"WHERE response_id IN ({wanted}) GROUP BY ALL HAVING sum(calls) > 0) "
            "LEFT JOIN roots USING (unit)"
        )

    def _complete(self) -> bool:
        """Add what lies outside the period and belongs to attempts in it; whether there was any."""
        outside = "(SELECT * FROM known WHERE NOT here)"
        found = [
            f"SELECT * FROM {outside} SEMI JOIN units USING (unit)",
            f"SELECT o.* FROM {outside} o SEMI JOIN roots r ON o.unit = r.root",
            f"SELECT o.* FROM {outside} o SEMI JOIN units u ON o.parent = u.unit "
            "WHERE o.parent IS NOT NULL",
        ]
        shared = "SELECT aim FROM links WHERE link_kind IN ('task', 'session')"
        if self.ties:
            shared += (
                " UNION SELECT t.aim FROM ties t SEMI JOIN (SELECT aim FROM links "
                "WHERE link_kind = 'pull_request') l ON t.request = l.aim"
            )
            found.append(f"SELECT o.* FROM {outside} o SEMI JOIN ({shared}) w ON o.unit = w.aim")
        for kind in ("task", "session"):
            if kind in self.kinds:
                found.append(
                    f"SELECT o.* FROM {outside} o SEMI JOIN ({shared}) w ON o.{kind} = w.aim"
                )
        before = self.count("SELECT count(*) FROM extra")
        self.table("more", f"SELECT DISTINCT {_UNITS} FROM ({' UNION ALL '.join(found)})")
        self.table("extra", "SELECT DISTINCT unit FROM more")
        self.session.execute(
            f"INSERT INTO units SELECT {_UNITS} FROM more EXCEPT SELECT {_UNITS} FROM units"
        )
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
        figures = ", ".join(_FIGURES)
        self.session.execute(  # an outcome of several roots belongs to their attempt once
            "CREATE OR REPLACE TEMP VIEW belongs AS "
            f"SELECT outcome, {figures}, coalesce(attempt, root) AS attempt FROM "
            "(FROM links ANTI JOIN shared USING (outcome)) LEFT JOIN groups USING (root) "
            f"UNION ALL SELECT DISTINCT outcome, {figures}, attempt FROM "
            "(FROM links SEMI JOIN shared USING (outcome)) JOIN groups USING (root)",
        )
        self.table(
            "summed",
            "SELECT attempt, count(*) AS outcomes, min(standing) AS standing, "
            "sum(value) FILTER (standing = 'succeeded') AS value, "
            f"max({grades}) FILTER (standing = 'succeeded' AND value IS NOT NULL) AS grade, "
            "sum(loss) AS loss, sum(human_minutes) AS human_minutes, "
            "sum(baseline_minutes) AS baseline_minutes, sum(baseline_cost) AS baseline_cost "
            "FROM belongs GROUP BY attempt",
        )
        self.table(  # several outcomes of one attempt are few: only these need an order
            "last_decided",
            f"SELECT attempt, arg_max(t.standing, {_ORDER}) AS fate FROM (SELECT attempt, outcome "
            "FROM belongs SEMI JOIN (SELECT attempt FROM summed WHERE outcomes > 1) "
            f"USING (attempt)) b JOIN {self._told} t ON t.content = b.outcome "
            "WHERE t.standing <> 'unknown' GROUP BY attempt",
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
        return self.count("SELECT count(*) FROM cur") - self.count(
            "SELECT count(DISTINCT outcome) FROM links"
        )


def fate_table(
    books: Books,
    as_of: int | None = None,
    *,
    since: int | None = None,
    until: int | None = None,
    pending: pa.Table | None = None,
) -> pa.Table:
    """What became of every unit that an outcome speaks of, sub-agents' runs included; of those
    with calls in a period, if one is given.

    Columns: unit (`hash` of `UNIT_SQL` of an event row), attempt, fate (`succeeded`, `failed`,
    `abandoned`, `unknown`). A unit that is not in it has the fate `unknown`.
    """
    if not books.outcomes.files():
        whole = pa.uint64()
        fields = [("unit", whole), ("attempt", whole), ("fate", pa.string())]
        return pa.schema(fields).empty_table()
    linking = Linking(books, as_of, since=since, until=until, pending=pending)
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


def fated(
    books: Books,
    question: Question,
    source: str,
    session: DuckDBPyConnection,
    pending: pa.Table | None = None,
) -> str:
    """A source of event rows that a question needs: with the fate of their runs if it asks, as
    known by its `as_of`. pending: the rows among them that wait in the inbox."""
    if not question.asks_fate:
        return source
    if not books.outcomes.files():
        return f"(SELECT *, CAST(NULL AS VARCHAR) AS {FATE} FROM {source})"
    found = fate_table(
        books, question.as_of, since=question.since, until=question.until, pending=pending
    )
    session.register("fate_of_units", found)
    return (
        f"(SELECT e.*, f.{FATE} FROM (SELECT *, hash({UNIT_SQL}) AS unit_of FROM {source}) e "
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
    linking = Linking(books, as_of, fates=False)
    try:
        with readable():
            found = linking.count("SELECT count(*) FROM cur"), linking.unlinked()
    finally:
        linking.close()
    if as_of is None and books.writable:
        books.state.set_fact(_COVERAGE, f"{standing} | {found[0]} {found[1]}")
    return found
