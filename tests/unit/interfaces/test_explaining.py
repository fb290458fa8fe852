"""`jevons explain` over a ledger that holds the generated company."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.analysis.bridge.effects import EFFECTS
from jevons.app.company.causes import CAUSES
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons
from jevons.interfaces.cli.program import run

EVENTS = 20_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("company") / "home"
    with open_jevons(Settings(home=place)) as books:
        books.generate(EVENTS, 7, None)
    return place


Cli = Callable[..., str]


@pytest.fixture
def cli(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    def execute(*arguments: str, code: int = 0, columns: int = 80) -> str:
        monkeypatch.setenv("JEVONS_HOME", str(home))
        monkeypatch.setenv("COLUMNS", str(columns))
        assert run(arguments) == code
        captured = capsys.readouterr()
        return captured.err if code else captured.out

    return execute


def explain(cli: Cli, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("explain", *arguments, "--json"))
    return found


def total(rows: list[dict[str, Any]], name: str = "amount") -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


MONTHS = ("2026-08", "2026-09")


def test_everything_sums_to_the_change_of_the_reports(cli: Cli) -> None:
    found = explain(cli, *MONTHS)
    bills = []
    for month, end in (("2026-08", "2026-09"), ("2026-09", "2026-10")):
        report = json.loads(cli("report", "--since", month, "--until", end, "--json"))["total"]
        bills.append(report)
    delta = Decimal(bills[1]["effective_cost"]) - Decimal(bills[0]["effective_cost"])
    assert Decimal(found["delta"]) == delta
    assert total(found["effects"]) == total(found["lines"], "delta") == delta
    assert sum(map(Decimal, found["groups"].values())) == delta
    kinds = [e for e in found["effects"] if e.get("part_of") == "token_kind_mix"]
    assert total(kinds) == Decimal(found["token_kind_mix"])
    for side, bill in zip(("from", "to"), bills, strict=True):
        for name in ("calls", "unknown_calls", "lower_bound_calls"):
            assert found[side][name] == bill[name]
        assert Decimal(found[side]["cost"]) == Decimal(bill["effective_cost"])
    for line in found["lines"]:
        assert sum(map(Decimal, line["effects"].values())) == Decimal(line["delta"])
        assert Decimal(line["to_cost"]) - Decimal(line["from_cost"]) == Decimal(line["delta"])


def test_the_contract_of_the_document(cli: Cli) -> None:
    found = explain(cli, *MONTHS, "--top", "3")
    assert [e["name"] for e in found["effects"]] == [e.name for e in EFFECTS]
    assert {e["group"] for e in found["effects"]} == {"Price", "Volume", "Mix", "Lines", "Other"}
    assert len(found["lines"]) == 3 and found["lines_cut"] > 0
    assert total(found["lines"], "delta") + Decimal(found["rest"]["delta"]) == Decimal(
        found["delta"]
    )
    assert set(found["lines"][0]) == {
        "team", "task_type", "model", "from_cost", "to_cost", "delta", "effects",
    }  # fmt: skip
    assert (found["from"]["days"], found["to"]["days"]) == ("31", "30")
    assert "not equally long (31 and 30 days)" in found["summary"]
    assert found["method"] == "shapley" and found["provenance"] == "reported"
    assert found["from"]["unknown_calls"] and "No price is known of" in found["summary"]


def test_the_way_back_is_the_same_with_the_other_sign(cli: Cli) -> None:
    there, back = explain(cli, *MONTHS), explain(cli, *reversed(MONTHS))
    swapped = {"new": "discontinued", "discontinued": "new"}
    amounts = {e["name"]: Decimal(e["amount"]) for e in back["effects"]}
    for effect in there["effects"]:
        name = swapped.get(effect["name"], effect["name"])
        assert Decimal(effect["amount"]) == -amounts[name]


def test_how_rows_are_gathered_does_not_change_the_effects(cli: Cli) -> None:
    plain = explain(cli, *MONTHS)
    for by in ("team", "kind", "model,kind", "task_type"):
        found = explain(cli, *MONTHS, "--by", by)
        assert found["effects"] == plain["effects"]
        assert total(found["lines"], "delta") == Decimal(plain["delta"])
    finer = explain(cli, *MONTHS, "--by", "harness")
    assert finer["leaf"][:3] == ["team", "task_type", "harness"]
    assert finer["delta"] == plain["delta"] == str(total(finer["effects"]).normalize())


def test_lmdi_sums_to_the_same_change(cli: Cli) -> None:
    found = explain(cli, *MONTHS, "--method", "lmdi")
    assert total(found["effects"]) == Decimal(explain(cli, *MONTHS)["delta"])
    assert found["method"] == "lmdi"


def test_the_planted_causes_are_found_by_their_effect(cli: Cli) -> None:
    """Signs only: at this size chance is large (see tests/unit/app/test_company_explained.py)."""
    pairs = {"retry-storm": ("2026-06", "2026-07"), "flash-price-cut": ("2026-06", "2026-08"),
             "cache-roll-out": ("2026-06", "2026-08")}  # fmt: skip
    for cause in CAUSES:
        found = explain(cli, *pairs.get(cause.name, MONTHS), "--by", "team,task_type")
        facts = cause.describe()
        # One task type's growth is more tasks in all and a larger share of them.
        names = facts["effects"] if cause.kind == "growth" else [cause.effect]
        effect = sum(
            Decimal(line["effects"].get(name, "0"))
            for line in found["lines"]
            for name in names
            if line["team"] in facts["teams"] and line["task_type"] in facts["task_types"]
        )
        assert effect * cause.sign > 0, cause.name


def test_a_takeover_is_named(cli: Cli) -> None:
    found = explain(cli, *MONTHS, "--where", "task_type=contract-review")
    for move in found["moves"]:
        assert move["old"]["model"] == "gpt-4.1-2025-04-14"
        assert move["new"]["model"] == "o3-2025-04-16"
    assert "o3-2025-04-16 took over from gpt-4.1-2025-04-14" in found["summary"]
    assert found["effects"] and found["where"] == {"task_type": "contract-review"}


def test_drill_down_to_the_lines_of_an_effect(cli: Cli) -> None:
    found = explain(cli, *MONTHS, "--effect", "reasoning")
    (amount,) = (e["amount"] for e in found["effects"] if e["name"] == "reasoning")
    parts = [Decimal(line["effects"]["reasoning"]) for line in found["lines"]]
    assert sum(parts) == Decimal(amount)
    assert parts == sorted(parts, key=abs, reverse=True)
    assert {line["unit"] for line in found["lines"]} == {"reasoning"}
    text = cli("explain", *MONTHS, "--effect", "list_price")
    assert "No line has a part in the effect list_price." in text


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_tables_fit_and_say_the_numbers(cli: Cli, columns: int) -> None:
    text = cli("explain", *MONTHS, columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    found = explain(cli, *MONTHS)
    change = f"+${Decimal(found['delta']):.2f}"
    assert f"rose by ${Decimal(found['delta']):.2f}" in text.replace("\n  ", " ")
    assert f"\nchange              {change}" in text
    assert "list_price" not in text, "what did not move is not shown"


def test_periods_of_every_form(cli: Cli) -> None:
    found = explain(cli, "2026-08-03..2026-08-10", "2026-08-10")
    assert (found["from"]["days"], found["to"]["days"]) == ("7", "1")
    assert found["from"]["until"] == found["to"]["since"] == "2026-08-10T00:00:00Z"
    berlin = explain(cli, *MONTHS, "--tz", "Europe/Berlin")
    assert berlin["from"]["since"] == "2026-07-31T22:00:00Z"
    empty = cli("explain", "2020-01", "2020-02")
    assert empty.startswith("No call matches in either period.\n")
    assert "jevons report --by month" in empty
    nothing = explain(cli, "2020-01", "2020-02")
    assert nothing["delta"] == "0" and nothing["lines"] == [] and nothing["provenance"] is None


def test_a_first_month_is_all_new(cli: Cli) -> None:
    found = explain(cli, "2026-04", "2026-05")
    (new,) = (e["amount"] for e in found["effects"] if e["name"] == "new")
    assert new == found["delta"] != "0"
    assert found["from"]["cost"] == "0" and found["from"]["calls"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2026-13", "2026-09"), "not a period: '2026-13'"),
        (("soon", "2026-09"), "not a period: 'soon'"),
        (("2026-08..", "2026-09"), "has no end"),
        (("2026-09..2026-08", "2026-09"), "not a period"),
        ((*MONTHS, "--by", "month"), "cannot be compared by month"),
        ((*MONTHS, "--by", "price_state"), "cannot be compared by price_state"),
        ((*MONTHS, "--by", "colour"), "unknown dimension 'colour'"),
        ((*MONTHS, "--effect", "caches"), "Did you mean cache?"),
        ((*MONTHS, "--where", "team"), "no DIM=VALUE"),
    ],
)
def test_mistakes_are_named(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    assert words in cli("explain", *arguments, code=2)
