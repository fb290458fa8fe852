"""Days of any zone partition a month, and roll-ups answer what the event table answers."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.app.results import Query
from jevons.stores import report as reporting
from jevons.stores.question import Question
from jevons.stores.report import CALENDAR, rollup_for
from jevons.stores.rollup import ROLLUPS
from tests.conftest import PROVING
from tests.unit.stores.sample import COSTS, DAY, HOUR, T0, added, call, mixed, opened

ZONES = (
    "UTC", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "America/New_York",
    "Australia/Lord_Howe", "Pacific/Chatham", "America/St_Johns", "Pacific/Apia",
)  # fmt: skip
QUARTER = HOUR // 4
SPAN = 240 * DAY
USAGE = {"input_tokens": 1, "output_tokens": 1}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Eight months of calls of all kinds around two changes of the clock, some on the hour."""
    with opened(tmp_path_factory.mktemp("books") / "home") as jevons:
        calls = mixed(160, spread=SPAN // 160 + 12_345_678)
        edges = [
            call(1000 + n, time=T0 - T0 % DAY + n * DAY * 7 + hour * HOUR + minute)
            for n, (hour, minute) in enumerate(
                (hour, minute)
                for hour in (0, 5, 13, 18, 22, 23)
                for minute in (0, -1, QUARTER, 2 * QUARTER, 3 * QUARTER)
            )
        ]
        jevons.store.seal(calls)
        jevons.store.seal(edges)
        yield jevons


@pytest.mark.parametrize("zone", ZONES)
def test_days_partition_a_month(books: Any, zone: str) -> None:
    """Days sum to their month, months to all; each call is in the day that its zone says."""
    daily = books.report(Query(by=("day",), time_zone=zone))
    months = books.report(Query(by=("month",), time_zone=zone))
    whole = books.report(Query()).total
    assert daily.total == months.total == whole
    for month in months.rows:
        name = str(month.dimensions["month"])
        days = [row for row in daily.rows if str(row.dimensions["day"]).startswith(name)]
        assert sum(row.calls for row in days) == month.calls
        for cost in COSTS:
            assert added(getattr(row, cost) for row in days) == getattr(month, cost)
        year, number = map(int, name.split("-"))
        following = f"{year + number // 12}-{number % 12 + 1:02d}"
        bounded = Query(since=name, until=following, time_zone=zone)
        assert books.report(bounded).total.calls == month.calls
    place = ZoneInfo(zone)
    expected = Counter(
        datetime.fromisoformat(str(event["time"])).astimezone(place).date().isoformat()
        for event in books.events(Query())
    )
    assert {row.dimensions["day"]: row.calls for row in daily.rows} == expected


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin"])
@pytest.mark.parametrize("calendar", ["hour", "week", "year"])
def test_other_periods_partition_too(books: Any, zone: str, calendar: str) -> None:
    forms = {"hour": "%Y-%m-%dT%H:00", "week": "%G-W%V", "year": "%Y"}
    place = ZoneInfo(zone)
    instants = [
        datetime.fromisoformat(str(e["time"])).astimezone(place) for e in books.events(Query())
    ]
    # In the night of a change two hours bear one name: their offset tells them apart.
    offset = 6 if calendar == "hour" and zone != "Asia/Kolkata" else 0
    expected = Counter(
        at.strftime(forms[calendar]) + at.isoformat()[-6:][:offset] for at in instants
    )
    rows = books.report(Query(by=(calendar,), time_zone=zone)).rows
    assert {row.dimensions[calendar]: row.calls for row in rows} == expected


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A call every hour of four days from 2026-11-03."""
    start = 1_793_577_600_000_000 + DAY
    with opened(tmp_path_factory.mktemp("hourly")) as jevons:
        jevons.store.seal([call(n, time=start + n * HOUR, usage=USAGE) for n in range(96)])
        yield jevons


@pytest.mark.parametrize("zone", [*ZONES, "America/Vancouver", "Africa/Casablanca"])
def test_a_day_is_the_same_in_a_bound_and_in_a_row(zone: str, hourly: Any) -> None:
    """`--by day` and `--since DAY --until NEXT` know the same time zone rules.

    Rules change: Morocco left its summer time in September 2026, British Columbia stayed on it in
    November. A machine's own tables may be older than those of the query engine.
    """
    rows = hourly.report(Query(by=("day",), time_zone=zone)).rows
    counted = {str(row.dimensions["day"]): row.calls for row in rows}
    for day, following in pairwise(sorted(counted)):
        bounded = hourly.report(Query(since=day, until=following, time_zone=zone))
        assert bounded.total.calls == counted[day], day


def test_half_open_periods_share_no_call(books: Any) -> None:
    whole = books.report(Query()).total
    for cut in ("2026-10-25T01:00:00Z", "2026-12-01", "2027-01-04T05:30:00.000001Z"):
        before = books.report(Query(until=cut)).total
        after = books.report(Query(since=cut)).total
        assert before.calls + after.calls == whole.calls
        for name in COSTS:
            assert added(getattr(one, name) for one in (before, after)) == getattr(whole, name)


DIMENSIONS = sorted(
    {
        name
        for table, rollup in ROLLUPS.items()
        if table != "cells_reason"  # no report has a dimension of that name
        for name in rollup.dimensions
    }
)
VALUES = {
    "team": ["payments", "search", "o'brien", ""],
    "provider": ["anthropic", "openai", "nobody"],
    "request_model": ["gpt-5", "claude-opus-4-8"],
    "task_type": ["review", "chat", ""],
    "harness": ["codex", "claude-code"],
    "provenance": ["metered", "reported", "stated"],
}


@st.composite
def questions(draw: Any) -> Question:
    """Any question, most of which a roll-up can answer."""
    names = st.sampled_from([*DIMENSIONS, *CALENDAR, "provenance"])
    by = tuple(draw(st.lists(names, max_size=3, unique=True)))
    asked = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=2, unique=True))
    where = tuple((name, draw(st.sampled_from(VALUES[name]))) for name in asked)
    quarters = st.one_of(st.none(), st.integers(0, SPAN // QUARTER))
    since, until = (
        None if number is None else T0 - T0 % QUARTER + number * QUARTER
        for number in (draw(quarters), draw(quarters))
    )
    top = draw(st.one_of(st.none(), st.integers(1, 5)))
    return Question(by, since, until, where, draw(st.sampled_from(ZONES)), None, top)


@settings(max_examples=400 if PROVING else 40)
@given(question=questions())
def test_rollups_answer_what_the_events_answer(books: Any, question: Question) -> None:
    fast = books.store.ask(question)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reporting, "rollup_for", lambda question: None)
        slow = reporting.answer(books.store.books, question)  # past the answers that are kept
    assert slow.table == "events"
    assert fast.table == (rollup_for(question) or "events")
    assert (fast.rows, fast.total, fast.cut) == (slow.rows, slow.total, slow.cut)


def test_some_question_is_answered_by_each_rollup(books: Any) -> None:
    """Else the comparison above would compare the event table with itself."""
    used = {
        books.store.ask(Question(by=by)).table
        for by in ((), ("team",), ("request_model",), ("harness",), ("person",))
    }
    assert used == {"events", *ROLLUPS} - {"cells_reason"}  # which only footnotes read


@pytest.mark.parametrize("bound", [T0, T0 - T0 % QUARTER + 1])
def test_a_bound_inside_a_cell_is_answered_from_the_events(books: Any, bound: int) -> None:
    assert rollup_for(Question(since=bound)) is None
    expected = sum(
        datetime.fromisoformat(str(event["time"])).timestamp() * 1e6 >= bound
        for event in books.events(Query())
    )
    assert books.store.ask(Question(since=bound)).total["calls"] == expected
