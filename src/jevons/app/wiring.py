"""The composition root: the one place that picks adapters, and reads the environment, the user's
folder and the time of day."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jevons.app.results import Check, PriceRow, Progress, Verification
from jevons.app.segments import BATCH, Harvest, Segment, harvest
from jevons.app.settings import Settings, load
from jevons.app.use_cases import Jevons
from jevons.vocabulary.errors import JevonsError, LedgerDamaged, LedgerLocked, SourceError
from jevons.vocabulary.outcome import OutcomeSource
from jevons.vocabulary.source import Source

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from jevons.analysis.purposes import Ruleset
    from jevons.app.ports import Ledger
    from jevons.pricing.book import PriceBook
    from jevons.stores.parcel import Parcel
    from jevons.stores.question import Question

SOURCE_MODULES: Final[dict[str, str]] = {
    "claude-code": "jevons.sources.claude_code",
    "codex": "jevons.sources.codex",
    "gemini-cli": "jevons.sources.gemini_cli",
    "opencode": "jevons.sources.opencode",
    "otlp": "jevons.sources.otlp",
    "litellm": "jevons.sources.litellm",
    "responses": "jevons.sources.responses",
    "events": "jevons.sources.events",
    "csv": "jevons.sources.csv_table",
}
"""Every source by name, in the order in which they are asked to recognise a file."""


AHEAD: Final = 16
"""Tasks beyond the number of processes that are under way at most."""

AGENTS: Final = ("claude-code", "codex", "gemini-cli", "opencode")
"""The sources whose logs lie in a standard place of a user."""


class Sources(Mapping[str, Source]):
    """All sources by name, each loaded when it is asked for."""

    def __getitem__(self, name: str) -> Source:
        source: Source = import_module(SOURCE_MODULES[name]).SOURCE
        return source

    def __iter__(self) -> Iterator[str]:
        return iter(SOURCE_MODULES)

    def __len__(self) -> int:
        return len(SOURCE_MODULES)


def sources() -> Mapping[str, Source]:
    """All sources."""
    return Sources()


def outcome_readers() -> Mapping[str, OutcomeSource]:
    """Every reader of outcomes by name, loaded."""
    from jevons.sources.outcomes import READERS

    return READERS


def now_us() -> int:
    """The clock: epoch microseconds."""
    return time.time_ns() // 1000


def open_jevons(settings: Settings) -> Jevons:
    """Wire up a ledger at the settings' home. Nothing is created before it is needed."""
    keeper = Keeper(settings)

    def store() -> Ledger:
        from jevons.stores.store import Store

        return Store(settings.home, now_us, keeper.book, keeper.rules)

    return Jevons(settings, store, sources, keeper)


def open_ledger(home: Path | str | None = None, time_zone: str | None = None) -> Jevons:
    """Open a ledger from a program or a notebook; use it as a context manager.

    home: its folder, else that of the settings (`JEVONS_HOME`, config file, `~/.jevons`).
    time_zone: an IANA name. Raises UsageError for a setting that cannot be read.
    """
    given = {"home": home, "time_zone": time_zone}
    return open_jevons(load({name: str(one) for name, one in given.items() if one is not None}))


_worker: dict[str, Any] = {}


