"""Running the command line: what a caught error says, and which exit code it gets."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from jevons.app.settings import environment
from jevons.interfaces.cli.invocation import ReaderLeft
from jevons.interfaces.cli.root import jevons
from jevons.interfaces.cli.terminal import safe
from jevons.vocabulary.errors import Interrupted, JevonsError

UNEXPECTED = 1
"""Exit code of an error that no rule foresaw."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (that of the process when None) and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = jevons.main(
            arguments, prog_name="jevons", standalone_mode=False, auto_envvar_prefix="JEVONS"
        )
        _flush()
    except ReaderLeft:
        _close_quietly()
        return 0
    except (click.Abort, KeyboardInterrupt):
        return _complain(Interrupted("stopped", remedy="What was acknowledged is stored."))
    except click.ClickException as problem:
        return _misused(problem)
    except JevonsError as problem:
        return _complain(problem)
    except OSError as problem:
        if _debugging(arguments):
            raise
        place = f": {problem.filename}" if problem.filename is not None else ""
        return _complain(JevonsError(f"{problem.strerror or problem}{place}"))
    except Exception as problem:
        if _debugging(arguments):
            raise
        return _complain(_unexpected(problem))
    return code if isinstance(code, int) else 0


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError as problem:
        raise ReaderLeft from problem


def _close_quietly() -> None:
    """The reader of our output left (`| head`): write the rest to nowhere, so that exiting is
    silent."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _complain(problem: JevonsError) -> int:
    word = "" if isinstance(problem, Interrupted) else "error: "
    lines = [word + problem.what, *(f"  {line}" for line in problem.remedy.splitlines())]
    for line in "\n".join(lines).splitlines():
        print(safe(line), file=sys.stderr)
    return problem.exit_code


def _misused(problem: click.ClickException) -> int:
    """A command line that click refused; a group without its command shows its help instead."""
    if type(problem).__name__ == "NoArgsIsHelpError":
        print(problem.format_message(), file=sys.stderr)
        return problem.exit_code
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    remedy = f"See {context.command_path} --help." if context is not None else ""
    message = " ".join(problem.format_message().split()).rstrip(".")
    error = JevonsError(message[:1].lower() + message[1:], remedy=remedy)
    _complain(error)
    return problem.exit_code


def _unexpected(problem: Exception) -> JevonsError:
    return JevonsError(
        f"unexpected {type(problem).__name__}: {problem}",
        remedy="This is a fault of jevons: JEVONS_DEBUG=1 shows where. Please report it.",
    )


def _debugging(arguments: Sequence[str] | None) -> bool:
    given = sys.argv if arguments is None else arguments
    return "--debug" in given or environment().get("JEVONS_DEBUG", "").lower() in (
        "1",
        "true",
        "yes",
        "on",
    )
