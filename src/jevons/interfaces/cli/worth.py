"""`jevons worth`: is it worth the tokens?"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from jevons.interfaces.cli.documents import amount, json_text
from jevons.interfaces.cli.figures import money
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command, complete_by, dimensions, query, query_flags
from jevons.interfaces.cli.table import SILENT, Column, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.interfaces.cli.unit import hourly_rate_flag
from jevons.vocabulary.money import from_femto

if TYPE_CHECKING:
    from jevons.analysis.worth import Worth
    from jevons.app.economics import WorthReport


@click.command("worth", cls=Command, settings=("time_zone",))
@click.option(
    "--by",
    multiple=True,
    metavar="DIM[,DIM…]",
    shell_complete=complete_by,
    help="One row per value of these dimensions [default: task_type].",
)
@query_flags
@hourly_rate_flag
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def worth_command(
    by: tuple[str, ...],
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    hourly_rate: Decimal | None,
    json: bool,
) -> None:
    """Tell whether what succeeded is worth its calls, review and losses.

    The stated value of outcomes above their quality floor, less calls, human review and losses of
    all attempts with an outcome. Declared seats, plans, platforms and machines are of no single
    task and not in it. `yes` and `no` are said when the whole 95 % interval lies on one side, rests
    on 30 attempts or more, and nothing that is missing could change it.
    """
    invocation = current()
    chosen = dimensions(by) or ("task_type",)
    question = query(invocation, since, until, where, by=chosen)
    with invocation.books() as books:
        report = books.worth(question, hourly_rate)
    if json:
        say(json_text(worth_document(report)))
    else:
        say(*worth_lines(report, invocation.terminal))


def worth_document(report: WorthReport) -> dict[str, Any]:
    """`worth --json`."""
    return {
        "rows": [
            {**dict(zip(report.by, row.attempts.dimensions, strict=True)), **_figures(row)}
            for row in report.rows
        ],
        "total": _figures(report.total),
        "outcomes": report.outcomes,
        "unlinked_outcomes": report.unlinked,
        "hourly_rate": amount(report.hourly_rate),
        "charges_not_included": amount(report.charges),
    }


def _figures(row: Worth) -> dict[str, Any]:
    undecided = row.attempts.undecided_spend
    return {
        "verdict": row.verdict,
        "value": amount(row.value),
        "value_provenance": row.grade,
        "cost": amount(row.cost),
        "net": {
            "amount": amount(row.net.amount),
            "low": amount(row.net.low),
            "high": amount(row.net.high),
        },
        "baseline": amount(row.baseline),
        "attempts": row.attempts.attempts,
        "successes": row.attempts.succeeded,
        "spend_without_outcome": None if undecided is None else amount(from_femto(undecided)),
        "missing": list(row.missing),
    }


def worth_lines(report: WorthReport, terminal: Terminal) -> list[str]:
    """The table, and what it would take to tell more."""
    if not report.total.attempts.attempts:
        return ["No attempt began in this period.", "  jevons report shows the calls"]
    rows = (*report.rows, report.total)
    glyphs = terminal.glyphs
    columns = [*_names(report), *_columns(rows, glyphs)]
    table = render(columns, terminal, total=True)
    notes = _notes(report, glyphs)
    if table.hidden:
        notes.append(f"No room for: {', '.join(table.hidden)} (--json has them).")
    lines = [line for note in notes for line in wrap(note, terminal.width)]
    return [*table.lines, "", *(terminal.faint(line) for line in lines)]


def _names(report: WorthReport) -> list[Column]:
    found = []
    for place, name in enumerate(report.by):
        values = [row.attempts.dimensions[place] for row in report.rows]
        cells = tuple("(none)" if value is None else safe(value) for value in values)
        found.append(Column(safe(name), (*cells, "" if place else "total"), shrinks="middle"))
    return found


def _columns(rows: tuple[Worth, ...], glyphs: Glyphs) -> list[Column]:
    def cost(title: str, rank: int, *cells: str) -> Column:
        silent = all(cell == glyphs.unknown for cell in cells)
        return Column(title, cells, "point", rank + SILENT * silent)

    ranges = tuple(_range(row, glyphs) for row in rows)
    grades = tuple(row.grade or glyphs.unknown for row in rows)
    return [
        Column("worth it?", tuple(row.verdict for row in rows)),
        cost("value", 1, *(money(row.value, glyphs=glyphs) for row in rows)),
        cost("cost", 1, *(_cost(row, glyphs) for row in rows)),
        cost("value\n− cost", 0, *(money(row.net.amount, glyphs=glyphs) for row in rows)),
        Column("95 %\ninterval", ranges, "right", 2),
        Column("value is", grades, rank=3),
        cost("without\nAI", 4, *(money(row.baseline, glyphs=glyphs) for row in rows)),
    ]


def _cost(row: Worth, glyphs: Glyphs) -> str:
    bounded = any("hourly rate" in one or "known cost" in one for one in row.missing)
    mark = glyphs.at_least if bounded or row.attempts.at_least else ""
    return money(row.cost, mark=mark, glyphs=glyphs)


def _range(row: Worth, glyphs: Glyphs) -> str:
    if row.net.low is None:
        return glyphs.unknown
    low, high = (money(end, glyphs=glyphs) for end in (row.net.low, row.net.high))
    return f"{low} to {high}"


def _notes(report: WorthReport, glyphs: Glyphs) -> list[str]:
    notes = []
    for row in (*report.rows, report.total):
        if row.missing:
            name = " ".join(value or "(none)" for value in row.attempts.dimensions) or "total"
            notes.append(f"{safe(name)}: {'; '.join(map(_remedied, row.missing))}.")
    shown = notes[:5] if len(notes) > 6 else notes
    if len(shown) < len(notes):
        shown.append(f"… and {len(notes) - len(shown):,} more rows lack something (--json).")
    if report.charges:
        charges = money(report.charges, glyphs=glyphs)
        shown.append(
            f"Not in these costs: {charges} of declared charges that are of no single task "
            "(jevons tca)."
        )
    undecided = report.total.attempts.undecided_spend
    if undecided:
        spend = money(from_femto(undecided), glyphs=glyphs)
        shown.append(f"{spend} of spend has no outcome; it is in no row.")
    if report.unlinked:
        shown.append(f"{report.unlinked:,} outcomes speak of nothing that the ledger knows.")
    return shown


def _remedied(missing: str) -> str:
    """What is missing, with what tells it where that is a flag."""
    known = missing.endswith("no hourly rate")
    return f"{missing} (--hourly-rate USD or a boundary)" if known else missing
