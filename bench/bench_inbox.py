"""The inbox: events acknowledged one batch or one event at a time, then sealed into the tables.

Every acknowledgement is an fsync, so the disk decides: TMPDIR says which one. The events are the
first days of a company with 20 million calls in half a year; a fiftieth of JEVONS_BENCH_EVENTS
(default 20,000,000) goes through the inbox.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from bench.programs import scratch
from bench.tables import at_least, median, table
from jevons.app.company import generate
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons
from jevons.sources.events import read_line
from jevons.stores.inbox import Inbox
from jevons.vocabulary.observation import Observation

EVENTS = max(10_000, int(os.environ.get("JEVONS_BENCH_EVENTS", "20000000")) // 50)
COMPANY = 20_000_000
BATCH = 1000
THREADS = 8
FLOOR, AIM = 15_000, 35_000
"""Events per second through the inbox into the tables."""
SECONDS = 3.0
"""How long single events are appended."""


def read(lines: Sequence[bytes]) -> list[Observation]:
    """What a receiver does with lines before it hands them to be checked and acknowledged."""
    found = []
    for number, line in enumerate(lines):
        one = read_line(line, "bench", number)
        assert isinstance(one, Observation), "a generated line is refused"
        found.append(one)
    return found


def through(lines: list[bytes], home: Path) -> tuple[float, float]:
    """Seconds to acknowledge all events in batches, and to seal them."""
    with open_jevons(Settings(home=home)) as jevons:
        store: Any = jevons.store
        store.seal([])  # the price book and the tables' libraries are loaded
        start = time.perf_counter()
        for first in range(0, len(lines), BATCH):
            store.acknowledge(read(lines[first : first + BATCH]))
        acknowledged = time.perf_counter()
        sealed = store.seal_inbox()
        ended = time.perf_counter()
        assert (sealed, store.waiting()) == (len(lines), 0), "not every event was sealed once"
    return acknowledged - start, ended - acknowledged


def singly(lines: Sequence[bytes], threads: int, place: Path) -> float:
    """Acknowledged events per second when threads append single events at the same time."""
    inbox = Inbox(place)
    until = time.perf_counter() + SECONDS
    done = [0] * threads

    def work(worker: int) -> None:
        for number in range(worker, len(lines), threads):
            if time.perf_counter() >= until:
                return
            done[worker] += inbox.append([lines[number]])

    start = time.perf_counter()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - start
    assert inbox.waiting() == sum(done), "not every acknowledged event waits"
    inbox.close()
    return sum(done) / seconds


def fsync_seconds(folder: Path) -> float:
    """How long this disk takes to keep 4 KiB appended to a file, the median of many."""
    times = []
    with (folder / "probe").open("wb") as file:
        for _ in range(101):
            file.write(b"\0" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    """Measure and print."""
    made = chain.from_iterable(map(bytes.splitlines, generate(COMPANY, 7)))
    lines = list(islice(made, EVENTS))
    with scratch() as folder:
        probe = fsync_seconds(folder)
        acknowledging, sealing = through(lines, folder / "home")
        encode = msgspec.json.Encoder().encode
        canonical = [encode(one) for one in read(lines[:100_000])]
        alone = singly(canonical, 1, folder / "one.db")
        together = singly(canonical, THREADS, folder / "several.db")
    count = len(lines)
    both = count / (acknowledging + sealing)
    rows = [
        ("read and acknowledge", f"{count / acknowledging:,.0f}", ""),
        ("seal into the tables", f"{count / sealing:,.0f}", ""),
        ("both, end to end", f"{both:,.0f}", at_least(both, FLOOR, AIM)),
    ]
    print(f"{count:,} events in batches of {BATCH:,}; an fsync takes {probe * 1e3:.2f} ms here.\n")
    print(table(("one process", "events/s", "promised"), rows))
    print()
    rows = [
        ("1 thread", f"{alone:,.0f}", "1x"),
        (f"{THREADS} threads, commits shared", f"{together:,.0f}", f"{together / alone:.1f}x"),
    ]
    print(table(("single events, each acknowledged", "events/s", "ratio"), rows))


if __name__ == "__main__":
    main()
