from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from jevons.app.results import Report, Row
from jevons.interfaces.cli.statement import latest, statement
from jevons.interfaces.cli.terminal import ASCII, Terminal, columns_of

Build = Callable[..., Report]
BuildRow = Callable[..., Row]


@pytest.fixture
def mixed(report: Build, row: BuildRow) -> Report:
    """Every way of knowing a cost in one report."""
    rows = (
        row({"model": "claude-sonnet-4-5-20250929"}, effective_cost=Decimal("1234.5")),
        row({"model": "gpt-5-mini"}, effective_cost=Decimal("0.000045"), provenance="metered"),
        row({"model": "free"}, effective_cost=Decimal(0), list_cost=Decimal(0)),
        row({"model": "guess"}, effective_cost=Decimal("1.2"), provenance="estimated"),
        row({"model": "cut"}, effective_cost=Decimal("0.4"), lower_bound_calls=2),
        row({"model": None}, effective_cost=None, list_cost=None, unknown_calls=10),
    )
    total = row(
        calls=60,
        input_tokens=1_720_000,
        effective_cost=Decimal("1236.100045"),
        unknown_calls=10,
        lower_bound_calls=2,
        provenance="estimated",
    )
    return report(
        *rows,
        total=total,
        unpriced_events=10,
        rejected=3,
        possible_duplicates=1,
        cut=4,
        reasons=(("no price for model x", 6), ("no price for model y", 2), ("a", 1), ("b", 1)),
    )


def cells(lines: list[str], name: str) -> list[str]:
    return next(line for line in lines if line.startswith(name)).split()


def test_known_unknown_estimated_and_at_least(mixed: Report) -> None:
    lines = statement(mixed, Terminal(width=60))
    assert "$1,234.50" in cells(lines, "claude")
    assert "$0.000045" in cells(lines, "gpt-5-mini")
    assert "$0.00" in cells(lines, "free")
    assert "~$1.20" in cells(lines, "guess")
    assert "≥$0.40" in cells(lines, "cut")
    assert "—" in cells(lines, "(none)")
    assert "≥$1,236.10" in cells(lines, "total")


def test_calls_without_a_list_price(report: Build, row: BuildRow) -> None:
    stated = row({"model": "a"}, list_cost=Decimal("0.1"), unlisted_calls=3)
    lines = statement(report(stated, row({"model": "b"}), total=stated), Terminal())
    assert {"≥$0.10", "$0.25"} <= set(cells(lines, "a "))
    assert "≥$0.25" not in cells(lines, "a ") and "≥$0.25" not in cells(lines, "b ")
    said = "3 calls have no list price (their cost is stated by the provider or a client)."
    assert said in lines


def test_at_least_nothing_is_unknown(report: Build, row: BuildRow) -> None:
    zero = dict.fromkeys(("list_cost", "effective_cost"), Decimal(0))
    free = row({"model": "free"}, **zero)
    mixed = row({"model": "mixed"}, **zero, unknown_calls=4)
    lines = statement(report(free, mixed, total=mixed), Terminal())
    assert cells(lines, "free").count("$0.00") == 3
    assert cells(lines, "mixed").count("—") == 3 and "4" in cells(lines, "mixed")
    assert "≥$0.00" not in "".join(lines)


def test_points_are_below_each_other(mixed: Report) -> None:
    lines = statement(mixed, Terminal(width=60))
    start = lines[1].index("effective") if "effective" in lines[1] else lines[0].index("effective")
    points = {
        line.index(".", start - 3) for line in lines if line.startswith(("claude", "gpt", "total"))
    }
    assert len(points) == 1


def test_what_the_total_leaves_out_is_said(mixed: Report) -> None:
    text = "\n".join(statement(mixed, Terminal(), as_of="2026-02-01T23:59:59.999999Z"))
    for said in (
        "complete to 2026-03-01 12:00:09 UTC",
        "provenance: estimated",
        "as believed at 2026-02-01 23:59:59 UTC",
        "10 calls have no price; the cost leaves them out (≥).",
        "  6  no price for model x",
        "  1  for other reasons",
        "jevons prices add FILE",
        "3 lines could not be read: jevons rejects",
        "1 possible duplicate",
        "2 calls cost at least what is shown",
        "~ marks an estimate",
        "4 more rows cut by --top",
    ):
        assert said in text


