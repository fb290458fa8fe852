"""Answering a report query from the narrowest table that can: roll-up cells, else the event
rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import duckdb
import pyarrow as pa

from jevons.stores.books import Books, quote, readable
from jevons.stores.fates import FATE, fated
from jevons.stores.question import Answer, Question
from jevons.stores.rollup import CELL_MINUTES, COUNTERS, MEASURES, ROLLUPS, Rollup, cells_sql
from jevons.stores.schema import MONEY_COLUMNS
from jevons.vocabulary.charge import PROVENANCES
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.observation import DIMENSIONS, LABELS
from jevons.vocabulary.period import offsets

CALENDAR: Final = {
    "hour": "%Y-%m-%dT%H:00",
    "day": "%Y-%m-%d",
    "week": "%G-W%V",
    "month": "%Y-%m",
    "year": "%Y",
}
"""Calendar dimensions: how a local time is written."""

PLAIN: Final = (*LABELS, *DIMENSIONS, "source", "price_state", "provenance", "evidence")
"""Dimensions that are columns of the event table."""

_SOMETHING: Final = "(calls <> 0 OR cost_known <> 0 OR input_tokens <> 0 OR output_tokens <> 0)"
_NOWADAYS: Final = 1_790_000_000_000_000
_CELL_US: Final = CELL_MINUTES * 60_000_000


def dimension_sql(name: str, time_zone: str, time: str = "time", *, fates: bool = False) -> str:
    """The SQL expression of a dimension. fates: the rows have the fate of their runs. Raises
    UsageError for a name that is none."""
    if name == FATE and fates:
        return FATE
    if name in CALENDAR:
        local = f"strftime({local_sql(time_zone, time)}, {quote(CALENDAR[name])})"
        if name == "hour" and len(offsets(time_zone)) > 1:
            return f"{local} || {_by_offset(time_zone, time, _offset_text)}"
        return local
    if name in PLAIN:
        return name
    if name == "model":
        return "coalesce(model, response_model, request_model)"
    if name == "batch":
        return "CAST(batch_api AS VARCHAR)"
    if name.startswith("tag."):
        if name == "tag.":
            raise UsageError("a tag needs a name", remedy="Write tag.NAME, for example tag.branch.")
        pointer = "/" + name[4:].replace("~", "~0").replace("/", "~1")
        return f"json_extract_string(tags, {quote(pointer)})"
    known = ", ".join((*CALENDAR, "model", "batch", *PLAIN, "tag.NAME"))
    raise UsageError(f"unknown dimension {name!r}", remedy=f"Dimensions are: {known}.")


def local_sql(time_zone: str, time: str) -> str:
    """The local time of an instant as an SQL timestamp, by the zone's own offsets."""
    return f"make_timestamp(epoch_us({time}) + {_by_offset(time_zone, time, str)})"


def _by_offset(time_zone: str, time: str, write: Callable[[int], str]) -> str:
    """A CASE over the offsets of a zone, each written by `write`."""
    steps = offsets(time_zone)
    if len(steps) == 1:
        return write(steps[0][1])
    ends = [*(start for start, _ in steps[1:]), 2**62]
    spans = [(start, end, shift) for (start, shift), end in zip(steps, ends, strict=True)]
    spans.sort(key=lambda span: abs(span[0] - _NOWADAYS))  # the likely ones are tried first
    cases = " ".join(
        f"WHEN epoch_us({time}) >= {start} AND epoch_us({time}) < {end} THEN {write(shift)}"
        for start, end, shift in spans
    )
    return f"CASE {cases} END"


def _offset_text(shift: int) -> str:
    """An offset as `'+05:30'`: in the night of a change two hours bear the same name."""
    minutes = shift // 60_000_000
    sign = "-" if minutes < 0 else "+"
    return quote(f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}")


def condition(
    question: Question, *, time: str = "time", recorded: bool = True, fates: bool = False
) -> str:
    """The WHERE clause of a question, `true` when it restricts nothing. fates: the rows have the
    fate of their runs."""
    parts = []
    if question.since is not None:
        parts.append(f"{time} >= make_timestamptz({question.since})")
    if question.until is not None:
        parts.append(f"{time} < make_timestamptz({question.until})")
    if question.as_of is not None and recorded:
        parts.append(f"recorded_at <= make_timestamptz({question.as_of})")
    for name, value in question.where:
        expression = dimension_sql(name, question.time_zone, time, fates=fates)
        parts.append(f"{expression} IS NULL" if value == "" else f"{expression} = {quote(value)}")
    return " AND ".join(parts) or "true"


def answers(rollup: Rollup, question: Question) -> bool:
    """Whether a roll-up has all that a question asks for: its dimensions, and bounds that are those
    of cells."""
    bounds = [bound for bound in (question.since, question.until) if bound is not None]
    if question.as_of is not None or any(bound % _CELL_US for bound in bounds):
        return False
    needed = {*question.by, *(name for name, _ in question.where)}
    return needed <= {*CALENDAR, *rollup.dimensions, "provenance"}


def assigned(
    books: Books, question: Question, source: str, session: duckdb.DuckDBPyConnection
) -> str:
    """The source of event rows that a question needs: with the assigned purpose if it asks."""
    if books.assigning is None or not question.asks_purpose:
        return source
    return books.assigning.source(source, session)


def rollup_for(question: Question) -> str | None:
    """The roll-up that can answer a question exactly, None when only the event rows can."""
    whole = (name for name, rollup in ROLLUPS.items() if rollup.where is None)
    return next((name for name in whole if answers(ROLLUPS[name], question)), None)


