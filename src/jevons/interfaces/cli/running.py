"""`jevons run`, `jevons runs` and `jevons purposes`."""

from __future__ import annotations

from typing import Final

import click

from jevons.interfaces.cli.documents import json_text
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import COUNT, Command, dimensions, query, query_flags
from jevons.vocabulary.errors import UsageError

STEPS: Final = 40
"""Steps of one run that `run` shows when --steps does not say otherwise."""

_STEPS_HELP: Final = f"At most N steps of each run [default: {STEPS}; all with --json]."


@click.command("run", cls=Command, settings=("time_zone",))
@click.argument("run", metavar="RUN")
@click.option("--steps", type=COUNT, metavar="N", help=_STEPS_HELP)
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def run_command(run: str, steps: int | None, json: bool) -> None:
    """Show an agent run as a tree: steps, sub-agents, and what each cost.

    RUN is the id of a run, or a beginning that no other run has. A run's own cost is that of its
    calls; the cost with sub-agents adds the runs that it started.
    """
    from jevons.interfaces.cli.tree import run_document, run_lines

    invocation = current()
    with invocation.books() as books:
        found = books.run(run)
    if json:
        say(json_text(run_document(found)))
        return
    zone = invocation.settings.time_zone
    say(*run_lines(found, invocation.terminal, zone, steps or STEPS))


@click.command("runs", cls=Command, settings=("time_zone",))
@click.option(
    "--sort",
    type=click.Choice(("cost", "tokens", "time")),
    default="cost",
    show_default=True,
    help="What the runs are ordered by.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="task_type",
    help="One row per task type: what is usual in it, and how its calls multiply.",
)
@click.option("--top", type=COUNT, metavar="N", help="At most N runs [default: 20].")
@click.option(
    "--all",
    "every",
    is_flag=True,
    envvar="JEVONS_RUNS_ALL",
    help="All runs, also those that do not stand out.",
)
@query_flags
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def runs_command(
    sort: str,
    by: tuple[str, ...],
    top: int | None,
    every: bool,
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    json: bool,
) -> None:
    """Find the runs that stand out in their task type, and say why.

    A run is shown with all runs that it started. It stands out by its cost, its calls or the
    context of a call above the 99th percentile of its task type, or by calls that repeat each
    other; when none does, all are listed. --since and --until choose runs by when they began;
    --where takes team, person, task_type, task and harness.
    """
    from jevons.interfaces.cli.outliers import outlier_lines, runs_document, work_lines

    names = dimensions(by)
    if names not in ((), ("task_type",)):
        raise UsageError(
            f"runs cannot be grouped by {', '.join(names)}", remedy="Write --by task_type."
        )
    invocation = current()
    question = query(invocation, since, until, where, top=top)
    with invocation.books() as books:
        work = books.work(question) if names or json else None
        found = None if names and not json else books.runs(question, sort, every=every)
    if json:
        assert work is not None and found is not None
        say(json_text(runs_document(found, work)))
    elif work is not None:
        say(*work_lines(work, invocation.terminal))
    elif found is not None:
        say(*outlier_lines(found, invocation.terminal, question.time_zone))


@click.command("purposes", cls=Command, settings=("time_zone",))
@query_flags
@click.option("--json", is_flag=True, help="One JSON document.")
def purposes_command(
    since: str | None, until: str | None, where: tuple[str, ...], json: bool
) -> None:
    """List the rules that say what calls were for, and how many each decided.

    Rules are tried from top to bottom; the first that matches decides. purposes.toml in the
    ledger's home adds rules before these, replaces or switches off.
    """
    from jevons.interfaces.cli.outliers import rule_lines, rules_document

    invocation = current()
    question = query(invocation, since, until, where)
    with invocation.books() as books:
        found = books.purposes(question)
    if json:
        say(json_text(rules_document(found)))
    else:
        say(*rule_lines(found, invocation.terminal))
