"""The line chart of text."""

from __future__ import annotations

import pytest

from jevons.interfaces.cli.chart import Series, line_chart
from jevons.interfaces.cli.terminal import ASCII, UNICODE

MONTHS = ["2026-05", "2026-06", "2026-07"]


def test_every_value_has_its_mark_on_a_logarithmic_scale() -> None:
    doubled = Series("spend", [100, 200, 400])
    assert line_chart([doubled], MONTHS, 60, UNICODE, 5) == [
        "400 ┤              ··●  ● spend 400.0",
        "    ┤           ···",
        "    ┤       ·●··",
        "    ┤   ····",
        "100 ┤●··",
        "     2026-05   2026-07",
    ]


@pytest.mark.parametrize("width", [50, 80, 120, None])
def test_it_fits_and_labels_every_line_once(width: int | None) -> None:
    series = [Series(f"line {n}", [100, 101 + n, 100]) for n in range(5)]
    lines = line_chart(series, MONTHS, width, UNICODE, 9)
    assert max(map(len, lines)) <= (width or 100)
    for n in range(5):
        assert sum(f"line {n} 100.0" in line for line in lines) == 1


def test_gaps_and_flat_lines() -> None:
    lines = line_chart([Series("price", [100, None, 100])], MONTHS, 60, UNICODE, 5)
    assert sum(line.count("●") for line in lines) == 3  # two values and the label
    assert not any("·" in line for line in lines)
    assert lines[2].startswith("100 ┤●")
    assert line_chart([Series("nothing", [None])], MONTHS[:1], 60, UNICODE, 5) == []


def test_ascii() -> None:
    lines = line_chart([Series("a", [1, 2]), Series("b", [2, 1])], MONTHS[:2], 60, ASCII, 5)
    assert all(line.isascii() for line in lines)
    assert "o a 2.0" in lines[0] and "# b 1.0" in lines[4]
