"""Spend by kind equals the ledger: its parts sum to the reports, and to the lines of the events."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jevons.analysis.spend import COSTS, KINDS, TOKEN_KINDS, Spend, kind_of
from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores.question import Question
from jevons.vocabulary.money import to_femto
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.units import UNIT_NAMES
from tests.conftest import PROVING
from tests.unit.stores.sample import call, mixed, opened

RARE: tuple[dict[str, Any], ...] = (
    {
        "usage": {
            "input_tokens": 10, "output_tokens": 5, "server_tool_use": {"web_search_requests": 3},
        },
    },
    {
        "provider": "openai", "api": "openai.chat", "request_model": "gpt-4o-audio-preview",
        "usage": {
            "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
            "prompt_tokens_details": {"audio_tokens": 60},
            "completion_tokens_details": {"audio_tokens": 30},
        },
    },
    {
        "provider": "perplexity", "api": "openai.chat", "request_model": "sonar",
        "usage": {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16},
    },
)  # fmt: skip

BY = ((), ("team",), ("team", "task_type", "request_model"), ("status",), ("batch", "service_tier"))


def _observations(count: int, extra: list[int]) -> list[Observation]:
    plain = mixed(count)
    for number, kind in enumerate(extra):
        plain.append(call(1000 + number, team="search", **RARE[kind % len(RARE)]))
    return plain


def _lines(jevons: Jevons, by: tuple[str, ...]) -> dict[Any, dict[str, list[int]]]:
    """(dimensions) -> cost -> sums by kind, from the charge lines of the events."""
    found: dict[Any, Any] = defaultdict(lambda: defaultdict(int))
    for event in jevons.events(Query()):
        values = tuple(_text(event[name]) for name in by)
        carded = any(line["price_entry"] for line in _listed(event))
        for line in _listed(event):
            kind = kind_of(line["unit"])
            if kind == "adjustment" and not carded:
                kind = "unsplit"
            for name in COSTS:
                if event[name] is not None and line[name] is not None:
                    found[values][kind, name] += to_femto(Decimal(line[name]))
            if kind in TOKEN_KINDS:
                found[values][kind, "quantity"] += line["consumed_quantity"]
    return found


def _listed(event: dict[str, object]) -> Any:
    return event["charges"]


def _text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _parts(row: Spend) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for part in row.parts:
        for name in COSTS:
            found[part.kind, name] += getattr(part, name) or 0
        if part.kind in TOKEN_KINDS:
            found[part.kind, "quantity"] += part.quantity
    return found


# Shrinking a whole ledger takes minutes and tells little more.
@settings(max_examples=200 if PROVING else 8, phases=[Phase.explicit, Phase.generate])
@given(
    count=st.integers(1, 40),
    extra=st.lists(st.integers(0, 2), max_size=6),
    later=st.lists(st.integers(0, 39), max_size=6, unique=True),
    waiting=st.booleans(),
)
def test_parts_equal_reports_and_lines(
    count: int, extra: list[int], later: list[int], waiting: bool
) -> None:
    observations = _observations(count, extra)
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "home") as jevons:
        jevons.store.seal(observations)
        better = [
            msgspec.structs.replace(observations[n], evidence="gateway", team="late")
            for n in later
            if n < len(observations)
        ]
        if better and waiting:
            jevons.store.acknowledge(better)
        elif better:
            jevons.store.seal(better)
        for by in BY:
            _compare(jevons, by)


def _compare(jevons: Jevons, by: tuple[str, ...]) -> None:
    spends = {row.dimensions: row for row in jevons.store.spend(Question(by=by))}
    rows = jevons.report(Query(by=by)).rows
    lines = _lines(jevons, by)
    assert set(spends) == {tuple(row.dimensions.values()) for row in rows}
    for row in rows:
        found = spends[tuple(row.dimensions.values())]
        assert (found.calls, found.unknown_calls) == (row.calls, row.unknown_calls)
        assert (found.lower_bound_calls, found.provenance) == (
            row.lower_bound_calls, row.provenance,
        )  # fmt: skip
        for name in COSTS:
            known = [getattr(part, name) for part in found.parts]
            total, reported = getattr(found, name), getattr(row, name)
            assert sum(cost or 0 for cost in known) == (total or 0), (name, found)
            assert (None if reported is None else to_femto(reported)) == total, (name, found)
        expected = {place: n for place, n in lines[found.dimensions].items() if n}
        assert {place: n for place, n in _parts(found).items() if n} == expected


def test_every_unit_has_one_kind() -> None:
    assert {kind_of(unit) for unit in UNIT_NAMES} == set(KINDS) - {"unsplit"}


def test_tasks_are_counted_once(tmp_path: Path) -> None:
    names: list[dict[str, Any]] = [
        {"task": "T-1", "run": "r1"}, {"task": "T-1", "run": "r2"}, {"run": "r3"}, {"run": "r3"},
        {"session": "s1"}, {}, {},
    ]  # fmt: skip
    with opened(tmp_path / "home") as jevons:
        jevons.store.seal([call(n, team="a", **one) for n, one in enumerate(names)])
        # T-1, r3, s1, and two calls that nothing joins
        assert jevons.store.task_counts(Question(by=("team",))) == {("a",): 5}
        assert jevons.store.task_counts(Question()) == {(): 5}
        moved = call(0, team="b", task="T-1", run="r1", evidence="gateway")
        jevons.store.seal([moved])
        found = jevons.store.task_counts(Question(by=("team",)))
        assert found == {("a",): 5, ("b",): 1}
