"""Every view is the same exact sum: reports, events, charge lines, whatever the calls are like."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.app.results import Query, Row
from jevons.vocabulary.observation import Observation
from tests.conftest import PROVING
from tests.unit.stores.sample import (
    COSTS,
    COUNTS,
    GROUPINGS,
    KINDS,
    T0,
    added,
    call,
    mixed,
    opened,
    report_bytes,
)

tokens = st.integers(0, 400_000)


@st.composite
def calls(draw: Callable[[Any], Any]) -> list[Observation]:
    """Between one and twelve calls of any kind, with any token counts."""
    found = []
    for number in range(draw(st.integers(1, 12))):
        fields = dict(draw(st.sampled_from(KINDS)))
        if fields.get("usage", {}) == {}:
            fields["usage"] = {
                "input_tokens": draw(tokens),
                "cache_read_input_tokens": draw(tokens),
                "output_tokens": draw(tokens),
            }
        fields["team"] = draw(st.sampled_from([None, "a", "b"]))
        fields["time"] = T0 + draw(st.integers(0, 10**13))
        found.append(call(number, **fields))
    return found


def check_row(row: Row, events: list[dict[str, Any]]) -> None:
    """A row of a report is the sum of these events, of which each is the sum of its lines."""
    assert row.calls == len(events)
    for name in COUNTS:
        assert getattr(row, name) == sum(event[name] for event in events)
    for name in COSTS:
        assert getattr(row, name) == added(event[name] for event in events), name
        lines = [line[name] for event in events for line in event["charges"]]
        assert (getattr(row, name) or 0) == (added(lines) or 0), name
    unknown = [event for event in events if event["effective_cost"] is None]
    assert row.unknown_calls == len(unknown)
    assert row.lower_bound_calls == sum(e["price_state"] == "lower_bound" for e in events)


@settings(max_examples=100 if PROVING else 8)
@given(observations=calls())
def test_totals_are_the_sum_of_events_and_of_their_lines(
    observations: list[Observation], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with opened(tmp_path_factory.mktemp("home")) as jevons:
        jevons.store.seal(observations)
        events: list[Any] = list(jevons.events(Query()))
        assert len(events) == len(observations)
        report = jevons.report(Query(by=("team",)))
        check_row(report.total, events)
        check_row(jevons.report(Query(by=("month", "tag.x"))).total, events)
        for row in report.rows:
            mine = [event for event in events if event["team"] == row.dimensions["team"]]
            check_row(row, mine)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A ledger of 300 calls of all kinds in several batches."""
    with opened(tmp_path_factory.mktemp("books") / "home") as jevons:
        everything = mixed(300)
        for start in (0, 7, 100):
            stop = {0: 7, 7: 100, 100: 300}[start]
            jevons.store.seal(everything[start:stop])
        yield jevons


def test_every_view_has_the_same_total(books: Any) -> None:
    events = list(books.events(Query()))
    whole = books.report(Query()).total
    check_row(whole, events)
    for by in GROUPINGS:
        report = books.report(Query(by=by))
        assert report.total == whole, by
        assert sum(row.calls for row in report.rows) == whole.calls
        for name in COSTS:
            assert added(getattr(row, name) for row in report.rows) == getattr(whole, name)


def test_what_top_cuts_stays_in_the_total(books: Any) -> None:
    report = books.report(Query(by=("person", "model"), top=2))
    assert len(report.rows) == 2
    assert report.cut == len(books.report(Query(by=("person", "model"))).rows) - 2
    assert report.total == books.report(Query()).total


def test_amounts_are_whole_multiples_of_the_money_scale(books: Any) -> None:
    for event in books.events(Query()):
        for name in COSTS:
            if event[name] is not None:
                assert "e" not in event[name].lower()
                assert Decimal(event[name]).as_tuple().exponent >= -15


def test_unknown_is_null_and_counted_free_and_refused_are_zero(books: Any) -> None:
    states: dict[str, list[Any]] = {}
    for event in books.events(Query()):
        states.setdefault(event["price_state"], []).append(event)
    assert set(states) == {"exact", "stated", "free", "lower_bound", "unknown"}
    for event in states["unknown"]:
        assert [event[name] for name in COSTS] == [None] * 4
        assert event["why"]
    for event in states["free"]:
        assert [Decimal(event[name]) for name in COSTS] == [0] * 4
    by_state = {row.dimensions["price_state"]: row for row in
                books.report(Query(by=("price_state",))).rows}  # fmt: skip
    assert by_state["unknown"].effective_cost is None
    assert by_state["unknown"].unknown_calls == by_state["unknown"].calls == len(states["unknown"])
    assert by_state["free"].effective_cost == 0
    report = books.report(Query())
    assert report.unpriced_events == len(states["unknown"])
    assert sum(number for _, number in report.reasons) >= len(states["unknown"])


def test_provenance_of_a_sum_is_its_weakest(books: Any) -> None:
    order = ("invoiced", "stated", "metered", "reported", "estimated", "allocated")
    events = list(books.events(Query()))
    for row in books.report(Query(by=("team", "harness"))).rows:
        mine = [e["provenance"] for e in events
                if (e["team"], e["harness"]) == tuple(row.dimensions.values())]  # fmt: skip
        assert row.provenance == max(mine, key=order.index)


def test_a_lower_bound_says_at_least(books: Any) -> None:
    for event in books.events(Query(where=(("price_state", "lower_bound"),))):
        assert "at least" in event["why"]
        assert Decimal(event["effective_cost"]) > 0


def test_events_of_a_condition_are_those_of_its_report(books: Any) -> None:
    for where in ((("team", "o'brien"),), (("team", ""),), (("tag.feature", "f1"),),
                  (("month", "2026-10"), ("harness", "codex"))):  # fmt: skip
        query = Query(where=where)
        check_row(books.report(query).total, list(books.events(query)))


def test_a_listing_with_a_limit_is_the_beginning_of_the_listing(books: Any) -> None:
    everything = list(books.events(Query()))
    for limit in (1, 5, 12, 40):
        assert list(books.events(Query(), limit)) == everything[:limit]


def test_reading_changes_nothing(books: Any, tmp_path: Path) -> None:
    assert report_bytes(books) == report_bytes(books)
    assert books.verify().first_difference is None
