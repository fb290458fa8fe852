"""Objects that emitters write into attributes as text: JSON, or Python's own notation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

import msgspec

LONGEST: Final = 20_000
"""Characters of the longest object that is read; a longer one is content, not numbers."""

_NAMES: Final = frozenset(
    {"service_tier", "speed", "modality", "inference_geo", "type", "model", "ttl", "trafficType"}
)
"""Keys whose text a usage object may keep: names that a price depends on."""


def literal(value: Any) -> dict[str, Any] | None:
    """The object that a value is, or that its text holds (JSON, or Python as LiteLLM writes it).

    None for anything else, also for an object that was cut short.
    """
    if isinstance(value, dict):
        return value
    if not isinstance(value, str) or not value.startswith("{") or len(value) > LONGEST:
        return None
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        found = _python(value)
    return found if isinstance(found, dict) else None


def _python(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def numbers(value: Any) -> Iterator[int | float]:
    """All numbers of an object, at any depth."""
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def counters(value: dict[str, Any]) -> dict[str, Any]:
    """A usage object without text, but for names that a price depends on."""
    return {name: _kept(item) for name, item in value.items() if _is_kept(name, item)}


def _is_kept(name: str, item: Any) -> bool:
    return not isinstance(item, str) or (name in _NAMES and len(item) <= 64)


def _kept(item: Any) -> Any:
    if isinstance(item, dict):
        return counters(item)
    if isinstance(item, list):
        return [_kept(entry) for entry in item if not isinstance(entry, str)]
    return item
