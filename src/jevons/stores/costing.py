"""Cells of cost: a derived table of sums by hour, price card, purpose and fate.

What a call was for and what became of its run depend on rules, later calls and later outcomes, so
these cells cannot be appended to batch by batch. They are made anew, as a whole, when a question
first needs them after anything they follow from has changed; a note in the side database says for
what they stand. A row has the columns of an event row, summed, so that the same query reads both.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from jevons.stores.books import Books, quote, readable
from jevons.stores.fates import FATE, fated
from jevons.stores.question import Question
from jevons.stores.report import CALENDAR, assigned, dimension_sql
from jevons.stores.schema import COSTED, OF_COSTS, QUANTITY_COLUMNS, RATED, STORED_MONEY
from jevons.vocabulary.period import offsets

NOTE: Final = "cells_cost"
HOUR_US: Final = 3_600_000_000

_KNOWN: Final = {
    f"no_{name.split('_')[0]}": f"{name} IS NULL"
    for name in ("effective_cost", "list_difference", "contracted_difference")
}
"""Calls whose costs are known are never summed with calls whose costs are not."""


def serves(question: Question) -> bool:
    """Whether the cells have all that a question asks for, in the hours that it asks for."""
    if question.as_of is not None:
        return False
    bounds = [bound for bound in (question.since, question.until) if bound is not None]
    names = {*question.by, *(name for name, _ in question.where)}
    if any(bound % HOUR_US for bound in bounds) or FATE not in names:
        return False
    if not names <= {*CALENDAR, *OF_COSTS, "price_state", "provenance"}:
        return False
    timely = names & set(CALENDAR)
    return not timely or not any(shift % HOUR_US for _, shift in offsets(question.time_zone))


def refresh(books: Books, standing: str) -> None:
    """Make the cells anew. The caller holds the write lock and has assigned the purposes."""
    books.state.set_fact(NOTE, "")  # whatever stops us now, they are made anew
    books.costed.replace(derived(books), books.events.batch())
    books.state.forget(f"ledger/{NOTE}/{one}" for one in books.costed.sweep())
    books.state.set_fact(NOTE, standing)


def derived(books: Books) -> pa.Table:
    """The cells as they follow from events, purposes and outcomes."""
    session = books.session.cursor()
    question = Question(by=("purpose", FATE))
    source = assigned(books, question, books.event_source(), session)
    rows = _rows(fated(books, question, source, session))
    try:
        with readable():
            session.execute(f"CREATE OR REPLACE TEMP VIEW rows AS {rows}")
            return session.sql(f"{_sums()} UNION ALL {_rare()}").to_arrow_table().cast(COSTED)
    finally:
        session.close()


def _rows(source: str) -> str:
    names = [
        f"{dimension_sql('model', 'UTC')} AS model" if name == "model" else name
        for name in OF_COSTS
    ]
    known = [f"{text} AS {name}" for name, text in _KNOWN.items()]
    columns = [*names, *RATED, *known, "calls", "sign", *QUANTITY_COLUMNS, "other_quantities"]
    return (
        f"SELECT time_bucket(INTERVAL 1 HOUR, time) AS hour, "
        f"{', '.join((*columns, *STORED_MONEY))} FROM {source}"
    )


def _sums() -> str:
    group = ", ".join(("hour", *OF_COSTS, *RATED, *_KNOWN))
    counts = ("calls", "sign", *QUANTITY_COLUMNS)
    sums = [f"CAST(sum({name}) AS BIGINT) AS {name}" for name in counts]
    money = [f"CAST(sum({name}) AS DECIMAL(38,15)) AS {name}" for name in STORED_MONEY]
    return (
        f"SELECT hour AS time, {', '.join((*OF_COSTS, *RATED, *sums))}, "
        f"CAST(NULL AS VARCHAR) AS other_quantities, {', '.join(money)} "
        f"FROM rows GROUP BY {group}"
    )


def _rare() -> str:
    """Rare quantities: in each row those of one unit, with sign 1 as the query of spends reads
    them."""
    group = ", ".join(("hour", *OF_COSTS, *RATED, *_KNOWN))
    nothing = [f"0 AS {name}" for name in QUANTITY_COLUMNS]
    money = [
        f"CAST(CASE WHEN no_effective{other} THEN NULL ELSE 0 END AS DECIMAL(38,15)) AS {name}"
        for name, other in zip(
            STORED_MONEY, ("", " OR no_list", " OR no_contracted", ""), strict=True
        )
    ]
    text = "'{\"' || unit.key || '\":' || CAST(sum(sign * unit.value) AS BIGINT) || '}'"
    return (
        f"SELECT hour AS time, {', '.join((*OF_COSTS, *RATED))}, 0 AS calls, 1 AS sign, "
        f"{', '.join(nothing)}, {text} AS other_quantities, {', '.join(money)} "
        "FROM (SELECT *, unnest(map_entries(CAST(CAST(other_quantities AS JSON) AS "
        "MAP(VARCHAR, BIGINT)))) AS unit FROM rows WHERE other_quantities IS NOT NULL) "
        f"GROUP BY {group}, unit.key"
    )


def source(books: Books) -> str:
    """The cells in a FROM clause, under the names of event columns."""
    names = ", ".join(quote(name) for name in books.costed.files())
    return (
        "(SELECT *, CAST(NULL AS VARCHAR) AS response_model, "
        f"CAST(NULL AS VARCHAR) AS request_model FROM read_parquet([{names}]))"
    )


def differs(books: Books) -> str | None:
    """The first hour and owner whose cells are not the sum of the events, for `verify`. How they
    are split by purpose and fate follows from tables that have checks of their own."""
    if books.costed.batch() != books.events.batch():
        return None
    names = ("team", "task_type", "harness", "provider", *RATED)
    counts = ("calls", *QUANTITY_COLUMNS, *STORED_MONEY)
    sums = ", ".join(f"sum({name}) AS {name}" for name in counts)
    nothing = " AND ".join(f"coalesce({name}, 0) = 0" for name in counts)
    chosen = ", ".join(names)
    stored = ", ".join(quote(name) for name in books.costed.files())
    found = books.arrow(
        f"WITH stored AS (SELECT time AS hour, {chosen}, {sums} FROM read_parquet([{stored}]) "
        "GROUP BY ALL), wanted AS (SELECT time_bucket(INTERVAL 1 HOUR, time) AS hour, "
        f"{chosen}, {sums} FROM {books.event_source()} GROUP BY ALL) "
        "SELECT * FROM ((FROM stored EXCEPT FROM wanted) UNION ALL "
        f"(FROM wanted EXCEPT FROM stored)) WHERE NOT ({nothing}) LIMIT 1"
    ).to_pylist()
    if not found:
        return None
    where = ", ".join(f"{name}={found[0][name]}" for name in ("hour", *names[:3]))
    return f"{NOTE} differs from the events at {where}"
