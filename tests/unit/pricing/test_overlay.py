from __future__ import annotations

import json
from decimal import Decimal

import pytest

from jevons.pricing.entry import AXES, entry_hash
from jevons.pricing.overlay import (
    BAND_KEYS,
    ENTRY_KEYS,
    FILE_KEYS,
    SCHEMA,
    WINDOW_KEYS,
    parse_price_file,
)
from jevons.pricing.schedule import Window, instant
from jevons.vocabulary.errors import PriceError
from jevons.vocabulary.units import UNITS
from tests.unit.pricing.shipped import PRICES, file_of, price_files

FULL = """
provider: Acme
models: [Model-1, "model-2*"]
host: vertex
region: [US, eu]
service_tier: flex
batch: false
speed: fast
windows:
  - {days: mon-fri, from: "09:00", to: "18:00", zone: Europe/Berlin}
valid_from: 2026-01-01
valid_to: 2026-07-01T12:00:00Z
per_million: {input: 0.15, cache_read: null}
per_thousand: {web_searches: "10"}
per_hour: {audio_seconds: "0.36"}
per_unit: {images: "0.04"}
above:
  - input_tokens: 200000
    per_million: {input: "0.3"}
  - at_least: 400000
    per_million: {input: "0.6"}
minimum: {audio_seconds: 10}
replaces_all: true
source: https://example.com/prices
note: An example.
"""


def test_every_field_is_read() -> None:
    (entry,) = parse_price_file(file_of(FULL), "full")
    assert (entry.provider, entry.models) == ("acme", ("model-1", "model-2*"))
    assert dict(entry.axes) == {
        "host": ("vertex",),
        "region": ("us", "eu"),
        "service_tier": ("flex",),
        "batch": ("false",),
        "speed": ("fast",),
    }
    assert entry.windows == (Window(540, 1080, (1, 2, 3, 4, 5), "Europe/Berlin"),)
    assert (entry.valid_from, entry.valid_to) == (
        instant("2026-01-01"),
        instant("2026-07-01T12:00:00Z"),
    )
    assert entry.recorded_at == instant("2026-01-01")
    assert [band.above for band in entry.bands] == [-1, 200_000, 399_999]
    base = entry.prices_at(0)
    assert base["input"] == Decimal("0.00000015")
    assert base["cache_read"] is None
    assert base["web_searches"] == Decimal("0.01")
    assert base["audio_seconds"] == Decimal("0.0001")
    assert base["images"] == Decimal("0.04")
    assert entry.prices_at(200_001)["input"] == Decimal("0.0000003")
    assert entry.prices_at(400_000)["input"] == Decimal("0.0000006")
    assert entry.prices_at(400_000)["images"] == Decimal("0.04")
    assert entry.minimum == {"audio_seconds": 10}
    assert entry.exclusive


def test_terms() -> None:
    (entry,) = parse_price_file(
        file_of(
            """
provider: anthropic
models: ["*"]
contract: Framework 2026
discount: 12.5%
source: contract 4711
"""
        ),
        "terms",
    )
    assert entry.terms is not None
    assert (entry.terms.discount, entry.terms.included) == (Decimal("0.125"), False)
    assert entry.kind == "contract"


def test_equal_content_has_one_hash_and_other_content_another() -> None:
    first, second = (parse_price_file(file_of(FULL), "x")[0] for _ in range(2))
    assert entry_hash(first) == entry_hash(second)
    other = parse_price_file(file_of(FULL.replace("0.15", "0.16")), "x")[0]
    later = parse_price_file(file_of(FULL, recorded_at="2026-02-01"), "x")[0]
    assert len({entry_hash(e) for e in (first, other, later)}) == 3


MINIMAL = "provider: acme\nmodels: m\nper_million: {input: 1}\nsource: https://example.com"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("provider: acme", "", "provider is missing"),
        ("source: https://example.com", "", "source is missing"),
        ("{input: 1}", "{inputs: 1}", "inputs is not a billable unit"),
        ("{input: 1}", "{input: one}", "not an amount"),
        ("{input: 1}", "{input: -1}", "input is negative"),
        ("{input: 1}", "{input: 1, input: 2}", "given twice"),
        ("per_million", "per_billion", "per_billion is not a field"),
        ("per_million: {input: 1}", "", "says nothing"),
        ("models: m", "models: m\nmultiplier: 2", "says multiplier and prices"),
        ("models: m", "models: m\nmultiplier: -2", "says multiplier and prices"),
        ("models: m", "models: m\ndiscount: 5%", "contract is missing"),
        ("models: m", "models: m\ncontract: c\ndiscount: 5", "in percent"),
        ("models: m", "models: m\ncontract: c\ndiscount: 500%", "between 0% and 100%"),
        ("models: m", "models: m\nvalid_from: soon", "valid_from"),
        ("models: m", "models: m\nvalid_from: 2026-02-01\nvalid_to: 2026-01-01", "not after"),
        ("models: m", "models: m\nwindows: [{from: '9'}]", "HH:MM"),
        ("models: m", "models: m\nwindows: [{zone: Mars}]", "no time zone"),
        ("models: m", "models: m\nwindows: [{at: noon}]", "at is not a field"),
        ("models: m", "models: m\nabove: [{per_million: {input: 2}}]", "needs input_tokens"),
        ("models: m", "models: m\nper_unit: {input: 2}", "input has two prices"),
    ],
)
def test_what_is_not_understood_is_named(old: str, new: str, message: str) -> None:
    with pytest.raises(PriceError, match=message) as raised:
        parse_price_file(file_of(MINIMAL.replace(old, new)), "acme.yaml")
    assert "acme.yaml" in str(raised.value)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "schema: other", "schema: jevons.prices/v1", "a: [", file_of("text: 1")],
)
def test_files_that_are_none(text: str) -> None:
    with pytest.raises(PriceError):
        parse_price_file(text, "x")


def test_the_schema_names_the_fields_that_are_read() -> None:
    schema = json.loads((PRICES / "price-file.schema.json").read_text(encoding="utf-8"))
    definitions = schema["$defs"]
    assert schema["properties"].keys() == FILE_KEYS
    assert schema["properties"]["schema"]["const"] == SCHEMA
    assert definitions["entry"]["properties"].keys() == ENTRY_KEYS
    assert definitions["window"]["properties"].keys() == WINDOW_KEYS
    assert definitions["band"]["properties"].keys() == BAND_KEYS
    assert set(definitions["units"]["propertyNames"]["enum"]) == set(UNITS)
    assert set(AXES) <= ENTRY_KEYS


def test_every_shipped_entry_says_where_and_when_it_was_checked() -> None:
    for name, text in price_files().items():
        for entry in parse_price_file(text, name):
            assert entry.source.startswith("https://"), (name, entry.source)
            assert entry.date_checked == "2026-11-22"
