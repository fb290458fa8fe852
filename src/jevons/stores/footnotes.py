"""What a report says below its table: how far the books reach, and why calls have no price.

Both must cost little where the table itself comes from a roll-up, however many events there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jevons.stores.books import Books, readable
from jevons.stores.fates import fated
from jevons.stores.question import Question
from jevons.stores.report import answers, condition
from jevons.stores.rollup import REASONS, ROLLUPS, UNPRICED

if TYPE_CHECKING:
    import pyarrow as pa

_HOUR_US: Final = 3_600_000_000
_MOST: Final = 20


def newest_call(books: Books, pending: pa.Table | None, as_of: int | None) -> int | None:
    """The time of the newest call, epoch microseconds, None when there is none.

    pending: event rows that are not in the table yet. as_of: only rows recorded by then. Rows that
    were taken back do not count, so it does not depend on the order of reports.
    """
    spans = books.events.spans()
    if not spans and pending is None:
        return None
    session = books.session.cursor()
    known = "true" if as_of is None else f"recorded_at <= make_timestamptz({as_of})"
    ends = [end for _, end in spans]
    last = max(ends) if as_of is None and pending is None else None
    if last is None:
        source = books.event_source(pending, session)
        ((last,),) = session.execute(
            f"SELECT epoch_us(max(time)) FROM {source} WHERE {known}"
        ).fetchall()
    if last is None:
        return None
    for low in (last - _HOUR_US, 0):
        files = [file for file, end in spans if end >= low]
        source = books.event_source(pending, session, files)
        ((newest,),) = session.execute(
            f"SELECT epoch_us(max(t)) FROM (SELECT max(time) AS t FROM {source} "
            f"WHERE {known} AND time >= make_timestamptz({low}) "
            "GROUP BY event_id, part, version HAVING sum(sign) > 0)"
        ).fetchall()
        if newest is not None:
            return int(newest)
    return None


def reasons(books: Books, question: Question) -> list[tuple[str, int]]:
    """Why events have no (full) price -> number of calls, most frequent first."""
    if not books.event_files():
        return []
    table, session = books.rollups[REASONS], books.session.cursor()
    if answers(ROLLUPS[REASONS], question) and table.batch() == books.events.batch():
        if not table.files():
            return []  # every call has its price
        source, where = books.source(table), condition(question, time="cell", recorded=False)
    else:
        source = fated(books, question, books.event_source(), session)
        where = f"{UNPRICED} AND {condition(question, fates=True)}"
    with readable():
        rows = session.execute(
            f"SELECT reason, sum(calls) AS n FROM {source} WHERE {where} "
            f"GROUP BY reason HAVING sum(calls) > 0 ORDER BY n DESC, reason LIMIT {_MOST}"
        ).fetchall()
    session.close()
    return [(reason, int(n)) for reason, n in rows]
