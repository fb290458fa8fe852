"""Ctrl-C in the middle of a long import: what was read is stored, the next import completes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jevons.app.results import Query
from tests.unit.stores.sample import call, lines, opened, report_bytes

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from pathlib import Path
from jevons.app import segments
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons
from jevons.vocabulary.errors import Interrupted

def main():
    segments.SEGMENT_BYTES, segments.BATCH = 40_000, 400
    home, logs, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with open_jevons(Settings(home=home, workers=workers)) as jevons:
        try:
            jevons.import_paths([logs], on_progress=lambda p: print(p.observations, flush=True))
        except Interrupted as error:
            print("stopped", error.what, error.remedy, flush=True)
            sys.exit(error.exit_code)

if __name__ == "__main__":
    main()
"""
CALLS = 12_000


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three megabytes of native lines in two files, some calls in both, one bad line."""
    place = tmp_path_factory.mktemp("logs")
    half = CALLS // 2
    (place / "1").write_text(lines(*(call(n) for n in range(half + 50))) + "bad\n")
    (place / "2").write_text(lines(*(call(n) for n in range(half, CALLS))))
    return place


def start(home: Path, logs: Path, workers: int, program: Path) -> subprocess.Popen[str]:
    program.write_text(textwrap.dedent(PROGRAM))
    return subprocess.Popen(
        [sys.executable, str(program), str(home), str(logs), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


@pytest.mark.prove
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_in_a_long_import(
    workers: int, logs: Path, tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    """SIGINT reaches the whole process group, as from a terminal."""
    chance = random.Random(f"ctrl-c {workers}")
    home = tmp_path / "home"
    stopped = 0
    for _ in range(count(1, 25)):
        process = start(home, logs, workers, tmp_path / "program.py")
        assert process.stdout is not None and process.stderr is not None
        with process.stdout, process.stderr:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.3))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            said, errors = process.stdout.read(), process.stderr.read()
        if process.wait(timeout=60) == 0:
            continue
        assert process.returncode == 130, errors[-2000:]
        assert "stopped" in said and "same command" in said
        assert "Traceback" not in errors
        stopped += 1
        with opened(home) as jevons:
            assert 0 < jevons.report(Query()).total.calls <= CALLS
            assert jevons.verify().first_difference is None
    assert stopped, "the import was over before it could be stopped: nothing was tested"
    with opened(home) as jevons, opened(tmp_path / "whole") as whole:
        jevons.import_paths([logs])
        whole.import_paths([logs])
        assert report_bytes(jevons) == report_bytes(whole)
        assert jevons.report(Query()).total.calls == CALLS
        assert [r.line for r in jevons.rejections()] == [CALLS // 2 + 51]
        assert jevons.verify().first_difference is None
