from __future__ import annotations

import pytest

from jevons.pricing.reference import references


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ("claude-opus-4-8[1m]", "claude-opus-4-8"),
        ("openai/gpt-5.4", "gpt-5.4"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("projects/p/locations/us/publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929"),
        ("claude-opus-4-8@default", "claude-opus-4-8"),
        ("converse/openai/gpt-5.4", "gpt-5.4"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.x-1", "us.anthropic.x-1"),
        ("apac.anthropic.claude-opus-4-8", "anthropic.claude-opus-4-8"),
        ("ft:gpt-4.1:acme::abc", "gpt-4.1.ft-acme::abc"),
    ],
)
def test_forms(given: str, form: str) -> None:
    forms = list(references(given, lambda word: word == "openai"))
    assert forms[0] == given
    assert form in forms
    assert len(forms) == len(set(forms))


def test_a_makers_name_is_kept() -> None:
    assert list(references("qwen/qwen3-32b", lambda word: word == "groq")) == ["qwen/qwen3-32b"]
