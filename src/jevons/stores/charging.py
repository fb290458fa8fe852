"""The charge table: what declared elements cost by the day, beside the calls.

It follows from the kept boundary files and, for plans and measured machines, from the calls. It is
brought up to date by comparing what it should hold with what it holds: a row that is no longer
right is appended once more with sign -1, the new one with sign 1. A question that the table does
not stand for (of an earlier time, with calls that wait, in a home that cannot be written) is
answered from what it should hold, worked out in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from jevons.analysis.accrual import day_charges, outcome_charges
from jevons.analysis.coverage import Daily, Place, dimensions, filters, uses
from jevons.analysis.declaration import parse_boundary
from jevons.analysis.total_cost import ChargeSum
from jevons.stores.books import Books, quote, readable
from jevons.stores.declarations import check_name, in_force, kept
from jevons.stores.failure import brief
from jevons.stores.fates import UNIT_SQL, Linking
from jevons.stores.outcomes import current_sql
from jevons.stores.question import Question
from jevons.stores.report import CALENDAR, answer, condition, local_sql
from jevons.stores.schema import CHARGES, MONEY_COLUMNS
from jevons.vocabulary.boundary import (
    ON_CALLS,
    OWNERS,
    Boundary,
    Consequence,
    DayCharge,
    Use,
    zone_of,
)
from jevons.vocabulary.errors import BoundaryError
from jevons.vocabulary.money import plain, to_femto
from jevons.vocabulary.period import EPOCH, zone

_BOOKED: Final = ("sign", "version", "recorded_at")
_SUMMED: Final = ("seats", *MONEY_COLUMNS)
IDENTITY: Final = tuple(n for n in CHARGES.names if n not in (*_SUMMED, *_BOOKED))
"""The columns that tell one charge from another."""

_OF_WORK: Final = ("team", "task_type")
"""Whose an outcome's minutes and losses are."""

_ON_CALLS: Final = f"charge IN {ON_CALLS}"


NOTE: Final = "charged"
"""Name of the fact that says what the charges were last worked out from."""

_THROUGH: Final = "charged_through"
"""Name of the fact that says to which day the table was last changed, after its batch."""


def concerned(books: Books) -> bool:
    """Whether there is anything that charges follow from."""
    return books.charges.exists() or books.outcomes.exists() or bool(kept(books.home))


def stands(books: Books, now: int) -> bool:
    """Whether the table holds what follows from all that is stored, up to the day of an instant."""
    return books.state.fact(NOTE) == _basis(books, now)


def _basis(books: Books, now: int) -> str:
    """What charges follow from at an instant, in short: while it is the same, so are they."""
    files = "".join(one.digest + one.file for one in kept(books.home))
    return f"{_date(now)} {books.events.batch()} {books.outcomes.batch()} {files}"


def _date(at: int) -> date:
    """The day of an instant in UTC."""
    return (EPOCH + timedelta(microseconds=at)).date()


def expected(
    books: Books, at: int | None, through: date, pending: pa.Table | None = None
) -> pa.Table:
    """The charges that follow from the boundary files and calls known at an instant (epoch
    microseconds; None: from all), up to and including a day; one row each. pending: event rows that
    wait in the inbox."""
    return _following(books, in_force(kept(books.home, at)), at, through, pending)


def rehearse(books: Books, file: str, text: str, at: int) -> None:
    """Work out the charges as if a boundary file were kept, without keeping anything.

    Raises BoundaryError when that cannot be done.
    """
    check_name(file)
    new = parse_boundary(text, file)
    declared = {one.name: one for one in (*in_force(kept(books.home)), new)}
    try:
        _following(books, [declared[name] for name in sorted(declared)], None, _date(at))
    except (ArithmeticError, ValueError) as error:
        raise BoundaryError(
            f"{file}: its charges cannot be worked out: {brief(error)}",
            remedy="Nothing was kept. Look for a figure or a date that is out of proportion.",
        ) from error


