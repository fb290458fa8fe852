"""Memory where millions of plain values are made: how many at once, and no search for cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

CHUNK: Final = 4_000
"""How many observations are best worked on together: about what the processor's caches hold."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Suspend the search for reference cycles: observations have none, and there are many."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
