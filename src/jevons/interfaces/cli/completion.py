"""`jevons completion`."""

from __future__ import annotations

import click

from jevons.interfaces.cli.invocation import say
from jevons.interfaces.cli.options import Command

EPILOG = """\
\b
bash:  eval "$(jevons completion bash)" in ~/.bashrc
zsh:   eval "$(jevons completion zsh)" in ~/.zshrc
fish:  jevons completion fish > ~/.config/fish/completions/jevons.fish
"""


@click.command("completion", cls=Command, epilog=EPILOG)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion_command(shell: str) -> None:
    """Print a script that completes commands in your shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    completer = get_completion_class(shell)
    assert completer is not None, shell
    root = click.get_current_context().find_root().command
    # The plain source of the script: a subclass may start a shell to look at its version first.
    say(ShellComplete.source(completer(root, {}, "jevons", "_JEVONS_COMPLETE")).rstrip("\n"))
