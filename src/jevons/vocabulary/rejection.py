"""Data problems are values: kept, counted and shown, never dropped and never a reason to stop."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import msgspec

_NAME: Final = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class Rejection(msgspec.Struct, kw_only=True, frozen=True):
    """One piece of input that could not become an observation.

    source: source name. place: file path. line: 1-based line or record number, 0 when the file as a
    whole. reason: one sentence. content_hash: SHA-256 of the raw bytes, hex. structure: the JSON
    structure with every string blanked (never text of a prompt), None when it was not JSON.
    """

    source: str
    place: str
    line: int
    reason: str
    content_hash: str
    structure: str | None = None


def blank(value: Any, depth: int = 6) -> Any:
    """The shape of a JSON value: names and numbers kept, strings emptied, lists cut to three.

    A key that is no name may be text from a prompt: its number (`#1`) stands for it.
    """
    if isinstance(value, str):
        return ""
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) and _NAME.fullmatch(key) else f"#{number}": blank(
                item, depth - 1
            )
            for number, (key, item) in enumerate(list(value.items())[:64], 1)
        }
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
