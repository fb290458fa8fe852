"""Finding the calls that a report without a key may be: same token counts, near in time.

The rule that joins them is `jevons.ledger.matching`; here is only what it has to look at: every
stored event and every new report in the same *bucket* (inclusive input and output tokens), followed
from one to the next as long as they lie close together. Whatever the order in which reports arrive,
the rule then sees the same cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa

from jevons.ledger.identity import is_keyless
from jevons.ledger.matching import GAP_US, token_counts
from jevons.stores.books import Books, between
from jevons.stores.preparation import Prepared
from jevons.stores.rollup import INPUT_SQL
from jevons.vocabulary.observation import Observation

REACH_US: Final = GAP_US + 21_600_000_000
"""How far apart two reports of one cluster can begin: the gap and a call of six hours."""

Centre = tuple[int, int, int]
"""Inclusive input tokens, output tokens as `matching` compares them, time in microseconds."""

_OUTPUT: Final = "output_quantity + reasoning_quantity + other_output_quantity"
_SHOWN: Final = f"({_OUTPUT} - CASE WHEN provider = 'google' THEN reasoning_quantity ELSE 0 END)"


def counts_of(prepared: Prepared) -> np.ndarray:
    """(n, 2) the bucket of every observation of a batch, (-1, -1) for one that has none."""
    rows = prepared.rows
    found = np.full((len(prepared), 2), -1, dtype=np.int64)
    if not len(rows):
        return found
    column = {
        name: rows.column(name).to_numpy() for name in rows.column_names if "_quantity" in name
    }
    inputs = sum(
        column[f"{name}_quantity"]
        for name in ("input", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h",
                     "other_input")
    )  # fmt: skip
    reasoning = column["reasoning_quantity"]
    shown = column["output_quantity"] + reasoning + column["other_output_quantity"]
    google = np.array([name == "google" for name in rows.column("provider").to_pylist()])
    shown = np.where(google, shown - reasoning, shown)
    complete = np.array([c == "complete" for c in rows.column("completeness").to_pylist()])
    usable = complete & (rows.column("part").to_numpy() == 0) & ((inputs > 0) | (shown > 0))
    places = prepared.row_event[usable]
    found[places, 0], found[places, 1] = inputs[usable], shown[usable]
    return found


def stored_near(books: Books, centres: Iterable[Centre], condition: str) -> dict[bytes, Centre]:
    """Stored events in the buckets of the centres and within reach of one of them."""
    wanted = sorted(set(centres))
    if not wanted or not books.event_files():
        return {}
    columns = list(zip(*wanted, strict=True))
    table = pa.table({name: list(c) for name, c in zip(("i", "o", "t"), columns, strict=True)})
    low, high = min(columns[2]) - REACH_US, max(columns[2]) + REACH_US
    rows = books.arrow(
        f"WITH e AS (SELECT event_id, epoch_us(time) AS t, ({INPUT_SQL}) AS i, {_SHOWN} AS o "
        f"FROM {books.event_source()} WHERE sign > 0 AND part = 0 AND completeness = 'complete' "
        f"AND {condition} AND {between(low, high)}) "
        "SELECT DISTINCT e.event_id, e.i, e.o, e.t FROM e SEMI JOIN wanted w ON e.i = w.i "
        f"AND e.o = w.o AND e.t BETWEEN w.t - {REACH_US} AND w.t + {REACH_US}",
        wanted=table,
    )
    names = ("event_id", "i", "o", "t")
    found = zip(*(rows.column(name).to_pylist() for name in names), strict=True)
    return {identifier: (i, o, t) for identifier, i, o, t in found}


class Search:
    """Follows keyless reports through their buckets, in the batch and in the books."""

    def __init__(self, books: Books, prepared: Prepared) -> None:
        self.books = books
        self.keyless = prepared.keyed.keyless
        self.times = prepared.keyed.times
        self.any_stored = books.has_keyless()
        self.needed = bool(self.keyless.any()) or self.any_stored
        self.counts = counts_of(prepared) if self.needed else np.zeros((0, 2), dtype=np.int64)
        self.found: dict[bytes, Centre] = {}
        self.buckets: set[tuple[int, int]] = set()
        self.asked: set[Centre] = set()

    def first(self) -> list[bytes]:
        """Stored events near new keyless reports, and stored keyless ones near any new report."""
        if not self.needed:
            return []
        rows = zip(self.counts.tolist(), self.times.tolist(), strict=True)
        centres = {(i, o, time) for (i, o), time in rows if i >= 0}
        near = stored_near(self.books, centres, "keyless") if self.any_stored else {}
        self._open({(i, o) for i, o, _ in near.values()})
        self._open({(int(i), int(o)) for i, o in self.counts[self.keyless] if i >= 0})
        self.found |= near
        return [*near, *self.onward(())]

    def onward(self, loaded: Iterable[Observation]) -> list[bytes]:
        """Further stored events that the loaded keyless reports, or those found before, lead to."""
        if not self.needed:
            return []
        centres = {centre for centre in self.found.values() if centre[:2] in self.buckets}
        for observation in loaded:
            if is_keyless(observation) and (counts := token_counts(observation)):
                self._open({counts})
                centres.add((*counts, int(observation.time)))
        for position in self.positions():
            i, o = self.counts[position].tolist()
            centres.add((i, o, int(self.times[position])))
        new = centres - self.asked
        self.asked |= new
        near = stored_near(self.books, new, "true")
        fresh = near.keys() - self.found.keys()
        self.found |= near
        return list(fresh)

    def _open(self, buckets: set[tuple[int, int]]) -> None:
        self.buckets |= buckets

    def positions(self) -> set[int]:
        """New reports that lie in a bucket in which a keyless report does."""
        if not self.buckets:
            return set()
        rows = enumerate(map(tuple, self.counts.tolist()))
        return {position for position, bucket in rows if bucket in self.buckets}
