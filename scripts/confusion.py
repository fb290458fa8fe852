"""How well the rules of purposes agree with the truth, measured, and written into their page.

On the generated company every call's purpose is known; its callers state most of them, so all are
taken away and the rules see names, places in runs and prompt hashes only. On the genuine samples
beside the checkout the purposes were read by hand (tests/fixtures/purposes).

python scripts/confusion.py           exit 1 when the page does not say what is measured
python scripts/confusion.py --write   write the page
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from jevons.analysis.confusion import Confusion
from jevons.analysis.purposes import UNKNOWN
from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.wiring import open_jevons

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "purposes.md"
LABELS = ROOT / "tests" / "fixtures" / "purposes" / "labels.json"
SAMPLES = ROOT.parent / "shared" / "data" / "formats"
EVENTS, SEED = 20_000, 1


def company_lines(events: int, seed: int) -> Iterator[tuple[bytes, str]]:
    """The lines of the generated company without their purposes, and what each call was for."""
    import numpy as np

    from jevons.app.company.forms import PURPOSES, purposes_of
    from jevons.app.company.generation import Generation
    from jevons.app.company.lines import lines_of
    from jevons.app.company.work import people

    company = Generation(events, seed)
    staff = people(events)
    for tasks, calls, usage in company._work():
        truth = purposes_of(tasks, calls)[np.argsort(usage.time, kind="stable")].tolist()
        lines = b"".join(lines_of(seed, tasks, calls, usage, staff)).splitlines()
        for line, number in zip(lines, truth, strict=True):
            record = json.loads(line)
            record.pop("purpose", None)
            yield json.dumps(record).encode(), PURPOSES[number]


def on_the_company(events: int = EVENTS, seed: int = SEED) -> Confusion:
    """Truth and assignment on the generated company."""
    with tempfile.TemporaryDirectory() as folder:
        file, truth = Path(folder) / "company.jsonl", {}
        with file.open("wb") as out:
            for line, purpose in company_lines(events, seed):
                out.write(line + b"\n")
                record = json.loads(line)
                truth[record.get("response_id") or record["request_id"]] = purpose
        assigned = _assigned(Path(folder) / "home", file)
    return Confusion.of((truth[name], assigned[name]) for name in truth)


def on_the_samples() -> Confusion:
    """Labels and assignment on the genuine samples."""
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        assigned = _assigned(Path(folder), SAMPLES)
    return Confusion.of((labels[name], assigned[name]) for name in labels)


def _assigned(home: Path, file: Path) -> dict[str, str]:
    """The assigned purpose of every call by response, request and event id."""
    found: dict[str, str] = {}
    with open_jevons(Settings(home=home, workers=1)) as jevons:
        jevons.import_paths([file])
        for event in jevons.events(Query()):
            for name in ("event_id", "request_id", "response_id"):
                if event[name]:
                    found[str(event[name])] = str(event["purpose"])
    return found


def table(found: Confusion) -> str:
    """A confusion as a table of precision and recall."""
    rows = [
        "| purpose | really | assigned | precision | recall | otherwise taken for |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in found.rows():
        wrong = ", ".join(f"{name} {n:,}" for name, n in found.taken_for(row.purpose))
        precision = None if row.purpose == UNKNOWN else row.precision
        shares = f"{_percent(precision)} | {_percent(row.recall)}"
        rows.append(f"| {row.purpose} | {row.really:,} | {row.assigned:,} | {shares} | {wrong} |")
    right = _percent(Fraction(found.agreeing, found.calls))
    misled = _percent(Fraction(found.misled, found.calls))
    return "\n".join(rows) + f"\n\n{found.calls:,} calls: {right} right, {misled} misled."


def _percent(share: Fraction | None) -> str:
    return "" if share is None else f"{float(share * 100):.1f} %"


def page(text: str, tables: dict[str, str]) -> str:
    """The page with the tables between their marks."""
    for name, content in tables.items():
        begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
        head, _, rest = text.partition(begin)
        text = f"{head}{begin}\n\n{content}\n\n{end}{rest.partition(end)[2]}"
    return text


def measured() -> dict[str, str]:
    """The tables that can be measured here."""
    tables = {"generated company": table(on_the_company())}
    if SAMPLES.is_dir():
        tables["genuine samples"] = table(on_the_samples())
    return tables


def main(arguments: list[str]) -> int:
    """Check or write the page; the exit code."""
    now = PAGE.read_text(encoding="utf-8")
    wanted = page(now, measured())
    if "--write" in arguments:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if wanted != now:
        print(f"{PAGE.name} does not say what is measured: python scripts/confusion.py --write")
    return int(wanted != now)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
