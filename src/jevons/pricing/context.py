"""The context a price is looked up in, and the many spellings that its facts arrive in.

`normalise` maps the spellings of OpenTelemetry, LiteLLM, provider bodies and URLs to one. A neutral
value (no tier, `standard`, `on_demand`, region `global`) becomes None: it means the standard price.
Every other value must be known to a price, or the call has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class PriceContext:
    """What is known of a call that can decide its price, as the sources spell it.

    model: the response's model, else the requested one. batch: sent through a batch API.
    """

    provider: str | None = None
    host: str | None = None
    region: str | None = None
    service_tier: str | None = None
    batch: bool | None = None
    speed: str | None = None
    model: str | None = None


UNNAMED: Final = frozenset({"", "litellm", "unknown", "none", "other", "custom", "_other"})
"""Provider names that name nobody: the model reference alone must tell."""

_PROVIDERS: Final[dict[str, tuple[str, str | None]]] = {
    "anthropic.messages": ("anthropic", None),
    "aws.bedrock": ("aws", "bedrock"),
    "bedrock": ("aws", "bedrock"),
    "bedrock_converse": ("aws", "bedrock"),
    "bedrock_mantle": ("aws", "bedrock"),
    "amazon_bedrock": ("aws", "bedrock"),
    "amazon-bedrock": ("aws", "bedrock"),
    "azure.ai.openai": ("azure", "azure"),
    "azure.ai.inference": ("azure", "azure"),
    "azure.ai.foundry": ("azure", "azure"),
    "az.ai.openai": ("azure", "azure"),
    "az.ai.inference": ("azure", "azure"),
    "azure": ("azure", "azure"),
    "azure_ai": ("azure", "azure"),
    "azure_openai": ("azure", "azure"),
    "azure-openai": ("azure", "azure"),
    "azure_text": ("azure", "azure"),
    "gcp.vertex_ai": ("google", "vertex"),
    "vertex_ai": ("google", "vertex"),
    "vertex_ai_beta": ("google", "vertex"),
    "vertex": ("google", "vertex"),
    "google-vertex": ("google", "vertex"),
    "google_vertex": ("google", "vertex"),
    "google-vertex-anthropic": ("google", "vertex"),
    "gcp.gemini": ("google", "ai-studio"),
    "gemini": ("google", "ai-studio"),
    "google_ai_studio": ("google", "ai-studio"),
    "google-ai-studio": ("google", "ai-studio"),
    "google_genai": ("google", None),
    "gcp.gen_ai": ("google", None),
    "claude": ("anthropic", None),
    "fireworks_ai": ("fireworks", None),
    "fireworks-ai": ("fireworks", None),
    "github.copilot": ("github-copilot", None),
    "github_copilot": ("github-copilot", None),
    "mistral_ai": ("mistral", None),
    "moonshot": ("moonshotai", None),
    "novita_ai": ("novita", None),
    "perplexity_ai": ("perplexity", None),
    "perplexity-ai": ("perplexity", None),
    "voyage": ("voyageai", None),
    "voyage_ai": ("voyageai", None),
    "x_ai": ("x-ai", None),
    "xai": ("x-ai", None),
    "grok": ("x-ai", None),
    "z-ai": ("zai", None),
    "z.ai": ("zai", None),
    "zai-org": ("zai", None),
}
"""Spelling -> catalogue id, and the host that the spelling implies."""

_HOSTS: Final[tuple[tuple[re.Pattern[str], str, str | None], ...]] = tuple(
    (re.compile(pattern), provider, host)
    for pattern, provider, host in (
        (r"(?P<region>us|eu|au|in|jp|ae|ca|sg|kr|gb)\.api\.openai\.com", "openai", None),
        (r"(?P<region>[a-z0-9-]+)-aiplatform\.googleapis\.com", "google", "vertex"),
        (r"aiplatform\.(?P<region>us|eu)\.rep\.googleapis\.com", "google", "vertex"),
        (r"aiplatform\.googleapis\.com", "google", "vertex"),
        (r"generativelanguage\.googleapis\.com", "google", "ai-studio"),
        (r"bedrock-(?:runtime|mantle)(?:-fips)?\.(?P<region>[a-z0-9-]+)\..+", "aws", "bedrock"),
    )
)
_HOST_NAMES: Final = {
    "vertex": "vertex", "vertex_ai": "vertex", "vertexai": "vertex", "vertex-ai": "vertex",
    "ai-studio": "ai-studio", "ai_studio": "ai-studio", "aistudio": "ai-studio",
    "gemini": "ai-studio", "bedrock": "bedrock", "azure": "azure",
}  # fmt: skip

_TIERS: Final[dict[str, str | None]] = {
    **dict.fromkeys(
        (
            "", "default", "standard", "auto", "standard_only", "on_demand", "not_available",
            "unspecified", "service_tier_unspecified", "service_tier_standard",
            "traffic_type_unspecified", "none", "null",
        )
    ),
    "service_tier_flex": "flex",
    "on_demand_flex": "flex",
    "flex_discount": "flex",
    "service_tier_priority": "priority",
    "on_demand_priority": "priority",
    "priority_on_demand": "priority",
    "on_demand_offpeak": "offpeak",
    "provisioned_throughput": "provisioned",
    "ptu": "provisioned",
}  # fmt: skip
_VERTEX_TIERS: Final = re.compile(r"on_demand.*|provisioned_throughput|traffic_type_unspecified")
"""Values of Vertex AI's `trafficType`, which the Gemini API of AI Studio does not send."""
_SPEEDS: Final = frozenset({"", "standard", "normal", "default", "not_available", "none", "null"})
_REGIONS: Final = frozenset(
    {"", "global", "not_available", "default", "none", "null", "unknown", "global_standard"}
)
_GEOGRAPHY: Final = re.compile(
    r"(?:^|/)(?P<geo>us-gov|us|eu|apac|jp|au|ca|in|sa|global)\.(?=[a-z0-9-]+\.)"
)


