"""Killed at any moment: what was acknowledged is stored, nothing is doubled, the books verify."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons

WRITER = Path(__file__).with_name("writer.py")
MODES = ("seal", "inbox", "compact", "reprice")


def killed(home: Path, mode: str, first: int, delay: float) -> tuple[int, list[int]]:
    """Start a writer, kill it `delay` seconds after its first acknowledgement.

    Returns its exit status and the numbers of the calls that it acknowledged.
    """
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(home), mode, str(first)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JEVONS_HOME": str(home)},
    )
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or []))
    begun = time.monotonic()
    reader.start()
    while not lines and process.poll() is None and time.monotonic() - begun < 60:
        time.sleep(0.005)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    status = process.wait()
    reader.join()
    assert process.stderr is not None
    with process.stderr, process.stdout:
        said = process.stderr.read()
    if status != -signal.SIGKILL:
        pytest.fail(f"the writer ended by itself: {said[-2000:]}")
    acknowledged = []
    for line in lines:
        words = line.split()
        if len(words) == 3 and line.endswith("\n"):
            acknowledged += range(int(words[1]), int(words[1]) + int(words[2]))
    return status, acknowledged


@pytest.mark.prove
@pytest.mark.parametrize("mode", MODES)
def test_kill(mode: str, tmp_path: Path, count: Callable[[int, int], int]) -> None:
    """kill -9 again and again on one ledger; each new writer goes on where the last one died."""
    chance = random.Random(f"kill {mode}")
    home = tmp_path / "home"
    acknowledged: set[int] = set()
    first = 1
    for _ in range(count(5, 75)):
        _, numbers = killed(home, mode, first, chance.uniform(0, 0.6))
        assert numbers, "the writer was killed before it acknowledged anything: nothing was tested"
        acknowledged.update(numbers)
        first = max(acknowledged) + 1
        check(home, acknowledged, first)


def check(home: Path, acknowledged: set[int], first: int) -> None:
    """Acknowledged is stored, unacknowledged at most once, sums match the stored calls, verify is
    clean."""
    with open_jevons(Settings(home=home)) as jevons:
        jevons.store.seal_inbox()
        jevons.store.recover()
        stored = [int(str(e["response_id"])[4:]) for e in jevons.events(Query())]
        assert len(stored) == len(set(stored)), "a call is stored twice"
        lost = acknowledged - set(stored)
        assert not lost, f"{len(lost)} acknowledged calls are lost, the first is {min(lost)}"
        total = jevons.report(Query()).total
        assert total.calls == len(stored)
        assert total.input_tokens == sum(stored)
        single = (Decimal(sum(stored)) * 5 + len(stored) * 25) / 10**6
        assert total.list_cost is not None
        assert single <= total.list_cost <= 2 * single
        verification = jevons.verify()
        assert verification.first_difference is None, verification.first_difference
