"""From attributes to a usage object in a dialect: raw where it is passed on, else canonical."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jevons.sources.otlp.attributes import USAGE, count
from jevons.sources.otlp.emitters import Emitter
from jevons.sources.otlp.envelope import Attributes
from jevons.sources.otlp.payloads import counters, literal, numbers

LANGFUSE_USAGE: Final = "langfuse.observation.usage_details"
"""JSON: a provider's raw usage object, or buckets with free names."""


_RANKS: Final = {
    name: (counter, rank) for counter, names in USAGE.items() for rank, name in enumerate(names)
}
RARE: Final = frozenset(USAGE) - {
    "input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens",
    "cache_write_input_tokens", "cache_write_5m_input_tokens", "cache_write_1h_input_tokens",
    "reasoning_output_tokens",
}  # fmt: skip
"""Counters whose zero says nothing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A usage object in a dialect. counts None: the emitter says nothing of usage."""

    counts: dict[str, Any] | None
    api: str | None
    coarse: bool = False


def usage_of(attributes: Attributes, emitter: Emitter, provider: str) -> Usage:
    """The usage of a call. A provider's raw object is taken as it is where the emitter passes it
    on; else the canonical counters of the alias table. Counters that are all zero mean unknown."""
    for raw in _passed_on(attributes):
        api = dialect_of(raw)
        if api not in (None, "otel.gen_ai") and any(numbers(raw)):
            return Usage(counters(raw), api)
    counts = _from_buckets(attributes) or _canonical(attributes)
    if emitter.gateway:
        whole = literal(attributes.get("metadata.usage_object"))
        counts = _canonical(_flat(whole)) if whole else counts
    if not any(counts.values()):
        return Usage(None, None)
    return _canonical_usage(counts, emitter, provider, attributes)


def _canonical_usage(
    counts: dict[str, int], emitter: Emitter, provider: str, attributes: Attributes
) -> Usage:
    write, hour = counts.get("cache_write_input_tokens"), counts.get("cache_write_1h_input_tokens")
    if write and hour is not None and "cache_write_5m_input_tokens" not in counts:
        # pydantic-ai gives the hour's writes alone; Anthropic has no third lifetime.
        counts["cache_write_5m_input_tokens"] = max(0, write - hour)
    api: str = emitter.api
    if _is_exclusive(counts, provider, attributes):
        api = "otel.exclusive"
    counts = {name: n for name, n in counts.items() if n or name not in RARE}
    return Usage(counts, api, emitter.coarse or _leaves_out(counts, provider))


def _is_exclusive(counts: dict[str, int], provider: str, attributes: Attributes) -> bool:
    """Vercel's AI SDK 5 leaves Anthropic's cached tokens outside; version 6 has input details."""
    return (
        provider == "anthropic"
        and "ai.usage.cachedInputTokens" in attributes
        and "ai.usage.inputTokenDetails.noCacheTokens" not in attributes
        and counts.get("cache_read_input_tokens", 0) > counts.get("input_tokens", 0)
    )


def _leaves_out(counts: dict[str, int], provider: str) -> bool:
    """Whether a split that the provider gives is missing, so that another report may know more."""
    if "output_tokens" not in counts:
        return False
    if "cache_read_input_tokens" not in counts:
        return True
    if provider in ("openai", "azure"):
        return "reasoning_output_tokens" not in counts
    write = counts.get("cache_write_input_tokens", 0)
    return provider == "anthropic" and write > 0 and "cache_write_1h_input_tokens" not in counts


def _canonical(attributes: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, tuple[int, int]] = {}
    for name, value in attributes.items():
        ranked = _RANKS.get(name)
        number = count(value) if ranked else None
        if ranked is None or number is None:
            continue
        counter, rank = ranked
        if counter not in found or rank < found[counter][0]:
            found[counter] = (rank, number)
    return {counter: found[counter][1] for counter in USAGE if counter in found}


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, Mapping):
            flat |= _flat(item, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = item
    return flat


def _passed_on(attributes: Attributes) -> list[dict[str, Any]]:
    """Usage objects that an emitter passes on as it got them from the provider."""
    found = []
    if langfuse := literal(attributes.get(LANGFUSE_USAGE)):
        found.append(langfuse)
    metadata = literal(attributes.get("ai.response.providerMetadata"))
    anthropic = metadata.get("anthropic") if metadata else None
    if isinstance(anthropic, dict) and isinstance(anthropic.get("usage"), dict):
        found.append(anthropic["usage"])
    return found


def dialect_of(usage: Mapping[str, Any]) -> str | None:
    """The dialect of a provider's raw usage object, by its keys; `otel.gen_ai` for buckets."""
    names = set(usage)
    if "cache_creation_input_tokens" in names or "cache_creation" in names:
        return "anthropic.messages" if "input_tokens" in names else "openai.chat"
    if "prompt_tokens" in names:
        return "openai.chat"
    if "promptTokenCount" in names:
        return "gemini.generate_content"
    if names & {"input_tokens_details", "output_tokens_details"}:
        return "openai.responses"
    if "inputTokens" in names:
        return "bedrock.converse"
    if names & {"input", "output"} or "input_tokens" in names:
        return "otel.gen_ai"
    return None


_BUCKETS: Final = (
    (re.compile(r"input.*(cache_creation|cache_write)|cache_(creation|write)"), "cache_write"),
    (re.compile(r"input.*cache|cache_?read|cached"), "cache_read"),
    (re.compile(r"input.*audio"), "audio_in"),
    (re.compile(r"output.*(reasoning|thought)|reasoning|thoughts"), "reasoning"),
    (re.compile(r"output.*audio"), "audio_out"),
    (re.compile(r"input|prompt"), "input"),
    (re.compile(r"output|completion|candidates"), "output"),
)
_INPUT_BUCKETS: Final = ("input", "cache_read", "cache_write", "audio_in")
_OUTPUT_BUCKETS: Final = ("output", "reasoning", "audio_out")
_BUCKET_NAMES: Final = {
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_write_input_tokens",
    "reasoning": "reasoning_output_tokens",
    "audio_in": "audio_input_tokens",
    "audio_out": "audio_output_tokens",
}


def _from_buckets(attributes: Attributes) -> dict[str, int]:
    """Langfuse's buckets with free names as the inclusive canonical counters, {} if there are none.

    Buckets are disjoint, unless input and output alone make the stated total. The total stays:
    where it is larger than the buckets, tokens are hidden.
    """
    usage = literal(attributes.get(LANGFUSE_USAGE)) or {}
    sums: dict[str, int] = {}
    for name, value in usage.items():
        found = count(value)
        bucket = next((kind for rule, kind in _BUCKETS if rule.search(name.lower())), None)
        if found is not None and bucket is not None:
            sums[bucket] = sums.get(bucket, 0) + found
    if not sums:
        return {}
    total = count(usage.get("total", usage.get("total_tokens")))
    inside = sums.get("input", 0) + sums.get("output", 0) == total
    counts = {
        "input_tokens": _side(sums, _INPUT_BUCKETS, inside),
        "output_tokens": _side(sums, _OUTPUT_BUCKETS, inside),
    }
    counts |= {_BUCKET_NAMES[name]: value for name, value in sums.items() if name in _BUCKET_NAMES}
    return counts if total is None else {**counts, "total_tokens": total}


def _side(sums: dict[str, int], names: tuple[str, ...], inside: bool) -> int:
    return sums.get(names[0], 0) if inside else sum(sums.get(name, 0) for name in names)
