"""What a batch does to the books, worked out before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from jevons.ledger.identity import event_id, is_keyless, lookup_hash
from jevons.ledger.posting import Postings
from jevons.stores.columns import Resolved
from jevons.stores.meeting import Place
from jevons.stores.preparation import Prepared
from jevons.stores.schema import KEYS
from jevons.vocabulary.charge import RateCard
from jevons.vocabulary.observation import Observation


@dataclass(slots=True)
class Sealed:
    """What became of a batch. impossible: position in the input -> why it was refused."""

    batch: int = 0
    new: int = 0
    repeated: int = 0
    events: int = 0
    possible_duplicates: int = 0
    impossible: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What waits in the inbox as event rows, and the price cards that they name."""

    rows: pa.Table
    cards: dict[str, RateCard]


@dataclass(slots=True)
class Plan:
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
    linked: list[tuple[int, Place | int]] = field(default_factory=list)

    def cards(self) -> dict[str, RateCard]:
        """Every price card that the batch used."""
        merged = self.merged[1].cards if self.merged else {}
        return {**self.prepared.cards, **merged}

    def link(
        self, identifier: bytes, members: list[Observation], places: list[Place | int]
    ) -> None:
        """Remember that reports without a common key are one call, so that each finds the others:
        the call's id leads to every member, and every member's own id to the one that has it.

        places: where the members are, in the books or at which position of the batch.
        """
        if len(members) < 2 or not any(is_keyless(o) for o in members):
            return
        own = [event_id((o,)) for o in members]
        anchor = places[own.index(identifier)] if identifier in own else places[0]
        for one, place in zip(own, places, strict=True):
            self.linked += [(lookup_hash(identifier), place), (lookup_hash(one), anchor)]

    def links(self, place: np.ndarray, batch: int) -> pa.Table:
        """The extra key rows for the remembered links. place: position -> place in the batch."""
        rows = [
            (key_hash, batch, int(place[where])) if isinstance(where, int) else (key_hash, *where)
            for key_hash, where in self.linked
        ]
        columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
        kinds = (pa.int64(), pa.int32(), pa.int32())
        arrays = [pa.array(list(c), k) for c, k in zip(columns, kinds, strict=True)]
        return pa.table(arrays, schema=KEYS)
