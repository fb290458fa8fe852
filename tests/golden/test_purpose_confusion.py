"""The page on purposes says how well the rules agree with the truth: measured again here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from jevons.analysis.confusion import Confusion
from scripts import confusion


def test_the_page_says_what_the_generated_company_shows() -> None:
    found = confusion.on_the_company()
    page = confusion.PAGE.read_text(encoding="utf-8")
    assert confusion.page(page, {"generated company": confusion.table(found)}) == page
    assert found.calls == confusion.EVENTS
    # Nobody is called a sub-agent, a retry or a plan who is not.
    for row in found.rows():
        if row.purpose in ("sub-agent", "retry", "plan", "verify"):
            assert row.both == row.assigned


def test_the_page_says_what_the_genuine_samples_show(shared_data: Path) -> None:
    found = confusion.on_the_samples()
    page = confusion.PAGE.read_text(encoding="utf-8")
    assert confusion.page(page, {"genuine samples": confusion.table(found)}) == page
    assert found.misled == 0


def test_figures_of_a_confusion() -> None:
    """6 plans: 3 recognised, 2 unknown, 1 taken for a tool; 1 tool taken for a plan."""
    pairs = [("plan", "plan")] * 3 + [("plan", "unknown")] * 2 + [("plan", "tool")]
    found = Confusion.of([*pairs, ("tool", "plan")])
    plan = next(row for row in found.rows() if row.purpose == "plan")
    assert (plan.precision, plan.recall) == (3 / 4, 3 / 6)
    assert (found.calls, found.agreeing, found.misled) == (7, 3, 2)
    assert found.taken_for("plan") == [("unknown", 2), ("tool", 1)]
    assert Confusion(Counter()).rows() == []


@pytest.mark.prove
def test_a_larger_company_shows_the_same() -> None:
    found = confusion.on_the_company(200_000, 5)
    assert 0.88 < found.agreeing / found.calls < 0.93
