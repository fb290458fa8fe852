"""Roll-ups: narrow tables of sums that answer the common questions without reading every event.

Cells are quarter hours of UTC, so that days of every time zone (also half-hour zones) partition
them
exactly. Each batch appends the sums of its own rows, signed like the rows themselves; the value of
a
cell is the sum of its rows. They hold nothing that cannot be rebuilt from the event table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from jevons.stores.schema import INSTANT, MONEY, MONEY_COLUMNS, MONEY_SQL

CELL_MINUTES: Final = 15

COUNTERS: Final = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)

INPUT_SQL: Final = (
    "input_quantity + cache_read_quantity + cache_write_quantity + cache_write_5m_quantity"
    " + cache_write_1h_quantity + other_input_quantity"
)
"""All tokens that went in, over the columns of an event row."""

MEASURES: Final[dict[str, str]] = {
    "calls": "sum(calls)",
    "input_tokens": f"sum({INPUT_SQL})",
    "cache_read_input_tokens": "sum(cache_read_quantity + other_cache_read_quantity)",
    "cache_write_input_tokens": (
        "sum(cache_write_quantity + cache_write_5m_quantity + cache_write_1h_quantity)"
    ),
    "output_tokens": "sum(output_quantity + reasoning_quantity + other_output_quantity)",
    "reasoning_output_tokens": "sum(reasoning_quantity)",
    **{name: f"sum({MONEY_SQL[name]})" for name in MONEY_COLUMNS},
    "list_known": "sum(CASE WHEN list_difference IS NULL THEN 0 ELSE sign END)",
    "cost_known": "sum(CASE WHEN effective_cost IS NULL THEN 0 ELSE sign END)",
    "unknown_calls": "sum(CASE WHEN price_state = 'unknown' THEN calls ELSE 0 END)",
    "unlisted_calls": (
        "sum(CASE WHEN list_difference IS NULL AND price_state <> 'unknown' THEN calls ELSE 0 END)"
    ),
    "unpriced_events": (
        "sum(CASE WHEN price_state = 'unknown' "
        "OR (price_state = 'lower_bound' AND completeness = 'complete') THEN calls ELSE 0 END)"
    ),
    "lower_bound_calls": "sum(CASE WHEN price_state = 'lower_bound' THEN calls ELSE 0 END)",
    "possible_duplicates": "sum(CASE WHEN possible_duplicate THEN calls ELSE 0 END)",
}
"""Report measures as sums over event rows; every one is additive, so roll-ups sum the same
columns."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One narrow table: the dimensions that it keeps, besides the cell and the provenance.

    where: which event rows it sums; None = all.
    """

    dimensions: tuple[str, ...]
    where: str | None = None

    @property
    def schema(self) -> pa.Schema:
        """Columns of the table."""
        return pa.schema(
            [
                pa.field("cell", INSTANT, nullable=False),
                *[pa.field(name, pa.string()) for name in self.dimensions],
                pa.field("provenance", pa.string()),
                *_measure_fields(),
            ]
        )


def _measure_fields() -> list[pa.Field]:
    return [pa.field(name, MONEY if name in MONEY_COLUMNS else pa.int64()) for name in MEASURES]


UNPRICED: Final = "reason IS NOT NULL AND price_state IN ('unknown', 'lower_bound')"
"""Event rows without a price, or without a whole one."""

REASONS: Final = "cells_reason"
"""The roll-up that says why; it has the dimensions of all others."""

ROLLUPS: Final[dict[str, Rollup]] = {
    "cells_model": Rollup(("team", "provider", "request_model")),
    "cells_work": Rollup(("team", "task_type", "harness")),
    REASONS: Rollup(
        ("team", "provider", "request_model", "task_type", "harness", "reason"), UNPRICED
    ),
}
"""The roll-up tables by name."""

RUN_DIMENSIONS: Final = (
    "run", "parent_run", "team", "person", "task_type", "task", "harness", "session",
)  # fmt: skip

_RUN_SQL: Final = {"session": "CASE WHEN session <> run THEN session END"}
"""Dimensions of a run that are not stored as they are: a session that is the run is left out."""

RUNS: Final = pa.schema(
    [
        *[pa.field(name, pa.string()) for name in RUN_DIMENSIONS],
        pa.field("first_time", INSTANT),
        pa.field("last_time", INSTANT),
        *_measure_fields(),
    ]
)
"""One row per run and batch: the sums over its calls."""


def _casts() -> str:
    kinds = {name: "DECIMAL(38,15)" if name in MONEY_COLUMNS else "BIGINT" for name in MEASURES}
    return ", ".join(f"CAST({text} AS {kinds[name]}) AS {name}" for name, text in MEASURES.items())


def cells_sql(rollup: Rollup) -> str:
    """The query that sums event rows `rows` into cells."""
    dimensions = ", ".join((*rollup.dimensions, "provenance"))
    where = f"WHERE {rollup.where} " if rollup.where else ""
    return (
        f"SELECT time_bucket(INTERVAL {CELL_MINUTES} MINUTE, time) AS cell, {dimensions}, "
        f"{_casts()} FROM rows {where}GROUP BY cell, {dimensions} ORDER BY {dimensions}, cell"
    )


def runs_sql() -> str:
    """The query that sums event rows `rows` into runs."""
    chosen = ", ".join(f"{_RUN_SQL.get(name, name)} AS {name}" for name in RUN_DIMENSIONS)
    dimensions = ", ".join(_RUN_SQL.get(name, name) for name in RUN_DIMENSIONS)
    return (
        f"SELECT {chosen}, min(time) AS first_time, max(time) AS last_time, {_casts()} "
        f"FROM rows WHERE run IS NOT NULL GROUP BY {dimensions} ORDER BY run"
    )