def _following(
    books: Books,
    boundaries: Sequence[Boundary],
    at: int | None,
    through: date,
    pending: pa.Table | None = None,
) -> pa.Table:
    """The charges of boundaries up to and including a day, one row each."""
    used = _used(books, boundaries, at, pending)
    rows = [
        (boundary.name, charge)
        for number, boundary in enumerate(boundaries)
        for charge in day_charges(
            boundary,
            through,
            {place: days for (owner, place), days in used.items() if owner == number},
        )
    ]
    rows += outcome_charges(boundaries, _consequences(books, boundaries, at, pending))
    names = ", ".join(IDENTITY)
    sums = ", ".join(f"CAST(sum({name}) AS DECIMAL(38,15)) AS {name}" for name in _SUMMED)
    return books.arrow(f"SELECT {names}, {sums} FROM rows GROUP BY {names}", rows=_table(rows))


def _used(
    books: Books, boundaries: Sequence[Boundary], as_of: int | None, pending: pa.Table | None
) -> dict[Place, dict[date, Use]]:
    """What the calls of measured elements used; days are those of the boundaries' zone."""
    if not filters(boundaries) or (pending is None and not books.event_files()):
        return {}
    names = dimensions(boundaries)
    question = Question(by=("day", *names), time_zone=zone_of(boundaries), as_of=as_of)
    return uses(
        boundaries,
        {
            wanted: _dailies(answer(books, replace(question, where=wanted), pending).rows, names)
            for wanted in filters(boundaries)
        },
    )


def _consequences(
    books: Books, boundaries: Sequence[Boundary], as_of: int | None, pending: pa.Table | None
) -> Iterator[Consequence]:
    """Human minutes and losses of the outcomes that count, by day, team and task type of the work
    that they speak of; where that has several, by none."""
    if not books.outcomes.files():
        return
    time_zone = zone_of(boundaries)
    owners = ", ".join(
        f"CASE WHEN min({name}) = max({name}) AND count(*) = count({name}) THEN min({name}) END "
        f"AS {name}"
        for name in _OF_WORK
    )
    linking = Linking(books, as_of, fates=False, pending=pending)
    try:
        with readable():
            linking.table(
                "owners",
                f"SELECT hash({UNIT_SQL}) AS unit, {', '.join(_OF_WORK)} FROM {linking.events} "
                "WHERE parent_run IS NULL GROUP BY ALL HAVING sum(calls) > 0",
            )
            rows = linking.session.execute(
                f"WITH work AS (SELECT outcome, {owners} FROM links JOIN owners ON unit = root "
                "GROUP BY outcome) "
                f"SELECT CAST({local_sql(time_zone, 'time')} AS DATE) AS day, "
                f"{', '.join(_OF_WORK)}, sum(human_minutes), sum(loss) "
                "FROM cur LEFT JOIN work USING (outcome) "
                "WHERE human_minutes IS NOT NULL OR loss IS NOT NULL GROUP BY ALL ORDER BY ALL"
            ).fetchall()
    finally:
        linking.close()
    for day, *values, minutes, loss in rows:
        pairs = zip(_OF_WORK, values, strict=True)
        owner = tuple((name, value) for name, value in pairs if value is not None)
        yield Consequence(day, owner, minutes or Decimal(0), loss or Decimal(0))


def _dailies(rows: list[dict[str, Any]], names: Sequence[str]) -> Iterator[Daily]:
    for row in rows:
        values = row["dimensions"]
        value, billed, effective = (
            0 if row[name] is None else to_femto(row[name])
            for name in ("contracted_cost", "billed_cost", "effective_cost")
        )
        tokens = row["input_tokens"] + row["output_tokens"]
        yield Daily(
            date.fromisoformat(values["day"]),
            {name: values[name] for name in names},
            Use(value, tokens, row["calls"], billed, effective),
        )


def _table(rows: list[tuple[str, DayCharge]]) -> pa.Table:
    """Charges as columns, without signs."""
    charges = [charge for _, charge in rows]
    elements = [charge.element for charge in charges]
    owners = [dict(element.owner) for element in elements]
    costs = [charge.costs for charge in charges]
    columns: dict[str, list[Any]] = {
        "day": [charge.day for charge in charges],
        "boundary": [name for name, _ in rows],
        "element": [element.name for element in elements],
        "kind": [element.kind for element in elements],
        "charge": [charge.charge for charge in charges],
        "nature": [charge.nature for charge in charges],
        **{name: [owner.get(name) for owner in owners] for name in OWNERS},
        "driver": [element.driver for element in elements],
        "shares": [_shares_text(element.shares) for element in elements],
        "seats": [_seats(charge) for charge in charges],
        **{name: [of[place] for of in costs] for place, name in enumerate(MONEY_COLUMNS)},
        "provenance": [element.provenance for element in elements],
        "source": [element.source or None for element in elements],
    }
    fields = [CHARGES.field(name) for name in columns]
    arrays = [pa.array(columns[field.name], field.type) for field in fields]
    return pa.table(arrays, schema=pa.schema(fields))


