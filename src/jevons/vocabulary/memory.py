"""Memory where millions of plain values are made: how many at a time, and no search for cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

HANDFUL: Final = 256
"""How many observations are looked at one by one, several times over: they stay in the processor's
cache meanwhile, which saves a third."""

CHUNK: Final = 64 * HANDFUL
"""How many are worked on as columns, where every step has a price of its own."""


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
