"""`jevons index`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import click

from jevons.interfaces.cli.chart import Series, line_chart
from jevons.interfaces.cli.documents import amount, json_text
from jevons.interfaces.cli.figures import count, money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command, query, query_flags
from jevons.interfaces.cli.table import Column, render, wrap
from jevons.interfaces.cli.terminal import UNICODE, Glyphs, Terminal
from jevons.vocabulary.errors import UsageError

if TYPE_CHECKING:
    from jevons.app.indexing import Index

ROWS: Final = 13
"""Lines of the chart."""

HELP_INDEX = """\
\b
Examples:
  jevons index
  jevons index --since 2026-07 --by week
  jevons index --where team=support --json
"""


@click.command("index", cls=Command, settings=("time_zone",), epilog=HELP_INDEX)
@query_flags
@click.option(
    "--by",
    type=click.Choice(["month", "week"]),
    default="month",
    show_default=True,
    help="The periods that are compared.",
)
@click.option(
    "--floor",
    metavar="SHARE",
    help="Same-job prices of task types with at least this success rate alone, e.g. 0.8.",
)
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def index_command(
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    by: str,
    floor: str | None,
    json: bool,
) -> None:
    """Show what prices, tokens per task, calls per task and spend did, each as an index.

    The first period is 100. Same model: prices of the models that two periods have in common.
    Same job: the cost of a token of the same task type, whatever model does it, because prices are
    cut under new model names. Both are chained Fisher indices.
    """
    invocation = current()
    question = query(invocation, since, until, where)
    with invocation.books() as books:
        found = books.price_index(question, "week" if by == "week" else "month", _share(floor))
    if json:
        say(json_text(index_document(found)))
    else:
        say(*index_lines(found, invocation.terminal))


def _share(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(-1)
    if not 0 <= share <= 1:
        raise UsageError(f"--floor: not a share: {text!r}", remedy="Write a number from 0 to 1.")
    return share


def index_document(found: Index) -> dict[str, Any]:
    """`index --json`: the contract is docs/reference/price-index.md."""
    from jevons.app.indexing import MORE, SERIES

    titles = {**SERIES, **MORE}
    return {
        "by": found.by,
        "time_zone": found.time_zone,
        "where": dict(found.where),
        "periods": list(found.periods),
        "series": [
            {
                "name": name,
                "title": title,
                "index": [amount(value) for value in found.indices[name]],
                **(
                    {"values": [amount(value) for value in found.amounts[name]]}
                    if name in found.amounts
                    else {}
                ),
                **({"reason": found.why[name]} if name in found.why else {}),
            }
            for name, title in titles.items()
        ],
        "matched_share": _matched(found),
        "unknown_calls": list(found.unknown_calls),
        "partial": list(found.partial),
        "quality_floor": amount(found.floor),
        "currency": "USD",
        "cost": "effective_cost",
        "provenance": found.provenance,
    }


def _matched(found: Index) -> list[str | None]:
    """The share of each period's cost that is of models of the period before; the first has
    none."""
    shares = [link.matched for link in found.matched]
    places = Decimal("0.000001")
    return [None, *(None if s is None else amount(s.quantize(places)) for s in shares)][
        : len(found.periods)
    ]


def index_lines(found: Index, terminal: Terminal) -> list[str]:
    """The chart, the figures below it, and what happened in one sentence."""
    from jevons.app.indexing import MORE, SERIES

    if not found.periods:
        return ["No call matches."]
    series = [
        Series(title, [None if v is None else float(v) for v in found.indices[name]])
        for name, title in SERIES.items()
    ]
    lines = [
        *wrap(sentence(found, terminal.glyphs), terminal.width or 100),
        "",
        *line_chart(series, found.periods, terminal.width, terminal.glyphs, ROWS),
        "",
        *_table(found, {**SERIES, **MORE}, terminal),
        "",
    ]
    lines += [terminal.faint(line) for note in _notes(found) for line in wrap(note, terminal.width)]
    return lines


def sentence(found: Index, glyphs: Glyphs) -> str:
    """What the five lines did from the first period to the last."""
    from jevons.app.indexing import SERIES

    if len(found.periods) < 2:
        return f"There is only {found.periods[0]}; an index needs two periods."
    changes = [
        f"{title} {_change(found.indices[name][-1], glyphs)}" for name, title in SERIES.items()
    ]
    listed = f"{', '.join(changes[:-1])}, and {changes[-1]}"
    return f"From {found.periods[0]} to {found.periods[-1]}: {listed}."


def _change(value: Decimal | None, glyphs: Glyphs) -> str:
    if value is None:
        return "is not known"
    change = (value - 100).quantize(Decimal("0.1"))
    sign = "+" if change > 0 else glyphs.minus if change < 0 else ""
    space = "\N{NO-BREAK SPACE}" if glyphs == UNICODE else " "
    return f"{sign}{abs(change)}{space}%"


def _table(found: Index, titles: dict[str, str], terminal: Terminal) -> list[str]:
    """Indices by period, and the amounts of the last; the oldest periods are left out first."""
    glyphs = terminal.glyphs
    names = list(titles)
    columns = [Column("index", tuple(titles.values()))]
    last = len(found.periods) - 1
    for number, period in enumerate(found.periods):
        values = (found.indices[name][number] for name in names)
        cells = tuple(glyphs.unknown if v is None else f"{v:.1f}" for v in values)
        rank = 0 if number in (0, last) else 1 + last - number
        columns.append(Column(period, cells, "point", rank))
    amounts = tuple(_amount(found, name, glyphs) for name in names)
    columns.append(Column(f"in {found.periods[-1]}", amounts, "right", 1))
    table = render(columns, terminal)
    hidden = [wrap(f"No room for: {', '.join(table.hidden)}.", terminal.width)] * bool(table.hidden)
    return [*table.lines, *(terminal.faint(line) for lines in hidden for line in lines)]


def _amount(found: Index, name: str, glyphs: Glyphs) -> str:
    value = found.amounts[name][-1] if name in found.amounts else None
    if value is None:
        return ""
    if name in ("spend", "cost_per_success"):
        return money(value, glyphs=glyphs)
    return count(round(value), exact=False) if value >= 1000 else f"{value:.1f}"


def _notes(found: Index) -> Iterator[str]:
    from jevons.app.indexing import MORE, SERIES

    shares = [link.matched for link in found.matched if link.matched is not None]
    if shares:
        least = (min(shares) * 100).quantize(Decimal("0.1"))
        yield f"Same model: at least {least} % of a period's cost is of models of the one before."
    if unknown := sum(found.unknown_calls):
        yield f"No price is known of {plural(unknown, 'call')}: in no price, no cost."
    if found.partial:
        yield f"Not whole, so its spend is no measure: {', '.join(found.partial)}."
    titles = {**SERIES, **MORE}
    for name, reason in found.why.items():
        yield f"{titles[name]}: {reason}."
    if found.floor is not None:
        yield f"Same job: task types with a success rate of at least {found.floor}."
