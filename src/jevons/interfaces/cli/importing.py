"""`jevons import`, and bare `jevons`: read usage in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from jevons.app.results import FileSummary, ImportSummary, Query
from jevons.interfaces.cli.figures import duration, plural
from jevons.interfaces.cli.invocation import Invocation, current, say
from jevons.interfaces.cli.options import Command
from jevons.interfaces.cli.statement import duplicates_note, latest, rejected_note, statement
from jevons.interfaces.cli.table import Column, render, wrap
from jevons.interfaces.cli.terminal import Terminal, safe
from jevons.vocabulary.errors import STRICT_EXIT_CODE, SourceError, UsageError

MODELS_SHOWN = 12
"""Rows of the first table of bare `jevons`."""

DAYS_SHOWN = 7
"""Rows of its second table: the latest days with any use."""

PROBLEMS_SHOWN = 5
"""Files that could not be read that are named; `--dry-run` lists all."""


def _complete_path(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    from click.shell_completion import CompletionItem

    from jevons.app.wiring import SOURCE_MODULES

    names = [CompletionItem(name) for name in SOURCE_MODULES if name.startswith(incomplete)]
    return [*names, CompletionItem(incomplete, type="file")]


EXAMPLES = """\
\b
Examples:
  jevons import ~/.claude/projects
  jevons import litellm callbacks.jsonl
  jevons import csv usage.csv --mapping usage.yaml
