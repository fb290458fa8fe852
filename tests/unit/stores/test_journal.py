"""A batch becomes rows of every table, exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores.table import Table
from tests.unit.stores.sample import call, mixed, opened, report_bytes, table_rows

REQUEST = "req_" + "b" * 20


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def test_a_batch_is_counted_as_new_and_repeated(jevons: Jevons) -> None:
    first = jevons.store.seal([call(1), call(2), call(1)])
    assert (first.new, first.repeated, first.events) == (2, 1, 2)
    again = jevons.store.seal([call(2), call(3)])
    assert (again.new, again.repeated, again.events) == (1, 1, 1)
    nothing = jevons.store.seal([call(1), call(2), call(3)])
    assert (nothing.new, nothing.repeated, nothing.events) == (0, 3, 0)
    assert jevons.store.seal([]).new == 0


def test_what_is_known_writes_nothing(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    before = {name: table_rows(jevons, name) for name in jevons.store.books.tables}
    jevons.store.seal([call(1)])
    assert {name: table_rows(jevons, name) for name in jevons.store.books.tables} == before


def test_a_late_key_joins_two_events(jevons: Jevons) -> None:
    jevons.store.seal([call(1, team="a")])
    jevons.store.seal([call(1, response_id=REQUEST, usage=None, completeness="none", person="p")])
    assert jevons.report(Query()).total.calls == 2
    joined = jevons.store.seal([call(1, request_id=REQUEST, harness="h")])
    assert (joined.new, joined.events) == (1, -1)
    (event,) = jevons.events(Query())
    assert (event["team"], event["person"], event["harness"]) == ("a", "p", "h")
    assert event["observations"] == 3
    assert jevons.verify().first_difference is None


def test_two_responses_to_one_client_request_are_two_attempts_whenever_that_is_known(
    jevons: Jevons,
) -> None:
    """A report without a response id belongs to one response, until there are two."""
    jevons.store.seal([call(1, request_id="mine")])
    jevons.store.seal([call(1, response_id=None, request_id="mine", team="x")])
    assert jevons.report(Query()).total.calls == 1
    jevons.store.seal([call(2, request_id="mine")])
    assert jevons.report(Query()).total.calls == 3
    assert jevons.verify().first_difference is None


def test_impossible_usage_is_named_and_the_rest_is_kept(jevons: Jevons) -> None:
    sealed = jevons.store.seal(
        [call(1), call(2, usage={"input_tokens": -2, "output_tokens": 1}), call(3)]
    )
    assert (sealed.new, list(sealed.impossible)) == (2, [1])
    assert "-2" in sealed.impossible[1]
    assert jevons.report(Query()).total.calls == 2


def test_a_preview_is_what_sealing_gives(jevons: Jevons) -> None:
    jevons.store.seal(mixed(10))
    waiting = [*mixed(30)[8:], call(400, request_id=REQUEST)]
    shown = jevons.store.journal.preview(waiting, jevons.store.clock())
    before = len(table_rows(jevons, "events"))
    jevons.store.seal(waiting)
    assert shown is not None
    assert len(shown.rows) == len(table_rows(jevons, "events")) - before
    assert jevons.store.journal.preview(waiting, jevons.store.clock()) is None


def dying(name: str) -> Any:
    """`Table.append` in a process that dies when it comes to the table of this name."""
    real = Table.append

    def append(self: Table, rows: pa.Table, batch: int) -> bool:
        if self.name == name:
            raise KeyboardInterrupt
        return real(self, rows, batch)

    return append


def test_tables_left_behind_are_brought_up_from_the_observations(
    jevons: Jevons, tmp_path: Path
) -> None:
    """The writer dies after each of the steps of a batch in turn."""
    with opened(tmp_path / "whole") as whole:
        whole.store.seal(mixed(20))
        for n in range(4):
            whole.store.seal([call(100 + n), call(n, team="late")])
        expected = report_bytes(whole)
    jevons.store.seal(mixed(20))
    for n, name in enumerate(("keys", "price_cards", "events", "cells_work")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Table, "append", dying(name))
            try:
                jevons.store.seal([call(100 + n), call(n, team="late")])
            except KeyboardInterrupt:
                assert jevons.store.state.fact("writing") == "yes"
        jevons.store.seal([call(100 + n), call(n, team="late")])
    assert report_bytes(jevons) == expected
    assert jevons.store.behind() == []
    assert jevons.verify().first_difference is None


def test_an_id_may_come_back_from_another_provider_or_second(jevons: Jevons) -> None:
    jevons.store.seal([call(1, response_id="7"), call(1, response_id="7", provider="x-ai")])
    local = {"provider": "ollama", "api": "openai.chat", "response_id": "chatcmpl-5",
             "usage": {"prompt_tokens": 1, "completion_tokens": 1}}  # fmt: skip
    jevons.store.seal([call(1, **local), call(2, **local)])
    assert jevons.report(Query()).total.calls == 4


@pytest.mark.parametrize("count", [300])
def test_many_reports_of_one_call(jevons: Jevons, count: int) -> None:
    reports = [call(1, tags={"n": str(n)}, usage={"input_tokens": 5, "output_tokens": n},
                    completeness="partial") for n in range(count)]  # fmt: skip
    jevons.store.seal(reports)
    (event,) = jevons.events(Query())
    assert (event["observations"], event["output_tokens"]) == (count, count - 1)
