"""Cells of cost: they answer like the event rows, to the last digit, and follow every change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores.costing import NOTE, serves
from jevons.stores.question import Question
from jevons.vocabulary.outcome import Outcome
from tests.unit.stores.sample import DAY, HOUR, T0, call, mixed, opened

EVER = T0 - T0 % HOUR - 400 * DAY
BY: tuple[tuple[str, ...], ...] = (
    ("fate",), ("team", "purpose", "status", "error", "fate"), ("model", "fate"),
    ("month", "provider", "fate"), ("day", "harness", "task_type", "fate"),
)  # fmt: skip
SEARCH = {"usage": {"input_tokens": 10, "output_tokens": 5,
                    "server_tool_use": {"web_search_requests": 3}}}  # fmt: skip


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home", lambda: T0 + 90 * DAY) as found:
        found.store.seal([*mixed(70), *(call(900 + n, team="search", **SEARCH) for n in range(3))])
        found.store.record_outcomes(
            [
                Outcome(id=f"o{n}", time=T0, run=f"run-{n}", status=("failed", "succeeded")[n % 2])
                for n in range(9)
            ]
        )
        yield found


def agree(jevons: Jevons) -> None:
    """The same question from the cells and, a moment earlier, from the events."""
    for by in BY:
        for where in ((), (("team", "search"),), (("price_state", "exact"),)):
            cells = Question(by=by, since=EVER, where=where)
            events = Question(by=by, since=EVER + 1, where=where)
            assert serves(cells) and not serves(events)
            found = jevons.store.spend(cells)
            assert jevons.store.books.costs_stand
            assert found == jevons.store.spend(events), (by, where)
            assert found


def test_cells_answer_like_events(jevons: Jevons) -> None:
    agree(jevons)
    assert {row.dimensions[0] for row in jevons.store.spend(Question(by=("fate",)))} == {
        "failed", "succeeded", None,
    }  # fmt: skip


def test_cells_follow_corrections_outcomes_and_rules(jevons: Jevons) -> None:
    agree(jevons)
    jevons.store.seal([call(900, team="late", evidence="gateway", **SEARCH)])
    agree(jevons)
    later = Outcome(id="o1", time=T0 + DAY, run="run-1", status="failed")
    jevons.store.record_outcomes([later])
    agree(jevons)
    batch = jevons.store.books.costed.open().version()
    agree(jevons)
    assert jevons.store.books.costed.open().version() == batch, "nothing is made twice"
    assert jevons.verify().first_difference is None


def test_a_lost_note_makes_the_cells_anew(jevons: Jevons) -> None:
    agree(jevons)
    jevons.store.state.set_fact(NOTE, "")
    agree(jevons)


def test_what_waits_in_the_inbox_is_counted(
    jevons: Jevons, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(jevons)
    before = jevons.total_cost(Query()).calls
    with monkeypatch.context() as patch:
        patch.setattr(type(jevons.store), "seal_inbox", lambda *_, **__: 0)
        jevons.store.acknowledge([call(2000, team="search")])
        assert jevons.total_cost(Query()).calls == before + 1


@pytest.mark.parametrize(
    "question",
    [
        Question(by=("fate",), as_of=T0),
        Question(by=("fate", "person")),
        Question(by=("fate", "day"), time_zone="Asia/Kolkata"),
        Question(by=("fate",), until=T0 + 1),
        Question(by=("team",)),
    ],
)
def test_what_the_cells_do_not_have_is_read_from_events(question: Question) -> None:
    assert not serves(question)
