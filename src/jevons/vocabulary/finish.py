"""Why a model stopped writing, in one word for every provider and framework."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

FINISHES: Final[dict[str, tuple[str, ...]]] = {
    "stop": ("stop", "end_turn", "stop_sequence", "completed", "complete", "eos", "end"),
    "tool": ("tool_use", "tool_calls", "tool_call", "function_call", "tool", "pause_turn"),
    "length": (
        "length", "max_tokens", "max_output_tokens", "model_context_window_exceeded", "token_limit",
    ),
    "filter": (
        "filter", "content_filter", "content_filtered", "refusal", "safety", "recitation",
        "blocklist", "prohibited_content", "spii", "guardrail_intervened",
    ),
}  # fmt: skip
"""Our word -> the words of providers and frameworks, in lower case with underscores. stop: the
answer is whole. tool: a tool is to be called first. length: cut at a limit. filter: withheld."""

_WORDS: Final = {word: ours for ours, words in FINISHES.items() for word in words}


def finish_of(reason: Any, provider: str | None = None) -> str | None:
    """Our word for a finish reason, or for those of several choices; None when it tells nothing.

    Gemini says `STOP` also when it calls a function, so a stop of provider `google` tells nothing.
    """
    said = [reason] if isinstance(reason, str) else reason if isinstance(reason, Iterable) else ()
    found = [word for one in said if isinstance(one, str) and (word := _finish(one))]
    if provider == "google":
        found = [word for word in found if word != "stop"]
    return "tool" if "tool" in found else found[0] if found else None


@lru_cache(maxsize=256)
def _finish(reason: str) -> str | None:
    return _WORDS.get(reason.lower().replace("-", "_").removeprefix("finish_reason_"))
