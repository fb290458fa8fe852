"""Amortisation: purchases and fees to days, exactly.

Straight line by days. After k of n days, exactly the whole part of amount x k / n is amortised, in
whole 1e-15 USD; a day's part is the difference to the day before. So the parts of all days sum to
the amount, no two of them differ by more than 1e-15 USD, and what is amortised up to a day does not
depend on where a report cuts. A day counts as a day: a February's day of a monthly fee is dearer
than a January's, a leap year's day of a yearly fee cheaper.

A term begins at its anchor's day of the month; where a month lacks that day, on its last day (31
January, 28 February, 31 March: counted from the anchor, not from the term before).
"""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
MONTHS: Final = {"month": 1, "year": 12}
"""Terms that are whole months -> how many."""
DAYS: Final = {"day": 1, "week": 7}
"""Terms that are whole days -> how many."""


def by_day(amount: int, days: int) -> list[int]:
    """The parts of an amount (whole 1e-15 USD) on each of so many days; they sum to it exactly.

    A negative amount (a refund) is spread like its opposite. Raises ValueError for no days.
    """
    if days < 1:
        raise ValueError("an amount needs at least one day")
    size = abs(amount)
    reached = [size * day // days for day in range(days + 1)]
    parts = [late - early for early, late in itertools.pairwise(reached)]
    return parts if amount >= 0 else [-part for part in parts]


def add_months(anchor: date, months: int) -> date:
    """The same day of the month so many months later, or the month's last day if it has none."""
    years, month = divmod(anchor.month - 1 + months, 12)
    year = anchor.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor.day, last))


def term_end(anchor: date, per: str, number: int) -> date:
    """The day after term `number` (from 1) of an anchor; its beginning is the end of the one
    before. per: day, week, month or year."""
    if per in MONTHS:
        return add_months(anchor, MONTHS[per] * number)
    return anchor + timedelta(days=DAYS[per] * number)


def terms(anchor: date, per: str, end: date | None, through: date) -> Iterator[tuple[date, date]]:
    """The terms that begin up to `through`, as (first day, day after the last).

    end: the day after the last one of all (None: open); it cuts the last term short.
    """
    first, number = anchor, 1
    while first <= through and (end is None or first < end):
        last = term_end(anchor, per, number)
        yield first, last if end is None else min(last, end)
        first, number = last, number + 1


def days_of(first: date, end: date) -> list[date]:
    """Every day from the first up to before the end."""
    return [first + timedelta(days=number) for number in range((end - first).days)]
