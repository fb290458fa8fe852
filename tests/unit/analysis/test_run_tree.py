"""Runs as trees: nothing is counted twice, and real trajectories resend what was measured."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons import Context, Multipliers, Step, context, run_tree
from jevons.analysis.multipliers import ENOUGH
from jevons.analysis.run_tree import totals
from jevons.vocabulary.errors import UsageError


def _step(number: int, run: str = "r", **more: Any) -> Step:
    values: dict[str, Any] = {"event_id": f"{number:04d}", "run": run, "time": number * 1_000_000}
    return Step(**(values | more))


FAMILY = [
    _step(1, step="s1", cost=10, input_tokens=100, output_tokens=10, latency_ms=500),
    _step(2, step="s2", cost=20, input_tokens=150, output_tokens=20),
    _step(3, "r/a", parent_run="r", parent_step="s2", agent="explore", cost=300),
    _step(4, "r/a/b", parent_run="r/a", agent="deep", cost=None),
    _step(5, "r/c", parent_run="r", agent="late", cost=7, purpose="retry"),
    _step(6, step="s3", cost=30, input_tokens=190, output_tokens=5, latency_ms=2000),
]


def test_own_and_inclusive() -> None:
    tree = run_tree("r", FAMILY[::-1])
    assert [step.step for step in tree.steps] == ["s1", "s2", "s3"]
    assert [(child.run, child.agent, child.started_by) for child in tree.children] == [
        ("r/a", "explore", "s2"),
        ("r/c", "late", None),
    ]
    assert (tree.own.cost, tree.inclusive.cost) == (60, 367)
    assert (tree.own.calls, tree.inclusive.calls, tree.inclusive.unknown_calls) == (3, 6, 1)
    assert (tree.inclusive.retries, tree.inclusive.retry_cost) == (1, 7)
    (deep,) = tree.children[0].children
    assert (deep.level, deep.own.cost, deep.inclusive.cost) == (2, None, None)
    costliest = tree.costliest()
    assert costliest is not None and costliest.event_id == "0003"
    assert tree.span == (1_000_000, 8_000_000)


def test_context_of_a_run() -> None:
    grown = context([*FAMILY[:2], FAMILY[5]])
    assert (grown.sent, grown.final) == (440, 195)
    assert grown.resent == 440 / 195
    assert grown.repeated_share == 1 - 195 / 440
    beside = _step(9, purpose="guardrail", input_tokens=10_000)
    assert context([*FAMILY[:2], FAMILY[5], beside]) == grown


def test_a_run_without_calls_and_a_context_of_nothing() -> None:
    with pytest.raises(UsageError, match="no run 'r'"):
        run_tree("r", [])
    assert Context(0, 0).resent is None
    assert Context(0, 0).repeated_share is None


def test_rings_of_runs_end() -> None:
    steps = [
        _step(1, "r", cost=1),
        _step(2, "a", parent_run="b", cost=2),
        _step(3, "b", parent_run="a", cost=4),
        _step(4, "c", parent_run="r", cost=8),
    ]
    tree = run_tree("r", steps)
    assert tree.inclusive.cost == 9  # a and b are below each other, not below r


PARENTS = {"r": None, "r/1": "r", "r/2": "r", "r/1/1": "r/1", "r/1/2": "r/1", "r/1/1/1": "r/1/1"}


@given(st.lists(st.tuples(st.sampled_from(sorted(PARENTS)), st.none() | st.integers(0, 10**18))))
def test_every_call_counts_once(drawn: list[tuple[str, int | None]]) -> None:
    """The inclusive figures of the root are the sums over all calls, whatever is known."""
    chain = [(name, None) for name in PARENTS]
    steps = [
        _step(number, run, parent_run=PARENTS[run], cost=cost, input_tokens=number)
        for number, (run, cost) in enumerate([*chain, *drawn])
    ]
    tree = run_tree("r", steps)
    assert tree.inclusive == totals(steps)
    assert sum(run.own.calls for run in tree.all()) == len(steps)


def test_multipliers() -> None:
    """10 requests, 40 root calls, 60 calls: k = 40 / 10 = 4, a = 60 / 40 = 1.5, n·k·a = 60."""
    found = Multipliers("x", requests=10, root_calls=40, calls=60, nested=3, levels=2)
    assert found.k == 4 and found.a is not None and found.k is not None
    assert found.n * found.k * found.a == found.calls
    assert found.big_t[0] == "cannot be told"


@pytest.mark.parametrize(
    ("root_calls", "calls", "name"),
    [
        (ENOUGH, ENOUGH, "T(n)"),
        (ENOUGH * 3 // 2 - 1, ENOUGH * 3 // 2 - 1, "T(n)"),
        (ENOUGH * 3 // 2, ENOUGH * 3 // 2, "T(n·k)"),
        (100 * ENOUGH, 104 * ENOUGH, "T(n·k)"),
        (100 * ENOUGH, 105 * ENOUGH, "T(n·k·a)"),
        (ENOUGH, 2 * ENOUGH, "T(n·k·a)"),
    ],
)
def test_the_class_that_multipliers_show(root_calls: int, calls: int, name: str) -> None:
    found = Multipliers("x", ENOUGH, root_calls, calls, nested=0, levels=1)
    assert found.big_t[0] == name


def _trajectories(data: Path) -> dict[tuple[str, str], list[Step]]:
    """tau-bench: characters stand for tokens."""
    runs: dict[tuple[str, str], list[Step]] = defaultdict(list)
    with gzip.open(data / "tau_bench" / "gpt4o_airline_calls.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            name = f"{row['task_id']}.{row['trial']}"
            runs[row["task_id"], row["trial"]].append(
                _step(
                    int(row["call_no"]),
                    name,
                    tool=row["tool_name"] or None,
                    input_tokens=int(row["input_chars"]),
                    output_tokens=int(row["output_chars"]),
                )
            )
    return runs


def test_real_trajectories_resend_their_context(shared_data: Path) -> None:
    """200 runs of an airline agent (tau-bench, gpt-4o): 27,344,507 characters sent.

    The published 9.68 and 89.7 % are over whole transcripts, which hold 2,825,117 characters. The
    file has the calls only, so the message after a run's last call is missing: 46 characters a run.
    """
    golden = json.loads((shared_data / "golden.json").read_text())["outcome"]["tau_airline_gpt4o"]
    runs = _trajectories(shared_data)
    assert len(runs) == golden["trajectories"]
    assert sum(map(len, runs.values())) == golden["calls"]
    trees = [run_tree(steps[0].run, steps) for steps in runs.values()]
    calls = [step for tree in trees for step in tree.steps]
    assert sum(step.tool is not None for step in calls) == golden["tool_calls"]
    sent = sum(tree.context.sent for tree in trees)
    final = sum(tree.context.final for tree in trees)
    assert (sent, final) == (27_344_507, 2_815_826)
    whole = Context(sent, 2_825_117)
    assert whole.resent is not None and whole.repeated_share is not None
    assert round(whole.resent, 8) == golden["resend_amplification_chars"]
    assert abs(whole.repeated_share - golden["prefix_share"]) < 1e-8  # its digits are cut off
    assert 0 < whole.final - final < 50 * len(runs)
