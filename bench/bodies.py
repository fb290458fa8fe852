"""Usage bodies to measure with: real ones beside the checkout if they are there, else our own.

No two bodies that are made of one are alike, and what a provider adds up still adds up: input and
output grow by chosen amounts, in every counter that includes them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jevons.usage.split import split
from jevons.vocabulary.charge import Split

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "pricing" / "usage_bodies.jsonl.gz"

APIS = {
    "google": "gemini.generate_content",
    "responses": "openai.responses",
    "anthropic": "anthropic.messages",
    "converse": "bedrock.converse",
}
"""Shape of a real body -> its dialect; what is not named here is recognised by its keys."""

INPUT = ("prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens")
OUTPUT = ("completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens")
TOTAL = ("total_tokens", "totalTokenCount", "totalTokens")
TEXT_INPUT = ("prompt_tokens_details", "input_tokens_details", "promptTokensDetails")
TEXT_OUTPUT = ("completion_tokens_details", "output_tokens_details", "candidatesTokensDetails")
INSIDE = ("billed_units", "tokens")
"""Counters by what they include, and the objects that hold further ones (Cohere)."""

LOW_BITS = 10


@dataclass(frozen=True, slots=True)
class Template:
    """A body to make others of. number: of the real body, -1 for our own. model: as the response
    names it, or as it was asked for. grows: whether input and output can grow; else all counters
    are multiplied."""

    number: int
    provider: str
    api: str | None
    flavor: str
    model: str
    host: str | None
    usage: dict[str, Any]
    grows: bool = True

    def variant(self, serial: int, number: int) -> dict[str, Any]:
        """The body's own copy with other numbers. serial: unique among all bodies; number: among
        those of this template."""
        if not self.grows:
            scaled: dict[str, Any] = _scaled(self.usage, number + 2)
            return scaled
        mask = (1 << LOW_BITS) - 1
        asked, answered = _first(self.usage, INPUT), _first(self.usage, OUTPUT)
        # The low bits of input and output spell the serial number: no two bodies are alike.
        return _grown(self.usage, ((serial >> LOW_BITS) - asked) & mask, (serial - answered) & mask)


def templates() -> tuple[list[Template], str]:
    """The bodies to start from, and where they are from."""
    if not REAL.exists():
        return _distinct(map(_checked, OWN)), f"{len(OWN)} bodies of our own (no samples found)"
    with gzip.open(REAL, "rt") as lines:
        found = [_real(json.loads(line)) for line in lines]
    return _distinct(map(_checked, found)), f"{len(found)} real bodies"


def _distinct(found: Iterable[Template]) -> list[Template]:
    """Templates without those whose multiples another one yields too."""
    kept: dict[object, Template] = {}
    for one in found:
        same = len(kept) if one.grows else (one.provider, one.model, json.dumps(one.usage))
        kept.setdefault(same, one)
    return list(kept.values())


def _real(row: dict[str, Any]) -> Template:
    vertex = row["litellm_provider"] == "vertex_ai" and row["shape"] == "google"
    return Template(
        number=row["i"],
        provider=row["genai_provider"] or "",
        api=APIS.get(row["shape"]),
        flavor=row["api_flavor"] or "default",
        model=row["model"] or "",
        host="vertex" if vertex else None,
        usage=row["usage"],
    )


def _checked(template: Template) -> Template:
    """The template, multiplied instead of grown where growing would change more than two units."""
    before = split(template.provider, template.api, template.usage)
    after = split(template.provider, template.api, _grown(template.usage, 7, 5))
    if not isinstance(before, Split) or not isinstance(after, Split):
        return _multiplied(template)
    if before.unknown_keys != after.unknown_keys or before.anomalies != after.anomalies:
        return _multiplied(template)
    changed = _difference(before, after)
    return template if changed == {"input": 7, "output": 5} else _multiplied(template)


def _multiplied(template: Template) -> Template:
    return Template(
        **{name: getattr(template, name) for name in Template.__slots__ if name != "grows"},
        grows=False,
    )


def _difference(before: Split, after: Split) -> dict[str, int]:
    if len(before.parts) != 1 or len(after.parts) != 1:
        return {}
    old, new = before.parts[0].quantities, after.parts[0].quantities
    changes = {unit: new.get(unit, 0) - old.get(unit, 0) for unit in old.keys() | new.keys()}
    return {str(unit): change for unit, change in changes.items() if change}


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> int:
    inner = [usage, *(usage[name] for name in INSIDE if isinstance(usage.get(name), dict))]
    return next(int(one[name]) for one in inner for name in names if one.get(name) is not None)


def _grown(usage: Mapping[str, Any], asked: int, answered: int) -> dict[str, Any]:
    """A copy with so many more text tokens in and out."""
    more = dict.fromkeys(INPUT, asked) | dict.fromkeys(OUTPUT, answered)
    more |= dict.fromkeys(TOTAL, asked + answered)
    inside = dict.fromkeys(TEXT_INPUT, asked) | dict.fromkeys(TEXT_OUTPUT, answered)
    copy: dict[str, Any] = {}
    for name, value in usage.items():
        if name in more and type(value) is int:
            copy[name] = value + more[name]
        elif name in inside and value:
            copy[name] = _detail(value, inside[name])
        elif name in INSIDE and isinstance(value, dict):
            copy[name] = _grown(value, asked, answered)
        else:
            copy[name] = _scaled(value, 1)
    return copy


def _detail(value: Any, more: int) -> Any:
    if isinstance(value, dict):
        text = value.get("text_tokens")
        return {**_scaled(value, 1), **({"text_tokens": text + more} if text else {})}
    return [
        {**one, "tokenCount": one["tokenCount"] + more} if one.get("modality") == "TEXT" else one
        for one in value
    ]


def _scaled(value: Any, factor: int) -> Any:
    """A deep copy with every whole number multiplied: what adds up still adds up."""
    if isinstance(value, dict):
        return {name: _scaled(one, factor) for name, one in value.items()}
    if isinstance(value, list):
        return list(map(partial(_scaled, factor=factor), value))
    return value * factor if type(value) is int else value


def _own(provider: str, api: str, flavor: str, model: str, usage: dict[str, Any]) -> Template:
    return Template(-1, provider, api, flavor, model, None, usage)


OWN = [
    _own("openai", "openai.chat", "chat", "gpt-5-mini", {
        "prompt_tokens": 1800, "completion_tokens": 420, "total_tokens": 2220,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 256, "audio_tokens": 0, "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }),
    _own("openai", "openai.chat", "chat", "gpt-4.1", {
        "prompt_tokens": 640, "completion_tokens": 90, "total_tokens": 730,
    }),
    _own("openai", "openai.responses", "responses", "gpt-5", {
        "input_tokens": 12000, "input_tokens_details": {"cached_tokens": 9000},
        "output_tokens": 310, "output_tokens_details": {"reasoning_tokens": 128},
        "total_tokens": 12310,
    }),
    _own("anthropic", "anthropic.messages", "default", "claude-sonnet-4-6", {
        "input_tokens": 12, "output_tokens": 57, "cache_read_input_tokens": 15000,
        "cache_creation_input_tokens": 2048,
        "cache_creation": {"ephemeral_5m_input_tokens": 48, "ephemeral_1h_input_tokens": 2000},
        "server_tool_use": {"web_search_requests": 0}, "service_tier": "standard",
    }),
    _own("anthropic", "anthropic.messages", "default", "claude-haiku-4-5", {
        "input_tokens": 900, "output_tokens": 35, "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0, "service_tier": "standard",
    }),
    _own("google", "gemini.generate_content", "default", "gemini-2.5-pro", {
        "promptTokenCount": 1500, "cachedContentTokenCount": 1000, "candidatesTokenCount": 40,
        "thoughtsTokenCount": 25, "totalTokenCount": 1565,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1500}],
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 1000}],
    }),
    _own("google", "gemini.generate_content", "default", "gemini-2.5-flash", {
        "promptTokenCount": 700, "candidatesTokenCount": 44, "totalTokenCount": 744,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 442}, {"modality": "IMAGE", "tokenCount": 258},
        ],
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 44}],
    }),
    _own("aws", "bedrock.converse", "default", "anthropic.claude-sonnet-4-5-20250929-v1:0", {
        "inputTokens": 300, "outputTokens": 60, "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0, "totalTokens": 360,
    }),
]  # fmt: skip
"""One body for each way to count, written by us after the providers' references."""
