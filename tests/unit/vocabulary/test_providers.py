"""The alias table of providers."""

from __future__ import annotations

import pytest

from jevons.vocabulary.providers import provider_of, provider_of_model


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai", ("openai", None)),
        ("OpenAI", ("openai", None)),
        ("openai.responses", ("openai", None)),
        ("anthropic.messages", ("anthropic", None)),
        ("vertex_ai", ("google", "vertex")),
        ("google.vertex.chat", ("google", "vertex")),
        ("google.generative-ai", ("google", "ai-studio")),
        ("gcp.gen_ai", ("google", None)),
        ("aws.bedrock", ("aws", "bedrock")),
        ("azure.ai.openai", ("azure", None)),
        ("azure-openai.chat", ("azure", None)),
        ("xai", ("x-ai", None)),
        ("My.Own", ("my.own", None)),
        ("somebody", ("somebody", None)),
        ("", ("unknown", None)),
    ],
)
def test_names(name: str, expected: tuple[str, str | None]) -> None:
    assert provider_of(name) == expected


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-5.4", "openai"), ("o3-mini", "openai"), ("o3", "openai"), ("olmo-7b", "unknown"),
        ("text-embedding-3-small", "openai"), ("claude-opus-4-8", "anthropic"),
        ("gemini-2.5-pro", "google"), ("grok-4", "x-ai"), ("deepseek-chat", "deepseek"),
        ("magistral-medium", "mistral"), ("command-r", "cohere"), ("sonar", "perplexity"),
        ("anthropic.claude-3", "unknown"), (None, "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_makers_of_models(model: str | None, provider: str) -> None:
    assert provider_of_model(model) == provider
