"""The command `jevons`: its commands, loaded when they are called, and what it does without one."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Final

import click

from jevons.interfaces.cli.options import setting_flags
from jevons.vocabulary.errors import (
    STRICT_EXIT_CODE,
    BoundaryError,
    Interrupted,
    JevonsError,
    LedgerError,
    PriceError,
    SourceError,
    UsageError,
)

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "import": ("importing", "Read usage from files and folders into the ledger."),
    "report": ("reporting", "Show what was used and what it cost."),
    "explain": ("explaining", "Say why the bill changed from period A to period B."),
    "tca": ("tca", "Show the total cost of AI in six components."),
    "index": (
        "indexing",
        "Show what prices, tokens per task, calls per task and spend did, each as an index.",
    ),
    "run": ("running", "Show an agent run as a tree: steps, sub-agents, and what each cost."),
    "runs": ("running", "Find the runs that stand out in their task type, and say why."),
    "purposes": (
        "running",
        "List the rules that say what calls were for, and how many each decided.",
    ),
    "events": ("listing", "List single calls: tokens, charges, and why they cost that."),
    "rejects": ("listing", "List the lines that could not be read, and why."),
    "unit": ("unit", "Show what an attempt costs, and what a success costs."),
    "worth": ("worth", "Tell whether what succeeded is worth its calls, review and losses."),
    "kpi": ("kpi", "Show the key figures of AI spend, or what they lack."),
    "outcomes": (
        "outcomes",
        "What became of the work: read outcomes of tasks and runs, and list them.",
    ),
    "prices": ("pricing", "Look up, add and check prices."),
    "boundary": ("boundary", "Declare what AI costs beside model calls: seats, machines, people."),
    "reprice": ("keeping", "Price calls anew with the prices known today."),
    "verify": ("keeping", "Prove that the ledger follows from what was imported."),
    "doctor": ("keeping", "Check that everything is as it should be, and say what to do."),
    "generate": ("generating", "Make up the usage of a company, for trying things out."),
    "settings": ("settings", "Show the settings and where each value comes from."),
    "completion": ("completion", "Print a script that completes commands in your shell."),
}
"""Name of a command -> its module (which has it as `COMMAND_NAME` in lower case + `_command`) and
its first line of help, so that the overview loads no command."""

EXIT_CODES: Final[tuple[tuple[int, str], ...]] = (
    (0, "success"),
    (JevonsError.exit_code, "any other error, or a failed check of doctor"),
    (UsageError.exit_code, "the command line or a setting is wrong"),
    (SourceError.exit_code, "a file cannot be opened or recognised"),
    (PriceError.exit_code, "a price file is wrong"),
    (LedgerError.exit_code, "the ledger cannot be read or written, or verify found a difference"),
    (STRICT_EXIT_CODE, "import --strict rejected a line"),
    (BoundaryError.exit_code, "a boundary file is wrong"),
    (Interrupted.exit_code, "stopped by Ctrl-C; what was acknowledged is stored"),
)
"""Every exit code and its meaning, as printed below the help."""


class Root(click.Group):
    """The group of all commands; it imports a command's module only to run it or to show its
    help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command by its name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"jevons.interfaces.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would hide a broken pipe that is not the one to our reader."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as problem:
            raise JevonsError("a pipe to another process broke") from problem

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview of commands, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The exit codes and the rule for the environment."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES])
        formatter.write_paragraph()
        formatter.write_text(
            "Every flag has a twin in the environment: --home is JEVONS_HOME, --since of report is "
            "JEVONS_REPORT_SINCE. Global flags may stand before or after the command."
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a path in its place gets the advice to import it."""
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        if os.path.exists(name):
            raise UsageError(
                f"{name} is a file or folder, not a command",
                remedy=f"To read it: jevons import {name}",
            )
        from difflib import get_close_matches

        alike = get_close_matches(name, COMMANDS, n=1)
        raise UsageError(
            f"there is no command {name!r}",
            remedy=f"Did you mean {alike[0]}?" if alike else "See jevons --help for the list.",
        )


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from jevons import __version__

    click.echo(f"jevons {__version__}")
    context.exit()


@click.group(
    cls=Root,
    invoke_without_command=True,
    params=setting_flags(("home", "time_zone", "color", "debug")),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    allow_from_autoenv=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def jevons(context: click.Context) -> Any:
    """What AI really costs: every model call counted once and priced exactly.

    Without a command: reads the logs of the coding agents on this machine (what is new in them) and
    shows what they cost. No key is needed and nothing leaves the machine.
    """
    if context.invoked_subcommand is not None:
        return None
    from jevons.interfaces.cli.importing import own_logs

    return own_logs()