def _begin_worker(settings: Settings, book: PriceBook | None, folder: Path) -> None:
    """Set up a reading process: its price book, where its parcels go, and Ctrl-C left to the
    process that it works for."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    _worker["keeper"] = Keeper(settings)
    _worker["keeper"]._book = book
    _worker["folder"] = folder


def _work(task: list[Segment]) -> tuple[Harvest, Parcel | None]:
    """Read and prepare one task, in a reading process; its batches go as a parcel."""
    from jevons.stores.parcel import pack
    from jevons.stores.preparation import prepare

    book = _worker["keeper"].book()
    found = harvest(task, sources(), lambda fields: prepare(fields, book))
    batches, found.batches = found.batches, []
    return found, pack(batches, _worker["folder"]) if batches else None


def _pack_book(home: Path) -> None:
    """Pack the price book of a home, in a process of its own."""
    import signal

    from jevons.app.price_book import load_book

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(JevonsError):  # who needs the book is told why there is none
        load_book(home)


class Keeper:
    """What the use cases need from adapters beyond ledger and sources: prices, verify, doctor."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._book: PriceBook | None = None
        self._packing: BaseProcess | None = None
        self._rules: Ruleset | None = None

    @property
    def outcome_readers(self) -> Mapping[str, OutcomeSource]:
        """Every reader of outcomes by name."""
        return outcome_readers()

    @property
    def environment(self) -> Mapping[str, str]:
        """The process's environment, for the standard places of logs."""
        return os.environ

    @property
    def user_folder(self) -> Path:
        """The folder of the current user, below which other tools keep their logs."""
        return Path(os.path.expanduser("~"))

    def log_places(self) -> list[Path]:
        """Where the coding agents of the current user keep their logs, of what exists."""
        places = (
            place
            for name in AGENTS
            for place in sources()[name].places(self.environment, self.user_folder)
        )
        return [place for place in places if os.path.exists(place)]

    def begin_book(self) -> None:
        """Have the price book of a new home packed by another process meanwhile; `book` waits for
        it. Only where that is cheap and safe: on Linux, before there are threads."""
        import threading

        cache = self.settings.home / "cache"
        if self._book is not None or any(cache.glob("prices-*.json")):
            return
        if sys.platform != "linux" or threading.active_count() > 1:
            return
        import multiprocessing

        context = multiprocessing.get_context("fork")
        self._packing = context.Process(target=_pack_book, args=(self.settings.home,))
        self._packing.start()

    def book(self) -> PriceBook:
        """The price book of the home, loaded once."""
        if self._packing is not None:
            self._packing.join()
            self._packing = None
        if self._book is None:
            from jevons.app.price_book import load_book

            self._book = load_book(self.settings.home)
        return self._book

    def rules(self) -> Ruleset:
        """The rules of purposes: the shipped ones under those of the home, loaded once."""
        if self._rules is None:
            from jevons.app.purposes import load_rules

            self._rules = load_rules(self.settings.home)
        return self._rules

    def question(self, **parts: Any) -> Question:
        """A parsed question for the store."""
        from jevons.stores.question import Question

        return Question(**parts)

    @contextmanager
    def interruptible(self, stop: Callable[[], None]) -> Iterator[None]:
        """Let Ctrl-C ask `stop` to end in good order; a second Ctrl-C ends at once."""
        import signal
        import threading

        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(*_: object) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            stop()

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def pool(
        self, workers: int, *, threaded: bool
    ) -> Iterator[Callable[[list[list[Segment]]], Iterator[Harvest]]]:
        """Processes that read and prepare; yields a function from tasks to harvests as they end.

        More tasks are under way than there are processes, so that these go on while a batch is
        stored, but no more than hold about one batch together, so that memory stays bounded.
        threaded: whether this process has begun threads of a table engine; only without them, and
        on Linux, can it be forked, which spares every process its start-up.
        """
        import multiprocessing
        from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

        from jevons.stores.parcel import parcel_folder, unpack

        import_module("jevons.stores.preparation")  # once, before every process would do it
        self.book()
        forked = sys.platform == "linux" and not threaded
        context = multiprocessing.get_context("fork" if forked else "spawn")
        with (
            parcel_folder(self.settings.home) as folder,
            ProcessPoolExecutor(
                workers,
                mp_context=context,
                initializer=_begin_worker,
                initargs=(self.settings, self._book if forked else None, folder),
            ) as executor,
        ):

            def harvests(planned: list[list[Segment]]) -> Iterator[Harvest]:
                left = iter(planned)
                running: set[Future[tuple[Harvest, Parcel | None]]] = set()
                ahead = 1
                while True:
                    for task in islice(left, max(0, workers + ahead - len(running))):
                        running.add(executor.submit(_work, task))
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        found, parcel = future.result()
                        found.batches = [unpack(parcel)] if parcel else []
                        observed = sum(outcome.observations for outcome in found.outcomes)
                        ahead = min(AHEAD, max(1, BATCH // max(1, observed)))
                        yield found

            try:
                yield harvests
            except BaseException:
                executor.shutdown(wait=False, cancel_futures=True)
                raise

    def mapped_csv(self, mapping: Path) -> Source:
        """The csv source with a mapping file of its own."""
        from jevons.sources.csv_table import CsvTable

        return CsvTable(mapping)

    def suggest_mapping(self, path: Path) -> str:
        """A mapping file for a table, from its header."""
        from jevons.sources.csv_table import suggest_file

        try:
            return suggest_file(path)
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}") from error

    def prices(self, model: str | None, provider: str | None, at: int | None) -> Iterable[PriceRow]:
        """Price entries of the book."""
        from jevons.app.prices import price_rows

        return price_rows(self.book(), model, provider, at)

    def add_prices(self, path: Path) -> Iterable[PriceRow]:
        """Check a price file against the book and keep a copy in the home."""
        from jevons.app.prices import add_price_file

        rows = add_price_file(self.settings.home / "prices", path, self.book(), now_us())
        self._book = None
        return rows

    def check_prices(self) -> Iterable[Check]:
        """Problems of the price book."""
        from jevons.app.prices import check_book

        return check_book(self.book())

    def verify(self, store: Ledger, on_progress: Callable[[Progress], None] | None) -> Verification:
        """Re-derive and compare."""
        from jevons.app.keeping import verified
        from jevons.stores.assignment import Assignments
        from jevons.stores.verification import findings

        purposes = Assignments(store.books, self.rules).differs
        try:
            with store.undisturbed():
                return verified(findings(store.books, self.book, purposes), on_progress)
        except LedgerDamaged:  # a table too broken to hold still: the checks name the file
            return verified(findings(store.books, self.book, purposes), on_progress)

    def locked(self, store: Ledger) -> bool:
        """Whether another process is writing to the ledger now. Raises LedgerError."""
        from jevons.stores.lock import write_lock

        try:
            with write_lock(store.books.lock_path, wait_seconds=0):
                return False
        except LedgerLocked:
            return True

    def unpriced(self, store: Ledger) -> int:
        """How many sealed calls have no price; nothing is sealed for it. Raises LedgerError."""
        from jevons.stores.question import Question
        from jevons.stores.report import answer

        return int(answer(store.books, Question()).total["unpriced_events"])

    def doctor(self, jevons: Jevons) -> Iterable[Check]:
        """Check installation and ledger."""
        from jevons.app.keeping import examine

        return examine(jevons, self)
