"""Finding input files, recognising their format, and reading only what is new in them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jevons.vocabulary.errors import SourceError, UsageError
from jevons.vocabulary.source import Source, State

if TYPE_CHECKING:
    from jevons.app.ports import Cursor, Cursors

HEAD_BYTES: Final = 65_536
_PRINT_BYTES: Final = 4096
SIDE_FILES: Final = ("-wal", "-shm", "-journal", ".tmp", ".swp", ".jevons.yaml", ".truth.json")
"""Ends of names of files that belong to others."""

_GONE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What a link to nowhere gives, and a file that went away after its folder was listed."""

_KINDS: Final = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


@dataclass(slots=True)
class Reading:
    """One file to read, as it was before it is read.

    state: `new`, `grown`, `unchanged`, `rewritten`, `unrecognised` or `unreadable`; problem: why it
    is unreadable, naming it. mark: digest of its ends up to `size`. again: it was read before, and
    is now read from its beginning.
    """

    path: Path
    source: Source | None
    state: str
    memory: State
    size: int = 0
    modified: int = 0
    inode: int = 0
    mark: bytes = b""
    again: bool = False
    problem: str = ""

    @property
    def bytes_to_read(self) -> int:
        """How many bytes are new in it."""
        if not self.to_read:
            return 0
        return max(0, self.size - int(self.memory.get("offset", 0)))

    @property
    def to_read(self) -> bool:
        """Whether there may be anything new in it."""
        return self.source is not None and self.state not in ("unchanged", "unreadable")

    def refuse(self, error: OSError | SourceError) -> None:
        """Give up reading it."""
        self.state, self.problem = "unreadable", explain(self.path, error)


def explain(path: Path | str, error: OSError | SourceError) -> str:
    """Why a file cannot be read, naming it; what to do stands on the following lines."""
    if isinstance(error, SourceError):
        return str(error)
    return f"{path} cannot be read: {error.strerror or error}"


def walk(paths: Sequence[Path], side_files: tuple[str, ...] = SIDE_FILES) -> Iterator[Path]:
    """All regular files at or below the paths, each once, in a stable order; `side_files` only
    where they are named.

    What is there but cannot be looked at is among them, for `plan` to say why. Raises SourceError
    for a path that does not exist, or is neither a file nor a folder.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        for file in _named(path):
            if file.name.endswith(side_files) and file != path:
                continue
            status = _status(file)
            place = (status.st_dev, status.st_ino) if status else (0, 0)
            if place not in seen:
                seen |= {place} - {(0, 0)}
                yield file


def _named(path: Path) -> Iterator[Path]:
    """The files that a named path stands for."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        remedy = "Name a file or a folder that exists."
        raise SourceError(f"{path} does not exist", remedy=remedy) from error
    except OSError:
        yield path
        return
    if stat.S_ISDIR(mode):
        yield from _below(path)
    elif stat.S_ISREG(mode):
        yield path
    else:
        kind = _KINDS.get(stat.S_IFMT(mode), "a device")
        raise SourceError(
            f"{path} is {kind}, not a file or a folder",
            remedy="Write what it gives into a file, and import that.",
        )


def _below(folder: Path) -> Iterator[Path]:
    failed: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=failed.append):
        folders[:] = sorted(name for name in folders if name not in (".git", "node_modules"))
        for name in sorted(files):
            status = _status(path := Path(root) / name)
            if status is None or stat.S_ISREG(status.st_mode):
                yield path
    yield from (Path(error.filename) for error in failed if error.errno not in _GONE)


def _status(path: Path) -> os.stat_result | None:
    """What the file system says of a path; all 0 for what is gone, None when it does not say."""
    try:
        return path.stat()
    except OSError as error:
        return os.stat_result((0,) * 10) if error.errno in _GONE else None


def recognise(path: Path, sources: Mapping[str, Source]) -> Source | None:
    """The source whose format a file is in, by its content. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return next((s for s in sources.values() if head and s.recognise(path, head)), None)


def plan(path: Path, named: str | None, sources: Mapping[str, Source], cursors: Cursors) -> Reading:
    """What there is to read in a file, given how far it was read before. Raises UsageError for a
    source that is none; a file that cannot be read is `unreadable`."""
    if named is not None and named not in sources:
        raise UsageError(
            f"unknown source {named!r}", remedy=f"Sources are: {', '.join(sorted(sources))}."
        )
    reading = Reading(path, None, "unrecognised", {})
    try:
        _look(reading, named, sources, cursors)
    except (OSError, SourceError) as error:
        reading.refuse(error)
    return reading


def _look(
    reading: Reading, named: str | None, sources: Mapping[str, Source], cursors: Cursors
) -> None:
    """Fill in a reading. Size, time and mark are taken in this order and before any content is
    read, so whatever changes the file from now on is noticed by the next import."""
    path, status = reading.path, reading.path.stat()
    if stat.S_ISDIR(status.st_mode):
        os.listdir(path)  # only a folder that could not be listed comes here: the error says why
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path} is not a regular file")
    reading.size, reading.inode = status.st_size, status.st_ino
    reading.modified = max(status.st_mtime_ns, _wal_modified(path))
    known = cursors.cursor(str(path.resolve()))
    if known is not None and (named is None or known.source == named):
        reading.source = sources.get(known.source)
    if known is None or reading.source is None:
        reading.source = sources[named] if named is not None else recognise(path, sources)
        reading.state = "new" if reading.source else "unrecognised"
        reading.again = known is not None
    elif (known.size, known.modified, known.inode) == (
        reading.size, reading.modified, reading.inode
    ):  # fmt: skip
        reading.state, reading.memory = "unchanged", known.state
    elif reading.source.whole or _continues(path, known):
        reading.state, reading.memory = "grown", dict(known.state)
    else:
        reading.state, reading.again = "rewritten", True
    if reading.to_read:
        reading.mark = fingerprint(path, reading.size)


def _wal_modified(path: Path) -> int:
    """A SQLite database in WAL mode changes beside its file."""
    wal = path.with_name(path.name + "-wal")
    return wal.stat().st_mtime_ns if wal.exists() else 0


def _continues(path: Path, known: Cursor) -> bool:
    offset = int(known.state.get("offset", 0))
    marks = fingerprint(path, known.size) + fingerprint(path, offset)
    return path.stat().st_size >= offset and marks == known.fingerprint


def marks(reading: Reading, offset: int) -> bytes:
    """What a cursor keeps of the content: the mark from before the file was read, and one of where
    reading ended. A file that is rewritten in between agrees with one of them at most.

    Raises OSError."""
    return reading.mark + fingerprint(reading.path, offset)


def fingerprint(path: Path, offset: int) -> bytes:
    """A digest of a file's first bytes and of the bytes before `offset`: tells appended from
    rewritten."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        digest.update(file.read(min(_PRINT_BYTES, offset)))
        file.seek(max(0, offset - _PRINT_BYTES))
        digest.update(file.read(min(_PRINT_BYTES, offset)))
    return digest.digest()
