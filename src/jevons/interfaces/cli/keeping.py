"""`jevons reprice`, `verify` and `doctor`: keep the books right."""

from __future__ import annotations

import click

from jevons.app.results import RepriceSummary, Verification
from jevons.interfaces.cli.checklist import checklist, failed
from jevons.interfaces.cli.figures import money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command, query, query_flags
from jevons.interfaces.cli.periods import local_instant
from jevons.interfaces.cli.terminal import Terminal, safe
from jevons.vocabulary.errors import JevonsError, LedgerDamaged


@click.command("reprice", cls=Command, settings=("time_zone", "workers"))
@query_flags
@click.option("--dry-run", is_flag=True, help="Show what would change, store nothing.")
def reprice_command(
    since: str | None, until: str | None, where: tuple[str, ...], dry_run: bool
) -> None:
    """Price calls anew with the prices known today.

    Nothing is overwritten: a new version is added, and `report --as-of` shows what was believed
    before.
    """
    invocation = current()
    question = query(invocation, since, until, where)
    with invocation.books() as books:
        summary = books.reprice(question, dry_run=dry_run)
    say(*describe_reprice(summary, invocation.terminal, question.time_zone))


def describe_reprice(summary: RepriceSummary, terminal: Terminal, time_zone: str) -> list[str]:
    """What re-pricing changed."""
    if not summary.changed:
        return [f"{plural(summary.events, 'call')} looked at, no cost changes."]
    glyphs = terminal.glyphs
    verb = "would change" if summary.dry_run else "changed"
    difference = None
    if summary.after is not None and summary.before is not None:
        difference = summary.after - summary.before
    sign = "+" if difference is not None and difference > 0 else ""
    lines = [
        f"{plural(summary.events, 'call')} looked at, {summary.changed:,} {verb}.",
        f"  cost before  {money(summary.before, glyphs=glyphs)}",
        f"  cost after   {money(summary.after, glyphs=glyphs)}",
        f"  difference   {sign}{money(difference, glyphs=glyphs)}",
    ]
    if not summary.dry_run:
        when = local_instant(summary.recorded_at, time_zone)
        lines.append(
            f"Recorded at {when} {time_zone}; report --as-of an earlier time shows the old cost."
        )
    return lines


@click.command("verify", cls=Command, settings=("workers",))
def verify_command() -> int:
    """Prove that the ledger follows from what was imported.

    Balances and roll-ups are worked out again from the stored observations; the first difference is
    named and the exit code is 5.
    """
    invocation = current()
    with invocation.books() as books, invocation.progress() as progress:
        outcome = books.verify(progress)
    say(*describe_verification(outcome, invocation.terminal))
    return LedgerDamaged.exit_code if outcome.first_difference or failed(outcome.checks) else 0


def describe_verification(outcome: Verification, terminal: Terminal) -> list[str]:
    """The checks of a verification and its verdict."""
    lines = [*checklist(outcome.checks, terminal), ""]
    if outcome.first_difference is None and not failed(outcome.checks):
        return [*lines, "The ledger follows from what was imported."]
    first = safe(outcome.first_difference or "see the failed check above")
    return [
        *lines,
        terminal.alarm("The ledger differs from its observations:"),
        f"  {first}",
    ]


@click.command("doctor", cls=Command)
def doctor_command() -> int:
    """Check that everything is as it should be, and say what to do.

    Looks at the installation, the home folder, prices, the logs of coding agents, the tables, the
    write lock, the inbox, the clock, rejected lines and calls without a price. The exit code is 1
    when a check failed; a warning does not count.
    """
    invocation = current()
    with invocation.books() as books:
        checks = books.doctor()
    say(*checklist(checks, invocation.terminal))
    return JevonsError.exit_code if failed(checks) else 0
