"""Reading a body: its numbers by path, and from them the counters of its dialect.

Only numbers and names are read; a text value never leaves this module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jevons.usage.cells import Cell
from jevons.usage.dialect import Counter, Dialect
from jevons.vocabulary.charge import Impossible

MOST: Final = 10**15
"""More of anything than one call can hold; keeps every sum of counters within 64 bits."""

ITERATIONS: Final = "iterations"
"""The key of Anthropic's list of the calls inside a response, which is read entry by entry."""

_DEPTH: Final = 8
_ENTRIES: Final = 32
_LABEL: Final = re.compile(r"[\w./:-]{1,64}\Z")


@dataclass(slots=True)
class Reading:
    """The counters of a body.

    values: reported number per cell. names: what the body calls it. stated: every other known
    number (totals, text details) by path. anomalies: spellings of one number that differ.
    """

    values: dict[Cell, int] = field(default_factory=dict)
    names: dict[Cell, str] = field(default_factory=dict)
    stated: dict[str, int] = field(default_factory=dict)
    anomalies: list[str] = field(default_factory=list)


def flatten(usage: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """The scalars of a body by path; nulls are left out, iterations are not entered."""
    fields: dict[str, Any] = {}
    for key, value in usage.items():
        if not (dialect.iterations and key == ITERATIONS and isinstance(value, (list, tuple))):
            _put(fields, path_name(key), value, dialect, _DEPTH)
    return fields


def _put(fields: dict[str, Any], path: str, value: Any, dialect: Dialect, depth: int) -> None:
    if value is None:
        return
    if isinstance(value, (int, str, float)) or not isinstance(value, (Mapping, list, tuple)):
        fields[path] = value
    elif not depth:
        fields[path] = math.nan  # too deep to be usage: reported as unknown
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _put(fields, f"{path}.{path_name(key)}", item, dialect, depth - 1)
    elif path in dialect.lists:
        _put_details(fields, path, value, dialect)
    else:
        for position, item in enumerate(value[:_ENTRIES]):
            _put(fields, f"{path}[{position}]", item, dialect, depth - 1)


def _put_details(
    fields: dict[str, Any], path: str, items: list[Any] | tuple[Any, ...], dialect: Dialect
) -> None:
    """Entries of a list of details by their label; those of one label add up."""
    rule = dialect.lists[path]
    for item in items:
        if rule == ("", ""):
            _add(fields, f"{path}[{_label(item)}]", 1)
        elif isinstance(item, Mapping):
            entry = f"{path}[{_label(item.get(rule[0]))}]"
            _add(fields, entry, item.get(rule[1]))
            for key, value in item.items():
                if key not in rule:
                    _put(fields, f"{entry}.{path_name(key)}", value, dialect, 1)
        elif item is not None:
            fields[f"{path}[?]"] = item


def path_name(key: Any) -> str:
    """A key as a step of a path; one that could be mistaken for several steps is quoted."""
    if isinstance(key, str) and "." not in key and "[" not in key:
        return key
    return repr(key)


def _label(value: Any) -> str:
    return value if isinstance(value, str) and _LABEL.match(value) else "?"


def _add(fields: dict[str, Any], path: str, value: Any) -> None:
    """Add up entries of one label; anything but whole numbers is kept to be refused later."""
    if value is None:
        return
    before = fields.get(path, 0)
    whole = type(before) is int and type(value) is int
    fields[path] = before + value if whole else (value if type(before) is int else before)


def count(value: Any, name: str, *, numeric_text: bool, seconds: bool) -> int | Impossible:
    """A counter's value as a whole number, or why it is none.

    numeric_text: decimal text is accepted. seconds: a fraction is rounded to the nearest second,
    half up.
    """
    if isinstance(value, str):
        text = value.strip()
        if not (numeric_text and text.isascii() and text.isdecimal() and len(text) < 20):
            return Impossible(f"{name} is text, not a count")
        value = int(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Impossible(f"{name} is not a number")
    if value < 0:
        return Impossible(f"{name} ({_short(value)}) cannot be below 0")
    if isinstance(value, float):
        if not math.isfinite(value):
            return Impossible(f"{name} ({value}) is not a number")
        if not (value.is_integer() or seconds):
            return Impossible(f"{name} ({value!r}) is not a whole number")
        value = math.floor(value + 0.5) if value < MOST else MOST + 1
    if value > MOST:
        return Impossible(f"{name} ({_short(value)}) is more than one call can hold")
    return int(value)


def read(dialect: Dialect, fields: Mapping[str, Any]) -> Reading | Impossible:
    """The dialect's counters and stated sums in a flattened body."""
    reading = Reading()
    repeated: dict[Cell, Counter] = {}
    refused: list[str] = []
    for path, raw in fields.items():
        if path not in dialect.numbers:
            continue
        counter = dialect.counter_at.get(path)
        value = _number(path, dialect, raw, seconds=counter is not None and counter.seconds)
        if isinstance(value, Impossible):
            refused.append(value.reason)
            continue
        reading.stated[path] = value
        if counter is not None:
            if counter.cell in reading.values:
                repeated[counter.cell] = counter
            reading.values[counter.cell] = value
            reading.names[counter.cell] = short_name(path)
    if refused:
        return Impossible(min(refused))
    for counter in dialect.counters if repeated else ():
        if counter.cell in repeated:
            _settle(counter, reading)
    for counter in dialect.with_instead:
        if counter.cell not in reading.values:
            _stand_in(counter, reading)
    return reading


def _settle(counter: Counter, reading: Reading) -> None:
    """One number from several spellings of it: they repeat it, they never add up.

    A spelling left at a default of 0 must not hide the other, so the larger counts.
    """
    spelled = [(path, reading.stated[path]) for path in counter.paths if path in reading.stated]
    best = max(value for _, value in spelled)
    reading.values[counter.cell] = best
    reading.names[counter.cell] = short_name(next(p for p, value in spelled if value == best))
    if any(value != best for _, value in spelled):
        named = " and ".join(f"{path} ({value})" for path, value in spelled)
        reading.anomalies.append(f"{named} name one counter but differ; the larger is counted")


def _stand_in(counter: Counter, reading: Reading) -> None:
    paths = [path for path in counter.instead if path in reading.stated]
    if paths:
        reading.values[counter.cell] = sum(reading.stated[path] for path in paths)
        reading.names[counter.cell] = " + ".join(map(short_name, paths))


def _number(path: str, dialect: Dialect, value: Any, *, seconds: bool) -> int | Impossible:
    if type(value) is int and 0 <= value <= MOST:
        return value
    name = short_name(path)
    return count(value, name, numeric_text=dialect.numeric_text, seconds=seconds)


def short_name(path: str) -> str:
    """The last name of a path: `cached_tokens` for `prompt_tokens_details.cached_tokens`."""
    return path.rpartition(".")[2]


def unknown_counters(dialect: Dialect, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Numbers that no rule of the dialect knows, as `path=value`, sorted; zeros hide nothing."""
    return tuple(
        sorted(
            f"{path[:160]}={_short(value)}"
            for path, value in fields.items()
            if path not in dialect.known
            and is_counter(value, dialect)
            and not dialect.is_informational(path)
        )
    )


def is_counter(value: Any, dialect: Dialect) -> bool:
    """Whether a value of an unknown name could be a count of something: a number that is not 0."""
    if isinstance(value, (int, float)):
        return not isinstance(value, bool) and value != 0
    if dialect.numeric_text and isinstance(value, str):
        text = value.strip()
        return text.isascii() and text.isdecimal() and bool(text.strip("0"))
    return False


def _short(value: Any) -> str:
    """A number as text of bounded length."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**24 else f"{'-' if value < 0 else ''}1e24+"
    return str(value)[:40]
