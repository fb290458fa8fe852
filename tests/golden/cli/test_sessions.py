"""Whole sessions at the shell, printed as they are shown: read the pages beside this file.

`python scripts/transcript.py --write PAGE` renews a page after a change that was meant.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import transcript

PAGES = sorted(Path(__file__).parent.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_session(page: Path, tmp_path: Path) -> None:
    assert transcript.differences(page.read_text(encoding="utf-8"), tmp_path) == []


def test_there_are_sessions() -> None:
    assert len(PAGES) >= 3
