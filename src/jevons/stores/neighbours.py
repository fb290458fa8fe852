"""Finding what may be in one cluster with a changed call: same token counts, near in time.

The rule that joins reports without a key is `jevons.ledger.matching`; here is only what it has to
look at. A call that changed alters the cluster that it was in and the one that it is in now, so
both its old and its new counts and times are looked around, those of the *calls* and not of their
reports: a partial report that comes late moves its call. What one window holds is enough, whatever
the order in which reports arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from jevons.ledger.identity import group, is_keyless
from jevons.ledger.matching import WINDOW_US, token_counts
from jevons.ledger.resolution import resolve
from jevons.stores.books import Books, between
from jevons.stores.preparation import Prepared
from jevons.stores.rollup import INPUT_SQL
from jevons.vocabulary.observation import Observation

Bucket = tuple[int, int]
"""Inclusive input tokens and output tokens as `matching` compares them."""

Centre = tuple[Bucket, int]
"""The counts of a call and its time in epoch microseconds."""

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


def stored_near(
    books: Books, centres: Iterable[Centre], condition: str
) -> set[tuple[bytes, Bucket]]:
    """Stored events, now or once, with the counts of a centre and within the window around it."""
    wanted = sorted(set(centres))
    if not wanted or not books.event_files():
        return set()
    table = pa.table(
        {"i": [i for (i, _), _ in wanted], "o": [o for (_, o), _ in wanted],
         "t": [time for _, time in wanted]}
    )  # fmt: skip
    times = [time for _, time in wanted]
    low, high = min(times) - WINDOW_US, max(times) + WINDOW_US
    rows = books.arrow(
        f"WITH e AS (SELECT event_id, epoch_us(time) AS t, ({INPUT_SQL}) AS i, {_SHOWN} AS o "
        f"FROM {books.event_source()} WHERE sign > 0 AND part = 0 AND completeness = 'complete' "
        f"AND {condition} AND {between(low, high)}) "
        "SELECT DISTINCT e.event_id, e.i, e.o FROM e SEMI JOIN wanted w ON e.i = w.i "
        f"AND e.o = w.o AND e.t BETWEEN w.t - {WINDOW_US} AND w.t + {WINDOW_US}",
        wanted=table,
    )
    columns = (rows.column(name).to_pylist() for name in ("event_id", "i", "o"))
    return {(event, (i, o)) for event, i, o in zip(*columns, strict=True)}


@dataclass(frozen=True, slots=True)
class Call:
    """What places a call: its bucket, its time, and whether a report of it has no key."""

    bucket: Bucket
    time: int
    keyless: bool


def calls(observations: Sequence[Observation]) -> Iterator[Call]:
    """The calls that these reports make, of those that can be compared."""
    for members in group(observations):
        reports = [observations[p] for p in members]
        event = resolve(reports)
        if (counts := token_counts(event)) is not None:
            yield Call(counts, int(event.time), any(is_keyless(one) for one in reports))


class Search:
    """Looks around the calls that a batch adds or changes."""

    def __init__(self, books: Books, prepared: Prepared) -> None:
        self.books = books
        self.keyed = prepared.keyed
        self.stored_keyless = books.has_keyless()
        self.needed = self.stored_keyless or bool(prepared.keyed.keyless.any())
        self.counts = counts_of(prepared) if self.needed else np.zeros((0, 2), dtype=np.int64)

    def around(self, changed: Iterable[Call]) -> tuple[set[bytes], set[int]]:
        """Stored events and new reports (positions in the batch) that a report without a key may
        concern. changed: the calls of stored reports, and of new ones that share a key."""
        buckets = [(i, o) if i >= 0 else None for i, o in self.counts.tolist()]
        placed = zip(buckets, self.keyed.times.tolist(), strict=True)
        centres = {(bucket, time) for bucket, time in placed if bucket is not None}
        opened = {buckets[p] for p in np.flatnonzero(self.keyed.keyless).tolist()}
        for call in changed:
            centres.add((call.bucket, call.time))
            opened |= {call.bucket} if call.keyless else set()
        if self.stored_keyless:
            near = stored_near(self.books, centres, "keyless")
            opened |= {bucket for _, bucket in near}
        opened.discard(None)
        if not opened:
            return set(), set()
        inside = [centre for centre in centres if centre[0] in opened]
        events = {event for event, _ in stored_near(self.books, inside, "true")}
        return events, {p for p, bucket in enumerate(buckets) if bucket in opened}
