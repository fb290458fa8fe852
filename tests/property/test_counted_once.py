"""Invariant 1: one provider response is one event, whoever reports it, in any order, at any later
date."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jevons.app.results import Query
from jevons.app.settings import Settings
from jevons.app.use_cases import Jevons
from jevons.app.wiring import Keeper, open_jevons
from jevons.vocabulary.observation import Observation

T0 = 1_790_000_000_000_000

_shared: dict[str, Any] = {}


def open_at(home: Path) -> Jevons:
    """A ledger in a temporary home; the price book is loaded once for all of them."""
    jevons = open_jevons(Settings(home=home))
    keeper: Keeper = jevons._keeper
    if "book" in _shared:
        keeper._book = _shared["book"]
    else:
        _shared["book"] = keeper.book()
    return jevons


def reports_of(call: int, shape: int) -> list[Observation]:
    """The reports that several tools give of one Anthropic call; `shape` chooses which tools saw
    it."""
    usage = {
        "input_tokens": 12 + call,
        "cache_creation_input_tokens": 2048,
        "cache_read_input_tokens": 15000,
        "output_tokens": 57,
        "cache_creation": {"ephemeral_5m_input_tokens": 48, "ephemeral_1h_input_tokens": 2000},
    }
    common: dict[str, Any] = {
        "provider": "anthropic",
        "request_model": "claude-opus-4-8",
        "time": T0 + call * 1_000_000,
    }
    message, request = f"msg_{call:024d}", f"req_{call:024d}"
    log = Observation(
        **common, source="claude-code", evidence="client_log", api="claude.code", usage=usage,
        response_id=message, request_id=request, session="s1", run="s1", session_started_at=T0,
    )  # fmt: skip
    fork = msgspec.structs.replace(log, session="s2", run="s2", session_started_at=T0 + 5)
    partial = msgspec.structs.replace(
        log, completeness="partial", usage={**usage, "output_tokens": 1}, request_id=None
    )
    span = Observation(
        **common, source="otlp", evidence="span", detail="coarse", api="otel.exclusive",
        usage={"input_tokens": 12 + call, "output_tokens": 57, "cache_read_input_tokens": 15000,
               "cache_write_input_tokens": 2048},
        request_id=request, self_keys=[f"otel:{call:032x}/{call:016x}"], team="payments",
    )  # fmt: skip
    proxy = Observation(
        **common, source="litellm", evidence="span", api="claude.code", usage=usage,
        response_id=message, aliases=[f"litellm:{call}"], customer="c1",
    )  # fmt: skip
    choices = [
        [log],
        [log, fork],
        [partial, log, span],
        [span, proxy],
        [log, span, proxy, fork, partial],
    ]
    if shape == 3:
        # The late key: only `log` knows that the two are one call.
        return [span, proxy, log]
    return choices[shape]


def bytes_of_report(jevons: Jevons) -> bytes:
    """The whole report by several dimensions, as bytes."""
    parts = []
    for by in ((), ("team",), ("session",), ("request_model", "customer"), ("day", "source")):
        report = jevons.report(Query(by=by))
        parts.append(msgspec.to_builtins([report.rows, report.total, report.possible_duplicates]))
    return json.dumps(parts, default=str, sort_keys=True).encode()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shapes=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    data=st.data(),
)
def test_same_books_whatever_the_order_batching_and_repetition(
    shapes: list[int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reports = [report for call, shape in enumerate(shapes) for report in reports_of(call, shape)]
    seen = []
    for _ in range(2):
        order = data.draw(st.permutations(reports))
        repeated = data.draw(st.lists(st.sampled_from(reports), max_size=4))
        size = data.draw(st.integers(1, len(reports)))
        with open_at(tmp_path_factory.mktemp("home")) as jevons:
            everything = [msgspec.structs.replace(one) for one in (*order, *repeated)]
            for start in range(0, len(everything), size):
                jevons.store.seal(everything[start : start + size])
            seen.append(bytes_of_report(jevons))
            total = jevons.report(Query()).total
            assert total.calls == len(shapes)
            # USD per MTok: fresh 5, read 0.50, 5-minute write 6.25, 1-hour write 10, out 25.
            same = 15000 * Decimal("0.5") + 48 * Decimal("6.25") + 2000 * 10 + 57 * 25
            each = [Decimal(12 + n) * 5 + same for n in range(len(shapes))]
            assert total.list_cost == sum(each) / 10**6
            assert jevons.verify().first_difference is None
    assert seen[0] == seen[1]


def test_a_late_key_joins_two_events_into_one(tmp_path: Path) -> None:
    log, span, proxy = (reports_of(1, 3)[i] for i in (2, 0, 1))
    with open_at(tmp_path / "home") as jevons:
        jevons.store.seal([span])
        jevons.store.seal([proxy])
        assert jevons.report(Query()).total.calls == 2
        jevons.store.seal([log])
        report = jevons.report(Query(by=("team", "customer")))
        assert [row.dimensions for row in report.rows] == [{"team": "payments", "customer": "c1"}]
        assert report.total.calls == 1
        assert jevons.verify().first_difference is None
