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
from jevons.stores.books import Books
from jevons.stores.columns import Resolved, event_rows, key_rows, observation_rows, retracted
from jevons.stores.rollup import ROLLUPS, cells_sql, runs_sql
from jevons.stores.schema import CARDS, EVENTS, KEYS
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


@dataclass(slots=True)
class _Keyed:
    """Observations with the hashes of their keys: hash[i] belongs to observation owner[i]."""

    hashes: np.ndarray
    owners: np.ndarray
    ids: list[bytes]
    keyless: list[bool]


def _keyed(observations: Sequence[Observation]) -> _Keyed:
    hashes: list[int] = []
    owners: list[int] = []
    ids: list[bytes] = []
    keyless: list[bool] = []
    for position, observation in enumerate(observations):
        digests = [digest(key) for key in keys(observation)]
        hashes += map(lookup_hash, digests)
        owners += [position] * len(digests)
        ids.append(digests[0] if len(digests) == 1 else event_id((observation,)))
        keyless.append(is_keyless(observation))
    return _Keyed(np.array(hashes, dtype=np.int64), np.array(owners, dtype=np.int64), ids, keyless)


class Journal:
    """Appends batches to the books of one home. The caller holds the write lock."""

    def __init__(self, books: Books, book: Callable[[], PriceBook]) -> None:
        self.books = books
        self.book = book

    def seal(self, observations: Sequence[Observation], recorded_at: int) -> Sealed:
        """Append observations (with `time` as epoch microseconds). Known ones are counted and dropped."""
        self.recover()
        batch = self.books.last_batch() + 1
        plan = self._plan(observations, batch)
        if plan.kept:
            self._write(plan, batch, recorded_at)
        plan.sealed.batch = batch
        return plan.sealed

    def preview(self, observations: Sequence[Observation], recorded_at: int) -> pa.Table | None:
        """The event rows that sealing these observations would append, without writing anything."""
        batch = self.books.last_batch() + 1
        plan = self._plan(observations, batch)
        if not plan.kept:
            return None
        return self._event_table(plan, batch, recorded_at)

    def recover(self) -> list[int]:
        """Bring tables that a crash left behind up to the observations; returns the replayed batches."""
        books = self.books
        newest = books.observations.batch()
        behind = min(books.keys.batch(), books.events.batch()) if newest else 0
        replayed = []
        for batch in range(behind + 1, newest + 1):
            payloads = books.batch_payloads(batch)
            if payloads:
                observations = [_decode(payload) for payload in payloads]
                plan = self._plan(observations, batch)
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
        source = "read_parquet(?, hive_partitioning=true, hive_types_autocast=false)"
        rows = books.arrow(sql.replace("FROM rows", f"FROM {source}"), [books.events.files()])
        table.replace(rows.cast(table.schema), batch)

    def _plan(self, observations: Sequence[Observation], batch: int) -> _Plan:
        keyed = _keyed(observations)
        affected, known = self._affected(observations, keyed, batch)
        plan = _Plan(list(observations), keyed, sealed=Sealed())
        singles = [i for i in range(len(observations)) if i not in affected]
        self._post_singles(plan, singles)
        if affected:
            self._post_affected(plan, sorted(affected), known)
        plan.sealed.new = len(plan.kept)
        return plan

    def _affected(
        self, observations: Sequence[Observation], keyed: _Keyed, batch: int
    ) -> tuple[set[int], dict[tuple[int, int], Observation]]:
        """Positions that meet another report, and the stored observations that they meet."""
        _, inverse, counts = np.unique(keyed.hashes, return_inverse=True, return_counts=True)
        twice = counts[inverse] > 1
        affected = set(keyed.owners[twice].tolist())
        affected |= {i for i, keyless in enumerate(keyed.keyless) if keyless}
        hits = self.books.lookup(keyed.hashes, batch)
        hit_hashes = set(hits.column("key_hash").to_pylist())
        if hit_hashes:
            met = np.isin(keyed.hashes, np.array(sorted(hit_hashes), dtype=np.int64))
            affected |= set(keyed.owners[met].tolist())
        near, near_hashes = self._near_keyless(observations, keyed, batch)
        affected |= near
        known = self._closure(hits, near_hashes, batch)
        return affected, known

    def _near_keyless(
        self, observations: Sequence[Observation], keyed: _Keyed, batch: int
    ) -> tuple[set[int], list[int]]:
        """Keyless reports meet by time: take in everything near them, new and stored."""
        times = np.array([int(o.time) for o in observations], dtype=np.int64)
        keyless = np.array(keyed.keyless, dtype=bool)
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
        """Stored events close to a new keyless report, and stored keyless events close to a new one."""
        books = self.books
        any_stored = books.state.fact("keyless") == "yes"
        if not books.events.exists() or not (keyless.any() or any_stored):
            return []
        found: dict[bytes, int] = {}
        for chosen, condition in ((times[keyless], "true"), (times, "keyless")):
            if not len(chosen) or (condition == "keyless" and not any_stored):
                continue
            spans = _spans(chosen)
            days = {day for low, high in spans for day in _days(low, high)}
            files = books.event_files(sorted(days))
            if not files:
                continue
            wanted = pa.table({"low": [s[0] for s in spans], "high": [s[1] for s in spans]})
            rows = books.arrow(
                "SELECT DISTINCT event_id, epoch_us(time) AS t FROM read_parquet(?) e SEMI JOIN wanted w "
                f"ON epoch_us(e.time) BETWEEN w.low AND w.high WHERE e.sign > 0 AND {condition}",
                [files],
                wanted=wanted,
            )
            ids, at = rows.column("event_id").to_pylist(), rows.column("t").to_pylist()
            found.update(zip(ids, at, strict=True))
            if condition == "keyless" and found:
                extra = self._stored_near(np.array(list(found.values())), np.ones(len(found), dtype=bool))
                found.update(extra)
        return list(found.items())

    def _closure(
        self, hits: pa.Table, more_hashes: list[int], batch: int
    ) -> dict[tuple[int, int], Observation]:
        """All stored observations that share a key with the hits, directly or through others."""
        known: dict[tuple[int, int], Observation] = {}
        seen: set[int] = set()
        while True:
            places = set(
                zip(hits.column("batch").to_pylist(), hits.column("position").to_pylist(), strict=True)
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

    def _post_singles(self, plan: _Plan, singles: list[int]) -> None:
        events = [plan.observations[i] for i in singles]
        if not events:
            return
        postings = post(events, self.book())
        for position, reason in postings.impossible.items():
            plan.sealed.impossible[singles[position]] = reason
        plan.kept += [i for row, i in enumerate(singles) if row not in postings.impossible]
        count = len(events)
        resolved = Resolved(
            events, [plan.keyed.ids[i] for i in singles], [1] * count, [False] * count, [False] * count
        )
        plan.parts.append((resolved, postings))
        plan.sealed.events += count - len(postings.impossible)

    def _post_affected(
        self, plan: _Plan, affected: list[int], known: dict[tuple[int, int], Observation]
    ) -> None:
        encode = msgspec.json.encode
        stored = {encode(observation) for observation in known.values()}
        fresh: list[int] = []
        for position in affected:
            content = encode(plan.observations[position])
            if content in stored:
                plan.sealed.repeated += 1
            elif self._is_possible(plan, position):
                stored.add(content)
                fresh.append(position)
        if not fresh:
            return
        plan.kept += fresh
        together = [*known.values(), *(plan.observations[i] for i in fresh)]
        matched = match(together, group(together))
        self._supersede(plan, together, matched, known)

    def _is_possible(self, plan: _Plan, position: int) -> bool:
        postings = post([plan.observations[position]], self.book())
        if postings.impossible:
            plan.sealed.impossible[position] = postings.impossible[0]
        return not postings.impossible

    def _supersede(
        self,
        plan: _Plan,
        together: list[Observation],
        matched: list[Matched],
        known: dict[tuple[int, int], Observation],
    ) -> None:
        """Take back the stored rows of the affected calls and post the calls as they are known now."""
        resolved = Resolved([], [], [], [], [])
        for one in matched:
            members = [together[p] for p in one.members]
            joined = [o for o in members if not is_keyless(o)] or members
            identifier = event_id(joined)
            plan.link(identifier, members, known, together, one.members)
            resolved.events.append(resolve(members))
            resolved.ids.append(identifier)
            resolved.observations.append(len(members))
            resolved.keyless.append(any(is_keyless(o) for o in members))
            resolved.possible_duplicate.append(one.possible_duplicate)
        candidates = {event_id((o,)) for o in known.values()}
        candidates |= {digest(key) for o in known.values() for key in keys(o)} | set(resolved.ids)
        days = {_day(int(o.time)) for o in known.values()}
        old = self.books.live_rows(candidates, days)
        plan.old = old
        plan.parts.append((resolved, post(resolved.events, self.book())))
        plan.sealed.events += len(matched) - len(set(old.column("event_id").to_pylist()))
        plan.sealed.possible_duplicates += sum(resolved.possible_duplicate)

    def _write(self, plan: _Plan, batch: int, recorded_at: int) -> None:
        kept = [plan.observations[i] for i in sorted(plan.kept)]
        self.books.observations.append(observation_rows(kept, batch, recorded_at), batch)
        self._project(plan, batch, recorded_at)

    def _project(self, plan: _Plan, batch: int, recorded_at: int) -> None:
        """Write everything that derives from the batch's observations."""
        books = self.books
        kept = sorted(plan.kept)
        place = {position: number for number, position in enumerate(kept)}
        owned = np.isin(plan.keyed.owners, np.array(kept, dtype=np.int64))
        owners = np.array([place[i] for i in plan.keyed.owners[owned].tolist()], dtype=np.int64)
        key_table = key_rows(plan.keyed.hashes[owned], owners, batch)
        books.keys.append(pa.concat_tables([key_table, plan.links(place, batch)]), batch)
        if any(plan.keyed.keyless):
            books.state.set_fact("keyless", "yes")
        cards = {card.card_id: card for _, p in plan.parts for card in p.cards.values()}
        self.append_cards(cards, batch)
        self.append_events(self._event_table(plan, batch, recorded_at), batch)

    def _event_table(self, plan: _Plan, batch: int, recorded_at: int) -> pa.Table:
        """The rows that a planned batch appends to the event table."""
        rows = [event_rows(r, p, batch, recorded_at) for r, p in plan.parts]
        if plan.old is not None and len(plan.old):
            rows = _without_unchanged(rows, plan.old, recorded_at)
        return pa.concat_tables(rows) if rows else EVENTS.empty_table()

    def append_events(self, rows: pa.Table, batch: int) -> None:
        """Append event rows and the sums of them to every roll-up."""
        books = self.books
        books.events.append(rows, batch)
        for name, table in books.rollups.items():
            sums = books.arrow(cells_sql(ROLLUPS[name]), rows=rows)
            table.append(sums.cast(table.schema), batch)
        books.runs.append(books.arrow(runs_sql(), rows=rows).cast(books.runs.schema), batch)

    def append_cards(self, cards: dict[str, object], batch: int) -> None:
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
    """What a batch will write. kept: positions that are new; old: stored rows to take back."""

    observations: list[Observation]
    keyed: _Keyed
    sealed: Sealed
    kept: list[int] = field(default_factory=list)
    parts: list[tuple[Resolved, Postings]] = field(default_factory=list)
    old: pa.Table | None = None
    linked: list[tuple[int, Observation]] = field(default_factory=list)
    stored_links: list[tuple[int, tuple[int, int]]] = field(default_factory=list)

    def link(
        self,
        identifier: bytes,
        members: list[Observation],
        known: dict[tuple[int, int], Observation],
        together: list[Observation],
        positions: tuple[int, ...],
    ) -> None:
        """Remember that keyless members belong to a keyed call, so that either finds the other."""
        if len({is_keyless(o) for o in members}) < 2:
            return
        places = list(known)
        keyless_ids = [lookup_hash(event_id((o,))) for o in members if is_keyless(o)]
        for observation, position in zip(members, positions, strict=True):
            targets = [lookup_hash(identifier)] if is_keyless(observation) else keyless_ids
            for target in targets:
                if position < len(places):
                    self.stored_links.append((target, places[position]))
                else:
                    self.linked.append((target, observation))

    def links(self, place: dict[int, int], batch: int) -> pa.Table:
        """The extra key rows for the remembered links."""
        by_identity = {id(self.observations[position]): number for position, number in place.items()}
        rows = [(h, batch, by_identity[id(o)]) for h, o in self.linked]
        rows += [(h, b, p) for h, (b, p) in self.stored_links]
        columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
        kinds = (pa.int64(), pa.int32(), pa.int32())
        arrays = [pa.array(list(c), k) for c, k in zip(columns, kinds, strict=True)]
        return pa.table(arrays, schema=KEYS)


def _without_unchanged(rows: list[pa.Table], old: pa.Table, recorded_at: int) -> list[pa.Table]:
    """Drop corrections that change nothing: the stored rows and the new rows say the same."""
    new = rows[-1]
    ignored = {"version", "recorded_at"}
    names = [name for name in EVENTS.names if name not in ignored]

    def by_event(table: pa.Table) -> dict[bytes, tuple[list[int], list[tuple[object, ...]]]]:
        columns = [table.column(name).to_pylist() for name in names]
        ids = table.column("event_id").to_pylist()
        found: dict[bytes, tuple[list[int], list[tuple[object, ...]]]] = {}
        for row, values in enumerate(zip(*columns, strict=True)):
            positions, contents = found.setdefault(ids[row], ([], []))
            positions.append(row)
            contents.append(values)
        return found

    before, after = by_event(old), by_event(new)
    same = {
        i for i in before.keys() & after.keys()
        if sorted(map(repr, before[i][1])) == sorted(map(repr, after[i][1]))
    }  # fmt: skip
    gone = [row for i, (positions, _) in before.items() if i not in same for row in positions]
    come = [row for i, (positions, _) in after.items() if i not in same for row in positions]
    return [
        *rows[:-1],
        retracted(old.take(pa.array(gone, pa.int64())), recorded_at),
        new.take(pa.array(come, pa.int64())),
    ]


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


def _day(time_us: int) -> str:
    return str(np.datetime64(time_us, "us").astype("datetime64[D]"))


def _days(low: int, high: int) -> list[str]:
    first, last = (np.datetime64(t, "us").astype("datetime64[D]") for t in (low, high))
    return [str(day) for day in np.arange(first, last + 1)]
