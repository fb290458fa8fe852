"""Data problems are values: kept, counted and shown, never dropped and never a reason to stop."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


class Rejection(msgspec.Struct, kw_only=True, frozen=True):
    """One piece of input that could not become an observation.

    source: source name. place: file path. line: 1-based line or record number, 0 when the file as a
    whole. reason: one sentence. content_hash: SHA-256 of the raw bytes, hex. structure: the JSON
    structure with every string blanked (never prompt text), None when it was not JSON.
    """

    source: str
    place: str
    line: int
    reason: str
    content_hash: str
    structure: str | None = None


def blank(value: Any, depth: int = 6) -> Any:
    """The shape of a JSON value: keys and numbers kept, strings emptied, lists cut to three."""
    if isinstance(value, str):
        return ""
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {str(key)[:64]: blank(item, depth - 1) for key, item in list(value.items())[:64]}
    if isinstance(value, list):
        return [blank(item, depth - 1) for item in value[:3]]
    return value


def reject(
    source: str, place: str, line: int, reason: str, raw: bytes, value: Any = None
) -> Rejection:
    """Build a Rejection from the raw bytes and, if they parsed, the parsed value."""
    structure = None if value is None else msgspec.json.encode(blank(value)).decode()[:4000]
    digest = hashlib.sha256(raw).hexdigest()
    return Rejection(
        source=source,
        place=place,
        line=line,
        reason=reason,
        content_hash=digest,
        structure=structure,
    )
