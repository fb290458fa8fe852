"""A generated company: deterministic usage of any size with known causes, for demo, bench and
tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def generate(events: int, seed: int) -> Iterator[bytes]:
    """The company's calls as `jevons.event/v1` lines in order of time, in chunks of whole lines.

    The same events and seed give the same bytes, everywhere. Raises ValueError for fewer than one
    event. Memory does not grow with `events` beyond one day's share of them.
    """
    from jevons.app.company.generation import Generation

    return Generation(events, seed).chunks()


def truth(events: int, seed: int) -> dict[str, Any]:
    """What is true of that company: the content of its truth file (JSON), see `tally.py`."""
    from jevons.app.company.generation import Generation

    return Generation(events, seed).truth()


def boundary_text() -> str:
    """The company's boundary file: what its AI costs beside model calls."""
    from importlib import resources

    return (resources.files(__name__) / "boundary.toml").read_text(encoding="utf-8")
