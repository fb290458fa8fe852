"""Killed while outcomes are appended: what was acknowledged is stored, once, and verifies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons

WRITER = """
import sys
from pathlib import Path
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons
from jevons.vocabulary.outcome import Outcome

with open_jevons(Settings(home=Path(sys.argv[1]))) as jevons:
    number = int(sys.argv[2])
    while True:
        batch = [
            Outcome(id=str(n), time=1_790_000_000_000_000 + n, run=f"r{n}", status="failed")
            for n in range(max(0, number - 10), number + 10)
        ]
        jevons.store.record_outcomes(batch)
        number += 10
        print("ack", number, flush=True)
"""


@pytest.mark.prove
def test_kill(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    chance = random.Random("outcomes")
    home, acknowledged = tmp_path / "home", 0
    for _ in range(count(3, 40)):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home), str(acknowledged)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "JEVONS_HOME": str(home)},
        )
        assert process.stdout is not None
        lines: list[str] = []
        reader = threading.Thread(target=lines.extend, args=(process.stdout,))
        reader.start()
        begun = time.monotonic()
        while not lines and process.poll() is None and time.monotonic() - begun < 60:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "the writer ended by itself"
        reader.join()
        process.stdout.close()
        assert lines, "killed before anything was acknowledged: nothing was tested"
        acknowledged = int(lines[-1].split()[1])
        with open_jevons(Settings(home=home)) as jevons:
            jevons.store.recover()
            found = list(jevons.store.outcomes())
            assert {int(row["outcome_id"]) for row in found} >= set(range(acknowledged))
            assert all(row["reports"] == 1 for row in found), "an outcome is stored twice"
            assert jevons.verify().first_difference is None
