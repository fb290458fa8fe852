"""The native format `jevons.event/v1`: one observation as JSON on every line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

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
_LONG_LINE: Final = 4096
_QUOTED: Final = re.compile(r" '.*'(?= - at )", re.DOTALL)


class _Strict(Observation, forbid_unknown_fields=True):
    """An observation whose decoder refuses unknown fields."""


_decode_strict = msgspec.json.Decoder(_Strict).decode
_KNOWN: Final = frozenset(Observation.__struct_fields__)


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
    value = msgspec.json.decode(raw)
    if not isinstance(value, dict):
        return reject(SOURCE.name, place, line, "the line is not a JSON object", raw, value)
    unknown = sorted(str(name)[:64] for name in value if name not in _KNOWN)
    try:
        known = {name: item for name, item in value.items() if name in _KNOWN}
        observation = msgspec.convert(known, Observation)
    except msgspec.ValidationError as problem:
        return reject(SOURCE.name, place, line, _without_content(problem), raw, value)
    if unknown:
        named = ",".join(unknown)[:_SHORT_TEXT]
        observation.tags = {**observation.tags, UNKNOWN_FIELDS: named}
    reason = _settle(observation, len(raw))
    if reason is None:
        return observation
    return reject(SOURCE.name, place, line, reason, raw, value)


def _without_content(problem: msgspec.ValidationError) -> str:
    """The decoder's message without the offending text, which might be anything."""
    return _QUOTED.sub("", str(problem)).replace("Invalid enum value -", "Not an allowed value -")


def _settle(observation: Observation, length: int) -> str | None:
    """Bring a decoded line to canonical form in place; returns why it cannot be accepted, if so."""
    if observation.schema != SCHEMA:
        return f"the schema is not {SCHEMA}"
    if not observation.provider:
        return "provider is empty"
    time = observation.time
    if isinstance(time, str):
        read = microseconds(time)
        if read is None:
            return "time is neither RFC 3339 with a zone nor epoch microseconds"
        time = observation.time = read
    if not EARLIEST_US <= time < LATEST_US:
        return f"time {time} lies outside 2015..2100 when read as epoch microseconds"
    if observation.latency_ms is not None and observation.latency_ms < 0:
        return f"latency_ms is negative: {observation.latency_ms}"
    if observation.attempt is not None and observation.attempt < 0:
        return f"attempt is negative: {observation.attempt}"
    if observation.stated_cost is not None and (reason := _stated(observation)):
        return reason
    if not observation.usage and observation.stated_cost is None:
        observation.completeness = "none"  # no usage is unknown, never zero
    if length > _LONG_LINE:
        _forget_text(observation)
    return None


def _stated(observation: Observation) -> str | None:
    try:
        parse_amount(observation.stated_cost)
    except ValueError:
        return "stated_cost is not a decimal amount"
    if observation.stated_by is None:
        observation.stated_by = "client"  # the weaker claim
    return None


def _forget_text(observation: Observation) -> None:
    """Drop long strings from usage and tags: a line this long carries text that nobody may
    store."""
    observation.tags = {k: v for k, v in observation.tags.items() if len(v) <= _SHORT_TEXT}
    if observation.usage:
        observation.usage = _short(observation.usage)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _short(v) for k, v in value.items() if not _is_long(v)}
    if isinstance(value, list):
        return [_short(v) for v in value if not _is_long(v)]
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
