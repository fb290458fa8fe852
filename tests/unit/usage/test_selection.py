"""Which dialect a body is read in."""

from __future__ import annotations

import pytest

from jevons.usage.selection import select
from jevons.vocabulary.charge import Impossible

CASES = [
    # provider, api, keys, dialect
    ("openai", None, "prompt_tokens completion_tokens", "openai.chat"),
    ("openai", "openai.chat", "prompt_tokens", "openai.chat"),
    ("azure", "chat", "prompt_tokens", "openai.chat"),
    ("x-ai", "openai.chat", "prompt_tokens", "xai.chat"),
    ("x_ai", None, "prompt_tokens", "xai.chat"),
    ("xAI", "openai.responses", "input_tokens input_tokens_details", "xai.responses"),
    ("deepseek", None, "prompt_tokens prompt_cache_hit_tokens", "deepseek"),
    ("mistralai", "default", "prompt_tokens num_cached_tokens", "mistral"),
    ("mistral", None, "pages_processed doc_size_bytes", "mistral"),
    ("perplexity", "openai.chat", "prompt_tokens cost", "perplexity"),
    ("openrouter", "openai.chat", "prompt_tokens cost", "openrouter"),
    ("openrouter", "openai.responses", "input_tokens cost", "openrouter.responses"),
    ("openrouter", "anthropic.messages", "input_tokens cost", "openrouter.messages"),
    ("my-gateway", None, "prompt_tokens cost cost_details is_byok", "openrouter"),
    ("groq", None, "prompt_tokens queue_time", "groq"),
    ("github-copilot", None, "prompt_tokens copilot_usage", "copilot.chat"),
    ("anthropic", None, "input_tokens output_tokens", "anthropic.messages"),
    ("aws", None, "input_tokens cache_creation_input_tokens", "anthropic.messages"),
    ("aws", None, "inputTokens outputTokens totalTokens", "bedrock.converse"),
    ("aws", "responses", "input_tokens input_tokens_details", "openai.responses"),
    ("google", None, "promptTokenCount candidatesTokenCount", "gemini.generate_content"),
    ("google", None, "prompt_token_count", "gemini.generate_content"),
    ("google", "chat", "prompt_tokens total_tokens", "openai.chat"),
    ("cohere", None, "billed_units tokens", "cohere"),
    ("cohere", "embeddings", "billed_units api_version", "cohere"),
    ("openai", "embeddings", "prompt_tokens total_tokens", "openai.embeddings"),
    ("voyage", "openai.embeddings", "total_tokens", "openai.embeddings"),
    ("openai", None, "input_token_details input_tokens", "openai.realtime"),
    ("openai", "openai.chat", "seconds type", "openai.realtime"),
    ("anthropic", "claude.code", "input_tokens cache_read_input_tokens", "claude.code"),
    ("openai", "codex", "input_tokens cached_input_tokens", "codex"),
    ("openai", None, "input_tokens cached_input_tokens", "codex"),
    ("google", None, "input output cached thoughts tool total", "gemini.cli"),
    ("openai", None, "input output reasoning cache total", "opencode"),
    ("openai", None, "input output cache_read web_searches", "jevons.quantities"),
    ("", None, "input_tokens output_tokens reasoning_output_tokens", "otel.gen_ai"),
    ("", None, "input_tokens output_tokens", "openai.responses"),
    # A proxy renames the body but not the API: the keys decide.
    ("anthropic", "anthropic.messages", "prompt_tokens cache_read_input_tokens", "openai.chat"),
    ("openai", "openai.chat", "input_tokens output_tokens input_tokens_details",
     "openai.responses"),
    ("openai", "no.such.api", "prompt_tokens", "openai.chat"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "api", "keys", "name"), CASES)
def test_a_body_is_read_in_its_dialect(
    provider: str, api: str | None, keys: str, name: str
) -> None:
    found = select(provider, api, keys.split())
    assert not isinstance(found, Impossible)
    assert found.name == name


def test_a_body_that_no_dialect_knows_is_said_to_be_so() -> None:
    assert select("acme", None, ["watts", "joules"]) == Impossible(
        "no dialect of acme has these keys: joules, watts"
    )


def test_a_named_dialect_stands_where_the_keys_tell_nothing() -> None:
    found = select("acme", "openai.chat", ["watts"])
    assert not isinstance(found, Impossible)
    assert found.name == "openai.chat"
