"""Several processes read and write one ledger at once: no error, no lost row, no doubled row."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_disk import calls
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons
first, batches, mode = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
with open_jevons(Settings(home=Path(sys.argv[1]))) as jevons:
    for batch in range(batches):
        chunk = calls(first + batch * 50, 50)
        if mode == "inbox":
            jevons.store.acknowledge(chunk)
            if batch % 4 == 3:
                jevons.store.seal_inbox()
        else:
            jevons.store.seal(chunk)
        jevons.store.seal(calls(1, 20))
"""

READER = """
import sys
from pathlib import Path
from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons
last = 0
for _ in range(int(sys.argv[2])):
    with open_jevons(Settings(home=Path(sys.argv[1]))) as jevons:
        for by in ((), ("team",), ("response_model",)):
            report = jevons.report(Query(by=by))
            assert sum(row.calls for row in report.rows) == report.total.calls
        assert report.total.calls >= last, (report.total.calls, last)
        last = report.total.calls
"""


@pytest.mark.prove
def test_writers_and_readers_at_once(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    """Two sealing writers, two inbox writers, two readers; all writers also repeat the same
    calls."""
    home, batches = tmp_path / "home", count(6, 40)
    writer = textwrap.dedent(WRITER).format(folder=str(Path(__file__).parent))
    with open_jevons(Settings(home=home)) as jevons:
        jevons.store.seal([])
    running = [
        subprocess.Popen(
            [sys.executable, "-c", writer, str(home), str(1000 + 100_000 * n), str(batches), mode],
            stderr=subprocess.PIPE,
            text=True,
        )
        for n, mode in enumerate(("seal", "inbox", "seal", "inbox"))
    ]
    running += [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(home), str(count(3, 30))],
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in running:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors[-3000:]
    with open_jevons(Settings(home=home)) as jevons:
        expected = sum(
            sum(range(1000 + 100_000 * n, 1000 + 100_000 * n + 50 * batches)) for n in range(4)
        )
        total = jevons.report(Query()).total
        assert total.calls == 4 * 50 * batches + 20
        assert total.input_tokens == expected + sum(range(1, 21))
        assert jevons.verify().first_difference is None
