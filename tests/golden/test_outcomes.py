"""Published figures about outcomes, computed again from the raw files: by the command line where
the rows are attempts, by the public functions where they are totals.

Data and values: ../shared/data (README.md has sources and licences; golden.json the values).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from jevons import Option, cost_per_success, hindsight, icer, standings
from jevons.interfaces.cli.program import run

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not (DATA / "golden.json").exists(), reason="the real data do not lie beside the checkout"
)
D = Decimal


def golden(name: str) -> Any:
    document = json.loads((DATA / "golden.json").read_text(), parse_float=Decimal)
    return document["outcome"][name]


def same(found: object, printed: Decimal) -> None:
    """Equal to the printed digits: less than one unit of the last one away (one value was printed
    cut off, not rounded)."""
    value = found if isinstance(found, Decimal) else D(str(found))
    assert abs(value - printed) < D(1).scaleb(int(printed.as_tuple().exponent)), (value, printed)


def write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


class Home:
    """A ledger and the command line on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def __call__(self, *arguments: str) -> Any:
        """Run a command; its JSON if it prints some."""
        self.capsys.readouterr()
        assert run(["--home", str(self.folder / "home"), *arguments]) == 0
        text = self.capsys.readouterr().out
        return json.loads(text, parse_float=Decimal) if "--json" in arguments else text

    def table(self, name: str, mapping: dict[str, Any], rows: list[Sequence[object]]) -> None:
        """Import a table of calls. rows: the header first."""
        path = write(self.folder / name, [str(cell) for cell in rows[0]], rows[1:])
        path.with_name(name + ".jevons.yaml").write_text(json.dumps({"rows": "calls", **mapping}))
        said = self("import", "csv", str(path))
        assert f"{len(rows) - 1:,} call" in said and "could not be read" not in said, said

    def outcomes(self, name: str, head: Sequence[str], rows: list[Sequence[object]]) -> None:
        """Import a table of outcomes, each of which must be linked."""
        path = write(self.folder / name, head, rows)
        found = self("outcomes", "import", "csv", str(path), "--json")
        assert (found["new"], found["rejected"], found["unlinked"]) == (len(rows), 0, 0)


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Home:
    return Home(tmp_path, capsys)


def sessions() -> list[dict[str, Any]]:
    text = (DATA / "claude_code_vexp" / "swebench100_opus45.jsonl").read_text()
    return [json.loads(line, parse_float=str) for line in text.splitlines()]


VEXP = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")


def test_claude_code_sessions_as_billed(home: Home) -> None:
    """100 sessions at the cost that the client states: cost, successes, cost per success, failed
    spend."""
    wanted, rows = golden("vexp_claude_code_100"), sessions()
    home.table(
        "sessions.csv",
        {
            "time": {"column": "time"},
            "constants": {"provider": "anthropic", "evidence": "client_log"},
            "fields": {"run": "run", "request_model": "model"},
            "identity": ["run"],
            "cost": {"column": "usd", "by": "client"},
        },
        [("time", "run", "model", "usd"),
         *((r["timestamp"], r["instanceId"], r["model"], r["costUsd"]) for r in rows)],
    )  # fmt: skip
    home.outcomes(
        "resolved.csv",
        ("run", "time", "status"),
        [(r["instanceId"], r["timestamp"], str(r["resolved"]).lower()) for r in rows],
    )
    total = home("unit", "--json")["total"]
    assert (total["attempts"], total["successes"]) == (100, wanted["resolved"])
    same(D(total["spend"]), wanted["costUsd"])
    same(D(total["cost_per_success"]["amount"]), wanted["usd_per_resolved"])
    same(D(total["failed_spend"]) / D(total["spend"]), wanted["failed_spend_share"])
    cost = total["cost_per_success"]
    assert D(cost["low"]) < D(cost["amount"]) < D(cost["high"])


