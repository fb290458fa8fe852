"""Append-only: what was believed is reproduced, nothing stored changes, reports do not depend on
the order in which a belief was reached."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.ledger.intake import accept
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import iso
from tests.conftest import PROVING
from tests.unit.stores.sample import (
    SECOND,
    T0,
    call,
    mixed,
    opened,
    own_prices,
    price_of,
    report_bytes,
    table_rows,
)

REQUEST = "req_" + "b" * 20


class Clock:
    """A clock that moves a minute whenever it is read."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> int:
        self.now += 60 * SECOND
        return self.now


def late_key(jevons: Jevons) -> None:
    """A report that says that two calls so far were one."""
    jevons.store.seal([call(2, request_id=REQUEST)])


def correction(jevons: Jevons) -> None:
    """The final usage of a call of which only the beginning was known."""
    final = {"input_tokens": 5000, "output_tokens": 700}
    jevons.store.seal([call(3, usage=final, evidence="gateway", team="search")])


def repriced(jevons: Jevons) -> None:
    """Another price, applied to what is stored."""
    own_prices(jevons, "3")
    jevons.reprice(Query())


def one_team_repriced(jevons: Jevons) -> None:
    own_prices(jevons, "0.5", "half.yaml")
    jevons.reprice(Query(where=(("team", "payments"),)))


def more_calls(jevons: Jevons) -> None:
    jevons.store.seal([one for one in mixed(60) if int(one.time) % 2 == 0])


def compacted(jevons: Jevons) -> None:
    jevons.store.compact(force=True)


CHANGES: tuple[Callable[[Jevons], None], ...] = (
    late_key, correction, repriced, one_team_repriced, more_calls, compacted,
)  # fmt: skip


def begun(jevons: Jevons) -> None:
    """A ledger that all of the changes have something to change in."""
    jevons.store.seal([*mixed(30), call(500, response_id=REQUEST, usage=None, completeness="none")])
    half = {"input_tokens": 5000, "output_tokens": 1}
    jevons.store.seal([call(3, usage=half, completeness="partial")])


