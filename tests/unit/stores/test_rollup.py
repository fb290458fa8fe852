"""Roll-ups: additive sums of quarter hours that can be rebuilt from the events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores.rollup import CELL_MINUTES, MEASURES, ROLLUPS, RUNS, cells_sql, runs_sql
from jevons.vocabulary.observation import DIMENSIONS, LABELS
from tests.unit.stores.sample import added, call, mixed, opened, report_bytes


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def test_cells_divide_the_hours_of_every_zone() -> None:
    assert 15 % CELL_MINUTES == 0
    for rollup in ROLLUPS.values():
        assert {*rollup.dimensions} <= {*LABELS, *DIMENSIONS, "reason"}
        assert set(MEASURES) <= set(rollup.schema.names)
    assert set(MEASURES) <= set(RUNS.names)


@pytest.mark.parametrize("name", [*ROLLUPS, "runs"])
def test_a_rebuilt_rollup_says_the_same(jevons: Jevons, name: str) -> None:
    for start in range(0, 40, 10):
        jevons.store.seal(mixed(40)[start : start + 10])
    jevons.store.seal([call(1, team="late"), call(2, run="late")])
    before = report_bytes(jevons), sums(jevons, name)
    jevons.store.journal.rebuild_rollup(name, jevons.store.books.events.batch())
    assert (report_bytes(jevons), sums(jevons, name)) == before
    assert jevons.verify().first_difference is None


def sums(jevons: Jevons, name: str) -> list[Any]:
    measures = ", ".join(f"sum({measure})" for measure in MEASURES)
    files = jevons.store.books.tables[name].files()
    sql = f"SELECT {measures} FROM read_parquet(?)"
    return list(jevons.store.books.arrow(sql, [files]).to_pylist())


def test_a_rollup_that_lags_is_not_asked_and_then_rebuilt(jevons: Jevons) -> None:
    jevons.store.seal(mixed(20))
    expected = report_bytes(jevons)
    table = jevons.store.books.rollups["cells_work"]
    table.replace(table.schema.empty_table(), 0)
    # A table cannot go back in the batches that it says to hold, so it is made anew.
    for path in sorted(table.path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    table.path.rmdir()
    with opened(jevons.settings.home) as again:
        assert again.store.behind() == ["cells_work"]
        assert report_bytes(again) == expected  # whoever asks first repairs what lags
        assert again.store.behind() == []
        assert report_bytes(again) == expected


def test_taken_back_rows_cancel_in_every_cell(jevons: Jevons) -> None:
    jevons.store.seal([call(1, team="a", usage={"input_tokens": 1, "output_tokens": 1},
                            completeness="partial")])  # fmt: skip
    jevons.store.seal([call(1, team="b", evidence="gateway")])
    report = jevons.report(Query(by=("team",)))
    assert [(row.dimensions["team"], row.calls) for row in report.rows] == [("b", 1)]
    assert report.rows[0].lower_bound_calls == 0
    assert jevons.store.ask(jevons._question(Query(by=("team",)))).table == "cells_model"


def test_runs_are_summed(jevons: Jevons) -> None:
    jevons.store.seal(mixed(30))
    events = list(jevons.events(Query()))
    rows = jevons.store.books.arrow(
        "SELECT run, sum(calls) AS calls, sum(effective_cost) AS cost FROM read_parquet(?) "
        "GROUP BY run",
        [jevons.store.books.runs.files()],
    ).to_pylist()
    found = {row["run"]: (row["calls"], row["cost"]) for row in rows}
    expected = {
        run: (len(mine), added(event["effective_cost"] for event in mine))  # type: ignore[misc]
        for run in {event["run"] for event in events} - {None}
        if (mine := [event for event in events if event["run"] == run])
    }
    assert found == expected


def test_the_queries_name_every_measure() -> None:
    for sql in (runs_sql(), *map(cells_sql, ROLLUPS.values())):
        assert all(f" AS {name}" in sql for name in MEASURES)
