"""Laying out observations and postings as Arrow tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from operator import is_not
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jevons.ledger.fields import OWN, Fields
from jevons.ledger.posting import (
    MONEY,
    Postings,
    common_columns,
    rare_quantities,
    rare_totals,
)
from jevons.stores.schema import (
    EVENTS,
    INSTANT,
    KEYS,
    OBSERVATIONS,
    QUANTITY_COLUMNS,
    STORED_MONEY,
)
from jevons.stores.schema import (
    MONEY as MONEY_TYPE,
)
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.observation import DIMENSIONS, LABELS, Observation

_TEXT = ("source", *LABELS, "response_id", "request_id", *DIMENSIONS, "stated_cost", "stated_by",
         "evidence", "completeness")  # fmt: skip


_HEXADECIMAL: Final = re.compile("[0-9a-f]*")
_DIGITS: Final = 16


@dataclass(slots=True)
class Resolved:
    """Events ready to be posted: each merged observation with its id and how it came about."""

    events: list[Observation]
    ids: list[bytes]
    observations: list[int]
    keyless: list[bool]
    possible_duplicate: list[bool]


def decimals(femto: np.ndarray, null: np.ndarray | None = None) -> pa.Array:
    """Whole 1e-15 USD (int64) as a decimal(38, 15) Arrow array; `null` marks unknown amounts."""
    words = np.empty((len(femto), 2), dtype="<i8")
    words[:, 0] = femto
    words[:, 1] = femto >> 63
    validity = None
    if null is not None and null.any():
        validity = pa.py_buffer(np.packbits(~null, bitorder="little").tobytes())
    return pa.Array.from_buffers(MONEY_TYPE, len(femto), [validity, pa.py_buffer(words.tobytes())])


Amounts = tuple[np.ndarray, np.ndarray, list[int | None]]
"""Femto-dollars of plain rows, which of them are unknown, and the amounts of single rows."""


def money_columns(costs: dict[str, Amounts]) -> dict[str, pa.Array]:
    """The stored money columns from the four costs."""
    vector, unknown, single = costs["effective_cost"]
    columns = {"effective_cost": _amounts(vector, unknown, single)}
    for name in ("list", "contracted", "billed"):
        other, other_unknown, others = costs[f"{name}_cost"]
        above = [
            None if one is None or base is None else one - base
            for one, base in zip(others, single, strict=True)
        ]
        columns[f"{name}_difference"] = _amounts(other - vector, other_unknown, above)
    return columns


def _amounts(vector: np.ndarray, unknown: np.ndarray, single: list[int | None]) -> pa.Array:
    head = decimals(vector, unknown)
    if not single:
        return head
    tail = pa.array([None if v is None else from_femto(v) for v in single], type=MONEY_TYPE)
    return pa.concat_arrays([head, tail])


def _text(column: Sequence[str | None]) -> pa.Array:
    """Texts as an Arrow array."""
    if not any(map(is_not, column, repeat(None))):
        return pa.nulls(len(column), pa.string())
    return pa.array(column, type=pa.string())


def payload_rows(sources: Sequence[str], payloads: Sequence[bytes]) -> pa.Table:
    """Source and canonical JSON (UTF-8) of observations, before they have a place."""
    ends = np.cumsum([0, *map(len, payloads)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(payloads))]
    texts = pa.Array.from_buffers(pa.string(), len(payloads), buffers)
    return pa.table({"source": _text(sources), "payload": texts})


def observation_rows(payloads: pa.Table, batch: int, recorded_at: int) -> pa.Table:
    """The rows of the observation table: canonical JSON with its place (batch, position)."""
    count = len(payloads)
    columns = {
        "batch": pa.array(np.full(count, batch, dtype=np.int32)),
        "position": pa.array(np.arange(count, dtype=np.int32)),
        "recorded_at": pa.array(np.full(count, recorded_at, dtype=np.int64)).cast(INSTANT),
        "source": payloads.column("source"),
        "payload": payloads.column("payload"),
    }
    return pa.table(columns, schema=OBSERVATIONS)


def key_rows(hashes: np.ndarray, positions: np.ndarray, batch: int) -> pa.Table:
    """The rows of the key table for one batch."""
    return pa.table(
        [
            pa.array(hashes.astype(np.int64)),
            pa.array(np.full(len(hashes), batch, dtype=np.int32)),
            pa.array(positions.astype(np.int32)),
        ],
        schema=KEYS,
    )


def event_rows(
    resolved: Resolved,
    postings: Postings,
    batch: int,
    recorded_at: int,
    fields: Fields | None = None,
) -> pa.Table:
    """The rows of the event table for resolved and posted events, sign +1."""
    rows = len(postings.event)
    fields = Fields(resolved.events) if fields is None else fields
    times = np.array(fields.own("time"), dtype=np.int64)
    per_event = {name: _names(fields, name) for name in _TEXT}
    per_event["batch_api"] = _spread(fields, "batch", pa.bool_())
    per_event["attempt"] = _spread(fields, "attempt", pa.int32())
    per_event["latency_ms"] = pa.array(fields.own("latency_ms"), type=pa.int64())
    per_event["operation"] = _operations(fields)
    per_event["prompt_hash"] = _prompts(fields.own("block_hashes"))
    per_event["tags"] = _tags(fields.own("tags"))
    per_event["event_id"] = pa.array(resolved.ids, type=pa.binary(16))
    per_event["time"] = pa.array(times).cast(INSTANT)
    per_event["observations"] = pa.array(resolved.observations, type=pa.int32())
    per_event["keyless"] = pa.array(resolved.keyless, type=pa.bool_())
    per_event["possible_duplicate"] = pa.array(resolved.possible_duplicate, type=pa.bool_())
    if rows != len(resolved.events) or not np.array_equal(postings.event, np.arange(rows)):
        taken = pa.array(postings.event)
        per_event = {name: array.take(taken) for name, array in per_event.items()}
    _serve_plain(per_event, postings)
    _serve(per_event, postings.columns["served"])
    columns = {**per_event, **_row_columns(postings, batch, recorded_at)}
    return pa.table([columns[name] for name in EVENTS.names], schema=EVENTS)


def _names(fields: Fields, name: str) -> pa.Array:
    """A text field of every event; what profiles share is converted once."""
    return _text(fields.own(name)) if name in OWN else _spread(fields, name, pa.string())


def _operations(fields: Fields) -> pa.Array:
    """What kind of call each was; an embeddings API tells it without words."""
    told = [
        said or ("embeddings" if api and api.endswith("embeddings") else None)
        for said, api in zip(fields.shared("operation"), fields.shared("api"), strict=True)
    ]
    if told.count(None) == len(told):
        return pa.nulls(fields.count, pa.string())
    return pa.array(told, type=pa.string()).take(pa.array(fields.codes))


def _prompts(blocks: Sequence[Sequence[str]]) -> pa.Array:
    """Eight bytes of the last of each call's rolling block hashes, which covers the whole prompt;
    null without any."""
    last = [hashes[-1] for hashes in blocks if hashes]
    if not last:
        return pa.nulls(len(blocks), pa.int64())
    together = "".join(last)
    if set(map(len, last)) == {_DIGITS} and _HEXADECIMAL.fullmatch(together):
        eights = bytes.fromhex(together)
    else:
        eights = b"".join(map(_eight_bytes, last))
    found = np.zeros(len(blocks), dtype=np.int64)
    known = np.fromiter(map(bool, blocks), dtype=bool, count=len(blocks))
    found[known] = np.frombuffer(eights, dtype=">i8")
    return pa.array(found, mask=~known)


def _eight_bytes(text: str) -> bytes:
    """A hash of sixteen hexadecimal digits as it is, any other text through a digest."""
    if len(text) == _DIGITS and _HEXADECIMAL.fullmatch(text):
        return bytes.fromhex(text)
    return blake2b(text.encode(), digest_size=8).digest()


def _spread(fields: Fields, name: str, kind: pa.DataType) -> pa.Array:
    values = fields.shared(name)
    if values.count(None) == len(values):
        return pa.nulls(fields.count, kind)
    return pa.array(values, type=kind).take(pa.array(fields.codes))


def _serve_plain(columns: dict[str, pa.Array], postings: Postings) -> None:
    """Put in what the bodies of plain rows say of how they were served."""
    servings, codes = postings.columns["servings"], pa.array(postings.columns["serving"])
    for name in ("service_tier", "speed", "region", "host"):
        said = [getattr(serving, name) for serving in servings]
        if any(said):
            told = pa.array(said, type=pa.string()).take(codes)
            first, second = (columns[name], told) if name == "host" else (told, columns[name])
            columns[name] = pc.coalesce(first, second)


def _serve(columns: dict[str, pa.Array], served: dict[int, dict[str, str]]) -> None:
    """Put in what the body of single rows knows better than the report around it."""
    changes: dict[str, dict[int, str]] = {}
    for row, values in served.items():
        for name, value in values.items():
            changes.setdefault(name, {})[row] = value
    for name, by_row in changes.items():
        values_now = columns[name].to_pylist()
        for row, value in by_row.items():
            values_now[row] = value
        columns[name] = pa.array(values_now, type=pa.string())


def _row_columns(postings: Postings, batch: int, recorded_at: int) -> dict[str, pa.Array]:
    rows = len(postings.event)
    given = postings.columns
    counted = given["counted"]
    columns: dict[str, pa.Array] = {
        "part": pa.array(given["part"], type=pa.int32()),
        "version": pa.array(np.full(rows, batch, dtype=np.int32)),
        "sign": pa.array(np.ones(rows, dtype=np.int8)),
        "calls": pa.array((given["part"] == 0).astype(np.int8)),
        "recorded_at": pa.array(np.full(rows, recorded_at, dtype=np.int64)).cast(INSTANT),
        "other_quantities": _text(rare_quantities(counted)),
        "tier_input_tokens": pa.array(given["tier_input_tokens"], type=pa.int64()),
    }
    for name in ("model", "price_state", "provenance", "price_card", "reason", "notes"):
        columns[name] = _text(given[name])
    common = common_columns(counted)
    for number, name in enumerate(QUANTITY_COLUMNS):
        columns[name] = pa.array(np.ascontiguousarray(common[:, number]))
    for name, total in zip(("input", "cache_read", "output"), rare_totals(counted), strict=True):
        columns[f"other_{name}_quantity"] = pa.array(np.ascontiguousarray(total))
    columns |= money_columns({name: postings.money[name] for name in MONEY})
    return columns


def _tags(tags: Sequence[dict[str, str]]) -> pa.Array:
    if not any(tags):
        return pa.nulls(len(tags), pa.string())
    encode = msgspec.json.Encoder(order="sorted").encode
    return pa.array([encode(t).decode() if t else None for t in tags], type=pa.string())


def stamped(rows: pa.Table, batch: int, recorded_at: int) -> pa.Table:
    """Prepared event rows with the batch that they are written in."""
    count = len(rows)
    version = pa.array(np.full(count, batch, dtype=np.int32))
    instant = pa.array(np.full(count, recorded_at, dtype=np.int64)).cast(INSTANT)
    for name, column in (("version", version), ("recorded_at", instant)):
        rows = rows.set_column(rows.schema.get_field_index(name), EVENTS.field(name), column)
    return rows


def retracted(rows: pa.Table, recorded_at: int) -> pa.Table:
    """The same rows with the opposite sign: what a correction appends to take them back."""
    columns: dict[str, pa.Array] = {}
    for name in rows.column_names:
        column = rows.column(name).combine_chunks()
        kind = column.type
        if name == "recorded_at":
            column = pa.array(np.full(len(rows), recorded_at, dtype=np.int64)).cast(INSTANT)
        elif name in ("sign", "calls") or name.endswith("_quantity") or name in STORED_MONEY:
            column = _negate(column).cast(kind)
        columns[name] = column
    return pa.table(columns, schema=rows.schema)


def _negate(column: Any) -> Any:
    return pc.negate(column)
