"""Summing event rows by dimension and price card, so that the cost of every kind is known
exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from jevons.analysis.spend import Costs, Pool, Spend, spend
from jevons.stores import costing
from jevons.stores.books import Books, readable
from jevons.stores.fates import fated
from jevons.stores.listing import Cards
from jevons.stores.question import Question
from jevons.stores.report import assigned, condition, dimension_sql
from jevons.stores.schema import MONEY_COLUMNS, MONEY_SQL, QUANTITY_COLUMNS
from jevons.vocabulary.charge import PROVENANCES, RateCard
from jevons.vocabulary.money import to_femto
from jevons.vocabulary.units import COMMON_UNITS, Quantities, Unit

_SAME: Final = (
    "price_card", "provenance", "price_state = 'stated'", "effective_cost IS NULL",
    "list_difference IS NULL", "contracted_difference IS NULL",
)  # fmt: skip
"""What calls of one pool have in common, besides the dimensions."""

COUNTED: Final = {"task": "coalesce(task, run, session)", "run": "coalesce(run, session)"}
"""What can be counted apart from calls -> how a call names it."""


def spends(
    books: Books,
    question: Question,
    pending: pa.Table | None = None,
    cards: dict[str, RateCard] | None = None,
    *,
    by_unit: bool = False,
) -> list[Spend]:
    """Calls, quantities and costs for every value of the question's dimensions, by kind, ordered
    by dimension. by_unit: by leaf unit instead of kind. pending, cards: event rows that wait in the
    inbox, and the cards that they name.
    """
    session, source = _opened(books, question, pending, cells=True)
    if source is None:
        return []
    keys, chosen = _keys(question)
    shared = [f"s{number}" for number in range(len(_SAME))]
    same = [f"{text} AS {name}" for name, text in zip(shared, _SAME, strict=True)]
    group = ", ".join([*keys, *shared])
    where = condition(question, fates=True)
    rows = f"SELECT *, {', '.join([*chosen, *same])} FROM {source} WHERE {where}"
    sums = ", ".join(
        [f"sum({name}) AS {name}" for name in QUANTITY_COLUMNS]
        + [f"sum({MONEY_SQL[name]}) AS {name}" for name in MONEY_COLUMNS]
    )
    states = ", ".join(
        f"sum(CASE WHEN price_state = '{state}' THEN calls ELSE 0 END) AS {state}"
        for state in ("unknown", "lower_bound")
    )
    with readable():
        found = session.sql(
            f"SELECT {group}, sum(calls) AS calls, sum(sign) AS events, {states}, {sums} "
            f"FROM ({rows}) GROUP BY {group}"
        ).to_arrow_table()
        rare = session.sql(
            f"SELECT {group}, unit.key AS unit, sum(sign * unit.value) AS quantity FROM ("
            f"SELECT {group}, sign, unnest(map_entries(CAST(CAST(other_quantities AS JSON)"
            f" AS MAP(VARCHAR, BIGINT)))) AS unit FROM ({rows} AND other_quantities IS NOT NULL)) "
            f"GROUP BY {group}, unit.key"
        ).to_arrow_table()
    session.close()
    return [
        spend(values, pools, provenance, by_unit=by_unit)
        for values, pools, provenance in _assembled(
            found, rare, (keys, shared), Cards(books, cards)
        )
    ]


def task_counts(
    books: Books, question: Question, pending: pa.Table | None = None, *, of: str = "task"
) -> dict[tuple[str | None, ...], int]:
    """How many tasks (or runs) have a call in the period, for every value of the question's
    dimensions.

    A task is an explicit id, else the run, else the session; a call with none of these is a task of
    its own. A task with calls under several values counts once for each. of: a key of `COUNTED`.
    """
    session, source = _opened(books, question, pending)
    if source is None:
        return {}
    keys, chosen = _keys(question)
    group, where = ", ".join([*keys, "named"]), condition(question, fates=True)
    by = f"GROUP BY {', '.join(keys)}" if keys else ""
    with readable():
        rows = session.execute(
            f"SELECT {''.join(key + ', ' for key in keys)}"
            "CAST(sum(CASE WHEN named IS NULL THEN calls ELSE 1 END) AS BIGINT) AS tasks FROM ("
            f"SELECT {group}, sum(calls) AS calls FROM (SELECT {COUNTED[of]} AS named, calls"
            f"{''.join(', ' + text for text in chosen)} FROM {source} WHERE {where}) "
            f"GROUP BY {group} HAVING sum(calls) > 0) {by}"
        ).fetchall()
    session.close()
    return {tuple(row[:-1]): int(row[-1]) for row in rows if row[-1]}


def _opened(
    books: Books, question: Question, pending: pa.Table | None, *, cells: bool = False
) -> tuple[Any, str | None]:
    """A session and the rows for it; cells: those of costs will do, which know no single call."""
    session = books.session.cursor()
    if not books.event_files() and pending is None:
        return session, None
    if cells and pending is None and books.costs_stand and costing.serves(question):
        return session, costing.source(books)
    source = assigned(books, question, books.event_source(pending, session), session)
    return session, fated(books, question, source, session, pending)


def _keys(question: Question) -> tuple[list[str], list[str]]:
    """Names d0, d1, ... for the dimensions, and their expressions under these names."""
    keys = [f"d{number}" for number in range(len(question.by))]
    texts = [dimension_sql(name, question.time_zone, fates=True) for name in question.by]
    return keys, [f"{text} AS {key}" for key, text in zip(keys, texts, strict=True)]


def _assembled(
    found: pa.Table, rare: pa.Table, names: tuple[list[str], list[str]], cards: Cards
) -> Iterator[tuple[tuple[str | None, ...], list[Pool], str]]:
    """Values, pools and weakest provenance of every row, ordered by dimension."""
    keys, shared = names
    others: dict[tuple[Any, ...], Quantities] = defaultdict(dict)
    for row in rare.to_pylist():
        place = tuple(row[name] for name in (*keys, *shared))
        others[place][Unit(row["unit"])] = int(row["quantity"])
    pools: dict[tuple[str | None, ...], list[tuple[Pool, str]]] = defaultdict(list)
    for row in found.to_pylist():
        if not row["events"] and not row["calls"] and not any(row[n] for n in MONEY_COLUMNS):
            continue  # taken back altogether
        place = tuple(row[name] for name in (*keys, *shared))
        pool = _pool(row, others.get(place, {}), cards)
        pools[place[: len(keys)]].append((pool, row["s1"]))
    for values, held in sorted(pools.items(), key=lambda item: _order(item[0])):
        yield values, [pool for pool, _ in held], _weakest([name for _, name in held])


def _pool(row: dict[str, Any], others: Quantities, cards: Cards) -> Pool:
    counted = {
        unit: int(row[name]) for unit, name in zip(COMMON_UNITS, QUANTITY_COLUMNS, strict=True)
    }
    first, second, third, fourth = (_femto(row[name]) for name in MONEY_COLUMNS)
    costs: Costs = first, second, third, fourth
    return Pool(
        calls=int(row["calls"]),
        unknown_calls=int(row["unknown"]),
        lower_bound_calls=int(row["lower_bound"]),
        card=cards.get(row["s0"]) if row["s0"] else None,
        stated=bool(row["s2"]),
        quantities={**counted, **others},
        costs=costs,
    )


def _femto(amount: Decimal | None) -> int | None:
    return None if amount is None else to_femto(amount)


def _weakest(names: Sequence[str]) -> str:
    return max(names, key=[str(name) for name in PROVENANCES].index)


def _order(values: tuple[str | None, ...]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in values)
