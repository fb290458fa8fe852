"""Charges of declared elements: over closed terms effective equals billed, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from jevons.analysis.accrual import day_charges, term_amount
from jevons.analysis.amortisation import add_months
from jevons.vocabulary.boundary import (
    Allowance,
    Boundary,
    Capacity,
    DayCharge,
    Element,
    Use,
)

START = st.dates(date(2023, 1, 1), date(2025, 12, 31))
PRICES = st.decimals(Decimal("0.01"), 100_000, places=2)
FEE_KINDS = st.sampled_from(("seat", "provisioned", "training", "vector_store", "tool", "platform"))
FAR = date(2040, 1, 1)
DAY = timedelta(days=1)


def charges(*elements: Element, through: date = FAR, used: Any = None) -> list[DayCharge]:
    return list(day_charges(Boundary("b", elements), through, used))


def sums(found: list[DayCharge]) -> tuple[int, int]:
    return sum(c.billed_cost for c in found), sum(c.effective_cost for c in found)


@st.composite
def fees(draw: Any) -> Element:
    first = draw(START)
    utilisation = draw(st.none() | st.decimals(0, 1, places=3))
    kind = draw(FEE_KINDS)
    capacity = Capacity(utilisation=utilisation) if kind == "provisioned" else None
    return Element(
        kind=kind,
        name="one",
        valid_from=first,
        valid_to=first + timedelta(days=draw(st.integers(1, 900))),
        price=draw(PRICES),
        per=draw(st.sampled_from(("once", "hour", "day", "week", "month", "year"))),
        quantity=Decimal(draw(st.integers(1, 40))),
        capacity=capacity,
    )


@given(fees())
def test_over_closed_terms_effective_equals_billed(element: Element) -> None:
    found = charges(element)
    billed, effective = sums(found)
    assert billed == effective and billed > 0
    assert billed % term_amount(element) == 0
    days = {c.day for c in found}
    assert element.valid_to is not None
    assert min(days) == element.valid_from and max(days) == element.valid_to - DAY
    assert len(days) == (element.valid_to - element.valid_from).days
    assert all(c.list_cost == c.contracted_cost == c.effective_cost for c in found)


@given(fees(), st.integers(0, 900))
def test_what_was_charged_does_not_change_with_time(element: Element, days: int) -> None:
    day = element.valid_from + timedelta(days=days)
    assert charges(element, through=day) == [c for c in charges(element) if c.day <= day]


@st.composite
def machines(draw: Any) -> Element:
    first, life = draw(START), draw(st.integers(1, 30))
    return Element(
        kind="gpu",
        name="node",
        valid_from=first,
        valid_to=add_months(first, life + draw(st.integers(0, 3))),
        price=draw(PRICES),
        quantity=Decimal(draw(st.integers(1, 16))),
        life_months=life,
        capacity=Capacity(
            power_kw=draw(st.decimals(0, 20, places=2)),
            pue=draw(st.decimals(1, 2, places=2)),
            electricity_price=draw(st.decimals(0, 1, places=3)),
            utilisation=draw(st.none() | st.decimals(0, 1, places=2)),
        ),
    )


@given(machines())
def test_a_machine_is_its_purchase_and_its_electricity(element: Element) -> None:
    found = charges(element)
    capacity, end = element.capacity, element.valid_to
    assert capacity is not None and end is not None
    own = [c for c in found if c.nature == "capacity"]
    assert sums(own) == (term_amount(element), term_amount(element))
    days = (end - element.valid_from).days
    current = [c for c in found if c.nature == "energy"]
    kwh = capacity.power_kw * 24 * capacity.pue * days
    assert (
        sums(current)[0] == sums(current)[1] == int((kwh * capacity.electricity_price).scaleb(15))
    )
    idle = sum(c.effective_cost for c in found if c.charge == "idle")
    busy = Decimal(1) if capacity.utilisation is None else capacity.utilisation
    assert abs(idle - sums(found)[1] * (1 - busy)) <= 2 * days


@given(machines(), st.integers(1, 25))
def test_versions_of_a_machine_are_one_machine(element: Element, days: int) -> None:
    from dataclasses import replace

    change = element.valid_from + timedelta(days=days)
    assume(element.valid_to and change < element.valid_to)
    versions = (
        replace(element, bought=element.valid_from, valid_to=change),
        replace(element, bought=element.valid_from, valid_from=change),
    )

    def by_day(found: list[DayCharge]) -> Counter[Any]:
        total: Counter[Any] = Counter()
        for c in found:
            total[c.day, c.charge, c.nature] += c.effective_cost + c.billed_cost
        return total

    assert by_day(charges(*versions)) == by_day(charges(element))


USES = st.lists(
    st.builds(
        Use, st.integers(0, 10**17), st.integers(0, 10**7), st.integers(0, 500),
        st.just(0), st.just(0),
    ),
    min_size=1, max_size=130,
)  # fmt: skip


@st.composite
def plans(draw: Any) -> Element:
    unit = draw(st.sampled_from(("usd", "tokens", "calls")))
    limit = draw(st.none() | st.integers(1, {"usd": 900, "tokens": 10**8, "calls": 5000}[unit]))
    first = draw(START)
    return Element(
        kind="plan",
        name="max",
        valid_from=first,
        valid_to=first + timedelta(days=draw(st.integers(1, 120))),
        price=draw(PRICES),
        per=draw(st.sampled_from(("week", "month", "year"))),
        allowance=Allowance(
            None if limit is None else Decimal(limit),
            unit,
            draw(st.sampled_from((0, 1))) * Decimal(1),
        ),
    )


@given(plans(), USES)
def test_a_plan_is_paid_once_and_used_or_not(element: Element, uses: list[Use]) -> None:
    used = {element.valid_from + timedelta(days=n): use for n, use in enumerate(uses)}
    found = charges(element, used={0: used})
    billed, effective = sums(found)
    assert billed == effective
    fee = sum(c.billed_cost for c in found if c.charge == "purchase")
    parts = Counter[str]()
    for c in found:
        parts[c.charge] += c.effective_cost
        assert c.list_cost == c.contracted_cost == 0
    assert parts["included"] + parts["unused"] == fee
    assert parts["overage"] == billed - fee
    days = {d for d, use in used.items() if element.valid_to and d < element.valid_to}
    assert {c.day for c in found if c.charge in ("included", "overage")} <= days


@given(plans(), USES, st.integers(0, 120))
def test_of_an_open_term_no_more_than_its_fee_is_effective(
    element: Element, uses: list[Use], days: int
) -> None:
    used = {element.valid_from + timedelta(days=n): use for n, use in enumerate(uses)}
    found = charges(element, through=element.valid_from + timedelta(days=days), used={0: used})
    billed, effective = sums(found)
    assert 0 <= effective <= billed


def in_usd(found: list[DayCharge]) -> list[tuple[int, str, int, int]]:
    """Day of the month, charge, billed and effective cost in whole dollars."""
    usd = 10**15
    return [(c.day.day, c.charge, c.billed_cost // usd, c.effective_cost // usd) for c in found]


def test_an_allowance_is_drawn_down_and_the_rest_expires() -> None:
    plan = Element(
        kind="plan", name="max", valid_from=date(2026, 9, 1), valid_to=date(2026, 10, 1),
        price=Decimal(200), per="month", allowance=Allowance(Decimal(1000), "usd", Decimal(1)),
    )  # fmt: skip
    usd = 10**15
    used = {date(2026, 9, 3): Use(250 * usd, 9, 1), date(2026, 9, 9): Use(250 * usd, 9, 1)}
    found = charges(plan, used={0: used})
    assert in_usd(found) == [
        (1, "purchase", 200, 0), (3, "included", 0, 50), (9, "included", 0, 50),
        (30, "unused", 0, 100),
    ]  # fmt: skip
    used[date(2026, 9, 12)] = Use(600 * usd, 9, 1)
    beyond = charges(plan, used={0: used})
    assert in_usd(beyond) == [
        (1, "purchase", 200, 0), (3, "included", 0, 50), (9, "included", 0, 50),
        (12, "included", 0, 100), (12, "overage", 100, 100),
    ]  # fmt: skip


def test_review_minutes_cost_their_loaded_rate() -> None:
    people = Element(
        kind="people", name="review", valid_from=date(2026, 9, 1), valid_to=date(2026, 9, 8),
        minutes=Decimal(420), rate=Decimal(90), per="week", quantity=Decimal(2),
    )  # fmt: skip
    found = charges(people)
    assert sums(found) == (1260 * 10**15, 1260 * 10**15)
    assert len(found) == 7 and {c.charge for c in found} == {"accrued"}


def test_measured_utilisation_makes_the_rest_idle() -> None:
    node = Element(
        kind="gpu", name="node", valid_from=date(2026, 9, 1), price=Decimal(3000), life_months=1,
        capacity=Capacity(tokens_per_second=Decimal(100)), quantity=Decimal(1),
    )  # fmt: skip
    quarter = Use(tokens=100 * 86_400 // 4)
    found = charges(node, through=date(2026, 9, 2), used={0: {date(2026, 9, 1): quarter}})
    assert [(c.day.day, c.charge, c.effective_cost // 10**15) for c in found] == [
        (1, "purchase", 0), (1, "amortised", 25), (1, "idle", 75), (2, "idle", 100),
    ]  # fmt: skip
