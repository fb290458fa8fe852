"""The native format `jevons.event/v1`: one observation as JSON on every line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.money import parse_amount
from jevons.vocabulary.observation import SCHEMA, Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

UNKNOWN_FIELDS: Final = "jevons.unknown_fields"
"""Tag that names the fields of a line that the format does not know; their values are not kept."""

EARLIEST_US: Final = 1_420_070_400_000_000
LATEST_US: Final = 4_102_444_800_000_000
"""Times before 2015 or from 2100 on (epoch microseconds) are mistakes of unit, not times of
calls."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SHORT_TEXT: Final = 200
_TIME_LENGTH: Final = 40
_LONG_LINE: Final = 4096
_DEPTH: Final = 40
"""Levels of a usage that are looked at; deeper ones are refused before they are stored."""
_PLACE: Final = re.compile(r" - at `(?:key in `?)?\$\.?([a-z_]*)[^`]*`$")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")
_MISSING: Final = re.compile(r"missing required field `([a-z_]+)`")


class _Strict(Observation, forbid_unknown_fields=True):
    """An observation whose decoder refuses unknown fields."""


_decode_strict = msgspec.json.Decoder(_Strict).decode
_KNOWN: Final = frozenset(Observation.__struct_fields__)
_WANTED: Final = {
    "time": "RFC 3339 text with a zone, or whole microseconds since 1970",
    "stated_cost": 'text like "1.20"',
    "batch": "true or false",
    "usage": "an object",
    "tags": "an object of texts",
    **dict.fromkeys(("aliases", "self_keys", "block_hashes"), "a list of texts"),
    **dict.fromkeys(("attempt", "latency_ms"), "a whole number"),
    "session_started_at": "whole microseconds since 1970",
}
"""What the value of a field must be, in words; all others are texts."""

_ALLOWED: Final = ("evidence", "completeness", "detail", "stated_by")


class EventsSource:
    """Reads `jevons.event/v1` lines; every line stands for itself."""

    name = "events"
    whole = False
    ranged = True

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the first line is an object with this schema, or has `provider` and `time` and
        no body."""
        first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
        try:
            value = msgspec.json.decode(first)
        except (msgspec.DecodeError, RecursionError):
            return False
        if not isinstance(value, dict):
            return False
        if "schema" in value:
            return str(value["schema"]).startswith("jevons.event/")
        return "provider" in value and "time" in value and "response" not in value

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """No standard place: the files are made by whoever writes them."""
        return []

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield one observation or rejection per line, in order."""
        place = str(path)
        with path.open("rb") as file:
            for line, raw in complete_lines(file, state, stop):
                yield read_line(raw, place, line)


SOURCE: Final = EventsSource()


