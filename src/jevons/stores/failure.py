"""What the operating system and the engines say when they fail, in the ledger's own words."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jevons.vocabulary.errors import LedgerError, LedgerFull, LedgerReadOnly


@contextmanager
def operational(path: Path, *engine: type[Exception]) -> Iterator[None]:
    """Turns what the file system says into the ledger's own errors: full, read-only, or other.

    engine: errors of a table engine that say the same.
    """
    failures: tuple[type[Exception], ...] = (OSError, sqlite3.Error, *engine)
    try:
        yield
    except failures as error:
        raise ledger_error(error, path) from error


def ledger_error(error: BaseException, path: Path) -> LedgerError:
    """The drawn error for an operating system or Delta failure at a path."""
    text = str(error)
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC or any(
        mark in text for mark in ("No space left", "os error 28", "disk is full")
    ):
        return LedgerFull(
            f"no space left for the ledger at {path}",
            remedy="Nothing acknowledged is lost. Free space and run the command again.",
        )
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or any(
        mark in text for mark in ("Read-only file system", "Permission denied")
    ):
        return LedgerReadOnly(
            f"the ledger at {path} cannot be written",
            remedy="Make the folder writable, or choose another with --home.",
        )
    return LedgerError(
        f"the ledger at {path} could not be written: {brief(error)}",
        remedy="Nothing acknowledged is lost. Run `jevons doctor`, then the command again.",
    )


def brief(error: BaseException) -> str:
    """The first line of what an error says."""
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
