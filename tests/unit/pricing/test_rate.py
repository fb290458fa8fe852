from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from jevons.pricing.rate import billable, rate, refused
from jevons.vocabulary.charge import Part, RateCard, Rated, Unpriced
from jevons.vocabulary.units import Unit

INPUT, OUTPUT, FETCH = Unit("input"), Unit("output"), Unit("web_fetches")


def card(prices: dict[Unit, str] | None = None, **more: Any) -> RateCard:
    given = {INPUT: "0.000003", OUTPUT: "0.000015"} if prices is None else prices
    listed = {unit: Decimal(price) for unit, price in given.items()}
    fields = {"list_unit_price": listed, "contracted_unit_price": listed, **more}
    return RateCard(card_id="card", entry="entry", source="source", **fields)


def part(**quantities: int) -> Part:
    return Part({Unit(unit): n for unit, n in quantities.items()})


CALL = part(input=1000, output=200)
OWN = Decimal("0.006")  # 1000 x 3e-6 + 200 x 15e-6


def assert_lines_sum(rated: Rated) -> None:
    for name in ("list_cost", "contracted_cost", "billed_cost", "effective_cost"):
        total = getattr(rated, name)
        if total is not None:
            costs = [getattr(line, name) for line in rated.lines]
            assert sum((c for c in costs if c is not None), Decimal(0)) == total, name


def test_each_unit_is_a_line_and_lines_sum() -> None:
    rated = rate(CALL, card())
    assert [(line.unit, line.list_cost) for line in rated.lines] == [
        (INPUT, Decimal("0.003")),
        (OUTPUT, Decimal("0.003")),
    ]
    assert rated.list_cost == rated.contracted_cost == rated.billed_cost == OWN
    assert (rated.price_state, rated.provenance, rated.card_id) == ("exact", "metered", "card")
    assert rated.reason == "source"
    assert_lines_sum(rated)


@pytest.mark.parametrize(
    ("evidence", "provenance"),
    [
        ("gateway", "metered"),
        ("provider", "metered"),
        ("span", "metered"),
        ("client_log", "reported"),
        ("estimate", "estimated"),
    ],
)
def test_provenance_follows_the_evidence(evidence: str, provenance: str) -> None:
    assert rate(CALL, card(), evidence=evidence).provenance == provenance  # type: ignore[arg-type]


def test_contracted_and_included() -> None:
    cheaper = {INPUT: Decimal("0.000002"), OUTPUT: Decimal("0.00001")}
    rated = rate(CALL, card(contracted_unit_price=cheaper))
    assert (rated.list_cost, rated.contracted_cost, rated.billed_cost) == (
        OWN,
        Decimal("0.004"),
        Decimal("0.004"),
    )
    plan = rate(CALL, card(contracted_unit_price=cheaper, included=True))
    assert (plan.price_state, plan.list_cost, plan.billed_cost) == ("included", OWN, Decimal(0))
    assert plan.contracted_cost == Decimal("0.004")
    assert_lines_sum(plan)


def test_included_without_a_list_price_bills_nothing_and_lists_nothing() -> None:
    plan = rate(CALL, card({}, included=True))
    assert (plan.list_cost, plan.contracted_cost, plan.billed_cost) == (None, None, 0)
    assert "no price for input, output" in plan.reason
    assert {line.price_state for line in plan.lines} == {"included"}


def test_a_unit_without_a_price_makes_a_lower_bound() -> None:
    rated = rate(part(input=1000, web_fetches=2), card())
    assert (rated.price_state, rated.list_cost) == ("lower_bound", Decimal("0.003"))
    assert rated.reason == "no price for web_fetches in source"
    assert [line.price_state for line in rated.lines] == ["exact", "unknown"]
    assert rated.lines[1].list_cost is None
    assert_lines_sum(rated)


def test_no_unit_with_a_price_is_unknown_never_zero() -> None:
    for rated in (rate(part(web_fetches=2), card()), rate(CALL, Unpriced("no price"))):
        assert rated.price_state == "unknown"
        assert rated.list_cost is None and rated.effective_cost is None
        assert all(line.billed_cost is None for line in rated.lines)


def test_free_by_the_list() -> None:
    rated = rate(CALL, card({INPUT: "0", OUTPUT: "0"}))
    assert (rated.price_state, rated.billed_cost) == ("free", 0)


def test_nothing_used_costs_nothing() -> None:
    rated = rate(part(input=0), card())
    assert (rated.price_state, rated.billed_cost, rated.lines) == ("exact", 0, ())


