"""Langfuse scores: what `/api/public/scores` takes and gives, and the scores of exported traces.

A score is a quality without a floor, so by itself it decides nothing: `--floor NAME=VALUE` says
from where on a score means success. Comments, and the values of text scores, are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.outcomes.record import Place, settled
from jevons.vocabulary.outcome import Outcome
from jevons.vocabulary.rejection import Rejection

SUCCESS_NAMES: Final = frozenset((
    "resolved", "solved", "success", "succeeded", "passed", "accepted", "correct", "completed",
    "merged", "task_success", "task_completed",
))  # fmt: skip
"""Boolean scores of these names say whether the work succeeded."""

_DEPTH: Final = 8
_NUMBERED: Final = ("NUMERIC", "BOOLEAN")


class LangfuseReader:
    """Reads scores wherever they stand in a JSON document, or one per line."""

    name = "langfuse"

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the head has the marks of a score, or of an exported trace with scores."""
        if head.lstrip()[:1] not in (b"{", b"["):
            return False
        score = b'"dataType"' in head and (b'"traceId"' in head or b'"sessionId"' in head)
        return score or b'"scores"' in head

    def read(self, path: Path) -> Iterator[Outcome | Rejection]:
        """Yield one outcome per score."""
        content = path.read_bytes()
        try:
            documents = [msgspec.json.decode(content)]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            yield from self._lines(path, content)
            return
        for number, value in enumerate(_scores(documents, _DEPTH), 1):
            yield score(value, Place(self.name, str(path), number, msgspec.json.encode(value)))

    def _lines(self, path: Path, content: bytes) -> Iterator[Outcome | Rejection]:
        for number, raw in enumerate(content.splitlines(), 1):
            place = Place(self.name, str(path), number, raw)
            try:
                value = msgspec.json.decode(raw or b"null")
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
                yield place.refuse(f"not JSON: {problem}")
                continue
            yield from (score(one, place) for one in _scores(value, _DEPTH))


def _scores(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Every score in a document: an object with a name, a type, and what it belongs to."""
    if isinstance(value, list) and depth:
        for item in value:
            yield from _scores(item, depth - 1)
    elif isinstance(value, dict):
        if "dataType" in value and "name" in value and ("traceId" in value or "sessionId" in value):
            yield value
        elif depth:
            for item in value.values():
                yield from _scores(item, depth - 1)


def score(value: dict[str, Any], place: Place) -> Outcome | Rejection:
    """One score as an outcome of its trace, else of its session."""
    kind, name = value.get("dataType"), value.get("name")
    time = next((t for n in ("updatedAt", "timestamp", "createdAt")
                 if isinstance(t := value.get(n), str)), None)  # fmt: skip
    if not isinstance(name, str) or time is None:
        return place.refuse("a score without name or time", value)
    number = value.get("value")
    if kind in _NUMBERED and (isinstance(number, bool) or not isinstance(number, int | float)):
        return place.refuse("a score whose value is no number", value)
    if kind not in (*_NUMBERED, "CATEGORICAL"):
        return place.refuse("a score that has no number and no category", value)
    labels = {"score": name[:200]}
    if kind == "CATEGORICAL" and isinstance(category := value.get("stringValue"), str):
        labels["category"] = category[:200]
    if isinstance(origin := value.get("source"), str):
        labels["origin"] = origin[:200]
    decides = kind == "BOOLEAN" and name.lower() in SUCCESS_NAMES
    trace, session = (_text(value, n) for n in ("traceId", "sessionId"))
    found = Outcome(
        source=place.source,
        id=_text(value, "id") or f"{trace or session} {name}",
        time=time,
        trace_id=trace,
        session=session if trace is None else None,
        quality=str(number) if kind in _NUMBERED else None,
        quality_floor="1" if decides else None,
        labels=labels,
    )
    return settled(found, place, value)


def _text(value: dict[str, Any], name: str) -> str | None:
    text = value.get(name)
    return text if isinstance(text, str) and text else None


READER: Final = LangfuseReader()
