"""The books at size: generated events in, bytes per event, seven typical questions, growth.

JEVONS_BENCH_EVENTS sets the large size (default 20,000,000; the small one is a tenth).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LARGE = int(os.environ.get("JEVONS_BENCH_EVENTS", "20000000"))

QUESTIONS = {
    "team by month (roll-up)": ["--by", "team,month"],
    "model by day, one month (roll-up)": ["--by", "request_model,day", "--since", "2026-09-01", "--until", "2026-10-01"],
    "task type by month in Kolkata (roll-up)": ["--by", "task_type,month", "--tz", "Asia/Kolkata"],
    "top 20 people (any dimension)": ["--by", "person", "--top", "20"],
    "agent x harness version, one team (any dimension)": ["--by", "agent,harness_version", "--where", "team=TEAM"],
    "what was believed on 1 October (any dimension)": ["--by", "team", "--as-of", "2099-10-01"],
}


def jevons(home: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("jevons")), "--home", str(home), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, **options)


def timed(home: Path, *arguments: str, repeat: int = 3) -> float:
    """The fastest of a few runs of the whole command, seconds."""
    best = 1e9
    for _ in range(repeat):
        start = time.perf_counter()
        jevons(home, *arguments)
        best = min(best, time.perf_counter() - start)
    return best


def size(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def measure(events: int, folder: Path) -> dict[str, Any]:
    home, file = folder / "home", folder / "company.jsonl"
    jevons(home, "generate", "--events", str(events), "--seed", "7", "--out", str(file))
    start = time.perf_counter()
    jevons(home, "import", "events", str(file))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    file.unlink()
    tables = {place.name: size(place) for place in (home / "ledger").iterdir()}
    team = json.loads(jevons(home, "report", "--by", "team", "--json").stdout)["rows"][0]["team"]
    run = json.loads(jevons(home, "events", "--limit", "1", "--json").stdout.splitlines()[0])["run"]
    found = {
        name: timed(home, "report", *[a.replace("TEAM", team) for a in arguments], "--json")
        for name, arguments in QUESTIONS.items()
    }
    found["one run's events"] = timed(home, "events", "--where", f"run={run}", "--json")
    return {"rate": events / seconds, "peak": peak, "tables": tables, "questions": found}


def main() -> None:
    results = {}
    for events in (LARGE // 10, LARGE):
        with tempfile.TemporaryDirectory() as folder:
            results[events] = measure(events, Path(folder))
    print("| | " + " | ".join(f"{n:,} events" for n in results) + " | growth |")
    print("|---|" + "---:|" * (len(results) + 1))
    small, large = results.values()
    row("import, events/s", small["rate"], large["rate"], "{:,.0f}")
    row("largest process, MiB", small["peak"], large["peak"], "{:,.0f}")
    for name in small["tables"]:
        row(f"{name}, bytes per event", *(r["tables"][name] / n for n, r in results.items()), "{:.1f}")
    row("all tables, bytes per event", *(sum(r["tables"].values()) / n for n, r in results.items()), "{:.1f}")
    for name in small["questions"]:
        row(f"{name}, whole command, ms", small["questions"][name] * 1e3, large["questions"][name] * 1e3, "{:,.0f}")


def row(name: str, small: float, large: float, form: str) -> None:
    print(f"| {name} | {form.format(small)} | {form.format(large)} | {large / small:.2f}x |")


if __name__ == "__main__":
    main()
