"""Coding-agent logs: 1 GB of Claude Code sessions against ccusage, first and second run.

JEVONS_BENCH_MEGABYTES sets the size (default 1000). ccusage is installed from npm when it can be.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEGABYTES = int(os.environ.get("JEVONS_BENCH_MEGABYTES", "1000"))
RIVAL = "ccusage@20.0.24"
TEXT = "The quick brown fox jumps over the lazy dog while the build is running. "


def line(kind: str, stamp: str, session: str, message: dict[str, object], **more: object) -> bytes:
    entry = {"parentUuid": None, "isSidechain": False, "type": kind, "timestamp": stamp,
             "userType": "external", "cwd": "/home/dev/projects/alpha", "sessionId": session,
             "version": "2.1.197", "gitBranch": "main", "message": message, **more}  # fmt: skip
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def write_logs(folder: Path, megabytes: int) -> int:
    """Sessions of realistic lines: prompts, tool results of up to 50 kB, repeated usage lines."""
    chance = random.Random(11)
    calls = written = number = 0
    while written < megabytes * 1_000_000:
        session = f"{number:08x}-0000-4000-8000-{number:012x}"
        place = folder / "projects" / f"-home-dev-projects-p{number % 20}"
        place.mkdir(parents=True, exist_ok=True)
        day = 1 + number % 28
        with (place / f"{session}.jsonl").open("wb") as file:
            for turn in range(120):
                stamp = f"2026-10-{day:02d}T{10 + turn // 60:02d}:{turn % 60:02d}:00.{turn:03d}Z"
                size = chance.choice((200, 400, 800, 4000, 50_000))
                content = [{"type": "tool_result", "content": (TEXT * (size // 70 + 1))[:size]}]
                usage = {
                    "input_tokens": chance.randrange(1, 40),
                    "cache_creation_input_tokens": (write := chance.randrange(100, 4000)),
                    "cache_read_input_tokens": 10_000 + 900 * turn,
                    "output_tokens": chance.randrange(20, 1500),
                    "service_tier": "standard",
                    "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": write},
                }
                lines = [line("user", stamp, session, {"role": "user", "content": content})]
                for block in range(1 + turn % 3):
                    message = {"id": f"msg_{number:012x}{turn:012x}", "type": "message", "role": "assistant",
                               "model": "claude-sonnet-4-6", "content": [{"type": "text", "text": TEXT * 5}],
                               "stop_reason": "tool_use", "usage": usage}  # fmt: skip
                    lines.append(line("assistant", stamp, session, message, uuid=f"{turn}-{block}",
                                      requestId=f"req_{number:012x}{turn:012x}"))  # fmt: skip
                calls += 1
                for one in lines:
                    file.write(one)
                    written += len(one)
        number += 1
    return calls


def rival(folder: Path) -> Path | None:
    """The ccusage binary, installed below the folder; None when npm or the package is missing."""
    if shutil.which("npm") is None:
        return None
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), RIVAL],
        capture_output=True,
        check=False,
    )
    place = folder / "node_modules" / ".bin" / "ccusage"
    return place if done.returncode == 0 and place.exists() else None


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    start = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, done.stdout


def main() -> None:
    program = str(Path(sys.executable).with_name("jevons"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls = write_logs(folder / "logs", MEGABYTES)
        other = rival(folder / "npm")
        environment = {"CLAUDE_CONFIG_DIR": str(folder / "logs"), "HOME": name}
        rows = []
        for attempt in range(3):
            home = folder / f"home{attempt}"
            first, _ = timed([program, "--home", str(home)], environment)
            second, text = timed([program, "--home", str(home), "report", "--json"], environment)
            again, _ = timed([program, "--home", str(home)], environment)
            theirs = 0.0
            if other is not None:
                theirs, _ = timed([str(other), "daily", "--offline", "--json"], environment)
            rows.append((first, theirs, again))
            assert json.loads(text)["total"]["calls"] == calls, "not every call was counted once"
            shutil.rmtree(home)
        first, theirs, again = (sorted(column)[1] for column in zip(*rows, strict=True))
        print(f"{MEGABYTES} MB, {calls:,} calls; medians of three, interleaved.\n")
        print("| | seconds | ratio |")
        print("|---|---:|---:|")
        print(f"| jevons, first run | {first:.2f} | |")
        if other is None:
            print("| ccusage | not measured: it could not be installed from npm | |")
        else:
            print(f"| {RIVAL}, offline | {theirs:.2f} | {first / theirs:.2f}x its wall time |")
        print(f"| jevons, second run | {again:.2f} | {again / first:.1%} of the first |")


if __name__ == "__main__":
    main()
