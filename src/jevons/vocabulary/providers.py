"""The names by which tools call providers: one alias table for telemetry, gateways and tables.

The canonical names are those of the base price catalogue (genai-prices provider ids). A name that
nobody knows is kept as it is, in lower case: it finds no price, and the report says so.
"""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = "unknown"
"""The provider of a report that names none; any other report of the same call decides."""

VERTEX: Final = "vertex"
AI_STUDIO: Final = "ai-studio"
BEDROCK: Final = "bedrock"
"""Hosts: the places that serve models at prices of their own."""

_ALIASES: Final[dict[tuple[str, str | None], tuple[str, ...]]] = {
    ("anthropic", None): ("anthropic", "claude"),
    ("aws", BEDROCK): (
        "aws.bedrock", "aws_bedrock", "bedrock", "bedrock_converse", "amazon-bedrock",
        "amazon_bedrock",
    ),
    ("aws", None): ("aws", "amazon", "sagemaker"),
    ("azure", None): (
        "azure", "azure.ai.openai", "azure.ai.inference", "az.ai.openai", "az.ai.inference",
        "azure_ai", "azure-openai", "azure_openai", "azure-ai", "azure_text",
    ),
    ("cohere", None): ("cohere", "cohere_chat", "cohere_ai"),
    ("deepseek", None): ("deepseek", "deep_seek"),
    ("fireworks", None): ("fireworks", "fireworks_ai", "fireworks-ai"),
    ("google", None): ("google", "gcp.gen_ai", "google_genai", "google-genai", "google_ai"),
    ("google", AI_STUDIO): (
        "gemini", "gcp.gemini", "google.generative-ai", "googleai", "google_ai_studio",
        "google-ai-studio",
    ),
    ("google", VERTEX): (
        "gcp.vertex_ai", "vertex_ai", "vertex_ai_beta", "vertexai", "vertex", "google-vertex",
        "google_vertex", "google_vertexai", "google.vertex", "google-vertex-anthropic",
    ),
    ("groq", None): ("groq",),
    ("mistral", None): ("mistral", "mistral_ai", "mistralai", "mistral-ai", "codestral"),
    ("moonshotai", None): ("moonshotai", "moonshot_ai", "moonshot"),
    ("openai", None): ("openai", "open_ai", "text-completion-openai"),
    ("openrouter", None): ("openrouter", "open_router"),
    ("perplexity", None): ("perplexity", "perplexity_ai", "perplexity-ai"),
    ("together", None): ("together", "together_ai", "togetherai"),
    ("x-ai", None): ("x-ai", "x_ai", "xai", "grok"),
}  # fmt: skip
_CANONICAL: Final = {alias: meant for meant, aliases in _ALIASES.items() for alias in aliases}
_FAMILIES: Final = (
    (re.compile(r"gpt-|chatgpt-|o\d(-|\Z)|text-embedding-(3|ada)|codex-|dall-e|whisper"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-|gemma-"), "google"),
    (re.compile(r"grok-"), "x-ai"),
    (re.compile(r"deepseek-"), "deepseek"),
    (re.compile(r"(open-)?mistral-|codestral-|ministral-|magistral-"), "mistral"),
    (re.compile(r"command-|embed-(english|multilingual)"), "cohere"),
    (re.compile(r"sonar(-|\Z)"), "perplexity"),
)


def provider_of(name: str) -> tuple[str, str | None]:
    """The provider and the host that a tool's name means: `vertex_ai` is Google at Vertex AI.

    A name with an API after a dot (`openai.chat`, `google.vertex.chat`) is tried without it.
    """
    full = name = name.strip().lower()
    while name:
        if name in _CANONICAL:
            return _CANONICAL[name]
        name = name.rpartition(".")[0]
    return full or UNKNOWN, None


def provider_of_model(model: str | None) -> str:
    """Who makes the model, by its name; `unknown` when the name belongs to no known family.

    Only for reports that name no provider: others sell the same models at prices of their own.
    """
    name = (model or "").lower()
    return next((provider for family, provider in _FAMILIES if family.match(name)), UNKNOWN)
