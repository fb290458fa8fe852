"""Coding-agent logs: 1 GB of Claude Code sessions against ccusage, first and second run.

JEVONS_BENCH_MEGABYTES sets the size (default 1000). ccusage is installed from npm when it can be.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.programs import JEVONS, Run, from_npm, jevons, run, scratch
from bench.tables import at_most, median, table

MEGABYTES = int(os.environ.get("JEVONS_BENCH_MEGABYTES", "1000"))
RIVAL = "ccusage@20.0.24"
TURNS = 120
SIZES = (200, 400, 800, 4000, 50_000)
"""Characters of a tool's result."""
TEXT = "The quick brown fox jumps over the lazy dog while the build is running. "

RATIO, AGAIN = 2, 0.05
"""The first run's time over ccusage's, the second run's over the first's."""
FIRST_MEGABYTES, FIRST_SECONDS = 100, 10
"""A first number on that many megabytes within that many seconds."""


def line(kind: str, stamp: str, session: str, message: dict[str, Any], **more: object) -> bytes:
    """One line as Claude Code 2.1 writes it, its fields in the same order."""
    request = {"requestId": more.pop("requestId")} if "requestId" in more else {}
    entry = {
        "parentUuid": None,
        "isSidechain": False,
        "message": message,
        **request,
        "type": kind,
        **more,
        "timestamp": stamp,
        "userType": "external",
        "cwd": "/home/dev/projects/alpha",
        "sessionId": session,
        "version": "2.1.197",
        "gitBranch": "main",
    }
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def turn_lines(chance: random.Random, number: int, turn: int, session: str) -> list[bytes]:
    """A tool's result, then one call: a line per block of its answer, all with its usage."""
    stamp = f"2026-10-{1 + number % 28:02d}T{10 + turn // 60:02d}:{turn % 60:02d}:00.{turn:03d}Z"
    size = chance.choice(SIZES)
    result = [{"type": "tool_result", "content": (TEXT * (size // len(TEXT) + 1))[:size]}]
    written = chance.randrange(100, 4000)
    usage = {
        "input_tokens": chance.randrange(1, 40),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": 10_000 + 900 * turn,
        "output_tokens": chance.randrange(20, 1500),
        "service_tier": "standard",
        "cache_creation": {
            "ephemeral_1h_input_tokens": 0,
            "ephemeral_5m_input_tokens": written,
        },
    }
    message = {
        "id": f"msg_{number:012x}{turn:012x}",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-6",
        "content": [{"type": "text", "text": TEXT * 5}],
        "stop_reason": "tool_use",
        "usage": usage,
    }
    request = f"req_{number:012x}{turn:012x}"
    lines = [line("user", stamp, session, {"role": "user", "content": result})]
    for block in range(1 + turn % 3):
        unique = f"{turn}-{block}"
        lines.append(line("assistant", stamp, session, message, uuid=unique, requestId=request))
    return lines


def write_logs(folder: Path, megabytes: int) -> int:
    """Sessions below a Claude Code home; returns how many calls they made."""
    chance = random.Random(11)
    calls = written = number = 0
    while written < megabytes * 1_000_000:
        session = f"{number:08x}-0000-4000-8000-{number:012x}"
        place = folder / "projects" / f"-home-dev-projects-p{number % 20}"
        place.mkdir(parents=True, exist_ok=True)
        with (place / f"{session}.jsonl").open("wb") as file:
            for turn in range(TURNS):
                written += file.write(b"".join(turn_lines(chance, number, turn, session)))
        calls += TURNS
        number += 1
    return calls


@dataclass(slots=True)
class Times:
    """Seconds of several rounds, each in turns, and what both said at the end."""

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    rival: list[float] = field(default_factory=list)
    largest: float = 0.0
    cost: str = ""
    rival_cost: str = ""


def own_logs(home: Path, logs: Path) -> Run:
    """Bare `jevons` for a user whose only logs are these."""
    return run([JEVONS, "--home", str(home)], user(logs))


def user(logs: Path) -> dict[str, str]:
    """The environment of a user whose only logs are these."""
    return {"CLAUDE_CONFIG_DIR": str(logs), "HOME": str(logs.parent)}


def measure(folder: Path, calls: int, rival: str | None, rounds: int = 3) -> Times:
    """First and second run of ours and one of the rival's, in turns."""
    times, logs = Times(), folder / "logs"
    for number in range(rounds):
        home = folder / f"home{number}"
        first = own_logs(home, logs)
        times.first.append(first.seconds)
        times.largest = max(times.largest, first.largest)
        if rival is not None:
            theirs = run([rival, "daily", "--offline", "--json"], user(logs))
            times.rival.append(theirs.seconds)
            times.rival_cost = f"${json.loads(theirs.output)['totals']['totalCost']:.6f}"
        times.again.append(own_logs(home, logs).seconds)
        total = json.loads(jevons(home, "report", "--json").output)["total"]
        assert total["calls"] == calls, "not every call was counted once"
        times.cost = "$" + total["effective_cost"]
        shutil.rmtree(home)
    return times


def show(times: Times, beginner: float) -> None:
    """Print the table."""
    first, again = median(times.first), median(times.again)
    rows = []
    if times.rival:
        theirs = median(times.rival)
        ratio = first / theirs
        rows.append((f"{RIVAL}, offline", f"{theirs:.2f}", "1x", "", times.rival_cost))
        promised = at_most(ratio, RATIO, "x")
    else:
        rows.append((f"{RIVAL} could not be installed from npm", "", "", "", ""))
        ratio, promised = 0.0, ""
    shown = f"{ratio:.2f}x" if ratio else ""
    rows.append(("jevons, first run", f"{first:.2f}", shown, promised, times.cost))
    part = again / first
    limit = at_most(part * 100, AGAIN * 100, "%")
    rows.append(("jevons, second run", f"{again:.2f}", f"{part:.1%} of the first", limit, ""))
    if beginner:
        limit = at_most(beginner, FIRST_SECONDS, " s")
        rows.append((f"jevons, first {FIRST_MEGABYTES} MB", f"{beginner:.2f}", "", limit, ""))
    print(table(("medians of three, in turns", "seconds", "ratio", "promised", "says"), rows))
    print(f"\nThe largest process of the first run held {times.largest:,.0f} MiB.")


def main() -> None:
    """Measure and print."""
    with scratch() as folder:
        beginner = 0.0
        if MEGABYTES >= FIRST_MEGABYTES:
            write_logs(folder / "few" / "logs", FIRST_MEGABYTES)
            beginner = own_logs(folder / "few" / "home", folder / "few" / "logs").seconds
            shutil.rmtree(folder / "few")
        calls = write_logs(folder / "logs", MEGABYTES)
        print(f"{MEGABYTES:,} MB of logs, {calls:,} calls.\n")
        show(measure(folder, calls, from_npm(RIVAL, "ccusage", folder / "npm")), beginner)


if __name__ == "__main__":
    main()
