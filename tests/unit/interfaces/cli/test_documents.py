from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from jevons.app.results import PriceRow, Report, Row
from jevons.interfaces.cli.documents import (
    cell,
    csv_text,
    json_text,
    price_document,
    report_document,
)

Build = Callable[..., Report]
BuildRow = Callable[..., Row]


def test_report_document_is_the_contract(report: Build, row: BuildRow) -> None:
    answer = report(
        row({"team": "search", "month": "2026-02"}, effective_cost=Decimal("0.00005")),
        row({"team": None, "month": "2026-03"}, effective_cost=None, list_cost=None),
        by=("team", "month"),
        unpriced_events=10,
        rejected=2,
        time_zone="Asia/Tokyo",
        total=row(effective_cost=Decimal("0E-15")),
    )
    document = json.loads(json_text(report_document(answer)))
    assert list(document) == [
        "rows",
        "total",
        "unpriced_events",
        "rejected",
        "complete_to",
        "time_zone",
    ]
    first, second = document["rows"]
    assert first == {
        "team": "search",
        "month": "2026-02",
        "calls": 10,
        "input_tokens": 120_000,
        "cache_read_input_tokens": 90_000,
        "cache_write_input_tokens": 2_048,
        "output_tokens": 5_130,
        "reasoning_output_tokens": 640,
        "list_cost": "0.25",
        "contracted_cost": "0.25",
        "billed_cost": "0.25",
        "effective_cost": "0.00005",
        "unknown_calls": 0,
        "lower_bound_calls": 0,
        "provenance": "reported",
        "unlisted_calls": 0,
        "cost_per_million_tokens": "0.000399584432",  # 50 / 125,130 = 0.00039958443219...
    }
    assert second["cost_per_million_tokens"] is None
    assert second["team"] is None
    assert second["effective_cost"] is None and second["list_cost"] is None
    assert set(first) - {"team", "month"} == set(document["total"])
    assert document["total"]["effective_cost"] == "0"
    assert (document["unpriced_events"], document["rejected"]) == (10, 2)
    assert document["complete_to"] == "2026-03-01T12:00:09Z"
    assert document["time_zone"] == "Asia/Tokyo"


def test_csv_has_plain_decimals_and_empty_unknowns(report: Build, row: BuildRow) -> None:
    answer = report(
        row({"model": "a,b"}, effective_cost=Decimal("-0.00005"), input_tokens=1_234_567),
        row({"model": None}, effective_cost=None),
    )
    first, second = csv.DictReader(io.StringIO(csv_text(answer)))
    assert first["model"] == "a,b"
    assert first["effective_cost"] == "-0.00005"
    assert first["input_tokens"] == "1234567"
    assert first["currency"] == "USD"
    assert second["model"] == second["effective_cost"] == ""
    assert second["list_cost"] == "0.25"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("search", "search"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("\t=1", "'\\x09=1"),
        ("\r=1", "'\\x0d=1"),
        (" =1", "' =1"),
        ("\ta", "'\\x09a"),
        ("tag.\x1b[31m", "tag.\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("überall 東京", "überall 東京"),
        ("a=1", "a=1"),
        (None, ""),
    ],
)
def test_no_name_is_run_as_a_formula_or_steers_a_terminal(name: str | None, written: str) -> None:
    assert cell(name) == written


def test_price_document_is_exact() -> None:
    row = PriceRow(
        "m", "p", {"batch": "yes"}, (("input", Decimal("0.000003")),), None, None, "r", "s", "e"
    )
    document = price_document(row)
    assert document["prices"] == {"input": "0.000003"}
    assert document["axes"] == {"batch": "yes"}


def test_json_is_ascii() -> None:
    assert json_text({"a": "\x9b模"}, indent=None) == '{"a": "\\u009b\\u6a21"}'
