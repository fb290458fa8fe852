"""Operational errors, one tree. Data problems are values (`Rejection`, `Unpriced`), not errors.

    JevonsError                   exit code 1
    ├── UsageError                exit code 2   the command or a setting is wrong
    ├── SourceError               exit code 3   a file cannot be opened or recognised
    ├── PriceError                exit code 4   a price file is wrong or would overwrite an entry
    ├── BoundaryError             exit code 7   a boundary file is wrong
    ├── LedgerError               exit code 5   the ledger cannot be opened, locked or written
    │   ├── LedgerLocked                        another process is writing (retry)
    │   ├── LedgerFull                          no space left on the device
    │   ├── LedgerReadOnly                      the ledger cannot be written here
    │   └── LedgerDamaged                       verify or a reader found a broken table
    └── Interrupted               exit code 130 Ctrl-C; what was acknowledged is stored

Rejections under `--strict` exit with 6.
"""

from __future__ import annotations


class JevonsError(Exception):
    """The root: what happened, to what, and what to do, in one message."""

    exit_code = 1

    def __init__(self, what: str, *, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}\n{remedy}" if remedy else what)


class UsageError(JevonsError):
    """The command line, a setting or a query is wrong."""

    exit_code = 2


class SourceError(JevonsError):
    """An input cannot be opened or its format is not recognised."""

    exit_code = 3


class PriceError(JevonsError):
    """A price file is malformed, contradicts itself, or would overwrite a recorded price."""

    exit_code = 4


class BoundaryError(JevonsError):
    """A boundary file is malformed or contradicts itself."""

    exit_code = 7


class LedgerError(JevonsError):
    """The ledger cannot be opened, locked, read or written."""

    exit_code = 5


class LedgerLocked(LedgerError):
    """Another process holds the write lock; trying again later helps."""


class LedgerFull(LedgerError):
    """No space is left where the ledger lives; nothing acknowledged is lost."""


class LedgerReadOnly(LedgerError):
    """The ledger's place cannot be written by this user."""


class LedgerDamaged(LedgerError):
    """A table does not hold what was written to it; the message names the first difference."""


class Interrupted(JevonsError):
    """The user stopped a long command; everything acknowledged so far is stored."""

    exit_code = 130


STRICT_EXIT_CODE = 6
"""Exit code of `import --strict` when at least one line was rejected."""
