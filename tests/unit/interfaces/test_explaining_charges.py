"""`jevons explain` where a boundary is declared: the change of the whole total cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons
from jevons.interfaces.cli.program import run

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("company") / "home"
    with open_jevons(Settings(home=place)) as books:
        books.generate(3_000, 7, None)
    return place


@pytest.fixture
def ask(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    monkeypatch.setenv("JEVONS_HOME", str(home))
    assert run(("boundary", "sample")) == 0
    file = home.parent / "boundary.toml"
    file.write_text(capsys.readouterr().out)
    assert run(("boundary", "add", str(file))) == 0
    capsys.readouterr()

    def execute(*arguments: str) -> dict[str, Any]:
        assert run((*arguments, "--json")) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return execute


@pytest.mark.parametrize("where", [(), ("--where", "team=legal")])
def test_the_change_is_that_of_the_total_cost(ask: Ask, where: tuple[str, ...]) -> None:
    found = ask("explain", "2026-08", "2026-09", "--total", *where)
    totals = [
        Decimal(ask("tca", "--since", since, "--until", until, *where)["total"])
        for since, until in (("2026-08", "2026-09"), ("2026-09", "2026-10"))
    ]
    assert [Decimal(found[side]["cost"]) for side in ("from", "to")] == totals
    effects = {e["name"]: Decimal(e["amount"]) for e in found["effects"]}
    assert sum(effects.values()) == totals[1] - totals[0] == Decimal(found["delta"])
    assert effects["other_charges"]
    lines = ask("explain", "2026-08", "2026-09", "--total", *where, "--effect", "other_charges")[
        "lines"
    ]
    names = {line["unit"] for line in lines}
    assert names == {"allocated charges"} if where else "supervision" in names
    assert sum(Decimal(line["delta"]) for line in lines) == effects["other_charges"]


def test_the_bill_is_that_of_the_calls_unless_the_total_is_asked_for(ask: Ask) -> None:
    found = ask("explain", "2026-08", "2026-09")
    costs = [
        Decimal(ask("report", "--since", since, "--until", until)["total"]["effective_cost"])
        for since, until in (("2026-08", "2026-09"), ("2026-09", "2026-10"))
    ]
    assert Decimal(found["delta"]) == costs[1] - costs[0]
    assert not any(Decimal(e["amount"]) for e in found["effects"] if e["name"] == "other_charges")
