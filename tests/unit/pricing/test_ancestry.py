from __future__ import annotations

from decimal import Decimal

from jevons.pricing.ancestry import TOKEN_UNITS, ancestors, resolve, suppliers
from jevons.vocabulary.units import UNIT_NAMES, UNITS, Unit


def prices(**given: str) -> dict[Unit, Decimal]:
    return {Unit(unit): Decimal(price) for unit, price in given.items()}


def test_every_unit_that_the_vocabulary_names_is_an_ancestor() -> None:
    for unit, definition in UNITS.items():
        assert set(definition.priced_as) <= ancestors(unit) - {unit}


def test_a_token_without_a_price_of_its_own_takes_the_nearest_ancestors() -> None:
    found = resolve(prices(input="3", cache_write="4", output="15"))
    assert found["cache_write_5m"] == Decimal(4)
    assert found["cache_read"] == Decimal(3)
    assert found["reasoning"] == Decimal(15)


def test_cached_audio_takes_the_audio_price_where_no_cache_is_priced() -> None:
    assert resolve(prices(input="1", audio_input="9"))["audio_cache_read"] == Decimal(9)


def test_of_two_competing_ancestors_none_is_taken() -> None:
    found = resolve(prices(input="1", audio_input="9", cache_read="0.1"))
    assert "audio_cache_read" not in found
    assert found["image_cache_read"] == Decimal("0.1")


def test_counts_stand_alone() -> None:
    assert suppliers([Unit("input"), Unit("web_searches")])["web_searches"] == "web_searches"
    assert "file_searches" not in suppliers([Unit("web_searches")])
    assert resolve(prices(pages="2"))["annotated_pages"] == Decimal(2)


def test_token_units_are_the_vocabularys() -> None:
    assert set(TOKEN_UNITS) == {u for u in UNIT_NAMES if UNITS[u].measure == "tokens"}
