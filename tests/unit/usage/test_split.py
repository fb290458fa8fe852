"""Every trap of provider usage, one small body each. Numbers are made up, shapes are genuine."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.usage.split import split
from jevons.vocabulary.charge import Impossible, Split

Usage = dict[str, Any]


def ok(provider: str, api: str | None, usage: Usage) -> Split:
    found = split(provider, api, usage)
    assert isinstance(found, Split), found
    return found


def quantities(provider: str, api: str | None, usage: Usage) -> dict[str, int]:
    found = ok(provider, api, usage)
    assert len(found.parts) == 1
    return dict(found.parts[0].quantities)


CHAT_DETAILS = {
    "prompt_tokens": 1000,
    "prompt_tokens_details": {
        "cached_tokens": 300, "cache_write_tokens": 200, "audio_tokens": 100, "text_tokens": 900,
    },
    "completion_tokens": 500,
    "completion_tokens_details": {
        "reasoning_tokens": 320, "audio_tokens": 80, "accepted_prediction_tokens": 30,
        "rejected_prediction_tokens": 10,
    },
    "total_tokens": 1500,
}  # fmt: skip

TRAPS: list[tuple[str, str, str | None, Usage, dict[str, int]]] = [
    (
        "chat details lie inside; predictions are output",
        "openai", "openai.chat", CHAT_DETAILS,
        {"input": 400, "cache_read": 300, "cache_write": 200, "audio_input": 100,
         "output": 100, "reasoning": 320, "audio_output": 80},
    ),
    (
        "null details are no details",
        "huggingface", "huggingface",
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
         "prompt_tokens_details": None, "completion_tokens_details": None},
        {"input": 10, "output": 5},
    ),
    (
        "LiteLLM writes Anthropic's counts inside prompt_tokens, three times over",
        "anthropic", "openai.chat",
        {"prompt_tokens": 17060, "completion_tokens": 57, "total_tokens": 17117,
         "cache_creation_input_tokens": 2048, "cache_read_input_tokens": 15000,
         "prompt_tokens_details": {
             "cached_tokens": 15000, "cache_write_tokens": 2048, "cache_creation_tokens": 2048,
             "text_tokens": 12, "cache_creation_token_details": {
                 "ephemeral_5m_input_tokens": 48, "ephemeral_1h_input_tokens": 2000}}},
        {"input": 12, "cache_read": 15000, "cache_write_5m": 48, "cache_write_1h": 2000,
         "output": 57},
    ),
    (
        "xAI's chat leaves reasoning out of completion_tokens",
        "x-ai", "openai.chat",
        {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
         "completion_tokens_details": {"reasoning_tokens": 94}},
        {"input": 32, "output": 9, "reasoning": 94},
    ),
    (
        "a total that counts xAI's reasoning inside is believed",
        "x-ai", "openai.chat",
        {"prompt_tokens": 32, "completion_tokens": 103, "total_tokens": 135,
         "completion_tokens_details": {"reasoning_tokens": 94}},
        {"input": 32, "output": 9, "reasoning": 94},
    ),
    (
        "a total that proves reasoning outside is believed of anyone",
        "someone", "openai.chat",
        {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
         "completion_tokens_details": {"reasoning_tokens": 94}},
        {"input": 32, "output": 9, "reasoning": 94},
    ),
    (
        "xAI's Responses count reasoning inside",
        "x-ai", "openai.responses",
        {"input_tokens": 32, "output_tokens": 103, "total_tokens": 135,
         "output_tokens_details": {"reasoning_tokens": 94},
         "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 3,
                                            "mcp_calls": 4, "document_search_calls": 1}},
        {"input": 32, "output": 9, "reasoning": 94, "web_searches": 5, "file_searches": 1},
    ),
    (
        "xAI's gRPC names",
        "xai", "xai.chat",
        {"prompt_tokens": 50, "cached_prompt_text_tokens": 20, "prompt_text_tokens": 50,
         "completion_tokens": 7, "reasoning_tokens": 3, "total_tokens": 60,
         "server_side_tools_used": ["SERVER_SIDE_TOOL_WEB_SEARCH", "SERVER_SIDE_TOOL_X_SEARCH",
                                    "SERVER_SIDE_TOOL_WEB_SEARCH"]},
        {"input": 30, "cache_read": 20, "output": 7, "reasoning": 3, "web_searches": 3},
    ),
    (
        "Responses details lie inside; Bedrock Mantle counts searches in the usage",
        "aws", "openai.responses",
        {"input_tokens": 142, "output_tokens": 33, "total_tokens": 175,
         "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 27},
         "output_tokens_details": {"reasoning_tokens": 11},
         "tool_usage": {"web_search": {"num_requests": 2}}},
        {"input": 75, "cache_read": 40, "cache_write": 27, "output": 22, "reasoning": 11,
         "web_searches": 2},
    ),
    (
        "realtime tells which cached tokens are audio",
        "openai", "openai.realtime",
        {"input_tokens": 1000, "output_tokens": 300, "total_tokens": 1300,
         "input_token_details": {
             "text_tokens": 400, "audio_tokens": 500, "image_tokens": 100, "cached_tokens": 350,
             "cached_tokens_details": {"text_tokens": 150, "audio_tokens": 180,
                                       "image_tokens": 20}},
         "output_token_details": {"text_tokens": 60, "audio_tokens": 240}},
        {"input": 250, "cache_read": 150, "audio_input": 320, "audio_cache_read": 180,
         "image_input": 80, "image_cache_read": 20, "output": 60, "audio_output": 240},
    ),
    (
        "a transcription billed by the second",
        "openai", "openai.realtime", {"type": "duration", "seconds": 9.6}, {"audio_seconds": 10},
    ),
    (
        "an image model's output is image tokens",
        "openai", "openai.images",
        {"input_tokens": 50, "output_tokens": 1056, "total_tokens": 1106,
         "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}},
        {"input": 10, "image_input": 40, "image_output": 1056},
    ),
    (
        "unless it says that some of it is text",
        "openai", "openai.images",
        {"input_tokens": 50, "output_tokens": 1100, "total_tokens": 1150,
         "output_tokens_details": {"text_tokens": 44, "image_tokens": 1056}},
        {"input": 50, "image_output": 1056, "output": 44},
    ),
    (
        "embeddings that state only a total",
        "voyage", "openai.embeddings", {"total_tokens": 12}, {"input": 12},
    ),
    (
        "Anthropic's cache counts are outside, thinking is inside",
        "anthropic", "anthropic.messages",
        {"input_tokens": 12, "cache_read_input_tokens": 15000, "cache_creation_input_tokens": 2100,
         "cache_creation": {"ephemeral_5m_input_tokens": 48, "ephemeral_1h_input_tokens": 2000},
         "output_tokens": 57, "output_tokens_details": {"thinking_tokens": 20},
         "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}},
        {"input": 12, "cache_read": 15000, "cache_write": 52, "cache_write_5m": 48,
         "cache_write_1h": 2000, "output": 37, "reasoning": 20, "web_searches": 2,
         "web_fetches": 1},
    ),
    (
        "a cache write without a lifetime",
        "anthropic", None,
        {"input_tokens": 1, "cache_creation_input_tokens": 7, "output_tokens": 2},
        {"input": 1, "cache_write": 7, "output": 2},
    ),
    (
        "Gemini: cached inside the prompt, thoughts and tool prompts outside",
        "google", None,
        {"promptTokenCount": 893, "cachedContentTokenCount": 200, "candidatesTokenCount": 106,
         "thoughtsTokenCount": 1312, "toolUsePromptTokenCount": 3056, "totalTokenCount": 5367,
         "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 786}],
         "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 3000},
                                        {"modality": "AUDIO", "tokenCount": 50}]},
        {"input": 693, "cache_read": 200, "tool_input": 3006, "audio_input": 50, "output": 106,
         "reasoning": 1312},
    ),
    (
        "Gemini's modalities, cached and not; a document is an image; AUDIO without a count is 0",
        "google", "gemini.generate_content",
        {"promptTokenCount": 3284, "cachedContentTokenCount": 2917, "candidatesTokenCount": 84,
         "totalTokenCount": 3368,
         "promptTokensDetails": [
             {"modality": "TEXT", "tokenCount": 70}, {"modality": "VIDEO", "tokenCount": 2893},
             {"modality": "DOCUMENT", "tokenCount": 321}, {"modality": "AUDIO"}],
         "cacheTokensDetails": [
             {"modality": "VIDEO", "tokenCount": 2570}, {"modality": "TEXT", "tokenCount": 62},
             {"modality": "DOCUMENT", "tokenCount": 285}]},
        {"input": 8, "cache_read": 62, "video_input": 323, "video_cache_read": 2570,
         "image_input": 36, "image_cache_read": 285, "output": 84},
    ),
    (
        "Gemini's image output beside unexplained text",
        "google", None,
        {"promptTokenCount": 33, "candidatesTokenCount": 1780, "totalTokenCount": 1813,
         "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}]},
        {"input": 33, "image_output": 1120, "output": 660},
    ),
    (
        "a total that proves thoughts inside the candidates",
        "alibaba", "gemini.generate_content",
        {"promptTokenCount": 1200, "candidatesTokenCount": 57, "thoughtsTokenCount": 20,
         "totalTokenCount": 1257},
        {"input": 1200, "output": 37, "reasoning": 20},
    ),
    (
        "Gemini embeddings spell their details otherwise",
        "google", None,
        {"promptTokenCount": 7, "promptTokenDetails": [{"modality": "TEXT", "tokenCount": 7}]},
        {"input": 7},
    ),
    (
        "Converse: cache outside, old names repeat the new ones, lifetimes listed",
        "aws", None,
        {"inputTokens": 3, "outputTokens": 61, "cacheReadInputTokens": 2074,
         "cacheReadInputTokenCount": 2074, "cacheWriteInputTokens": 297,
         "cacheWriteInputTokenCount": 297, "cacheDetails": [{"ttl": "1h", "inputTokens": 200},
                                                            {"ttl": "5m", "inputTokens": 97}],
         "serverToolUsage": {}, "totalTokens": 2435},
        {"input": 3, "cache_read": 2074, "cache_write_1h": 200, "cache_write_5m": 97, "output": 61},
    ),
    (
        "Mistral's other spelling of cached tokens, and audio by the second",
        "mistral", None,
        {"prompt_tokens": 70, "num_cached_tokens": 69, "completion_tokens": 12, "total_tokens": 82,
         "prompt_audio_seconds": 30},
        {"input": 1, "cache_read": 69, "output": 12, "audio_seconds": 30},
    ),
    ("Mistral's OCR bills pages", "mistral", None, {"pages_processed": 8, "doc_size_bytes": 9_000},
     {"pages": 8}),
    (
        "DeepSeek's hits and misses make up the prompt",
        "deepseek", None,
        {"prompt_tokens": 976, "prompt_cache_hit_tokens": 896, "prompt_cache_miss_tokens": 80,
         "prompt_tokens_details": {"cached_tokens": 896}, "completion_tokens": 61,
         "completion_tokens_details": {"reasoning_tokens": 25}, "total_tokens": 1037},
        {"input": 80, "cache_read": 896, "output": 36, "reasoning": 25},
    ),
    (
        "and are the prompt where it is not given",
        "deepseek", None,
        {"prompt_cache_hit_tokens": 896, "prompt_cache_miss_tokens": 80, "completion_tokens": 1},
        {"input": 80, "cache_read": 896, "output": 1},
    ),
    (
        "Cohere bills by billed_units, not by tokens",
        "cohere", None,
        {"billed_units": {"input_tokens": 41, "output_tokens": 28, "search_units": 2},
         "tokens": {"input_tokens": 1442, "output_tokens": 29}, "cached_tokens": 1040},
        {"input": 41, "output": 28, "rerank_searches": 2},
    ),
    (
        "but tokens are better than nothing",
        "cohere", "cohere", {"tokens": {"input_tokens": 1442, "output_tokens": 29}},
        {"input": 1442, "output": 29},
    ),
    (
        "Perplexity reasons and reads beside its answer",
        "perplexity", None,
        {"prompt_tokens": 33, "completion_tokens": 11395, "total_tokens": 11428,
         "citation_tokens": 28589, "num_search_queries": 18, "reasoning_tokens": 193434},
        {"input": 33, "output": 11395, "citation": 28589, "reasoning": 193434, "web_searches": 18},
    ),
    (
        "Codex: everything inside; exporters write text",
        "openai", "codex",
        {"input_tokens": "12000", "cached_input_tokens": 9000, "cache_write_input_tokens": 0,
         "output_tokens": "157", "reasoning_output_tokens": 64, "total_tokens": 12157},
        {"input": 3000, "cache_read": 9000, "output": 93, "reasoning": 64},
    ),
    (
        "Gemini CLI: cached inside the input, thoughts and tools outside the output",
        "google", "gemini.cli",
        {"input": 1500, "output": 40, "cached": 1000, "thoughts": 25, "tool": 5, "total": 1570},
        {"input": 500, "cache_read": 1000, "output": 40, "reasoning": 25, "tool_input": 5},
    ),
    (
        "unless its total proves the input to be without the cached part",
        "google", "gemini.cli",
        {"input": 500, "output": 40, "cached": 1000, "thoughts": 25, "tool": 5, "total": 1570},
        {"input": 500, "cache_read": 1000, "output": 40, "reasoning": 25, "tool_input": 5},
    ),
    (
        "OpenCode: nothing overlaps",
        "openai", "opencode",
        {"input": 200, "output": 37, "reasoning": 20, "cache": {"read": 1000, "write": 3},
         "total": 1260},
        {"input": 200, "cache_read": 1000, "cache_write": 3, "output": 37, "reasoning": 20},
    ),
    (
        "OpenTelemetry: everything inside",
        "anthropic", "otel.gen_ai",
        {"input_tokens": 17060, "cache_read_input_tokens": 15000, "output_tokens": 57,
         "cache_write_input_tokens": 2048, "cache_write_1h_input_tokens": 2000,
         "cache_write_5m_input_tokens": 48, "reasoning_output_tokens": 20},
        {"input": 12, "cache_read": 15000, "cache_write_5m": 48, "cache_write_1h": 2000,
         "output": 37, "reasoning": 20},
    ),
    (
        "an emitter of its total outside is found out by it",
        "anthropic", "otel.gen_ai",
        {"input_tokens": 12, "cache_read_input_tokens": 15000, "output_tokens": 57,
         "total_tokens": 15069},
        {"input": 12, "cache_read": 15000, "output": 57},
    ),
    (
        "Claude Code's spans leave the cache out of input_tokens",
        "anthropic", "otel.exclusive",
        {"input_tokens": 12, "cache_read_input_tokens": 15000, "cache_write_input_tokens": 2048,
         "output_tokens": 57},
        {"input": 12, "cache_read": 15000, "cache_write": 2048, "output": 57},
    ),
    (
        "Gemini's spans leave thoughts out of output_tokens",
        "google", "otel.gemini",
        {"input_tokens": 1500, "cache_read_input_tokens": 1000, "output_tokens": 40,
         "reasoning_output_tokens": 25, "total_tokens": 1565},
        {"input": 500, "cache_read": 1000, "output": 40, "reasoning": 25},
    ),
    (
        "quantities are leaves already",
        "acme", "jevons.quantities",
        {"input": 1, "cache_read": 2, "audio_cache_read": 3, "reasoning": 4, "output": 5,
         "web_searches": 6},
        {"input": 1, "cache_read": 2, "audio_cache_read": 3, "reasoning": 4, "output": 5,
         "web_searches": 6},
    ),
    ("a table may count anything", "acme", "inclusive",
     {"input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 2, "images": 3},
     {"input": 6, "cache_read": 4, "output": 2, "images": 3}),
    ("whole floats are whole numbers", "openai", None,
     {"prompt_tokens": 10.0, "completion_tokens": 5.0}, {"input": 10, "output": 5}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "api", "usage", "expected"),
    [trap[1:] for trap in TRAPS],
    ids=[trap[0] for trap in TRAPS],
)
def test_a_body_becomes_leaves(
    provider: str, api: str | None, usage: Usage, expected: dict[str, int]
) -> None:
    assert quantities(provider, api, usage) == expected
    found = ok(provider, api, usage)
    assert (found.unknown_keys, found.anomalies) == ((), ())


@pytest.mark.parametrize(
    ("provider", "usage", "reason"),
    [
        (
            "openai",
            {"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 1200}},
            "cached_tokens (1200) cannot exceed prompt_tokens (1000)",
        ),
        (
            "anthropic",
            {"input_tokens": 1, "cache_creation_input_tokens": 5,
             "cache_creation": {"ephemeral_5m_input_tokens": 6}, "output_tokens": 1},
            "ephemeral_5m_input_tokens (6) cannot exceed cache_creation_input_tokens (5)",
        ),
        (
            "google",
            {"promptTokenCount": 10, "promptTokensDetails": [
                {"modality": "AUDIO", "tokenCount": 11}]},
            "promptTokensDetails[AUDIO] (11) cannot exceed promptTokenCount (10)",
        ),
        ("openai", {"prompt_tokens": -1}, "prompt_tokens (-1) cannot be below 0"),
        ("openai", {"prompt_tokens": "7"}, "prompt_tokens is text, not a count"),
        ("openai", {}, "no dialect of openai has these keys: none"),
        ("openai", {"total_tokens": 9}, "no dialect of openai has these keys: total_tokens"),
    ],
)  # fmt: skip
def test_what_cannot_be_true_names_both_counters(provider: str, usage: Usage, reason: str) -> None:
    assert split(provider, None, usage) == Impossible(reason)


def test_only_unknown_counters_are_not_a_free_call() -> None:
    found = split("openai", "openai.chat", {"total_tokens": 9, "watts": 4, "note": "text"})
    assert found == Impossible(
        "no counter of openai.chat in the usage, only total_tokens (9), watts=4"
    )


@pytest.mark.parametrize(
    ("uncounted", "usage", "anomaly"),
    [
        (
            62,
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
            "62 tokens of the stated total in no counter:"
            " total_tokens (109), prompt_tokens (35) + completion_tokens (12)",
        ),
        (
            0,
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 40},
            "total_tokens (40) is less than prompt_tokens (35) + completion_tokens (12)",
        ),
        (
            23,
            {"prompt_tokens": 35, "prompt_cache_hit_tokens": 5, "prompt_cache_miss_tokens": 7},
            "23 tokens of the stated total in no counter:"
            " prompt_tokens (35), prompt_cache_hit_tokens (5) + prompt_cache_miss_tokens (7)",
        ),
        (
            0,
            {"prompt_tokens": 35, "prompt_tokens_details": {"text_tokens": 30, "audio_tokens": 9}},
            "text (30) and other modalities (9) exceed prompt_tokens (35)",
        ),
    ],
)
def test_a_broken_sum_is_named_and_the_counters_stand(
    uncounted: int, usage: Usage, anomaly: str
) -> None:
    found = ok("openai", None, usage)
    assert (found.anomalies, found.uncounted_tokens) == ((anomaly,), uncounted)
    assert sum(found.parts[0].quantities.values()) == sum(
        usage.get(key, 0) for key in ("prompt_tokens", "completion_tokens")
    )


def test_unknown_counters_are_kept_and_change_nothing() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "holo_tokens": 4, "queue_time": 0.5}
    found = ok("groq", None, usage)
    assert found.unknown_keys == ("holo_tokens=4",)
    assert found.parts[0].quantities == {"input": 3, "output": 2}


def test_twelve_hour_writes_are_unknown_until_they_have_a_price() -> None:
    lifetimes = {"ttl_30m_tokens": 5, "ttl_12h_tokens": 4}
    details = {"cache_write_tokens": 9, "cache_write_tokens_details": lifetimes}
    found = ok("openai", None, {"input_tokens": 9, "input_tokens_details": details})
    assert found.parts[0].quantities == {"cache_write": 9}
    assert found.unknown_keys == (
        "input_tokens_details.cache_write_tokens_details.ttl_12h_tokens=4",
    )


def test_a_redeemed_fallback_credit_is_told() -> None:
    usage = {"input_tokens": 5, "cache_creation_input_tokens": 9, "output_tokens": 1,
             "fallback_credit": {"type": "redeemed"}}  # fmt: skip
    assert ok("anthropic", None, usage).anomalies == (
        "fallback credit redeemed: cache writes of this retry are billed as reads",
    )
    usage["fallback_credit"] = {"type": "not_applied", "reason": "expired"}
    assert ok("anthropic", None, usage).anomalies == ()


def test_the_context_tier_follows_the_whole_input() -> None:
    usage = {"input_tokens": 12, "cache_read_input_tokens": 15000, "output_tokens": 57}
    assert ok("anthropic", None, usage).parts[0].tier_input_tokens == 15012
    assert ok("openai", None, CHAT_DETAILS).parts[0].tier_input_tokens == 1000


def test_a_summed_tool_loop_is_not_one_long_context() -> None:
    usage = {"input_tokens": 494549, "output_tokens": 1245,
             "server_tool_use": {"web_search_requests": 5, "web_fetch_requests": 0}}  # fmt: skip
    # six turns: ceil(494549 / 6)
    assert ok("anthropic", None, usage).parts[0].tier_input_tokens == 82425


def test_how_the_call_was_served() -> None:
    usage = {"input_tokens": 1, "output_tokens": 1, "service_tier": "priority", "speed": "fast",
             "inference_geo": "us"}  # fmt: skip
    found = ok("anthropic", None, usage)
    assert (found.service_tier, found.speed, found.region) == ("priority", "fast", "us")