def answer(books: Books, question: Question, pending: pa.Table | None = None) -> Answer:
    """Answer a question from the sealed tables and the pending rows of the inbox."""
    for name in (*question.by, *(name for name, _ in question.where)):
        dimension_sql(name, question.time_zone, fates=True)
    rollup = rollup_for(question)
    if rollup is not None and books.rollups[rollup].batch() == books.events.batch():
        return _from_cells(books, question, rollup, pending)
    return _from_events(books, question, pending)


def _from_cells(books: Books, question: Question, name: str, pending: pa.Table | None) -> Answer:
    files = books.rollups[name].files()
    source = f"read_parquet({_list(files)})" if files else "(SELECT * FROM empty_cells)"
    tables = {} if files else {"empty_cells": ROLLUPS[name].schema.empty_table()}
    if pending is not None:
        cells = books.arrow(cells_sql(ROLLUPS[name]), rows=pending)
        tables["pending_cells"] = cells
        source = f"(SELECT * FROM {source} UNION ALL BY NAME SELECT * FROM pending_cells)"
    measures = {measure: f"sum({measure})" for measure in MEASURES}
    return _grouped(books, question, _View(name, source, "cell", measures, tables))


def _from_events(books: Books, question: Question, pending: pa.Table | None) -> Answer:
    tables: dict[str, pa.Table] = {}
    source = books.event_source()
    if not books.event_files():
        source, tables["empty_events"] = "empty_events", books.events.schema.empty_table()
    if pending is not None:
        tables["pending_events"] = pending
        source = f"(SELECT * FROM {source} UNION ALL BY NAME SELECT * FROM pending_events)"
    return _grouped(books, question, _View("events", source, "time", MEASURES, tables))


def _list(files: list[str]) -> str:
    return "[" + ", ".join(map(quote, files)) + "]"


@dataclass(frozen=True, slots=True)
class _View:
    """What a question is asked of: a FROM clause, its time column, how measures are summed there,
    and the in-memory tables that the clause names."""

    table: str
    source: str
    time: str
    measures: dict[str, str]
    tables: dict[str, pa.Table]


def _grouped(books: Books, question: Question, view: _View) -> Answer:
    source, time, measures = view.source, view.time, view.measures
    session = books.session.cursor()
    for name, content in view.tables.items():
        session.register(name, content)
    if view.table == "events":
        source = assigned(books, question, source, session)
        source = fated(books, question, source, session, view.tables.get("pending_events"))
    keys = [f"d{number}" for number in range(len(question.by))]
    zone = question.time_zone
    dimensions = [dimension_sql(name, zone, time, fates=True) for name in question.by]
    chosen = "".join(f"{text} AS {key}, " for key, text in zip(keys, dimensions, strict=True))
    inner = ", ".join(f"{text} AS {name}" for name, text in measures.items())
    rank = " ".join(f"WHEN '{p}' THEN {number}" for number, p in enumerate(PROVENANCES))
    where = condition(question, time=time, recorded=view.table == "events", fates=True)
    group = ", ".join([*keys, "provenance"])
    outer = ", ".join(f"sum({name}) AS {name}" for name in measures)
    by = f"GROUP BY {', '.join(keys)}" if keys else ""
    prefix = "".join(f"{key}, " for key in keys)
    with readable():
        session.execute(
            f"CREATE TEMP TABLE grouped AS SELECT {prefix}{outer}, "
            f"max(CASE WHEN {_SOMETHING} THEN CASE provenance {rank} END END) AS weakest "
            f"FROM (SELECT {chosen}provenance, {inner} FROM {source} "
            f"WHERE {where} GROUP BY {group}) {by}"
        )
    kept = f"WHERE {_SOMETHING}"
    # What was known once and taken back sums to 0, which is not the same as a cost of 0.
    cost = "CASE WHEN cost_known <> 0 THEN effective_cost END"
    order = ", ".join([f"{cost} DESC NULLS LAST", "calls DESC", *keys])
    if question.top is None and any(name in CALENDAR for name in question.by):
        order = ", ".join(keys)
    limit = f"LIMIT {int(question.top)}" if question.top is not None else ""
    rows = session.sql(f"SELECT * FROM grouped {kept} ORDER BY {order} {limit}").to_arrow_table()
    sums = ", ".join(f"sum({name}) AS {name}" for name in measures)
    total = session.sql(
        f"SELECT count(*) AS n, {sums}, max(weakest) AS weakest FROM grouped {kept}"
    )
    totals = total.to_arrow_table().to_pylist()[0]
    session.close()
    found = [_row(row, question.by, keys) for row in rows.to_pylist()]
    return Answer(found, _row(totals, (), []), int(totals["n"]) - len(found), view.table)


def _row(row: dict[str, Any], by: tuple[str, ...], keys: list[str]) -> dict[str, Any]:
    """Dimensions and measures of one row; money is None when nothing in the row has a price."""
    shown: dict[str, Any] = {"dimensions": {n: row[key] for n, key in zip(by, keys, strict=True)}}
    for name in MEASURES:
        value = row[name]
        if name in MONEY_COLUMNS:
            known = row["list_known" if name == "list_cost" else "cost_known"]
            shown[name] = Decimal(value) if known and value is not None else None
        else:
            shown[name] = int(value or 0)
    weakest = row["weakest"]
    shown["provenance"] = None if weakest is None else PROVENANCES[int(weakest)]
    return shown


COUNTER_NAMES: Final = COUNTERS
"""The inclusive token counters of a row, in report order."""
