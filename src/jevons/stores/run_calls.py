"""The calls of one run and of all runs below it, read from the events."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import duckdb
import pyarrow as pa

from jevons.analysis.run_tree import DEEPEST, Step
from jevons.stores.books import Books, between, quote, readable
from jevons.stores.derivation import FAILED
from jevons.stores.rollup import INPUT_SQL, runs_sql
from jevons.stores.schema import MONEY_SQL
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import to_femto

_NAMED: Final = 5
"""Runs that a message about an ambiguous name lists."""

_COLUMNS: Final = {
    "event_id": "event_id",
    "run": "run",
    "parent_run": "parent_run",
    "step": "step",
    "parent_step": "parent_step",
    "agent": "agent",
    "tool": "tool",
    "model": "coalesce(model, response_model, request_model)",
    "purpose": "purpose",
    "time": "epoch_us(time)",
    "latency_ms": "latency_ms",
    "failed": FAILED,
    "input_tokens": INPUT_SQL,
    "cache_read_input_tokens": "cache_read_quantity + other_cache_read_quantity",
    "output_tokens": "output_quantity + reasoning_quantity + other_output_quantity",
    "reasoning_output_tokens": "reasoning_quantity",
    "cost": MONEY_SQL["effective_cost"],
    "at_least": "price_state = 'lower_bound'",
}
_SUMMED: Final = (
    "input_tokens", "cache_read_input_tokens", "output_tokens", "reasoning_output_tokens",
)  # fmt: skip


def run_calls(books: Books, name: str, pending: pa.Table | None) -> tuple[str, list[Step]]:
    """The whole id of a run, and its calls and those of all runs below it. name: the id, or a
    beginning that no other root run has. Raises UsageError for none or several."""
    session = books.session.cursor()
    with readable():
        runs = _runs(books, session, pending)
        found = _found(session, runs, name)
        family = _family(session, runs, found)
        steps = _steps(books, session, pending, family)
    session.close()
    return found.run, steps


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A run and the times of its first and last call, epoch microseconds."""

    run: str
    first: int
    last: int


def _runs(books: Books, session: duckdb.DuckDBPyConnection, pending: pa.Table | None) -> str:
    """The runs that there are, with their bounds in time."""
    parts = []
    files = books.runs.files()
    if books.runs.batch() == books.events.batch() and files:
        parts.append(f"SELECT * FROM read_parquet([{', '.join(map(quote, files))}])")
    elif books.event_files():
        parts.append(runs_sql().replace("FROM rows", f"FROM {books.event_source()}"))
    if pending is not None:
        session.register("pending_runs", books.arrow(runs_sql(), rows=pending))
        parts.append("SELECT * FROM pending_runs")
    if not parts:
        session.register("pending_runs", books.runs.schema.empty_table())
        parts.append("SELECT * FROM pending_runs")
    return f"({' UNION ALL '.join(f'({part})' for part in parts)})"


_BOUNDS: Final = "epoch_us(min(first_time)), epoch_us(max(last_time))"


def _found(session: duckdb.DuckDBPyConnection, runs: str, name: str) -> _Bounded:
    """The run that a name or the beginning of one means."""
    rows = session.execute(
        f"SELECT run, {_BOUNDS}, max(parent_run) FROM {runs} WHERE starts_with(run, ?) "
        "GROUP BY run HAVING sum(calls) > 0 ORDER BY run LIMIT 1000",
        [name],
    ).fetchall()
    every = {row[0]: _Bounded(*row[:3]) for row in rows}
    roots = [row[0] for row in rows if row[3] is None]
    for found in ([name] if name in every else [], roots, list(every)):
        if len(found) == 1:
            return every[found[0]]
    if not every or not name:
        raise UsageError(f"there is no run {name!r}", remedy="`jevons runs` lists runs.")
    names = roots or list(every)
    shown = "\n".join(names[:_NAMED])
    raise UsageError(
        f"{len(names)} runs begin with {name!r}", remedy=f"Write more of one of:\n{shown}"
    )


def _family(session: duckdb.DuckDBPyConnection, runs: str, root: _Bounded) -> list[_Bounded]:
    """A run and all runs below it."""
    family, level = {root.run: root}, {root.run: root}
    for _ in range(DEEPEST):
        listed = ", ".join(map(quote, sorted(level)))
        rows = session.execute(
            f"SELECT run, {_BOUNDS} FROM {runs} WHERE parent_run IN ({listed}) GROUP BY run"
        ).fetchall()
        level = {row[0]: _Bounded(*row) for row in rows if row[0] not in family}
        if not level:
            break
        family |= level
    return list(family.values())


def _steps(
    books: Books,
    session: duckdb.DuckDBPyConnection,
    pending: pa.Table | None,
    family: list[_Bounded],
) -> list[Step]:
    """The calls of some runs, as they are known now."""
    source = books.event_source(pending, session)
    names = [one.run for one in family]
    low, high = min(one.first for one in family), max(one.last for one in family)
    chosen = f"run IN ({', '.join(map(quote, sorted(names)))}) AND {between(low, high)}"
    assert books.assigning is not None
    assigned = books.assigning.source(source, session, names)
    columns = ", ".join(f"{text} AS {name}" for name, text in _COLUMNS.items())
    taken = f"SELECT event_id, part, version FROM {source} WHERE sign < 0 AND {chosen}"
    rows = session.sql(
        f"SELECT part, {columns} FROM (SELECT * FROM {assigned} WHERE sign > 0 AND {chosen}) e "
        f"WHERE NOT EXISTS (SELECT 1 FROM ({taken}) t WHERE t.event_id = e.event_id "
        "AND t.part = e.part AND t.version = e.version) ORDER BY event_id, part"
    ).to_arrow_table()
    grouped = groupby(rows.to_pylist(), key=itemgetter("event_id"))
    return [_step(list(parts)) for _, parts in grouped]


def _step(parts: list[dict[str, Any]]) -> Step:
    """One call from the rows of its model parts."""
    head = {name: parts[0][name] for name in _COLUMNS}
    head["event_id"] = head["event_id"].hex()
    known = [to_femto(part["cost"]) for part in parts if part["cost"] is not None]
    head["cost"] = sum(known) if known else None
    partly = 0 < len(known) < len(parts)
    head["at_least"] = partly or any(part["at_least"] for part in parts)
    for name in _SUMMED:
        head[name] = sum(part[name] for part in parts)
    return Step(**head)