def test_a_clean_report_says_no_more_than_where_it_comes_from(report: Build, row: BuildRow) -> None:
    lines = statement(report(row({"model": "a"})), Terminal())
    assert lines[-2:] == ["", "complete to 2026-03-01 12:00:09 UTC · provenance: reported"]


@pytest.mark.parametrize("width", [60, 80, 96, 120, 200])
def test_the_table_fits(mixed: Report, width: int) -> None:
    for line in statement(mixed, Terminal(width=width))[:11]:
        assert columns_of(line) <= width


def test_narrow_tables_name_what_they_leave_out(mixed: Report) -> None:
    narrow = statement(mixed, Terminal(width=60))
    said = " ".join(narrow).partition("No room for: ")[2]
    assert "reasoning" in said and "provenance" in said
    wide = statement(mixed, Terminal(width=200))
    assert not any("No room" in line for line in wide)
    assert "reason-" in wide[0] and "provenance" in wide[1]


def test_columns_that_say_nothing_go_first_and_unnamed(report: Build, row: BuildRow) -> None:
    lines = statement(report(row({"model": "a"}, reasoning_output_tokens=0)), Terminal(width=62))
    assert "reason-" not in lines[0] and "list" not in lines[0] and "cache" in lines[0]
    assert "reasoning" not in " ".join(lines) and "No room" not in " ".join(lines)


def test_exact_figures(mixed: Report) -> None:
    text = "\n".join(statement(mixed, Terminal(), exact=True))
    assert "1,720,000" in text and "$1,236.100045" in text
    assert "1.72 M" in "\n".join(statement(mixed, Terminal()))


def test_without_dimensions_there_is_one_line(report: Build, row: BuildRow) -> None:
    lines = statement(report(row(), by=()), Terminal())
    assert lines[3].split()[:2] == ["total", "10"]
    assert lines[4] == ""


def test_names_are_harmless(report: Build, row: BuildRow) -> None:
    lines = statement(report(row({"model": "\x1b[31mred\nline"})), Terminal())
    assert lines[3].startswith("\\x1b[31mred\\x0aline")


def test_ascii_terminals_get_ascii(mixed: Report) -> None:
    lines = statement(mixed, Terminal(width=100, glyphs=ASCII))
    assert all(line.isascii() for line in lines)
    assert ">=$0.40" in "\n".join(lines) and "n/a" in "\n".join(lines)


def test_an_empty_ledger_and_an_empty_answer_are_told_apart(report: Build, row: BuildRow) -> None:
    empty = report(total=row(calls=0), complete_to=None, rejected=2)
    lines = statement(empty, Terminal())
    assert lines[0] == "The ledger holds no calls yet."
    assert "jevons import PATH" in lines[1]
    assert "2 lines could not be read" in lines[2]
    nothing = report(total=row(calls=0), complete_to="2026-03-01T12:00:09Z", time_zone="Asia/Tokyo")
    lines = statement(nothing, Terminal(), as_of="2026-01-01T15:00:00Z")
    assert lines[0] == "No call matches as believed at 2026-01-02 00:00:00 Asia/Tokyo."
    assert "2026-03-01 21:00:09 Asia/Tokyo" in lines[1]


def test_the_latest_days(report: Build, row: BuildRow) -> None:
    days = [row({"day": f"2026-02-{day:02}"}) for day in range(1, 20)]
    lines = latest(report(*days, by=("day",)), Terminal(), 7)
    assert [line[:10] for line in lines[3:]] == [f"2026-02-{day}" for day in range(13, 20)]


def test_cost_per_million_tokens(report: Build, row: BuildRow) -> None:
    # $0.25 for 120,000 input and 5,000 output tokens is $2.00 per million.
    (line,) = statement(report(row(output_tokens=5_000), by=()), Terminal())[3:4]
    assert line.split()[-3:-1] == ["$2.00", "0"]
