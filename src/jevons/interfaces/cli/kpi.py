"""`jevons kpi`: the key figures of AI spend."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jevons.interfaces.cli.documents import amount, json_text
from jevons.interfaces.cli.figures import money
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command, query, query_flags
from jevons.interfaces.cli.periods import local_instant
from jevons.interfaces.cli.table import Column, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.interfaces.cli.unit import hourly_rate_flag
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import parse_amount

if TYPE_CHECKING:
    from jevons.analysis.kpi import Figure
    from jevons.app.economics import KpiReport


def _budget(_: click.Context, __: click.Parameter, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        budget = parse_amount(text)
    except ValueError:
        budget = Decimal(0)
    if budget <= 0:
        raise UsageError(f"--budget {text}: not an amount above 0", remedy="Write --budget 5000.")
    return budget


@click.command("kpi", cls=Command, settings=("time_zone",))
@query_flags
@click.option("--budget", metavar="USD", callback=_budget, help="The budget of the period.")
@hourly_rate_flag
@click.option(
    "--pay",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A CSV file of loaded pay: columns team or person, and pay (USD a year).",
)
@click.option(
    "--owner",
    default="team",
    show_default=True,
    metavar="DIM",
    help="Whose a cost is: the dimension that makes it attributed.",
)
@click.option("--json", is_flag=True, help="One JSON document; values are strings.")
def kpi_command(
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    budget: Decimal | None,
    hourly_rate: Decimal | None,
    pay: Path | None,
    owner: str,
    json: bool,
) -> None:
    """Show the key figures of AI spend, or what they lack.

    The reference page (docs/reference/kpi.md) has the formula of each and who publishes it. A
    figure without an input says what is missing instead of a number.
    """
    from jevons.app.economics import Given

    invocation = current()
    question = query(invocation, since, until, where)
    with invocation.books() as books:
        report = books.kpi(question, Given(budget, hourly_rate, pay, owner))
    if json:
        say(json_text(kpi_document(report)))
    else:
        say(*kpi_lines(report, invocation.terminal, question.time_zone))


def kpi_document(report: KpiReport) -> dict[str, Any]:
    """`kpi --json`."""
    return {
        "since": report.since,
        "until": report.until,
        "days": amount(report.days),
        "figures": [
            {
                "key": one.definition.key,
                "name": one.definition.name,
                "value": amount(one.value),
                "unit": one.definition.unit,
                "missing": one.missing or None,
                "note": one.note or None,
                "source": one.definition.source,
                "published_formula": one.definition.published,
            }
            for one in report.figures
        ],
        "pay": [
            {
                "kind": row.kind,
                "name": row.name,
                "spend": amount(row.spend),
                "pay": amount(row.pay),
                "percent": amount(row.percent),
            }
            for row in report.pay
        ],
    }


def kpi_lines(report: KpiReport, terminal: Terminal, time_zone: str) -> list[str]:
    """The table of key figures, and of spend over pay if that is known."""
    glyphs = terminal.glyphs
    columns = [
        Column("key figure", tuple(one.definition.name for one in report.figures)),
        Column("value", tuple(_value(one, glyphs) for one in report.figures), "right"),
        Column(
            "",
            tuple(one.missing or one.note for one in report.figures),
            rank=1,
            shrinks="end",
        ),
    ]
    lines = list(render(columns, terminal).lines)
    if report.pay:
        lines += ["", *render(_pay_columns(report, glyphs), terminal).lines]
    start, end = (local_instant(text, time_zone) for text in (report.since, report.until))
    note = f"{start} to {end} {time_zone}, {report.days:,.1f} days"
    proposals = [one for one in report.figures if not one.definition.published]
    notes = [note, f"{len(proposals)} formulas are proposals of ours: docs/reference/kpi.md."]
    faint = [line for text in notes for line in wrap(text, terminal.width)]
    return [*lines, "", *(terminal.faint(line) for line in faint)]


def _pay_columns(report: KpiReport, glyphs: Glyphs) -> list[Column]:
    return [
        Column("AI spend over pay", tuple(f"{r.kind} {safe(r.name)}" for r in report.pay),
               shrinks="middle"),
        Column("spend", tuple(money(r.spend, glyphs=glyphs) for r in report.pay), "point"),
        Column("pay", tuple(money(r.pay, glyphs=glyphs) for r in report.pay), "point"),
        Column("share", tuple(_percent(r.percent, glyphs) for r in report.pay), "right"),
    ]  # fmt: skip


def _percent(value: Decimal | None, glyphs: Glyphs) -> str:
    if value is None:
        return glyphs.unknown
    return f"{value:.1f} %" if abs(value) >= 1 or not value else f"{value:.2g} %"


def _value(one: Figure, glyphs: Glyphs) -> str:
    value, unit = one.value, one.definition.unit
    if value is None:
        return glyphs.unknown
    if unit == "share":
        return _percent(value * 100, glyphs)
    if unit == "percent":
        return _percent(value, glyphs)
    if unit == "hours":
        return f"{value:,.1f} h"
    return money(value, glyphs=glyphs) + ("/day" if unit == "USD/day" else "")
