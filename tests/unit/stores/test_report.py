"""Questions to the books: dimensions, conditions, order, and what is said of nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores.lock import write_lock
from jevons.stores.question import Question
from jevons.stores.report import CALENDAR, PLAIN, dimension_sql, rollup_for
from jevons.vocabulary.errors import UsageError
from tests.unit.stores.sample import COSTS, call, mixed, opened, price_of


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


UNPRICED_ADVISER = {
    "input_tokens": 100, "output_tokens": 10,
    "iterations": [
        {"type": "message", "input_tokens": 100, "output_tokens": 10},
        {"type": "advisor_message", "model": "nobodys-model", "input_tokens": 1000,
         "output_tokens": 50},
    ],
}  # fmt: skip


def test_an_empty_ledger_has_an_empty_report(jevons: Jevons) -> None:
    for query in (Query(), Query(by=("team",)), Query(by=("tag.x",), as_of="2026-01-01")):
        report = jevons.report(query)
        assert report.rows == ()
        assert (report.total.calls, report.total.effective_cost) == (0, None)
        assert (report.complete_to, report.unpriced_events) == (None, 0)
    assert list(jevons.events(Query())) == []
    assert not jevons.store.exists()


def test_every_dimension_can_be_asked_for(jevons: Jevons) -> None:
    jevons.store.seal(mixed(14))
    for name in (*CALENDAR, *PLAIN, "model", "tag.feature"):
        report = jevons.report(Query(by=(name,)))
        assert sum(row.calls for row in report.rows) == 14, name
        value = report.rows[0].dimensions[name]
        asked = jevons.report(Query(by=(name,), where=((name, str(value or "")),)))
        assert asked.rows == report.rows[:1], name


def test_what_is_no_dimension_is_said(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    for query in (Query(by=("colour",)), Query(where=(("colour", "red"),))):
        with pytest.raises(UsageError) as caught:
            jevons.report(query)
        assert "colour" in caught.value.what
        assert "team" in caught.value.remedy
    with pytest.raises(UsageError):
        jevons.report(Query(since="tomorrow"))


@pytest.mark.parametrize("by", [(), ("team",), ("day",)])
def test_a_zone_that_does_not_exist_is_said(jevons: Jevons, by: tuple[str, ...]) -> None:
    jevons.store.seal([call(1)])
    with pytest.raises(UsageError) as caught:
        jevons.report(Query(by=by, time_zone="Europe/Atlantis"))
    assert "Europe/Atlantis" in caught.value.what


@pytest.mark.parametrize("value", ["o'brien", 'say "x"', "a;b--", "ünïcode \U0001f600", "%_\\"])
def test_any_text_can_be_a_value(jevons: Jevons, value: str) -> None:
    jevons.store.seal([call(1, team=value, tags={"t": value}), call(2, team="x")])
    for name in ("team", "tag.t"):
        report = jevons.report(Query(by=(name,), where=((name, value),)))
        assert [(row.dimensions[name], row.calls) for row in report.rows] == [(value, 1)]


@pytest.mark.parametrize("name", ["a.b", "a b", "a'b", "ü", "a/b:c", "x-y_z"])
def test_any_tag_can_be_a_dimension(jevons: Jevons, name: str) -> None:
    jevons.store.seal([call(1, tags={name: "v"}), call(2)])
    report = jevons.report(Query(by=(f"tag.{name}",)))
    assert {row.dimensions[f"tag.{name}"]: row.calls for row in report.rows} == {"v": 1, None: 1}


def test_nothing_and_an_empty_condition(jevons: Jevons) -> None:
    jevons.store.seal([call(1, team="a"), call(2)])
    report = jevons.report(Query(by=("team",), where=(("team", ""),)))
    assert [(row.dimensions["team"], row.calls) for row in report.rows] == [(None, 1)]


def test_rows_come_costliest_first_and_periods_in_order(jevons: Jevons) -> None:
    jevons.store.seal(mixed(40))
    costs = [row.effective_cost for row in jevons.report(Query(by=("request_model",))).rows]
    known = [cost for cost in costs if cost is not None]
    assert known == sorted(known, reverse=True)
    assert costs[len(known) :] == [None] * (len(costs) - len(known))
    days = [str(row.dimensions["day"]) for row in jevons.report(Query(by=("day",))).rows]
    assert days == sorted(days)


def test_a_part_without_a_price_makes_the_call_a_lower_bound(jevons: Jevons) -> None:
    """The adviser's tokens cost something that nobody knows: the sum is `at least`."""
    jevons.store.seal([call(1, usage=UNPRICED_ADVISER)])
    total = jevons.report(Query()).total
    assert total.effective_cost == Decimal("0.00075")
    assert total.lower_bound_calls + total.unknown_calls == 1
    assert jevons.report(Query()).unpriced_events == 1
    (event,) = jevons.events(Query())
    assert event["price_state"] == "lower_bound"


