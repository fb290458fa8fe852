"""A line chart of text: a few series over periods, on one scale, labelled at their ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import Final

from jevons.interfaces.cli.terminal import UNICODE, Glyphs, columns_of

MARKS: Final = "●■▲◆○"
ASCII_MARKS: Final = "o#^*@"
FALLBACK: Final = 100
"""Columns of a chart where nothing limits it."""

LEAST: Final = 1.25
"""The scale shows at least this ratio, so that a flat series looks flat."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line. values: positive, one per period, None where not known."""

    title: str
    values: Sequence[float | None]


def line_chart(
    series: Sequence[Series], periods: Sequence[str], width: int | None, glyphs: Glyphs, rows: int
) -> list[str]:
    """The lines of a chart with a logarithmic scale: equal ratios are equally high.

    Every line has a mark of its own, and ends with its title and last value.
    """
    marks = MARKS if glyphs == UNICODE else ASCII_MARKS
    known = [v for one in series for v in one.values if v is not None and v > 0]
    if not known:
        return []
    low, high = _bounds(known)

    def row(value: float) -> int:
        return round((rows - 1) * (log(high) - log(value)) / (log(high) - log(low)))

    labels = [_label(one, marks[n % len(marks)]) for n, one in enumerate(series)]
    margin = max(len(_number(low)), len(_number(high))) + 2
    wide = (width or FALLBACK) - margin - max(map(columns_of, labels)) - 2
    across = max(len(periods), min(wide, 8 * max(1, len(periods) - 1) + 1))
    columns = [round(n * (across - 1) / max(1, len(periods) - 1)) for n in range(len(periods))]
    canvas = [[" "] * across for _ in range(rows)]
    dot = "·" if glyphs == UNICODE else "."
    for one in series:
        _joined(canvas, one.values, columns, row, dot)
    ends: dict[int, list[str]] = {}
    for number, one in enumerate(series):
        for column, value in zip(columns, one.values, strict=True):
            if value is not None and value > 0:
                canvas[row(value)][column] = marks[number % len(marks)]
        last = next((v for v in reversed(one.values) if v is not None and v > 0), None)
        if last is not None:
            ends.setdefault(row(last), []).append(labels[number])
    right = _spread(ends, rows)
    scale = {row(value): _number(value) for value in (low, 100.0, high) if low <= value <= high}
    lines = [
        f"{scale.get(n, ''):>{margin - 2}} {'┤' if glyphs == UNICODE else '|'}"
        f"{''.join(canvas[n])}  {right[n]}".rstrip()
        for n in range(rows)
    ]
    return [*lines, _axis(periods, columns, across, margin)]


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high / low < LEAST:
        middle = exp((log(low) + log(high)) / 2)
        low, high = middle / LEAST**0.5, middle * LEAST**0.5
    return low, high


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _label(one: Series, mark: str) -> str:
    last = next((v for v in reversed(one.values) if v is not None), None)
    return f"{mark} {one.title}" + ("" if last is None else f" {last:.1f}")


def _joined(
    canvas: list[list[str]],
    values: Sequence[float | None],
    columns: Sequence[int],
    row: Callable[[float], int],
    dot: str,
) -> None:
    """Dots between two known neighbours."""
    points = list(zip(columns, values, strict=True))
    for (x0, a), (x1, b) in pairwise(points):
        if a is None or b is None or a <= 0 or b <= 0:
            continue
        for x in range(x0 + 1, x1):
            share = (x - x0) / (x1 - x0)
            canvas[row(exp(log(a) + share * (log(b) - log(a))))][x] = dot


def _spread(ends: dict[int, list[str]], rows: int) -> list[str]:
    """The labels at the rows nearest to their ends, one to a row, in the order of the ends."""
    placed: list[tuple[int, str]] = []
    for wanted in sorted(ends):
        for text in ends[wanted]:
            placed.append((max(wanted, placed[-1][0] + 1 if placed else 0), text))
    lines = [""] * rows
    limit = rows - 1
    for at, text in reversed(placed):
        at = min(at, limit)
        lines[at], limit = text, at - 1
    return lines


def _axis(periods: Sequence[str], columns: Sequence[int], across: int, margin: int) -> str:
    """The names of as many periods as have room, the first and the last always."""
    line = [" "] * (across + len(periods[-1]))
    end = -1
    last = max(0, columns[-1] - len(periods[-1]) + 1)
    for column, name in zip(columns[:-1], periods[:-1], strict=True):
        if column > end and column + len(name) < last:
            line[column : column + len(name)] = name
            end = column + len(name)
    line[last : last + len(periods[-1])] = periods[-1]
    return " " * margin + "".join(line).rstrip()
