"""Preparing a batch: everything that can be worked out from the observations alone, in any process.

Preparation assumes that every observation is an event of its own, which nearly all are. It yields
the
rows of all tables; the journal then drops the rows of observations that meet another report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Final

import numpy as np
import pyarrow as pa

from jevons.ledger.fields import Fields
from jevons.ledger.identity import (
    PROVIDER_REQUEST,
    STRONG_LENGTH,
    digest,
    event_id,
    is_keyless,
    keys,
)
from jevons.ledger.posting import post
from jevons.pricing.book import PriceBook
from jevons.stores.columns import Resolved, event_rows, payload_rows
from jevons.vocabulary.charge import RateCard
from jevons.vocabulary.memory import CHUNK, HANDFUL
from jevons.vocabulary.observation import Observation


@dataclass(slots=True)
class Keyed:
    """The keys of observations: hashes[i] belongs to observation owners[i]."""

    hashes: np.ndarray
    owners: np.ndarray
    keyless: np.ndarray
    times: np.ndarray


@dataclass(slots=True)
class Prepared:
    """One batch, prepared: picklable, so that another process can have made it.

    payloads: source and canonical JSON per observation. rows: event rows as if every observation
    were an
    event of its own; row_event: row -> position of its observation. impossible: position -> reason.
    """

    payloads: pa.Table
    keyed: Keyed
    rows: pa.Table
    row_event: np.ndarray
    cards: dict[str, RateCard]
    impossible: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.payloads)

    def content(self, position: int) -> bytes:
        """The canonical JSON of one observation."""
        return bytes(self.payloads.column("payload")[position].as_buffer())


def keyed(fields: Fields) -> tuple[Keyed, list[bytes]]:
    """Work out all keys of a batch, and the id of each observation as an event of its own."""
    digests: list[bytes] = []
    owners: list[int] = []
    ids: list[bytes] = []
    keyless = np.zeros(fields.count, dtype=bool)
    columns = (fields.own(name) for name in ("response_id", "request_id", "aliases", "self_keys"))
    for position, (response, request, aliases, self_keys) in enumerate(zip(*columns, strict=True)):
        found = None
        if response and not aliases and not self_keys and len(response) >= STRONG_LENGTH:
            found = _usual(response, request)
        if found is None:
            one = fields.observations[position]
            found = list({digest(key) for key in keys(one)})
            ids.append(found[0] if len(found) == 1 else event_id((one,)))
            keyless[position] = response is None and is_keyless(one)
        else:
            ids.append(min(found))
        digests += found
        owners += [position] * len(found)
    # The first eight of sixteen bytes, big endian: `lookup_hash` for the whole batch at once.
    hashes = np.frombuffer(b"".join(digests), dtype=">i8")[::2].astype(np.int64)
    times = np.array(fields.own("time"), dtype=np.int64)
    return Keyed(hashes, np.array(owners, dtype=np.int64), keyless, times), ids


_ID: Final = blake2b(b"id:", digest_size=16)


def _usual(response: str, request: str | None) -> list[bytes] | None:
    """The digests of a report with ids of the provider only, None if the ids need a closer look."""
    if request is None or request == response:
        return [_of_id(response)]
    if not PROVIDER_REQUEST.match(request):
        return None
    return [_of_id(response), _of_id(request)]


def _of_id(identifier: str) -> bytes:
    """`digest` of the key of a long id; the hash's state after the prefix is made once."""
    state = _ID.copy()
    state.update(identifier.encode())
    return state.digest()


def prepare(fields: Fields, book: PriceBook) -> Prepared:
    """Key, split, rate and lay out canonical observations, which are written (see `admit`)."""
    found, ids = keyed(fields)
    observations, count = list(fields.observations), fields.count
    postings = post(observations, book, fields)
    flags = [False] * count
    resolved = Resolved(observations, ids, [1] * count, found.keyless.tolist(), flags)
    rows = event_rows(resolved, postings, 0, 0, fields)
    payloads = payload_rows(fields.column("source"), fields.contents)
    return Prepared(payloads, found, rows, postings.event, postings.cards, postings.impossible)


def prepare_all(observations: Iterable[Observation], book: PriceBook) -> Prepared:
    """Canonical observations as one batch, made and worked on bit by bit."""
    left = iter(observations)
    handfuls = iter(lambda: list(islice(left, HANDFUL)), [])
    written = (Fields(handful).write() for handful in handfuls)
    chunks = iter(lambda: list(islice(written, CHUNK // HANDFUL)), [])
    batches = [prepare(Fields.joined(chunk), book) for chunk in chunks]
    return joined(batches) if batches else prepare(Fields([]), book)


def joined(batches: Sequence[Prepared]) -> Prepared:
    """Several prepared batches as one: fewer, larger commits."""
    if len(batches) == 1:
        return batches[0]
    starts = np.cumsum([0, *(len(batch) for batch in batches)])
    shifted = list(zip(batches, starts.tolist(), strict=False))
    found = Keyed(
        np.concatenate([batch.keyed.hashes for batch in batches]),
        np.concatenate([batch.keyed.owners + start for batch, start in shifted]),
        np.concatenate([batch.keyed.keyless for batch in batches]),
        np.concatenate([batch.keyed.times for batch in batches]),
    )
    return Prepared(
        pa.concat_tables([batch.payloads for batch in batches]).combine_chunks(),
        found,
        pa.concat_tables([batch.rows for batch in batches]).combine_chunks(),
        np.concatenate([batch.row_event + start for batch, start in shifted]),
        {name: card for batch in batches for name, card in batch.cards.items()},
        {p + start: reason for batch, start in shifted for p, reason in batch.impossible.items()},
    )
