"""Run the console sessions of a Markdown page, and compare or rewrite what they print.

A fenced block marked `console` is a session: a line that starts with `$ ` is a command, `> `
continues it, everything up to the next command is its output (standard output and error). A line
`...` stands for any lines, `…` inside a line for any text. The sessions of one page share one
empty home and working folder. A command must succeed, unless the session prints its exit code
(`; echo $?`). A comment `<!-- setup: COMMAND -->` runs a command without showing it.

    python scripts/transcript.py PAGE...           exit 1 when a page does not print what it says
    python scripts/transcript.py --write PAGE...   put the real output into the pages
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$|^<!-- setup: (.*?) -->$", re.MULTILINE | re.DOTALL)
START = "from jevons.interfaces.cli import main; main()"
SHIMS = {
    "jevons": f'#!/bin/sh\nexec "{sys.executable}" -c "{START}" "$@"\n',
    "python3": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n',
}
"""Commands that the sessions find before all others: this project with this Python."""

SOURCE = Path(__file__).resolve().parents[1] / "src"
COLUMNS = "96"
SECONDS = 120
ELAPSED = re.compile(r"\b\d+\.\d+ s\b")
"""How long a command took, as commands print it."""


@dataclass(frozen=True)
class Step:
    """One command of a session, as shown, and the output that the page shows for it."""

    shown: str
    expected: str

    @property
    def command(self) -> str:
        """The command as the shell gets it: without its prompts."""
        return "\n".join(line[2:] for line in self.shown.splitlines())


def steps(session: str) -> list[Step]:
    """Split a session into its commands and their outputs."""
    found: list[Step] = []
    shown: list[str] = []
    output: list[str] = []
    for line in [*session.splitlines(), "$ "]:
        if line.startswith("$ "):
            if shown:
                found.append(Step("\n".join(shown), "\n".join(output)))
            shown, output = [line], []
        elif (line == ">" or line.startswith("> ")) and not output:
            shown.append(line)
        else:
            output.append(line)
    return found


def matches(expected: str, actual: str) -> bool:
    """Whether the output is the one that the page shows, `...` and `…` standing for anything."""
    pattern = ""
    for line in _trimmed(expected):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(piece) for piece in line.split("…")) + "\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in _trimmed(actual))) is not None


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


class Shell:
    """An empty user's shell: its own home and working folder, `jevons` on the path, no settings."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "work"
        tools = place / "bin"
        for folder in (self.folder, tools, place / "home"):
            folder.mkdir(parents=True)
        for name, shim in SHIMS.items():
            (tools / name).write_text(shim)
            (tools / name).chmod(0o755)
        self.environment = {
            "PYTHONPATH": str(SOURCE),
            "HOME": str(place / "home"),
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": COLUMNS,
            "NO_COLOR": "1",
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "TMPDIR": str(place),
        }

    def run(self, command: str) -> str:
        """The output of a command. Raises AssertionError when it fails."""
        result = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if result.returncode != 0:
            raise AssertionError(f"$ {command}\nexit code {result.returncode}:\n{result.stdout}")
        return result.stdout


def play(text: str, place: Path) -> Iterator[tuple[Step, str]]:
    """Run all sessions of a page; yields each shown command with its real output."""
    shell = Shell(place)
    for block in BLOCK.finditer(text):
        if block[2]:
            shell.run(block[2])
            continue
        for step in steps(block[1]):
            yield step, shell.run(step.command)


def differences(text: str, place: Path) -> list[str]:
    """What a page's sessions print otherwise than the page shows, one text per command."""
    return [
        f"$ {step.command}\nthe page shows:\n{step.expected}\nit prints:\n{actual}"
        for step, actual in play(text, place)
        if not matches(step.expected, actual)
    ]


def rewritten(text: str, place: Path) -> str:
    """The page with the real output in every session whose shown output does not match."""
    outputs = iter(list(play(text, place)))

    def renew(block: re.Match[str]) -> str:
        if block[2]:
            return block[0]
        lines: list[str] = []
        for step in steps(block[1]):
            _, actual = next(outputs)
            if lines and not lines[-1].startswith(("$", ">")):
                lines.append("")
            lines += step.shown.splitlines()
            same = matches(step.expected, actual)
            lines += _trimmed(step.expected if same else _lasting(actual))
        return "```console\n" + "\n".join(lines) + "\n```"

    return BLOCK.sub(renew, text)


def _lasting(output: str) -> str:
    """The output without what is another at every run: how long it took, and the time of day."""
    today = datetime.now(UTC).date().isoformat()
    text = re.sub(rf"{today}[ T]\d\d:\d\d:\d\d", "…", output)
    return ELAPSED.sub("… s", text)


def main(arguments: list[str]) -> int:
    """Check or rewrite the pages named; the exit code."""
    failed = 0
    for name in [argument for argument in arguments if argument != "--write"]:
        page = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            if "--write" in arguments:
                page.write_text(rewritten(page.read_text(), Path(folder)))
                continue
            for difference in differences(page.read_text(), Path(folder)):
                failed = 1
                print(f"{page}: {difference}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
