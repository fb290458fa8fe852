"""What Jevons does, one method per verb of the product. Interfaces parse, call one of these,
render."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.app.importing import Importer, OnProgress
from jevons.app.results import (
    Check,
    ImportSummary,
    PriceRow,
    Query,
    Report,
    RepriceSummary,
    Row,
    Verification,
)
from jevons.app.settings import Settings
from jevons.vocabulary.errors import Interrupted, UsageError
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import instant, iso
from jevons.vocabulary.period import zone as check_zone
from jevons.vocabulary.rejection import Rejection
from jevons.vocabulary.source import Source

if TYPE_CHECKING:
    from decimal import Decimal

    from jevons.analysis.bridge.effects import Method
    from jevons.analysis.run_tree import Run
    from jevons.app.boundary import Declared
    from jevons.app.economics import Given, KpiReport, UnitReport, WorthReport
    from jevons.app.explaining import Explanation
    from jevons.app.indexing import By, Index
    from jevons.app.outcomes import OutcomeSummary
    from jevons.app.ports import Ledger
    from jevons.app.running import Decided, StandingOut, Work
    from jevons.app.total_cost import Account
    from jevons.app.wiring import Keeper
    from jevons.stores.question import Question
    from jevons.vocabulary.boundary import Boundary

_MEASURES = Row.__dataclass_fields__.keys() - {"dimensions"}


class Jevons:
    """An open ledger and everything that can be done with it; use as a context manager.

    Made by `jevons.app.wiring.open_jevons`; the adapters are handed in.
    """

    def __init__(
        self,
        settings: Settings,
        store: Callable[[], Ledger],
        sources: Callable[[], Mapping[str, Source]],
        keeper: Keeper,
    ) -> None:
        self.settings = settings
        self._open_store = store
        self._sources = sources
        self._keeper = keeper
        self._store: Ledger | None = None

    def __enter__(self) -> Jevons:
        return self

    def __exit__(self, *_: object) -> None:
        if self._store is not None:
            self._store.close()

    @property
    def store(self) -> Ledger:
        """The ledger, opened on first use."""
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def sources(self) -> Mapping[str, Source]:
        """Every source by name."""
        return self._sources()

    def import_paths(
        self,
        paths: Sequence[Path],
        source: str | None = None,
        *,
        strict: bool = False,
        dry_run: bool = False,
        mapping: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> ImportSummary:
        """Read everything new at the paths into the ledger. Raises SourceError, LedgerError.

        A file that cannot be read stops no other: the summary names it (`unreadable`). strict only
        matters to the caller's exit status; nothing is lost either way.
        """
        sources = self._sources()
        if mapping is not None:
            sources = {**sources, "csv": self._keeper.mapped_csv(mapping)}
            source = source or "csv"
        importer = Importer(
            self.store,
            sources,
            on_progress,
            workers=self.settings.workers,
            pool=None if mapping is not None else self._keeper.pool,
        )
        if paths and not dry_run:
            self._keeper.begin_book()
        try:
            with self._keeper.interruptible(importer.stop):
                summary = importer.run(paths, source, dry_run=dry_run)
        except KeyboardInterrupt:
            raise Interrupted(
                "stopped; everything imported so far is stored",
                remedy="Run the same command again: it goes on where this one stopped.",
            ) from None
        if not dry_run and summary.new:
            self.store.compact()
        return summary

    def import_own_logs(self, on_progress: OnProgress | None = None) -> ImportSummary:
        """Import what is new in the coding-agent logs of the current user, in their standard
        places."""
        return self.import_paths(self._keeper.log_places(), on_progress=on_progress)

    def suggest_mapping(self, path: Path) -> str:
        """A mapping file for a table, written from its header. Raises SourceError."""
        return self._keeper.suggest_mapping(path)

    def report(self, query: Query) -> Report:
        """Answer a report query. Raises UsageError for an unknown dimension, zone or date."""
        question = self._question(query)
        answer = self.store.ask(question)
        return Report(
            rows=tuple(_row(row) for row in answer.rows),
            total=_row(answer.total),
            by=query.by,
            time_zone=query.time_zone,
            unpriced_events=int(answer.total["unpriced_events"]),
            rejected=self.store.state.rejected(question.as_of),
            possible_duplicates=int(answer.total["possible_duplicates"]),
            complete_to=None if answer.newest is None else iso(answer.newest),
            cut=answer.cut,
            reasons=tuple(answer.reasons),
        )

    def explain(
        self,
        before: tuple[str, Query],
        after: tuple[str, Query],
        method: Method = "shapley",
        *,
        total: bool = False,
    ) -> Explanation:
        """Why the bill of calls (total: the total cost) changed from one labelled period to
        another. Raises UsageError."""
        from jevons.app.explaining import explain

        return explain(self.store, self._question, before, after, method, total=total)

    def price_index(self, query: Query, by: By = "month", floor: Decimal | None = None) -> Index:
        """Prices, tokens, calls and spend by period as indices. Raises UsageError."""
        from jevons.app.indexing import price_index

        return price_index(self.store, self._question, query, by, floor)

    def events(self, query: Query, limit: int | None = None) -> Iterator[dict[str, object]]:
        """The live events that a query selects, oldest first, JSON-ready."""
        return iter(self.store.events(self._question(query), limit))

    def run(self, name: str) -> Run:
        """An agent run as a tree. name: its id, or a beginning that no other root run has.
        Raises UsageError."""
        from jevons.app.running import tree

        return tree(self.store, name)

    def runs(self, query: Query, sort: str = "cost", *, every: bool = False) -> StandingOut:
        """The requests that stand out in their task type, the first `query.top` by `sort`: cost,
        tokens or time; all requests for `every`, or when none stands out. Raises UsageError for a
        dimension that runs are not kept by."""
        from jevons.app.running import TOP, standing_out

        question = self._question(query)
        return standing_out(self.store, question, sort, query.top or TOP, every=every)

    def work(self, query: Query) -> Work:
        """How calls multiply, and what is usual, for every task type."""
        from jevons.app.running import work

        return work(self.store, self._question(query))

    def purposes(self, query: Query) -> list[Decided]:
        """The rules of purposes and how many calls of a query each decided."""
        from jevons.app.running import decided

        return decided(self.store, self._question(query), self._keeper.rules().rules)

    def prices(
        self, model: str | None = None, provider: str | None = None, at: str | None = None
    ) -> list[PriceRow]:
        """Price entries, all or those of a model, those in force at an instant if one is given."""
        moment = None if at is None else instant(at, self.settings.time_zone)
        rows = self._keeper.prices(model, provider, moment)
        return list(rows)

    def add_prices(self, path: Path) -> list[PriceRow]:
        """Add a price file to this home. Raises PriceError; nothing recorded is ever
        overwritten."""
        return list(self._keeper.add_prices(path))

    def check_prices(self) -> list[Check]:
        """Contradictions, gaps and missing sources of the price book."""
        return list(self._keeper.check_prices())

    def add_boundary(self, path: Path) -> Boundary | None:
        """Declare cost elements by a file; None when it is in force already. Raises
        BoundaryError."""
        from jevons.app.boundary import add_boundary

        return add_boundary(self.store, path)

    def boundaries(self) -> list[Declared]:
        """The declared boundaries in force, by name."""
        from jevons.app.boundary import declared

        return declared(self.store)

    def check_boundary(self) -> list[Check]:
        """Overlaps, gaps, missing sources and double payments of the declared boundaries."""
        from jevons.app.boundary import check_boundary

        return list(check_boundary(self.store))

    def total_cost(self, query: Query, view: str = "effective") -> Account:
        """The total cost of AI of what a query selects: calls and declared elements together.

        view: effective, list or billed. Raises UsageError.
        """
        from jevons.app.total_cost import account

        return account(self.store, self._question(query), view)

    def reprice(self, query: Query, *, dry_run: bool = False) -> RepriceSummary:
        """Rate the selected events again at today's price book; appended as a new version."""
        result = self.store.reprice(self._question(query), dry_run=dry_run)
        return RepriceSummary(
            events=result.events,
            changed=result.changed,
            before=result.before,
            after=result.after,
            recorded_at=iso(result.recorded_at),
            dry_run=dry_run,
        )

    def import_outcomes(
        self,
        paths: Sequence[Path],
        named: str | None = None,
        *,
        floors: Sequence[str] = (),
        revision: int = 0,
        dry_run: bool = False,
    ) -> OutcomeSummary:
        """Read outcomes at the paths into the ledger. Raises UsageError, SourceError, LedgerError.

        floors: NAME=VALUE, from where on a score of that name means success. revision: the least
        that every report gets."""
        from jevons.app.outcomes import OutcomeImporter, floors_of

        readers = self._keeper.outcome_readers
        importer = OutcomeImporter(self.store, readers, floors_of(floors), revision)
        summary = importer.run(paths, named, dry_run=dry_run)
        if not dry_run:
            summary.known, summary.unlinked = self.store.unlinked_outcomes()
        return summary

    def outcomes(
        self, as_of: str | None = None, limit: int | None = None
    ) -> Iterator[dict[str, object]]:
        """The report that counts of every outcome, latest first, JSON-ready."""
        from jevons.app.outcomes import outcome_document

        moment = None if as_of is None else instant(as_of, self.settings.time_zone)
        return map(outcome_document, self.store.outcomes(as_of=moment, limit=limit))

    def unit(self, query: Query, hourly_rate: Decimal | None = None) -> UnitReport:
        """Unit economics of the attempts that a query selects. hourly_rate: USD per hour of the
        people who review, None when not known. Raises UsageError."""
        from jevons.app.economics import unit_report

        return unit_report(self.store, self._question(query), hourly_rate)

    def worth(self, query: Query, hourly_rate: Decimal | None = None) -> WorthReport:
        """Whether what succeeded is worth what everything cost. Raises UsageError."""
        from jevons.app.economics import worth_report

        return worth_report(self.store, self._question(query), hourly_rate)

    def kpi(self, query: Query, given: Given) -> KpiReport:
        """The key figures of a period. given: what only people know (budget, pay, rate). Raises
        UsageError, SourceError."""
        from jevons.app.economics import kpi_report

        return kpi_report(self.store, self._question(query), given)

    def rejections(self) -> Iterator[Rejection]:
        """Everything that was refused, by file and line."""
        return iter(self.store.state.rejections())

    def verify(self, on_progress: OnProgress | None = None) -> Verification:
        """Re-derive the books from the observations and compare, to the last digit."""
        return self._keeper.verify(self.store, on_progress)

    def doctor(self) -> list[Check]:
        """Whether this installation and ledger are sound, and what to do where they are not."""
        return list(self._keeper.doctor(self))

    def generate(
        self, events: int, seed: int, out: Path | None, on_progress: OnProgress | None = None
    ) -> dict[str, object]:
        """Write a deterministic company to a file (and its truth beside it), or import it (out
        None)."""
        from jevons.app.generating import generate_file, generate_into

        if events < 1:
            raise UsageError(
                "a company needs at least one event", remedy="Give --events N, N >= 1."
            )
        if out is not None:
            return generate_file(events, seed, out, on_progress)
        return generate_into(self.store, self._sources(), events, seed, on_progress)

    def _question(self, query: Query) -> Question:
        zone = query.time_zone
        check_zone(zone)

        def at(text: str | None) -> int | None:
            return None if text is None else instant(text, zone)

        return self._keeper.question(
            by=query.by,
            since=at(query.since),
            until=at(query.until),
            where=query.where,
            time_zone=zone,
            as_of=at(query.as_of),
            top=query.top,
        )


def _row(measures: dict[str, Any]) -> Row:
    return Row(dimensions=measures["dimensions"], **{name: measures[name] for name in _MEASURES})


__all__ = ["Jevons", "Observation"]
