"""A disk that is full, fails or cannot be written: said plainly, nothing acknowledged is lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.use_cases import Jevons
from jevons.app.wiring import open_jevons
from jevons.vocabulary.errors import LedgerError, LedgerFull, LedgerReadOnly
from jevons.vocabulary.observation import Observation


def calls(first: int, count: int) -> list[Observation]:
    """Calls with the numbers first .. first + count - 1; a call's number is its input tokens."""
    return [
        Observation(
            provider="anthropic",
            api="anthropic.messages",
            time=1_790_000_000_000_000 + n,
            request_model="claude-opus-4-8",
            response_id=f"msg_{n:030d}",
            usage={"input_tokens": n, "output_tokens": 1},
        )
        for n in range(first, first + count)
    ]


def tokens(jevons: Jevons) -> int:
    return jevons.report(Query()).total.input_tokens


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("fail_at", [1, 2, 3, 5, 8, 13])
def test_a_failing_fsync_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fail_at: int
) -> None:
    """The n-th fsync of a batch fails: the batch was not acknowledged, sending it again is
    exact."""
    with open_jevons(Settings(home=tmp_path / "home")) as jevons:
        jevons.store.seal(calls(1, 10))
        real, done = os.fsync, 0

        def fsync(descriptor: int) -> None:
            nonlocal done
            done += 1
            if done == fail_at:
                raise OSError(number, os.strerror(number))
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(LedgerError) as caught:
            jevons.store.seal(calls(11, 10))
        monkeypatch.setattr(os, "fsync", real)
        assert caught.value.remedy
        assert isinstance(caught.value, LedgerFull) == (number == errno.ENOSPC)
    with open_jevons(Settings(home=tmp_path / "home")) as jevons:
        jevons.store.seal(calls(11, 10))
        assert tokens(jevons) == sum(range(1, 21))
        assert jevons.verify().first_difference is None


def test_a_file_that_cannot_grow_is_said_and_survived(tmp_path: Path) -> None:
    """The kernel itself refuses to write beyond a limit, in the middle of a table file."""
    home = tmp_path / "home"
    program = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from test_disk import calls
        from jevons.app.settings import Settings
        from jevons.app.wiring import open_jevons
        from jevons.vocabulary.errors import LedgerError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with open_jevons(Settings(home=Path(sys.argv[1]))) as jevons:
            jevons.store.seal(calls(1, 1000))
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
            try:
                jevons.store.seal(calls(1001, 20_000))
            except LedgerError as error:
                print("refused:", error.what)
        """
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(home), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.startswith("refused: "), ran.stderr[-2000:]
    with open_jevons(Settings(home=home)) as jevons:
        assert tokens(jevons) == sum(range(1, 1001))
        jevons.store.seal(calls(1001, 20_000))
        assert tokens(jevons) == sum(range(1, 21_001))
        assert jevons.verify().first_difference is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root; the other tests here inject the same errors")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    """ENOSPC from the kernel: refused with what to do; after making room all is as it should be."""
    home = small_disk / "home"
    stored = 0
    with open_jevons(Settings(home=home)) as jevons:
        with pytest.raises(LedgerFull) as caught:
            while True:
                jevons.store.seal(calls(stored + 1, 3000))
                stored += 3000
        assert "Free space" in caught.value.remedy
    assert stored, "the disk was full before anything was stored: nothing was tested"
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    with open_jevons(Settings(home=home)) as jevons:
        # The refused batch may be in the books or not, but never in part.
        assert tokens(jevons) in (sum(range(1, stored + 1)), sum(range(1, stored + 3001)))
        jevons.store.seal(calls(stored + 1, 3000))
        assert tokens(jevons) == sum(range(1, stored + 3001))
        assert jevons.verify().first_difference is None


def test_a_read_only_home_is_said(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes anywhere; the read-only disk test covers this for root")
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    with open_jevons(Settings(home=home)) as jevons, pytest.raises(LedgerReadOnly):
        jevons.store.seal(calls(1, 1))


def test_a_read_only_disk_can_still_be_read(small_disk: Path) -> None:
    home = small_disk / "home"
    with open_jevons(Settings(home=home)) as jevons:
        jevons.store.seal(calls(1, 10))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with open_jevons(Settings(home=home)) as jevons:
        assert tokens(jevons) == 55
        with pytest.raises(LedgerReadOnly) as caught:
            jevons.store.seal(calls(11, 1))
        assert "--home" in caught.value.remedy


@pytest.mark.parametrize(
    "table", ["observations", "keys", "events", "price_cards", "cells_model", "runs"]
)
def test_a_flipped_byte_is_found(tmp_path: Path, table: str) -> None:
    """One byte anywhere in any table, also where it would still parse."""
    home = tmp_path / "home"
    with open_jevons(Settings(home=home)) as jevons:
        jevons.store.seal(calls(1, 500))
        assert jevons.verify().first_difference is None
    files = sorted((home / "ledger" / table).rglob("*.*"))
    victim = max(files, key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    with open_jevons(Settings(home=home)) as jevons:
        difference = jevons.verify().first_difference
        assert difference is not None
        assert victim.name in difference
