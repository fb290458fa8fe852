"""Pull requests of GitHub: what `gh pr list --json …` prints, and `pull_request` objects of the
REST API, alone, in a list, one per line, or inside a webhook's payload.

A merged one succeeded, one that was closed without being merged failed, an open one is not decided.
Titles, bodies, branches and people are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.outcomes.record import Place, settled
from jevons.vocabulary.outcome import Outcome, Status, pull_request_id
from jevons.vocabulary.rejection import Rejection

WANTED: Final = "number,url,state,createdAt,updatedAt,closedAt,mergedAt"
"""The fields of `gh pr list --json` that are read."""

_MARKS: Final = (b'"mergedAt"', b'"merged_at"')


class GitHubReader:
    """Reads pull requests."""

    name = "github"

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the head is JSON that tells when something was merged."""
        return head.lstrip()[:1] in (b"{", b"[") and any(mark in head for mark in _MARKS)

    def read(self, path: Path) -> Iterator[Outcome | Rejection]:
        """Yield one outcome per pull request."""
        for number, raw, value in _objects(path.read_bytes()):
            place = Place(self.name, str(path), number, raw)
            if isinstance(value, dict):
                inner = value.get("pull_request")
                yield pull_request(inner if isinstance(inner, dict) else value, place)
            else:
                yield place.refuse("not a pull request as JSON", value)


def _objects(content: bytes) -> Iterator[tuple[int, bytes, Any]]:
    """(number, bytes, value) of every object: a document, its items, or every line."""
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        for number, raw in enumerate(content.splitlines(), 1):
            if raw.strip():
                try:
                    value = msgspec.json.decode(raw)
                except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                    value = None
                yield number, raw, value
        return
    items = document if isinstance(document, list) else [document]
    for number, value in enumerate(items, 1):
        yield number, msgspec.json.encode(value), value


def pull_request(value: dict[str, Any], place: Place) -> Outcome | Rejection:
    """One pull request, as `gh` or the REST API writes it."""
    address = value.get("html_url") or value.get("url")
    if not isinstance(address, str):
        return place.refuse("a pull request without url", value)
    merged, closed = (_text(value, *names) for names in
                      (("mergedAt", "merged_at"), ("closedAt", "closed_at")))  # fmt: skip
    status: Status = "succeeded" if merged else "failed" if closed else "unknown"
    time = merged or closed or _text(value, "updatedAt", "updated_at", "createdAt", "created_at")
    if time is None:
        return place.refuse("a pull request without any time", value)
    request = pull_request_id(address)
    found = Outcome(
        source=place.source, id=request, time=time, status=status, pull_request=request
    )  # fmt: skip
    return settled(found, place, value)


def _text(value: dict[str, Any], *names: str) -> str | None:
    return next((t for name in names if isinstance(t := value.get(name), str) and t), None)


READER: Final = GitHubReader()
