"""A report as a table for people, with the lines below it that say what the figures leave out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from jevons.app.results import Report, Row
from jevons.interfaces.cli.figures import count, money, per_million, plural
from jevons.interfaces.cli.periods import local_instant
from jevons.interfaces.cli.table import SILENT, Column, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe

REASONS_SHOWN: Final = 3


def statement(
    report: Report, terminal: Terminal, *, exact: bool = False, as_of: str | None = None
) -> list[str]:
    """The lines of a report. exact: every digit of counts and money. as_of: the day of the
    belief."""
    if not report.rows or report.total.calls == 0:
        return _nothing(report, as_of)
    rows = (*report.rows, report.total) if report.by else (report.total,)
    columns = [*_dimension_columns(report), *_figure_columns(rows, terminal.glyphs, exact)]
    table = render(columns, terminal, total=bool(report.by))
    notes = _notes(report, terminal.glyphs, as_of)
    if table.hidden:
        notes.append(f"No room for: {', '.join(table.hidden)} (--json and --csv have them).")
    lines = [line for note in notes for line in wrap(note, terminal.width)]
    return [*table.lines, "", *(terminal.faint(line) for line in lines)]


def latest(report: Report, terminal: Terminal, number: int) -> list[str]:
    """The last rows of a report by time, without total and notes."""
    rows = report.rows[-number:]
    part = replace(report, rows=rows)
    columns = [
        *(replace(column, cells=column.cells[:-1]) for column in _dimension_columns(part)),
        *_figure_columns(rows, terminal.glyphs, exact=False),
    ]
    return list(render(columns, terminal).lines)


def _nothing(report: Report, as_of: str | None) -> list[str]:
    """An empty answer: whether the books or only this question are empty, and one next step."""
    zone = report.time_zone
    belief = f" as believed at {local_instant(safe(as_of), zone)} {zone}" if as_of else ""
    if report.complete_to is None:
        lines = [f"The ledger holds no calls yet{belief}.", "  jevons import PATH reads some"]
    else:
        until = local_instant(report.complete_to, report.time_zone)
        lines = [
            f"No call matches{belief}.",
            f"  the newest call in the ledger is of {until} {report.time_zone}",
        ]
    if report.rejected:
        lines.append(f"  {rejected_note(report.rejected)}")
    return lines


def _dimension_columns(report: Report) -> list[Column]:
    columns: list[Column] = []
    for name in report.by:
        cells = [_name(row.dimensions.get(name)) for row in report.rows]
        title = "total" if not columns else ""
        columns.append(Column(safe(name), (*cells, title), shrinks="middle"))
    return columns or [Column("", ("total",))]


def _name(value: str | None) -> str:
    return "(none)" if value is None else safe(value)


def cost_mark(row: Row, glyphs: Glyphs) -> str:
    """The sign before a row's cost: `≥` when a part of it has no known price, `~` when
    estimated."""
    if row.lower_bound_calls or row.unknown_calls:
        return glyphs.at_least
    return glyphs.about if row.provenance in ("estimated", "allocated") else ""


def _list_mark(row: Row, glyphs: Glyphs) -> str:
    """The sign before a row's list cost, which calls with a stated cost alone have no part in."""
    return glyphs.at_least if row.unlisted_calls else cost_mark(row, glyphs)


def _bounded(value: Decimal | None, mark: str, glyphs: Glyphs) -> Decimal | None:
    """An amount, None for "at least nothing": where only zeros are known, nothing is."""
    return None if mark == glyphs.at_least and not value else value


