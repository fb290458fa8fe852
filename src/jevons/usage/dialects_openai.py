"""Dialects of OpenAI's APIs and of those who speak them: chat, Responses, realtime, images.

Sources: the OpenAI SDK's usage types (3.54), the providers' API references as of 2026-11, and for
proxies LiteLLM 1.106's usage object. Details lie inside their total everywhere but where noted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jevons.usage.cells import (
    CACHE_READ,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    CITATION,
    DOCUMENT_SEARCHES,
    INPUT,
    OUTPUT,
    REASONING,
    TEXT_OUTPUT,
    X_SEARCHES,
    cell,
)
from jevons.usage.dialect import Counter, Dialect, Labels, TextDetail, Total
from jevons.vocabulary.units import Unit

INFORMATIONAL: Final = frozenset(
    {
        # what a client or gateway computed, not what the provider billed
        "cost", "cost_details", "is_byok", "pydantic_ai_gateway", "cost_in_nano_usd",
        # times and sizes
        "queue_time", "prompt_time", "completion_time", "total_time", "doc_size_bytes",
        "usage_info.doc_size_bytes", "x_groq", "extra_properties", "context_details",
        # parts of a total that cost what the rest of it costs; OpenAI bills rejected predictions
        "completion_tokens_details.accepted_prediction_tokens",
        "completion_tokens_details.rejected_prediction_tokens",
        "output_tokens_details.accepted_prediction_tokens",
        "output_tokens_details.rejected_prediction_tokens",
        # writes of the standard lifetime; those of 12 hours are unknown until a price is
        "prompt_tokens_details.cache_write_tokens_details.ttl_30m_tokens",
        "input_tokens_details.cache_write_tokens_details.ttl_30m_tokens",
        # sums and repetitions of tool counts, tools without a fee
        "num_sources_used", "num_server_side_tools_used", "server_tool_use_details",
        "server_side_tool_usage_details.mcp_calls", "copilot_usage",
    }
)  # fmt: skip
"""Names of numbers that bill nothing of their own, over all dialects of this family."""

TOOLS: Final = ("web_searches", "web_fetches", "file_searches", "code_executions", "maps_queries")


def tools(**spellings: tuple[str, ...]) -> tuple[Counter, ...]:
    """Counters of server tools: a dialect's own spellings, else what the output items show."""
    return tuple(
        Counter(cell(unit), spellings.get(unit, ()), instead=(f"server_tools.{unit}",))
        for unit in TOOLS
    )


def modalities(
    prompt: str, cached: str, completion: str, suffix: str = "_tokens"
) -> tuple[Counter, ...]:
    """Counters of audio, image and video inside input, cached input and output."""
    kinds = ("audio", "image", "video")
    return (
        *(Counter(INPUT | {kind}, (f"{prompt}.{kind}{suffix}",)) for kind in kinds),
        *(Counter(CACHE_READ | {kind}, (f"{cached}.{kind}{suffix}",)) for kind in kinds),
        *(Counter(OUTPUT | {kind}, (f"{completion}.{kind}{suffix}",)) for kind in kinds),
    )


def texts(prompt: str, cached: str, completion: str) -> tuple[TextDetail, ...]:
    """Text details of input, cached input and output."""
    return (
        TextDetail(INPUT, (f"{prompt}.text_tokens",)),
        TextDetail(CACHE_READ, (f"{cached}.text_tokens",)),
        TextDetail(OUTPUT, (f"{completion}.text_tokens",)),
    )