@lru_cache(maxsize=16_384)
def normalise(context: PriceContext) -> PriceContext:
    """The same context in one spelling; neutral values are None, `batch` is always a bool.

    provider: a catalogue id, or the given name when nothing is known of it; None when unnamed.
    host: `vertex`, `ai-studio`, `bedrock`, `azure` or None (the provider's own API, or a proxy).
    """
    named = _word(context.provider)
    provider, host = _PROVIDERS.get(named, (named, None))
    tier_word = _word(context.service_tier).replace("-", "_").replace(" ", "_")
    tier = _TIERS.get(tier_word, tier_word)
    region = _word(context.region)
    host_provider, given_host, host_region = read_host(context.host)
    provider = host_provider or provider
    host = given_host or (None if host_provider else host)
    if provider == "google" and (_VERTEX_TIERS.fullmatch(tier_word) or region not in _REGIONS):
        host = host or "vertex"
    result = PriceContext(
        provider=None if provider in UNNAMED else provider,
        host=host,
        region=region if region not in _REGIONS else host_region,
        service_tier=None if tier == "batch" else tier,
        batch=bool(context.batch) or tier == "batch",
        speed=None if _word(context.speed) in _SPEEDS else _word(context.speed),
        model=_word(context.model) or None,
    )
    return _with_region_of_model(result)


def _word(value: object) -> str:
    return "" if value is None else str(value).strip().lower()


def read_host(host: str | None) -> tuple[str | None, str | None, str | None]:
    """Provider, host and region that a host name or URL tells, None for what it does not tell."""
    name = re.sub(r"^[a-z]+://", "", _word(host)).partition("/")[0].partition(":")[0]
    if name in _HOST_NAMES:
        return None, _HOST_NAMES[name], None
    for pattern, provider, kind in _HOSTS:
        found = pattern.fullmatch(name)
        if found:
            region = found.groupdict().get("region")
            return provider, kind, None if region in _REGIONS else region
    return None, None, None


def _with_region_of_model(context: PriceContext) -> PriceContext:
    """Take the geography that a Bedrock inference profile or an Azure route names as the region.

    A profile decides where the model runs and what it costs; the region of the endpoint does not.
    """
    model = context.model or ""
    if context.provider == "aws":
        found = _GEOGRAPHY.search(model)
        if found:
            geo = found["geo"]
            return replace(context, region=None if geo == "global" else geo)
    if context.provider == "azure":
        found = re.match(r"(?:azure/)?(?P<zone>us|eu|global|global-standard)/", model)
        if found:
            zone = None if found["zone"].startswith("global") else f"datazone-{found['zone']}"
            return replace(context, region=zone)
        return replace(context, region=_azure_zone(context.region))
    return context


def _azure_zone(region: str | None) -> str | None:
    """Azure's data zones in one spelling; other regions as they are."""
    words = re.sub(r"[ _]", "-", region or "")
    found = re.fullmatch(r"(?:data-?zone-?(?:standard-?)?)(us|eu)|(us|eu)(?:-?data-?zone)?", words)
    if found:
        return f"datazone-{found[1] or found[2]}"
    return None if words in ("", "globalstandard", "global-standard") else words
