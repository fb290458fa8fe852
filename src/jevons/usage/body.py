"""A whole response body, reduced to its usage: numbers and names, never text.

Some counts are only in the output: hosted tool calls of OpenAI's Responses API, Gemini's grounding
queries, generated images. They join the usage under `server_tools`, where a dialect reads them if
the usage itself has no counter of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jevons.usage.served import TIERS

SERVER_TOOLS: Final = "server_tools"
GENERATED_IMAGES: Final = "generated_images"

_USAGE: Final = (
    "usage", "usageMetadata", "usage_metadata", "usage_info", "amazon-bedrock-invocationMetrics",
)  # fmt: skip
"""Names of the usage object, best first."""

_WRAPPERS: Final = ("response", "message", "x_groq", "meta", "metadata", "result", "body")
"""Objects that a usage object may lie in: stream events, batch lines, Cohere's `meta`."""

_BESIDE: Final = (
    "tool_usage", "copilot_usage", "cost_in_usd_ticks", "server_side_tools_used",
)  # fmt: skip
"""Numbers of usage that lie beside the usage object."""

_LISTS: Final = ("output", "candidates", "content", "choices", "data")
AROUND: Final = frozenset({*_USAGE, *_WRAPPERS, *_LISTS})
"""Keys that a usage object does not have and a response around it may have."""

_COUNTERS: Final = frozenset(
    {
        "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "promptTokenCount",
        "candidatesTokenCount", "inputTokens", "outputTokens", "billed_units",
    }
)  # fmt: skip
"""Keys that only a usage object has at its top."""

_DEPTH: Final = 4

_OUTPUT_ITEMS: Final = {
    "web_search_call": "web_searches",
    "file_search_call": "file_searches",
    "code_interpreter_call": "code_executions",
}
_BLOCKS: Final = {
    "web_search": "web_searches",
    "web_fetch": "web_fetches",
    "code_execution": "code_executions",
    "bash_code_execution": "code_executions",
    "text_editor_code_execution": "code_executions",
}
_UNPRICED_ITEMS: Final = ("image_generation_call",)
"""Output items that another model is billed for, which their usage does not show."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """What a body says of its price: usage (None when it has none), model, tier.

    unpriced: `path=count` of what was done and is in no counter.
    """

    usage: dict[str, Any] | None
    model: str | None = None
    service_tier: str | None = None
    unpriced: tuple[str, ...] = ()


def is_body(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is a response around a usage object rather than the usage object."""
    if AROUND.isdisjoint(value) or not _COUNTERS.isdisjoint(value):
        return False
    if any(isinstance(value.get(name), list) for name in _LISTS):
        return True
    return _usage_of(value, _DEPTH) is not None


def reduce_body(body: Mapping[str, Any]) -> Reduced:
    """The billing part of a response body."""
    usage = _usage_of(body, _DEPTH)
    inner = body["response"] if isinstance(body.get("response"), Mapping) else body
    merged = dict(usage or {})
    for name in _BESIDE:
        if name not in merged and inner.get(name) is not None:
            merged[name] = inner[name]
    tools = _server_tools(inner)
    if tools:
        merged[SERVER_TOOLS] = tools
    images = sum("url" in item or "b64_json" in item for item in _objects(inner.get("data")))
    if images and not merged:
        merged = {GENERATED_IMAGES: images}
    return Reduced(
        usage=merged or None,
        model=_name(inner, ("model", "modelVersion", "model_version")),
        service_tier=_tier(inner),
        unpriced=_unpriced(inner),
    )


def _usage_of(body: Mapping[str, Any], depth: int) -> Mapping[str, Any] | None:
    for name in _USAGE:
        if isinstance(found := body.get(name), Mapping):
            return found
    for name in _WRAPPERS if depth else ():
        if isinstance(inner := body.get(name), Mapping):
            if "billed_units" in inner or "tokens" in inner:
                return inner
            found = _usage_of(inner, depth - 1)
            if found is not None:
                return found
    return None


def _server_tools(body: Mapping[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in _objects(body.get("output")):
        unit = _OUTPUT_ITEMS.get(str(item.get("type")))
        if unit and _is_search(item):
            counts[unit] = counts.get(unit, 0) + 1
    for block in _objects(body.get("content")):
        unit = _BLOCKS.get(str(block.get("name")))
        if unit and block.get("type") == "server_tool_use":
            counts[unit] = counts.get(unit, 0) + 1
    counts |= _grounding(body)
    return counts


def _is_search(item: Mapping[str, Any]) -> bool:
    """OpenAI bills a web search, not the opening of a page or finding in it."""
    action = item.get("action")
    kind = action.get("type") if isinstance(action, Mapping) else None
    return item.get("type") != "web_search_call" or kind in (None, "search")


def _grounding(body: Mapping[str, Any]) -> dict[str, int]:
    """Gemini's grounding: different search queries, and whether Maps was asked."""
    queries: set[str] = set()
    maps = False
    for candidate in _objects(body.get("candidates")):
        grounding = candidate.get("groundingMetadata") or candidate.get("grounding_metadata")
        if not isinstance(grounding, Mapping):
            continue
        for name in ("webSearchQueries", "web_search_queries", "imageSearchQueries"):
            found = grounding.get(name)
            queries |= {q for q in found if isinstance(q, str) and q} if found else set()
        chunks = grounding.get("groundingChunks") or grounding.get("grounding_chunks")
        maps = maps or any("maps" in chunk for chunk in _objects(chunks))
    searches = {"web_searches": len(queries)} if queries else {}
    return searches | ({"maps_queries": 1} if maps else {})


def _unpriced(body: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = [str(item.get("type")) for item in _objects(body.get("output"))]
    return tuple(f"output[{kind}]={kinds.count(kind)}" for kind in _UNPRICED_ITEMS if kind in kinds)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _name(body: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    found = (body.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), None)


def _tier(body: Mapping[str, Any]) -> str | None:
    """The served tier: a name, or Bedrock's `{"type": name}`."""
    for name in ("service_tier", "serviceTier"):
        tier = body.get(name)
        if isinstance(tier, Mapping):
            tier = tier.get("type")
        if isinstance(tier, str) and tier:
            return TIERS.get(tier.lower(), tier.lower())
    return None
