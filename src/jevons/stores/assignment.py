"""What every call was for, assigned by rules: a derived table beside the events.

Nearly all of it follows from the call's own row, as one CASE made of the rules. What needs a look
at the whole run (a prompt that was answered before, the call that ends the run) differs for few
calls: these exceptions are the table `purposes`. It follows new batches when it is next needed, and
is made anew when the rules change; a note in the side database says for which rules and batch it
stands. Nothing else is written, so no rule ever touches a stored event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import duckdb
import msgspec
import pyarrow as pa

from jevons.analysis.purposes import Ruleset, matches
from jevons.stores.books import Books, between, quote, readable
from jevons.stores.deciding import Deciding, column, patterns
from jevons.stores.derivation import Derivation
from jevons.stores.question import Question
from jevons.stores.report import condition
from jevons.stores.schema import PURPOSES

_NOTE: Final = "purposes"
_NEWEST: Final = 2**31 - 1
"""The batch of changes that are in memory only: newer than every other."""


class Note(msgspec.Struct, frozen=True):
    """What the stored assignments stand for: the rules, the batch of the events, when that was
    recorded (epoch microseconds), and the names that the rules' patterns matched."""

    version: str
    batch: int
    recorded_at: int
    words: dict[str, list[str]]


class Assignments:
    """The assigned purposes of a home's calls. rules: returns the rules (loaded when needed)."""

    def __init__(self, books: Books, rules: Callable[[], Ruleset]) -> None:
        self.books = books
        self.rules = rules
        self._now: tuple[Note, pa.Table | None] | None = None

    def stored(self) -> Note | None:
        """What the stored assignments stand for, None when nothing usable is stored."""
        text = self.books.state.fact(_NOTE)
        note = msgspec.json.decode(text, type=Note) if text else None
        return note if note is not None and note.version == self.rules().version else None

    def is_current(self) -> bool:
        """Whether the stored assignments follow from all stored events and today's rules."""
        note = self.stored()
        return note is not None and note.batch == self.books.events.batch()

    def refresh(self) -> None:
        """Bring the stored assignments up to the events. The caller holds the write lock."""
        before, batch = self.stored(), self.books.events.batch()
        note, changes = self._derived(before, None)
        self.books.state.set_fact(_NOTE, "")  # whatever stops us now, they are made anew
        if before is None:
            self.books.purposes.replace(_stamped(changes, batch), batch)
        else:
            self.books.purposes.append(_stamped(changes, batch), batch)
        self.books.state.set_fact(_NOTE, msgspec.json.encode(note).decode())

    def look(self, pending: pa.Table | None) -> None:
        """Take today's assignments for the questions that follow; what is not stored (rows that
        wait in the inbox, a home that cannot be written) is worked out in memory."""
        note = self.stored()
        if note is not None and note.batch == self.books.events.batch() and pending is None:
            self._now = note, None
        else:
            found, changes = self._derived(note, pending)
            self._now = found, _stamped(changes, _NEWEST if note else -1)

    def source(
        self, inner: str, session: duckdb.DuckDBPyConnection, runs: Sequence[str] = ()
    ) -> str:
        """A FROM clause like `inner` whose `purpose` is the assigned one; it also has
        `stated_purpose` and `purpose_rule`. runs: only these are asked for. `look` came before."""
        assert self._now is not None
        note, changes = self._now
        deciding = Deciding(self.rules().rules, note.words)
        return (
            f"(SELECT e.* REPLACE (coalesce(nullif(x.assigned, ''), {deciding.purpose()}) "
            "AS purpose), e.purpose AS stated_purpose, "
            f"coalesce(nullif(x.decided, ''), {deciding.rule()}) AS purpose_rule FROM {inner} e "
            f"LEFT JOIN {self._exceptions(session, changes, runs)} x ON e.event_id = x.exception)"
        )

    def differs(self) -> str | None:
        """The first stored assignment that does not follow from events and rules; None when all
        do, or when what is stored will be brought up to the events anyway."""
        if not self.is_current():
            return None
        _, derived = self._derived(None, None)
        files = self.books.purposes.files()
        rows = f"SELECT * FROM {_parquet(files)}" if files else "SELECT * FROM nothing_stored"
        stored = (
            "SELECT exception AS event_id, assigned AS purpose, decided AS rule "
            f"FROM {_latest(rows)} WHERE assigned <> ''"
        )
        wanted = "SELECT event_id, purpose, rule FROM derived"
        found = self.books.arrow(
            f"SELECT * FROM (({stored}) EXCEPT ({wanted})) UNION ALL "
            f"SELECT * FROM (({wanted}) EXCEPT ({stored})) LIMIT 1",
            derived=derived,
            nothing_stored=PURPOSES.empty_table(),
        ).to_pylist()
        if not found:
            return None
        event = found[0]["event_id"].hex()
        return f"event {event}: rule {found[0]['rule']} is on one side only, stored or derived"

    def counts(self, question: Question, pending: pa.Table | None) -> dict[str, int]:
        """How many calls of a question each rule decided, by the rule's id. `look` came before."""
        if not self.books.event_files() and pending is None:
            return {}
        session = self.books.session.cursor()
        source = self.source(self.books.event_source(pending, session), session)
        with readable():
            found = session.execute(
                f"SELECT purpose_rule, CAST(sum(calls) AS BIGINT) FROM {source} "
                f"WHERE {condition(question)} GROUP BY 1"
            ).fetchall()
        session.close()
        return dict(found)

    def retries(self, session: duckdb.DuckDBPyConnection) -> str:
        """The calls that repeat an answered one, as a FROM clause with their `run`."""
        assert self._now is not None
        known = self._exceptions(session, self._now[1])
        return f"(SELECT held_by AS run FROM {known} WHERE assigned = 'retry')"

    def _exceptions(
        self,
        session: duckdb.DuckDBPyConnection,
        changes: pa.Table | None,
        runs: Sequence[str] = (),
    ) -> str:
        """The exceptions that hold now: of every call the newest; an empty purpose takes back."""
        files = self.books.purposes.files()
        whole = changes is not None and self.stored() is None
        parts = [f"SELECT * FROM {_parquet(files)}"] if files and not whole else []
        if changes is not None or not parts:
            changed = changes if changes is not None else PURPOSES.empty_table()
            session.register("purpose_changes", changed)
            parts.append("SELECT * FROM purpose_changes")
        chosen = f" WHERE run IN ({', '.join(map(quote, sorted(runs)))})" if runs else ""
        return _latest(" UNION ALL ".join(part + chosen for part in parts))

    def _derived(self, before: Note | None, pending: pa.Table | None) -> tuple[Note, pa.Table]:
        """The exceptions of all calls; or of the runs that changed since `before`, where an empty
        purpose takes back what no longer holds."""
        books, version = self.books, self.rules().version
        batch = books.events.batch()
        since = before.recorded_at if before is not None else None
        if not books.event_files() and pending is None:
            return Note(version, batch, 0, {}), _NOTHING
        session = books.session.cursor()
        source = books.event_source(pending, session)
        with readable():
            words, newest = self._words(session, source, before)
            kept = self._touched(session, source, since)
            deciding = Deciding(self.rules().rules, words)
            derivation = Derivation(session, source, kept, deciding)
            found = derivation.exceptions()
            if since is not None and books.purposes.files():
                session.register("derived", found)
                found = session.sql(
                    "SELECT * FROM derived UNION ALL "
                    "SELECT l.event_id, l.run, '' AS purpose, '' AS rule "
                    f"FROM ({derivation.live}) l JOIN "
                    f"{_latest(f'SELECT * FROM {_parquet(books.purposes.files())}')} x "
                    "ON l.event_id = x.exception WHERE x.assigned <> '' "
                    "AND l.event_id NOT IN (SELECT event_id FROM derived)"
                ).to_arrow_table()
        session.close()
        return Note(version, batch, newest, words), found

    def _words(
        self, session: duckdb.DuckDBPyConnection, source: str, before: Note | None
    ) -> tuple[dict[str, list[str]], int]:
        """The names that patterns match, and when the newest row was recorded."""
        wanted = patterns(self.rules())
        since = 0 if before is None else before.recorded_at
        recent = f"FROM {source} e WHERE recorded_at > make_timestamptz({since})"
        texts = ", ".join(
            ["epoch_us(max(recorded_at))", *(f"list(DISTINCT {column(f)})" for f in wanted)]
        )
        (row,) = session.execute(f"SELECT {texts} {recent}").fetchall()
        known = {} if before is None else before.words
        words = {
            field: sorted({*known.get(field, ()), *_matching(wanted[field], names or ())})
            for field, names in zip(wanted, row[1:], strict=True)
        }
        return words, int(row[0] or since)

    def _touched(self, session: duckdb.DuckDBPyConnection, source: str, since: int | None) -> str:
        """The condition on rows of runs that have rows recorded after an instant, with the bounds
        of their times, which save most reading."""
        if since is None:
            return "true"
        session.execute(
            "CREATE TEMP TABLE touched AS SELECT run, min(time) AS first, max(time) AS last "
            f"FROM {source} WHERE recorded_at > make_timestamptz({since}) AND run IS NOT NULL "
            "GROUP BY run"
        )
        spans = "SELECT first, last FROM touched"
        runs = self.books.runs
        if runs.files() and runs.batch() == self.books.events.batch():
            spans += f" UNION ALL SELECT first_time, last_time FROM {_parquet(runs.files())} "
            spans += "WHERE run IN (SELECT run FROM touched)"
        else:
            spans += f" UNION ALL SELECT min(time), max(time) FROM {source}"
        ((low, high),) = session.execute(
            f"SELECT epoch_us(min(first)), epoch_us(max(last)) FROM ({spans})"
        ).fetchall()
        if low is None:
            return "false"
        return f"{between(low, high)} AND run IN (SELECT run FROM touched)"


