"""Running programs and watching what they take: ours as installed, and rivals if they can be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

JEVONS = str(Path(sys.executable).with_name("jevons"))
"""The command of the environment that runs the benchmark."""

SAMPLE_SECONDS = 0.05
_STATUS = ("VmHWM:", "VmRSS:")


@dataclass(slots=True)
class Run:
    """A program that ended well. largest: peak memory of its largest process; together: the most
    that all its processes held at once, shared pages counted in each. MiB, 0 where not known."""

    seconds: float
    output: str
    largest: float = 0.0
    together: float = 0.0


@dataclass(slots=True)
class Memory:
    """Memory of a process and all below it, sampled until told to stop."""

    process: int
    largest: int = 0
    together: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Sample until stopped."""
        while not self.stopped.wait(SAMPLE_SECONDS):
            held = [_memory(process) for process in family(self.process)]
            self.largest = max(self.largest, *(peak for peak, _ in held), 0)
            self.together = max(self.together, sum(now for _, now in held))


def family(process: int) -> list[int]:
    """A process and all its descendants that live now."""
    found = [process]
    for one in found:
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, tasks.read_text().split())
            except OSError:
                continue  # it has just ended
    return found


def _memory(process: int) -> tuple[int, int]:
    """Peak and present resident kilobytes of one process, zeros when it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    values = {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith(_STATUS)}
    return values.get("VmHWM:", 0), values.get("VmRSS:", 0)


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end. Raises CalledProcessError with what it said."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(command), env={**os.environ, **(environment or {})}, stdout=output, stderr=errors
        )
        memory = Memory(process.pid)
        watcher = threading.Thread(target=memory.watch)
        watcher.start()
        code = process.wait()
        seconds = time.perf_counter() - start
        memory.stopped.set()
        watcher.join()
        output.seek(0)
        errors.seek(0)
        if code:
            said = errors.read() or output.read()
            raise subprocess.CalledProcessError(code, list(command), stderr=said[-2000:])
        return Run(seconds, output.read(), memory.largest / 1024, memory.together / 1024)


def jevons(home: Path, *arguments: str, **environment: str) -> Run:
    """Run our command on a home."""
    return run([JEVONS, "--home", str(home), *arguments], environment)


def company(events: int, folder: Path) -> Path:
    """The generated company as a file of native lines."""
    file = folder / "company.jsonl"
    jevons(folder / "none", "generate", "--events", str(events), "--seed", "7", "--out", str(file))
    return file


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is removed at the end; TMPDIR says on which disk."""
    with tempfile.TemporaryDirectory(prefix="jevons-bench-") as name:
        yield Path(name)


def from_npm(package: str, command: str, folder: Path) -> str | None:
    """A command of an npm package, installed below the folder; None when that is impossible."""
    if shutil.which("npm") is None:
        return None
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), package]
    done = subprocess.run(install, capture_output=True, check=False)
    place = folder / "node_modules" / ".bin" / command
    return str(place) if done.returncode == 0 and place.exists() else None


def from_pypi(package: str, command: str, folder: Path) -> str | None:
    """A command of a Python package in an environment of its own; None when that is impossible."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    place = folder / "bin" / command
    install = [str(folder / "bin" / "pip"), "install", "-q", package]
    done = subprocess.run(install, capture_output=True, check=False)
    return str(place) if done.returncode == 0 and place.exists() else None
