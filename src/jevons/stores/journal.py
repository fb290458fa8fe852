"""Writing the books: a batch of observations becomes rows of every table, exactly once.

The observation table is written first and is the truth. The other tables follow with the same batch
number; one that lags after a crash is brought up from the observations at the next write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pyarrow as pa

from jevons.ledger.identity import digest, event_id, group, is_keyless, keys, lookup_hash
from jevons.ledger.matching import Matched, match
from jevons.ledger.posting import Postings, post
from jevons.ledger.resolution import resolve
from jevons.pricing.book import PriceBook
from jevons.stores.books import Books, between
from jevons.stores.columns import Resolved, event_rows, key_rows, observation_rows, stamped
from jevons.stores.correction import corrections
from jevons.stores.preparation import Keyed, Prepared, prepare
from jevons.stores.rollup import ROLLUPS, cells_sql, runs_sql
from jevons.stores.schema import CARDS, KEYS
from jevons.vocabulary.charge import RateCard
from jevons.vocabulary.observation import Observation

_decode = msgspec.json.Decoder(Observation).decode
NEAR_US = 900_000_000
"""How far around a keyless report other reports of the call are looked for, microseconds."""


@dataclass(slots=True)
class Sealed:
    """What became of a batch. impossible: position in the input -> why it was refused."""

    batch: int = 0
    new: int = 0
    repeated: int = 0
    events: int = 0
    possible_duplicates: int = 0
    impossible: dict[int, str] = field(default_factory=dict)


class Journal:
    """Appends batches to the books of one home. The caller holds the write lock."""

    def __init__(self, books: Books, book: Callable[[], PriceBook]) -> None:
        self.books = books
        self.book = book

    def seal(self, observations: Sequence[Observation], recorded_at: int) -> Sealed:
        """Append observations (with `time` as epoch microseconds). Known ones are counted and
        dropped."""
        return self.seal_prepared(prepare(observations, self.book()), recorded_at)

    def seal_prepared(self, prepared: Prepared, recorded_at: int) -> Sealed:
        """Append a batch that was prepared here or in another process."""
        batch = self.books.last_batch() + 1
        plan = self._plan(prepared, batch)
        if plan.kept:
            self._write(plan, batch, recorded_at)
        plan.sealed.batch = batch
        return plan.sealed

    def preview(self, observations: Sequence[Observation], recorded_at: int) -> pa.Table | None:
        """The event rows that sealing these observations would append, without writing anything."""
        batch = self.books.last_batch() + 1
        plan = self._plan(prepare(observations, self.book()), batch)
        if not plan.kept:
            return None
        return self._event_table(plan, batch, recorded_at)

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
                observations = [_decode(payload) for payload in payloads]
                plan = self._plan(prepare(observations, self.book()), batch)
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

    def _plan(self, prepared: Prepared, batch: int) -> _Plan:
        affected, known = self._affected(prepared.keyed, batch)
        plan = _Plan(prepared, sealed=Sealed(impossible=dict(prepared.impossible)))
        alone = np.ones(len(prepared), dtype=bool)
        alone[list(affected)] = False
        alone[list(prepared.impossible)] = False
        plan.alone = alone
        plan.kept = np.flatnonzero(alone).tolist()
        plan.sealed.events = len(plan.kept)
        if affected:
            self._post_affected(plan, sorted(affected - prepared.impossible.keys()), known)
        plan.kept.sort()
        plan.sealed.new = len(plan.kept)
        return plan

    def _affected(
        self, keyed: Keyed, batch: int
    ) -> tuple[set[int], dict[tuple[int, int], Observation]]:
        """Positions that meet another report, and the stored observations that they meet."""
        _, inverse, counts = np.unique(keyed.hashes, return_inverse=True, return_counts=True)
        affected = set(keyed.owners[counts[inverse] > 1].tolist())
        affected |= set(np.flatnonzero(keyed.keyless).tolist())
        hits = self.books.lookup(keyed.hashes, batch)
        if len(hits):
            met = np.isin(keyed.hashes, hits.column("key_hash").to_numpy())
            affected |= set(keyed.owners[met].tolist())
        near, near_hashes = self._near_keyless(keyed)
        affected |= near
        return affected, self._closure(hits, near_hashes, batch)

    def _near_keyless(self, keyed: Keyed) -> tuple[set[int], list[int]]:
        """Keyless reports meet by time: take in everything near them, new and stored."""
        times, keyless = keyed.times, keyed.keyless
        stored = self._stored_near(times, keyless)
        centres = np.concatenate([times[keyless], np.array([t for _, t in stored], dtype=np.int64)])
        if not len(centres):
            return set(), []
        centres.sort()
        place = np.searchsorted(centres, times)
        left = np.abs(times - centres[np.clip(place - 1, 0, len(centres) - 1)])
        right = np.abs(times - centres[np.clip(place, 0, len(centres) - 1)])
        near = np.flatnonzero(np.minimum(left, right) <= NEAR_US)
        return set(near.tolist()), [lookup_hash(identifier) for identifier, _ in stored]

    def _stored_near(self, times: np.ndarray, keyless: np.ndarray) -> list[tuple[bytes, int]]:
        """Stored events (id, time) that a new keyless report, or a stored one near a new report,
        may be the same call as."""
        books = self.books
        if not books.events.exists():
            return []
        found = self._events_near(times[keyless], "true")
        if books.state.fact("keyless") == "yes":
            centres = self._events_near(times, "keyless")
            found |= centres
            found |= self._events_near(np.array(list(centres.values()), dtype=np.int64), "true")
        return list(found.items())

    def _events_near(self, times: np.ndarray, condition: str) -> dict[bytes, int]:
        """Stored events within NEAR_US of one of the instants: id -> time."""
        spans = _spans(times)
        if not spans or not self.books.event_files():
            return {}
        wanted = pa.table({"low": [s[0] for s in spans], "high": [s[1] for s in spans]})
        rows = self.books.arrow(
            f"SELECT DISTINCT event_id, epoch_us(time) AS t FROM {self.books.event_source()} e "
            "SEMI JOIN wanted w ON epoch_us(e.time) BETWEEN w.low AND w.high "
            f"WHERE e.sign > 0 AND {condition} AND {between(spans[0][0], spans[-1][1])}",
            wanted=wanted,
        )
        ids, instants = (rows.column(name).to_pylist() for name in ("event_id", "t"))
        return dict(zip(ids, instants, strict=True))

    def _closure(
        self, hits: pa.Table, more_hashes: list[int], batch: int
    ) -> dict[tuple[int, int], Observation]:
        """All stored observations that share a key with the hits, directly or through others."""
        known: dict[tuple[int, int], Observation] = {}
        seen: set[int] = set()
        while True:
            places = set(
                zip(
                    hits.column("batch").to_pylist(),
                    hits.column("position").to_pylist(),
                    strict=True,
                )
            )
            loaded = self.books.payloads(places - known.keys())
            fresh = {place: _decode(payload) for place, payload in loaded.items()}
            known.update(fresh)
            found = {lookup_hash(digest(key)) for o in fresh.values() for key in keys(o)}
            found |= {lookup_hash(event_id((o,))) for o in fresh.values()}
            found |= set(more_hashes)
            more_hashes = []
            if not (wanted := found - seen):
                return known
            seen |= wanted
            hits = self.books.lookup(np.array(sorted(wanted), dtype=np.int64), batch)

    def _post_affected(
        self, plan: _Plan, affected: list[int], known: dict[tuple[int, int], Observation]
    ) -> None:
        stored = {msgspec.json.encode(observation) for observation in known.values()}
        for position in affected:
            content = plan.prepared.content(position)
            if content in stored:
                plan.sealed.repeated += 1
            else:
                stored.add(content)
                plan.fresh[position] = _decode(content)
        if plan.fresh:
            plan.kept += plan.fresh
            together = [*known.values(), *plan.fresh.values()]
            self._supersede(plan, together, match(together, group(together)), known)

    def _supersede(
        self,
        plan: _Plan,
        together: list[Observation],
        matched: list[Matched],
        known: dict[tuple[int, int], Observation],
    ) -> None:
        """Take back the stored rows of the affected calls and post the calls as they are known
        now."""
        resolved = Resolved([], [], [], [], [])
        for one in matched:
            members = [together[p] for p in one.members]
            joined = [o for o in members if not is_keyless(o)] or members
            identifier = event_id(joined)
            plan.link(identifier, members, known, one.members)
            resolved.events.append(resolve(members))
            resolved.ids.append(identifier)
            resolved.observations.append(len(members))
            resolved.keyless.append(any(is_keyless(o) for o in members))
            resolved.possible_duplicate.append(one.possible_duplicate)
        candidates = {event_id((o,)) for o in known.values()}
        candidates |= {digest(key) for o in known.values() for key in keys(o)} | set(resolved.ids)
        times = [int(o.time) for o in known.values()] or [0]
        old = self.books.live_rows(candidates, min(times), max(times))
        plan.old = old
        plan.merged = resolved, post(resolved.events, self.book())
        plan.sealed.events += len(matched) - len(set(old.column("event_id").to_pylist()))
        plan.sealed.possible_duplicates += sum(resolved.possible_duplicate)

    def _write(self, plan: _Plan, batch: int, recorded_at: int) -> None:
        kept = plan.prepared.payloads.take(pa.array(plan.kept, pa.int64()))
        self.books.observations.append(observation_rows(kept, batch, recorded_at), batch)
        self._project(plan, batch, recorded_at)

    def _project(self, plan: _Plan, batch: int, recorded_at: int) -> None:
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
        self.append_cards(plan.cards(), batch)
        self.append_events(self._event_table(plan, batch, recorded_at), batch)

    def _event_table(self, plan: _Plan, batch: int, recorded_at: int) -> pa.Table:
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

    def append_cards(self, cards: dict[str, RateCard], batch: int) -> None:
        """Keep the price cards that are not kept yet."""
        books = self.books
        known = self.known_cards()
        fresh = {name: card for name, card in cards.items() if name not in known}
        if not fresh:
            return
        contents = [msgspec.json.encode(card).decode() for card in fresh.values()]
        rows = pa.table([pa.array(list(fresh)), pa.array(contents)], schema=CARDS)
        books.cards.append(rows, batch)
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


@dataclass(slots=True)
class _Plan:
    """What a batch will write. kept: positions that are new, alone: those that meet no other
    report;
    fresh: the others; merged: their calls as they are known now; old: stored rows to take back."""

    prepared: Prepared
    sealed: Sealed
    kept: list[int] = field(default_factory=list)
    alone: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    fresh: dict[int, Observation] = field(default_factory=dict)
    merged: tuple[Resolved, Postings] | None = None
    old: pa.Table | None = None
    linked: list[tuple[int, int]] = field(default_factory=list)
    stored_links: list[tuple[int, tuple[int, int]]] = field(default_factory=list)

    def cards(self) -> dict[str, RateCard]:
        """Every price card that the batch used."""
        merged = self.merged[1].cards if self.merged else {}
        return {**self.prepared.cards, **merged}

    def link(
        self,
        identifier: bytes,
        members: list[Observation],
        known: dict[tuple[int, int], Observation],
        positions: tuple[int, ...],
    ) -> None:
        """Remember that reports without a common key are one call, so that each finds the others:
        the call's id leads to every member, and every member's own id to the one that has it."""
        if len(members) < 2 or not any(is_keyless(o) for o in members):
            return
        own = [event_id((o,)) for o in members]
        anchor = positions[own.index(identifier)] if identifier in own else positions[0]
        for one, position in zip(own, positions, strict=True):
            self._point(lookup_hash(identifier), position, known)
            self._point(lookup_hash(one), anchor, known)

    def _point(
        self, key_hash: int, position: int, known: dict[tuple[int, int], Observation]
    ) -> None:
        places = list(known)
        if position < len(places):
            self.stored_links.append((key_hash, places[position]))
        else:
            self.linked.append((key_hash, list(self.fresh)[position - len(places)]))

    def links(self, place: np.ndarray, batch: int) -> pa.Table:
        """The extra key rows for the remembered links. place: position -> place in the batch."""
        rows = [(h, batch, int(place[position])) for h, position in self.linked]
        rows += [(h, b, p) for h, (b, p) in self.stored_links]
        columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
        kinds = (pa.int64(), pa.int32(), pa.int32())
        arrays = [pa.array(list(c), k) for c, k in zip(columns, kinds, strict=True)]
        return pa.table(arrays, schema=KEYS)


def _spans(times: np.ndarray) -> list[tuple[int, int]]:
    """Half-open neighbourhoods of instants, merged where they touch."""
    spans: list[tuple[int, int]] = []
    for time in np.unique(times).tolist():
        low, high = time - NEAR_US, time + NEAR_US
        if spans and low <= spans[-1][1]:
            spans[-1] = (spans[-1][0], high)
        else:
            spans.append((low, high))
    return spans
