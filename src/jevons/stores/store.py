"""The ledger of one home as the application sees it: append, ask, list, re-price, verify."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from jevons.stores.answers import Answers
from jevons.stores.failure import operational
from jevons.stores.inbox import Inbox
from jevons.stores.lock import write_lock
from jevons.stores.question import Answer, Question
from jevons.stores.state import Cursor, State, open_state, writable
from jevons.vocabulary.errors import LedgerDamaged, LedgerLocked, UsageError
from jevons.vocabulary.memory import uncollected
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.outcome import Outcome
from jevons.vocabulary.rejection import Rejection, reject

if TYPE_CHECKING:
    from decimal import Decimal

    import pyarrow as pa

    from jevons.analysis.purposes import Ruleset
    from jevons.analysis.run_tree import Step
    from jevons.analysis.spend import Spend
    from jevons.analysis.total_cost import ChargeSum
    from jevons.ledger.fields import Fields
    from jevons.pricing.book import PriceBook
    from jevons.stores.assignment import Assignments
    from jevons.stores.attempts import Summed
    from jevons.stores.books import Books
    from jevons.stores.declarations import Declaration
    from jevons.stores.figures import Calls
    from jevons.stores.journal import Journal
    from jevons.stores.outcomes import Recorded
    from jevons.stores.plan import Preview, Sealed
    from jevons.stores.preparation import Prepared
    from jevons.stores.repricing import Repriced
    from jevons.stores.requests import Requests

LAYOUT: Final = "3"
"""Version of the home's layout, kept beside the tables."""

SEAL_ROWS: Final = 100_000
"""How many inbox observations are sealed as one batch."""

COMPACT_FILES: Final = 400
"""Data files beyond which the event table is compacted after an import."""

T = TypeVar("T")

_decode = msgspec.json.Decoder(Observation).decode


