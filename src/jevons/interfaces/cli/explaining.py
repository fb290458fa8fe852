"""`jevons explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from jevons.interfaces.cli import periods
from jevons.interfaces.cli.documents import json_text
from jevons.interfaces.cli.invocation import Invocation, current, say
from jevons.interfaces.cli.options import COUNT, Command, complete_by, dimensions, query
from jevons.vocabulary.errors import UsageError

if TYPE_CHECKING:
    from jevons.app.results import Query

BY: Final = ("team", "task_type", "model")
SHOWN: Final = 10
"""Rows below the effects unless --top says otherwise."""

HELP_EXPLAIN = """\
\b
Examples:
  jevons explain 2026-08 2026-09
  jevons explain 2026-08 2026-09 --by team --top 5
  jevons explain 2026-08 2026-09 --effect model_mix
  jevons explain 2026-08-01..2026-08-15 2026-09-01..2026-09-15 --where team=legal --json

A and B are a month, a day, or FROM..TO (TO itself is not in it).

Effects: list_price, contract; tasks, calls_per_task, tokens_per_call; task_mix, model_mix,
fresh_input, cache, visible_output, reasoning, tool, other_usage, adjustment, unsplit; new,
discontinued; price_known, other_charges.
"""


@click.command("explain", cls=Command, settings=("time_zone",), epilog=HELP_EXPLAIN)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--by",
    multiple=True,
    metavar="DIM[,DIM…]",
    shell_complete=complete_by,
    help=f"One row per value of these dimensions, also kind.  [default: {','.join(BY)}]",
)
@click.option(
    "--where",
    multiple=True,
    metavar="DIM=VALUE",
    help="Only calls with this value of a dimension; repeat it to ask for more at once.",
)
@click.option(
    "--method",
    type=click.Choice(["shapley", "lmdi"]),
    default="shapley",
    show_default=True,
    help="How a change is shared among its factors. lmdi takes no credits.",
)
@click.option(
    "--total",
    is_flag=True,
    help="Not the calls alone: the total cost, with declared charges, people and losses (tca).",
)
@click.option("--effect", metavar="NAME", help="The single lines behind one effect (named below).")
@click.option(
    "--top",
    type=COUNT,
    metavar="N",
    help=f"Only the N rows that changed most.  [default: {SHOWN}; all with --json]",
)
@click.option("--exact", is_flag=True, help="Every digit of money.")
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def explain_command(
    before: str,
    after: str,
    by: tuple[str, ...],
    where: tuple[str, ...],
    method: str,
    total: bool,
    effect: str | None,
    top: int | None,
    exact: bool,
    json: bool,
) -> None:
    """Say why the bill changed from period A to period B.

    The change is shared among its causes: prices, how much was done, and how. The parts sum to the
    change to the last digit and depend on no order. Costs are effective costs in US dollars. The
    bill is that of the calls, as in jevons report.
    """
    from jevons.interfaces.cli.bridge_document import bridge_document
    from jevons.interfaces.cli.bridge_view import bridge_lines, check_effect

    check_effect(effect)
    invocation = current()
    named = dimensions(by) or BY
    both = [_period(invocation, text, where, named) for text in (before, after)]
    with invocation.books() as books:
        chosen: Final = "lmdi" if method == "lmdi" else "shapley"
        found = books.explain(both[0], both[1], chosen, total=total)
    if json:
        say(json_text(bridge_document(found, effect, top)))
    else:
        say(*bridge_lines(found, invocation.terminal, effect, top or SHOWN, exact=exact))


def _period(
    invocation: Invocation, text: str, where: tuple[str, ...], by: tuple[str, ...]
) -> tuple[str, Query]:
    """A period of the command line: its label and the query that selects it."""
    start, dots, end = text.partition("..")
    since, until = start, end
    if not dots:
        since, until = _bounds(invocation, text)
    if not since or not until:
        raise UsageError(f"{text!r} has no {'end' if since else 'start'}", remedy=_REMEDY)
    plain = tuple(name for name in by if name != "kind")
    try:
        found = query(invocation, since, until, where, by=plain)
    except UsageError as problem:
        if "--since" not in str(problem) and "--until" not in str(problem):
            raise
        raise UsageError(f"not a period: {text!r}", remedy=_REMEDY) from None
    from dataclasses import replace

    return text, replace(found, by=by)


_REMEDY: Final = "Write a month 2026-09, a day 2026-09-14, or FROM..TO: 2026-09-01..2026-09-15."


def _bounds(invocation: Invocation, text: str) -> tuple[str, str]:
    """The start and the end of a month or a day."""
    word = periods.resolve(text, invocation.now, invocation.settings.time_zone) or ""
    if len(word) not in (7, 10):
        raise UsageError(f"not a period: {text!r}", remedy=_REMEDY)
    try:
        return word, periods.day_after(word)
    except ValueError:
        raise UsageError(f"not a period: {text!r}", remedy=_REMEDY) from None
