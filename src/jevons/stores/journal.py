"""Writing the books: a batch of observations becomes rows of every table, exactly once.

The observation table is written first and is the truth. The other tables follow with the same batch
number; one that lags after a crash is brought up from the observations at the next write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import numpy as np
import pyarrow as pa

from jevons.ledger.identity import digest, event_id, is_keyless, keys
from jevons.ledger.posting import post
from jevons.ledger.resolution import resolve
from jevons.pricing.book import PriceBook
from jevons.stores.books import Books
from jevons.stores.columns import Resolved, event_rows, key_rows, observation_rows, stamped
from jevons.stores.correction import corrections
from jevons.stores.meeting import Meeting, Place, meet
from jevons.stores.plan import Plan, Preview, Sealed
from jevons.stores.preparation import Prepared, prepare_all
from jevons.stores.rollup import ROLLUPS, cells_sql, runs_sql
from jevons.stores.schema import CARDS
from jevons.vocabulary.charge import RateCard
from jevons.vocabulary.observation import Observation

_decode = msgspec.json.Decoder(Observation).decode


class Journal:
    """Appends batches to the books of one home. The caller holds the write lock."""

    def __init__(self, books: Books, book: Callable[[], PriceBook]) -> None:
        self.books = books
        self.book = book

    def seal(self, observations: Iterable[Observation], recorded_at: int) -> Sealed:
        """Append observations (with `time` as epoch microseconds). Known ones are counted and
        dropped."""
        return self.seal_prepared(prepare_all(observations, self.book()), recorded_at)

    def seal_prepared(self, prepared: Prepared, recorded_at: int) -> Sealed:
        """Append a batch that was prepared here or in another process."""
        batch = self.books.last_batch() + 1
        plan = self._plan(prepared, batch)
        if plan.kept:
            self._write(plan, batch, recorded_at)
        plan.sealed.batch = batch
        return plan.sealed

    def preview(self, observations: Iterable[Observation], recorded_at: int) -> Preview | None:
        """What sealing these observations would append, without writing anything."""
        batch = self.books.last_batch() + 1
        plan = self._plan(prepare_all(observations, self.book()), batch)
        if not plan.kept:
            return None
        return Preview(self._event_table(plan, batch, recorded_at), plan.cards())

    def recover(self) -> list[int]:
        """Bring tables that a crash left behind up to the observations; returns the replayed
        batches."""
        books = self.books
        known = {name.removeprefix("ledger/") for name in books.state.registered()}
        for table in books.tables.values():
            table.adopt(known)
        newest = books.observations.batch()
        behind = min(books.keys.batch(), books.events.batch()) if newest else 0
        replayed = []
        for batch in range(behind + 1, newest + 1):
            payloads = books.batch_payloads(batch)
            if payloads:
                plan = self._plan(prepare_all(map(_decode, payloads), self.book()), batch)
                self._project(plan, batch, books.batch_recorded_at(batch))
                replayed.append(batch)
        self.refresh_rollups()
        return replayed

    def refresh_rollups(self) -> None:
        """Rebuild every roll-up that does not stand at the events' batch."""
        books = self.books
        newest = books.events.batch()
        for name, table in [*books.rollups.items(), ("runs", books.runs)]:
            if newest and table.batch() < newest:
                self.rebuild_rollup(name, newest)

    def rebuild_rollup(self, name: str, batch: int) -> None:
        """Replace a roll-up by the sums over the whole event table."""
        books = self.books
        table = books.runs if name == "runs" else books.rollups[name]
        sql = runs_sql() if name == "runs" else cells_sql(ROLLUPS[name])
        rows = books.arrow(sql.replace("FROM rows", f"FROM {books.event_source()}"))
        table.replace(rows.cast(table.schema), batch)

    def _plan(self, prepared: Prepared, batch: int) -> Plan:
        met = meet(self.books, prepared, batch)
        plan = Plan(prepared, Sealed(impossible=dict(prepared.impossible)), fresh=met.fresh)
        plan.alone = np.ones(len(prepared), dtype=bool)
        for others in (met.fresh, met.repeated, prepared.impossible):
            plan.alone[list(others)] = False
        plan.kept = np.flatnonzero(plan.alone).tolist()
        plan.sealed.repeated = len(met.repeated)
        plan.sealed.events = len(plan.kept)
        if met.fresh:
            self._supersede(plan, met)
            plan.kept = sorted([*plan.kept, *met.fresh])
        plan.sealed.new = len(plan.kept)
        return plan

    def _supersede(self, plan: Plan, met: Meeting) -> None:
        """Take back the stored rows of the calls that changed and post the calls as they are known
        now."""
        together, matched = met.calls()
        places: list[Place | int] = [*met.known, *met.fresh]
        stored = {p for one in matched for p in one.members if p < len(met.known)}
        resolved = Resolved([], [], [], [], [])
        for one in matched:
            members = [together[p] for p in one.members]
            joined = [o for o in members if not is_keyless(o)] or members
            identifier = event_id(joined)
            plan.link(identifier, members, [places[p] for p in one.members])
            resolved.events.append(resolve(members))
            resolved.ids.append(identifier)
            resolved.observations.append(len(members))
            resolved.keyless.append(any(is_keyless(o) for o in members))
            resolved.possible_duplicate.append(one.possible_duplicate)
        plan.old = self._old_rows([together[p] for p in stored], resolved.ids)
        plan.merged = resolved, post(resolved.events, self.book())
        plan.sealed.events += len(matched) - len(set(plan.old.column("event_id").to_pylist()))
        plan.sealed.possible_duplicates += sum(resolved.possible_duplicate)

    def _old_rows(self, reports: list[Observation], ids: list[bytes]) -> pa.Table:
        """The live rows of the calls that these stored reports made."""
        candidates = {event_id((one,)) for one in reports} | set(ids)
        candidates |= {digest(key) for one in reports for key in keys(one)}
        times = [int(one.time) for one in reports] or [0]
        return self.books.live_rows(candidates, min(times), max(times))

    def _write(self, plan: Plan, batch: int, recorded_at: int) -> None:
        kept = plan.prepared.payloads
        if len(plan.kept) < len(kept):
            kept = kept.take(pa.array(plan.kept, pa.int64()))
        self.books.observations.append(observation_rows(kept, batch, recorded_at), batch)
        self._project(plan, batch, recorded_at)

    def _project(self, plan: Plan, batch: int, recorded_at: int) -> None:
        """Write everything that derives from the batch's observations."""
        books, keyed = self.books, plan.prepared.keyed
        place = np.full(len(plan.prepared), -1, dtype=np.int64)
        place[plan.kept] = np.arange(len(plan.kept))
        owners = place[keyed.owners]
        owned = owners >= 0
        key_table = key_rows(keyed.hashes[owned], owners[owned], batch)
        books.keys.append(pa.concat_tables([key_table, plan.links(place, batch)]), batch)
        if keyed.keyless.any():
            books.state.set_fact("keyless", "yes")
        self.append_cards(plan.cards())
        self.append_events(self._event_table(plan, batch, recorded_at), batch)

    def _event_table(self, plan: Plan, batch: int, recorded_at: int) -> pa.Table:
        """The rows that a planned batch appends to the event table."""
        prepared = plan.prepared
        chosen = plan.alone[prepared.row_event]
        rows = prepared.rows if chosen.all() else prepared.rows.filter(pa.array(chosen))
        parts = [stamped(rows, batch, recorded_at)]
        if plan.merged is not None:
            resolved, postings = plan.merged
            new = event_rows(resolved, postings, batch, recorded_at)
            parts += corrections(plan.old, new, recorded_at)
        return pa.concat_tables(parts)

    def append_events(self, rows: pa.Table, batch: int) -> None:
        """Append event rows and the sums of them to every roll-up."""
        books = self.books
        books.events.append(rows, batch)
        for name, table in books.rollups.items():
            sums = books.arrow(cells_sql(ROLLUPS[name]), rows=rows)
            table.append(sums.cast(table.schema), batch)
        books.runs.append(books.arrow(runs_sql(), rows=rows).cast(books.runs.schema), batch)

    def append_cards(self, cards: dict[str, RateCard]) -> None:
        """Keep the price cards that are not kept yet. They are known by their content, so a card
        that was kept twice does no harm."""
        books = self.books
        known = self.known_cards()
        fresh = {name: card for name, card in cards.items() if name not in known}
        if not fresh:
            return
        contents = [msgspec.json.encode(card).decode() for card in fresh.values()]
        rows = pa.table([pa.array(list(fresh)), pa.array(contents)], schema=CARDS)
        books.cards.append(rows, None)
        known.update(fresh)

    def known_cards(self) -> set[str]:
        """Ids of the price cards that are stored."""
        if not hasattr(self, "_cards"):
            files = self.books.cards.files()
            self._cards: set[str] = set()
            if files:
                rows = self.books.arrow("SELECT price_card FROM read_parquet(?)", [files])
                self._cards = set(rows.column("price_card").to_pylist())
        return self._cards