def _figure_columns(rows: tuple[Row, ...], glyphs: Glyphs, exact: bool) -> list[Column]:
    def tokens(title: str, rank: int, read: Callable[[Row], int]) -> Column:
        cells = tuple(count(read(row), exact=exact) for row in rows)
        useless = not any(read(row) for row in rows)
        return Column(title, cells, "suffix", rank + SILENT * useless)

    def amounts(
        title: str,
        rank: int,
        read: Callable[[Row], Decimal | None],
        sign: Callable[[Row, Glyphs], str],
    ) -> Column:
        def cell(row: Row) -> str:
            mark = sign(row, glyphs)
            value = _bounded(read(row), mark, glyphs)
            return money(value, mark=mark, exact=exact, glyphs=glyphs)

        return Column(title, tuple(cell(row) for row in rows), "point", rank)

    def calls(title: str, rank: int, read: Callable[[Row], int]) -> Column:
        useless = not any(read(row) for row in rows)
        cells = tuple(count(read(row)) for row in rows)
        return Column(title, cells, "right", rank + SILENT * useless)

    same_list = all(row.list_cost == row.effective_cost and not row.unlisted_calls for row in rows)
    same_provenance = len({row.provenance for row in rows}) == 1
    return [
        calls("calls", 1, lambda row: row.calls),
        tokens("input\ntokens", 3, lambda row: row.input_tokens),
        tokens("cache\nread", 8, lambda row: row.cache_read_input_tokens),
        tokens("cache\nwrite", 10, lambda row: row.cache_write_input_tokens),
        tokens("output\ntokens", 2, lambda row: row.output_tokens),
        tokens("reason-\ning", 9, lambda row: row.reasoning_output_tokens),
        amounts("list\ncost", 5 + SILENT * same_list, lambda row: row.list_cost, _list_mark),
        amounts("effective\ncost", 0, lambda row: row.effective_cost, cost_mark),
        _rates(rows, glyphs),
        calls("no\nprice", 6, lambda row: row.unknown_calls),
        Column(
            "provenance",
            tuple(safe(row.provenance or glyphs.unknown) for row in rows),
            rank=11 + SILENT * same_provenance,
        ),
    ]


def _rates(rows: tuple[Row, ...], glyphs: Glyphs) -> Column:
    """USD per million tokens, input and output together."""

    def rate(row: Row) -> str:
        mark = cost_mark(row, glyphs)
        cost = _bounded(row.effective_cost, mark, glyphs)
        value = per_million(cost, row.input_tokens + row.output_tokens)
        return money(value, mark=mark, glyphs=glyphs)

    return Column("per M\ntokens", tuple(rate(row) for row in rows), "point", 4)


def _notes(report: Report, glyphs: Glyphs, as_of: str | None) -> list[str]:
    total = report.total
    zone = report.time_zone
    facts = [f"provenance: {safe(total.provenance or glyphs.unknown)}"]
    if report.complete_to is not None:
        facts.insert(0, f"complete to {local_instant(report.complete_to, zone)} {zone}")
    if as_of is not None:
        facts.append(f"as believed at {local_instant(safe(as_of), zone)} {zone}")
    notes = [glyphs.dot.join(facts), *_left_out(report, glyphs)]
    if any(cost_mark(row, glyphs) == glyphs.about for row in (*report.rows, total)):
        notes.append(f"{glyphs.about} marks an estimate.")
    if report.cut:
        notes.append(f"{plural(report.cut, 'more row')} cut by --top; the total counts them.")
    return notes


def _left_out(report: Report, glyphs: Glyphs) -> list[str]:
    """What is not in the total, each with the command that tells more."""
    lines = []
    bounded = report.total.lower_bound_calls
    if report.unpriced_events:
        verb, pronoun = ("has", "it") if report.unpriced_events == 1 else ("have", "them")
        calls = plural(report.unpriced_events, "call")
        lines.append(f"{calls} {verb} no price; the cost leaves {pronoun} out ({glyphs.at_least}).")
    if bounded:
        verb = "costs" if bounded == 1 else "cost"
        lines.append(
            f"{plural(bounded, 'call')} {verb} at least what is shown ({glyphs.at_least}): "
            "cut short, or with a part that has no price."
        )
    lines += _reasons(report)
    if unlisted := report.total.unlisted_calls:
        verb, whose = ("has", "its") if unlisted == 1 else ("have", "their")
        lines.append(
            f"{plural(unlisted, 'call')} {verb} no list price ({whose} cost is stated by the "
            "provider or a client)."
        )
    if report.rejected:
        lines.append(rejected_note(report.rejected))
    if report.possible_duplicates:
        lines.append(duplicates_note(report.possible_duplicates))
    return lines


def _reasons(report: Report) -> list[str]:
    """Why prices are missing, the most frequent reasons first, and what helps."""
    if not report.reasons:
        return []
    shown = report.reasons[:REASONS_SHOWN]
    lines = [f"  {number:,}  {safe(reason)}" for reason, number in shown]
    if len(report.reasons) > len(shown):
        rest = sum(number for _, number in report.reasons[REASONS_SHOWN:])
        lines.append(f"  {rest:,}  for other reasons")
    return [*lines, "  jevons prices add FILE adds a price, then jevons reprice"]


def rejected_note(number: int, *, stored: bool = True) -> str:
    """How many lines are missing because they could not be read, and where to see them."""
    return f"{plural(number, 'line')} could not be read{': jevons rejects' if stored else '.'}"


def duplicates_note(number: int) -> str:
    """How many calls may have been counted twice, and why that cannot be told."""
    return f"{plural(number, 'possible duplicate')} counted: no key tells if they repeat a call."
