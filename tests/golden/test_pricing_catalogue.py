"""Finding a model in the compiled catalogue is finding it in genai-prices itself."""

from __future__ import annotations

import gzip
import json
import random
import string
from pathlib import Path

import pytest

from tests.unit.pricing.shipped import catalogue

genai_snapshot = pytest.importorskip("genai_prices.data_snapshot")


def found_here(provider_id: str | None, reference: str) -> tuple[str, str] | None:
    book = catalogue()
    if provider_id is None:
        provider = book.provider_of_model(reference.lower())
    else:
        provider = book.find_provider(provider_id)
    found = book.find_model(provider, reference) if provider else None
    return (provider.id, found[1].id) if provider and found else None


def found_there(provider_id: str | None, reference: str) -> tuple[str, str] | None:
    try:
        provider, model = genai_snapshot.get_snapshot().find_provider_model(
            reference, None, provider_id, None
        )
    except LookupError:
        return None
    return provider.id, model.id


def test_every_model_id_at_its_own_provider_and_by_itself() -> None:
    for provider in catalogue().providers:
        for model in provider.models:
            for place in (provider.id, None):
                assert found_here(place, model.id) == found_there(place, model.id)


def test_ids_at_other_providers_and_provider_spellings() -> None:
    ids = [m.id for p in catalogue().providers for m in p.models][::23]
    for place in ("azure", "google", "aws", "openrouter", "openai"):
        for model in ids:
            assert found_here(place, model) == found_there(place, model), (place, model)
    for name in (
        "aws.bedrock",
        "Vertex_AI",
        "xai",
        "mistral_ai",
        "together_ai",
        "nobody",
        " openai ",
    ):
        assert found_here(name, "gpt-4o") == found_there(name, "gpt-4o"), name


def test_names_made_up() -> None:
    rng = random.Random(20261122)
    words = ["claude", "gpt", "gemini", "opus", "4", "5.5", "mini", "pro", "20260101", "o3", "v1:0"]
    letters = string.ascii_letters + string.digits + "-./:@"
    for number in range(200):
        if number % 2:
            name = "-".join(rng.choices(words, k=rng.randint(1, 5)))
        else:
            name = "".join(rng.choices(letters, k=rng.randint(1, 20)))
        for place in (None, "anthropic", "openai", "google", "azure"):
            assert found_here(place, name) == found_there(place, name), (place, name)


def test_the_models_of_the_real_bodies(shared_data: Path) -> None:
    with gzip.open(shared_data / "pricing" / "usage_bodies.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    assert len(rows) == 947
    for row in rows:
        if row["model"]:
            place = row["genai_provider"]
            assert found_here(place, row["model"]) == found_there(place, row["model"])
