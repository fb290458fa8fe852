"""Requests and answers in a log that says only of the request to which span it belongs.

Gemini CLI logs `api_request` inside the span of the call and `api_response` outside of it. An
answer belongs to a request of the same session, prompt and model when that is the only one open and
not younger than the answer's start. Whatever is ambiguous is not paired.
"""

from __future__ import annotations

from typing import Any, Final

from jevons.sources.otlp.envelope import Attributes
from jevons.vocabulary.source import State

LONGEST_US: Final = 900_000_000
"""A request without an answer is forgotten after a quarter of an hour."""

MOST: Final = 100
"""Open requests that are remembered."""

_SLACK_US: Final = 2_000


class Pairing:
    """The open requests of one file, kept in its state so that a later import goes on with them.

    Each is [what identifies it, epoch microseconds, key of the span, whether another was open].
    """

    def __init__(self, state: State) -> None:
        self._open: list[list[Any]] = state.setdefault("open", [])

    def open(self, attributes: Attributes, time: int, span: str) -> None:
        """A request was made at `time` within the span of that key."""
        if span:
            self._open.append([_call(attributes), time, span, False])
            del self._open[:-MOST]

    def close(self, attributes: Attributes, start: int) -> str | None:
        """The span's key of the request whose answer has come; None when that is uncertain."""
        call = _call(attributes)
        self._open[:] = [r for r in self._open if start - r[1] < LONGEST_US]
        fitting = [r for r in self._open if r[0] == call and r[1] <= start + _SLACK_US]
        if not fitting:
            return None
        self._open.remove(fitting[0])
        if len(fitting) == 1 and not fitting[0][3]:
            return str(fitting[0][2])
        for request in fitting[1:]:
            request[3] = True
        return None


def _call(attributes: Attributes) -> str:
    names = ("session.id", "prompt_id", "model")
    return "|".join(str(attributes.get(name) or "") for name in names)
