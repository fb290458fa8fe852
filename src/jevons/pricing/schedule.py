"""When a price applies: instants, and windows of weekdays and hours in a time zone.

Instants are whole microseconds since 1970-01-01 UTC. A window is half open, [start, end), in
minutes of the local day; one that ends before it starts spans midnight, and its day is the one it
starts on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

DAY_MINUTES: Final = 24 * 60
_MINUTE_US: Final = 60_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEKDAY: Final = 4
"""1970-01-01 was a Thursday; weekdays are ISO: Monday 1 to Sunday 7."""
_OFFSET: Final = re.compile(r"([+-])(\d\d):(\d\d)")
_CELL_MINUTES: Final = 15
"""Every zone's offset is constant within a quarter of an hour of UTC."""

EVERY_DAY: Final[tuple[int, ...]] = (1, 2, 3, 4, 5, 6, 7)
WEEKDAYS: Final = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}


@dataclass(frozen=True, slots=True)
class Window:
    """Local hours of some weekdays. days: ISO weekdays. start, end: minutes of the day.

    zone: `UTC`, a fixed offset as `+08:00`, or an IANA name.
    """

    start: int
    end: int
    days: tuple[int, ...] = EVERY_DAY
    zone: str = "UTC"

    def __str__(self) -> str:
        names = [name for name, day in WEEKDAYS.items() if day in self.days]
        days = "" if self.days == EVERY_DAY else f"{' '.join(names)} "
        return f"{days}{_clock(self.start)}-{_clock(self.end)} {self.zone}"

    def holds(self, time_us: int) -> bool:
        """Whether the instant lies in the window."""
        minute = time_us // _MINUTE_US
        minute += offset_minutes(self.zone, minute)
        day, of_day = divmod(minute, DAY_MINUTES)
        if self.start <= self.end:
            return self.start <= of_day < self.end and weekday(day) in self.days
        if of_day >= self.start:
            return weekday(day) in self.days
        return of_day < self.end and weekday(day - 1) in self.days


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def weekday(day: int) -> int:
    """ISO weekday of a day counted from 1970-01-01."""
    return (day + _EPOCH_WEEKDAY - 1) % 7 + 1


def fixed_offset(zone: str) -> int | None:
    """Minutes that a zone is always ahead of UTC, None for a named zone, whose offset changes."""
    if zone == "UTC":
        return 0
    fixed = _OFFSET.fullmatch(zone)
    if fixed is None:
        return None
    minutes = int(fixed[2]) * 60 + int(fixed[3])
    return -minutes if fixed[1] == "-" else minutes


def offset_minutes(zone: str, minute: int) -> int:
    """Minutes to add to a UTC minute (since 1970) to get local time. ValueError: no such zone."""
    fixed = fixed_offset(zone)
    return _named_offset(zone, minute // _CELL_MINUTES) if fixed is None else fixed


@lru_cache(maxsize=4096)
def _named_offset(zone: str, cell: int) -> int:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(f"no time zone {zone!r}") from None
    moment = (_EPOCH + timedelta(minutes=cell * _CELL_MINUTES)).astimezone(place)
    return (moment.utcoffset() or timedelta()) // timedelta(minutes=1)


def any_holds(windows: Sequence[Window], time_us: int) -> bool:
    """Whether the instant lies in one of the windows; no windows means always."""
    return not windows or any(window.holds(time_us) for window in windows)


def instant(value: object) -> int:
    """An ISO date (midnight UTC) or instant as microseconds; without a zone it is UTC.

    Raises ValueError for anything else.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, str):
        moment = datetime.fromisoformat(value.strip())
    else:
        raise ValueError(f"not a date or an instant: {value!r}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def text_of(time_us: int | None) -> str | None:
    """The instant as ISO text, a date when it is midnight UTC; None stays None."""
    if time_us is None:
        return None
    moment = _EPOCH + timedelta(microseconds=time_us)
    if time_us % (DAY_MINUTES * _MINUTE_US) == 0:
        return moment.date().isoformat()
    return moment.isoformat().replace("+00:00", "Z")


def parse_minutes(value: object) -> int:
    """`HH:MM` as minutes of the day; `24:00` ends a day. Raises ValueError."""
    match = re.fullmatch(r"(\d\d):(\d\d)", str(value).strip())
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if not match or int(match[2]) > 59 or minutes > DAY_MINUTES:
        raise ValueError(f"not a time of day as HH:MM: {value!r}")
    return minutes


def parse_days(value: object) -> tuple[int, ...]:
    """`mon-fri`, `sat, sun` or a list of such names as ISO weekdays. Raises ValueError."""
    names = value if isinstance(value, list) else str(value).split(",")
    days: set[int] = set()
    for name in names:
        first, _, last = str(name).strip().lower().partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError(f"not weekdays: {value!r}")
        begin, end = WEEKDAYS[first], WEEKDAYS[last or first]
        days |= {(day - 1) % 7 + 1 for day in range(begin, end + (8 if end < begin else 1))}
    return tuple(sorted(days))