def _seats(charge: DayCharge) -> Decimal:
    """How many seats a charge of a day is for."""
    seated = charge.element.kind == "seat" and charge.charge != "purchase"
    return charge.element.quantity if seated else Decimal(0)


def _shares_text(shares: Sequence[tuple[str, Sequence[tuple[str, Decimal]]]]) -> str | None:
    if not shares:
        return None
    return json.dumps({name: {who: plain(part) for who, part in of} for name, of in shares})


def minutes(books: Books, question: Question) -> Decimal:
    """Human minutes that the outcomes of a period report; `where` is not looked at."""
    if not books.outcomes.files():
        return Decimal(0)
    period = condition(replace(question, where=()), recorded=False)
    rows = books.arrow(
        f"SELECT sum(human_minutes) AS minutes FROM ({current_sql(books, question.as_of)}) "
        f"WHERE NOT only_link AND {period}"
    )
    return rows.to_pylist()[0]["minutes"] or Decimal(0)


def _source(books: Books) -> str:
    names = ", ".join(quote(name) for name in books.charges.files())
    return f"read_parquet([{names}])" if names else "no_charges"


def _live_sql(books: Books) -> str:
    """The charges that no later row has taken back, as they were once added."""
    names = ", ".join(IDENTITY)
    sums = ", ".join(f"CAST(sum({name}) AS DECIMAL(38,15)) AS {name}" for name in _SUMMED)
    return f"SELECT {names}, {sums} FROM {_source(books)} GROUP BY {names} HAVING sum(sign) > 0"


def post(books: Books, recorded_at: int, now: int) -> int:
    """Bring the table up to the day of an instant; returns how many rows were appended. The caller
    holds the lock.

    recorded_at never goes back, but a clock may: what was charged for days that it was ahead is
    taken back.
    """
    wanted = expected(books, recorded_at, _date(now))
    names = ", ".join((*IDENTITY, *_SUMMED))
    negated = ", ".join((*IDENTITY, *(f"-{name} AS {name}" for name in _SUMMED)))
    tables = {"wanted": wanted, "no_charges": CHARGES.empty_table()}
    changes = books.arrow(
        f"WITH live AS ({_live_sql(books)}), "
        f"gone AS (SELECT {names} FROM live EXCEPT SELECT {names} FROM wanted), "
        f"come AS (SELECT {names} FROM wanted EXCEPT SELECT {names} FROM live) "
        f"SELECT {negated}, -1 AS sign FROM gone UNION ALL SELECT {names}, 1 AS sign FROM come "
        "ORDER BY day, sign",
        **tables,
    )
    note = {NOTE: _basis(books, now)}
    if len(changes):
        books.state.set_fact(NOTE, "")  # whatever stops us now, the table is not relied on
        batch = books.charges.batch() + 1
        note[_THROUGH] = f"{batch} {_date(now)}"
        count = len(changes)
        stamped = changes.append_column(
            "version", pa.array([batch] * count, pa.int32())
        ).append_column("recorded_at", pa.array([recorded_at] * count, pa.int64()))
        rows = stamped.select(CHARGES.names)
        books.charges.append(_cast(rows), batch)
    books.state.set_facts(note)
    return len(changes)


def _cast(rows: pa.Table) -> pa.Table:
    columns = [rows.column(field.name).cast(field.type) for field in CHARGES]
    return pa.table(columns, schema=CHARGES)


