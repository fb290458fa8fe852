"""Which dialect a body is written in: by the API named, the provider, and the body's own keys.

The choice depends on top-level key names only, never on values, so bodies of one shape share it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, lru_cache
from typing import Final

from jevons.usage.cells import INPUT, OUTPUT
from jevons.usage.dialect import Dialect
from jevons.usage.dialects import DIALECTS, READINGS
from jevons.vocabulary.charge import Impossible
from jevons.vocabulary.units import UNIT_NAMES

_CHAT: Final = "openai.chat"
_RESPONSES: Final = "openai.responses"
_MESSAGES: Final = "anthropic.messages"
_GEMINI: Final = "gemini.generate_content"

API_NAMES: Final = {
    "chat": _CHAT, "chat_completions": _CHAT, "chat.completions": _CHAT, "completions": _CHAT,
    "openai": _CHAT, "openai.completions": _CHAT, "azure.chat": _CHAT,
    "responses": _RESPONSES, "openai.response": _RESPONSES,
    "messages": _MESSAGES, "anthropic": _MESSAGES,
    "gemini": _GEMINI, "generatecontent": _GEMINI, "generate_content": _GEMINI,
    "converse": "bedrock.converse", "realtime": "openai.realtime", "images": "openai.images",
    "embeddings": "openai.embeddings", "transcriptions": "openai.realtime",
    "xai": "xai.chat", "claude_code": "claude.code", "gemini_cli": "gemini.cli",
}  # fmt: skip
"""Other names of dialects, as libraries and price catalogues write them."""

_FAMILIES: Final = {
    "xai": "xai", "grok": "xai", "deepseek": "deepseek", "mistral": "mistral",
    "mistralai": "mistral", "perplexity": "perplexity", "perplexityai": "perplexity",
    "openrouter": "openrouter", "groq": "groq", "githubcopilot": "copilot", "copilot": "copilot",
    "anthropic": "anthropic", "cohere": "cohere",
}  # fmt: skip
"""Provider, lower-case letters and digits only -> whose habits its bodies have."""

_HABITS: Final = {
    (_CHAT, "xai"): "xai.chat",
    (_CHAT, "deepseek"): "deepseek",
    (_CHAT, "mistral"): "mistral",
    (_CHAT, "perplexity"): "perplexity",
    (_CHAT, "openrouter"): "openrouter",
    (_CHAT, "groq"): "groq",
    (_CHAT, "copilot"): "copilot.chat",
    (_RESPONSES, "xai"): "xai.responses",
    (_RESPONSES, "openrouter"): "openrouter.responses",
    (_RESPONSES, "perplexity"): "perplexity.responses",
    (_RESPONSES, "copilot"): "copilot.responses",
    (_MESSAGES, "openrouter"): "openrouter.messages",
}
"""Dialect x provider -> the provider's own reading of it."""

_MARKS: Final = (
    (frozenset({"promptTokenCount", "candidatesTokenCount", "responseTokenCount",
                "totalTokenCount", "prompt_token_count", "candidates_token_count"}), _GEMINI),
    (frozenset({"billed_units"}), "cohere"),
    (frozenset({"prompt_tokens", "completion_tokens", "prompt_cache_hit_tokens"}), _CHAT),
    (frozenset({"pages_processed"}), "mistral"),
    (frozenset({"generated_images"}), "openai.images"),
    (frozenset({"inputTokens", "outputTokens", "inputTokenCount", "outputTokenCount"}),
     "bedrock.converse"),
    (frozenset({"input_token_details", "output_token_details", "seconds"}), "openai.realtime"),
    (frozenset({"cache_creation_input_tokens", "cache_creation", "server_tool_use", "iterations",
                "inference_geo"}), _MESSAGES),
    (frozenset({"input_tokens_details", "output_tokens_details", "tool_usage"}), _RESPONSES),
    (frozenset({"cached_input_tokens"}), "codex"),
    (frozenset({"cache_write_input_tokens", "reasoning_output_tokens",
                "cache_write_5m_input_tokens", "cache_write_1h_input_tokens"}), "otel.gen_ai"),
    (frozenset({"thoughts", "cached", "tool"}), "gemini.cli"),
    (frozenset({"cache"}), "opencode"),
)  # fmt: skip
"""Keys of which one is enough -> dialect, first match wins."""

_UNITS: Final = frozenset(UNIT_NAMES)
_SERVER_TOOLS: Final = "server_tools"


def select(provider: str, api: str | None, keys: Collection[str]) -> Dialect | Impossible:
    """The dialect of a body with these top-level keys (those whose value is not null)."""
    return _select(provider, api, frozenset(keys))


@lru_cache(maxsize=4096)
def _select(provider: str, api: str | None, keys: frozenset[str]) -> Dialect | Impossible:
    named = _named(api)
    if named is not None and _speaks(named, keys):
        return READINGS[_habit(named, provider, keys)]
    name = _infer(provider, keys) or named
    if name is None:
        shown = ", ".join(sorted(str(key)[:64] for key in keys)[:8]) or "none"
        return Impossible(f"no dialect of {provider or 'any provider'} has these keys: {shown}")
    return READINGS[_habit(name, provider, keys)]


def _named(api: str | None) -> str | None:
    if api is None:
        return None
    if api in DIALECTS:
        return api
    lower = api.lower()
    return lower if lower in DIALECTS else API_NAMES.get(lower)


def _speaks(name: str, keys: frozenset[str]) -> bool:
    """Whether a body has the input or output counter of a dialect."""
    return not _heads(name).isdisjoint(keys)


@cache
def _heads(name: str) -> frozenset[str]:
    """First names of the paths of a dialect's input and output counters."""
    paths = (
        path
        for counter in DIALECTS[name].counters
        if counter.cell in (INPUT, OUTPUT)
        for path in (*counter.paths, *counter.instead)
    )
    return frozenset(path.partition(".")[0] for path in paths)


def _family(provider: str) -> str:
    return _FAMILIES.get("".join(filter(str.isalnum, provider.lower())), "")


def _infer(provider: str, keys: frozenset[str]) -> str | None:
    if keys and keys <= _UNITS:
        return "jevons.quantities"
    if _family(provider) == "anthropic" and "input_tokens" in keys:
        return _MESSAGES
    for marks, name in _MARKS:
        if not marks.isdisjoint(keys):
            return name
    if not keys.isdisjoint({"input_tokens", "output_tokens"}):
        return _RESPONSES if "cache_read_input_tokens" not in keys else "otel.gen_ai"
    return _RESPONSES if _SERVER_TOOLS in keys else None


def _habit(name: str, provider: str, keys: frozenset[str]) -> str:
    family = _family(provider)
    if name == _CHAT and not family and not keys.isdisjoint({"is_byok", "cost_details"}):
        family = "openrouter"
    return _HABITS.get((name, family), name)
