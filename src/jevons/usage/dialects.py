"""All dialects by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jevons.usage import dialects_native as native
from jevons.usage import dialects_openai as openai
from jevons.usage import dialects_tools as tools
from jevons.usage.dialect import Dialect


def _named(*dialects: Dialect) -> dict[str, Dialect]:
    return {dialect.name: dialect for dialect in dialects}


DIALECTS: Final = _named(
    native.ANTHROPIC,
    openai.CHAT,
    openai.RESPONSES,
    openai.REALTIME,
    openai.IMAGES,
    openai.EMBEDDINGS,
    native.GEMINI,
    native.CONVERSE,
    openai.MISTRAL,
    replace(openai.CHAT, name="deepseek"),
    openai.XAI_CHAT,
    native.COHERE,
    openai.PERPLEXITY,
    replace(openai.CHAT, name="openrouter", stated="openrouter"),
    replace(openai.CHAT, name="groq"),
    replace(openai.CHAT, name="huggingface"),
    replace(native.ANTHROPIC, name="claude.code"),
    tools.CODEX,
    tools.GEMINI_CLI,
    tools.OPENCODE,
    tools.OTEL,
    tools.OTEL_EXCLUSIVE,
    tools.OTEL_GEMINI,
    tools.QUANTITIES,
    tools.INCLUSIVE,
)
"""What the `api` of an observation may name."""

READINGS: Final = DIALECTS | _named(
    replace(openai.RESPONSES, name="xai.responses", stated="xai"),
    replace(openai.RESPONSES, name="openrouter.responses", stated="openrouter"),
    replace(openai.RESPONSES, name="perplexity.responses", stated="perplexity"),
    replace(openai.CHAT, name="copilot.chat", stated="copilot"),
    replace(openai.RESPONSES, name="copilot.responses", stated="copilot"),
    native.OPENROUTER_MESSAGES,
    native.GEMINI_THOUGHTS_INSIDE,
    tools.GEMINI_CLI_EXCLUSIVE,
)
"""Those and the readings of them that a provider or a stated total decides for."""