def differs(books: Books) -> str | None:
    """The first difference between the table and what follows from the kept boundary files and the
    calls as they were known when it was last changed."""
    if not books.charges.files():
        return None
    ((at,),) = books.session.execute(
        f"SELECT epoch_us(max(recorded_at)) FROM {_source(books)}"
    ).fetchall()
    batch, _, day = (books.state.fact(_THROUGH) or "").partition(" ")
    noted = batch == str(books.charges.batch())
    wanted = expected(books, at, date.fromisoformat(day) if noted else _date(at))
    names = ", ".join((*IDENTITY, *_SUMMED))
    found = books.arrow(
        f"WITH live AS ({_live_sql(books)}) "
        f"SELECT 'is not stored' AS what, * FROM (SELECT {names} FROM wanted EXCEPT "
        f"SELECT {names} FROM live) UNION ALL SELECT 'does not follow', * FROM "
        f"(SELECT {names} FROM live EXCEPT SELECT {names} FROM wanted) "
        "ORDER BY day, element, what LIMIT 1",
        wanted=wanted,
        no_charges=CHARGES.empty_table(),
    ).to_pylist()
    if not found:
        return None
    row = found[0]
    return (
        f"the {row['charge']} charge of {row['element']} on {row['day']} "
        f"(effective {row['effective_cost']}) {row['what']}"
    )


def sums(
    books: Books, question: Question, now: int, pending: pa.Table | None = None
) -> list[ChargeSum]:
    """The charges of a period, summed by element, charge and owner, and by the question's calendar
    dimensions; those that lie on calls by the day as well. `where` is not looked at.

    now: the instant (epoch microseconds) to whose day they run. pending: event rows that wait in
    the inbox. What the table does not stand for is worked out.
    """
    source, tables = _source(books), {"no_charges": CHARGES.empty_table()}
    if question.as_of is not None or pending is not None or not stands(books, now):
        through = _date(now if question.as_of is None else min(now, question.as_of))
        source, tables = "derived", {"derived": expected(books, question.as_of, through, pending)}
    calendar = [name for name in question.by if name in CALENDAR]
    columns = [
        *("boundary", "element", "kind", "charge", "nature", *OWNERS),
        *("driver", "shares", "provenance"),
        f"CASE WHEN {_ON_CALLS} THEN day END AS day",
        *(f"strftime(day, {quote(CALENDAR[name])}) AS {name}_of" for name in calendar),
    ]
    totals = ", ".join(f"sum({name}) AS {name}" for name in _SUMMED)
    where = ["true"]
    first, end = days(question)
    where += [f"day >= DATE '{first}'"] if first else []
    where += [f"day < DATE '{end}'"] if end else []
    nonzero = " OR ".join(f"sum({name}) <> 0" for name in MONEY_COLUMNS)
    with readable():
        rows = books.arrow(
            f"SELECT {', '.join(columns)}, {totals} FROM {source} "
            f"WHERE {' AND '.join(where)} GROUP BY ALL HAVING {nonzero} ORDER BY ALL",
            **tables,
        ).to_pylist()
    return [_sum(row, calendar) for row in rows]


def _sum(row: dict[str, Any], calendar: list[str]) -> ChargeSum:
    owner = {name: row[name] for name in OWNERS if row[name] is not None}
    shares = json.loads(row["shares"]) if row["shares"] else {}
    first, second, third, fourth = (to_femto(row[name]) for name in MONEY_COLUMNS)
    return ChargeSum(
        boundary=row["boundary"],
        element=row["element"],
        kind=row["kind"],
        charge=row["charge"],
        nature=row["nature"],
        owner=owner,
        calendar={name: row[f"{name}_of"] for name in calendar},
        seats=row["seats"],
        driver=row["driver"],
        shares={
            name: {who: Decimal(part) for who, part in of.items()} for name, of in shares.items()
        },
        provenance=row["provenance"],
        day=row["day"],
        list_cost=first,
        contracted_cost=second,
        billed_cost=third,
        effective_cost=fourth,
    )


def days(question: Question) -> tuple[date | None, date | None]:
    """The days of a period: those whose midnight in the question's zone lies in it."""
    return _day(question.since, question.time_zone), _day(question.until, question.time_zone)


def _day(time_us: int | None, time_zone: str) -> date | None:
    """The first day whose midnight is not before an instant."""
    if time_us is None:
        return None
    local = (EPOCH + timedelta(microseconds=time_us)).astimezone(zone(time_zone))
    midnight = local.hour == local.minute == local.second == local.microsecond == 0
    return local.date() if midnight else local.date() + timedelta(days=1)
