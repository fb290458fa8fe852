"""Which reports of a batch meet others: in the batch, in the books, by a key or near in time.

Nearly all meet none, and are written as they were prepared. Those that do are worked out again
together with the stored reports that they meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from jevons.ledger.identity import digest, event_id, group, keys, lookup_hash
from jevons.ledger.matching import Matched, match
from jevons.stores.books import Books
from jevons.stores.neighbours import Search, calls
from jevons.stores.preparation import Prepared
from jevons.vocabulary.observation import Observation

Place = tuple[int, int]
"""Where a stored observation is: batch and position."""

_decode = msgspec.json.Decoder(Observation).decode


@dataclass(slots=True)
class Meeting:
    """fresh: position in the batch -> new report that meets others. known: the stored reports that
    they meet; the first `linked` of them by keys, directly or through others, the rest because they
    are near. repeated: positions of reports that are stored already."""

    fresh: dict[int, Observation]
    known: dict[Place, Observation]
    linked: int
    repeated: set[int]

    def calls(self) -> tuple[list[Observation], list[Matched]]:
        """The reports, known before fresh, and the calls that they make of those that the fresh
        ones can have changed."""
        known = list(self.known.values())
        together = [*known, *self.fresh.values()]
        if self.linked == len(known):
            return together, match(together, group(together))
        before = match(known, group(known), set(range(self.linked)))
        touched = {p for one in before for p in one.members}
        touched |= set(range(len(known), len(together)))
        return together, match(together, group(together), touched)


def meet(books: Books, prepared: Prepared, batch: int) -> Meeting:
    """What the reports of a batch meet, among themselves and in the batches before it."""
    keyed = prepared.keyed
    hits = books.lookup(keyed.hashes, batch)
    _, inverse, counts = np.unique(keyed.hashes, return_inverse=True, return_counts=True)
    shared = set(keyed.owners[counts[inverse] > 1].tolist())
    if len(hits):
        met = np.isin(keyed.hashes, hits.column("key_hash").to_numpy())
        shared |= set(keyed.owners[met].tolist())
    single = set(np.flatnonzero(keyed.keyless).tolist()) - shared
    stored = _load(books, _places(hits))
    fresh, repeated = _unlike(prepared, shared - prepared.impossible.keys(), stored)
    known: dict[Place, Observation] = {}
    if fresh and stored:
        wanted = keyed.hashes[np.isin(keyed.owners, list(fresh))]
        mine = np.isin(hits.column("key_hash").to_numpy(), wanted)
        _follow(books, hits.filter(pa.array(mine)), batch, known, stored)
    linked = len(known)
    search = Search(books, prepared)
    if search.needed and len(repeated) + len(prepared.impossible) < len(prepared):
        changed = [*calls(list(known.values())), *calls([*known.values(), *fresh.values()])]
        events, near = search.around(changed)
        ids = np.array(sorted(map(lookup_hash, events)), dtype=np.int64)
        _follow(books, books.lookup(ids, batch), batch, known, stored)
        for position in sorted((single | near) - shared - prepared.impossible.keys()):
            fresh[position] = _decode(prepared.content(position))
    return Meeting(fresh, known, linked, repeated)


def _unlike(
    prepared: Prepared, positions: set[int], stored: dict[Place, Observation]
) -> tuple[dict[int, Observation], set[int]]:
    """The reports at these positions that are not stored, each once, and the positions of the
    others."""
    seen = {msgspec.json.encode(one) for one in stored.values()}
    fresh, repeated = dict[int, Observation](), set[int]()
    for position in sorted(positions):
        content = prepared.content(position)
        if content in seen:
            repeated.add(position)
        else:
            seen.add(content)
            fresh[position] = _decode(content)
    return fresh, repeated


def _follow(
    books: Books,
    hits: pa.Table,
    batch: int,
    known: dict[Place, Observation],
    stored: dict[Place, Observation],
) -> None:
    """Add to `known` what the hits lead to by keys, and what that leads to, to the end."""
    seen = set(hits.column("key_hash").to_pylist())
    while len(hits):
        places = _places(hits) - known.keys()
        loaded = {place: stored[place] for place in places & stored.keys()}
        loaded |= _load(books, places - stored.keys())
        known |= loaded
        found = {lookup_hash(digest(key)) for one in loaded.values() for key in keys(one)}
        found |= {lookup_hash(event_id((one,))) for one in loaded.values()}
        found -= seen
        seen |= found
        hits = books.lookup(np.array(sorted(found), dtype=np.int64), batch)


def _places(hits: pa.Table) -> set[Place]:
    columns = (hits.column(name).to_pylist() for name in ("batch", "position"))
    return set(zip(*columns, strict=True))


def _load(books: Books, places: set[Place]) -> dict[Place, Observation]:
    return {place: _decode(text) for place, text in books.payloads(places).items()}
