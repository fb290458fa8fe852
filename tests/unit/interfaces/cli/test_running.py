"""`run`, `runs` and `purposes` on a small real ledger: what is printed, and the JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jevons.interfaces.cli.program import run
from tests.unit.stores.sample import call, opened

Told = Callable[..., str]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Told:
    """What a command says of a ledger with one run of five calls and a sub-agent."""
    main: dict[str, Any] = {"run": "root-1", "task_type": "fix", "agent": "main"}
    below: dict[str, Any] = {
        "run": "root-1/x\x1b[31m", "parent_run": "root-1", "parent_step": "s1", "agent": "explore",
    }  # fmt: skip
    with opened(tmp_path) as jevons:
        jevons.store.seal(
            [
                call(1, **main, step="s1", tool="grep", block_hashes=["1" * 16], latency_ms=1500),
                call(2, **below, step="s1"),
                call(3, **main, step="s1", tool="grep", block_hashes=["1" * 16]),
                call(4, **main, step="s2", request_model="made-up", response_model="made-up"),
                call(5, **main, step="s3", usage=None, status="error", error="overloaded"),
                call(6, run="other", task_type="fix"),
            ]
        )

    def say(*arguments: str, columns: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        assert run([*arguments, "--home", str(tmp_path)]) == 0
        out: str = capsys.readouterr().out
        return out

    return say


def test_a_run_is_a_tree(told: Told) -> None:
    lines = told("run", "root", columns=120).splitlines()
    tree = [
        "run root-1",
        "├─ s1 grep",
        "├─ explore x\\x1b[31m",
        "│  └─ s1 explore",
        "├─ s1 grep",
        "├─ s2 main",
    ]
    shown = [
        line[: len(wanted) + 2].rstrip() for line, wanted in zip(lines[3:9], tree, strict=True)
    ]
    assert shown == tree
    assert lines[9].startswith("└─ s3 main") and "failed" in lines[9]
    # 101 + 103 tokens in at $5 a million, 2 x 10 out at $25: the run's own known cost. The call of
    # the unknown model and the failed one are not known, so both sums are at least.
    assert "≥$0.0015" in lines[3] and "≥$0.0022" in lines[3]
    notes = "\n".join(lines)
    assert "1 sub-agent" in notes and "Asked again: 1 call" in notes
    assert "2 calls without a price" in notes and "1 call failed." in notes
    assert "\x1b" not in notes


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(told: Told, columns: int) -> None:
    for arguments in (["run", "root-1"], ["runs"], ["runs", "--by", "task_type"], ["purposes"]):
        for line in told(*arguments, columns=columns).splitlines():
            assert len(line) <= columns


def test_the_document_of_a_run(told: Told) -> None:
    document = json.loads(told("run", "root-1", "--json"))
    assert document["own"]["cost"] == "0.00152"  # 204 x 5e-6 + 20 x 25e-6
    assert document["inclusive"]["cost"] == "0.00228"  # and 102 x 5e-6 + 10 x 25e-6 below
    assert document["inclusive"]["unknown_calls"] == 2
    assert [step["purpose"] for step in document["steps"]] == ["tool", "retry", "answer", "unknown"]
    assert document["steps"][2]["cost"] is None
    (child,) = document["children"]
    assert (child["agent"], child["started_by"]) == ("explore", "s1")


def test_steps_that_do_not_fit_are_summed(told: Told) -> None:
    out = told("run", "root-1", "--steps", "1")
    assert "… 3 more steps" in out


def test_runs_and_task_types(told: Told) -> None:
    document = json.loads(told("runs", "--json"))
    assert (document["requests"], document["standing_out"]) == (2, 0)
    (row,) = document["task_types"]
    assert (row["requests"], row["calls"], row["levels"], row["with_sub_agents"]) == (2, 6, 2, 1)
    assert (row["class"], row["cost"], row["p99_cost"]) == ("cannot be told", "0.00306", "0.00078")
    assert told("runs", "--where", "task_type=none") == "No run matches.\n"


def test_runs_are_listed_when_none_stands_out(told: Told) -> None:
    lines = told("runs", columns=120).splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["root-1", "other"]  # the costliest first
    assert lines[0].endswith("why") and lines[3].endswith("$0.00078")
    notes = " ".join("".join(f"{line} " for line in lines[4:]).split())
    assert notes.startswith("None of 2 runs stands out · too few runs of a task type (fewer than")
    assert "--top N" not in notes
    first = told("runs", "--sort", "time", "--top", "1", columns=120)
    assert "root-1" in first and "other" not in first and "1 are shown" in first
    rows = json.loads(told("runs", "--json"))["runs"]
    assert [(row["run"], row["stands_out"], row["reasons"]) for row in rows] == [
        ("root-1", False, []),
        ("other", False, []),
    ]


def test_all_runs_beside_one_that_stands_out(tmp_path: Path, capsys: Any) -> None:
    asked = {"run": "loop", "block_hashes": ["1" * 16]}
    with opened(tmp_path) as jevons:
        jevons.store.seal([*(call(n, **asked) for n in range(1, 7)), call(7, run="plain")])
    shown = []
    for flags in ([], ["--all"]):
        assert run(["runs", "--json", *flags, "--home", str(tmp_path)]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["standing_out"] == 1
        shown.append([(row["run"], row["stands_out"]) for row in document["runs"]])
    assert shown == [[("loop", True)], [("loop", True), ("plain", False)]]


def test_rules_and_what_they_decided(told: Told) -> None:
    rules = {r["rule"]: r["calls"] for r in json.loads(told("purposes", "--json"))["rules"]}
    decided = {name: calls for name, calls in rules.items() if calls}
    assert decided == {
        "tool-named": 1, "repeated-prompt": 1, "sub-agent-run": 1, "answer-end": 2, "no-rule": 1,
    }  # fmt: skip


def test_what_runs_cannot_be_grouped_by(tmp_path: Path, capsys: Any) -> None:
    assert run(["runs", "--by", "team", "--home", str(tmp_path)]) == 2
    assert "Write --by task_type." in capsys.readouterr().err
    assert run(["run", "nothing", "--home", str(tmp_path)]) == 2
    assert "there is no run 'nothing'" in capsys.readouterr().err
