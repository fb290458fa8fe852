"""Corrections: what a batch appends when calls that are already in the books are known better
now."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from jevons.stores.columns import retracted
from jevons.stores.schema import EVENTS

_NAMES = [name for name in EVENTS.names if name not in ("version", "recorded_at")]


def corrections(old: pa.Table | None, new: pa.Table, recorded_at: int) -> list[pa.Table]:
    """The old rows with the opposite sign and the new rows, leaving out calls that did not
    change."""
    if old is None or not len(old):
        return [new]
    before, after = _by_event(old), _by_event(new)
    same = {
        event
        for event in before.keys() & after.keys()
        if sorted(map(repr, before[event][1])) == sorted(map(repr, after[event][1]))
    }
    gone = [row for event, (rows, _) in before.items() if event not in same for row in rows]
    come = [row for event, (rows, _) in after.items() if event not in same for row in rows]
    return [
        retracted(old.take(pa.array(gone, pa.int64())), recorded_at),
        new.take(pa.array(come, pa.int64())),
    ]


def _by_event(table: pa.Table) -> dict[bytes, tuple[list[int], list[tuple[Any, ...]]]]:
    """event id -> (row numbers, contents of the rows without version and instant)."""
    columns = [table.column(name).to_pylist() for name in _NAMES]
    ids = table.column("event_id").to_pylist()
    found: dict[bytes, tuple[list[int], list[tuple[Any, ...]]]] = {}
    for row, values in enumerate(zip(*columns, strict=True)):
        rows, contents = found.setdefault(ids[row], ([], []))
        rows.append(row)
        contents.append(values)
    return found
