"""Finding input files, recognising their format, and reading only what is new in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Protocol

from jevons.vocabulary.errors import SourceError, UsageError
from jevons.vocabulary.source import Source, State

HEAD_BYTES: Final = 65_536
_PRINT_BYTES: Final = 4096
_SIDE_FILES: Final = ("-wal", "-shm", "-journal", ".tmp", ".swp", ".jevons.yaml", ".truth.json")


class Cursors(Protocol):
    """Where it is remembered how far each file was read."""

    def cursor(self, place: str) -> Any:
        """How far a file was read, None if never."""
        ...


@dataclass(slots=True)
class Reading:
    """One file to read. state: `new`, `grown`, `unchanged`, `rewritten` or `unrecognised`."""

    path: Path
    source: Source | None
    state: str
    memory: State
    size: int
    modified: int
    inode: int

    @property
    def bytes_to_read(self) -> int:
        """How many bytes are new in it."""
        if self.state in ("unchanged", "unrecognised"):
            return 0
        return max(0, self.size - int(self.memory.get("offset", 0)))


def walk(paths: Sequence[Path]) -> Iterator[Path]:
    """All regular files at or below the paths, each once, in a stable order. Raises SourceError."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if not path.exists():
            raise SourceError(
                f"{path} does not exist", remedy="Name a file or a folder that exists."
            )
        for file in [path] if path.is_file() else _below(path):
            if file.name.endswith(_SIDE_FILES) and file != path:
                continue
            try:
                status = file.stat()
            except OSError:
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                yield file


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in (".git", "node_modules"))
        yield from (Path(root) / name for name in sorted(files) if (Path(root) / name).is_file())


def recognise(path: Path, sources: Mapping[str, Source]) -> Source | None:
    """The source whose format a file is in, by its content. Raises SourceError if it cannot be
    read."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    return next((s for s in sources.values() if head and s.recognise(path, head)), None)


def plan(path: Path, named: str | None, sources: Mapping[str, Source], cursors: Cursors) -> Reading:
    """What there is to read in a file, given how far it was read before."""
    if named is not None and named not in sources:
        raise UsageError(
            f"unknown source {named!r}", remedy=f"Sources are: {', '.join(sorted(sources))}."
        )
    try:
        status = path.stat()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    modified = max(status.st_mtime_ns, _wal_modified(path))
    known = cursors.cursor(str(path.resolve()))
    facts = {"size": status.st_size, "modified": modified, "inode": status.st_ino}
    if known is not None and (named is None or known.source == named):
        source = sources.get(known.source)
        if source is not None:
            if (known.size, known.modified, known.inode) == tuple(facts.values()):
                return Reading(path, source, "unchanged", known.state, **facts)
            if source.whole or _continues(path, known):
                return Reading(path, source, "grown", dict(known.state), **facts)
            return Reading(path, source, "rewritten", {}, **facts)
    source = sources[named] if named is not None else recognise(path, sources)
    return Reading(path, source, "new" if source else "unrecognised", {}, **facts)


def _wal_modified(path: Path) -> int:
    """A SQLite database in WAL mode changes beside its file."""
    wal = path.with_name(path.name + "-wal")
    return wal.stat().st_mtime_ns if wal.exists() else 0


def _continues(path: Path, known: Any) -> bool:
    offset = int(known.state.get("offset", 0))
    return path.stat().st_size >= offset and fingerprint(path, offset) == known.fingerprint


def fingerprint(path: Path, offset: int) -> bytes:
    """A digest of a file's first bytes and of the bytes before `offset`: tells appended from
    rewritten."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        digest.update(file.read(min(_PRINT_BYTES, offset)))
        file.seek(max(0, offset - _PRINT_BYTES))
        digest.update(file.read(min(_PRINT_BYTES, offset)))
    return digest.digest()
