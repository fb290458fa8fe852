from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.interfaces.cli.figures import count, duration, money, per_million, plural, size
from jevons.interfaces.cli.terminal import ASCII, UNICODE

AMOUNTS = st.integers(-(10**27), 10**27).map(lambda femto: Decimal(femto).scaleb(-15))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0E-15", "$0.00"),
        ("0.00001", "$0.00001"),
        ("1E-5", "$0.00001"),
        ("0.000045", "$0.000045"),
        ("0.0000451", "$0.000045"),
        ("0.00421", "$0.0042"),
        ("0.263565", "$0.264"),
        ("0.5", "$0.50"),
        ("0.9999", "$1.00"),
        ("25.000000000000004", "$25.00"),
        ("12.345", "$12.34"),
        ("1234567.891", "$1,234,567.89"),
        ("-0.12", f"{UNICODE.minus}$0.12"),
        ("0.000000000000001", "$0.000000000000001"),
    ],
)
def test_money(amount: str, shown: str) -> None:
    assert money(Decimal(amount)) == shown


def test_the_four_ways_of_knowing_a_cost() -> None:
    assert money(Decimal(0)) == "$0.00"
    assert money(None) == "—"
    assert money(Decimal("1.2"), mark="~") == "~$1.20"
    assert money(Decimal("0.4"), mark="≥") == "≥$0.40"
    assert money(None, glyphs=ASCII) == "n/a"
    assert money(Decimal("0.4"), mark=">=", glyphs=ASCII) == ">=$0.40"


def test_a_lower_bound_is_rounded_down() -> None:
    assert money(Decimal("0.2699")) == "$0.27"
    assert money(Decimal("0.2699"), mark=UNICODE.at_least) == "≥$0.269"
    assert money(Decimal("1.999"), mark=UNICODE.at_least) == "≥$1.99"


def test_exact_money_has_every_digit() -> None:
    assert money(Decimal("1234.263565000000000"), exact=True) == "$1,234.263565"
    assert money(Decimal("3.000"), exact=True) == "$3.00"


@given(AMOUNTS)
def test_money_is_plain_and_close(amount: Decimal) -> None:
    shown = money(amount)
    assert "e" not in shown.lower()
    value = Decimal(shown.replace(UNICODE.minus, "-").replace("$", "").replace(",", ""))
    assert abs(value - amount) <= max(abs(amount) / 20, Decimal(0)) or abs(
        value - amount
    ) <= Decimal("0.005")
    assert (value == 0) == (amount == 0)


@given(AMOUNTS.filter(lambda amount: amount > 0))
def test_at_least_is_never_too_much(amount: Decimal) -> None:
    shown = money(amount, mark="≥").removeprefix("≥$").replace(",", "")
    assert 0 < Decimal(shown) <= amount


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (99_999, "99,999"),
        (100_000, "100 k"),
        (123_456, "123 k"),
        (999_499, "999 k"),
        (999_999, "1.00 M"),
        (1_234_567, "1.23 M"),
        (12_345_678, "12.3 M"),
        (7_654_321_000, "7.65 B"),
        (9_876_543_210_123_456, "9,877 T"),
        (-250_000, "-250 k"),
    ],
)
def test_short_counts(number: int, shown: str) -> None:
    assert count(number, exact=False) == shown
    assert count(number) == f"{number:,}"


def test_sizes_and_times() -> None:
    assert [size(n) for n in (0, 999, 1000, 12_345_678)] == ["0 B", "999 B", "1.00 kB", "12.3 MB"]
    assert [duration(s) for s in (0.4211, 12.34, 185, 3723)] == [
        "0.42 s",
        "12.3 s",
        "3:05 min",
        "1:02:03 h",
    ]


def test_cost_per_million_tokens() -> None:
    # $0.25 for 120,000 + 5,000 tokens: 0.25 / 0.125 M = $2 per million.
    assert per_million(Decimal("0.25"), 125_000) == 2
    assert per_million(None, 125_000) is None
    assert per_million(Decimal("0.25"), 0) is None


def test_plural() -> None:
    assert plural(1, "call") == "1 call"
    assert plural(1200, "call") == "1,200 calls"
    assert plural(2, "entry", "entries") == "2 entries"
