from __future__ import annotations

import pytest

from jevons.pricing.context import PriceContext, normalise, read_host


def normal(**given: object) -> PriceContext:
    return normalise(PriceContext(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spelling", "provider", "host"),
    [
        ("aws.bedrock", "aws", "bedrock"),
        ("bedrock_converse", "aws", "bedrock"),
        ("gcp.vertex_ai", "google", "vertex"),
        ("vertex_ai", "google", "vertex"),
        ("gcp.gemini", "google", "ai-studio"),
        ("azure.ai.openai", "azure", "azure"),
        ("x_ai", "x-ai", None),
        ("Mistral_AI", "mistral", None),
        ("anthropic", "anthropic", None),
        ("litellm", None, None),
        ("", None, None),
        ("ollama", "ollama", None),
    ],
)
def test_provider_spellings(spelling: str, provider: str | None, host: str | None) -> None:
    found = normal(provider=spelling)
    assert (found.provider, found.host) == (provider, host)


@pytest.mark.parametrize(
    "word", [None, "", "default", "standard", "AUTO", "on_demand", "ON_DEMAND", "not_available"]
)
def test_neutral_tiers(word: str | None) -> None:
    assert normal(provider="openai", service_tier=word).service_tier is None
    assert not normal(provider="openai", service_tier=word).batch


@pytest.mark.parametrize(
    ("word", "tier", "batch"),
    [
        ("batch", None, True),
        ("flex", "flex", False),
        ("ON_DEMAND_FLEX", "flex", False),
        ("SERVICE_TIER_PRIORITY", "priority", False),
        ("PROVISIONED_THROUGHPUT", "provisioned", False),
        ("warp", "warp", False),
    ],
)
def test_tiers_that_change_the_price(word: str, tier: str | None, batch: bool) -> None:
    found = normal(provider="google", service_tier=word)
    assert (found.service_tier, found.batch) == (tier, batch)


def test_neutral_regions_and_speeds() -> None:
    for region in (None, "", "global", "not_available", "GLOBAL"):
        assert normal(provider="anthropic", region=region).region is None
    assert normal(provider="anthropic", region="US").region == "us"
    for speed in (None, "standard", "normal"):
        assert normal(provider="anthropic", speed=speed).speed is None
    assert normal(provider="anthropic", speed="fast").speed == "fast"


def test_vertex_is_known_by_its_traffic_type_and_by_a_region() -> None:
    assert normal(provider="google", service_tier="ON_DEMAND").host == "vertex"
    assert normal(provider="google", region="europe-west1").host == "vertex"
    assert normal(provider="google", service_tier="standard").host is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("us-east5-aiplatform.googleapis.com", ("google", "vertex", "us-east5")),
        ("aiplatform.googleapis.com", ("google", "vertex", None)),
        ("https://aiplatform.eu.rep.googleapis.com/v1", ("google", "vertex", "eu")),
        ("generativelanguage.googleapis.com", ("google", "ai-studio", None)),
        ("eu.api.openai.com:443", ("openai", None, "eu")),
        (
            "bedrock-runtime.eu-central-1.amazonaws.com",
            ("aws", "bedrock", "eu-central-1"),
        ),
        ("vertex", (None, "vertex", None)),
        ("localhost:4000", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_hosts(host: str | None, expected: tuple[str | None, ...]) -> None:
    assert read_host(host) == expected


def test_an_inference_profile_decides_over_the_endpoints_region() -> None:
    model = "global.anthropic.claude-opus-4-8"
    assert normal(provider="bedrock", region="us-east-1", model=model).region is None
    model = "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-opus-4-8"
    assert normal(provider="bedrock", region="us-east-1", model=model).region == "eu"
    model = "anthropic.claude-opus-4-8"
    assert normal(provider="bedrock", region="us-east-1", model=model).region == "us-east-1"


@pytest.mark.parametrize(
    ("region", "model", "expected"),
    [
        ("eu", "gpt-5.4", "datazone-eu"),
        ("DataZone US", "gpt-5.4", "datazone-us"),
        ("data_zone_standard_eu", "gpt-5.4", "datazone-eu"),
        ("GlobalStandard", "gpt-5.4", None),
        ("swedencentral", "gpt-5.4", "swedencentral"),
        (None, "azure/us/gpt-5.4", "datazone-us"),
        (None, "azure/global/gpt-5.4", None),
    ],
)
def test_azure_data_zones(region: str | None, model: str, expected: str | None) -> None:
    assert normal(provider="azure", region=region, model=model).region == expected