class Store:
    """One home's ledger. Writers take the lock per batch; readers never wait.

    clock: returns epoch microseconds. book, rules: return the price book and the rules of purposes
    (loaded on first need). The engines of the tables are loaded when a table is opened: much can be
    said without.
    """

    def __init__(
        self,
        home: Path,
        clock: Callable[[], int],
        book: Callable[[], PriceBook],
        rules: Callable[[], Ruleset],
    ) -> None:
        self.home = _usable(home)
        self.answers = Answers(home)
        self.clock = clock
        self._checked = False
        self.book = book
        self.rules = rules
        self._check_layout()

    @cached_property
    def books(self) -> Books:
        """The tables."""
        from jevons.stores.books import Books

        return Books(self.home, lambda: self.state)

    @cached_property
    def state(self) -> State:
        """The side database, created on first use."""
        return open_state(self.home)

    @property
    def writable(self) -> bool:
        """Whether this process may write to the home (or create it)."""
        return writable(self.home)

    @cached_property
    def journal(self) -> Journal:
        """The writer of the books; loaded when something is written."""
        from jevons.stores.journal import Journal

        return Journal(self.books, self.book)

    @cached_property
    def assignments(self) -> Assignments:
        """What calls were for; from now on the books tell it."""
        from jevons.stores.assignment import Assignments

        found = Assignments(self.books, self.rules)
        self.books.assigning = found
        return found

    def assign(self) -> None:
        """Bring the stored purposes of calls up to date, unless somebody else is writing."""
        if not self.exists() or not self.writable or self.assignments.is_current():
            return
        with suppress(LedgerLocked), self._writing(wait_seconds=0):
            self.assignments.refresh()

    def _look(self, question: Question, waiting: Preview | None) -> None:
        """Take today's purposes for a question that asks for them."""
        if question.asks_purpose:
            self.assignments.look(waiting.rows if waiting else None)

    def _check_layout(self) -> None:
        if not (self.home / "state.db").exists():
            return
        found = self.state.fact("layout")
        if found not in (None, LAYOUT):
            raise LedgerDamaged(
                f"the ledger at {self.home} has layout {found}, this program reads layout {LAYOUT}",
                remedy="Use the version of Jevons that wrote it.",
            )

    def close(self) -> None:
        """Release everything."""
        for name in ("inbox", "books", "state"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @property
    def threaded(self) -> bool:
        """Whether an engine that runs threads has been started in this process."""
        if "books" not in self.__dict__:
            return False
        return "session" in self.books.__dict__ or any(
            table.is_open for table in self.books.tables.values()
        )

    def exists(self) -> bool:
        """Whether this home holds a ledger already."""
        return (self.home / "ledger").is_dir()

    @contextmanager
    def _writing(self, *, wait_seconds: int = 60) -> Iterator[int]:
        """Hold the write lock and mark the books as being written, so that a kill is noticed."""
        with operational(self.home):
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with write_lock(self.books.lock_path, wait_seconds=wait_seconds):
            now = self._next_instant()
            unfinished = self._unfinished()
            facts = {"recorded_at": str(now), "layout": LAYOUT, "writing": "yes"}
            self.state.set_facts(facts)
            if unfinished:
                self.journal.recover()
            yield now
            self.state.set_fact("writing", "no")

    def _next_instant(self) -> int:
        """When the next batch is recorded: now, yet never before what is recorded already."""
        return max(self.clock(), int(self.state.fact("recorded_at") or 0) + 1)

    def seal(self, observations: Sequence[Observation]) -> Sealed:
        """Append one batch under the write lock. Raises LedgerError."""
        with self._writing() as recorded_at:
            return self.journal.seal(observations, recorded_at)

    def prepare(self, fields: Fields) -> Prepared:
        """Work out the rows of admitted observations, as another process may do too."""
        from jevons.stores.preparation import prepare

        return prepare(fields, self.book())

    @staticmethod
    def join(batches: Sequence[Prepared]) -> Prepared:
        """Several prepared batches as one."""
        from jevons.stores.preparation import joined

        return joined(batches)

    def seal_prepared(self, prepared: Prepared) -> Sealed:
        """Append one prepared batch under the write lock. Raises LedgerError."""
        with self._writing() as recorded_at:
            return self.journal.seal_prepared(prepared, recorded_at)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Hold still: nobody writes meanwhile, and nothing is left unfinished."""
        if not self.exists() or not self.writable:
            yield
            return
        with self._writing():
            yield

    def reject(self, rejections: Iterable[Rejection]) -> None:
        """Keep rejections."""
        self.state.reject(rejections, self.clock())

    @staticmethod
    def make_cursor(source: str, fingerprint: bytes, reading: Any, state: dict[str, Any]) -> Cursor:
        """How far a file was read, for `state.save_cursors`."""
        return Cursor(source, fingerprint, reading.size, reading.modified, reading.inode, state)

    @cached_property
    def inbox(self) -> Inbox:
        """The inbox of this home, opened on first use."""
        return Inbox(self.home / "inbox.db")

    @property
    def has_inbox(self) -> bool:
        """Whether anything was ever acknowledged in this home."""
        return (self.home / "inbox.db").exists()

    def acknowledge(self, observations: Sequence[Observation]) -> int:
        """Put observations into the inbox durably; returns how many were not waiting already.

        What may not enter the books is kept as a rejection at once, and is not acknowledged.
        """
        from jevons.ledger.admission import admit

        fields, refused = admit(observations)
        if refused:
            self.reject(_refusal(observations[p], reason) for p, reason in refused.items())
        return self.inbox.append(fields.contents) if fields.count else 0

    def seal_inbox(self, *, wait_seconds: int = 60) -> int:
        """Move everything that waits in the inbox into the tables; returns how many were new.

        Exactly once: what was sealed before a crash but not removed is recognised by its keys.
        """
        sealed = 0
        while self.has_inbox and self.inbox.holds_any():
            with self._writing(wait_seconds=wait_seconds) as recorded_at, uncollected():
                mark, lines = self.inbox.peek(SEAL_ROWS)
                if not lines:
                    break  # another process was faster
                outcome = self.journal.seal(map(_decode, lines), recorded_at)
                refused = outcome.impossible.items()
                self.reject(_refusal(_decode(lines[p]), reason) for p, reason in refused)
                self.inbox.remove(mark)
                sealed += outcome.new
        return sealed

    def _settle(self) -> None:
        """Before a question: finish what a kill left, seal the inbox, if nobody else writes."""
        if not (self.exists() or self.has_inbox) or not self.writable:
            return
        with suppress(LedgerLocked):
            if self._unfinished():
                with self._writing(wait_seconds=0):
                    pass
            self.seal_inbox(wait_seconds=0)

    def _unfinished(self) -> bool:
        """Whether a writer was stopped (or the note that tells is lost), or a table lags behind."""
        if not self.exists():
            return False
        if self.state.fact("writing") != "no":
            return True
        if not self._checked:
            self._checked = not self.behind()
        return not self._checked

    def pending(self) -> Preview | None:
        """What waits in the inbox, worked out in memory, None if nothing waits."""
        if not self.has_inbox or not self.writable:
            return None
        _, lines = self.inbox.peek(sys.maxsize)
        if not lines:
            return None
        return self.journal.preview(map(_decode, lines), self._next_instant())

    def ask(self, question: Question) -> Answer:
        """Answer a report query from sealed tables and inbox."""
        standing = self._standing()
        if standing is not None:
            known = self.answers.find(standing, question)
            if known is not None:
                return known
        self._settle()
        if question.asks_purpose:
            self.assign()
        standing = self._standing()
        found = self._answer(question)
        if standing is not None and standing == self._standing():
            self.answers.keep(standing, question, found)
        return found

    def _standing(self) -> str | None:
        """What an answer may be kept under; None while there is more to know than the tables hold:
        a writer is at work or was stopped, or reports wait in the inbox."""
        if not self.exists() or self.state.fact("writing") != "no":
            return None
        if self.has_inbox and self.writable and self.inbox.holds_any():
            return None
        return self.answers.standing()

    def _answer(self, question: Question) -> Answer:
        """Work out an answer."""
        from jevons.stores.books import readable
        from jevons.stores.report import answer

        found = self._steady(
            question,
            lambda waiting: answer(self.books, question, waiting.rows if waiting else None),
        )
        unpriced = int(found.total["unpriced_events"])
        with readable():
            newest = self.complete_to(question.as_of)
        return replace(found, newest=newest, reasons=self.reasons(question) if unpriced else [])

    def spend(self, question: Question, *, by_unit: bool = False) -> list[Spend]:
        """Calls, quantities and costs by kind (or leaf unit), for every value of the question's
        dimensions."""
        from jevons.stores.spending import spends

        self._sum_costs(question)
        return self._steady(
            question,
            lambda waiting: spends(
                self.books,
                question,
                waiting.rows if waiting else None,
                waiting.cards if waiting else None,
                by_unit=by_unit,
            ),
        )

    def _sum_costs(self, question: Question) -> None:
        """Bring the cells of cost up to date for a question that they can answer, unless somebody
        else is writing."""
        from jevons.stores.costing import NOTE, refresh, serves

        self.books.costs_stand = False
        if not self.writable or not serves(question) or not self.books.event_files():
            return
        self._settle()
        self.assign()
        rules, books = self.assignments.rules().version, self.books
        standing = f"{books.events.batch()} {books.outcomes.batch()} {rules}"
        if self.state.fact(NOTE) != standing and self.assignments.is_current():
            with suppress(LedgerLocked), self._writing(wait_seconds=0):
                self.assignments.look(None)
                refresh(self.books, standing)
        books.costs_stand = self.state.fact(NOTE) == standing

    def task_counts(self, question: Question) -> dict[tuple[str | None, ...], int]:
        """How many tasks have a call in the period, for every value of the question's
        dimensions."""
        from jevons.stores.spending import task_counts

        return self._steady(
            question,
            lambda waiting: task_counts(self.books, question, waiting.rows if waiting else None),
        )

    def run_counts(self, question: Question) -> dict[tuple[str | None, ...], int]:
        """How many runs have a call in the period, for every value of the question's dimensions."""
        from jevons.stores.spending import task_counts

        return self._steady(
            question,
            lambda waiting: task_counts(
                self.books, question, waiting.rows if waiting else None, of="run"
            ),
        )

    def declarations(self, as_of: int | None = None) -> list[Declaration]:
        """Every kept version of every boundary file, oldest first. Raises LedgerDamaged."""
        from jevons.stores.declarations import kept

        return kept(self.home, as_of)

    def declare(self, file: str, text: str) -> None:
        """Keep a boundary file that was parsed and checked, and post what follows from it."""
        from jevons.stores.charging import rehearse
        from jevons.stores.declarations import keep

        rehearse(self.books, file, text, self.clock())
        with self._writing() as recorded_at:
            keep(self.home, file, text, recorded_at)
        self.post_charges()

    def post_charges(self) -> int:
        """Bring the charges of declared elements up to today and to the calls, unless somebody
        else is writing; returns how many rows were appended."""
        from jevons.stores.charging import concerned, post, stands

        if not self.writable or not concerned(self.books):
            return 0
        self._settle()
        if not stands(self.books, self.clock()):
            with suppress(LedgerLocked), self._writing(wait_seconds=0) as recorded_at:
                return post(self.books, recorded_at, self.clock())
        return 0

    def charges(self, question: Question) -> list[ChargeSum]:
        """The charges of a period by element, charge and owner; `where` is not looked at."""
        from jevons.stores.charging import concerned, sums

        if not concerned(self.books):
            return []
        return self._steady(
            question,
            lambda waiting: sums(
                self.books, question, self.clock(), waiting.rows if waiting else None
            ),
        )

    def human_minutes(self, question: Question) -> Decimal:
        """Human minutes that the outcomes of a period report; `where` is not looked at."""
        from jevons.stores.charging import minutes

        return minutes(self.books, question)

    def requests(self, question: Question, read: Callable[[Requests], T]) -> T:
        """What `read` makes of the requests (root runs with all below them) of a question."""
        from jevons.stores.requests import Requests

        def work(rows: pa.Table | None) -> T:
            with closing(Requests(self.books, question, rows)) as found:
                return read(found)

        return self._assigned(question, work)

    def run_calls(self, name: str) -> tuple[str, list[Step]]:
        """The id of a run that a name or its beginning means, and the calls of it and below."""
        from jevons.stores.run_calls import run_calls

        return self._assigned(Question(), lambda rows: run_calls(self.books, name, rows))

    def rule_counts(self, question: Question) -> dict[str, int]:
        """How many calls of a question each rule of purposes decided, by the rule's id."""
        return self._assigned(question, lambda rows: self.assignments.counts(question, rows))

    def _assigned(self, question: Question, read: Callable[[pa.Table | None], T]) -> T:
        """What `read` makes of the books and the rows that wait, with today's purposes."""

        def look(waiting: Preview | None) -> T:
            rows = waiting.rows if waiting else None
            self.assignments.look(rows)
            return read(rows)

        self._settle()
        self.assign()
        return self._steady(question, look)

    def _steady(self, question: Question, read: Callable[[Preview | None], T]) -> T:
        """What `read` makes of the sealed tables and the inbox, both of the same moment.

        Another process may seal the inbox between the two readings; then they are read again.
        """
        self._settle()
        if question.asks_purpose:
            self.assign()
        while True:
            batch = self.books.events.batch()
            waiting = self.pending()
            self._look(question, waiting)
            found = read(waiting)
            if self.books.events.batch() == batch:
                return found

    def events(self, question: Question, limit: int | None) -> Iterator[dict[str, Any]]:
        """Live events one by one, JSON-ready."""
        from jevons.stores.listing import bounded, live_events

        self._settle()
        self.assign()
        waiting = self.pending()
        self.assignments.look(waiting.rows if waiting else None)
        asked = question if waiting else bounded(self.books, question)
        return live_events(self.books, asked, limit, waiting)

    def reprice(self, question: Question, *, dry_run: bool) -> Repriced:
        """Rate the chosen events at the current price book and append what changed."""
        from jevons.stores.repricing import reprice

        if dry_run:
            return reprice(self.journal, self.book(), question, self.clock(), dry_run=True)
        with self._writing() as recorded_at:
            return reprice(self.journal, self.book(), question, recorded_at, dry_run=False)

    def record_outcomes(self, outcomes: Sequence[Outcome]) -> Recorded:
        """Append accepted outcomes as one batch under the write lock. Raises LedgerError."""
        from jevons.stores.outcomes import record

        with self._writing() as recorded_at:
            return record(self.books, outcomes, recorded_at)

    def outcomes(
        self, *, as_of: int | None = None, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """The report that counts of every outcome, latest first."""
        from jevons.stores.outcomes import listed

        return listed(self.books, as_of, limit)

    def attempts(self, question: Question) -> Summed:
        """Attempts that began in the period, summed by the question's dimensions."""
        from jevons.stores.attempts import attempts

        self._settle()
        return attempts(self.books, question)

    def calls(self, question: Question, owner: str) -> Calls | None:
        """What the key figures need of the calls of a period; None without calls."""
        from jevons.stores.figures import calls

        self._settle()
        return calls(self.books, question, owner)

    def unlinked_outcomes(self) -> tuple[int, int]:
        """How many outcomes there are, and how many of them speak of nothing the ledger knows."""
        from jevons.stores.fates import coverage

        self._settle()
        return coverage(self.books)

    def behind(self) -> list[str]:
        """Tables that do not hold the newest batch, as after a kill."""
        books = self.books
        observed, posted = books.observations.batch(), books.events.batch()
        lag = ["keys"] if books.keys.batch() < observed else []
        lag += ["events"] if posted < observed else []
        rollups = [*books.rollups.items(), ("runs", books.runs)]
        return lag + [name for name, table in rollups if table.batch() < posted]

    def recover(self) -> list[int]:
        """Repair what a kill left behind; returns the batches that were replayed."""
        if not self.exists():
            return []
        with self._writing():
            return self.journal.recover()

    def waiting(self) -> int:
        """How many acknowledged observations wait in the inbox."""
        return self.inbox.waiting() if self.has_inbox else 0

    def complete_to(self, as_of: int | None = None) -> int | None:
        """The time of the newest call, epoch microseconds, None when there is none."""
        from jevons.stores.footnotes import newest_call

        waiting = self.pending()
        return newest_call(self.books, waiting.rows if waiting else None, as_of)

    def reasons(self, question: Question) -> list[tuple[str, int]]:
        """Why events have no (full) price -> number of calls, most frequent first."""
        from jevons.stores.footnotes import reasons

        return reasons(self.books, question)

    def compact(self, *, force: bool = False) -> dict[str, int]:
        """Merge small files of every table that has many; returns table -> files fewer."""
        merged: dict[str, int] = {}
        with self._writing():
            for name, table in self.books.tables.items():
                limit = COMPACT_FILES if name == "events" else COMPACT_FILES // 8
                if force or len(table.files()) > limit:
                    merged[name] = table.compact()
                    gone = table.sweep()
                    self.state.forget(f"ledger/{name}/{one}" for one in gone)
        return merged


def _usable(home: Path) -> Path:
    """A home whose name every engine reads as it stands. Raises UsageError for another."""
    text = str(home)
    odd = sorted({c for c in text if c in "%[]*?\\" or not c.isprintable()})
    if odd:
        shown = " ".join(repr(c)[1:-1] for c in odd)
        raise UsageError(
            f"a ledger cannot live in a folder whose name holds {shown}",
            remedy="Choose another folder with --home.",
        )
    return home


def _refusal(one: Observation, reason: str) -> Rejection:
    """An observation that came without a file and may not enter the books."""
    usage = {"usage": one.usage} if one.usage else None
    return reject(one.source, "inbox", 0, reason, msgspec.json.encode(one), usage)
