"""How far the books reach and why calls have no price: the same, wherever it is read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores import footnotes
from jevons.stores.question import Question
from tests.unit.stores.sample import HOUR, T0, call, mixed, opened


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def unpriced(number: int, **fields: Any) -> Any:
    return call(number, request_model=f"nobodys-{number % 3}", **fields)


@pytest.mark.parametrize("step", [1, 7, 60])
def test_reasons_are_those_of_the_events(
    jevons: Jevons, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    found = [*mixed(40), *(unpriced(n, team="ab"[n % 2], session="s") for n in range(100, 120))]
    for start in range(0, len(found), step):
        jevons.store.seal(found[start : start + step])
    questions = [
        jevons._question(Query(where=where, time_zone="Asia/Kolkata", **times))
        for where in ((), (("team", "a"),), (("session", "s"),), (("day", "2026-09-21"),))
        for times in ({}, {"since": "2026-09-21T20:00:00Z"}, {"until": "2026-09-21T14:14:40Z"})
    ]
    told = [jevons.store.reasons(question) for question in questions]
    monkeypatch.setattr(footnotes, "answers", lambda *_: False)
    assert told == [jevons.store.reasons(question) for question in questions]
    assert len(set(map(str, told))) > 3
    assert len(told[0]) >= 4


def test_a_reason_that_was_mended_is_told_no_more(jevons: Jevons) -> None:
    jevons.store.seal([call(1, request_model="nobodys", evidence="client_log")])
    assert [number for _, number in jevons.store.reasons(Question())] == [1]
    jevons.store.seal([call(1, evidence="gateway")])
    assert jevons.store.reasons(Question()) == []
    assert jevons.verify().first_difference is None


def test_without_an_unpriced_call_there_are_no_reasons(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    assert jevons.store.reasons(Question()) == []
    assert jevons.report(Query()).reasons == ()
    assert jevons.verify().first_difference is None


def test_the_newest_call_is_found_in_the_last_files_alone(
    jevons: Jevons, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in (5, 1, 3):
        jevons.store.seal([call(hour, time=T0 + hour * HOUR + 1)])
    asked: list[int] = []
    real = jevons.store.books.event_source

    def source(*parts: Any) -> str:
        asked.append(len(parts[2]) if len(parts) > 2 else 3)
        return real(*parts)

    monkeypatch.setattr(jevons.store.books, "event_source", source)
    assert jevons.store.complete_to() == T0 + 5 * HOUR + 1
    assert asked == [1]


def test_calls_that_were_taken_back_do_not_count(jevons: Jevons) -> None:
    """A better witness says that the newest call was hours earlier."""
    jevons.store.seal([call(1), call(2, time=T0 + 9 * HOUR, evidence="client_log")])
    between = jevons.store.clock()
    jevons.store.seal([call(2, time=T0 + 3 * HOUR, evidence="gateway")])
    assert jevons.store.complete_to() == T0 + 3 * HOUR
    assert jevons.store.complete_to(between) == T0 + 9 * HOUR
    assert jevons.store.complete_to(1) is None


def test_what_waits_in_the_inbox_counts(jevons: Jevons) -> None:
    books = jevons.store.books
    assert footnotes.newest_call(books, None, None) is None
    jevons.store.seal([call(1), call(2)])
    jevons.store.acknowledge([call(3, time=T0 + 7 * HOUR)])
    assert jevons.store.complete_to() == T0 + 7 * HOUR
