"""`jevons prices`: look up, add and check prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from jevons.app.results import PriceRow
from jevons.interfaces.cli.checklist import checklist, failed
from jevons.interfaces.cli.documents import json_text, price_document
from jevons.interfaces.cli.figures import money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command, moment
from jevons.interfaces.cli.table import Column, footer, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.vocabulary.errors import PriceError
from jevons.vocabulary.units import UNITS, Unit

F = TypeVar("F", bound=Callable[..., Any])

MILLION: Final = Decimal(1_000_000)

LISTED: Final = (
    ("input", "input"),
    ("cache_read", "cache\nread"),
    ("cache_write", "cache\nwrite"),
    ("output", "output"),
)
"""Units that have a column in `prices list`, and its title."""


@click.group("prices")
def prices_command() -> None:
    """Look up, add and check prices.

    Prices come from the genai-prices catalogue that this version of Jevons was built with, and from
    the price files that are laid over it. Nothing is fetched.
    """


def _lookup_flags(function: F) -> F:
    provider = click.option("--provider", metavar="NAME", help="Only prices of this provider.")
    at = click.option("--at", metavar="TIME", help="Prices as they were valid at this time.")
    json = click.option("--json", is_flag=True, help="A JSON list; prices are USD per single unit.")
    return provider(at(json(function)))


@prices_command.command("list", cls=Command)
@_lookup_flags
def list_command(provider: str | None, at: str | None, json: bool) -> None:
    """List the price entries, one line each."""
    invocation = current()
    with invocation.books() as books:
        rows = books.prices(None, provider, moment(invocation, "--at", at))
    if json:
        say(json_text([price_document(row) for row in rows]))
    else:
        say(*price_table(rows, invocation.terminal))


@prices_command.command("show", cls=Command)
@click.argument("model")
@_lookup_flags
def show_command(model: str, provider: str | None, at: str | None, json: bool) -> None:
    """Show every price of MODEL, its conditions, validity and source."""
    invocation = current()
    with invocation.books() as books:
        rows = books.prices(model, provider, moment(invocation, "--at", at))
    if not rows:
        raise PriceError(
            f"no price is known for {model}" + (f" of {provider}" if provider else ""),
            remedy="See jevons prices list; jevons prices add FILE adds one.",
        )
    if json:
        say(json_text([price_document(row) for row in rows]))
    else:
        say(*(line for row in rows for line in price_block(row, invocation.terminal)))


@prices_command.command("add", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
def add_command(file: Path) -> None:
    """Add the price entries of a YAML FILE to this ledger's prices.

    Recorded entries are never overwritten: a later entry of the same conditions is a correction,
    and takes effect with `jevons reprice`.
    """
    invocation = current()
    with invocation.books() as books:
        rows = books.add_prices(file)
    if not rows:
        say(f"{safe(file.name)} is already in the book: nothing to add.")
        return
    say(*price_table(rows, invocation.terminal))
    added = plural(len(rows), "entry", "entries")
    say("", f"{added} added; jevons reprice applies them to past calls.")


@prices_command.command("check", cls=Command)
def check_command() -> int:
    """Check all price files: their form, gaps, contradictions and age. Exit code 4 when one
    fails."""
    invocation = current()
    with invocation.books() as books:
        checks = books.check_prices()
    say(*checklist(checks, invocation.terminal))
    return PriceError.exit_code if failed(checks) else 0


def price_table(rows: Sequence[PriceRow], terminal: Terminal) -> list[str]:
    """Price entries as a table, USD per million tokens."""
    if not rows:
        return ["No price entry matches."]
    glyphs = terminal.glyphs
    columns = [
        Column("model", tuple(safe(row.model) for row in rows), shrinks="middle"),
        Column("provider", tuple(safe(row.provider) for row in rows), shrinks="middle"),
    ]
    for unit, title in LISTED:
        cells = tuple(_per_million(row, unit, glyphs) for row in rows)
        columns.append(Column(title, cells, "point", 3 if "cache" in unit else 0))
    columns += [
        Column("effect", tuple(safe(row.effect) for row in rows), rank=1, shrinks="middle"),
        Column("conditions", tuple(_conditions(row) for row in rows), rank=1, shrinks="middle"),
        Column("valid", tuple(_validity(row, glyphs) for row in rows), rank=2),
        Column("source", tuple(safe(row.source) for row in rows), rank=4, shrinks="middle"),
    ]
    empty = {"", glyphs.unknown}
    table = render([column for column in columns if not empty.issuperset(column.cells)], terminal)
    notes = [f"{plural(len(rows), 'entry', 'entries')}, USD per million tokens"]
    if table.hidden:
        notes.append(f"no room for: {', '.join(table.hidden)}")
    return [*table.lines, "", *footer(notes, terminal)]


def _per_million(row: PriceRow, unit: str, glyphs: Glyphs) -> str:
    price = dict(row.prices).get(unit)
    return glyphs.unknown if price is None else money(price * MILLION, exact=True, glyphs=glyphs)


def _conditions(row: PriceRow) -> str:
    """When the entry applies: its axes, and the input tokens above which its prices begin."""
    parts = [f"{name}={value}" for name, value in row.axes.items()]
    if row.above is not None:
        parts.append(f"input > {row.above:,} tokens")
    return safe("; ".join(parts))


def _validity(row: PriceRow, glyphs: Glyphs) -> str:
    start, end = row.valid_from or "", row.valid_to or ""
    if not start and not end:
        return "always"
    return safe(f"{start[:10] or glyphs.ellipsis} to {end[:10] or glyphs.ellipsis}")


def price_block(row: PriceRow, terminal: Terminal) -> list[str]:
    """One price entry in full."""
    glyphs, width = terminal.glyphs, terminal.width
    facts = [
        ("conditions", _conditions(row) or "none"),
        ("effect", safe(row.effect)),
        ("valid", _validity(row, glyphs)),
        ("recorded", safe(row.recorded_at)),
        ("source", safe(row.source)),
        ("entry", safe(row.entry)),
        ("note", safe(row.note)),
    ]
    lines = [f"  {name:<10}  {text}" for name, text in facts if text]
    return [
        *map(terminal.strong, wrap(f"{safe(row.model)}{glyphs.dot}{safe(row.provider)}", width)),
        *lines,
        *(f"  {line}" for line in _price_lines(row, terminal)),
        "",
    ]


def _price_lines(row: PriceRow, terminal: Terminal) -> tuple[str, ...]:
    """The unit prices of an entry; none when it only changes those of others."""
    if not row.prices:
        return ()
    units = tuple(safe(unit) for unit, _ in row.prices)
    quoted = [unit_price(unit, price, terminal.glyphs) for unit, price in row.prices]
    columns = [
        Column("unit", units),
        Column("price", tuple(price for price, _ in quoted), "point"),
        Column("", tuple(per for _, per in quoted)),
    ]
    return render(columns, terminal).lines


def unit_price(unit: str, price: Decimal, glyphs: Glyphs) -> tuple[str, str]:
    """A price per unit as people quote it, exactly: per million for tokens and characters, else
    each."""
    known = UNITS.get(Unit(unit))
    measure = known.measure if known is not None else "count"
    if measure in ("tokens", "characters"):
        return money(price * MILLION, exact=True, glyphs=glyphs), f"per million {measure}"
    return money(price, exact=True, glyphs=glyphs), "per second" if measure == "seconds" else "each"
