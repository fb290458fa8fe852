"""`jevons report`."""

from __future__ import annotations

import click

from jevons.interfaces.cli.documents import csv_text, json_text, report_document
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import (
    COUNT,
    Command,
    complete_by,
    dimensions,
    query,
    query_flags,
)
from jevons.interfaces.cli.statement import statement
from jevons.vocabulary.errors import UsageError

HELP_BY = """\
\b
Examples:
  jevons report --by team,month --since 2026-01-01
  jevons report --by model --where project=search --top 10
  jevons report --by day --since 30d --csv > days.csv

Dimensions: hour, day, week, month, year; model, provider, host, region, request_model,
response_model, service_tier, batch, speed, operation, finish_reason, status, error;
organisation, team, person, project, application, harness, harness_version, environment,
customer, key, task_type, task, session, run, parent_run, step, parent_step, agent, tool,
purpose; source, price_state, provenance, evidence; tag.NAME.
"""


@click.command("report", cls=Command, settings=("time_zone",), epilog=HELP_BY)
@click.option(
    "--by",
    multiple=True,
    metavar="DIM[,DIM…]",
    shell_complete=complete_by,
    help="One row per value of these dimensions (named below). Without it: the total alone.",
)
@query_flags
@click.option(
    "--as-of",
    metavar="TIME",
    help="What the ledger said at this time, before later corrections: a day or month is its end.",
)
@click.option("--top", type=COUNT, metavar="N", help="Only the N costliest rows.")
@click.option("--exact", is_flag=True, help="Every digit of tokens and money.")
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
@click.option("--csv", is_flag=True, help="CSV with a header; an unknown amount is empty.")
def report_command(
    by: tuple[str, ...],
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    as_of: str | None,
    top: int | None,
    exact: bool,
    json: bool,
    csv: bool,
) -> None:
    """Show what was used and what it cost.

    Input tokens include those read from and written to a cache, output tokens include reasoning.
    $0.00 is known to be free, — has no known price, ≥ is at least, ~ is estimated. Costs are in US
    dollars: the list cost by the provider's public prices, the effective cost after contracts and
    plans.
    """
    if json and csv:
        raise UsageError("--json and --csv exclude each other", remedy="Give one of them.")
    invocation = current()
    question = query(invocation, since, until, where, as_of, by=dimensions(by), top=top)
    with invocation.books() as books:
        report = books.report(question)
    if json:
        say(json_text(report_document(report)))
    elif csv:
        say(csv_text(report).rstrip("\n"))
    else:
        say(*statement(report, invocation.terminal, exact=exact, as_of=question.as_of))
