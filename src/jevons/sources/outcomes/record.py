"""A record of named values as an Outcome: what lines and tables have in common."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from jevons.ledger.outcomes import accept_outcome
from jevons.vocabulary.outcome import FIGURES, Outcome
from jevons.vocabulary.rejection import Rejection, reject

UNKNOWN_FIELDS: Final = "jevons.unknown_fields"
"""Label that names the fields of a record that the format does not know; their values are not
kept."""

_KNOWN: Final = frozenset(Outcome.__struct_fields__)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")
_PLACE: Final = re.compile(r"`\$\.([a-z_]+)")
_MISSING: Final = re.compile(r"missing required field `([a-z_]+)`")


class Place(msgspec.Struct, frozen=True):
    """Where a record comes from. line: 1-based, raw: its bytes as they stand there."""

    source: str
    path: str
    line: int
    raw: bytes

    def refuse(self, reason: str, value: Any = None) -> Rejection:
        """The record as a rejection."""
        source = f"outcomes/{self.source}"
        return reject(source, self.path, self.line, reason, self.raw, value)


def read_record(record: dict[str, Any], place: Place) -> Outcome | Rejection:
    """A record by field names as an accepted outcome, or why it is none. Figures may be numbers."""
    known = {name: _figure(name, item) for name, item in record.items() if name in _KNOWN}
    try:
        outcome = msgspec.convert(known, Outcome)
    except msgspec.ValidationError as problem:
        return place.refuse(_in_words(problem), record)
    unknown = sorted({name if _NAME.fullmatch(name) else "unnamed" for name in record} - _KNOWN)
    if unknown:
        outcome.labels = {**outcome.labels, UNKNOWN_FIELDS: ",".join(unknown)[:200]}
    return settled(outcome, place, record)


def settled(outcome: Outcome, place: Place, value: Any = None) -> Outcome | Rejection:
    """An outcome in canonical form, or why it may not enter the books."""
    reason = accept_outcome(outcome)
    return outcome if reason is None else place.refuse(reason, value)


def _figure(name: str, item: Any) -> Any:
    """A number of a figure as its shortest text, which is what its writer printed."""
    number = isinstance(item, int | float) and not isinstance(item, bool)
    return str(item) if name in FIGURES and number else item


def _in_words(problem: msgspec.ValidationError) -> str:
    """What is wrong with a field; its value is not repeated, it might be anything."""
    message = str(problem)
    if missing := _MISSING.search(message):
        return f"{missing[1]} is missing"
    found = _PLACE.search(message)
    name = found[1] if found and found[1] in _KNOWN else ""
    return f"{name or 'a field'} has a value of another type than the format says"
