"""Preparing a batch: everything that can be worked out from the observations alone, in any process.

Preparation assumes that every observation is an event of its own, which nearly all are. It yields
the
rows of all tables; the journal then drops the rows of observations that meet another report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pyarrow as pa

from jevons.ledger.identity import digest, event_id, is_keyless, keys, lookup_hash
from jevons.ledger.posting import Fields, fields_of, post
from jevons.pricing.book import PriceBook
from jevons.stores.columns import Resolved, event_rows, payload_rows
from jevons.vocabulary.charge import RateCard
from jevons.vocabulary.observation import Observation


@dataclass(slots=True)
class Keyed:
    """The keys of observations: hashes[i] belongs to observation owners[i]."""

    hashes: np.ndarray
    owners: np.ndarray
    ids: list[bytes]
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


def keyed(observations: Sequence[Observation], values: Fields) -> Keyed:
    """Work out all keys of a batch."""
    hashes: list[int] = []
    owners: list[int] = []
    ids: list[bytes] = []
    keyless = np.zeros(len(observations), dtype=bool)
    for position, observation in enumerate(observations):
        found = keys(observation)
        if len(found) == 1:
            only = digest(found[0])
            hashes.append(lookup_hash(only))
            owners.append(position)
            ids.append(only)
        else:
            digests = {digest(key) for key in found}
            hashes += map(lookup_hash, digests)
            owners += [position] * len(digests)
            ids.append(event_id((observation,)))
        if observation.response_id is None and is_keyless(observation):
            keyless[position] = True
    return Keyed(
        np.array(hashes, dtype=np.int64),
        np.array(owners, dtype=np.int64),
        ids,
        keyless,
        np.array(values["time"], dtype=np.int64),
    )


def prepare(observations: Sequence[Observation], book: PriceBook) -> Prepared:
    """Key, split, rate and lay out observations whose `time` is epoch microseconds."""
    values = fields_of(observations)
    found = keyed(observations, values)
    postings = post(observations, book, values)
    count = len(observations)
    flags = [False] * count
    resolved = Resolved(list(observations), found.ids, [1] * count, found.keyless.tolist(), flags)
    rows = event_rows(resolved, postings, 0, 0, values)
    encode = msgspec.json.Encoder().encode
    payloads = payload_rows(values["source"], [encode(one) for one in observations])
    return Prepared(payloads, found, rows, postings.event, postings.cards, postings.impossible)
