"""`jevons events` and `jevons rejects`: single calls, and single lines that could not be read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from jevons.interfaces.cli.documents import json_lines
from jevons.interfaces.cli.figures import count, money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import COUNT, Command, query, query_flags
from jevons.interfaces.cli.periods import local_instant
from jevons.interfaces.cli.table import SILENT, Column, footer, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.vocabulary.money import parse_amount

if TYPE_CHECKING:
    from jevons.vocabulary.rejection import Rejection

ROWS_SHOWN: Final = 20
"""Rows of a table when --limit does not say otherwise; JSON has all."""


@click.command("events", cls=Command, settings=("time_zone",))
@query_flags
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help=f"At most N calls, oldest first [default: {ROWS_SHOWN}; all with --json].",
)
@click.option("--json", is_flag=True, help="One JSON object per line; amounts are strings.")
def events_command(
    since: str | None, until: str | None, where: tuple[str, ...], limit: int | None, json: bool
) -> None:
    """List single calls: tokens, charges, and why they cost that.

    Each JSON object has the identity of a call, its attribution and tags, quantities by unit,
    charge lines, the four costs, price_state, provenance, and under `why` the price entry, or the
    reason why there is none.
    """
    invocation = current()
    question = query(invocation, since, until, where)
    with invocation.books() as books:
        if json:
            for line in json_lines(books.events(question, limit)):
                say(line)
            return
        shown = limit or ROWS_SHOWN
        found = list(islice(books.events(question, shown + 1), shown + 1))
    say(
        *event_lines(
            found[:shown], invocation.terminal, question.time_zone, more=len(found) > shown
        )
    )


def event_lines(
    events: list[dict[str, Any]], terminal: Terminal, time_zone: str, *, more: bool
) -> list[str]:
    """The table of some calls, and what it does not show."""
    if not events:
        return ["No call matches."]
    table = render(_event_columns(events, terminal.glyphs, time_zone), terminal)
    notes = [f"times in {time_zone}"]
    if more:
        notes.append(f"only the oldest {plural(len(events), 'call')}: --limit N or --json has more")
    if table.hidden:
        notes.append(f"no room for: {', '.join(table.hidden)}")
    return [*table.lines, "", *footer(notes, terminal)]


def _event_columns(events: list[dict[str, Any]], glyphs: Glyphs, time_zone: str) -> list[Column]:
    def words(title: str, rank: int, *names: str) -> Column:
        cells = tuple(_first(event, names, glyphs.unknown) for event in events)
        empty = all(cell == glyphs.unknown for cell in cells)
        cut: Literal["middle", "end"] = "end" if title == "why" else "middle"
        return Column(title, cells, rank=rank + SILENT * empty, shrinks=cut)

    def tokens(title: str, rank: int, name: str) -> Column:
        cells = tuple(count(int(event.get(name) or 0), exact=False) for event in events)
        return Column(title, cells, "suffix", rank)

    times = tuple(local_instant(str(event.get("time", "")), time_zone) for event in events)
    return [
        Column("time", times),
        words("model", 0, "response_model", "request_model"),
        words("who", 6, "team", "person", "project", "harness", "application"),
        tokens("input\ntokens", 3, "input_tokens"),
        tokens("cache\nread", 5, "cache_read_input_tokens"),
        tokens("output\ntokens", 2, "output_tokens"),
        Column("cost", tuple(event_cost(event, glyphs) for event in events), "point"),
        words("state", 1, "price_state"),
        words("why", 4, "why"),
    ]


def _first(event: Mapping[str, Any], names: tuple[str, ...], otherwise: str) -> str:
    return next((safe(str(event[name])) for name in names if event.get(name)), otherwise)


def event_cost(event: Mapping[str, Any], glyphs: Glyphs) -> str:
    """The effective cost of one call with its sign: unknown, at least, estimated."""
    text = event.get("effective_cost")
    state = event.get("price_state")
    mark = ""
    if state == "lower_bound":
        mark = glyphs.at_least
    elif event.get("provenance") in ("estimated", "allocated"):
        mark = glyphs.about
    return money(None if text is None else parse_amount(text), mark=mark, glyphs=glyphs)


@click.command("rejects", cls=Command)
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help=f"At most N lines [default: {ROWS_SHOWN}; all with --json].",
)
@click.option("--json", is_flag=True, help="One JSON object per line, with the blanked structure.")
def rejects_command(limit: int | None, json: bool) -> None:
    """List the lines that could not be read, and why.

    No text of a prompt is kept: a rejected line is known by its place, its hash and its structure,
    in which every string is blank.
    """
    invocation = current()
    with invocation.books() as books:
        found = books.rejections()
        if json:
            import msgspec

            for line in json_lines(msgspec.to_builtins(item) for item in islice(found, limit)):
                say(line)
            return
        shown = list(islice(found, limit or ROWS_SHOWN))
        rest = _length(found)
    say(*rejection_lines(shown, rest, invocation.terminal))


def _length(items: Iterator[object]) -> int:
    return sum(1 for _ in items)


def _from_here(place: str) -> str:
    """A path without the current folder, if it lies below that."""
    return place.removeprefix(os.path.join(os.path.realpath(os.curdir), ""))


def rejection_lines(shown: list[Rejection], rest: int, terminal: Terminal) -> list[str]:
    """The table of rejected lines; rest: how many more there are."""
    if not shown:
        return ["Every line was read: nothing is rejected."]
    columns = [
        Column("source", tuple(safe(item.source) for item in shown), rank=1),
        Column("file", tuple(safe(_from_here(item.place)) for item in shown), shrinks="middle"),
        Column("line", tuple(f"{item.line:,}" if item.line else "all" for item in shown), "right"),
        Column("reason", tuple(safe(item.reason) for item in shown), shrinks="end"),
    ]
    lines = [*render(columns, terminal).lines]
    if rest:
        note = f"{plural(rest, 'more line')}: --limit N or --json has them"
        lines += ["", *map(terminal.faint, wrap(note, terminal.width))]
    return lines
