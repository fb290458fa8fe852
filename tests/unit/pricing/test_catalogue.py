from __future__ import annotations

import msgspec
import pytest

from jevons.pricing.catalogue import FORMAT, PINNED, compile_catalogue, load
from jevons.pricing.pricelist import PRICE_KEYS, UNCOUNTED_KEYS
from jevons.vocabulary.errors import PriceError
from tests.unit.pricing.shipped import catalogue


def test_the_compiled_text_is_the_same_each_time_and_loads() -> None:
    first, second = compile_catalogue(), compile_catalogue()
    assert first == second
    loaded = load(first)
    assert loaded.version == PINNED
    assert loaded.digest == catalogue().digest


def test_every_price_key_of_the_catalogue_is_known() -> None:
    keys = {
        key
        for provider in catalogue().providers
        for model in provider.models
        for offer in [*model.offers, *model.variants]
        for key in offer.prices
    }
    assert keys <= PRICE_KEYS.keys() | UNCOUNTED_KEYS


def test_every_constraint_but_the_first_is_understood() -> None:
    for provider in catalogue().providers:
        for model in provider.models:
            assert model.offers[0].constraint is None or len(model.offers) == 1
            kinds = [offer.constraint[0] for offer in model.offers[1:] if offer.constraint]
            assert set(kinds) <= {"d", "t"} and len(kinds) == len(model.offers) - 1


def test_seconds_of_audio_have_one_price_however_directed() -> None:
    for provider in catalogue().providers:
        for model in provider.models:
            for offer in [*model.offers, *model.variants]:
                hours = {p for key, p in offer.prices.items() if key.endswith("audio_hours")}
                assert len(hours) <= 1, (provider.id, model.id)


@pytest.mark.parametrize("damaged", [b"", b"[", b'[1,"0.2.3"]', b"{}"])
def test_a_damaged_text_is_refused(damaged: bytes) -> None:
    with pytest.raises(PriceError, match="damaged"):
        load(damaged)


def test_another_release_is_refused() -> None:
    with pytest.raises(PriceError, match=r"genai-prices 9\.9"):
        load(msgspec.json.encode([FORMAT, "9.9", []]))


def test_finding_by_name_model_and_address() -> None:
    found = catalogue()
    assert found.find_provider("aws.bedrock") is found.by_id["aws"]
    assert found.find_provider("nobody") is None
    assert found.provider_of_model("claude-opus-4-8") is found.by_id["anthropic"]
    assert found.provider_of_url("https://api.deepseek.com/v1") is found.by_id["deepseek"]
    assert found.provider_of_url("https://example.com") is None
    dated = found.find_model(found.by_id["openai"], "gpt-5.2-20251211")
    assert dated and dated[1].id == "gpt-5.2"
    borrowed = found.find_model(found.by_id["azure"], "gpt-5.4")
    assert borrowed and borrowed[0].id == "openai"
