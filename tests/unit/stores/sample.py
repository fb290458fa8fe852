"""Small ledgers for tests: invented calls, a home of one's own, the price book loaded once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.use_cases import Jevons
from jevons.app.wiring import open_jevons
from jevons.ledger.posting import post
from jevons.pricing.book import PriceBook
from jevons.stores.columns import Resolved, event_rows
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.units import COMMON_UNITS, inclusive

T0 = 1_790_000_000_000_000
"""2026-09-21T14:13:20Z in epoch microseconds."""

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

COUNTS = (
    "input_tokens", "cache_read_input_tokens", "cache_write_input_tokens", "output_tokens",
    "reasoning_output_tokens",
)  # fmt: skip
COSTS = ("list_cost", "contracted_cost", "billed_cost", "effective_cost")

_shared: dict[str, Any] = {}


def opened(home: Path, clock: Callable[[], int] | None = None) -> Jevons:
    """A ledger at a home; homes without price files of their own share one loaded price book."""
    jevons = open_jevons(Settings(home=home, workers=1))
    keeper: Any = jevons._keeper
    if not (home / "prices").is_dir():
        if "book" not in _shared:
            _shared["book"] = keeper.book()
        keeper._book = _shared["book"]
    if clock is not None:
        jevons.store.clock = clock
    return jevons


def call(number: int, **fields: Any) -> Observation:
    """Call `number` to claude-opus-4-8: 100 + number tokens in at $5, 10 out at $25 a million."""
    values: dict[str, Any] = {
        "provider": "anthropic",
        "api": "anthropic.messages",
        "time": T0 + number * SECOND,
        "request_model": "claude-opus-4-8",
        "response_id": f"msg_{number:030d}",
        "usage": {"input_tokens": 100 + number, "output_tokens": 10},
    }
    return Observation(**{**values, **fields})


def price_of(number: int) -> Decimal:
    """What `call(number)` costs."""
    return (Decimal(100 + number) * 5 + 250) / 10**6


KINDS: tuple[dict[str, Any], ...] = (
    {},
    {
        "usage": {
            "input_tokens": 7, "cache_read_input_tokens": 900, "output_tokens": 31,
            "cache_creation_input_tokens": 60,
            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40},
        },
        "evidence": "client_log",
    },
    {
        "provider": "openai", "api": "openai.chat", "request_model": "gpt-5",
        "usage": {
            "prompt_tokens": 500, "completion_tokens": 90, "total_tokens": 590,
            "prompt_tokens_details": {"cached_tokens": 400},
            "completion_tokens_details": {"reasoning_tokens": 64},
        },
    },
    {
        "provider": "google", "api": "gemini.generate_content", "request_model": "gemini-2.5-pro",
        "usage": {
            "promptTokenCount": 300, "candidatesTokenCount": 40, "thoughtsTokenCount": 25,
            "cachedContentTokenCount": 100, "totalTokenCount": 365,
        },
    },
    {"request_model": "a-model-that-nobody-sells"},
    {"completeness": "partial", "evidence": "gateway"},
    {"completeness": "none", "usage": None},
    {"status": "429", "error": "rate_limit_error", "completeness": "none", "usage": None},
    {
        "provider": "openrouter", "api": "openrouter", "request_model": "openai/gpt-4o-mini",
        "usage": {"prompt_tokens": 40, "completion_tokens": 8, "total_tokens": 48, "cost": 0.0123},
    },
    {"request_model": "nobodys-model", "stated_cost": "0.045", "stated_by": "client"},
    {"batch": True, "evidence": "estimate"},
    {
        "usage": {
            "input_tokens": 100, "output_tokens": 10,
            "iterations": [
                {"type": "message", "input_tokens": 100, "output_tokens": 10},
                {"type": "advisor_message", "model": "claude-sonnet-4-6", "input_tokens": 50,
                 "output_tokens": 5},
            ],
        },
    },
    {"usage": {"input_tokens": 3, "output_tokens": 4, "mystery_tokens": 9}},
    {
        "provider": "openai", "api": "openai.responses", "request_model": "gpt-5",
        "usage": {"input_tokens": 20, "output_tokens": 6, "total_tokens": 26},
        "service_tier": "flex",
    },
)  # fmt: skip
"""One of every way in which a call may be known and priced."""


def mixed(count: int, spread: int = 37 * HOUR) -> list[Observation]:
    """Calls of all kinds, `spread` microseconds apart, with attribution that repeats unevenly."""
    return [
        call(
            number,
            **{
                **KINDS[number % len(KINDS)],
                "time": T0 + number * spread,
                "team": (None, "payments", "search", "o'brien")[number % 4],
                "task_type": ("review", None, "chat")[number % 3],
                "harness": ("claude-code", "codex")[number % 2],
                "person": f"person-{number % 5}",
                "run": f"run-{number // 3}" if number % 7 else None,
                "tags": {"feature": f"f{number % 3}"} if number % 2 else {},
            },
        )
        for number in range(count)
    ]


GROUPINGS: tuple[tuple[str, ...], ...] = (
    (), ("team",), ("provider", "request_model"), ("task_type", "harness"), ("month",),
    ("day", "team"), ("model",), ("run",), ("tag.feature",), ("price_state",), ("provenance",),
    ("week", "person"), ("source", "evidence"),
)  # fmt: skip


def report_bytes(jevons: Jevons, as_of: str | None = None) -> bytes:
    """The figures of reports by many dimensions, as bytes."""
    parts = []
    for by in GROUPINGS:
        report = jevons.report(Query(by=by, as_of=as_of))
        figures = [report.rows, report.total, report.unpriced_events, report.possible_duplicates]
        parts.append(msgspec.to_builtins([*figures, report.reasons]))
    return json.dumps(parts, default=str, sort_keys=True).encode()


def added(amounts: Iterable[str | Decimal | None]) -> Decimal | None:
    """The exact sum of the known amounts, None when none is known."""
    known = [Decimal(amount) for amount in amounts if amount is not None]
    return sum(known[1:], known[0]) if known else None


def own_prices(jevons: Jevons, factor: str, name: str = "own.yaml") -> None:
    """Multiply the price of claude-opus-4-8 by a factor from now on, as a better price list."""
    place = jevons.settings.home / "prices" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(
        "schema: jevons.prices/v1\nrecorded_at: 2026-11-22\ndate_checked: 2026-11-22\nentries:\n"
        f'  - provider: anthropic\n    models: [claude-opus-4-8*]\n    multiplier: "{factor}"\n'
        "    source: an invented change, for this test\n"
    )
    keeper: Any = jevons._keeper
    keeper._book = None


def event_table(
    events: Sequence[Observation], book: PriceBook
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """The event rows of events, with the four costs, by event and part; and what is impossible."""
    postings = post(events, book)
    count = len(events)
    ids = [number.to_bytes(16, "big") for number in range(count)]
    resolved = Resolved(list(events), ids, [1] * count, [False] * count, [False] * count)
    rows = event_rows(resolved, postings, 1, 1).to_pylist()
    for row in rows:
        row["event"] = int.from_bytes(row["event_id"], "big")
        effective = row["effective_cost"]
        for name in ("list", "contracted", "billed"):
            above = row[f"{name}_difference"]
            known = effective is not None and above is not None
            row[f"{name}_cost"] = effective + above if known else None
        rare = json.loads(row["other_quantities"] or "{}")
        common = {unit: row[f"{unit}_quantity"] for unit in COMMON_UNITS}
        row["quantities"] = {unit: n for unit, n in {**common, **rare}.items() if n}
        if row["tier_input_tokens"] is None:  # stands for all of the input
            row["tier_input_tokens"] = inclusive(row["quantities"])["input_tokens"]
    return sorted(rows, key=lambda row: (row["event"], row["part"])), postings.impossible


def lines(*observations: Observation) -> str:
    """Observations as `jevons.event/v1` lines."""
    return "".join(msgspec.json.encode(one).decode() + "\n" for one in observations)


def table_rows(jevons: Jevons, name: str) -> list[str]:
    """All rows of a table as text, in order: for comparing what is stored."""
    table = jevons.store.books.tables[name]
    if not table.files():
        return []
    rows = jevons.store.books.arrow("SELECT * FROM read_parquet(?)", [table.files()])
    return sorted(map(repr, rows.to_pylist()))
