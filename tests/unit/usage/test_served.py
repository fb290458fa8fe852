"""Tier, speed and region in words that providers share."""

from __future__ import annotations

import pytest

from jevons.usage.dialects import DIALECTS
from jevons.usage.served import Served, served

GEMINI = DIALECTS["gemini.generate_content"]
MESSAGES = DIALECTS["anthropic.messages"]
CHAT = DIALECTS["openai.chat"]


@pytest.mark.parametrize(
    ("traffic", "tier"),
    [
        ("ON_DEMAND", "standard"),
        ("ON_DEMAND_FLEX", "flex"),
        ("ON_DEMAND_PRIORITY", "priority"),
        ("PROVISIONED_THROUGHPUT", "provisioned"),
        ("SOMETHING_NEW", "something_new"),
    ],
)
def test_vertex_traffic_types_are_tiers(traffic: str, tier: str) -> None:
    assert served(GEMINI, {"trafficType": traffic}) == Served(tier, host="vertex")


def test_openais_default_is_the_standard_tier() -> None:
    assert served(CHAT, {"service_tier": "default"}).service_tier == "standard"


def test_a_geography_that_is_not_available_is_none() -> None:
    assert served(MESSAGES, {"inference_geo": "not_available"}) == Served()
    assert served(MESSAGES, {"inference_geo": "US"}).region == "us"


def test_what_is_no_name_is_ignored() -> None:
    assert served(CHAT, {"service_tier": 5, "speed": "a long sentence"}) == Served()


def test_the_ordinary_is_what_no_price_depends_on() -> None:
    assert Served().is_ordinary
    assert Served("standard", "standard", "global").is_ordinary
    assert not Served("flex").is_ordinary
    assert not Served(speed="fast").is_ordinary
    assert not Served(region="us").is_ordinary
