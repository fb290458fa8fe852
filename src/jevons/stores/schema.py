"""The tables of the ledger: names, columns and types. The reference page is
docs/reference/ledger-tables.md."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from jevons.vocabulary.boundary import OWNERS
from jevons.vocabulary.money import COSTS, MONEY_SCALE
from jevons.vocabulary.observation import DIMENSIONS, LABELS
from jevons.vocabulary.outcome import FIGURES, LINKS
from jevons.vocabulary.units import COMMON_UNITS

MONEY: Final = pa.decimal128(38, MONEY_SCALE)
INSTANT: Final = pa.timestamp("us", tz="UTC")

OBSERVATIONS: Final = pa.schema(
    [
        pa.field("batch", pa.int32(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("recorded_at", INSTANT, nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("payload", pa.string(), nullable=False),
    ]
)
"""Every report of every source, as its canonical `jevons.event/v1` JSON: the truth that all else
derives from."""

KEYS: Final = pa.schema(
    [
        pa.field("key_hash", pa.int64(), nullable=False),
        pa.field("batch", pa.int32(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
    ]
)
"""Where the observations of a key are: first eight bytes of the key's digest -> (batch,
position)."""

QUANTITY_COLUMNS: Final = tuple(f"{unit}_quantity" for unit in COMMON_UNITS)
MONEY_COLUMNS: Final = COSTS
"""FOCUS's four costs of a row."""

STORED_MONEY: Final = (
    "effective_cost", "list_difference", "contracted_difference", "billed_difference",
)  # fmt: skip
"""How they are stored: the effective cost, and how much each other cost is above it. Nearly always
that is 0, which takes no space. A null difference means that the other cost is not known."""

MONEY_SQL: Final = {
    "effective_cost": "effective_cost",
    **{
        f"{name}_cost": f"(effective_cost + {name}_difference)"
        for name in ("list", "contracted", "billed")
    },
}
"""The four costs as expressions over the stored columns."""

EVENTS: Final = pa.schema(
    [
        pa.field("time", INSTANT, nullable=False),
        pa.field("event_id", pa.binary(16), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("sign", pa.int8(), nullable=False),
        pa.field("calls", pa.int8(), nullable=False),
        pa.field("recorded_at", INSTANT, nullable=False),
        pa.field("source", pa.string()),
        *[pa.field(name, pa.string()) for name in LABELS],
        pa.field("batch_api", pa.bool_()),
        pa.field("attempt", pa.int32()),
        pa.field("latency_ms", pa.int64()),
        pa.field("response_id", pa.string()),
        pa.field("request_id", pa.string()),
        pa.field("prompt_hash", pa.int64()),
        *[pa.field(name, pa.string()) for name in DIMENSIONS],
        pa.field("tags", pa.string()),
        *[pa.field(name, pa.int64(), nullable=False) for name in QUANTITY_COLUMNS],
        pa.field("other_input_quantity", pa.int64(), nullable=False),
        pa.field("other_cache_read_quantity", pa.int64(), nullable=False),
        pa.field("other_output_quantity", pa.int64(), nullable=False),
        pa.field("other_quantities", pa.string()),
        pa.field("tier_input_tokens", pa.int64()),
        pa.field("model", pa.string()),
        *[pa.field(name, MONEY) for name in STORED_MONEY],
        pa.field("stated_cost", pa.string()),
        pa.field("stated_by", pa.string()),
        pa.field("price_state", pa.string(), nullable=False),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("completeness", pa.string(), nullable=False),
        pa.field("price_card", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("notes", pa.string()),
        pa.field("observations", pa.int32(), nullable=False),
        pa.field("keyless", pa.bool_(), nullable=False),
        pa.field("possible_duplicate", pa.bool_(), nullable=False),
    ]
)
"""One row per event and model part; corrections are further rows, the old ones again with sign
-1."""

CARDS: Final = pa.schema(
    [
        pa.field("price_card", pa.string(), nullable=False),
        pa.field("content", pa.string(), nullable=False),
    ]
)
"""The resolved unit prices that events were rated with, by content hash."""

OUTCOMES: Final = pa.schema(
    [
        pa.field("time", INSTANT, nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("outcome_id", pa.string(), nullable=False),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("standing", pa.string(), nullable=False),
        pa.field("link_kind", pa.string(), nullable=False),
        pa.field("link_id", pa.string(), nullable=False),
        pa.field("only_link", pa.bool_(), nullable=False),
        pa.field("again", pa.bool_(), nullable=False),
        *[pa.field(name, pa.string()) for name in LINKS],
        *[pa.field(name, MONEY) for name in FIGURES],
        pa.field("value_provenance", pa.string()),
        pa.field("loss_kind", pa.string()),
        pa.field("labels", pa.string()),
        pa.field("content", pa.binary(16), nullable=False),
        pa.field("recorded_at", INSTANT, nullable=False),
    ]
)
"""Every report of every outcome. `again`: one of the same outcome came before; `standing`,
`link_kind`, `link_id` and `only_link` follow from the report by the rules of `ledger.outcomes`."""
CHARGES: Final = pa.schema(
    [
        pa.field("day", pa.date32(), nullable=False),
        pa.field("boundary", pa.string(), nullable=False),
        pa.field("element", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("charge", pa.string(), nullable=False),
        pa.field("nature", pa.string(), nullable=False),
        *[pa.field(name, pa.string()) for name in OWNERS],
        pa.field("driver", pa.string()),
        pa.field("shares", pa.string()),
        pa.field("seats", MONEY, nullable=False),
        *[pa.field(name, MONEY, nullable=False) for name in MONEY_COLUMNS],
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("sign", pa.int8(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("recorded_at", INSTANT, nullable=False),
    ]
)
"""What declared elements cost by the day; corrections are further rows, the old ones again with
sign -1."""

PURPOSES: Final = pa.schema(
    [
        pa.field("event_id", pa.binary(16), nullable=False),
        pa.field("run", pa.string(), nullable=False),
        pa.field("purpose", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("batch", pa.int32(), nullable=False),
    ]
)
"""Calls whose purpose does not follow from their own row, and all retries; of several rows of a
call the one of the newest batch counts, and an empty purpose takes back."""

OF_COSTS: Final = (
    "team", "task_type", "harness", "provider", "model", "purpose", "status", "error", "fate",
)  # fmt: skip
"""Dimensions that a cell of cost keeps."""

RATED: Final = ("price_card", "provenance", "price_state")
"""How the calls of a cell of cost were rated."""

COSTED: Final = pa.schema(
    [
        pa.field("time", INSTANT, nullable=False),
        *[pa.field(name, pa.string()) for name in (*OF_COSTS, *RATED)],
        pa.field("calls", pa.int64()),
        pa.field("sign", pa.int64()),
        *[pa.field(name, pa.int64()) for name in QUANTITY_COLUMNS],
        pa.field("other_quantities", pa.string()),
        *[pa.field(name, MONEY) for name in STORED_MONEY],
    ]
)
"""One row per hour of UTC and combination of dimensions and price; rare quantities are rows of
their own, one per unit, without calls or money."""

REJECTIONS: Final = pa.schema(
    [
        pa.field("recorded_at", INSTANT, nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("content_hash", pa.string(), nullable=False),
        pa.field("structure", pa.string()),
    ]
)
"""Input that could not become an observation."""
