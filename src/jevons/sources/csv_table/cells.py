"""Reading single cells: numbers, amounts, times, text.

A wrong cell raises ValueError with the reason, which names the column but never repeats the cell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

import msgspec

from jevons.sources.csv_table.mapping import Column, Mapping
from jevons.vocabulary.money import parse_amount

NOTHING: Final = frozenset({"", "-", "\u2013", "\u2014", "n/a", "na", "nan", "null", "none", "nil"})
"""Cells (lower case) that say that there is no value; a mapping may add words under `empty`."""

EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TEXT_LENGTH: Final = 200
_SEPARATED: Final = re.compile(r"\d[.,'\u2019]\d")
_TICKS: Final = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}
_TRUE: Final = {"true": True, "t": True, "yes": True, "1": True}
_FALSE: Final = {"false": False, "f": False, "no": False, "0": False}


def text(row: Dictionary[str, str], column: Column, mapping: Mapping) -> str | None:
    """The cell as short text after `path`, `values` and `default`; None when there is no value."""
    cell = _at_path(row[column.column], column) if column.path else row[column.column].strip()
    if cell is None or cell.lower() in NOTHING or cell in mapping.empty:
        return column.default
    if column.values:
        for pattern, replacement in column.values:
            if fnmatchcase(cell.lower(), pattern.lower()):
                return replacement
        return column.default if column.default is not None else cell
    return cell


def short(row: Dictionary[str, str], column: Column, mapping: Mapping) -> str | None:
    """Text that may be kept: longer cells could be content and are left out."""
    value = text(row, column, mapping)
    return value if value is None or len(value) <= _TEXT_LENGTH else None


def _at_path(cell: str, column: Column) -> str | None:
    if cell.strip().lower() in NOTHING:
        return None
    try:
        value: Any = msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError(f"column {column.column} does not hold JSON") from None
    for key in column.path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def number(row: Dictionary[str, str], column: Column, mapping: Mapping) -> Decimal | None:
    """The cell as an exact number times `column.times`; None when there is no value."""
    cell = text(row, column, mapping)
    if cell is None:
        return None
    plain = cell.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").removeprefix("$")
    try:
        return parse_amount(_pointed(plain, mapping)) * column.times
    except ValueError:
        if not mapping.states_numbers and _SEPARATED.search(plain):
            _ask(column)
        raise ValueError(f"column {column.column} is not a number") from None


def _pointed(plain: str, mapping: Mapping) -> str:
    """A number without thousands separators, `.` before its decimals. Raises ValueError when the
    mapping's separators do not explain it: `1,5` is no fifteen, and where the decimal sign is a
    comma, `1.000` is no one."""
    whole, sign, decimals = plain.partition(mapping.decimal)
    if mapping.thousands and mapping.thousands in whole:
        first, *groups = whole.split(mapping.thousands)
        if not first or any(len(group) > 3 for group in groups) or len(groups[-1]) != 3:
            raise ValueError("thousands are not groups of three")
        whole = "".join((first, *groups))
    if mapping.decimal != "." and "." in whole + decimals:
        raise ValueError("a point is neither the decimal sign nor a separator")
    return f"{whole}.{decimals}" if sign else whole


def _ask(column: Column) -> NoReturn:
    raise ValueError(f"column {column.column}: thousands or decimals? state `thousands:`")


def whole(row: Dictionary[str, str], column: Column, mapping: Mapping) -> int | None:
    """The cell as a count: a whole number that is not negative."""
    amount = number(row, column, mapping)
    if amount is None:
        return None
    if not mapping.states_numbers and column.times == 1:
        decimals = (text(row, column, mapping) or "").partition(".")[2]
        if decimals not in ("", "0") and (amount == int(amount) or len(decimals) == 3):
            _ask(column)
    if amount != int(amount):
        raise ValueError(f"column {column.column} is not a whole number: {amount}")
    if amount < 0:
        raise ValueError(f"column {column.column} is negative: {amount}")
    return int(amount)


def flag(row: Dictionary[str, str], column: Column, mapping: Mapping) -> bool | None:
    """The cell as yes or no."""
    cell = text(row, column, mapping)
    if cell is None:
        return None
    known = _TRUE | _FALSE
    if cell.lower() not in known:
        raise ValueError(f"column {column.column} is neither yes nor no")
    return known[cell.lower()]


def instant(row: Dictionary[str, str], mapping: Mapping) -> int:
    """When the call started, epoch microseconds."""
    name = mapping.time.column
    cell = text(row, mapping.time, mapping)
    if cell is None:
        raise ValueError(f"column {name} (time) is empty")
    if mapping.time_format in _TICKS:
        amount = number(row, mapping.time, mapping)
        if amount is None or abs(amount) > 10**18:
            raise ValueError(f"column {name} is not a time")
        found = _EPOCH + timedelta(microseconds=int(amount * _TICKS[mapping.time_format]))
    else:
        found = _parsed(cell, mapping)
    if not EARLIEST <= found < LATEST:
        raise ValueError(f"column {name} lies outside 2015..2100: is time.format right?")
    return (found - _EPOCH) // _MICROSECOND


def _parsed(cell: str, mapping: Mapping) -> datetime:
    name = mapping.time.column
    try:
        if mapping.time_format == "iso":
            found = datetime.fromisoformat(cell.upper().removesuffix(" UTC"))
        else:
            found = datetime.strptime(cell, mapping.time_format)
    except ValueError:
        wanted = mapping.time_format
        raise ValueError(f"column {name} is not a time of the format {wanted}") from None
    if mapping.time_format == "iso" and len(cell) <= 10:
        raise ValueError(f"column {name} is a date without a time of day: are the rows calls?")
    if found.tzinfo is None and cell.upper().endswith(" UTC"):
        found = found.replace(tzinfo=UTC)
    if found.tzinfo is None:
        if mapping.zone is None:
            raise ValueError(f"column {name} has no time zone: give time.zone in the mapping")
        found = found.replace(tzinfo=_zone(mapping.zone))
    return found


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
