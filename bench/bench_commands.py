"""Small commands on a small ledger: help, reports, nothing new; against tokencur.

A report that was asked before is kept until the ledger changes; what the first one takes is
measured with the kept answers removed.

The logs are the genuine Claude Code samples beside the checkout, else our own fixtures. tokencur is
installed from PyPI into a throw-away environment when it can be.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.programs import JEVONS, from_pypi, run, scratch
from bench.tables import at_most, median, table

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT.parent / "shared" / "data" / "formats" / "captured" / "claude-code-2.1.197"
FIXTURES = ROOT / "tests" / "fixtures" / "claude-code"
RIVAL = "tokencur==0.11.1"
ROUNDS = 9

HELP, REPORT = 150, 500
"""Milliseconds for the help and for a report on a small ledger."""


FIRST = "jevons report, first time"


def measure(
    commands: dict[str, list[str]], environment: dict[str, str], kept: Path
) -> dict[str, float]:
    """Milliseconds of each command, the median of several rounds in turns. kept: the answers."""
    times: dict[str, list[float]] = {title: [] for title in commands}
    for _ in range(ROUNDS):
        for title, command in commands.items():
            answers = kept.read_bytes()
            if title == FIRST:
                kept.unlink()
            times[title].append(run(command, environment).seconds * 1e3)
            if title == FIRST:
                kept.write_bytes(answers)
    return {title: median(found) for title, found in times.items()}


def main() -> None:
    """Measure and print."""
    with scratch() as folder:
        logs = SAMPLES if SAMPLES.is_dir() else FIXTURES
        shutil.copytree(logs / "projects", folder / ".claude" / "projects")
        environment = {"HOME": str(folder), "CLAUDE_CONFIG_DIR": str(folder / ".claude")}
        ours = [JEVONS, "--home", str(folder / "home")]
        run(ours, environment)
        commands = {
            "jevons --help": [JEVONS, "--help"],
            FIRST: [*ours, "report"],
            "jevons report, again": [*ours, "report"],
            "jevons report --by model --json": [*ours, "report", "--by", "model", "--json"],
            "jevons events --limit 10": [*ours, "events", "--limit", "10"],
            "jevons, nothing new": ours,
        }
        rival = from_pypi(RIVAL, "tokencur", folder / "env")
        if rival is not None:
            commands["tokencur report"] = [rival, "report"]
            run(commands["tokencur report"], environment)
        found = measure(commands, environment, folder / "home" / "cache" / "answers.json")
        text = run([*ours, "report", "--json"], environment).output
        said = run(commands["tokencur report"], environment).output if rival else ""
    total = json.loads(text)["total"]
    show(found, "the genuine samples" if logs == SAMPLES else "our own fixtures")
    print(f"\njevons says {total['calls']} calls, ${total['effective_cost']}.")
    if rival is None:
        print(f"{RIVAL} could not be installed, so it was not measured.")
    else:
        print(f"tokencur says:\n\n```text\n{said.strip()}\n```")


def show(found: dict[str, float], logs: str) -> None:
    """Print the table."""
    theirs = found.get("tokencur report")
    rows = []
    for title, milliseconds in found.items():
        promised = ""
        if title.startswith("jevons"):
            promised = at_most(milliseconds, HELP if "--help" in title else REPORT, " ms")
        ratio = f"{milliseconds / theirs:.2f}x" if theirs else ""
        rows.append((title, f"{milliseconds:.0f}", ratio, promised))
    head = (f"on {logs}, median of {ROUNDS} in turns", "ms", "of tokencur's report", "promised")
    print(table(head, rows))


if __name__ == "__main__":
    main()
