"""Tables of text that fit the terminal.

A renderer of our own: importing rich.table costs 0.1 s, more than the whole help may take, and it
can neither align decimal points nor leave out the columns that matter least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from jevons.interfaces.cli.terminal import Terminal, columns_of

GAP: Final = "  "
COMFORT: Final = 12
"""A shrinkable column keeps this width, or a fifth of the table's, while others can be left out."""

SILENT: Final = 20
"""Added to the rank of a column that says nothing (all zero, all alike): first to go, unnamed."""

Align = Literal["left", "right", "point", "suffix"]
"""point: decimal points below each other. suffix: digits end below each other, then `k`, `M`."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title (lines separated by newlines) and cells, the last one the total if any.

    rank: 0 is always shown; of the others the highest rank is left out first when space is short.
    shrinks: cells may be cut: `middle` for names, which both ends tell apart, `end` for sentences.
    """

    title: str
    cells: tuple[str, ...]
    align: Align = "left"
    rank: int = 0
    shrinks: Literal["", "middle", "end"] = ""

    @property
    def width(self) -> int:
        """The columns that it takes when nothing is cut."""
        return max(columns_of(text) for text in (*self.title.split("\n"), *self.cells))


@dataclass(frozen=True, slots=True)
class Rendered:
    """The lines of a table and the titles of the telling columns that had no room."""

    lines: tuple[str, ...]
    hidden: tuple[str, ...]


def render(columns: Sequence[Column], terminal: Terminal, *, total: bool = False) -> Rendered:
    """Lay out a table. total: the last row is set apart and stands out."""
    aligned = [replace(column, cells=_aligned(column)) for column in columns]
    shown, widths = _fit(aligned, terminal.width)
    cut = terminal.glyphs.ellipsis
    lines = [terminal.strong(line) for line in _header(shown, widths, cut)]
    rule = terminal.glyphs.rule * (sum(widths) + len(GAP) * (len(widths) - 1))
    lines.append(rule)
    rows = [
        _line([_cell(c, c.cells[row], w, cut) for c, w in zip(shown, widths, strict=True)])
        for row in range(len(columns[0].cells))
    ]
    if total:
        rows[-1:] = [rule, terminal.strong(rows[-1])]
    names = {column.title for column in shown}
    hidden = tuple(_one_line(c.title) for c in columns if c.title not in names and c.rank < SILENT)
    return Rendered((*lines, *rows), hidden)


def _one_line(title: str) -> str:
    return title.replace("-\n", "").replace("\n", " ")


def _fit(columns: list[Column], width: int | None) -> tuple[list[Column], list[int]]:
    """Choose columns and widths: first leave out what may be, then cut the widest that may
    shrink."""
    shown = columns
    while width is not None and _least(shown, max(COMFORT, width // 5)) > width:
        rank = max(column.rank for column in shown)
        if rank == 0:
            break
        worst = max(index for index, column in enumerate(shown) if column.rank == rank)
        shown = shown[:worst] + shown[worst + 1 :]
    widths = [column.width for column in shown]
    if width is not None:
        _shrink(shown, widths, width)
    return shown, widths


def _least(columns: list[Column], comfort: int) -> int:
    """The width of a table whose shrinkable columns are at most `comfort` wide."""
    widths = [min(c.width, comfort) if c.shrinks else c.width for c in columns]
    return sum(widths) + len(GAP) * (len(columns) - 1)


def _shrink(columns: list[Column], widths: list[int], width: int, floor: int = 4) -> None:
    able = [index for index, column in enumerate(columns) if column.shrinks]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    while excess > 0 and able:
        widest = max(able, key=lambda index: widths[index])
        if widths[widest] <= floor:
            return
        widths[widest] -= 1
        excess -= 1


def _header(columns: list[Column], widths: list[int], cut: str) -> list[str]:
    """The titles, those of several lines standing on the last one."""
    titles = [column.title.split("\n") for column in columns]
    height = max(len(title) for title in titles)
    padded = [[""] * (height - len(title)) + title for title in titles]
    return [
        _line([_cell(c, t[row], w, cut) for c, t, w in zip(columns, padded, widths, strict=True)])
        for row in range(height)
    ]


def _line(cells: list[str]) -> str:
    return GAP.join(cells).rstrip()


def _cell(column: Column, text: str, width: int, cut: str) -> str:
    if column.shrinks == "end" and columns_of(text) > width > len(cut):
        text = _start(text, width - len(cut)).rstrip() + cut
    text = shorten(text, width, cut)
    padding = " " * (width - columns_of(text))
    return text + padding if column.align == "left" else padding + text


def shorten(text: str, width: int, cut: str) -> str:
    """Cut the middle of a text that is wider than `width` columns: both ends of a name tell it
    apart."""
    if columns_of(text) <= width:
        return text
    room = width - len(cut)
    if room < 2:
        return _start(text, width)
    head = _start(text, (room + 1) // 2)
    tail = _start(text[::-1], room - columns_of(head))[::-1]
    return head + cut + tail


def _start(text: str, width: int) -> str:
    """The longest start of a text that takes at most `width` columns."""
    while columns_of(text) > width:
        text = text[: min(len(text) - 1, max(width, len(text) // 2))]
    return text


def wrap(text: str, width: int | None) -> list[str]:
    """A sentence in lines of at most `width` columns, the later ones indented."""
    if width is None or columns_of(text) <= width:
        return [text]
    import textwrap

    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return textwrap.wrap(
        text,
        max(width, 20),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def footer(notes: Sequence[str], terminal: Terminal) -> list[str]:
    """Short notes below a table, in one sentence that fits the terminal."""
    text = terminal.glyphs.dot.join(notes)
    return [terminal.faint(line) for line in wrap(text, terminal.width)]


def _aligned(column: Column) -> tuple[str, ...]:
    """Cells padded on the right so that right-aligning them puts points, or last digits, in
    line."""
    if column.align not in ("point", "suffix"):
        return column.cells
    sign = "." if column.align == "point" else " "
    after = [len(cell) - cell.find(sign) if sign in cell else 0 for cell in column.cells]
    longest = max(after, default=0)
    return tuple(
        cell + " " * (longest - tail) for cell, tail in zip(column.cells, after, strict=True)
    )
