"""The boundary files of a home: every version kept as it was, with the time when it was added.

A copy's name is `RECORDED-DIGEST-FILE`: epoch microseconds, the first 16 digits of the content's
SHA-256, the name of the file that was added. Copies are never changed or deleted; of one boundary
the newest is in force.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jevons.analysis.declaration import parse_boundary
from jevons.stores.durable import sync_directory, sync_file
from jevons.stores.failure import operational
from jevons.vocabulary.boundary import Boundary
from jevons.vocabulary.errors import LedgerDamaged

FOLDER: Final = "boundary"
"""Folder of the copies in a home."""


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
    found = [_read(path) for path in paths if path.suffix != ".tmp"]
    return [one for one in found if as_of is None or one.recorded_at <= as_of]


def in_force(declarations: list[Declaration]) -> list[Boundary]:
    """The newest version of every boundary, by name."""
    newest = {one.boundary.name: one.boundary for one in declarations}
    return [newest[name] for name in sorted(newest)]


def keep(home: Path, file: str, text: str, recorded_at: int) -> None:
    """Keep a copy of a boundary file that was parsed, durably."""
    content = text.encode()
    name = f"{recorded_at:016d}-{_digest(content)}-{file}"
    target = home / FOLDER / name
    temporary = target.with_suffix(".tmp")
    with operational(home):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.write_bytes(content)
        sync_file(temporary)
        temporary.replace(target)
        sync_directory(target.parent)
        sync_directory(home)


def _read(path: Path) -> Declaration:
    with operational(path):
        content = path.read_bytes()
    recorded, _, rest = path.name.partition("-")
    digest, _, file = rest.partition("-")
    if not recorded.isdigit() or _digest(content) != digest:
        raise LedgerDamaged(
            f"the kept boundary file {path.name} is not what was added",
            remedy="Restore the ledger's folder from a backup.",
        )
    return Declaration(file, int(recorded), digest, parse_boundary(content.decode(), file))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
