"""A command line over invented books: questions are recorded, answers are set by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app import wiring
from jevons.app.results import (
    Check,
    FileSummary,
    ImportSummary,
    PriceRow,
    Progress,
    Report,
    RepriceSummary,
    Row,
    Verification,
)
from jevons.app.settings import SETTINGS, Settings
from jevons.interfaces.cli.program import run
from jevons.vocabulary.rejection import Rejection


def make_row(dimensions: Mapping[str, str | None] | None = None, **figures: Any) -> Row:
    """A row of 10 calls that cost $0.25, some figures replaced."""
    values: dict[str, Any] = {
        "calls": 10,
        "input_tokens": 120_000,
        "cache_read_input_tokens": 90_000,
        "cache_write_input_tokens": 2_048,
        "output_tokens": 5_130,
        "reasoning_output_tokens": 640,
        "list_cost": Decimal("0.25"),
        "contracted_cost": Decimal("0.25"),
        "billed_cost": Decimal("0.25"),
        "effective_cost": Decimal("0.25"),
        "unknown_calls": 0,
        "lower_bound_calls": 0,
        "provenance": "reported",
    }
    return Row(dimensions=dict(dimensions or {}), **{**values, **figures})


def make_report(*rows: Row, by: tuple[str, ...] = ("model",), **facts: Any) -> Report:
    """A report of some rows; its total is that of the first row unless given."""
    values: dict[str, Any] = {
        "total": rows[0] if rows else make_row(calls=0),
        "time_zone": "UTC",
        "unpriced_events": 0,
        "rejected": 0,
        "possible_duplicates": 0,
        "complete_to": "2026-03-01T12:00:09Z" if rows else None,
    }
    return Report(rows=rows, by=by, **{**values, **facts})


NOTHING_IMPORTED = ImportSummary((), 0, 0, 0, 0, 0, 0, 0.5)
NOTHING_VERIFIED = Verification(checks=())
NOTHING_REPRICED = RepriceSummary(0, 0, Decimal(0), Decimal(0), "2026-01-01T00:00:00Z")


@dataclass
class FakeBooks:
    """Stands in for `jevons.app.use_cases.Jevons`: canned answers, recorded questions."""

    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    settings: Settings | None = None
    summary: ImportSummary = NOTHING_IMPORTED
    answers: list[Report] = field(default_factory=lambda: [make_report(make_row({"model": "a"}))])
    found: list[dict[str, object]] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    entries: list[PriceRow] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    verification: Verification = NOTHING_VERIFIED
    repriced: RepriceSummary = NOTHING_REPRICED
    problem: BaseException | None = None

    def __enter__(self) -> FakeBooks:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _asked(self, name: str, *arguments: Any, **options: Any) -> None:
        self.calls.append((name, arguments, options))
        if self.problem is not None:
            raise self.problem

    def import_paths(self, paths: Any, source: str | None, **options: Any) -> ImportSummary:
        on_progress = options.pop("on_progress")
        on_progress(Progress(50, 100, 7, 1.0, "log.jsonl"))
        self._asked("import_paths", paths, source, **options)
        return self.summary

    def import_own_logs(self, on_progress: Any) -> ImportSummary:
        self._asked("import_own_logs")
        return self.summary

    def suggest_mapping(self, path: Path) -> str:
        self._asked("suggest_mapping", path)
        return "time: when\n"

    def report(self, query: Any) -> Report:
        self._asked("report", query)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def events(self, query: Any, limit: int | None) -> Iterator[dict[str, object]]:
        self._asked("events", query, limit)
        return iter(self.found[:limit])

    def prices(self, model: str | None, provider: str | None, at: str | None) -> list[PriceRow]:
        self._asked("prices", model, provider, at)
        return self.entries

    def add_prices(self, path: Path) -> list[PriceRow]:
        self._asked("add_prices", path)
        return self.entries

    def check_prices(self) -> list[Check]:
        self._asked("check_prices")
        return self.checks

    def reprice(self, query: Any, *, dry_run: bool) -> RepriceSummary:
        self._asked("reprice", query, dry_run=dry_run)
        return self.repriced

    def rejections(self) -> Iterator[Rejection]:
        self._asked("rejections")
        return iter(self.rejected)

    def verify(self, on_progress: Any) -> Verification:
        self._asked("verify")
        return self.verification

    def doctor(self) -> list[Check]:
        self._asked("doctor")
        return self.checks

    def generate(
        self, events: int, seed: int, out: Path | None, on_progress: Any
    ) -> dict[str, object]:
        self._asked("generate", events, seed, out)
        return {"events": events, "truth_file": "company.truth.json"}


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> FakeBooks:
    """The invented books that every command of this test opens."""
    fake = FakeBooks()

    def open_fake(settings: Settings) -> FakeBooks:
        fake.settings = settings
        return fake

    monkeypatch.setattr(wiring, "open_jevons", open_fake)
    monkeypatch.setattr(wiring, "now_us", lambda: 1_772_366_400_000_000)  # 2026-03-01T12:00Z
    return fake


@pytest.fixture
def cli(
    books: FakeBooks,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Cli:
    """Run a command line: `cli("report", "--json", JEVONS_TZ="UTC")`."""
    for name in ("NO_COLOR", "COLUMNS", *(setting.env for setting in SETTINGS)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))

    def execute(*arguments: str, **variables: str) -> Outcome:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            code = run(arguments)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return execute


@pytest.fixture
def summary() -> ImportSummary:
    """An import of four files, something wrong in two of them."""
    return ImportSummary(
        files=(
            FileSummary("logs/a.jsonl", "codex", "new", 20, 0),
            FileSummary("logs/b.jsonl", "codex", "grown", 4, 2),
            FileSummary("logs/c.jsonl", "codex", "unchanged", 0, 0),
            FileSummary("logs/\x1b[2Jpicture.png", None, "unrecognised", 0, 0),
        ),
        observations=24,
        new=20,
        repeated=4,
        events=11,
        rejected=2,
        possible_duplicates=1,
        seconds=1.25,
    )


@pytest.fixture
def row() -> Callable[..., Row]:
    """The builder of rows."""
    return make_row


@pytest.fixture
def report() -> Callable[..., Report]:
    """The builder of reports."""
    return make_report
