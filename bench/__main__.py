"""Run the benchmarks and print their tables as Markdown: `python -m bench [NAME...]`."""

from __future__ import annotations

import ast
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from bench.tables import table

FOLDER = Path(__file__).resolve().parent


def machine() -> str:
    """The machine as a Markdown table: processor, cores, memory, load, Python."""
    load = os.getloadavg()[0]
    rows = [
        ("processor", _field("/proc/cpuinfo", "model name") or platform.machine()),
        ("cores", str(os.cpu_count())),
        ("memory", _memory()),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Python", platform.python_version()),
        ("load before", f"{load:.2f}"),
    ]
    return table(("machine", ""), rows)


def _field(file: str, name: str) -> str:
    path = Path(file)
    if not path.exists():
        return ""
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _memory() -> str:
    kilobytes = _field("/proc/meminfo", "MemTotal").split(" ")[0]
    return f"{int(kilobytes) / 1024**2:.1f} GiB" if kilobytes else "unknown"


def run(name: str) -> bool:
    """Run one module under its heading, in a process of its own; whether it succeeded."""
    text = (FOLDER / f"bench_{name}.py").read_text()
    title = (ast.get_docstring(ast.parse(text)) or name).splitlines()[0].rstrip(".")
    print(f"\n## {title}\n", flush=True)
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", f"bench.bench_{name}"], check=False)
    ended = "" if done.returncode == 0 else f", FAILED with {done.returncode}"
    print(f"\n({name}: {time.perf_counter() - start:.0f} s{ended})", flush=True)
    return done.returncode == 0


def main(wanted: list[str]) -> int:
    """Run the modules named, all when none is; the exit code."""
    names = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    unknown = [name for name in wanted if name not in names]
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(names)}")
        return 2
    print(f"# Bench\n\n{machine()}", flush=True)
    failed = [name for name in wanted or names if not run(name)]
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
