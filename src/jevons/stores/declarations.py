"""The boundary files of a home: every version kept as it was, with the time when it was added.

A copy's name is `RECORDED-DIGEST-FILE`: epoch microseconds, the first 16 digits of the content's
SHA-256, the name of the file that was added with unusual characters as in a URL. Copies are never
changed or deleted; of one boundary the newest is in force. What is called otherwise is not ours.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from jevons.analysis.declaration import parse_boundary
from jevons.stores.durable import sync_directory, sync_file
from jevons.stores.failure import operational
from jevons.vocabulary.boundary import Boundary
from jevons.vocabulary.errors import BoundaryError, LedgerDamaged

FOLDER: Final = "boundary"
"""Folder of the copies in a home."""

LONGEST_NAME: Final = 200
"""Bytes of a file's name as it is kept; file systems hold 255."""

_COPY: Final = re.compile(r"(\d{16,})-([0-9a-f]{16})-(.+)")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One kept copy: its file name, when it was added (epoch microseconds), digest, content."""

    file: str
    recorded_at: int
    digest: str
    boundary: Boundary


def kept(home: Path, as_of: int | None = None) -> list[Declaration]:
    """Every kept copy, oldest first; as_of: those added by then. Raises LedgerDamaged."""
    folder = home / FOLDER
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    named = ((path, _COPY.fullmatch(path.name)) for path in paths)
    found = [_read(path, match) for path, match in named if match]
    return [one for one in found if as_of is None or one.recorded_at <= as_of]


def in_force(declarations: list[Declaration]) -> list[Boundary]:
    """The newest version of every boundary, by name."""
    newest = {one.boundary.name: one.boundary for one in declarations}
    return [newest[name] for name in sorted(newest)]


def keep(home: Path, file: str, text: str, recorded_at: int) -> None:
    """Keep a copy of a boundary file that was parsed, durably."""
    content = text.encode()
    target = home / FOLDER / f"{recorded_at:016d}-{_digest(content)}-{_safe(file)}"
    temporary = target.with_name(f".{target.name}")
    with operational(home):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.write_bytes(content)
        sync_file(temporary)
        temporary.replace(target)
        sync_directory(target.parent)
        sync_directory(home)


def check_name(file: str) -> None:
    """Raises BoundaryError for a file whose name is too long to be kept."""
    if len(_safe(file)) > LONGEST_NAME:
        raise BoundaryError(
            f"the file name {file[:40]}... is too long to be kept", remedy="Give it a short name."
        )


def _safe(file: str) -> str:
    """A file's name without what a file system, or a reader of its listing, stumbles over."""
    return quote(file, safe=" ")


def _read(path: Path, name: re.Match[str]) -> Declaration:
    recorded, digest, file = name[1], name[2], unquote(name[3])
    with operational(path):
        content = path.read_bytes()
    if _digest(content) != digest:
        raise LedgerDamaged(
            f"the kept boundary file {path.name} is not what was added",
            remedy="Restore the ledger's folder from a backup.",
        )
    try:
        boundary = parse_boundary(content.decode(), file)
    except BoundaryError as error:
        raise BoundaryError(
            error.what,
            remedy=f"An earlier version took it. Move {path} out of the ledger's folder, mend the "
            "file and add it again.",
        ) from None
    return Declaration(file, int(recorded), digest, boundary)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
