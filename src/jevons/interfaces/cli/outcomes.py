"""`jevons outcomes import` and `jevons outcomes list`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from jevons.interfaces.cli.documents import json_lines, json_text
from jevons.interfaces.cli.figures import duration, money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import COUNT, Command, moment
from jevons.interfaces.cli.periods import end_of, local_instant
from jevons.interfaces.cli.statement import rejected_note
from jevons.interfaces.cli.table import SILENT, Column, footer, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.vocabulary.errors import STRICT_EXIT_CODE, SourceError
from jevons.vocabulary.money import parse_amount
from jevons.vocabulary.outcome import LINKS

if TYPE_CHECKING:
    from jevons.app.outcomes import OutcomeSummary

ROWS_SHOWN: Final = 20
"""Rows of the table when --limit does not say otherwise; JSON has all."""


@click.group("outcomes")
def outcomes_command() -> None:
    """What became of the work: read outcomes of tasks and runs, and list them."""


EXAMPLES = """\
\b
Examples:
  gh pr list --state all --limit 1000 \\
     --json number,url,state,createdAt,updatedAt,closedAt,mergedAt > pulls.json
  jevons outcomes import pulls.json ~/.claude/projects
  jevons outcomes import scores.json --floor correctness=0.8
  jevons outcomes import csv tickets.csv
