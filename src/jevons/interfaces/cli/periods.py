"""Relative times on the command line (`7d`, `today`) turned into the dates that a query
understands."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

_AGO: Final = re.compile(r"(\d{1,5})([hdw])")
RELATIVE: Final = "today, yesterday, 12h, 7d or 4w (ago)"
"""What may be written in place of a date, for help texts."""

REMEDY: Final = "Write today, 7d, 12h, 2026-09, 2026-09-01 or 2026-09-01T12:00:00Z."
"""What to do when a time of a flag is not understood."""


def resolve(text: str | None, now: Callable[[], datetime], time_zone: str) -> str | None:
    """Turn a relative time into an ISO date in the time zone, hours into an ISO instant.

    Days and weeks count whole local days: `7d` is the midnight that began the day a week ago. Any
    other text is returned as it is, for the query to read. `now` is asked only when the answer
    needs it.
    """
    if text is None:
        return None
    word = text.strip().lower()
    days = {"today": 0, "yesterday": 1}.get(word)
    match = _AGO.fullmatch(word)
    if match is not None:
        number, unit = int(match[1]), match[2]
        if unit == "h":
            instant = now().astimezone(UTC) - timedelta(hours=number)
            return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
        days = number * (7 if unit == "w" else 1)
    if days is None:
        return text
    local = now().astimezone(_zone(time_zone))
    return (local.date() - timedelta(days=days)).isoformat()


def instant(text: str, time_zone: str) -> int:
    """Epoch microseconds of a resolved time. Raises UsageError when it is none."""
    from jevons.vocabulary.period import instant as read

    return read(text, time_zone)


def end_of(text: str, time_zone: str) -> str:
    """The last microsecond of a bare day or month in the time zone, as an ISO instant in UTC; an
    instant as it is."""
    from jevons.vocabulary.period import iso

    if len(text) not in (7, 10):
        return text
    return iso(instant(day_after(text), time_zone) - 1)


def day_after(text: str) -> str:
    """The day after a bare day or month, as an ISO date. Raises ValueError for any other text."""
    day = date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    later = day + timedelta(days=1)
    if len(text) == 7:
        later = (day + timedelta(days=31)).replace(day=1)
    return later.isoformat()


def local_instant(text: str, time_zone: str) -> str:
    """An ISO instant as wall-clock time in a time zone, to the second: `2026-03-01 14:05:09`.

    Text that is no instant is returned as it is.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(_zone(time_zone)).strftime("%Y-%m-%d %H:%M:%S")


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
