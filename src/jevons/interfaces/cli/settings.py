"""`jevons settings`."""

from __future__ import annotations

import click

from jevons.app.settings import CONFIG_FILE, SETTINGS, Settings
from jevons.interfaces.cli.documents import json_text
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command
from jevons.interfaces.cli.table import Column, render
from jevons.interfaces.cli.terminal import Terminal, safe


@click.command("settings", cls=Command, settings=tuple(setting.name for setting in SETTINGS))
@click.option("--json", is_flag=True, help="One JSON object: setting -> value and origin.")
def settings_command(json: bool) -> None:
    """Show the settings and where each value comes from.

    A flag wins over the environment, the environment over config.toml in the home folder, that over
    the default.
    """
    invocation = current()
    settings = invocation.settings
    if json:
        origins = settings.origins
        say(json_text({n: {"value": v, "from": origins[n]} for n, v in values(settings).items()}))
        return
    say(*setting_lines(settings, invocation.terminal))


def values(settings: Settings) -> dict[str, str]:
    """The effective value of every setting as text, as it would be written in the environment."""
    found = {setting.name: getattr(settings, setting.name) for setting in SETTINGS}
    return {n: str(v).lower() if isinstance(v, bool) else str(v) for n, v in found.items()}


def setting_lines(settings: Settings, terminal: Terminal) -> list[str]:
    """The table of settings."""
    effective = values(settings)
    columns = [
        Column("setting", tuple(setting.name for setting in SETTINGS)),
        Column("value", tuple(safe(effective[s.name]) for s in SETTINGS), shrinks="middle"),
        Column("from", tuple(safe(settings.origins[s.name]) for s in SETTINGS), shrinks="middle"),
        Column("environment", tuple(setting.env for setting in SETTINGS), rank=1),
        Column("flag", tuple(setting.flag for setting in SETTINGS), rank=2),
    ]
    file = settings.home / CONFIG_FILE
    note = f"config file: {safe(str(file))}{'' if file.exists() else ' (none yet)'}"
    return [*render(columns, terminal).lines, "", terminal.faint(note)]
