"""`jevons boundary`: declare what AI costs beside model calls."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from jevons.app.boundary import Declared
from jevons.interfaces.cli.checklist import checklist, failed
from jevons.interfaces.cli.documents import json_text
from jevons.interfaces.cli.figures import money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command
from jevons.interfaces.cli.table import SILENT, Column, footer, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.vocabulary.boundary import Boundary, Element
from jevons.vocabulary.errors import BoundaryError
from jevons.vocabulary.money import plain


@click.group("boundary")
def boundary_command() -> None:
    """Declare what AI costs beside model calls: seats, machines, people.

    Seats, plans, provisioned throughput, machines, training, vector stores, tools, platforms,
    people and energy: what is declared enters the ledger as charges by the day, and jevons tca
    counts it. What is outside the boundary is said there too.
    """


@boundary_command.command("add", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
def add_command(file: Path) -> None:
    """Declare the cost elements of a FILE: TOML, or CSV with one element per line.

    A copy is kept. A later file of the same boundary name replaces the earlier one from then on;
    charges that are no longer right are taken back, nothing is overwritten.
    """
    invocation = current()
    with invocation.books() as books:
        added = books.add_boundary(file)
    if added is None:
        say(f"{safe(file.name)} is in force already: nothing to add.")
        return
    say(*element_table(added, invocation.terminal))
    count = plural(len(added.elements), "element")
    say("", f"Boundary {safe(added.name)}: {count} declared; jevons tca counts them.")


@boundary_command.command("show", cls=Command)
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def show_command(json: bool) -> None:
    """Show the elements in force, and what is inside and outside of the boundary."""
    invocation = current()
    with invocation.books() as books:
        found = books.boundaries()
    if json:
        say(json_text([boundary_document(one) for one in found]))
    elif not found:
        say("No boundary is declared: only model calls count.")
        say("  jevons boundary sample prints one to start from; jevons boundary add FILE adds it")
    else:
        say(*(line for one in found for line in boundary_block(one, invocation.terminal)))


@boundary_command.command("check", cls=Command)
def check_command() -> int:
    """Find overlaps, gaps, missing sources, and what is neither inside nor outside. Exit code 7
    when something would be counted twice."""
    invocation = current()
    with invocation.books() as books:
        checks = books.check_boundary()
    say(*checklist(checks, invocation.terminal))
    return BoundaryError.exit_code if failed(checks) else 0


@boundary_command.command("sample", cls=Command)
def sample_command() -> None:
    """Print a boundary file to start from: that of the company that jevons generate makes up."""
    from jevons.app.company import boundary_text

    say(boundary_text().rstrip("\n"))


def boundary_block(one: Declared, terminal: Terminal) -> list[str]:
    """A boundary in force: its file, its elements, what is inside and outside."""
    boundary = one.boundary
    lines = [terminal.strong(f"{safe(boundary.name)}")]
    lines += footer([f"{safe(one.file)}", f"added {one.recorded_at}", one.digest], terminal)
    lines += ["", *element_table(boundary, terminal)]
    for title, said in (("inside", boundary.inside), ("outside", boundary.outside)):
        if said:
            lines += ["", terminal.strong(title)]
            width = max(len(name) for name, _ in said)
            for name, text in said:
                lines += wrap(f"  {safe(name):<{width}}  {safe(text)}", terminal.width)
    return [*lines, ""]


def element_table(boundary: Boundary, terminal: Terminal) -> list[str]:
    """The elements of a boundary, one line each."""
    elements = boundary.elements
    if not elements:
        return [f"Boundary {safe(boundary.name)} declares no elements."]
    glyphs = terminal.glyphs
    numbers = tuple(plain(element.quantity) for element in elements)
    columns = [
        Column("kind", tuple(element.kind for element in elements)),
        Column("name", tuple(safe(element.name) for element in elements), shrinks="middle"),
        Column("number", numbers, "right", 2 + SILENT * (set(numbers) == {"1"})),
        Column("price", tuple(_price(element, glyphs) for element in elements), "right"),
        Column("per", tuple(_per(element) for element in elements), rank=1),
        Column("valid", tuple(_valid(element, glyphs) for element in elements), rank=1),
        Column("owner or driver", tuple(_whose(e) for e in elements), rank=1, shrinks="middle"),
        Column("provenance", tuple(element.provenance for element in elements), rank=3),
        Column("source", tuple(safe(e.source) for e in elements), rank=4, shrinks="end"),
    ]
    table = render([column for column in columns if any(column.cells)], terminal)
    notes = [f"no room for: {', '.join(table.hidden)}"] if table.hidden else []
    return [*table.lines, *(["", *footer(notes, terminal)] if notes else [])]


def _price(element: Element, glyphs: Glyphs) -> str:
    if element.from_outcomes:
        return f"minutes x {money(element.rate, glyphs=glyphs)}/h"
    if element.minutes is not None:
        return f"{plain(element.minutes)} min x {money(element.rate, glyphs=glyphs)}/h"
    if element.kwh is not None and element.capacity is not None:
        rate = money(element.capacity.electricity_price, glyphs=glyphs)
        return f"{plain(element.kwh)} kWh x {rate}"
    return money(element.price, glyphs=glyphs)


def _per(element: Element) -> str:
    if element.from_outcomes:
        return "outcome"
    if element.life_months is not None:
        return f"{element.life_months} months' life"
    return element.per


def _valid(element: Element, glyphs: Glyphs) -> str:
    return f"{element.valid_from} to {element.valid_to or glyphs.ellipsis}"


def _whose(element: Element) -> str:
    owner = ", ".join(value for _, value in element.owner)
    driver = f"by {element.driver}" if element.driver else ""
    return safe(", ".join(filter(None, (owner, driver))))


def boundary_document(one: Declared) -> dict[str, Any]:
    """A boundary for `show --json`."""
    boundary = one.boundary
    return {
        "name": boundary.name,
        "file": one.file,
        "recorded_at": one.recorded_at,
        "digest": one.digest,
        "time_zone": boundary.time_zone,
        "inside": dict(boundary.inside),
        "outside": dict(boundary.outside),
        "elements": [element_document(element) for element in boundary.elements],
    }


def element_document(element: Element) -> dict[str, Any]:
    """An element by the keys of the boundary file; what is not said is left out."""
    capacity, allowance = element.capacity, element.allowance
    found: dict[str, Any] = {
        name: getattr(element, name)
        for name in ("kind", "name", "valid_from", "valid_to", "price", "per", "quantity",
                     "bought", "life_months", "minutes", "rate", "from_outcomes", "kwh")
    }  # fmt: skip
    if capacity is not None:
        found |= {name: getattr(capacity, name) for name in type(capacity).__dataclass_fields__}
    if allowance is not None:
        found |= {
            "allowance": allowance.amount,
            "allowance_unit": allowance.unit,
            "overage": allowance.overage,
        }
    found |= dict(element.owner)
    found |= {"calls": dict(element.calls) or None, "allocate": element.driver}
    shares = {name: {who: plain(p) for who, p in of} for name, of in element.shares}
    found |= {"shares": shares or None, "provenance": element.provenance}
    found |= {"source": element.source or None, "note": element.note or None}
    return {n: _said(v) for n, v in found.items() if v is not None and v is not False}


def _said(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value if isinstance(value, (dict, int, str)) else str(value)


def outside_lines(outside: Sequence[tuple[str, str]], width: int | None) -> list[str]:
    """What is outside the boundary, in one sentence per thing."""
    return [line for name, text in outside for line in wrap(f"  {safe(name)}: {safe(text)}", width)]
