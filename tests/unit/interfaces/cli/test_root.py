from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from jevons.app.settings import SETTINGS
from jevons.interfaces.cli.options import dimension_names
from jevons.interfaces.cli.reporting import HELP_BY
from jevons.interfaces.cli.root import COMMANDS, EXIT_CODES, jevons
from jevons.vocabulary import errors

SOURCE = Path(__file__).resolve().parents[4] / "src"
HEAVY = {"rich", "duckdb", "pyarrow", "numpy", "deltalake", "genai_prices", "pydantic", "msgspec"}


def all_commands() -> Iterator[tuple[click.Context, click.Command]]:
    root = click.Context(jevons, info_name="jevons", auto_envvar_prefix="JEVONS")
    for name in jevons.list_commands(root):
        command = jevons.get_command(root, name)
        assert command is not None, name
        context = click.Context(command, info_name=name, parent=root)
        yield context, command
        if isinstance(command, click.Group):
            for child_name, child in command.commands.items():
                yield click.Context(child, info_name=child_name, parent=context), child


def test_the_overview_says_what_the_commands_say() -> None:
    for name, (_, line) in COMMANDS.items():
        command = jevons.get_command(click.Context(jevons), name)
        assert command is not None
        assert (command.help or "").partition("\n")[0] == line
        assert command.name == name


def test_every_flag_is_explained_and_has_a_twin_in_the_environment() -> None:
    for context, command in all_commands():
        for option in command.params:
            if not isinstance(option, click.Option) or option.allow_from_autoenv is False:
                continue
            assert option.help, (context.command_path, option.name)
            flag = option.opts[0].removeprefix("--").replace("-", "_")
            twin = f"{context.auto_envvar_prefix}_{flag.upper()}"
            name = f"{context.auto_envvar_prefix}_{str(option.name).upper()}"
            assert twin in (option.envvar, name), context.command_path


def test_every_command_takes_every_setting() -> None:
    flags = {setting.flag for setting in SETTINGS}
    for context, command in all_commands():
        if not isinstance(command, click.Group):
            assert flags <= {opt for p in command.params for opt in p.opts}, context.command_path
    assert flags <= {opt for p in jevons.params for opt in p.opts}


def test_every_exit_code_is_documented() -> None:
    def codes(error: type[errors.JevonsError]) -> Iterator[int]:
        yield error.exit_code
        for child in error.__subclasses__():
            yield from codes(child)

    known = [code for code, _ in EXIT_CODES]
    assert known == sorted(known)
    assert set(known) == {0, errors.STRICT_EXIT_CODE, *codes(errors.JevonsError)}


def test_help_names_every_dimension() -> None:
    from jevons.stores.report import CALENDAR, PLAIN

    assert set(dimension_names()) == {"model", "batch", *CALENDAR, *PLAIN}
    named = HELP_BY.partition("Dimensions: ")[2].replace("\n", " ").replace(";", ",")
    words = {word.strip(" .") for word in named.split(",")}
    assert words == {*dimension_names(), "tag.NAME"}


@pytest.mark.parametrize("arguments", [("--help",), ("report", "--help"), ("settings",)])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...], home: Path) -> None:
    code = (
        "import sys\n"
        "from jevons.interfaces.cli.program import run\n"
        f"assert run({arguments!r}) == 0\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCE), "JEVONS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(eval(done.stderr.splitlines()[-1]))
    assert not loaded & HEAVY


def test_the_overview_loads_no_command(home: Path) -> None:
    code = (
        "import sys\n"
        "from jevons.interfaces.cli.program import run\n"
        "run(['--help'])\n"
        "print('jevons.interfaces.cli.reporting' in sys.modules, file=sys.stderr)\n"
    )
    environment = {"PYTHONPATH": str(SOURCE), "JEVONS_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "False"
    assert "Exit codes:" in done.stdout
