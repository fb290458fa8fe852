"""The write lock: one process at a time changes the ledger; readers need none."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jevons.stores.failure import operational
from jevons.vocabulary.errors import LedgerLocked


@contextmanager
def write_lock(path: Path, *, wait_seconds: int = 60) -> Iterator[None]:
    """Hold the lock file exclusively. The kernel frees it when the process ends, however it ends.

    Raises LedgerLocked when another process still holds it after `wait_seconds` (0 = do not wait).
    """
    turnstile = _open(path.with_suffix(".queue"))
    descriptor = _open(path)
    deadline = time.monotonic() + wait_seconds
    try:
        # Who waits holds the turnstile, so that a busy writer cannot come round again before it.
        _acquire(turnstile, path, deadline)
        _acquire(descriptor, path, deadline)
        fcntl.flock(turnstile, fcntl.LOCK_UN)
        yield
    finally:
        os.close(descriptor)
        os.close(turnstile)


def _open(path: Path) -> int:
    with operational(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _acquire(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LedgerLocked(
                    f"another process is writing to the ledger at {path.parent}",
                    remedy="Wait until it has finished and run the command again.",
                ) from None
            time.sleep(0.02)
