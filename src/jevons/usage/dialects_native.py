"""Dialects of the providers with an API of their own: Anthropic, Google, Amazon, Cohere.

Sources: the usage types of anthropic SDK 2.12 (`BetaUsage`), google-genai 3.4 (`UsageMetadata`),
Bedrock (`TokenUsage`) and Cohere; what lies inside what was checked on real bodies by the totals
that they state.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jevons.usage.cells import (
    CACHE_READ,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    INPUT,
    OUTPUT,
    REASONING,
    TOOL_INPUT,
    Cell,
    cell,
)
from jevons.usage.dialect import Counter, Dialect, Labels, TextDetail, Total
from jevons.usage.dialects_openai import INFORMATIONAL, tools

ANTHROPIC: Final = Dialect(
    "anthropic.messages",
    counters=(
        Counter(INPUT, ("input_tokens",)),
        Counter(CACHE_READ, ("cache_read_input_tokens",), outside=True),
        Counter(CACHE_WRITE, ("cache_creation_input_tokens",), outside=True),
        Counter(CACHE_WRITE_5M, ("cache_creation.ephemeral_5m_input_tokens",), outside=True),
        Counter(CACHE_WRITE_1H, ("cache_creation.ephemeral_1h_input_tokens",), outside=True),
        Counter(OUTPUT, ("output_tokens",)),
        Counter(REASONING, ("output_tokens_details.thinking_tokens",)),
        *tools(
            web_searches=("server_tool_use.web_search_requests",),
            web_fetches=("server_tool_use.web_fetch_requests",),
            code_executions=("server_tool_use.code_execution_requests",),
        ),
    ),
    labels=Labels(service_tier=("service_tier",), speed=("speed",), region=("inference_geo",)),
    informational=INFORMATIONAL | {"server_tool_use.tool_search_requests"},
    iterations=True,
    turns=(cell("web_searches"), cell("web_fetches")),
)
"""Cache counts are outside input_tokens; thinking is inside output_tokens in full."""

_KINDS: Final = {"AUDIO": "audio", "IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
_PROMPT: Final = ("promptTokensDetails", "promptTokenDetails", "prompt_tokens_details")
_CACHED: Final = ("cacheTokensDetails", "cache_tokens_details")
_TOOL: Final = ("toolUsePromptTokensDetails", "tool_use_prompt_tokens_details")
_ANSWER: Final = (
    "candidatesTokensDetails", "responseTokensDetails", "candidates_tokens_details",
    "response_tokens_details",
)  # fmt: skip


def _details(total: Cell, lists: tuple[str, ...], *, outside: bool = False) -> tuple[Counter, ...]:
    return tuple(
        Counter(total | {kind}, tuple(f"{name}[{label}]" for name in lists), outside=outside)
        for label, kind in _KINDS.items()
    )


def _text(total: Cell, lists: tuple[str, ...]) -> tuple[TextDetail, ...]:
    return tuple(
        TextDetail(total, tuple(f"{name}[{label}]" for name in lists))
        for label in ("TEXT", "MODALITY_UNSPECIFIED")
    )


def _gemini(name: str, *, thoughts_outside: bool) -> Dialect:
    sum_of = (INPUT, OUTPUT, TOOL_INPUT, *((REASONING,) if thoughts_outside else ()))
    return Dialect(
        name,
        counters=(
            Counter(INPUT, ("promptTokenCount", "prompt_token_count")),
            Counter(CACHE_READ, ("cachedContentTokenCount", "cached_content_token_count")),
            Counter(
                TOOL_INPUT, ("toolUsePromptTokenCount", "tool_use_prompt_token_count"), outside=True
            ),
            *_details(INPUT, _PROMPT),
            *_details(CACHE_READ, _CACHED),
            *_details(TOOL_INPUT, _TOOL, outside=True),
            Counter(
                OUTPUT,
                (
                    "candidatesTokenCount", "responseTokenCount", "candidates_token_count",
                    "response_token_count",
                ),
            ),
            Counter(
                REASONING, ("thoughtsTokenCount", "thoughts_token_count"), outside=thoughts_outside
            ),
            *_details(OUTPUT, _ANSWER),
            *tools(),
        ),
        totals=(Total("totalTokenCount", sum_of), Total("total_token_count", sum_of)),
        texts=(
            *_text(INPUT, _PROMPT), *_text(CACHE_READ, _CACHED), *_text(TOOL_INPUT, _TOOL),
            *_text(OUTPUT, _ANSWER),
        ),
        lists={
            name: ("modality", "token_count" if "_" in name else "tokenCount")
            for name in (*_PROMPT, *_CACHED, *_TOOL, *_ANSWER)
        },
        labels=Labels(service_tier=("serviceTier", "service_tier", "trafficType", "traffic_type")),
        informational=INFORMATIONAL,
        rivals=("gemini.thoughts_inside",) if thoughts_outside else (),
    )  # fmt: skip


GEMINI: Final = _gemini("gemini.generate_content", thoughts_outside=True)
"""Cached content is inside the prompt; thoughts and tool-use prompts are outside everything."""

GEMINI_THOUGHTS_INSIDE: Final = _gemini("gemini.thoughts_inside", thoughts_outside=False)
"""As Qwen Code writes it for OpenAI-compatible models; only a total can prove it."""

CONVERSE: Final = Dialect(
    "bedrock.converse",
    counters=(
        Counter(INPUT, ("inputTokens", "inputTokenCount")),
        Counter(CACHE_READ, ("cacheReadInputTokens", "cacheReadInputTokenCount"), outside=True),
        Counter(CACHE_WRITE, ("cacheWriteInputTokens", "cacheWriteInputTokenCount"), outside=True),
        Counter(CACHE_WRITE_5M, ("cacheDetails[5m]",), outside=True),
        Counter(CACHE_WRITE_1H, ("cacheDetails[1h]",), outside=True),
        Counter(OUTPUT, ("outputTokens", "outputTokenCount")),
        *tools(),
    ),
    totals=(Total("totalTokens", (INPUT, CACHE_READ, CACHE_WRITE, OUTPUT)),),
    lists={"cacheDetails": ("ttl", "inputTokens")},
    labels=Labels(service_tier=("serviceTier",)),
    informational=INFORMATIONAL | {"invocationLatency", "firstByteLatency"},
)
"""Cache counts are outside inputTokens; the `...TokenCount` names repeat the newer ones."""

COHERE: Final = Dialect(
    "cohere",
    counters=(
        Counter(INPUT, ("billed_units.input_tokens",), instead=("tokens.input_tokens",)),
        Counter(OUTPUT, ("billed_units.output_tokens",), instead=("tokens.output_tokens",)),
        Counter(INPUT | {"image"}, ("billed_units.image_tokens",), outside=True),
        Counter(cell("rerank_searches"), ("billed_units.search_units",)),
        Counter(cell("images"), ("billed_units.images",)),
    ),
    # Cached tokens are a part of `tokens`, which Cohere counts but does not bill by.
    informational=INFORMATIONAL | {"tokens", "cached_tokens", "api_version"},
)

OPENROUTER_MESSAGES: Final = replace(ANTHROPIC, name="openrouter.messages", stated="openrouter")
