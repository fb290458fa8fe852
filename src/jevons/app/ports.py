"""What the use cases need from the ledger, as protocols; the store fulfils them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from jevons.vocabulary.outcome import Outcome
from jevons.vocabulary.rejection import Rejection

if TYPE_CHECKING:
    from decimal import Decimal

    from jevons.analysis.run_tree import Step
    from jevons.analysis.spend import Spend
    from jevons.analysis.total_cost import ChargeSum
    from jevons.app.reading import Reading
    from jevons.ledger.fields import Fields
    from jevons.stores.attempts import Summed
    from jevons.stores.books import Books
    from jevons.stores.declarations import Declaration
    from jevons.stores.figures import Calls
    from jevons.stores.outcomes import Recorded
    from jevons.stores.plan import Sealed
    from jevons.stores.preparation import Prepared
    from jevons.stores.question import Answer, Question
    from jevons.stores.repricing import Repriced
    from jevons.stores.requests import Requests
    from jevons.stores.state import Cursor as Cursor


T = TypeVar("T")


class Cursors(Protocol):
    """Where it is remembered how far each file was read."""

    def cursor(self, place: str) -> Cursor | None:
        """How far a file was read, None if never."""
        ...


class SideState(Cursors, Protocol):
    """The small facts beside the tables; each method is durable when it returns."""

    def save_cursors(self, cursors: Iterable[tuple[str, Cursor]]) -> None:
        """Remember how far files were read."""
        ...

    def rejections(self) -> Iterator[Rejection]:
        """The rejections that stand, by place and line."""
        ...

    def rejected(self, as_of: int | None = None) -> int:
        """How many rejections stand, or stood at `as_of` (epoch microseconds)."""
        ...

    def withdraw_rejections(self, place: str, withdrawn_at: int, source: str | None = None) -> None:
        """From now on (epoch microseconds) what was rejected of a file that is read anew does not
        stand: that of one source, or of all that bring usage."""
        ...

    def fact(self, name: str) -> str | None:
        """A small remembered fact, None if unset."""
        ...


class Ledger(Protocol):
    """One home's ledger. Every method may raise LedgerError."""

    @property
    def books(self) -> Books:
        """The tables, for what looks below the surface: `verify` and `doctor`."""
        ...

    @property
    def state(self) -> SideState:
        """The side database."""
        ...

    @property
    def threaded(self) -> bool:
        """Whether an engine that runs threads has been started in this process."""
        ...

    def clock(self) -> int:
        """Now, epoch microseconds."""
        ...

    def exists(self) -> bool:
        """Whether there is a ledger already."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...

    def prepare(self, fields: Fields) -> Prepared:
        """Work out the rows of admitted observations."""
        ...

    def join(self, batches: Sequence[Prepared]) -> Prepared:
        """Several prepared batches as one."""
        ...

    def seal_prepared(self, prepared: Prepared) -> Sealed:
        """Append one prepared batch."""
        ...

    def reject(self, rejections: Iterable[Rejection]) -> None:
        """Keep rejections."""
        ...

    def make_cursor(
        self, source: str, fingerprint: bytes, reading: Reading, state: dict[str, Any]
    ) -> Cursor:
        """How far a file was read, for `state.save_cursors`."""
        ...

    def compact(self, *, force: bool = False) -> dict[str, int]:
        """Merge small files."""
        ...

    def ask(self, question: Question) -> Answer:
        """Answer a report query."""
        ...

    def requests(self, question: Question, read: Callable[[Requests], T]) -> T:
        """What `read` makes of the requests (root runs with all below them) of a question."""
        ...

    def run_calls(self, name: str) -> tuple[str, list[Step]]:
        """The id of a run that a name or its beginning means, and the calls of it and below."""
        ...

    def rule_counts(self, question: Question) -> dict[str, int]:
        """How many calls of a question each rule of purposes decided, by the rule's id."""
        ...

    def spend(self, question: Question, *, by_unit: bool = False) -> list[Spend]:
        """Calls, quantities and costs by kind (or leaf unit), for every value of the question's
        dimensions."""
        ...

    def task_counts(self, question: Question) -> dict[tuple[str | None, ...], int]:
        """How many tasks have a call in the period, for every value of the question's
        dimensions."""
        ...

    def run_counts(self, question: Question) -> dict[tuple[str | None, ...], int]:
        """How many runs have a call in the period, for every value of the question's dimensions."""
        ...

    def declarations(self, as_of: int | None = None) -> list[Declaration]:
        """Every kept version of every boundary file, oldest first."""
        ...

    def declare(self, file: str, text: str) -> None:
        """Keep a boundary file that was parsed and checked, and post what follows from it."""
        ...

    def post_charges(self) -> int:
        """Bring the charges of declared elements up to today; returns how many rows changed."""
        ...

    def charges(self, question: Question) -> list[ChargeSum]:
        """The charges of a period by element, charge and owner; `where` is not looked at."""
        ...

    def human_minutes(self, question: Question) -> Decimal:
        """Human minutes that the outcomes of a period report; `where` is not looked at."""
        ...

    def complete_to(self, as_of: int | None = None) -> int | None:
        """The time of the newest call, epoch microseconds, None when there is none."""
        ...

    def reasons(self, question: Question) -> list[tuple[str, int]]:
        """Why events have no (full) price -> number of calls, most frequent first."""
        ...

    def events(self, question: Question, limit: int | None) -> Iterator[dict[str, Any]]:
        """Live events one by one, JSON-ready."""
        ...

    def reprice(self, question: Question, *, dry_run: bool) -> Repriced:
        """Rate the chosen events at the current price book."""
        ...

    def record_outcomes(self, outcomes: Sequence[Outcome]) -> Recorded:
        """Append accepted outcomes as one batch; known ones are counted."""
        ...

    def outcomes(
        self, *, as_of: int | None = None, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """The report that counts of every outcome, latest first."""
        ...

    def attempts(self, question: Question) -> Summed:
        """Attempts that began in the period, summed by the question's dimensions."""
        ...

    def calls(self, question: Question, owner: str) -> Calls | None:
        """What the key figures need of the calls of a period; None without calls."""
        ...

    def unlinked_outcomes(self) -> tuple[int, int]:
        """How many outcomes there are, and how many of them speak of nothing the ledger knows."""
        ...

    def undisturbed(self) -> AbstractContextManager[None]:
        """Hold still: nobody writes meanwhile, and nothing is left unfinished."""
        ...

    def behind(self) -> list[str]:
        """Tables that do not hold the newest batch."""
        ...

    def waiting(self) -> int:
        """How many acknowledged observations wait in the inbox."""
        ...