@settings(max_examples=60 if PROVING else 2)
@given(order=st.permutations(range(len(CHANGES))))
def test_as_of_reproduces_every_earlier_belief(
    order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with opened(tmp_path_factory.mktemp("home"), Clock()) as jevons:
        begun(jevons)
        believed = []
        for number in order[:3]:
            believed.append((iso(jevons.store.clock()), report_bytes(jevons), listing(jevons)))
            CHANGES[number](jevons)
        for instant, report, events in believed:
            assert report_bytes(jevons, as_of=instant) == report, instant
            assert listing(jevons, as_of=instant) == events, instant
        now = iso(jevons.store.clock())
        assert report_bytes(jevons, as_of=now) == report_bytes(jevons)
        assert report_bytes(jevons, as_of="2026-01-01") == report_bytes(empty(tmp_path_factory))
        assert jevons.verify().first_difference is None


def listing(jevons: Jevons, as_of: str | None = None) -> list[dict[str, object]]:
    """The events without what is assigned to them: a purpose is what the rules say of the run as it
    is known today, also with `--as-of` (docs/reference/purposes.md)."""
    assigned = {"purpose", "purpose_rule"}
    return [
        {name: value for name, value in event.items() if name not in assigned}
        for event in jevons.events(Query(as_of=as_of))
    ]


def empty(tmp_path_factory: pytest.TempPathFactory) -> Jevons:
    jevons = opened(tmp_path_factory.mktemp("empty"))
    jevons.store.seal([])
    return jevons


def test_nothing_stored_ever_changes(tmp_path: Path) -> None:
    """Each change only adds rows to the tables of truth; compaction keeps every row."""
    names = ("observations", "keys", "events", "price_cards")
    with opened(tmp_path / "home", Clock()) as jevons:
        begun(jevons)
        for change in CHANGES:
            before = {name: table_rows(jevons, name) for name in names}
            change(jevons)
            for name in names:
                left = table_rows(jevons, name)
                for row in before[name]:
                    assert row in left, f"{change.__name__} changed a row of {name}"
                    left.remove(row)


def test_a_file_of_a_table_is_never_written_again(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as jevons:
        begun(jevons)
        written: dict[Path, tuple[bytes, int]] = {}
        for change in (late_key, correction, repriced, more_calls):
            change(jevons)
            for path, (content, modified) in written.items():
                assert path.read_bytes() == content
                assert path.stat().st_mtime_ns == modified
            for path in (tmp_path / "home" / "ledger").rglob("*.parquet"):
                written[path] = (path.read_bytes(), path.stat().st_mtime_ns)


def test_repricing_an_unchanged_book_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as jevons:
        jevons.store.seal(mixed(60))
        late_key(jevons)
        served = [
            call(700, usage={"input_tokens": 100, "output_tokens": 10, "service_tier": "batch"}),
            call(701, usage={"input_tokens": 100, "output_tokens": 10, "inference_geo": "us"}),
            call(702, usage={"input_tokens": 100, "output_tokens": 10, "speed": "fast"}),
            call(703, usage={"input_tokens": 300_000, "output_tokens": 10},
                 request_model="claude-sonnet-4-5"),
        ]  # fmt: skip
        jevons.store.seal(served)
        before = report_bytes(jevons), table_rows(jevons, "events"), listing(jevons)
        outcome = jevons.reprice(Query())
        assert (outcome.changed, outcome.before) == (0, outcome.after)
        assert outcome.events >= 64
        assert (report_bytes(jevons), table_rows(jevons, "events"), listing(jevons)) == before


ASKED_AND_SERVED: tuple[dict[str, Any], ...] = (
    {"service_tier": "batch", "usage": {"service_tier": "standard"}},
    {"region": "us", "usage": {"inference_geo": "global"}},
    {"speed": "fast", "usage": {"speed": "standard"}},
)


@pytest.mark.parametrize("fields", ASKED_AND_SERVED, ids=lambda fields: next(iter(fields)))
def test_repricing_rates_what_was_served_and_not_what_was_asked_for(
    fields: dict[str, Any], tmp_path: Path
) -> None:
    """100 in at $5 and 10 out at $25 a million: neither half price, nor 1.1 times, nor double."""
    usage = {"input_tokens": 100, "output_tokens": 10, **fields["usage"]}
    with opened(tmp_path / "home") as jevons:
        jevons.store.seal([call(1, **{**fields, "usage": usage})])
        assert jevons.report(Query()).total.effective_cost == Decimal("0.00075")
        assert jevons.reprice(Query()).changed == 0
        assert jevons.report(Query()).total.effective_cost == Decimal("0.00075")


def test_repricing_rates_a_summed_tool_loop_as_it_was_rated(tmp_path: Path) -> None:
    """400,000 tokens over four turns are in the tier of a turn, not in that of their sum."""
    usage = {
        "input_tokens": 400_000, "output_tokens": 10,
        "server_tool_use": {"web_search_requests": 3},
    }  # fmt: skip
    looped = call(1, time="2025-11-03T12:00:00Z", request_model="claude-sonnet-4-5", usage=usage)
    with opened(tmp_path / "home") as jevons:
        assert accept(looped) is None
        jevons.store.seal([looped])
        # 400,000 x 3 + 10 x 15 per million, and three searches at $10 a thousand.
        assert jevons.report(Query()).total.effective_cost == Decimal("1.23015")
        assert jevons.reprice(Query()).changed == 0


def test_repricing_there_and_back_gives_the_first_amounts(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as jevons:
        jevons.store.seal(mixed(40))
        first = report_bytes(jevons)
        repriced(jevons)
        assert report_bytes(jevons) != first
        (jevons.settings.home / "prices" / "own.yaml").unlink()
        keeper: Any = jevons._keeper
        keeper._book = None
        jevons.reprice(Query())
        assert report_bytes(jevons) == first
        assert jevons.verify().first_difference is None


def test_a_dry_run_says_what_repricing_would_change_and_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as jevons:
        jevons.store.seal([call(n) for n in range(5)])
        stored = table_rows(jevons, "events")
        own_prices(jevons, "2")
        asked = jevons.reprice(Query(), dry_run=True)
        assert table_rows(jevons, "events") == stored
        done = jevons.reprice(Query())
        assert (asked.events, asked.changed, asked.before, asked.after) == (
            done.events, done.changed, done.before, done.after,
        )  # fmt: skip
        assert done.after == 2 * done.before == 2 * sum(price_of(n) for n in range(5))


def test_a_reprice_is_believed_from_the_instant_that_it_names(tmp_path: Path) -> None:
    """Also when the clock stands still or was set back since the last write."""
    with opened(tmp_path / "home", lambda: T0) as jevons:
        jevons.store.seal([call(1)])
        jevons.store.seal([call(2)])
        own_prices(jevons, "2")
        outcome = jevons.reprice(Query())
        then = jevons.report(Query(as_of=outcome.recorded_at)).total
        assert then.effective_cost == outcome.after == jevons.report(Query()).total.effective_cost


def orders() -> list[list[list[Observation]]]:
    span = call(5, response_id=REQUEST, usage=None, completeness="none", time=T0 + 9 * SECOND)
    log = call(5, request_id=REQUEST, time=T0)
    return [[[span], [log]], [[log], [span]], [[log, span]], [[span], [log, span]]]


def test_the_newest_call_does_not_depend_on_the_order_of_reports(tmp_path: Path) -> None:
    seen = set()
    for number, batches in enumerate(orders()):
        with opened(tmp_path / f"home{number}") as jevons:
            for batch in batches:
                jevons.store.seal([msgspec.structs.replace(one) for one in batch])
            seen.add(jevons.report(Query()).complete_to)
    assert seen == {"2026-09-21T14:13:20Z"}


def test_the_newest_call_as_of_then(tmp_path: Path) -> None:
    with opened(tmp_path / "home", Clock()) as jevons:
        jevons.store.seal([call(1)])
        then = iso(jevons.store.clock())
        newest = jevons.report(Query()).complete_to
        jevons.store.seal([call(100)])
        assert jevons.report(Query(as_of=then)).complete_to == newest