_PROMPT: Final = "prompt_tokens_details"
_COMPLETION: Final = "completion_tokens_details"
_CHAT_INPUT: Final = (
    Counter(
        INPUT, ("prompt_tokens",), instead=("prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    ),
    Counter(
        CACHE_READ,
        (
            f"{_PROMPT}.cached_tokens", "cached_tokens", "num_cached_tokens",
            "prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_prompt_text_tokens",
        ),
    ),
    Counter(
        CACHE_WRITE,
        (
            f"{_PROMPT}.cache_write_tokens", f"{_PROMPT}.cache_creation_tokens",
            "cache_creation_input_tokens",
        ),
    ),
    Counter(
        CACHE_WRITE_5M, (f"{_PROMPT}.cache_creation_token_details.ephemeral_5m_input_tokens",)
    ),
    Counter(
        CACHE_WRITE_1H, (f"{_PROMPT}.cache_creation_token_details.ephemeral_1h_input_tokens",)
    ),
    *modalities(_PROMPT, f"{_PROMPT}.cached_tokens_details", _COMPLETION),
    Counter(OUTPUT, ("completion_tokens",)),
)  # fmt: skip
_REASONING: Final = (f"{_COMPLETION}.reasoning_tokens", "reasoning_tokens")
_CHAT_TOOLS: Final = tools(
    web_searches=(
        "server_tool_use.web_search_requests", "server_side_tool_usage_details.web_search_calls",
        "server_side_tools_used[SERVER_SIDE_TOOL_WEB_SEARCH]",
    ),
    code_executions=(
        "server_side_tool_usage_details.code_interpreter_calls",
        "server_side_tools_used[SERVER_SIDE_TOOL_CODE_EXECUTION]",
    ),
    file_searches=(
        "server_side_tool_usage_details.file_search_calls",
        "server_side_tools_used[SERVER_SIDE_TOOL_COLLECTIONS_SEARCH]",
    ),
)  # fmt: skip
_X_SEARCHES: Final = Counter(
    X_SEARCHES,
    (
        "server_side_tool_usage_details.x_search_calls",
        "server_side_tools_used[SERVER_SIDE_TOOL_X_SEARCH]",
    ),
)
_LISTS: Final = {"server_side_tools_used": ("", "")}
_CACHE_MISS: Final = Total("prompt_tokens", (CACHE_READ,), ("prompt_cache_miss_tokens",))
_TIER: Final = Labels(service_tier=("service_tier",), speed=("speed",), region=("inference_geo",))

CHAT: Final = Dialect(
    "openai.chat",
    counters=(*_CHAT_INPUT, Counter(REASONING, _REASONING), *_CHAT_TOOLS, _X_SEARCHES),
    totals=(Total("total_tokens", (INPUT, OUTPUT)), _CACHE_MISS),
    texts=(
        *texts(_PROMPT, f"{_PROMPT}.cached_tokens_details", _COMPLETION),
        TextDetail(INPUT, ("prompt_text_tokens",)),
    ),
    lists=_LISTS,
    labels=_TIER,
    informational=INFORMATIONAL,
    rivals=("xai.chat",),
)
"""chat/completions, and its many spellings of one cached count."""

XAI_CHAT: Final = replace(
    CHAT,
    name="xai.chat",
    # xAI's completion_tokens leave reasoning out (docs.x.ai; pricing is for both).
    counters=(
        *_CHAT_INPUT,
        Counter(REASONING, _REASONING, outside=True),
        *_CHAT_TOOLS,
        _X_SEARCHES,
    ),
    totals=(Total("total_tokens", (INPUT, OUTPUT, REASONING)), _CACHE_MISS),
    rivals=("openai.chat",),
    stated="xai",
)

MISTRAL: Final = replace(
    CHAT,
    name="mistral",
    counters=(
        *CHAT.counters,
        Counter(cell("pages"), ("pages_processed", "usage_info.pages_processed")),
        Counter(cell("audio_seconds"), ("prompt_audio_seconds",), seconds=True),
    ),
)

PERPLEXITY: Final = replace(
    CHAT,
    name="perplexity",
    # Deep research reasons and reads beside its answer: 193,434 reasoning tokens with 11,395
    # completion tokens in Perplexity's own example, where total = prompt + completion.
    counters=(
        *_CHAT_INPUT,
        Counter(REASONING, ("reasoning_tokens",), outside=True),
        Counter(CITATION, ("citation_tokens",), outside=True),
        *tools(web_searches=("num_search_queries",)),
    ),
    rivals=(),
    stated="perplexity",
)

_IN: Final = "input_tokens_details"
_OUT: Final = "output_tokens_details"
RESPONSES: Final = Dialect(
    "openai.responses",
    counters=(
        Counter(INPUT, ("input_tokens",)),
        Counter(CACHE_READ, (f"{_IN}.cached_tokens", f"{_IN}.cache_read_input_tokens")),
        Counter(CACHE_WRITE, (f"{_IN}.cache_write_tokens", f"{_IN}.cache_creation_input_tokens")),
        *modalities(_IN, f"{_IN}.cached_tokens_details", _OUT),
        Counter(OUTPUT, ("output_tokens",)),
        Counter(REASONING, (f"{_OUT}.reasoning_tokens",)),
        *tools(
            web_searches=(
                "tool_usage.web_search.num_requests",
                "server_side_tool_usage_details.web_search_calls",
                "tool_calls_details.search_web.invocation",
            ),
            code_executions=("server_side_tool_usage_details.code_interpreter_calls",),
            file_searches=("server_side_tool_usage_details.file_search_calls",),
        ),
        _X_SEARCHES,
        Counter(DOCUMENT_SEARCHES, ("server_side_tool_usage_details.document_search_calls",)),
    ),
    totals=(Total("total_tokens", (INPUT, OUTPUT)),),
    texts=texts(_IN, f"{_IN}.cached_tokens_details", _OUT),
    lists=_LISTS,
    labels=_TIER,
    informational=INFORMATIONAL,
)

_REALTIME_IN: Final = "input_token_details"
_REALTIME_OUT: Final = "output_token_details"
REALTIME: Final = Dialect(
    "openai.realtime",
    counters=(
        Counter(INPUT, ("input_tokens",)),
        Counter(CACHE_READ, (f"{_REALTIME_IN}.cached_tokens",)),
        *modalities(_REALTIME_IN, f"{_REALTIME_IN}.cached_tokens_details", _REALTIME_OUT),
        Counter(OUTPUT, ("output_tokens",)),
        Counter(REASONING, (f"{_REALTIME_OUT}.reasoning_tokens",)),
        Counter(cell("audio_seconds"), ("seconds", "billable_audio_seconds"), seconds=True),
        *tools(),
    ),
    totals=(Total("total_tokens", (INPUT, OUTPUT)),),
    texts=texts(_REALTIME_IN, f"{_REALTIME_IN}.cached_tokens_details", _REALTIME_OUT),
    labels=_TIER,
    informational=INFORMATIONAL,
)
"""Realtime sessions and transcriptions: `token` is in the singular, and some bill by the second."""

IMAGES: Final = Dialect(
    "openai.images",
    counters=(
        Counter(INPUT, ("input_tokens",)),
        Counter(INPUT | {"image"}, (f"{_IN}.image_tokens",)),
        Counter(CACHE_READ, (f"{_IN}.cached_tokens",)),
        Counter(CACHE_READ | {"image"}, (f"{_IN}.cached_tokens_details.image_tokens",)),
        Counter(OUTPUT, ("output_tokens",)),
        Counter(OUTPUT | {"image"}, (f"{_OUT}.image_tokens",)),
        Counter(TEXT_OUTPUT, (f"{_OUT}.text_tokens",)),
        Counter(cell("images"), ("generated_images",)),
    ),
    totals=(Total("total_tokens", (INPUT, OUTPUT)),),
    texts=(TextDetail(INPUT, (f"{_IN}.text_tokens",)),),
    labels=_TIER,
    informational=INFORMATIONAL,
    # An image model's output is image tokens unless the details say that it is text.
    units={OUTPUT: Unit("image_output")},
)

EMBEDDINGS: Final = Dialect(
    "openai.embeddings",
    counters=(
        Counter(INPUT, ("prompt_tokens",), instead=("total_tokens",)),
        Counter(INPUT | {"image"}, (f"{_PROMPT}.image_tokens",)),
    ),
    totals=(Total("total_tokens", (INPUT,)),),
    texts=(TextDetail(INPUT, (f"{_PROMPT}.text_tokens",)),),
    labels=_TIER,
    informational=INFORMATIONAL,
)
