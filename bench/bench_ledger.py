"""The books at size: import rate, memory, bytes per event, seven typical questions, whole commands.

JEVONS_BENCH_EVENTS sets the large size (default 20,000,000; the small one is a tenth). The large
size needs about 25 GB of disk below TMPDIR.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.programs import company, jevons, scratch
from bench.tables import at_least, at_most, median, table
from jevons.app.company import boundary_text
from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons

LARGE = int(os.environ.get("JEVONS_BENCH_EVENTS", "20000000"))
SMALL = LARGE // 10

RATE_FLOOR, RATE_AIM = 40_000, 120_000
"""Events per second, imported end to end."""
MEMORY = 1536
"""MiB that the import may hold."""
EVENT_BYTES = 110
"""Bytes per event of the event table."""

COMMANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "explain August to September": (3000, ("explain", "2026-08", "2026-09", "--json")),
    "unit of August and September": (
        3000,
        ("unit", "--by", "team,task_type", "--since", "2026-08", "--until", "2026-10", "--json"),
    ),
    "tca of August and September": (
        3000,
        ("tca", "--since", "2026-08", "--until", "2026-10", "--json"),
    ),
}
"""Commands beyond reports: title -> limit in milliseconds, arguments."""

FIRST = "tca, for the first time after an import"
"""What makes purposes and cells of cost; nothing is promised of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A typical question. limit: milliseconds. single: asks for the events of a run, not a sum."""

    title: str
    limit: int
    arguments: tuple[str, ...]
    query: Query
    single: bool = False


def questions(team: str, run: str, middle: str) -> list[Question]:
    """Seven questions. middle: an instant half way through the import."""
    september = Query(by=("request_model", "day"), since="2026-09-01", until="2026-10-01")
    indian = Query(by=("task_type", "month"), time_zone="Asia/Kolkata")
    tools = Query(by=("agent", "harness_version"), where=(("team", team),))
    return [
        Question("team by month", 300, ("--by", "team,month"), Query(by=("team", "month"))),
        Question(
            "model by day, September",
            300,
            ("--by", "request_model,day", "--since", "2026-09-01", "--until", "2026-10-01"),
            september,
        ),
        Question(
            "task type by month in Kolkata",
            300,
            ("--by", "task_type,month", "--tz", "Asia/Kolkata"),
            indian,
        ),
        Question(
            "the 20 costliest people",
            3000,
            ("--by", "person", "--top", "20"),
            Query(by=("person",), top=20),
        ),
        Question(
            "agent by harness version, one team",
            3000,
            ("--by", "agent,harness_version", "--where", f"team={team}"),
            tools,
        ),
        Question(
            "team, as of half way through the import",
            3000,
            ("--by", "team", "--as-of", middle),
            Query(by=("team",), as_of=middle),
        ),
        Question(
            "all events of one run",
            150,
            ("--where", f"run={run}"),
            Query(where=(("run", run),)),
            single=True,
        ),
    ]


@dataclass(slots=True)
class Books:
    """What was measured at one size. answers: title -> seconds in an open program, and as a whole
    command. told: seconds of importing the outcomes."""

    events: int
    seconds: float
    largest: float
    together: float
    tables: dict[str, int]
    answers: dict[str, tuple[float, float]] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    commands: dict[str, float] = field(default_factory=dict)
    told: float = 0.0


def measure(events: int, folder: Path) -> Books:
    """Build the books of one size and ask them."""
    home = folder / "home"
    file = company(events, folder)
    run = some_run(file)
    began = time.time()
    taken = jevons(home, "import", "events", str(file))
    middle = datetime.fromtimestamp(began + taken.seconds / 2, UTC).isoformat()
    file.unlink()
    told = jevons(home, "outcomes", "import", str(file) + ".outcomes.jsonl")
    sizes = {place.name: size(place) for place in sorted((home / "ledger").iterdir())}
    books = Books(events, taken.seconds, taken.largest, taken.together, sizes)
    books.asked = questions("payments", run, middle)
    inside = ask_inside(home, books.asked)
    for one in books.asked:
        verb = "events" if one.single else "report"
        whole = [jevons(home, verb, *one.arguments, "--json").seconds for _ in range(3)]
        books.answers[one.title] = inside[one.title], median(whole)
    books.told = told.seconds
    boundary = folder / "boundary.toml"
    boundary.write_text(boundary_text())
    jevons(home, "boundary", "add", str(boundary))
    books.commands[FIRST] = jevons(home, "tca", "--json").seconds
    for title, (_, arguments) in COMMANDS.items():
        books.commands[title] = median([jevons(home, *arguments).seconds for _ in range(3)])
    return books


def ask_inside(home: Path, asked: list[Question]) -> dict[str, float]:
    """Seconds per question in one program that has the ledger open, the median of three."""
    found = {}
    with open_jevons(Settings(home=home)) as ledger:
        total = ledger.report(Query()).total
        assert total.calls > 0, "the books are empty"
        for one in asked:

            def answer(one: Question = one) -> int:
                if one.single:
                    return len(list(ledger.events(one.query)))
                return len(ledger.report(one.query).rows)

            known = answer() > 0 or one.query.as_of is not None  # one batch has no half
            assert known, f"no answer: {one.title}"
            found[one.title] = median([timed(answer) for _ in range(3)])
    return found


def timed(answer: Callable[[], int]) -> float:
    """Seconds until an answer is there."""
    start = time.perf_counter()
    answer()
    return time.perf_counter() - start


def some_run(file: Path) -> str:
    """The run of the first event after the middle of the file that has one with several calls."""
    seen: set[str] = set()
    with file.open("rb") as lines:
        lines.seek(file.stat().st_size // 2)
        lines.readline()
        for line in lines:
            run = str(msgspec.json.decode(line).get("run"))
            if run in seen:
                return run
            seen.add(run)
    raise AssertionError("no run has two calls")


def size(place: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for path in place.rglob("*"):
        with suppress(FileNotFoundError):  # a log entry that a checkpoint has just replaced
            total += path.stat().st_size if path.is_file() else 0
    return total


def show(small: Books, large: Books) -> None:
    """Print the tables."""
    rates = [books.events / books.seconds for books in (small, large)]
    rows = [
        row("import, events/s", *rates, promised=at_least(rates[1], RATE_FLOOR, RATE_AIM)),
        row(
            "largest process, MiB",
            small.largest,
            large.largest,
            promised=at_most(large.largest, MEMORY),
        ),
        row("all processes, MiB", small.together, large.together),
        row("import of the outcomes, s", small.told, large.told),
    ]
    for name in large.tables:
        per = [books.tables[name] / books.events for books in (small, large)]
        promised = at_most(per[1], EVENT_BYTES) if name == "events" else ""
        rows.append(row(f"{name}, bytes/event", *per, form="{:,.1f}", promised=promised))
    per = [sum(books.tables.values()) / books.events for books in (small, large)]
    rows.append(row("all tables, bytes/event", *per, form="{:,.1f}"))
    sizes = [f"{books.events:,} events" for books in (small, large)]
    print(table(("import", *sizes, "growth", "promised"), rows))
    print("\nProcesses share pages, which count in each of them.\n")
    rows = []
    for one in large.asked:
        before, after = small.answers[one.title], large.answers[one.title]
        promised = at_most(after[0] * 1e3, one.limit, " ms")
        cells = (f"{value * 1e3:,.0f}" for value in (before[0], after[0]))
        whole = (f"{value * 1e3:,.0f}" for value in (before[1], after[1]))
        rows.append((one.title, *cells, f"{after[0] / before[0]:.2f}x", promised, *whole))
    head = ("question, ms", *sizes, "growth", "promised", "command", "command")
    print(table((*head[:5], *(f"whole command, {name}" for name in sizes)), rows))
    print()
    rows = []
    for title in large.commands:
        before, after = (books.commands[title] * 1e3 for books in (small, large))
        limit = COMMANDS[title][0] if title in COMMANDS else None
        promised = "" if limit is None else at_most(after, limit, " ms")
        rows.append(row(title, before, after, promised=promised))
    print(table(("whole command, ms", *sizes, "growth", "promised"), rows))


def row(
    name: str, small: float, large: float, *, form: str = "{:,.0f}", promised: str = ""
) -> tuple[str, ...]:
    """One figure at both sizes and its growth."""
    growth = f"{large / small:.2f}x" if small else ""
    return name, form.format(small), form.format(large), growth, promised


def main() -> None:
    """Measure and print."""
    found = []
    for events in (SMALL, LARGE):
        with scratch() as folder:
            found.append(measure(events, folder))
    show(*found)


if __name__ == "__main__":
    main()
