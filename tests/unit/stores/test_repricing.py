"""New versions of prices: appended, only where something changed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from tests.unit.stores.sample import (
    call,
    mixed,
    opened,
    own_prices,
    price_of,
    report_bytes,
    table_rows,
)


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def test_nothing_to_reprice(jevons: Jevons) -> None:
    outcome = jevons.reprice(Query())
    assert (outcome.events, outcome.changed) == (0, 0)
    assert not outcome.before and not outcome.after


def test_only_what_changed_is_written(jevons: Jevons) -> None:
    jevons.store.seal([call(1), call(2, request_model="claude-sonnet-4-6"), call(3)])
    before = len(table_rows(jevons, "events"))
    own_prices(jevons, "2")
    outcome = jevons.reprice(Query())
    assert (outcome.events, outcome.changed) == (3, 2)
    assert outcome.after - outcome.before == price_of(1) + price_of(3)
    assert len(table_rows(jevons, "events")) == before + 4
    assert jevons.reprice(Query()).changed == 0
    assert jevons.verify().first_difference is None


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        (Query(where=(("team", "a"),)), {1}),
        (Query(since="2026-09-21T14:13:22Z"), {2, 3}),
        (Query(until="2026-09-21T14:13:22Z"), {1}),
        (Query(where=(("tag.t", "x"),)), {3}),
    ],
)
def test_only_what_is_chosen_is_repriced(jevons: Jevons, query: Query, chosen: set[int]) -> None:
    jevons.store.seal([call(1, team="a"), call(2, team="b"), call(3, tags={"t": "x"})])
    own_prices(jevons, "2")
    assert jevons.reprice(query).changed == len(chosen)
    expected = sum(price_of(n) * (2 if n in chosen else 1) for n in (1, 2, 3))
    assert jevons.report(Query()).total.effective_cost == expected


def test_every_column_but_the_price_stays(jevons: Jevons) -> None:
    jevons.store.seal(mixed(28))
    before = list(jevons.events(Query()))
    own_prices(jevons, "2")
    jevons.reprice(Query())
    after = list(jevons.events(Query()))
    priced = {"list_cost", "contracted_cost", "billed_cost", "effective_cost", "charges", "why",
              "recorded_at", "price_state", "provenance"}  # fmt: skip
    changed = 0
    for old, new in zip(before, after, strict=True):
        assert {k: v for k, v in old.items() if k not in priced} == {
            k: v for k, v in new.items() if k not in priced
        }
        changed += old["list_cost"] != new["list_cost"]
    assert changed > 5
    assert jevons.verify().first_difference is None


def test_an_unknown_price_that_becomes_known(jevons: Jevons) -> None:
    jevons.store.seal([call(1, request_model="our-model", provider="inhouse"), call(2)])
    assert jevons.report(Query()).total.unknown_calls == 1
    place = jevons.settings.home / "prices" / "own.yaml"
    place.parent.mkdir()
    place.write_text(
        "schema: jevons.prices/v1\nrecorded_at: 2026-11-22\ndate_checked: 2026-11-22\nentries:\n"
        "  - provider: inhouse\n    models: our-model\n    per_million: {input: 1, output: 2}\n"
        "    source: our own\n"
    )
    keeper: Any = jevons._keeper
    keeper._book = None
    outcome = jevons.reprice(Query())
    assert (outcome.changed, outcome.before) == (1, price_of(2))
    assert outcome.after == price_of(2) + Decimal("0.000121")  # 101 x 1 + 10 x 2 per million
    report = jevons.report(Query())
    assert (report.total.unknown_calls, report.unpriced_events, report.reasons) == (0, 0, ())
    assert jevons.verify().first_difference is None


def test_a_correction_after_a_reprice_is_priced_once(jevons: Jevons) -> None:
    jevons.store.seal([call(1, usage={"input_tokens": 1, "output_tokens": 1},
                            completeness="partial")])  # fmt: skip
    own_prices(jevons, "2")
    jevons.reprice(Query())
    jevons.store.seal([call(1)])
    total = jevons.report(Query()).total
    assert (total.calls, total.effective_cost) == (1, 2 * price_of(1))
    assert jevons.verify().first_difference is None


def test_a_correction_of_a_repriced_call_where_only_some_were(jevons: Jevons) -> None:
    jevons.store.seal([call(1, team="a"), call(2, team="b")])
    own_prices(jevons, "2")
    jevons.reprice(Query(where=(("team", "a"),)))
    jevons.store.seal([call(2, person="p")])
    events = {event["response_id"]: event for event in jevons.events(Query())}
    assert len(events) == 2
    assert added_up(jevons) == jevons.report(Query()).total.effective_cost
    assert jevons.verify().first_difference is None


def added_up(jevons: Jevons) -> Decimal:
    return sum((Decimal(str(e["effective_cost"])) for e in jevons.events(Query())), Decimal(0))


def test_repricing_after_compaction(jevons: Jevons) -> None:
    for start in range(0, 30, 10):
        jevons.store.seal(mixed(30)[start : start + 10])
    jevons.store.compact(force=True)
    before = report_bytes(jevons)
    assert jevons.reprice(Query()).changed == 0
    assert report_bytes(jevons) == before
