"""Allocation and amortisation lose nothing and place every remainder by rule."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.analysis.allocation import allocate, allocate_shares
from jevons.analysis.amortisation import add_months, by_day, days_of, term_end, terms

AMOUNTS = st.integers(-(10**24), 10**24)
DATES = st.dates(date(2000, 1, 1), date(2060, 12, 31))
PERS = st.sampled_from(("day", "week", "month", "year"))


@given(AMOUNTS, st.lists(st.integers(0, 10**30), min_size=1, max_size=40).filter(any))
def test_allocated_parts_sum_to_the_amount_and_are_fair(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1
        assert weight or part == 0
    assert [-part for part in parts] == allocate(-amount, weights)


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any))
def test_a_larger_weight_never_gets_less(amount: int, weights: list[int]) -> None:
    parts = [abs(part) for part in allocate(amount, weights)]
    for one, its in zip(weights, parts, strict=True):
        for other, theirs in zip(weights, parts, strict=True):
            assert one <= other or its >= theirs


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]])
def test_there_must_be_someone_to_allocate_to(weights: list[int]) -> None:
    with pytest.raises(ValueError):
        allocate(5, weights)


@given(AMOUNTS, st.lists(st.decimals(0, 25, places=3), max_size=4))
def test_fixed_shares_leave_the_rest_unallocated(amount: int, percents: list[Decimal]) -> None:
    parts, rest = allocate_shares(amount, percents)
    assert sum(parts) + rest == amount
    for part, percent in zip(parts, percents, strict=True):
        assert abs(part - amount * Fraction(percent) / 100) < 1


def test_shares_above_a_hundred_percent_are_refused() -> None:
    with pytest.raises(ValueError):
        allocate_shares(100, [Decimal(60), Decimal("40.1")])


@given(AMOUNTS, st.integers(1, 800))
def test_days_sum_to_the_amount_and_differ_by_one_unit(amount: int, days: int) -> None:
    parts = by_day(amount, days)
    assert sum(parts) == amount and len(parts) == days
    assert max(parts) - min(parts) <= 1
    reached = 0
    for number, part in enumerate(parts, 1):
        reached += abs(part)
        assert reached == abs(amount) * number // days


@given(DATES, PERS, st.integers(1, 60))
def test_terms_meet_and_count_from_the_anchor(anchor: date, per: str, count: int) -> None:
    through = term_end(anchor, per, count) - timedelta(days=1)
    found = list(terms(anchor, per, None, through))
    assert len(found) == count
    assert found[0][0] == anchor and found[-1][1] == through + timedelta(days=1)
    for one, other in itertools.pairwise(found):
        assert one[1] == other[0]
    for number, (first, _) in enumerate(found):
        if per == "month":
            assert (first.year - anchor.year) * 12 + first.month - anchor.month == number
            assert first.day == anchor.day or (first + timedelta(days=1)).day == 1


@given(DATES, PERS, st.integers(1, 500), AMOUNTS)
def test_a_fee_of_terms_that_are_cut_short_is_amortised_whole(
    anchor: date, per: str, length: int, amount: int
) -> None:
    end = anchor + timedelta(days=length)
    days: list[date] = []
    whole = 0
    for first, last in terms(anchor, per, end, end):
        days += days_of(first, last)
        whole += sum(by_day(amount, (last - first).days))
    assert days == days_of(anchor, end)
    assert whole == amount * len(list(terms(anchor, per, end, end)))


def test_months_of_different_length() -> None:
    assert [add_months(date(2024, 1, 31), n) for n in (1, 2, 13)] == [
        date(2024, 2, 29), date(2024, 3, 31), date(2025, 2, 28),
    ]  # fmt: skip
    assert term_end(date(2024, 2, 29), "year", 1) == date(2025, 2, 28)
    assert term_end(date(2024, 2, 29), "year", 4) == date(2028, 2, 29)
    # 29 days of a leap February and 28 of a common one carry the same fee.
    assert by_day(29_000, 29)[0] == 1_000 and by_day(28_000, 28)[0] == 1_000
    assert by_day(10, 3) == [3, 3, 4] and by_day(-10, 3) == [-3, -3, -4]