_NOTHING: Final = PURPOSES.empty_table().drop_columns(["batch"])


def _stamped(changes: pa.Table, batch: int) -> pa.Table:
    stamp = pa.array([batch] * len(changes), pa.int32())
    return changes.append_column("batch", stamp).cast(PURPOSES)


def _matching(texts: tuple[str, ...], names: Iterable[str | None]) -> list[str]:
    return [name for name in names if name is not None and matches(texts, name)]


def _parquet(files: list[str]) -> str:
    return f"read_parquet([{', '.join(map(quote, files))}])"


def _latest(rows: str) -> str:
    """Of every call the newest exception, under names that no event has.

    Most were worked out together; only those of later batches are few enough to be compared.
    """
    columns = "event_id AS exception, {0} AS assigned, {1} AS decided, {2} AS held_by"
    plain = columns.format("purpose", "rule", "run")
    newest = columns.format(*(f"arg_max({name}, batch)" for name in ("purpose", "rule", "run")))
    first = f"(SELECT min(batch) FROM ({rows}))"
    later = f"FROM ({rows}) WHERE batch > {first}"
    return (
        f"(SELECT {plain} FROM ({rows}) WHERE batch = {first} AND event_id NOT IN "
        f"(SELECT event_id {later}) UNION ALL SELECT {newest} {later} GROUP BY event_id)"
    )
