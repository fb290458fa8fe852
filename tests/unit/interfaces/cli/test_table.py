from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jevons.interfaces.cli.table import Column, render, shorten
from jevons.interfaces.cli.terminal import Terminal, columns_of

NAMES = ("claude-sonnet-4-5-20250929", "o3")


def test_points_and_suffixes_stand_below_each_other() -> None:
    columns = [
        Column("model", NAMES),
        Column("cost", ("$1,234.50", "$0.000045"), "point"),
        Column("tokens", ("98,765", "1.23 M"), "suffix"),
    ]
    lines = render(columns, Terminal()).lines
    assert lines[2].index(".50") == lines[3].index(".000045")
    assert lines[2].rindex("5") == lines[3].rindex("3")


def test_unknown_stands_where_the_dollars_are() -> None:
    lines = render([Column("cost", ("$12.50", "—", "$3.00"), "point")], Terminal()).lines
    assert lines[2:] == ("$12.50", "  —", " $3.00")


def test_the_column_that_matters_least_is_left_out_first() -> None:
    columns = [
        Column("name", ("a" * 10,)),
        Column("second", ("b" * 10,), rank=1),
        Column("fourth", ("c" * 10,), rank=3),
        Column("third", ("d" * 10,), rank=2),
    ]
    assert render(columns, Terminal(width=46)).hidden == ()
    assert render(columns, Terminal(width=40)).hidden == ("fourth",)
    assert render(columns, Terminal(width=30)).hidden == ("fourth", "third")
    assert render(columns, Terminal(width=12)).hidden == ("second", "fourth", "third")


def test_names_are_cut_in_the_middle() -> None:
    lines = render([Column("model", NAMES, shrinks="middle")], Terminal(width=16)).lines
    assert lines[2] == "claude-s…0250929"
    (cell,) = render([Column("", ("one two three",), shrinks="end")], Terminal(width=9)).lines[2:]
    assert cell == "one two…"
    assert shorten("claude-sonnet", 5, "…") == "cl…et"
    assert shorten("claude-sonnet", 2, "…") == "cl"
    assert shorten("short", 5, "…") == "short"


def test_wide_characters_take_two_columns() -> None:
    assert columns_of("模型") == 4
    assert columns_of("e\u0301") == 1
    assert columns_of(shorten("模型模型模型", 7, "…")) <= 7
    columns = [Column("a", ("模型", "ab")), Column("b", ("x", "y"))]
    lines = render(columns, Terminal()).lines
    assert lines[2:] == ("模型  x", "ab    y")


def test_total_is_set_apart_and_titles_may_have_two_lines() -> None:
    columns = [Column("", ("a", "total")), Column("cache\nread", ("1", "22"), "right")]
    assert render(columns, Terminal(), total=True).lines == (
        "       cache",
        "        read",
        "────────────",
        "a          1",
        "────────────",
        "total     22",
    )


def test_color_is_outside_of_the_widths() -> None:
    plain = render([Column("a", ("x", "y"))], Terminal(), total=True).lines
    colored = render([Column("a", ("x", "y"))], Terminal(color=True), total=True).lines
    strip = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in colored]
    assert strip == list(plain)
    assert "\x1b[1m" in colored[0]


CELLS = st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF), max_size=40)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5), st.integers(30, 200))
def test_a_table_of_shrinking_columns_fits(rows: list[tuple[str, str, str]], width: int) -> None:
    cells = list(zip(*rows, strict=True))
    columns = [
        Column("a", cells[0], shrinks="middle"),
        Column("b", cells[1], shrinks="middle"),
        Column("c", cells[2], rank=1, align="right"),
    ]
    for line in render(columns, Terminal(width=width)).lines:
        assert columns_of(line) <= width
