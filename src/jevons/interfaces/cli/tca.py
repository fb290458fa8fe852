"""`jevons tca`: the total cost of AI."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import click

from jevons.analysis.total_cost import COMPONENTS, VIEWS, Cell, Component, TotalCost
from jevons.app.results import Query
from jevons.app.total_cost import Account
from jevons.interfaces.cli.boundary import outside_lines
from jevons.interfaces.cli.documents import json_text
from jevons.interfaces.cli.figures import money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command, complete_by, dimensions, query, query_flags
from jevons.interfaces.cli.table import SILENT, Column, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.vocabulary.money import from_femto, plain

SHARE_PLACES: Final = 6
"""Decimal places to which a share is rounded in JSON, half to even."""

TITLES: Final = {
    "visible_tokens": "visible\ntokens",
    "hidden_reasoning": "hidden\nreasoning",
    "orchestration_overhead": "orches-\ntration",
    "human_review": "human\nreview",
    "errors_and_failures": "errors,\nfailures",
    "infrastructure": "infra-\nstructure",
}
"""The components as titles of columns."""


@click.command("tca", cls=Command, settings=("time_zone",))
@click.option(
    "--by",
    multiple=True,
    metavar="DIM[,DIM…]",
    shell_complete=complete_by,
    help="One row per value of these dimensions, as in report; day, week, month and year too.",
)
@query_flags
@click.option(
    "--as-of",
    metavar="TIME",
    help="What the ledger said at this time, before later corrections: a day or month is its end.",
)
@click.option(
    "--view",
    type=click.Choice(list(VIEWS)),
    default="effective",
    help="effective: fees spread over what they pay for. billed: as paid. list: at list prices.",
)
@click.option("--matrix", is_flag=True, help="Every cell of nature x purpose x fate.")
@click.option("--exact", is_flag=True, help="Every digit of money.")
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def tca_command(
    by: tuple[str, ...],
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    as_of: str | None,
    view: str,
    matrix: bool,
    exact: bool,
    json: bool,
) -> None:
    """Show the total cost of AI in six components.

    Model calls and declared elements together (jevons boundary). Every dollar is in exactly one
    component, the first that matches: infrastructure (seats, capacity, platform, training, energy),
    human review, errors and failures, orchestration overhead (tools, planning, retries), hidden
    reasoning, visible tokens.
    """
    invocation = current()
    question = query(invocation, since, until, where, as_of, by=dimensions(by))
    with invocation.books() as books:
        account = books.total_cost(question, view)
    if json:
        say(json_text(account_document(account, question)))
    else:
        lines = account_lines(account, invocation.terminal, matrix=matrix, exact=exact)
        say(*lines, invocation.terminal.faint(_period(question)))


def _period(question: Query) -> str:
    """What the figures are of: charges run on to today when no end is given."""
    since = f"from {question.since}" if question.since else "from the beginning"
    until = f"to {question.until}, which is not in it" if question.until else "to today"
    return f"{since} {until} ({question.time_zone})"


def account_document(account: Account, question: Query) -> dict[str, Any]:
    """`tca --json`: the total, its components, its cells, and what they leave out."""
    total = account.total
    return {
        "view": account.view,
        "since": question.since,
        "until": question.until,
        "as_of": question.as_of,
        "time_zone": question.time_zone,
        "total": _amount(total.total),
        "provenance": total.provenance,
        "components": [
            {
                "name": component.name,
                "cost": _amount(component.cost),
                "share": share_text(component.cost, total.total),
                "provenance": component.provenance,
            }
            for component in total.components
        ],
        "token_line": {
            "cost": _amount(total.tokens),
            "share": share_text(total.tokens, total.total),
        },
        "unallocated": _amount(total.unallocated),
        "idle": _amount(total.idle),
        "unused": _amount(total.unused),
        "unknown_purpose": _amount(total.unknown_purpose),
        "unknown_fate": _amount(total.unknown_fate),
        "calls": account.calls,
        "unknown_calls": account.unknown_calls,
        "lower_bound_calls": account.lower_bound_calls,
        "unrated_minutes": plain(account.unrated_minutes),
        "matrix": [_cell_document(cell) for cell in total.cells],
        "rows": [
            {
                **dict(zip(account.by, values, strict=True)),
                "unallocated": nobody,
                "total": _amount(row.total),
                "components": {part.name: _amount(part.cost) for part in row.components},
                "provenance": row.provenance,
            }
            for values, nobody, row in account.rows
        ],
        "elements": account.declared,
        "inside": dict(account.inside),
        "outside": dict(account.outside),
    }


def _cell_document(cell: Cell) -> dict[str, Any]:
    return {
        "nature": cell.nature,
        "purpose": cell.purpose,
        "fate": cell.fate,
        "component": cell.component,
        "cost": _amount(cell.cost),
        "provenance": cell.provenance,
    }


def _amount(femto: int) -> str:
    return plain(from_femto(femto))


def share_text(part: int, whole: int) -> str | None:
    """A share of the whole as a decimal string, None when there is no whole."""
    if not whole:
        return None
    quantum = Decimal(1).scaleb(-SHARE_PLACES)
    return plain((Decimal(part) / whole).quantize(quantum))


def account_lines(
    account: Account, terminal: Terminal, *, matrix: bool = False, exact: bool = False
) -> list[str]:
    """The total cost as tables for people, and what the figures leave out."""
    total = account.total
    if not account.calls and not total.cells:
        return [
            "Nothing that is asked for was used, and nothing is declared for it.",
            "  jevons report --by month shows which periods have calls; jevons boundary add FILE"
            " declares the rest",
        ]
    write = Figures(account, terminal.glyphs, exact)
    tables = [_component_table(total, write, terminal)]
    if account.by:
        tables.append(_row_table(account, write, terminal))
    if matrix:
        tables.append(_matrix_table(total, write, terminal))
    lines = [line for table in tables for line in (*table, "")]
    notes = [line for note in _notes(account, write) for line in wrap(note, terminal.width)]
    return [
        *lines,
        *map(terminal.faint, notes),
        *map(terminal.faint, _outside(account, terminal)),
    ]


class Figures:
    """How amounts of an account are written."""

    def __init__(self, account: Account, glyphs: Glyphs, exact: bool) -> None:
        self.glyphs = glyphs
        self.exact = exact
        bounded = account.unknown_calls or account.lower_bound_calls
        self.mark = glyphs.at_least if bounded else ""

    def cost(self, femto: int, *, mark: bool = False) -> str:
        """An amount in whole 1e-15 USD."""
        text = self.mark if mark else ""
        return money(from_femto(femto), mark=text, exact=self.exact, glyphs=self.glyphs)

    def share(self, part: int, whole: int) -> str:
        """A share of a whole in percent."""
        if not whole:
            return self.glyphs.unknown
        return f"{(Decimal(part) * 100 / whole).quantize(Decimal('0.1'))} %"


def _component_table(total: TotalCost, write: Figures, terminal: Terminal) -> Sequence[str]:
    parts = (*total.components, Component("total", total.total, total.provenance))
    columns = [
        Column("component", tuple(part.name.replace("_", " ") for part in parts)),
        Column("cost", tuple(write.cost(p.cost, mark=p is parts[-1]) for p in parts), "point"),
        Column("share", tuple(write.share(p.cost, total.total) for p in parts), "point"),
        Column("provenance", tuple(p.provenance or write.glyphs.unknown for p in parts), rank=1),
    ]
    return render(columns, terminal, total=True).lines


def _row_table(account: Account, write: Figures, terminal: Terminal) -> Sequence[str]:
    """Components by the values of the dimensions."""
    columns = [
        Column(
            safe(name),
            (*(_value(values[n], nobody) for values, nobody, _ in account.rows), "total" * (not n)),
            shrinks="middle",
        )
        for n, name in enumerate(account.by)
    ]
    totals = [*(row for _, _, row in account.rows), account.total]
    whole = totals[-1]
    cells = tuple(write.cost(row.total, mark=row is whole) for row in totals)
    columns.append(Column("total", cells, "point"))
    sizes = sorted((abs(part.cost) for part in account.total.components), reverse=True)
    for place, name in enumerate(COMPONENTS):
        size = abs(account.total.components[place].cost)
        cells = tuple(write.cost(row.components[place].cost) for row in totals)
        nothing = not any(row.components[place].cost for row in totals)
        rank = 2 + sizes.index(size) + SILENT * nothing
        columns.append(Column(TITLES[name], cells, "point", rank))
    table = render(columns, terminal, total=True)
    hidden = [f"No room for: {', '.join(table.hidden)} (--json has them)."] * bool(table.hidden)
    return [*table.lines, *(line for note in hidden for line in wrap(note, terminal.width))]


def _value(value: str | None, nobody: bool) -> str:
    if value is None:
        return "(unallocated)" if nobody else "(none)"
    return safe(value)


def _matrix_table(total: TotalCost, write: Figures, terminal: Terminal) -> Sequence[str]:
    cells = total.cells
    nothing = write.glyphs.unknown
    columns = [
        Column("nature", tuple(c.nature.replace("_", " ") for c in cells)),
        Column("purpose", tuple(safe(c.purpose or nothing) for c in cells), shrinks="middle"),
        Column("fate", tuple(c.fate or nothing for c in cells)),
        Column("component", tuple(c.component.replace("_", " ") for c in cells), rank=2),
        Column("cost", tuple(write.cost(c.cost) for c in cells), "point"),
        Column("share", tuple(write.share(c.cost, total.total) for c in cells), "point", 1),
        Column("provenance", tuple(c.provenance or nothing for c in cells), rank=3),
    ]
    table = render(columns, terminal)
    hidden = [f"No room for: {', '.join(table.hidden)} (--json has them)."] * bool(table.hidden)
    return [*table.lines, *(line for note in hidden for line in wrap(note, terminal.width))]


def _notes(account: Account, write: Figures) -> list[str]:
    total, dot = account.total, write.glyphs.dot
    share = write.share(total.tokens, total.total)
    notes = [
        f"{account.view} cost{dot}tokens alone {write.cost(total.tokens)}, {share} of the total"
    ]
    parts = [
        f"{title} {write.cost(cost)}"
        for title, cost in (
            ("unallocated", total.unallocated),
            ("idle", total.idle),
            ("unused", total.unused),
        )
        if cost
    ]
    notes += [dot.join(parts)] * bool(parts)
    unknown = [
        f"{title} of {write.cost(cost)}"
        for title, cost in (("purpose", total.unknown_purpose), ("fate", total.unknown_fate))
        if cost
    ]
    notes += [f"unknown: {' and '.join(unknown)} of calls"] * bool(unknown)
    if account.unknown_calls:
        verb, pronoun = ("has", "it") if account.unknown_calls == 1 else ("have", "them")
        calls = plural(account.unknown_calls, "call")
        mark = write.glyphs.at_least
        notes.append(f"{calls} {verb} no price; the cost leaves {pronoun} out ({mark}).")
    if account.lower_bound_calls:
        verb = "costs" if account.lower_bound_calls == 1 else "cost"
        calls = plural(account.lower_bound_calls, "call")
        notes.append(f"{calls} {verb} at least what is shown ({write.glyphs.at_least}).")
    if account.unrated_minutes:
        shown = f"{account.unrated_minutes:,.0f}"
        notes.append(
            f"{shown} human minutes of outcomes have no rate, so no cost: declare people with "
            "from_outcomes."
        )
    return notes


def _outside(account: Account, terminal: Terminal) -> list[str]:
    if not account.declared:
        text = "No boundary is declared: calls and losses alone count (jevons boundary add FILE)."
        return wrap(text, terminal.width)
    if not account.outside:
        return []
    return ["outside the boundary:", *outside_lines(account.outside, terminal.width)]