def test_interrupted_usage_is_a_lower_bound() -> None:
    rated = rate(CALL, card(), completeness="partial")
    assert (rated.price_state, rated.list_cost) == ("lower_bound", OWN)
    assert rated.reason.startswith("at least")
    assert rate(CALL, Unpriced("x"), completeness="partial").price_state == "unknown"
    plan = rate(CALL, card(included=True), completeness="partial")
    assert plan.price_state == "included"


def test_no_usage_is_unknown_unless_refused() -> None:
    rated = rate(part(), card(), completeness="none")
    assert (rated.price_state, rated.list_cost) == ("unknown", None)
    for call in (
        {"status": "429"},
        {"error": "HTTP 400 bad request"},
        {"error": "rate_limit_error"},
    ):
        free = rate(part(), card(), completeness="none", **call)  # type: ignore[typeddict-item]
        assert (free.price_state, free.billed_cost) == ("free", 0)
        assert "refused by the provider" in free.reason
    unclear = rate(part(), Unpriced("x"), completeness="none", status="error", error="timeout")
    assert unclear.price_state == "unknown"


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        ("429", None, "HTTP 429"),
        ("http_403", None, "HTTP 403"),
        (None, "404 Not Found", "HTTP 404"),
        ("error", "invalid_request_error", "invalid_request_error"),
        ("408", None, None),
        ("499", None, None),
        ("500", None, None),
        ("4290", None, None),
        (None, None, None),
    ],
)
def test_refusals(status: str | None, error: str | None, expected: str | None) -> None:
    assert refused(status, error) == expected


def test_the_providers_stated_cost_is_billed_and_the_difference_a_line() -> None:
    rated = rate(CALL, card(), stated_cost=Decimal("0.0161"), stated_by="provider")
    assert (rated.price_state, rated.provenance) == ("stated", "stated")
    assert (rated.list_cost, rated.billed_cost) == (OWN, Decimal("0.0161"))
    adjustment = rated.lines[-1]
    assert (adjustment.unit, adjustment.billed_cost) == ("adjustment", Decimal("0.0101"))
    assert (adjustment.list_cost, adjustment.contracted_cost) == (0, 0)
    assert rated.notes == ("our own price: source",)
    assert_lines_sum(rated)


def test_a_stated_cost_equal_to_ours_needs_no_adjustment() -> None:
    rated = rate(CALL, card(), stated_cost=OWN, stated_by="provider")
    assert len(rated.lines) == 2 and rated.price_state == "stated"
    assert_lines_sum(rated)


def test_a_stated_cost_without_a_price_of_ours() -> None:
    for by, provenance in (("provider", "stated"), ("client", "reported")):
        rated = rate(CALL, Unpriced("none"), stated_cost=Decimal("0.5"), stated_by=by)
        assert (rated.price_state, rated.provenance) == ("stated", provenance)
        assert (rated.list_cost, rated.contracted_cost, rated.billed_cost) == (
            None,
            None,
            Decimal("0.5"),
        )
        assert_lines_sum(rated)


def test_a_clients_stated_cost_does_not_replace_our_price() -> None:
    rated = rate(CALL, card(), stated_cost=Decimal(9), stated_by="client")
    assert (rated.price_state, rated.billed_cost) == ("exact", OWN)
    unknown = rate(part(), card(), completeness="none", stated_cost=Decimal(9), stated_by="client")
    assert (unknown.price_state, unknown.billed_cost) == ("stated", 9)


def test_a_fee_per_request_is_charged_once() -> None:
    fees = card({INPUT: "0.000001", Unit("requests"): "0.012"})
    assert rate(part(input=10), fees).list_cost == Decimal("0.01201")
    assert rate(part(input=10, requests=2), fees).list_cost == Decimal("0.02401")
    assert billable({}, fees) == {}


def test_a_minimum_is_charged() -> None:
    seconds = Unit("audio_seconds")
    least = card({seconds: "0.0001"}, minimum={seconds: 10})
    assert rate(part(audio_seconds=3), least).list_cost == Decimal("0.001")
    assert rate(part(audio_seconds=30), least).list_cost == Decimal("0.003")
    assert rate(part(audio_seconds=0), least).list_cost == 0


def test_the_model_of_a_part_is_on_its_lines() -> None:
    rated = rate(Part({INPUT: 1}, model="claude-opus-4-8"), card())
    assert rated.lines[0].model == "claude-opus-4-8"
