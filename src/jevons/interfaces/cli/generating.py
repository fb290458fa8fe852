"""`jevons generate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from jevons.interfaces.cli.invocation import ReaderLeft, current, say
from jevons.interfaces.cli.options import COUNT, Command
from jevons.interfaces.cli.terminal import safe
from jevons.vocabulary.errors import UsageError

STANDARD_OUTPUT: Final = Path("-")


@click.command("generate", cls=Command, settings=("workers",))
@click.option(
    "--events",
    type=COUNT,
    default=10_000,
    show_default=True,
    metavar="N",
    help="About how many calls.",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    metavar="S",
    help="Another seed makes another company; the same one the same bytes.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write jevons.event/v1 lines to a file, and the planted causes beside it; - writes the "
    "lines to standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite the file of --out.")
@click.option(
    "--import",
    "into_ledger",
    is_flag=True,
    envvar="JEVONS_GENERATE_IMPORT",
    help="Import them into the ledger instead.",
)
def generate_command(
    events: int, seed: int, out: Path | None, force: bool, into_ledger: bool
) -> None:
    """Make up the usage of a company, for trying things out.

    Teams and people, agents with sub-agents, retries and a storm of them, a move to a reasoning
    model, a cache roll-out, price cuts under new model names, growth, and what became of the tasks.
    What was planted is listed in a truth file.
    """
    if (out is None) != into_ledger:
        raise UsageError(
            "generate needs one place to write to", remedy="Give either --out FILE or --import."
        )
    if out is not None and not force and out != STANDARD_OUTPUT and out.exists():
        raise UsageError(
            f"{out} exists already", remedy="Give another name, or --force to overwrite it."
        )
    invocation = current()
    with invocation.books() as books, invocation.progress() as progress:
        try:
            outcome = books.generate(events, seed, out, progress)
        except BrokenPipeError as problem:
            raise ReaderLeft from problem
    if out == STANDARD_OUTPUT:
        return
    say(*describe_outcome(outcome))


def describe_outcome(outcome: Mapping[str, object]) -> list[str]:
    """One line per fact: `events   10,000`."""
    width = max((len(name) for name in outcome), default=0)
    return [f"{name.replace('_', ' '):<{width}}  {_text(value)}" for name, value in outcome.items()]


def _text(value: object) -> str:
    return f"{value:,}" if type(value) is int else safe(str(value))
