"""The usage of a streamed response, from its events in order.

Stream usage is cumulative everywhere (Anthropic's `message_delta`, Gemini's chunks, chat chunks of
providers that repeat it): the last value of a counter is the value, sums are wrong. What is missing
at the end of a cut stream is missing: the result is then partial, a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jevons.vocabulary.observation import Completeness

_FINAL_TYPES: Final = (
    ".completed", ".incomplete", ".failed", ".done", "message_stop", "message-end", "stream-end",
)  # fmt: skip
"""Ends of the names of events after which nothing more is counted."""


@dataclass(slots=True)
class StreamUsage:
    """What a stream has said of its usage so far.

    usage: the provider's usage object, merged. ended: the provider has said that it is final.
    """

    usage: dict[str, Any] = field(default_factory=dict)
    ended: bool = False

    @property
    def completeness(self) -> Completeness:
        """complete: final usage. partial: so far, a lower bound. none: the stream told nothing."""
        if not self.usage:
            return "none"
        return "complete" if self.ended else "partial"

    def add(self, event: Mapping[str, Any]) -> None:
        """Take in one event: the decoded data of a server-sent event, or a chunk of an SDK."""
        found = _usage_in(event)
        if found is not None:
            _merge(self.usage, found)
        if _ends(event, found is not None):
            self.ended = True


def merge_stream(events: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], Completeness]:
    """The usage object that a whole stream amounts to, and whether it is final."""
    stream = StreamUsage()
    for event in events:
        stream.add(event)
    return stream.usage, stream.completeness


def _usage_in(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The usage object of an event, wherever its provider puts it."""
    for holder in (event, *(event.get(name) for name in _HOLDERS)):
        if isinstance(holder, Mapping):
            for name in ("usage", "usageMetadata", "usage_metadata"):
                if isinstance(found := holder.get(name), Mapping):
                    return found
    response = event.get("response")
    meta = response.get("meta") if isinstance(response, Mapping) else None
    return meta if isinstance(meta, Mapping) else None


_HOLDERS: Final = ("message", "response", "metadata", "delta", "x_groq")
"""Anthropic's message_start, Responses and realtime events, Converse, Cohere, Groq."""


def _ends(event: Mapping[str, Any], has_usage: bool) -> bool:
    kind = event.get("type", event.get("event_type"))
    if isinstance(kind, str) and kind.endswith(_FINAL_TYPES):
        return has_usage or kind == "message_stop"
    delta = event.get("delta")
    if isinstance(delta, Mapping) and delta.get("stop_reason"):
        return True
    if has_usage and isinstance(event.get("metadata"), Mapping):
        return True  # Converse: its one event with usage is its last
    return _choices_end(event, has_usage)


def _choices_end(event: Mapping[str, Any], has_usage: bool) -> bool:
    """A chat chunk or Gemini chunk that says why it stopped; a usage chunk without any choice."""
    choices = event.get("choices", event.get("candidates"))
    if not isinstance(choices, list):
        return False
    if not choices:
        return has_usage
    return any(
        isinstance(choice, Mapping)
        and bool(choice.get("finish_reason", choice.get("finishReason")))
        for choice in choices
    )


def _merge(into: dict[str, Any], later: Mapping[str, Any]) -> None:
    """Overwrite with what is known later. A counter that grows cannot fall back to 0."""
    for key, value in later.items():
        before = into.get(key)
        if value is None or (value == 0 and isinstance(before, int)):
            continue
        if isinstance(value, Mapping):
            nested = before if isinstance(before, dict) else {}
            _merge(nested, value)
            into[key] = nested
        else:
            into[key] = value