"""


@click.command("import", cls=Command, settings=("workers",), epilog=EXAMPLES)
@click.argument(
    "paths", nargs=-1, required=True, metavar="[SOURCE] PATH…", shell_complete=_complete_path
)
@click.option("--strict", is_flag=True, help="Exit with 6 when any line is rejected.")
@click.option("--dry-run", is_flag=True, help="Show what would be read, store nothing.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="For csv: which column is what (--suggest writes one).",
)
@click.option("--suggest", is_flag=True, help="For csv: print a mapping guessed from the header.")
def import_command(
    paths: tuple[str, ...], strict: bool, dry_run: bool, mapping: Path | None, suggest: bool
) -> int:
    """Read usage from files and folders into the ledger.

    SOURCE names the format; without it the format is recognised by the content. Folders are walked.
    What was read before is skipped or recognised: importing twice changes nothing. A file that
    cannot be read stops no other; the exit code is then 3.
    """
    invocation = current()
    source, places = split_source(paths)
    if suggest:
        return _suggest(invocation, places)
    with invocation.books() as books, invocation.progress() as progress:
        summary = books.import_paths(
            places, source, strict=strict, dry_run=dry_run, mapping=mapping, on_progress=progress
        )
    say(*describe_import(summary, invocation.terminal))
    if summary.unreadable:
        return SourceError.exit_code
    return STRICT_EXIT_CODE if strict and summary.rejected else 0


def split_source(paths: tuple[str, ...]) -> tuple[str | None, list[Path]]:
    """Tell SOURCE from PATH…: the first word is a source if a source has that name and more follow.

    A file of the same name is written `./NAME`. Raises UsageError when only a source is named.
    """
    from jevons.app.wiring import SOURCE_MODULES

    first, *rest = paths
    if rest and re.fullmatch(r"[\w-]+", first) and not Path(first).exists():
        _check_source(first, SOURCE_MODULES)
    if first not in SOURCE_MODULES:
        return None, [Path(path) for path in paths]
    if rest:
        return first, [Path(path) for path in rest]
    if Path(first).exists():
        return None, [Path(first)]
    raise UsageError(
        f"import {first}: no file or folder is named", remedy=f"Write jevons import {first} PATH."
    )


def _check_source(name: str, sources: Iterable[str]) -> None:
    known = list(sources)
    if name in known:
        return
    from difflib import get_close_matches

    meant = [f"Did you mean {word}?" for word in get_close_matches(name, known, n=1)]
    listed = f"Sources are: {', '.join(known)}."
    raise UsageError(
        f"{name} is neither a source nor a file or folder", remedy="\n".join([*meant, listed])
    )


def _suggest(invocation: Invocation, places: list[Path]) -> int:
    if len(places) != 1:
        raise UsageError(
            "--suggest reads one file", remedy="Write jevons import csv --suggest FILE."
        )
    with invocation.books() as books:
        say(books.suggest_mapping(places[0]).rstrip("\n"))
    return 0


_UNREAD: Final = {
    "unchanged": "unchanged",
    "unrecognised": "of no known format",
    "unreadable": "not readable",
}
"""States of files that were not read, in words."""


def describe_import(summary: ImportSummary, terminal: Terminal) -> list[str]:
    """What an import did, in lines: files, calls, and what needs attention."""
    table = _file_table(summary.files, terminal) if summary.dry_run else []
    return [*_change(summary, terminal), *table, *_attention(summary, terminal)]


def _change(summary: ImportSummary, terminal: Terminal) -> list[str]:
    """Which files were read, and how the ledger changed."""
    states = Counter(file.state for file in summary.files)
    read = len(summary.files) - sum(states[s] for s in _UNREAD)
    words = _UNREAD | {"rewritten": "rewritten since"}
    asides = ", ".join(f"{states[s]:,} {text}" for s, text in words.items() if states[s])
    aside = f" ({asides})" if asides else ""
    files = plural(read, "file") if read else "no file"
    verb = "Would read" if summary.dry_run else "Read"
    if not read and not summary.observations:
        return [f"Nothing new{aside}."]
    lines = [f"{verb} {files} in {duration(summary.seconds)}{aside}.", _calls(summary)]
    return [piece for line in lines for piece in wrap(line, terminal.width)]


def _calls(summary: ImportSummary) -> str:
    seen = plural(summary.observations, "observation")
    if summary.dry_run:
        return f"{seen} to import."
    known = f", {summary.repeated:,} of them known before" if summary.repeated else ""
    if summary.events < 0:
        fewer = plural(-summary.events, "call")
        return f"{fewer} fewer: found to be one with others, from {seen}{known}."
    return f"{plural(summary.events, 'call')} added from {seen}{known}."


def _attention(summary: ImportSummary, terminal: Terminal) -> list[str]:
    """What someone should look at."""
    lines = _unreadable(summary, terminal)
    if summary.rejected:
        note = rejected_note(summary.rejected, stored=not summary.dry_run)
        lines.append(terminal.alarm(note))
    if summary.possible_duplicates:
        lines += wrap(duplicates_note(summary.possible_duplicates), terminal.width)
    unknown = [file for file in summary.files if file.state == "unrecognised"]
    if unknown and not summary.dry_run:
        names = ", ".join(safe(file.place) for file in unknown[:3])
        more = f" and {len(unknown) - 3:,} more" if len(unknown) > 3 else ""
        text = f"Not recognised: {names}{more} (jevons import SOURCE PATH names the format)"
        lines += wrap(text, terminal.width)
    return lines


def _unreadable(summary: ImportSummary, terminal: Terminal) -> list[str]:
    """The files that could not be read, why, and what to do."""
    files = summary.unreadable
    if not files:
        return []
    lines = [terminal.alarm(f"{plural(len(files), 'file')} could not be read:")]
    for file in files[:PROBLEMS_SHOWN]:
        what, *remedy = file.problem.splitlines()
        lines += [f"  {safe(what)}", *(f"    {safe(line)}" for line in remedy)]
    if len(files) > PROBLEMS_SHOWN:
        lines.append(f"  and {len(files) - PROBLEMS_SHOWN:,} more (--dry-run lists every file)")
    return lines


def _file_table(files: tuple[FileSummary, ...], terminal: Terminal) -> list[str]:
    if not files:
        return []
    columns = [
        Column("file", tuple(safe(file.place) for file in files), shrinks="middle"),
        Column("source", tuple(file.source or terminal.glyphs.unknown for file in files)),
        Column("state", tuple(file.state for file in files)),
        Column("observations", tuple(f"{file.observations:,}" for file in files), "right", 1),
        Column("rejected", tuple(f"{file.rejected:,}" for file in files), "right", 2),
    ]
    return ["", *render(columns, terminal).lines, ""]


def own_logs() -> int:
    """Bare `jevons`: import the new lines of this user's agent logs, then show the whole ledger."""
    invocation = current()
    zone = invocation.settings.time_zone
    terminal = invocation.terminal
    with invocation.books() as books:
        with invocation.progress() as progress:
            summary = books.import_own_logs(progress)
        models = books.report(Query(by=("harness", "model"), time_zone=zone, top=MODELS_SHOWN))
        days = books.report(Query(by=("day",), time_zone=zone))
    code = SourceError.exit_code if summary.unreadable else 0
    if models.total.calls == 0:
        say(*nothing_found(summary, terminal))
        return code
    say(*_change(summary, terminal), *_unreadable(summary, terminal), "")
    say(*statement(models, terminal))
    if len(days.rows) > 1:
        say("", *latest(days, terminal, DAYS_SHOWN))
    say("", terminal.faint("jevons report --by project,month and jevons --help show more."))
    return code


def nothing_found(summary: ImportSummary, terminal: Terminal) -> list[str]:
    """The first screen of someone without logs: why it is empty and what to try."""
    if summary.files:
        first = f"{plural(len(summary.files), 'log file')} found, but no model call in them."
    else:
        first = "No logs of coding agents were found in their standard places."
    return [
        first,
        *_attention(summary, terminal),
        "",
        "  jevons import PATH                        reads other files or folders",
        "  jevons --home try generate --import       makes up a company, in a ledger of its own",
        "  jevons --home try report --by month       shows it",
        "  jevons import --help                      tells more",
    ]
