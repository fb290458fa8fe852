"""Lines of Claude Code's session logs that say which pull request a session made.

They tell no outcome: they tie the session to the pull request, whose outcome comes from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.outcomes.record import Place, settled
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.outcome import Outcome
from jevons.vocabulary.rejection import Rejection

_MARK: Final = b'"pr-link"'
_SESSION: Final = (b'"sessionId"', b'"type"', b'"timestamp"')


class PrLinkReader:
    """Reads `pr-link` lines; all others are passed over unread."""

    name = "claude-code"

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the head is that of a session log."""
        return head.lstrip().startswith(b"{") and all(mark in head for mark in _SESSION)

    def read(self, path: Path) -> Iterator[Outcome | Rejection]:
        """Yield one link per line of that type."""
        with path.open("rb") as file:
            for number, raw in complete_lines(file, {}):
                if _MARK in raw:
                    yield from self._line(Place(self.name, str(path), number, raw))

    @staticmethod
    def _line(place: Place) -> Iterator[Outcome | Rejection]:
        try:
            value = msgspec.json.decode(place.raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
            yield place.refuse(f"not JSON: {problem}")
            return
        if isinstance(value, dict) and value.get("type") == "pr-link":
            yield linked(value, place)


def linked(value: dict[str, Any], place: Place) -> Outcome | Rejection:
    """A `pr-link` line as a report that ties a session to a pull request."""
    repository, number = value.get("prRepository"), value.get("prNumber")
    session, time = value.get("sessionId"), value.get("timestamp")
    if not isinstance(session, str) or not isinstance(time, str):
        return place.refuse("a pr-link without session or time", value)
    if isinstance(repository, str) and isinstance(number, int):
        request = f"{repository}#{number}"
    elif isinstance(value.get("prUrl"), str):
        request = value["prUrl"]
    else:
        return place.refuse("a pr-link that names no pull request", value)
    found = Outcome(
        source=place.source, id=f"{session} {request}", time=time, session=session,
        pull_request=request,
    )  # fmt: skip
    return settled(found, place, value)


READER: Final = PrLinkReader()