def read_line(raw: bytes, place: str, line: int) -> Observation | Rejection:
    """One line of the format as an observation, or why it is none."""
    try:
        observation: Observation = _decode_strict(raw)
    except msgspec.ValidationError:
        return _read_leniently(raw, place, line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        return reject(SOURCE.name, place, line, f"not JSON: {problem}", raw)
    # The strict class only serves to decode: everybody else sees plain observations.
    observation.__class__ = Observation
    reason = _settle(observation, len(raw))
    if reason is None:
        return observation
    return reject(SOURCE.name, place, line, reason, raw, msgspec.json.decode(raw))


def _read_leniently(raw: bytes, place: str, line: int) -> Observation | Rejection:
    """Accept a line with unknown fields and name them in a tag; reject what is wrong in known
    ones."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        # A number that no float can hold passes the typed decoder where it is skipped.
        return reject(SOURCE.name, place, line, f"not JSON: {problem}", raw)
    if not isinstance(value, dict):
        return reject(SOURCE.name, place, line, "the line is not a JSON object", raw, value)
    unknown = sorted({_named(name) for name in value if name not in _KNOWN})
    try:
        known = {name: item for name, item in value.items() if name in _KNOWN}
        observation = msgspec.convert(known, Observation)
    except msgspec.ValidationError as problem:
        return reject(SOURCE.name, place, line, _in_words(problem), raw, value)
    if unknown:
        named = ",".join(unknown)[:_SHORT_TEXT]
        observation.tags = {**observation.tags, UNKNOWN_FIELDS: named}
    reason = _settle(observation, len(raw))
    if reason is None:
        return observation
    return reject(SOURCE.name, place, line, reason, raw, value)


def _named(name: str) -> str:
    """An unknown field's name if it looks like one; anything else might be text of a prompt."""
    return name if _NAME.fullmatch(name) else "unnamed"


def _in_words(problem: msgspec.ValidationError) -> str:
    """What a field must be; the offending text is not repeated, it might be anything."""
    message = str(problem)
    if missing := _MISSING.search(message):
        return f"{missing[1]} is missing"
    place = _PLACE.search(message)
    name = place[1] if place else ""
    if name not in _KNOWN:
        return "a field has a value of another type than the format says"
    if name in _ALLOWED:
        return f"{name} must be one of {', '.join(_allowed(name))}"
    return f"{name} must be {_WANTED.get(name, 'text')}"


def _allowed(name: str) -> tuple[str, ...]:
    (field,) = (f for f in msgspec.structs.fields(Observation) if f.name == name)
    kinds = (field.type, *get_args(field.type))
    (literal,) = (kind for kind in kinds if get_origin(kind) is Literal)
    return get_args(literal)


def _settle(observation: Observation, length: int) -> str | None:
    """Bring a decoded line to canonical form in place; returns why it cannot be accepted, if so."""
    if observation.schema != SCHEMA:
        return f"the schema is not {SCHEMA}"
    observation.schema = SCHEMA  # the very text: what is not the default is written out again
    if not observation.provider:
        return "provider is empty"
    if (reason := _settle_time(observation)) is not None:
        return reason
    if observation.latency_ms is not None and observation.latency_ms < 0:
        return f"latency_ms is negative: {observation.latency_ms}"
    if observation.attempt is not None and observation.attempt < 1:
        return f"attempt counts from 1: {observation.attempt}"
    if observation.stated_cost is not None and (reason := _stated(observation)):
        return reason
    if not observation.usage:
        observation.completeness = "none"  # no usage is unknown, never zero; a stated cost stays
    if length > _LONG_LINE:
        _forget_text(observation)
    return None


def _settle_time(observation: Observation) -> str | None:
    written = observation.time
    time = microseconds(written) if isinstance(written, str) else written
    if time is None:
        return "time is neither RFC 3339 with a zone nor epoch microseconds"
    observation.time = time
    if EARLIEST_US <= time < LATEST_US:
        return None
    if isinstance(written, str):
        return f"time {written[:_TIME_LENGTH]} lies outside 2015..2100"
    return f"time {written} lies outside 2015..2100 when read as epoch microseconds"


def _stated(observation: Observation) -> str | None:
    try:
        parse_amount(observation.stated_cost)
    except ValueError:
        return 'stated_cost must be text like "1.20"'
    if observation.stated_by is None:
        observation.stated_by = "client"  # the weaker claim
    return None


def _forget_text(observation: Observation) -> None:
    """Drop long strings from usage and tags: a line this long carries text that nobody may
    store."""
    observation.tags = {k: v for k, v in observation.tags.items() if len(v) <= _SHORT_TEXT}
    if observation.usage:
        observation.usage = _short(observation.usage)


def _short(value: Any, depth: int = _DEPTH) -> Any:
    if isinstance(value, dict) and depth:
        return {k: _short(v, depth - 1) for k, v in value.items() if not _is_long(v)}
    if isinstance(value, list) and depth:
        return [_short(v, depth - 1) for v in value if not _is_long(v)]
    return value


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > _SHORT_TEXT


def microseconds(text: str) -> int | None:
    """RFC 3339 text as epoch microseconds, None when it is not that (a zone is required)."""
    if len(text) < 20 or text[10] not in "Tt ":
        return None
    try:
        instant = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return (instant - _EPOCH) // _MICROSECOND
