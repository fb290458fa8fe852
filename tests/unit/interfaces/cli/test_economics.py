"""outcomes, unit, worth and kpi on a small ledger: what they print, and their JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app.economics import Given
from jevons.app.results import Query
from jevons.interfaces.cli.program import run
from tests.unit.stores.sample import SECOND, T0, call, opened, price_of

Command = Callable[..., tuple[int, str, str]]

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "outcomes"
RUNS = 40
"""Every run is one call; three of four succeed, worth $2 after 3 human minutes."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("economics")
    with opened(folder / "home") as jevons:
        store: Any = jevons.store
        store.seal(
            [
                call(
                    n, run=f"r{n}", team="web" if n % 2 else "data", task_type="fix",
                    request_model="claude-opus-4-8" if n < 20 else "claude-haiku-4-5",
                    harness_version=f"{n % 3}",
                )
                for n in range(RUNS)
            ]
        )  # fmt: skip
    lines = ["run,time,status,value,value_provenance,human_minutes,loss"]
    lines += [
        f"r{n},2026-09-22T00:00:00Z,{'success' if n % 4 else 'failed'},2,sampled,3,"
        + ("10" if n == 0 else "")
        for n in range(RUNS - 1)
    ]
    lines.append("nowhere,2026-09-22T00:00:00Z,success,2,measured,3,")
    (folder / "o.csv").write_text("\n".join(lines) + "\n")
    assert run(["--home", str(folder / "home"), "outcomes", "import", str(folder / "o.csv")]) == 0
    return folder / "home"