"""


@outcomes_command.command("import", cls=Command, epilog=EXAMPLES)
@click.argument("paths", nargs=-1, required=True, metavar="[FORMAT] PATH…")
@click.option(
    "--floor",
    "floors",
    envvar="JEVONS_OUTCOMES_IMPORT_FLOOR",
    multiple=True,
    metavar="NAME=NUMBER",
    help="A score of this name below the number is no success, from it on it is one.",
)
@click.option(
    "--revision",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    metavar="N",
    help="Read them as correction number N: they count instead of others of the same time.",
)
@click.option("--strict", is_flag=True, help="Exit with 6 when any line is rejected.")
@click.option("--dry-run", is_flag=True, help="Show what would be read, store nothing.")
@click.option("--json", is_flag=True, help="One JSON document.")
def import_command(
    paths: tuple[str, ...],
    floors: tuple[str, ...],
    revision: int,
    strict: bool,
    dry_run: bool,
    json: bool,
) -> int:
    """Read what became of tasks and runs into the ledger.

    FORMAT is outcomes (jevons.outcome/v1 lines), csv, github (pull requests), claude-code (which
    session made which pull request), langfuse (scores) or otel (evaluation events); without it the
    format is recognised by the content. Importing twice changes nothing; a later report of the same
    outcome counts instead of the earlier one, which is kept.
    """
    invocation = current()
    named, places = split_format(paths)
    with invocation.books() as books:
        summary = books.import_outcomes(
            places, named, floors=floors, revision=revision, dry_run=dry_run
        )
    lines = (
        [json_text(import_document(summary))] if json else describe(summary, invocation.terminal)
    )
    say(*lines)
    if any(file.problem for file in summary.files):
        return SourceError.exit_code
    return STRICT_EXIT_CODE if strict and summary.rejected else 0


def split_format(paths: tuple[str, ...]) -> tuple[str | None, list[Path]]:
    """Tell FORMAT from PATH…: the first word, if it is no file and more follow."""
    first, *rest = paths
    if rest and re.fullmatch(r"[\w-]+", first) and not Path(first).exists():
        return first, [Path(path) for path in rest]
    return None, [Path(path) for path in paths]


def import_document(summary: OutcomeSummary) -> dict[str, Any]:
    """`outcomes import --json`."""
    return {
        "files": [
            {
                "place": file.place,
                "format": file.format,
                "outcomes": file.outcomes,
                "rejected": file.rejected,
                "problem": file.problem or None,
            }
            for file in summary.files
        ],
        "outcomes": summary.outcomes,
        "new": summary.new,
        "repeated": summary.repeated,
        "superseding": summary.superseding,
        "contradictory": summary.contradictory,
        "rejected": summary.rejected,
        "known": summary.known,
        "unlinked": summary.unlinked,
        "dry_run": summary.dry_run,
    }


def describe(summary: OutcomeSummary, terminal: Terminal) -> list[str]:
    """What an import of outcomes did, in lines."""
    read = [file for file in summary.files if file.format and not file.problem and file.outcomes]
    if not summary.outcomes and not summary.rejected:
        lines = ["No outcome was found."]
    else:
        verb = "Would read" if summary.dry_run else "Read"
        took = duration(summary.seconds)
        lines = [
            f"{verb} {plural(summary.outcomes, 'report')} of outcomes in {took}: {_kinds(read)}."
        ]
    if not summary.dry_run and summary.outcomes:
        known = f", {summary.repeated:,} known before" if summary.repeated else ""
        lines.append(f"{plural(summary.new, 'report')} added{known}.")
    if summary.superseding:
        one = summary.superseding == 1
        which = "is about an outcome" if one else "are about outcomes"
        lines.append(
            f"{summary.superseding:,} of them {which} already known: the latest report counts."
        )
    if summary.contradictory:
        lines.append(
            f"{plural(summary.contradictory, 'report')} contradicted by another of the same "
            "outcome and time; one was chosen by rule (a later time or --revision N decides)."
        )
    if summary.unlinked:
        lines.append(
            f"{summary.unlinked:,} of all {plural(summary.known or 0, 'outcome')} speak of nothing "
            "that the ledger knows (yet)."
        )
    lines += _problems(summary)
    return [piece for line in lines for piece in wrap(line, terminal.width)]


def _kinds(files: list[Any]) -> str:
    counts: dict[str, int] = {}
    for file in files:
        counts[file.format] = counts.get(file.format, 0) + 1
    return ", ".join(f"{plural(number, 'file')} of {name}" for name, number in counts.items())


def _problems(summary: OutcomeSummary) -> list[str]:
    lines = (
        [rejected_note(summary.rejected, stored=not summary.dry_run)] if summary.rejected else []
    )
    lines += [safe(file.problem) for file in summary.files if file.problem]
    unknown = [file.place for file in summary.files if file.format is None and not file.problem]
    if unknown:
        more = f" and {len(unknown) - 3:,} more" if len(unknown) > 3 else ""
        lines.append(f"Not recognised: {', '.join(map(safe, unknown[:3]))}{more}")
    return lines


@outcomes_command.command("list", cls=Command, settings=("time_zone",))
@click.option("--as-of", metavar="TIME", help="What was recorded by this time.")
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help=f"At most N outcomes, latest first [default: {ROWS_SHOWN}; all with --json].",
)
@click.option("--json", is_flag=True, help="One JSON object per line; figures are strings.")
def list_command(as_of: str | None, limit: int | None, json: bool) -> None:
    """List outcomes, the latest report of each.

    A status is shown with its quality floor applied: work below the floor is no success.
    """
    invocation = current()
    zone = invocation.settings.time_zone
    then = moment(invocation, "--as-of", as_of)
    then = None if then is None else end_of(then, zone)
    with invocation.books() as books:
        if json:
            for line in json_lines(books.outcomes(then, limit)):
                say(line)
            return
        shown = limit or ROWS_SHOWN
        found = list(islice(books.outcomes(then, shown + 1), shown + 1))
    more = len(found) > shown
    say(*outcome_lines(found[:shown], invocation.terminal, zone, more=more))


def outcome_lines(
    rows: list[dict[str, Any]], terminal: Terminal, time_zone: str, *, more: bool
) -> list[str]:
    """The table of some outcomes, and what it does not show."""
    if not rows:
        return ["The ledger holds no outcomes.", "  jevons outcomes import PATH reads some"]
    table = render(_columns(rows, terminal.glyphs, time_zone), terminal)
    notes = [f"times in {time_zone}"]
    if more:
        notes.append(
            f"only the latest {plural(len(rows), 'outcome')}: --limit N or --json has more"
        )
    if table.hidden:
        notes.append(f"no room for: {', '.join(table.hidden)}")
    return [*table.lines, "", *footer(notes, terminal)]


def _columns(rows: list[dict[str, Any]], glyphs: Glyphs, time_zone: str) -> list[Column]:
    def texts(title: str, rank: int, name: str) -> Column:
        cells = tuple(glyphs.unknown if row[name] is None else safe(str(row[name])) for row in rows)
        return Column(title, cells, rank=_rank(rank, cells, glyphs), shrinks="middle")

    def figures(title: str, rank: int, name: str, *, dollars: bool = False) -> Column:
        cells = tuple(_figure(row, name, glyphs, dollars=dollars) for row in rows)
        return Column(title, cells, "point", _rank(rank, cells, glyphs))

    reports = tuple(f"{row['reports']:,}" for row in rows)
    several = any(cell != "1" for cell in reports)
    return [
        Column("observed", tuple(local_instant(str(row["time"]), time_zone) for row in rows)),
        texts("source", 3, "source"),
        Column("of", tuple(safe(_link(row)) for row in rows), shrinks="middle"),
        Column("status", tuple("(link)" if _ties(row) else row["standing"] for row in rows)),
        figures("quality", 4, "quality"),
        figures("floor", 7, "quality_floor"),
        figures("value", 1, "value", dollars=True),
        figures("loss", 5, "loss", dollars=True),
        figures("human\nminutes", 2, "human_minutes"),
        Column("reports", reports, "right", 6 if several else SILENT),
        texts("id", 8, "id"),
    ]


def _rank(rank: int, cells: tuple[str, ...], glyphs: Glyphs) -> int:
    return rank + SILENT * all(cell == glyphs.unknown for cell in cells) if rank else rank


def _figure(row: Mapping[str, Any], name: str, glyphs: Glyphs, *, dollars: bool) -> str:
    text = row[name]
    if text is None:
        return glyphs.unknown
    return money(parse_amount(text), glyphs=glyphs) if dollars else str(text)


def _link(row: Mapping[str, Any]) -> str:
    if _ties(row):
        return str(row["pull_request"])
    kind = next(name for name in LINKS if row[name] is not None)
    return f"{kind.replace('_', ' ')} {row[kind]}"


def _ties(row: Mapping[str, Any]) -> bool:
    """Whether a report only says to what a pull request belongs."""
    return bool(row["only_link"])
