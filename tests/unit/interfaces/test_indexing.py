"""`jevons index` over a ledger of two models, three months, and sums that can be done by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.interfaces.cli.program import run

Cli = Callable[..., str]


def call(number: int, month: str, task: str, model: str, tokens: int) -> str:
    """One call of gpt-4o (2.50 USD per million tokens in) or gpt-4o-mini (0.15)."""
    return json.dumps(
        {
            "provider": "openai",
            "time": f"2026-{month}-10T12:00:00Z",
            "response_id": f"chatcmpl-{number:032}",
            "request_model": model,
            "task": task,
            "task_type": "review",
            "usage": {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens},
        }
    )


CALLS = (
    ("01", "t1", "gpt-4o", 1_000_000),
    ("01", "t2", "gpt-4o", 1_000_000),
    ("02", "t3", "gpt-4o", 2_000_000),
    ("02", "t4", "gpt-4o-mini", 2_000_000),
    ("03", "t5", "gpt-4o-mini", 6_000_000),
    ("03", "t5", "gpt-4o-mini", 6_000_000),
    ("03", "t5", "gpt-0-nano", 1_000_000),
)
"""January 2 tasks, 2 M tokens, $5.00. February 2 tasks, 4 M tokens, $5.30. March 1 task, 13 M
tokens, $1.80, and a call of no known price."""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(call(n, *values) + "\n" for n, values in enumerate(CALLS)))
    assert run(("import", "events", str(file))) == 0
    capsys.readouterr()

    def execute(*arguments: str, code: int = 0, columns: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        assert run(arguments) == code
        captured = capsys.readouterr()
        return captured.err if code else captured.out

    return execute


def series(cli: Cli, *arguments: str) -> dict[str, Any]:
    document = json.loads(cli("index", "--json", *arguments))
    found = {one["name"]: one for one in document["series"]}
    return {**document, **found}


def test_the_five_lines_by_hand(cli: Cli) -> None:
    found = series(cli)
    assert found["periods"] == ["2026-01", "2026-02", "2026-03"]
    # No price of a model moves; in March nothing is of February's gpt-4o, but its mini is.
    assert found["matched_model"]["index"] == ["100", "100", "100"]
    # Review: $2.50 per million tokens, then 5.30 / 4 = 1.325, then 1.80 / 12 = 0.15.
    assert found["same_job"]["index"] == ["100", "53", "6"]
    # Per task $2.50, $2.65, $1.80.
    assert found["job_cost"]["index"] == ["100", "106", "72"]
    assert found["tokens_per_task"]["values"] == ["1000000", "2000000", "13000000"]
    assert found["tokens_per_task"]["index"] == ["100", "200", "1300"]
    assert found["calls_per_task"]["index"] == ["100", "100", "300"]
    assert [Decimal(x) for x in found["spend"]["values"]] == [5, Decimal("5.3"), Decimal("1.8")]
    assert found["spend"]["index"] == ["100", "106", "36"]
    assert found["matched_share"] == [None, "0.943396", "1"]  # 5.00 of 5.30, all of 1.80
    assert found["unknown_calls"] == [0, 0, 1]


def test_no_outcomes_no_cost_per_success(cli: Cli) -> None:
    found = series(cli)["cost_per_success"]
    assert found["index"] == found["values"] == [None, None, None]
    assert "outcomes import" in found["reason"]
    floored = series(cli, "--floor", "0.8")
    assert floored["same_job"]["index"] == ["100", None, None]
    assert "quality floor" in floored["same_job"]["reason"]
    assert floored["quality_floor"] == "0.8"


def test_outcomes_give_cost_per_success_and_a_quality_floor(cli: Cli, tmp_path: Path) -> None:
    """January 1 of 2 tasks succeeds: $5.00 a success; February both: $2.65."""
    file = tmp_path / "outcomes.csv"
    states = {"t1": "succeeded", "t2": "failed", "t3": "succeeded", "t4": "succeeded"}
    lines = [f"{task},{state},2026-02-20T00:00:00Z" for task, state in states.items()]
    file.write_text("\n".join(["task,status,time", *lines]) + "\n")
    cli("outcomes", "import", str(file))
    found = series(cli)
    assert found["cost_per_success"]["values"] == ["5", "2.65", None]
    assert found["cost_per_success"]["index"] == ["100", "53", None]
    assert series(cli, "--floor", "0.5")["same_job"]["index"] == ["100", "53", None]
    assert series(cli, "--floor", "0.9")["same_job"]["index"] == ["100", None, None]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_chart_and_the_table_fit(cli: Cli, columns: int) -> None:
    text = cli("index", columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    for title in ("same model", "same job", "tokens per task", "calls per task", "total spend"):
        assert title in text
    assert "price, same job −94.0\N{NO-BREAK SPACE}%" in text.replace("\n  ", " ")
    assert "No price is known of 1 call" in text


def test_weeks_bounds_and_nothing(cli: Cli) -> None:
    found = series(cli, "--by", "week", "--since", "2026-02-01")
    assert found["periods"] == ["2026-W07", "2026-W11"]
    assert found["partial"] == ["2026-W07"], "the first of February 2026 is a Sunday"
    assert series(cli, "--since", "2026-02")["partial"] == []
    assert "an index needs two periods" in cli("index", "--since", "2026-03")
    assert cli("index", "--since", "2027-01") == "No call matches.\n"
    assert "not a share: '7'" in cli("index", "--floor", "7", code=2)
