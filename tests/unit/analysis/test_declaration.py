"""Boundary files: what they may say, and how a mistake is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from jevons.analysis.declaration import KEYS, parse_boundary
from jevons.analysis.examination import examine
from jevons.vocabulary.boundary import KINDS
from jevons.vocabulary.errors import BoundaryError

HEAD = 'schema = "jevons.boundary/v1"\n'
SEAT = """
[[element]]
kind = "seat"
name = "copilot"
price = 19.00
per = "month"
quantity = 28
team = "web"
valid_from = 2026-05-01
source = "order 4711"
"""


def test_a_seat_is_read_exactly() -> None:
    (seat,) = parse_boundary(HEAD + SEAT, "own.toml").elements
    assert (seat.kind, seat.name, seat.price, seat.quantity) == ("seat", "copilot", Decimal(19), 28)
    assert (seat.valid_from, seat.valid_to) == (date(2026, 5, 1), None)
    assert seat.owner == (("team", "web"),) and seat.nature == "seat"
    assert (seat.provenance, seat.place) == ("estimated", "own.toml: line 3: element copilot")


def test_no_number_passes_through_a_binary_float() -> None:
    digits = "1000000.100000000000001"
    text = HEAD + SEAT.replace("19.00", digits)
    assert parse_boundary(text, "own.toml").elements[0].price == Decimal(digits)


def test_what_is_inside_and_outside_is_said() -> None:
    text = HEAD + 'name = "acme"\n[in]\ncalls = "all"\n[out]\nenergy = "in the cloud price"\n'
    boundary = parse_boundary(text, "own.toml")
    assert boundary.name == "acme"
    assert boundary.inside == (("calls", "all"),)
    assert boundary.outside == (("energy", "in the cloud price"),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seat", "chair"), "own.toml: line 3: element copilot: kind: 'chair' is none of seat"),
        (("price", "prize"), "prize is not a key of a boundary file; did you mean price?"),
        (("19.00", '"much"'), "element copilot: price: not an amount: 'much'"),
        (("price = 19.00\n", ""), "price is missing, kind 'seat' needs it"),
        (("28", "-3"), "quantity: is negative: -3"),
        (("2026-05-01", "2026-05-01\nvalid_to = 2026-05-01"), "valid_to is not after valid_from"),
        (
            ("2026-05-01", '"01/08/2026"'),
            "valid_from: not a day: '01/08/2026'; write 2026-09-01 (year-month-day)",
        ),
        (("28", "28\nlife_months = 3"), "life_months does not belong to kind 'seat'"),
        (("28", '28\nallocate = "shares"'), 'shares and allocate = "shares" belong together'),
        (
            ("28", '28\nallocate = "shares"\nshares.team = {web = 90, data = 20}'),
            "shares: shares are more than 100 percent together",
        ),
        (('"month"', '"fortnight"'), "per: 'fortnight' is none of once, hour"),
        (("jevons.boundary/v1", "v9"), "own.toml: schema is not 'jevons.boundary/v1'"),
        (("28", "28\n\n28"), "own.toml is not TOML"),
    ],
)
def test_a_mistake_names_its_place(change: tuple[str, str], message: str) -> None:
    with pytest.raises(BoundaryError) as caught:
        parse_boundary((HEAD + SEAT).replace(*change), "own.toml")
    assert message in caught.value.what
    assert "boundary-file.md" in caught.value.remedy


def test_the_line_of_a_later_element_is_named() -> None:
    with pytest.raises(BoundaryError) as caught:
        parse_boundary(HEAD + SEAT + SEAT.replace("28", '"x"'), "own.toml")
    assert "line 13: element copilot: quantity" in caught.value.what


def test_a_seat_list_is_a_csv_file() -> None:
    text = (
        "kind,name,person,team,price,per,valid_from,valid_to\n"
        "seat,copilot,ann,web,19,month,2026-05-01,\n"
        "seat,copilot,bob,web,19,month,2026-05-15,2026-08-01\n"
    )
    boundary = parse_boundary(text, "seats.csv")
    assert boundary.name == "seats"
    assert [dict(e.owner)["person"] for e in boundary.elements] == ["ann", "bob"]
    assert boundary.elements[1].valid_to == date(2026, 8, 1)
    with pytest.raises(BoundaryError) as caught:
        parse_boundary(text.replace("bob,web,19", "bob,web,x"), "seats.csv")
    assert "seats.csv: line 3: element copilot: price" in caught.value.what
    with pytest.raises(BoundaryError) as caught:
        parse_boundary(text.replace(",2026-08-01", ""), "seats.csv")
    assert "line 3" in caught.value.what and "cells" in caught.value.what


def test_labour_minutes_and_filters_come_from_csv() -> None:
    text = (
        "kind,name,team,minutes,rate,valid_from,calls\n"
        "people,review,web,35.5,90,2026-05-04,\n"
        "people,review,web,35.5,90,2026-05-04,\n"
    )
    elements = parse_boundary(text, "minutes.csv").elements
    assert [e.minutes for e in elements] == [Decimal("35.5")] * 2
    assert not [f for f in examine([parse_boundary(text, "minutes.csv")]) if f.wrong]


def test_every_kind_has_keys_of_its_own() -> None:
    for kind in KINDS:
        assert any(kind in key.kinds or kind in key.needed for key in KEYS.values())


def found(text: str) -> list[tuple[str, bool]]:
    return [(f.kind, f.wrong) for f in examine([parse_boundary(HEAD + text, "own.toml")])]


def test_versions_of_one_thing_may_not_overlap() -> None:
    later = SEAT.replace("05-01", "07-01")
    assert ("overlap", True) in found(SEAT + later)
    ended = SEAT.replace("2026-05-01", "2026-05-01\nvalid_to = 2026-07-01")
    assert found(ended + later) == [("not said", False)]
    early = ended.replace("to = 2026-07-01", "to = 2026-06-01")
    assert found(early + later) == [("gap", False), ("not said", False)]
    assert found(SEAT + later.replace("web", "data")) == [("not said", False)]


def test_what_is_left_open_is_found() -> None:
    assert ("source", False) in found(SEAT.replace('source = "order 4711"\n', ""))
    said = "".join(f'{kind} = "no"\n' for kind in KINDS if kind != "seat")
    assert found(f"[out]\n{said}{SEAT}") == []
    gpu = '[[element]]\nkind="gpu"\nname="n"\nprice=1\nlife_months=1\nvalid_from=2026-01-01\n'
    assert ("utilisation", False) in found(gpu)
    plan = SEAT.replace('"seat"', '"plan"')
    two = plan + plan.replace("copilot", "other")
    assert ("plans overlap", False) in found(two)
    apart = (
        plan
        + 'calls = {harness = "a"}\n'
        + plan.replace("copilot", "o")
        + ('calls = {harness = "b"}\n')
    )
    assert ("plans overlap", False) not in found(apart)


GPU = """
[[element]]
kind = "gpu"
name = "node"
price = 1000
life_months = 48
valid_from = 2026-01-01
"""
PLAN = """
[[element]]
kind = "plan"
name = "max"
price = 90
per = "month"
valid_from = 2026-05-01
"""
REVIEW = """
[[element]]
kind = "people"
name = "review"
rate = 90
from_outcomes = true
valid_from = 2026-05-01
"""
MOST = "1000000000000"
"""USD that a price, or an element a term, may be."""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SEAT.replace("19.00", "1e30"), f"copilot: price: is not between -{MOST} and {MOST}"),
        (SEAT.replace("19.00", "-1e13"), "price: is not between"),
        (SEAT.replace("19.00", "1e999999"), "price: is not between"),
        (SEAT.replace("19.00", "0e999999"), "price: has more than 15 decimals, or as large"),
        (SEAT.replace("19.00", "0.0000000000000001"), "price: has more than 15 decimals"),
        (SEAT.replace("19.00", "nan"), "price: not a finite amount"),
        (SEAT.replace("19.00", MOST), f"price with its quantity is more than {MOST} USD a term"),
        (SEAT.replace("28", "1000000001"), "quantity: is not between 0 and 1000000000"),
        (SEAT.replace("28", "1e-40"), "quantity: has more than 15 decimals"),
        (SEAT.replace("28", "9" * 5000), "own.toml is not TOML"),
        (SEAT.replace("28", "[" * 3000 + "]" * 3000), "own.toml is not TOML"),
        (GPU.replace("48", "1201"), "node: life_months: is not between 1 and 1200"),
        (GPU.replace("48", "1e200"), "life_months: is not between 1 and 1200"),
        (GPU.replace("48", "1.5"), "life_months: not a whole number of months: 1.5"),
        (GPU + "utilisation = 1e-999999", "utilisation: has more than 15 decimals"),
        (GPU + "utilisation = 35", "utilisation: is not between 0 and 1"),
        (GPU + "pue = 0.9", "pue: is not between 1 and 100"),
        (GPU + "tokens_per_second = 0", "tokens_per_second: is not more than 0"),
        (GPU + "power_kw = 1e9\nelectricity_price = 1e9", f"power_kw costs more than {MOST} USD"),
        (PLAN + "allowance = 0", "max: allowance: is not more than 0"),
        (PLAN + "allowance = 1e999999", "allowance: is not between 0 and"),
        (PLAN + "overage = 101", "overage: is not between 0 and 100"),
        (SEAT.replace("2026-05-01", "1999-12-31"), "1999-12-31 is not between 2000-01-01 and 2100"),
        (SEAT + "valid_to = 9999-12-31", "valid_to: 9999-12-31 is not between"),
        (GPU + "bought = 0001-01-01", "bought: 0001-01-01 is not between"),
        (PLAN + 'calls = {purpose = "answer"}', "calls: purpose is derived"),
        (PLAN + 'calls = {fate = "failed"}', "cannot depend on derived assignments"),
        (PLAN + 'calls = {day = "2026-05-01"}', "calls: day is a time: say the days by valid_from"),
        (PLAN + 'calls = {nonsense = "1"}', "calls: 'nonsense' is no dimension of a report: model"),
        (PLAN + 'calls = {"tag." = "1"}', "calls: 'tag.' is no dimension"),
        (
            SEAT + 'allocate = "shares"\nshares.nonsense = {a = 50}',
            "shares: 'nonsense' is no dimension of a report",
        ),
        (
            SEAT + 'allocate = "shares"\nshares.team = {a = 1e-999999}',
            "shares: has more than 15 decimals",
        ),
        (REVIEW + "quantity = 3", "review: quantity does not go with from_outcomes"),
        (REVIEW + 'per = "hour"', "review: per does not go with from_outcomes"),
        (REVIEW + "price = 3", "price does not belong to kind 'people'"),
    ],
)
def test_what_is_out_of_bounds_is_refused(text: str, message: str) -> None:
    with pytest.raises(BoundaryError) as caught:
        parse_boundary(HEAD + text, "own.toml")
    assert message in caught.value.what


def test_what_is_just_within_bounds_is_taken() -> None:
    seat = SEAT.replace("28", "1").replace("2026-05-01", "2000-01-01\nvalid_to = 2100-01-01")
    plan = PLAN + 'calls = {harness = "codex", "tag.branch" = "main"}\nallowance = 1e15'
    within = (
        seat.replace("19.00", MOST),
        seat.replace("19.00", f"-{MOST}"),
        seat.replace("19.00", "0.000000000000001"),
        GPU.replace("48", "1200") + "utilisation = 1",
        plan,
        REVIEW,
        SEAT + 'allocate = "shares"\nshares.purpose = {answer = 50}',
    )
    for text in within:
        assert len(parse_boundary(HEAD + text, "own.toml").elements) == 1


def test_a_ledger_has_one_time_zone() -> None:
    def wrong(*zones: str) -> list[str]:
        files = [
            parse_boundary(f'{HEAD}name = "{n}"\n{said}', "f.toml") for n, said in enumerate(zones)
        ]
        return [finding.message for finding in examine(files) if finding.wrong]

    tokyo, berlin = 'time_zone = "Asia/Tokyo"\n', 'time_zone = "Europe/Berlin"\n'
    assert wrong(tokyo, tokyo) == wrong("", tokyo) == wrong(tokyo, "") == []
    (message,) = wrong(tokyo, "", berlin)
    assert message == "boundary 2 says the time zone Europe/Berlin, but boundary 0 says Asia/Tokyo"
