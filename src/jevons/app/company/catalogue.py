"""The models that the company calls, with their list prices.

Names and prices are real and constant over the six months, so that only the company changes its
bill; the price cuts of its story come under new model names, as vendors make them. A test
compares the prices with the price catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Dialect = Literal["anthropic", "responses", "chat", "gemini", "embeddings"]
API: Final[dict[str, str]] = {
    "anthropic": "anthropic.messages", "responses": "openai.responses", "chat": "openai.chat",
    "gemini": "gemini.generate_content", "embeddings": "openai.embeddings",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """A model as called: provider, dialect of its usage, and list prices in USD per million
    tokens.

    prices: fresh input, cache read, cache write for five minutes, for one hour, output and
    reasoning. search: USD per web search. tier: `standard`, `batch` or `priority`; the truth file
    leaves calls outside the standard tier, and models without prices, out of its money.
    answers_as: the dated name that the provider answers with, if it does.
    """

    name: str
    provider: str
    dialect: Dialect
    prices: tuple[str, str, str, str, str] | None
    tier: str = "standard"
    search: str = "0"
    host: str | None = None
    answers_as: str | None = None


MODELS: Final[tuple[Model, ...]] = (
    Model("claude-sonnet-4-6", "anthropic", "anthropic", ("3", "0.3", "3.75", "6", "15")),
    Model("claude-sonnet-5", "anthropic", "anthropic", ("2", "0.2", "2.5", "4", "10")),
    Model("claude-haiku-4-5", "anthropic", "anthropic", ("1", "0.1", "1.25", "2", "5"),
          answers_as="claude-haiku-4-5-20251001"),
    Model("claude-sonnet-4-5", "anthropic", "anthropic", ("3", "0.3", "3.75", "6", "15"),
          search="0.01", answers_as="claude-sonnet-4-5-20250929"),
    Model("gpt-5.2", "openai", "responses", ("1.75", "0.175", "1.75", "1.75", "14")),
    Model("gpt-5-mini", "openai", "responses", ("0.25", "0.025", "0.25", "0.25", "2"),
          answers_as="gpt-5-mini-2025-08-07"),
    Model("gpt-4.1", "openai", "chat", ("2", "0.5", "2", "2", "8"),
          answers_as="gpt-4.1-2025-04-14"),
    Model("o3", "openai", "chat", ("2", "0.5", "2", "2", "8"), answers_as="o3-2025-04-16"),
    Model("gpt-4.1-mini", "openai", "chat", ("0.4", "0.1", "0.4", "0.4", "1.6"),
          answers_as="gpt-4.1-mini-2025-04-14"),
    Model("gpt-5.4-mini", "openai", "chat", ("0.75", "0.075", "0.75", "0.75", "4.5")),
    Model("gpt-5.4-mini", "openai", "chat", None, tier="priority"),
    Model("gpt-5-mini", "openai", "chat", None, tier="batch"),
    Model("gpt-5-nano", "openai", "chat", ("0.05", "0.005", "0.05", "0.05", "0.4"),
          answers_as="gpt-5-nano-2025-08-07"),
    Model("gemini-3.5-flash", "google", "gemini", ("1.5", "0.15", "1.5", "1.5", "9")),
    Model("gemini-3.8-flash", "google", "gemini", ("0.75", "0.075", "0.75", "0.75", "3.75")),
    Model("gemini-2.5-flash", "google", "gemini", ("0.3", "0.03", "0.3", "0.3", "2.5")),
    Model("text-embedding-3-small", "openai", "embeddings", ("0.02", "0", "0", "0", "0")),
    Model("in-house-70b", "in-house", "chat", None, host="llm.internal.example.com"),
)  # fmt: skip


def model(name: str, tier: str = "standard") -> int:
    """The position of a model in `MODELS`."""
    return next(i for i, m in enumerate(MODELS) if (m.name, m.tier) == (name, tier))