def test_claude_code_sessions_at_list_price(home: Home) -> None:
    """The same tokens priced: claude-opus-4-5 at $5, $0.5 read, $6.25 written, $25 out a million;
    and as if nothing had been cached."""
    wanted, rows = golden("vexp_claude_code_100"), sessions()
    home.table(
        "tokens.csv",
        {
            "time": {"column": "timestamp"},
            "constants": {"provider": "anthropic"},
            "fields": {"run": "instanceId", "request_model": "model"},
            "identity": ["instanceId"],
            "usage": {
                "counting": "cache_outside",
                "input_tokens": "inputTokens",
                "output_tokens": "outputTokens",
                "cache_read_input_tokens": "cacheReadTokens",
                "cache_write_input_tokens": "cacheCreationTokens",
            },
        },
        [("timestamp", "instanceId", "model", *VEXP),
         *((r["timestamp"], r["instanceId"], r["model"], *(r[n] for n in VEXP)) for r in rows)],
    )  # fmt: skip
    total = home("report", "--json")["total"]
    tokens = wanted["tokens"]
    assert total["output_tokens"] == tokens["output"]
    assert total["cache_read_input_tokens"] == tokens["cache_read"]
    assert total["cache_write_input_tokens"] == tokens["cache_write"]
    assert total["input_tokens"] == sum(tokens[n] for n in ("input", "cache_read", "cache_write"))
    same(D(total["list_cost"]), wanted["list_price_of_summed_events"])
    figures = {one["key"]: one["value"] for one in home("kpi", "--json")["figures"]}
    same(D(figures["cache_hit_rate"]), wanted["cache_read_share"])
    # On demand = what was paid / (1 - savings rate): the tokens without any cache.
    on_demand = D(total["effective_cost"]) / (1 - D(figures["effective_savings_rate"]))
    same(on_demand, wanted["no_cache_list"])


def test_tau_bench_trajectories(home: Home) -> None:
    """200 trials of 50 tasks: the calls, the calls of tools, and pass^1 to pass^4. The file has
    characters and no tokens, so every cost is unknown."""
    wanted = golden("tau_airline_gpt4o")
    with gzip.open(DATA / "tau_bench" / "gpt4o_airline_calls.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    home.table(
        "calls.csv",
        {
            "time": {"column": "time"},
            "constants": {"provider": "openai", "request_model": "gpt-4o"},
            "fields": {"run": "run", "task": "task", "tool": "tool"},
            "identity": ["run", "call"],
        },
        [("time", "run", "task", "tool", "call"),
         *((f"2024-06-20T{int(r['call_no']) // 60:02}:{int(r['call_no']) % 60:02}:00Z",
            f"{r['task_id']}/{r['trial']}", r["task_id"], r["tool_name"], r["call_no"])
           for r in rows)],
    )  # fmt: skip
    rewards = {f"{r['task_id']}/{r['trial']}": float(r["reward"]) for r in rows}
    home.outcomes(
        "rewards.csv",
        ("run", "time", "quality", "quality_floor"),
        [(name, "2024-06-21T00:00:00Z", reward, 1) for name, reward in rewards.items()],
    )
    total = home("unit", "--json")["total"]
    assert (total["attempts"], total["unknown_cost"]) == (wanted["trajectories"], 200)
    assert total["cost_per_success"]["amount"] is None is total["spend"]
    for k, printed in enumerate(wanted["pass^k"], 1):
        assert abs(total["pass_k"][str(k)] - printed) < D("0.000001")  # printed to six digits
    by_tool = home("report", "--by", "tool", "--json")["rows"]
    assert sum(row["calls"] for row in by_tool) == wanted["calls"]
    assert sum(row["calls"] for row in by_tool if row["tool"]) == wanted["tool_calls"]


TOKENS = {"M": D(10) ** 6, "K": D(10) ** 3, "B": D(10) ** 9}


def millions(text: str) -> int | None:
    return int(D(text[:-1]) * TOKENS[text[-1]]) if text not in ("", "None", "nan") else None


BOARD = ("time", "run", "agent", "model", "provider", "in", "out", "usd")
CALL = 150_000
"""Input tokens of a call, below every long-context price: a row of the board is a sum of calls."""


