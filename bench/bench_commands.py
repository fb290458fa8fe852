"""Small commands: help, a report on a small ledger, a first import, against tokencur.

tokencur is installed from PyPI into a throw-away environment when it can be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.bench_logs import write_logs


def best(command: list[str], environment: dict[str, str], repeat: int = 7) -> float:
    """The median wall time of a command, seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    return sorted(times)[repeat // 2]


def rival(folder: Path) -> Path | None:
    """tokencur's command in an environment of its own, None when it cannot be installed."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    done = subprocess.run(
        [str(folder / "bin" / "pip"), "install", "-q", "tokencur==0.11.1"],
        capture_output=True,
        check=False,
    )
    place = folder / "bin" / "tokencur"
    return place if done.returncode == 0 and place.exists() else None


def main() -> None:
    program = str(Path(sys.executable).with_name("jevons"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_logs(folder / ".claude", 1)
        environment = {"HOME": name, "CLAUDE_CONFIG_DIR": str(folder / ".claude")}
        home = ["--home", str(folder / "home")]
        subprocess.run([program, *home], env={**os.environ, **environment}, capture_output=True, check=True)
        rows = [
            ("jevons --help", best([program, "--help"], environment)),
            ("jevons report (small ledger)", best([program, *home, "report"], environment)),
            ("jevons report --json", best([program, *home, "report", "--json"], environment)),
            ("jevons events --limit 10", best([program, *home, "events", "--limit", "10"], environment)),
            ("jevons (nothing new)", best([program, *home], environment)),
        ]
        other = rival(folder / "env")
        if other is not None:
            rows.append(("tokencur (its report)", best([str(other)], environment)))
        print("| command | median, ms |")
        print("|---|---:|")
        for title, seconds in rows:
            print(f"| {title} | {seconds * 1e3:.0f} |")
        if other is None:
            print("| tokencur | not measured: it could not be installed |")


if __name__ == "__main__":
    main()
