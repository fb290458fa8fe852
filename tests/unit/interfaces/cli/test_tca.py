"""The total cost as tables and JSON: six components, what is left out, and nothing rounded away."""

from __future__ import annotations

from decimal import Decimal

import pytest

from jevons.analysis.total_cost import COMPONENTS, CostLine, grouped, total_cost
from jevons.app.results import Query
from jevons.app.total_cost import Account
from jevons.interfaces.cli.tca import account_document, account_lines, share_text
from jevons.interfaces.cli.terminal import ASCII, Terminal, columns_of

CENT = 10**13
LINES = (
    CostLine(("web",), "fresh_input", 123 * CENT + 1, "answer", "succeeded", provenance="metered"),
    CostLine(("web",), "reasoning", 50 * CENT, "unknown", "unknown", provenance="reported"),
    CostLine(("a very long team name that is cut",), "tool", 7 * CENT, "tool", "unknown"),
    CostLine((None,), "capacity", 999 * CENT, charge="idle", unallocated=True,
             provenance="estimated"),
    CostLine(("web",), "labour", 4500 * CENT, provenance="estimated"),
)  # fmt: skip


def account(*lines: CostLine, by: tuple[str, ...] = (), **facts: int) -> Account:
    rows = grouped(lines) if by else []
    return Account(
        total_cost(lines), rows, by, "effective", facts.get("calls", 9), facts.get("unknown", 0),
        facts.get("bounded", 0), (), (("training", "none"),), 2, Decimal(facts.get("minutes", 0)),
    )  # fmt: skip


def test_the_document_has_every_digit_and_sums() -> None:
    document = account_document(account(*LINES, by=("team",)), Query())
    assert document["total"] == "56.790000000000001"
    assert [part["name"] for part in document["components"]] == list(COMPONENTS)
    for parts in (document["components"], document["matrix"]):
        assert sum(Decimal(part["cost"]) for part in parts) == Decimal(document["total"])
    assert sum(Decimal(row["total"]) for row in document["rows"]) == Decimal(document["total"])
    assert [(row["team"], row["unallocated"]) for row in document["rows"]][-1] == (None, True)
    assert (document["unallocated"], document["idle"]) == ("9.99", "9.99")
    assert document["token_line"] == {"cost": "1.730000000000001", "share": "0.030463"}
    assert (document["unknown_purpose"], document["unknown_fate"]) == ("0.5", "0.57")


def test_a_share_of_nothing_is_not_known() -> None:
    assert share_text(0, 0) is None
    assert share_text(1, 3) == "0.333333"
    assert share_text(-1, 4) == "-0.25"


@pytest.mark.parametrize("width", [80, 100, 120])
def test_tables_fit_and_say_what_is_left_out(width: int) -> None:
    found = account(*LINES, by=("team",), unknown=2, bounded=1, minutes=30)
    lines = account_lines(found, Terminal(width=width), matrix=True)
    assert max(map(columns_of, lines)) <= width
    text = "\n".join(lines)
    for said in (
        "≥$56.79", "(unallocated)", "idle $9.99", "2 calls have no price", "1 call costs at least",
        "30 human minutes of outcomes have no rate", "outside the boundary:", "training: none",
    ):  # fmt: skip
        assert said in text, said


def test_ascii_terminals_get_ascii() -> None:
    lines = account_lines(account(*LINES, unknown=1), Terminal(width=80, glyphs=ASCII))
    assert all(line.isascii() for line in lines)


def test_an_empty_period_says_what_to_do() -> None:
    empty = account_lines(account(calls=0), Terminal(width=80))
    assert empty[0].startswith("Nothing") and "boundary add" in empty[1]