def calls_of(row: Sequence[Any]) -> list[Sequence[object]]:
    """A row of the board as calls of at most that size, numbered."""
    tokens, answer = int(row[5] or 0), int(row[6] or 0)
    count = max(1, -(-tokens // CALL))
    shares = [(tokens * (n + 1) // count - tokens * n // count,
               answer * (n + 1) // count - answer * n // count) for n in range(count)]  # fmt: skip
    return [(*row[:5], *share, number) for number, share in enumerate(shares)]


def test_terminal_bench_boards(home: Home) -> None:
    """56 agent and model rows: 53 with a cost, 3 unknown; and every board cost that can be checked
    is tokens x list price without any cache discount (within 2 %)."""
    wanted = golden("tb2")
    with (DATA / "terminal_bench" / "tb2_leaderboard_56.csv").open() as file:
        rows = list(csv.DictReader(file))
    providers = {"gpt": "openai", "claude": "anthropic", "grok": "x-ai", "gemini": "google"}
    table: list[Sequence[object]] = [BOARD]
    for number, row in enumerate(rows):
        model = row["model_name"]
        provider = next((p for n, p in providers.items() if model.startswith(n)), "other")
        cost = row["total_avg_cost_usd"].lstrip("$").replace(",", "")
        table.append((
            "2025-11-15T00:00:00Z", f"r{number}", row["agent_name"], model, provider,
            millions(row["total_avg_n_input_tokens"]) or "",
            millions(row["total_avg_n_output_tokens"]) or "",
            "" if cost in ("None", "nan") else cost,
        ))  # fmt: skip
    mapping = {
        "time": {"column": "time"},
        "fields": {"run": "run", "harness": "agent", "request_model": "model",
                   "provider": "provider"},
        "identity": ["run"],
        "empty": [""],
    }  # fmt: skip
    home.table("stated.csv", {**mapping, "cost": {"column": "usd", "by": "client"}}, table)
    total = home("report", "--json")["total"]
    assert total["calls"] == wanted["rows"]
    assert total["calls"] - total["unknown_calls"] == wanted["rows_with_cost"]
    listed = Home(home.folder / "list", home.capsys)
    listed.folder.mkdir()
    usage = {"counting": "inclusive", "input_tokens": "in", "output_tokens": "out"}
    split = [call for row in table[1:] for call in calls_of(row)]
    head = (*BOARD[:7], "call")
    by_call = {**mapping, "identity": ["run", "call"], "usage": usage}
    listed.table("tokens.csv", by_call, [head, *split])
    priced = {r["run"]: r["list_cost"] for r in listed("report", "--by", "run", "--json")["rows"]}
    stated = {str(row[1]): D(str(row[7])) for row in table[1:] if row[7]}
    flat = {str(row[1]) for row in table[1:] if row[4] != "other" and row[5] and row[7]}
    ratios = {n: D(priced[n]) / stated[n] for n in flat if priced[n] is not None}
    near = [name for name, share in ratios.items() if abs(share - 1) <= D("0.02")]
    assert wanted["list_price_recompute"].startswith(f"{len(near)} of {len(ratios)} ")


def test_routerarena(home: Home) -> None:
    """809 queries to two models: tokens, cost and accuracy of each, tokens x list price = cost in
    every row, and the oracle that would have known the better answer."""
    wanted = golden("routerarena_809")
    with (DATA / "routerarena" / "haiku3_vs_gemini2flash.csv").open() as file:
        rows = list(csv.DictReader(file))
    models = {
        "haiku3": ("anthropic", "claude-3-haiku-20240307", "claude-3-haiku"),
        "gemini2flash": ("google", "gemini-2.0-flash-001", "gemini-2.0-flash"),
    }
    table: list[Sequence[object]] = [("time", "run", "provider", "model", "in", "out")]
    for row in rows:
        for short, (provider, model, _) in models.items():
            tokens = (row[f"{short}_input_tokens"], row[f"{short}_output_tokens"])
            run_id = f"{row['global_index']} {short}"
            table.append(("2025-06-01T00:00:00Z", run_id, provider, model, *tokens))
    home.table(
        "queries.csv",
        {
            "time": {"column": "time"},
            "fields": {"run": "run", "provider": "provider", "request_model": "model"},
            "identity": ["run"],
            "usage": {"counting": "inclusive", "input_tokens": "in", "output_tokens": "out"},
        },
        table,
    )
    report = home("report", "--by", "request_model", "--json")["rows"]
    by_model = {row["request_model"]: row for row in report}
    for short, (_, model, name) in models.items():
        found, printed = by_model[model], wanted[name]
        assert (found["input_tokens"], found["output_tokens"]) == (printed["in"], printed["out"])
        same(D(found["list_cost"]), printed["cost"])
        scores = sum(D(row[f"{short}_score"]) for row in rows)
        same(scores / len(rows), printed["acc"])
    costs = {
        row["run"]: D(row["list_cost"]) for row in home("report", "--by", "run", "--json")["rows"]
    }
    checked = [
        abs(costs[f"{row['global_index']} {short}"] - D(row[f"{short}_inference_cost_usd"]))
        for row in rows for short in models
    ]  # fmt: skip
    assert max(checked) <= D("1e-9")
    assert wanted["price_check"].startswith(f"{len(rows)}/809 rows")
    cost, quality = hindsight([
        {short: (D(row[f"{short}_inference_cost_usd"]), D(row[f"{short}_score"]))
         for short in models} for row in rows
    ])  # fmt: skip
    same(quality / len(rows), wanted["oracle"]["acc"])
    same(cost, wanted["oracle"]["cost"])


def test_aider_polyglot() -> None:
    """Cost per solved exercise of 225, from the totals of every row; a total cost of 0 was not
    recorded, so it is unknown and never free."""
    wanted = golden("aider_polyglot_usd_per_solved")
    text = (DATA / "aider" / "polyglot_leaderboard.yml").read_text()
    rows = yaml.load(text, Loader=yaml.BaseLoader)
    found: dict[str, Decimal | None] = {}
    unknown = 0
    for row in rows:
        cost = D(row.get("total_cost", "0")) or None
        unknown += cost is None
        solved = int(row["pass_num_2"])
        found[row["model"]] = cost_per_success(cost, solved)
        assert (found[row["model"]] is None) is (cost is None)
    assert (len(rows), unknown) == (69, 18)
    for model, printed in wanted.items():
        value = found[model]
        assert value is not None
        same(value, printed)


def test_boards_of_which_only_totals_are_public() -> None:
    """SWE-bench: cost per resolved task, and what one more costs when a dearer model does it."""
    board = golden("swebench_bash_only")
    for row in board.values():
        value = cost_per_success(row["cost"], row["resolved"])
        assert value is not None
        same(value, row["usd_per_resolved"])
    for row in golden("swebench_pro_616").values():
        value = cost_per_success(row["cost"], row["resolved"])
        assert value is not None
        same(value, row["usd_per_resolved"])
    options = {
        name: Option(name, _fraction(row["cost"]) / 500, _fraction(row["resolved"]) / 500)
        for name, row in board.items()
    }
    steps = {
        "mini->gpt5": ("gpt-5-mini", "gpt-5"),
        "gpt5->sonnet45": ("gpt-5", "sonnet-4-5"),
        "sonnet4->sonnet45": ("sonnet-4", "sonnet-4-5"),
    }
    for name, printed in golden("icer_usd_per_extra_resolved").items():
        step = icer(*(options[one] for one in steps[name]))
        assert step is not None
        same(D(step.numerator) / D(step.denominator), printed)
    front = standings(list(options.values()))
    assert [one.on_front for one in front] == [True, True, False, True]  # Sonnet 4 is behind GPT-5


def _fraction(value: Decimal | int) -> Any:
    from fractions import Fraction

    return Fraction(value)