@pytest.fixture
def jevons(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    def command(*arguments: str, width: int = 80) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(width))
        capsys.readouterr()
        code = run(["--home", str(home), *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return command


def document(jevons: Command, *arguments: str) -> Any:
    code, out, _ = jevons(*arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_unit_json_is_what_is_promised(jevons: Command) -> None:
    found = document(jevons, "unit", "--by", "team", "--hourly-rate", "60")
    rows = {row["team"]: row for row in found["rows"]}
    assert rows["web"]["attempts"] + rows["data"]["attempts"] == RUNS == found["total"]["attempts"]
    total = found["total"]
    assert (total["successes"], total["failures"], total["without_outcome"]) == (29, 10, 1)
    # 39 decided runs: their calls, 3 minutes each at $1, and one loss of $10; 29 successes.
    calls = Decimal(total["spend"]) - Decimal(total["spend_without_outcome"])
    cost = total["cost_per_success"]
    assert abs(Decimal(cost["amount"]) * 29 - (calls + 39 * 3 + 10)) < Decimal("1e-9")
    assert Decimal(cost["low"]) < Decimal(cost["amount"]) < Decimal(cost["high"])
    assert total["review"] == "117" and total["loss"] == "10" and total["human_minutes"] == "117"
    assert (found["outcomes"], found["unlinked_outcomes"]) == (40, 1)
    assert isinstance(total["spend"], str) and isinstance(total["success_rate"], float)
    assert "pareto" not in rows["web"]


def test_unit_compares_models_on_the_front(jevons: Command) -> None:
    found = document(jevons, "unit", "--by", "task_type,request_model")
    assert found["compared"] == ["request_model"]
    rows = {row["request_model"]: row for row in found["rows"]}
    assert rows["claude-haiku-4-5"]["pareto"] is True
    code, out, _ = jevons("unit", "--by", "request_model", width=120)
    assert code == 0 and "front" in out and "add task_type to --by" in out


def test_small_samples_say_so(jevons: Command) -> None:
    found = document(jevons, "unit", "--by", "harness_version")
    assert all(row["small_sample"] for row in found["rows"])
    assert "small sample" in jevons("unit", "--by", "harness_version")[1]


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize(
    "arguments",
    [
        ("unit", "--by", "team"),
        ("unit", "--by", "task_type,request_model,harness_version", "--hourly-rate", "60"),
        ("worth",),
        ("worth", "--by", "team", "--hourly-rate", "60"),
        ("kpi", "--hourly-rate", "60"),
        ("outcomes", "list"),
    ],
)
def test_tables_fit(jevons: Command, arguments: tuple[str, ...], width: int) -> None:
    code, out, _ = jevons(*arguments, width=width)
    assert code == 0
    assert max(map(len, out.splitlines())) <= width


def test_what_a_table_leaves_out_is_said(jevons: Command) -> None:
    _, out, _ = jevons("unit")
    text = " ".join(out.split())
    assert "1 attempt without outcome" in text
    assert "1 of 40 outcomes speak of nothing that the ledger knows." in text
    assert "--hourly-rate USD adds them" in text
    assert "≥$" in text


def test_nothing_in_the_period(jevons: Command) -> None:
    assert "No attempt began" in jevons("unit", "--since", "2030-01-01")[1]
    assert "No attempt began" in jevons("worth", "--since", "2030-01-01")[1]
    code, _, err = jevons("kpi", "--since", "2030-01-01")
    assert code == 2 and "no call lies in this period" in err


def test_worth_says_what_is_missing(jevons: Command) -> None:
    found = document(jevons, "worth")
    (row,) = found["rows"]
    assert row["verdict"] == "cannot be told yet"
    assert row["missing"] == ["117 human minutes have no hourly rate"]
    paid = document(jevons, "worth", "--hourly-rate", "60")["rows"][0]
    assert (paid["verdict"], paid["value_provenance"], paid["value"]) == ("no", "sampled", "58")
    cheap = document(jevons, "worth", "--hourly-rate", "6")["rows"][0]
    assert cheap["verdict"] == "yes"
    assert Decimal(cheap["net"]["low"]) > 0
    _, out, _ = jevons("worth", width=120)
    assert "117 human minutes have no hourly rate (--hourly-rate USD or a boundary)." in out
    assert document(jevons, "worth")["charges_not_included"] is None and "Not in these" not in out
    team = document(jevons, "worth", "--by", "team", "--hourly-rate", "6")["rows"][0]
    assert (team["verdict"], team["missing"]) == ("not settled", ["fewer than 30 decided attempts"])


def test_what_a_cost_per_success_is_divided_by(tmp_path: Path, capsys: Any) -> None:
    ledger = ["--home", str(tmp_path / "home")]
    with opened(tmp_path / "home") as books:
        books.store.seal(
            [
                call(1, run="r1"),
                call(2, run="r2"),
                call(3, run="r3", request_model="made-up", response_model="made-up"),
            ]
        )
    lines = ["run,time,status", *(f"r{n},2026-09-22T00:00:00Z,success" for n in (1, 2, 3))]
    (tmp_path / "o.csv").write_text("\n".join(lines) + "\n")
    assert run([*ledger, "outcomes", "import", str(tmp_path / "o.csv")]) == 0
    capsys.readouterr()
    assert run([*ledger, "unit", "--json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    assert (total["successes"], total["priced_successes"]) == (3, 2)
    assert Decimal(total["cost_per_success"]["amount"]) * 2 == Decimal(total["spend"])


def test_kpi_json(jevons: Command, tmp_path: Path) -> None:
    pay = tmp_path / "pay.csv"
    pay.write_text("team,pay\nweb,365000\n")
    found = document(
        jevons, "kpi", "--since", "2026-09-21", "--until", "2026-09-22", "--budget", "1",
        "--pay", str(pay),
    )  # fmt: skip
    figures = {one["key"]: one for one in found["figures"]}
    spend = Decimal(document(jevons, "report")["total"]["effective_cost"])
    assert Decimal(figures["cost_per_call"]["value"]) * RUNS == pytest.approx(spend)
    assert Decimal(figures["budget_burnt"]["value"]) == pytest.approx(spend * 100)
    assert figures["cost_per_thought_full"]["missing"].startswith("no other charges declared")
    assert figures["value_for_ai"]["published_formula"] is True
    (row,) = found["pay"]
    assert (row["name"], row["pay"]) == ("web", "1000")  # a day of 365
    web = Decimal(row["spend"])
    assert Decimal(figures["spend_over_pay"]["value"]) == pytest.approx(web * 100 / 1000)
    assert "team web" in jevons("kpi", "--pay", str(pay))[1]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("unit", "--hourly-rate", "much"), 2, "--hourly-rate much: not an amount"),
        (("worth", "--hourly-rate", "-1"), 2, "not an amount"),
        (("unit", "--by", "colour"), 2, "unknown dimension"),
        (("kpi", "--budget", "0"), 2, "--budget 0"),
        (("kpi", "--pay", "no-such-file.csv"), 3, "cannot be read"),
        (("outcomes", "import", "nothing-there.csv"), 3, "does not exist"),
        (("outcomes", "import", "tickets", "README.md", "pyproject.toml"), 2, "unknown format"),
        (("outcomes", "import", "README.md", "--floor", "x"), 2, "--floor x"),
    ],
)
def test_mistakes(
    jevons: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int,
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(Path(__file__).resolve().parents[4])
    found, _, err = jevons(*arguments)
    assert (found, said in err) == (code, True), err


def test_a_pay_file_names_its_wrong_line(jevons: Command, tmp_path: Path) -> None:
    pay = tmp_path / "pay.csv"
    pay.write_text("team,pay\nweb,100\n,5\n")
    code, _, err = jevons("kpi", "--pay", str(pay))
    assert code == 3 and "line 3" in err


def test_import_tells_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = ["--home", str(tmp_path / "home")]
    source = ["outcomes", "import", str(FIXTURES / "scores.json")]
    assert run([*ledger, *source, "--dry-run"]) == 0
    assert "Would read 3 reports" in capsys.readouterr().out
    assert run([*ledger, *source, "--strict", "--floor", "correctness=0.9"]) == 6
    out = capsys.readouterr().out
    assert "3 reports added." in out and "2 lines could not be read: jevons rejects" in out
    assert "3 of all 3 outcomes speak of nothing" in out
    assert run([*ledger, *source, "--floor", "correctness=0.9", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["new"], again["repeated"], again["rejected"]) == (0, 3, 2)
    assert run([*ledger, "outcomes", "list", "--json"]) == 0
    rows = {row["id"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["s2"]["standing"] == "failed"  # 0.8 is below the floor given
    assert run([*ledger, "rejects", "--json"]) == 0
    assert "SECRET-TEXT" not in capsys.readouterr().out
    # Reading the file as usage finds none, and leaves what was refused here alone.
    assert run([*ledger, *source, "--floor", "correctness=0.7", "--json"]) == 0
    changed = json.loads(capsys.readouterr().out)
    assert (changed["superseding"], changed["contradictory"]) == (1, 1)
    assert run([*ledger, *source, "--floor", "correctness=0.7", "--revision", "1"]) == 0
    assert "2 of them" not in capsys.readouterr().out
    assert run([*ledger, "outcomes", "list", "--json"]) == 0
    rows = {row["id"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (rows["s2"]["standing"], rows["s2"]["revision"]) == ("succeeded", 1)


def test_a_pull_request_gives_a_session_its_fate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path / "home") as books:
        session = "be1ada0a-bac6-4bf9-a268-16cb73f6539b"
        store: Any = books.store
        store.seal([call(1, run=session, session=session), call(2, run="other")])
    ledger = ["--home", str(tmp_path / "home")]
    files = [str(FIXTURES / name) for name in ("pulls.json", "session.jsonl")]
    assert run([*ledger, "outcomes", "import", *files]) == 0
    capsys.readouterr()
    assert run([*ledger, "unit", "--json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    assert (total["attempts"], total["successes"], total["without_outcome"]) == (2, 1, 1)
    assert Decimal(total["cost_per_success"]["amount"]) == price_of(1)


def test_outcomes_list_as_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = ["--home", str(tmp_path / "home")]
    assert run([*ledger, "outcomes", "list"]) == 0
    assert "holds no outcomes" in capsys.readouterr().out
    now = [T0]
    with opened(tmp_path / "home", lambda: now[0]) as books:
        from jevons.vocabulary.outcome import Outcome

        for step, status in enumerate(("failed", "succeeded")):
            now[0] = T0 + step * 3600 * SECOND
            one = Outcome(id="a", time=T0 + step, run="r", status=status)
            books.store.record_outcomes([one])
    for moment, status in (("2026-09-21T14:30:00Z", "failed"), ("2026-09-22", "succeeded")):
        assert run([*ledger, "outcomes", "list", "--as-of", moment, "--json"]) == 0
        (row,) = map(json.loads, capsys.readouterr().out.splitlines())
        assert row["status"] == status


BOUNDARY = """schema = "jevons.boundary/v1"
name = "company"

[in]
people = "review"

[[element]]
kind = "people"
name = "review"
valid_from = 2026-09-01
from_outcomes = true
rate = 60
source = "finance"

[[element]]
kind = "platform"
name = "tracing"
valid_from = 2026-09-01
valid_to = 2026-10-01
price = 30
per = "month"
source = "invoice"
"""


def test_worth_says_which_charges_it_leaves_out(home: Path, tmp_path: Path, capsys: Any) -> None:
    shutil.copytree(home, tmp_path / "home")
    (tmp_path / "b.toml").write_text(BOUNDARY)
    with opened(tmp_path / "home") as jevons:
        jevons.add_boundary(tmp_path / "b.toml")
        report = jevons.worth(Query(since="2026-09", until="2026-10", where=(("team", "web"),)))
        assert report.charges == 30  # the tracing of the company, without the minutes of outcomes
    asked = ["worth", "--since", "2026-09", "--until", "2026-10", "--home", str(tmp_path / "home")]
    capsys.readouterr()
    assert run(asked) == 0
    said = " ".join(capsys.readouterr().out.split())
    told = "$30.00 of declared charges that are of no single task (jevons tca)."
    assert f"Not in these costs: {told}" in said
    assert run([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["charges_not_included"] == "30"


def test_what_is_declared_needs_no_flag(home: Path, tmp_path: Path) -> None:
    """The boundary's rate prices minutes, its charges are in the full stack, each once."""
    shutil.copytree(home, tmp_path / "home")
    (tmp_path / "b.toml").write_text(BOUNDARY)

    with opened(tmp_path / "home") as jevons:
        jevons.add_boundary(tmp_path / "b.toml")
        september = Query(since="2026-09", until="2026-10")
        assert jevons.unit(september).total.review == Decimal(117)  # 117 minutes at $60
        assert jevons.unit(september, Decimal(120)).total.review == Decimal(234)
        assert jevons.worth(september).hourly_rate == Decimal(60)
        found = {f.definition.key: f for f in jevons.kpi(september, Given()).figures}
        assert found["cost_per_thought_full"].value is not None
        thought = found["cost_per_thought_full"].value - (
            found["cost_per_thought_llm"].value or Decimal(0)
        )
        assert thought == Decimal("0.75")  # $30 of tracing over 40 requests
        assert not found["tco_per_workload"].note
        part = jevons.kpi(
            Query(since="2026-09", until="2026-10", where=(("team", "web"),)), Given()
        )
        by_key = {f.definition.key: f for f in part.figures}
        assert by_key["cost_per_thought_full"].value is None