def test_a_part_without_a_price_keeps_its_tokens_in_every_view(jevons: Jevons) -> None:
    jevons.store.seal([call(1, usage=UNPRICED_ADVISER)])
    whole = jevons.report(Query()).total
    assert whole.input_tokens == 1100
    by_model = jevons.report(Query(by=("model",)))
    assert by_model.total == whole
    assert {row.dimensions["model"]: row.input_tokens for row in by_model.rows} == {
        "claude-opus-4-8": 100, "nobodys-model": 1000,
    }  # fmt: skip


def test_what_waits_in_the_inbox_is_in_every_answer(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    jevons.store.acknowledge([call(2, team="x"), call(1, team="late")])
    with write_lock(jevons.store.books.lock_path):  # somebody else is writing
        check_waiting(jevons)
        assert jevons.store.waiting() == 2
    check_waiting(jevons)
    assert jevons.store.waiting() == 0


def check_waiting(jevons: Jevons) -> None:
    for by in ((), ("team",), ("tag.x",)):
        total = jevons.report(Query(by=by)).total
        assert (total.calls, total.effective_cost) == (2, price_of(1) + price_of(2))
    teams = {row.dimensions["team"] for row in jevons.report(Query(by=("team",))).rows}
    assert teams == {"x", "late"}
    assert {event["team"] for event in jevons.events(Query())} == {"x", "late"}
    assert jevons.report(Query()).complete_to == "2026-09-21T14:13:22Z"


def test_the_narrowest_table_that_can_answer_is_asked() -> None:
    assert rollup_for(Question(by=("team", "provider", "day"))) == "cells_model"
    assert rollup_for(Question(by=("harness",), where=(("task_type", "x"),))) == "cells_work"
    assert rollup_for(Question(by=("person",))) is None
    assert rollup_for(Question(by=("team",), as_of=1)) is None
    assert rollup_for(Question(since=900_000_000)) is not None
    assert rollup_for(Question(since=900_000_001)) is None


def test_dimensions_are_quoted() -> None:
    assert "''" in dimension_sql("tag.it's", "UTC")


def test_included_is_billed_zero_and_listed(jevons: Jevons) -> None:
    place = jevons.settings.home / "prices" / "plan.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(
        "schema: jevons.prices/v1\nrecorded_at: 2026-11-22\ndate_checked: 2026-11-22\nentries:\n"
        "  - {provider: anthropic, models: claude-*, contract: a, included: true, source: plan}\n"
    )
    keeper: Any = jevons._keeper
    keeper._book = None
    jevons.store.seal([call(1)])
    total = jevons.report(Query()).total
    assert [getattr(total, name) for name in COSTS] == [price_of(1), price_of(1), 0, 0]
    assert total.unknown_calls == 0
    (event,) = jevons.events(Query())
    assert event["price_state"] == "included"
    assert [line["billed_cost"] for line in event["charges"]] == ["0", "0"]
    assert "plan" in event["why"]
    assert jevons.reprice(Query()).changed == 0
    assert jevons.verify().first_difference is None
