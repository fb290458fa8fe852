"""Attempts summed in SQL: by hand on a small ledger, and against the truth of the company."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.analysis.unit import Attempts
from jevons.app.company import truth
from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.ledger.outcomes import accept_outcome
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.outcome import Outcome
from tests.unit.stores.sample import DAY, T0, call, opened, price_of


def tell(jevons: Jevons, *outcomes: dict[str, Any]) -> None:
    found = [Outcome(**{"id": str(n), "time": T0, **one}) for n, one in enumerate(outcomes)]
    assert not any(accept_outcome(one) for one in found)
    jevons.store.record_outcomes(found)


@pytest.fixture
def small(tmp_path: Path) -> Jevons:
    """Four attempts: a run with a helper, two runs of one pull request, a run of unknown price, and
    a loose call."""
    jevons = opened(tmp_path)
    store: Any = jevons.store
    store.seal(
        [
            call(1, run="a", team="web", task="T-1"),
            call(2, run="a/h", parent_run="a", team="web", task="T-1"),
            call(3, run="b", team="web", task="T-1", session="sb"),
            call(4, run="c", team="data", session="sc"),
            call(5, run="d", team="data", request_model="no-such-model", api=None),
            call(6, team="ops", time=T0 + 40 * DAY),
        ]
    )
    tell(
        jevons,
        {"run": "a", "status": "failed", "human_minutes": "12", "loss": "2"},
        {"session": "sb", "pull_request": "x/y#1"},
        {"session": "sc", "pull_request": "x/y#1"},
        {"pull_request": "x/y#1", "status": "succeeded", "value": "7", "human_minutes": "6"},
        {"run": "d", "status": "succeeded"},
    )
    return jevons


def test_by_hand(small: Jevons) -> None:
    with small:
        report = small.unit(Query(), Decimal(60))
        held = report.total.attempts
        assert (held.attempts, held.succeeded, held.failed) == (4, 2, 1)
        assert (held.unpriced, held.priced, held.priced_successes) == (1, 2, 1)
        together = price_of(3) + price_of(4)
        assert from_femto(held.decided_spend) == price_of(1) + price_of(2) + together
        assert from_femto(held.failed_spend) == price_of(1) + price_of(2)
        assert from_femto(held.undecided_spend or 0) == price_of(6)
        assert (held.human_minutes, held.loss, held.value) == (18, 2, 7)
        paid = price_of(1) + price_of(2) + together + 18 + 2  # $60 an hour is $1 a minute
        assert report.total.cost_per_success.amount == paid
        assert (report.outcomes, report.unlinked) == (3, 0)


def test_by_team_the_costliest_part_decides(small: Jevons) -> None:
    with small:
        rows = {row.attempts.dimensions[0]: row for row in small.unit(Query(by=("team",))).rows}
        assert {name: row.attempts.attempts for name, row in rows.items()} == {
            "web": 1, "data": 2, "ops": 1,
        }  # fmt: skip
        only = small.unit(Query(where=(("team", "web"),))).total.attempts
        assert (only.attempts, only.failed) == (1, 1)


def test_an_attempt_belongs_to_the_period_in_which_it_began(small: Jevons) -> None:
    with small:
        late = small.unit(Query(since="2026-10-01")).total.attempts
        early = small.unit(Query(until="2026-10-01")).total.attempts
        assert (late.attempts, early.attempts) == (1, 3)
        months = small.unit(Query(by=("month",))).rows
        assert {row.attempts.dimensions: row.attempts.attempts for row in months} == {
            ("2026-09",): 3, ("2026-10",): 1,
        }  # fmt: skip


def test_dimensions_of_calls_and_of_runs_count_the_same_attempts(small: Jevons) -> None:
    with small:
        by_model = small.unit(Query(by=("model",))).rows
        assert sum(row.attempts.attempts for row in by_model) == 4
        assert {row.attempts.dimensions[0] for row in by_model} == {
            "claude-opus-4-8", "no-such-model",
        }  # fmt: skip


def test_a_dimension_that_is_none(small: Jevons) -> None:
    with small, pytest.raises(UsageError, match="unknown dimension"):
        small.unit(Query(by=("colour",)))


def test_as_of_reads_the_events(small: Jevons) -> None:
    with small:
        now = small.unit(Query(by=("team",)))
        then = small.unit(Query(by=("team",), as_of="2100-01-01"))
        assert [_plain(row) for row in then.rows] == [_plain(row) for row in now.rows]
        before = small.unit(Query(as_of="2020-01-01"))
        assert before.total.attempts.attempts == 0


def _plain(row: Any) -> dict[str, Any]:
    """The figures of a row without the binary sums."""
    names = [f.name for f in fields(Attempts) if f.name != "clusters"]
    return {name: getattr(row.attempts, name) for name in names}


EVENTS = 6_000


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("company")
    with opened(home) as jevons:
        jevons.generate(EVENTS, 4, None)
    return home


def test_the_company_has_the_outcomes_that_were_planted(company: Path) -> None:
    """Attempts, successes, failures, minutes, value and losses of every team and task type, exactly
    as the truth file says; and the outcomes of unknown tasks."""
    planted: dict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 6)
    names = ("attempts", "succeeded", "failed", "abandoned", "human_minutes", "loss")
    rows = truth(EVENTS, 4)["outcomes"]
    for row in rows:
        held = planted[row["month"], row["team"], row["task_type"]]
        planted[row["month"], row["team"], row["task_type"]] = [
            a + Decimal(row[name]) for a, name in zip(held, names, strict=True)
        ]
    with opened(company) as jevons:
        report = jevons.unit(Query(by=("month", "team", "task_type")))
        assert report.unlinked == sum(row["unlinked"] for row in rows)
        found = {row.attempts.dimensions: row.attempts for row in report.rows}
    assert found.keys() == planted.keys()
    for key, held in found.items():
        counted = [held.attempts, held.succeeded, held.failed, held.abandoned]
        assert counted == planted[key][:4], key
        if not held.unpriced:  # the sums that belong to costs are of attempts with a known one
            assert [held.human_minutes, held.loss] == planted[key][4:], key


def test_rows_add_up_to_the_total_whatever_the_dimensions(company: Path) -> None:
    with opened(company) as jevons:
        total = jevons.unit(Query()).total.attempts
        for by in (("team",), ("task_type", "model"), ("harness_version",), ("day",)):
            rows = [row.attempts for row in jevons.unit(Query(by=by)).rows]
            for name in ("attempts", "succeeded", "failed", "priced", "human_minutes", "loss"):
                assert sum(getattr(row, name) for row in rows) == getattr(total, name), (by, name)
            assert sum(row.spend or 0 for row in rows) == total.spend
