"""Outcomes: neither order nor repetition nor batching changes what the ledger says of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import msgspec
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.ledger.outcomes import accept_outcome, current, fate, link, standing
from jevons.stores.books import Books
from jevons.stores.fates import Linking, fate_table
from jevons.stores.outcomes import listed, record
from jevons.stores.rollup import RUNS
from jevons.vocabulary.outcome import Outcome
from tests.conftest import PROVING
from tests.unit.stores.sample import T0, call, opened
from tests.unit.stores.test_outcomes import unit_names

RUNS_THERE = ("r0", "r1", "r2", "r3")
PARENTS = {"r3": "r2"}


def accepted(one: Outcome) -> Outcome:
    assert accept_outcome(one) is None
    return one


reports = st.builds(
    Outcome,
    id=st.sampled_from(("a", "b", "c")),
    time=st.integers(T0, T0 + 3),
    revision=st.integers(0, 1),
    source=st.sampled_from(("x", "y")),
    status=st.sampled_from(("succeeded", "failed", "unknown")),
    run=st.sampled_from((*RUNS_THERE, "nowhere", None)),
    task=st.sampled_from(("t0", "t1")),
    quality=st.sampled_from((None, "0.2", "0.9")),
    quality_floor=st.sampled_from((None, "0.5")),
    value=st.sampled_from((None, "1.25", "3")),
).map(accepted)


@cache
def calls_made() -> Path:
    """A ledger with four runs and two tasks, to be copied."""
    home = Path(mkdtemp()) / "home"
    with opened(home) as jevons:
        jevons.store.seal(
            [
                call(number, run=run, task=f"t{number // 3}", parent_run=PARENTS.get(run))
                for number, run in enumerate(RUNS_THERE)
            ]
        )
    return home


def ledger(folder: str, batches: Sequence[Sequence[Outcome]]) -> Books:
    """That ledger with these batches of outcomes."""
    home = Path(folder) / "home"
    copytree(calls_made(), home)
    store: Any = opened(home).store
    books: Books = store.books
    for number, batch in enumerate(batches):
        record(books, batch, T0 + 10 + number)
    return books


def view(books: Books) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    how = {"recorded_at": 0, "reports": 0, "again": None}  # in which order they came, and how often
    shown = [{**row, **how} for row in listed(books, None, None)]
    return shown, sorted(fate_table(books).to_pylist(), key=str)


@settings(max_examples=300 if PROVING else 6)
@given(st.lists(reports, max_size=8), st.randoms(use_true_random=False))
def test_order_repetition_and_batches_do_not_matter(found: list[Outcome], chance: object) -> None:
    again = [msgspec.structs.replace(one) for one in found] * 2
    chance.shuffle(again)
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        together = view(ledger(one, [found]))
        split = view(ledger(other, [again[:3], again[3:4], again[4:], again]))
    assert together == split


@settings(max_examples=300 if PROVING else 10)
@given(st.lists(reports, max_size=10))
def test_the_queries_agree_with_the_rules(found: list[Outcome]) -> None:
    now = list(current(found).values())
    hits = {
        id(one): [run for number, run in enumerate(RUNS_THERE)
                  if (link(one) == ("run", run) or link(one) == ("task", f"t{number // 3}"))]
        for one in now
    }  # fmt: skip
    roots = {key: {PARENTS.get(run, run) for run in runs} for key, runs in hits.items()}
    group = {run: {run} for run in ("r0", "r1", "r2")}
    for members in roots.values():
        joined = set().union(members, *(group[root] for root in members))
        for root in joined:
            group[root] = joined
    expected = {}
    for run in RUNS_THERE:
        members = group[PARENTS.get(run, run)]
        mine = [one for one in now if roots[id(one)] & members]
        if mine:
            expected[run] = min(members), fate(mine)
    with TemporaryDirectory() as home:
        books = ledger(home, [found])
        names, rows = unit_names(books), fate_table(books).to_pylist()
        assert {names[row["unit"]]: row["fate"] for row in rows} == {
            run: status for run, (_, status) in expected.items()
        }
        # Which runs are one attempt, whatever it is called.
        together = [(names[a["unit"]], names[b["unit"]]) for a in rows for b in rows
                    if a["attempt"] == b["attempt"]]  # fmt: skip
        assert sorted(together) == sorted(
            (a, b) for a in expected for b in expected if expected[a][0] == expected[b][0]
        )
        linking = Linking(books)
        assert linking.unlinked() == sum(not runs for runs in hits.values())
        linking.close()
        shown = {(r["source"], r["outcome_id"]): r["standing"] for r in listed(books, None, None)}
        assert shown == {(one.source, one.id): standing(one) for one in now}


def test_the_roll_up_of_runs_has_what_links_need() -> None:
    assert {"run", "parent_run", "task", "calls"} <= set(RUNS.names)
    assert RUNS.field("run").type == pa.string()
