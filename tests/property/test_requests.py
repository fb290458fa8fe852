"""Requests, norms and outliers read from the roll-up are those of the readable reference."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.analysis import outliers
from jevons.analysis.outliers import Request, norms, reasons
from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.interfaces.cli.outliers import runs_document
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import to_femto
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import parse_time
from tests.conftest import PROVING
from tests.unit.stores.sample import SECOND, T0, call, opened

PARENTS = {"a": None, "b": None, "c": None, "d": None, "a/1": "a", "a/1/1": "a/1", "x/1": "x"}


@st.composite
def _calls(draw: st.DrawFn) -> list[list[Observation]]:
    numbers = draw(st.lists(st.integers(0, 60), min_size=1, max_size=24, unique=True))
    made = []
    for number in numbers:
        run = draw(st.sampled_from(sorted(PARENTS)))
        made.append(
            call(
                number,
                run=run,
                parent_run=PARENTS[run],
                task_type=("job", "other")[run == "d"],
                team="t",
                time=T0 + draw(st.integers(0, 40)) * SECOND,
                block_hashes=[draw(st.sampled_from("xyz")) * 16],
                request_model=draw(st.sampled_from(("claude-opus-4-8", "made-up-model"))),
            )
        )
    cut = draw(st.integers(0, len(made)))
    return [part for part in (made[:cut], made[cut:]) if part]


def _root(run: str, called: set[str]) -> str:
    """The run at the top; only the calls of a run tell which run started it."""
    above = PARENTS.get(run) if run in called else None
    return run if above is None else _root(above, called)


def _reference(jevons: Jevons) -> dict[str, Request]:
    groups: dict[str, list[Any]] = defaultdict(list)
    events = list(jevons.events(Query()))
    called = {str(event["run"]) for event in events}
    for event in events:
        groups[_root(str(event["run"]), called)].append(event)
    return {name: _request(name, members) for name, members in groups.items()}


def _request(name: str, members: list[Any]) -> Request:
    times = [parse_time(event["time"]) for event in members]
    costs = [to_femto(Decimal(e["effective_cost"])) for e in members if e["effective_cost"]]
    return Request(
        run=name,
        first_time=min(times),
        last_time=max(times),
        task_type=members[0]["task_type"],
        team="t",
        runs=1 + len({event["run"] for event in members if event["run"] != name}),
        calls=len(members),
        input_tokens=sum(event["input_tokens"] for event in members),
        output_tokens=sum(event["output_tokens"] for event in members),
        cost=sum(costs) if costs else None,
        unknown_calls=sum(event["price_state"] == "unknown" for event in members),
        repeated=sum(event["purpose"] == "retry" for event in members),
    )


@settings(max_examples=200 if PROVING else 10, deadline=None)
@given(_calls(), st.sampled_from(("cost", "tokens", "time")), st.integers(1, 5), st.booleans())
def test_outliers_as_the_reference_says(
    batches: list[list[Observation]], sort: str, top: int, every: bool
) -> None:
    few = mock.patch.multiple(outliers, ENOUGH=2, LOOP_CALLS=2, RUNAWAY=1)
    with few, tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as jevons:
        for batch in batches:
            jevons.store.seal(batch)
        reference = _reference(jevons)
        usual = norms(reference.values())
        work = jevons.work(Query())
        assert {one.task_type: norm for one, norm in work.rows} == usual
        for factors, _ in work.rows:
            members = [r for r in reference.values() if r.task_type == factors.task_type]
            assert factors.calls == sum(request.calls for request in members)
        told = {name: reasons(r, usual[r.task_type]) for name, r in reference.items()}
        outlying = {name: why for name, why in told.items() if why}
        expected = told if every or not outlying else outlying
        found = jevons.runs(Query(top=top), sort, every=every)
        assert (found.count, found.requests) == (len(outlying), len(reference))
        assert found.listed == len(expected)
        assert {r.run: (r, why) for r, why in found.rows}.items() <= {
            name: (reference[name], why) for name, why in expected.items()
        }.items()
        assert len(found.rows) == min(top, len(expected))
        key = {
            "cost": lambda r: -1 if r.cost is None else r.cost,
            "tokens": lambda r: r.tokens,
            "time": lambda r: r.duration,
        }[sort]
        ranked = sorted((key(reference[name]) for name in expected), reverse=True)
        assert [key(request) for request, _ in found.rows] == ranked[:top]
        assert runs_document(found, work)["standing_out"] == found.count


def test_runs_are_chosen_by_what_they_are_kept_by(tmp_path: Path) -> None:
    with opened(tmp_path) as jevons:
        jevons.store.seal([call(n, run=f"r{n}", team=("t", "u")[n % 2]) for n in range(7)])
        found = jevons.runs(Query(where=(("team", "t"),)))
        assert (found.requests, found.count, len(found.rows)) == (4, 0, 4)
        later = jevons.runs(Query(since="2026-09-21T14:13:24Z"))  # T0 + 4 s: the last three
        assert later.requests == 3
        with pytest.raises(UsageError, match="not kept by model"):
            jevons.runs(Query(where=(("model", "x"),)))


def test_a_run_is_found_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    with opened(tmp_path) as jevons:
        jevons.store.seal(
            [
                call(1, run="abc1"),
                call(2, run="abc2"),
                call(3, run="abc1/x", parent_run="abc1", parent_step="s"),
            ]
        )
        jevons.store.acknowledge([call(4, run="inbox")])
        assert jevons.run("abc1").inclusive.calls == 2
        assert jevons.run("abc1/").run == "abc1/x"
        assert jevons.run("inb").own.calls == 1
        for name in ("abc", "", "nothing"):
            with pytest.raises(UsageError):
                jevons.run(name)
