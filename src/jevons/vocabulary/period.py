"""Instants and periods: half open, in UTC microseconds inside, in a named time zone at the
border."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jevons.vocabulary.errors import UsageError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_US: Final = 946_684_800_000_000
LATEST_US: Final = 7_258_118_400_000_000
"""Times of calls lie in the years 2000 to 2200; what lies outside is in another unit."""
_MICROSECOND: Final = timedelta(microseconds=1)


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises UsageError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"unknown time zone {name!r}", remedy="Use an IANA name such as Europe/Berlin or UTC."
        ) from None


@lru_cache(maxsize=32)
def offsets(name: str) -> tuple[tuple[int, int], ...]:
    """The offsets of a zone from UTC: (epoch microseconds from which it holds, offset in them).

    From 2000 to 2040, first entry from the beginning of time. One source of zone rules for bounds
    and for the days of a report, so that days always partition a period.
    """
    rules = zone(name)
    day = timedelta(days=1)
    at, end = datetime(2000, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    found = [(-(2**62), _offset(rules, at))]
    while at < end:
        later = at + day
        if _offset(rules, later) != found[-1][1]:
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (
                    (middle, high) if _offset(rules, middle) == found[-1][1] else (low, middle)
                )
            start = high.replace(microsecond=0)
            found.append(((start - EPOCH) // _MICROSECOND, _offset(rules, start)))
        at = later
    return tuple(found)


def _offset(rules: ZoneInfo, at: datetime) -> int:
    difference = at.astimezone(rules).utcoffset()
    assert difference is not None
    return difference // _MICROSECOND


def instant(text: str, time_zone: str = "UTC") -> int:
    """Epoch microseconds of an ISO date, month (`2026-09`) or instant; without offset it is local.

    Raises UsageError for anything else.
    """
    try:
        if len(text) == 7:
            text += "-01"
        if len(text) == 10:
            day = date.fromisoformat(text)
            moment = datetime(day.year, day.month, day.day)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"not a date or an instant: {text!r}",
            remedy="Write 2026-09, 2026-09-01 or 2026-09-01T12:00:00Z.",
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(time_zone))
    return (moment - EPOCH) // _MICROSECOND


def iso(time_us: int) -> str:
    """An instant as RFC 3339 UTC text, with a fraction only if it has one."""
    moment = EPOCH + timedelta(microseconds=time_us)
    return moment.isoformat().replace("+00:00", "Z")


def parse_time(value: object) -> int:
    """Epoch microseconds of a report's time: an integer in that unit, or RFC 3339 text.

    Raises ValueError when it is neither, or lies outside the years 2000 to 2200 (a wrong unit).
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"not a time: {value!r}")
    if isinstance(value, int):
        time_us = value
    else:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        time_us = (moment - EPOCH) // _MICROSECOND
    if not EARLIEST_US <= time_us < LATEST_US:
        raise ValueError(f"time {value!r} lies outside the years 2000 to 2200")
    return time_us
