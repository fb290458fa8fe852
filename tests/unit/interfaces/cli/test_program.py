from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jevons.vocabulary.errors import (
    Interrupted,
    LedgerLocked,
    PriceError,
    SourceError,
    UsageError,
)

SOURCE = Path(__file__).resolve().parents[4] / "src"


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (SourceError("a.log: no known format", remedy="name it"), 3, "error: a.log: no known"),
        (PriceError("bad"), 4, "error: bad\n"),
        (LedgerLocked("locked"), 5, "error: locked\n"),
        (UsageError("wrong"), 2, "error: wrong\n"),
        (Interrupted("stopped", remedy="go on"), 130, "stopped\n  go on\n"),
        (KeyboardInterrupt(), 130, "stopped\n  What was acknowledged"),
        (OSError(errno.ENOENT, "No such file", "x"), 1, "error: No such file: x\n"),
        (ZeroDivisionError("division"), 1, "error: unexpected ZeroDivisionError: division\n"),
    ],
)
def test_errors_and_exit_codes(
    cli: Any, books: Any, problem: BaseException, code: int, said: str
) -> None:
    books.problem = problem
    outcome = cli("report")
    assert outcome.code == code
    assert outcome.out == ""
    assert outcome.err.lstrip("\n").startswith(said)
    assert "Traceback" not in outcome.err


def test_the_remedy_is_indented_and_control_characters_are_escaped(cli: Any, books: Any) -> None:
    books.problem = SourceError("no \x1b[2Jfile", remedy="first\nsecond")
    assert cli("report").err == "error: no \\x1b[2Jfile\n  first\n  second\n"


@pytest.mark.parametrize("arguments", [("report", "--debug"), ("--debug", "report")])
def test_debug_keeps_the_traceback(cli: Any, books: Any, arguments: tuple[str, ...]) -> None:
    books.problem = ZeroDivisionError("division")
    with pytest.raises(ZeroDivisionError):
        cli(*arguments)


def test_debug_by_environment(cli: Any, books: Any) -> None:
    books.problem = ZeroDivisionError("division")
    with pytest.raises(ZeroDivisionError):
        cli("report", JEVONS_DEBUG="1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "--frobnicate"), "error: no such option"),
        (("report", "--top", "0"), "error: invalid value for '--top'"),
        (
            ("report", "--top", "9" * 20),
            f"error: invalid value for '--top': {'9' * 20} is not a whole",
        ),
        (("report", "--top", "many"), "error: invalid value for '--top': many is not a whole"),
        (("events", "--limit", "9" * 20), "error: invalid value for '--limit'"),
        (("rejects", "--limit", "9" * 20), "error: invalid value for '--limit'"),
        (("explain", "2026-01", "2026-02", "--top", "9" * 20), "error: invalid value for '--top'"),
        (("runs", "--top", "9" * 20), "error: invalid value for '--top'"),
        (("outcomes", "list", "--limit", "9" * 20), "error: invalid value for '--limit'"),
        (("generate", "--events", "9" * 20), "error: invalid value for '--events'"),
        (("frobnicate",), "error: there is no command 'frobnicate'\n  see jevons --help"),
        (("import",), "error: missing argument"),
    ],
)
def test_a_wrong_command_line(cli: Any, arguments: tuple[str, ...], said: str) -> None:
    outcome = cli(*arguments)
    assert outcome.code == 2
    assert outcome.err.lower().startswith(said)
    assert "--help" in outcome.err


def test_a_path_in_place_of_a_command(cli: Any, tmp_path: Path) -> None:
    outcome = cli(str(tmp_path))
    assert outcome.code == 2
    assert f"jevons import {tmp_path}" in outcome.err


def test_a_group_without_its_command_shows_its_help(cli: Any) -> None:
    outcome = cli("prices")
    assert outcome.code == 2
    assert outcome.err.startswith("Usage: jevons prices")


def test_a_wrong_setting_is_an_error_of_usage(cli: Any) -> None:
    outcome = cli("report", JEVONS_TZ="Nowhere")
    assert outcome.code == 2
    assert "JEVONS_TZ: 'Nowhere' is not a time zone" in outcome.err


def test_version(cli: Any) -> None:
    assert cli("--version", JEVONS_VERSION="9").out.startswith("jevons 0.")
    assert cli("settings", JEVONS_VERSION="9").out.startswith("setting")


def test_global_flags_stand_before_or_after_the_command(cli: Any, books: Any) -> None:
    for arguments in (("--tz", "Asia/Tokyo", "report"), ("report", "--tz", "Asia/Tokyo")):
        assert cli(*arguments).code == 0
        assert books.settings.time_zone == "Asia/Tokyo"
        assert books.settings.origins["time_zone"] == "--tz"


def test_output_that_nobody_reads_ends_quietly(home: Path) -> None:
    """`jevons events --json | head -1` closes the pipe after the first line."""
    code = (
        "from jevons.app import wiring\n"
        "class Books:\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *_): pass\n"
        "    def events(self, query, limit): return ({'n': n} for n in range(300_000))\n"
        "wiring.open_jevons = lambda settings: Books()\n"
        "from jevons.interfaces.cli import main\n"
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "events", "--json"],
        env={"PYTHONPATH": str(SOURCE), "JEVONS_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == '{"n": 0}\n'
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0


def test_old_encodings_are_served(home: Path) -> None:
    code = (
        "import sys; from jevons.interfaces.cli.program import run\n"
        "from jevons.interfaces.cli.invocation import say\n"
        "run(['settings']); say('\\u6a21')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCE), "JEVONS_HOME": str(home), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"-----" in done.stdout
    assert done.stdout.endswith(b"\\u6a21\n")
