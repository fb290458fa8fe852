"""How a call was served, as its body says: tier, speed and region in words that providers share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from jevons.usage.dialect import Dialect

_WORD: Final = re.compile(r"[\w.:/-]{1,64}\Z")

TIERS: Final = {
    "default": "standard",
    "on_demand": "standard",
    "on_demand_priority": "priority",
    "on_demand_flex": "flex",
    "on_demand_offpeak": "offpeak",
    "provisioned_throughput": "provisioned",
}
"""Served tier, lower case -> its shared name. Any other tier keeps its own, so that a price book
that does not know it says so. OpenAI reports `default`, Vertex `ON_DEMAND` (as trafficType)."""

_NOWHERE: Final = frozenset({"not_available"})


VERTEX: Final = "vertex"
_VERTEX_ONLY: Final = ("trafficType", "traffic_type")
"""Fields that Vertex AI sends and the Gemini API does not; their list prices differ."""


class Served(NamedTuple):
    """Served tier, speed, region and host; None where the body is silent."""

    service_tier: str | None = None
    speed: str | None = None
    region: str | None = None
    host: str | None = None

    @property
    def is_ordinary(self) -> bool:
        """Whether nothing of it can change a price: standard tier and speed, no certain region."""
        return (
            self.service_tier in (None, "standard")
            and self.speed in (None, "standard")
            and self.region in (None, "global")
        )


def served(dialect: Dialect, fields: Mapping[str, Any]) -> Served:
    """What a flattened body says of how it was served."""
    labels = dialect.labels
    tier = _first(fields, labels.service_tier)
    speed = _first(fields, labels.speed)
    region = _first(fields, labels.region)
    return Served(
        tier if tier is None else TIERS.get(tier, tier),
        speed,
        None if region in _NOWHERE else region,
        VERTEX if _first(fields, _VERTEX_ONLY) else None,
    )


def _first(fields: Mapping[str, Any], paths: tuple[str, ...]) -> str | None:
    for path in paths:
        value = fields.get(path)
        if isinstance(value, str) and _WORD.match(value):
            return value.lower()
    return None
