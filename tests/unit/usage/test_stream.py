"""Streams: cumulative usage, and what a cut stream is worth."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.usage.stream import merge_stream

PLACEHOLDER: dict[str, Any] = {
    "input_tokens": 12, "cache_read_input_tokens": 900, "output_tokens": 1,
    "cache_creation_input_tokens": 48,
    "cache_creation": {"ephemeral_5m_input_tokens": 48, "ephemeral_1h_input_tokens": 0},
}  # fmt: skip
START = {"type": "message_start", "message": {"model": "claude-opus-5", "usage": PLACEHOLDER}}
TEXT = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hello"}}
DELTA = {
    "type": "message_delta", "delta": {"stop_reason": "end_turn"},
    "usage": {"output_tokens": 57, "cache_read_input_tokens": 0, "input_tokens": None},
}  # fmt: skip
STOP = {"type": "message_stop"}

STREAMS: list[tuple[str, list[dict[str, Any]], dict[str, Any], str]] = [
    (
        "Anthropic: the delta is cumulative and replaces the placeholder",
        [START, TEXT, DELTA, STOP],
        PLACEHOLDER | {"output_tokens": 57},
        "complete",
    ),
    (
        "Anthropic, cut: the start alone is a lower bound",
        [START, TEXT],
        PLACEHOLDER,
        "partial",
    ),
    (
        "chat: one last chunk without choices",
        [
            {"choices": [{"delta": {"content": "x"}, "finish_reason": None}], "usage": None},
            {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": None},
            {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
        ],
        {"prompt_tokens": 3, "completion_tokens": 4},
        "complete",
    ),
    (
        "chat that repeats its usage: the last one counts",
        [
            {"choices": [{"finish_reason": None}], "usage": {"completion_tokens": 1}},
            {"choices": [{"finish_reason": "stop"}], "usage": {"completion_tokens": 9}},
        ],
        {"completion_tokens": 9},
        "complete",
    ),
    (
        "the same, cut",
        [{"choices": [{"finish_reason": None}], "usage": {"completion_tokens": 1}}],
        {"completion_tokens": 1},
        "partial",
    ),
    (
        "chat without include_usage tells nothing",
        [{"choices": [{"finish_reason": "stop"}]}],
        {},
        "none",
    ),
    (
        "Groq",
        [{"choices": [{"finish_reason": "stop"}], "x_groq": {"usage": {"prompt_tokens": 3}}}],
        {"prompt_tokens": 3},
        "complete",
    ),
    (
        "Responses",
        [
            {"type": "response.created", "response": {"usage": None}},
            {"type": "response.output_text.done", "text": "x"},
            {"type": "response.incomplete", "response": {"usage": {"input_tokens": 3}}},
        ],
        {"input_tokens": 3},
        "complete",
    ),
    (
        "Responses, cut",
        [{"type": "response.created", "response": {"usage": None}}],
        {},
        "none",
    ),
    (
        "Gemini",
        [
            {"candidates": [{}],
             "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1}},
            {"candidates": [{"finishReason": "STOP"}],
             "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9}},
        ],
        {"promptTokenCount": 3, "candidatesTokenCount": 9},
        "complete",
    ),
    (
        "Converse",
        [{"messageStop": {"stopReason": "end_turn"}}, {"metadata": {"usage": {"inputTokens": 3}}}],
        {"inputTokens": 3},
        "complete",
    ),
    (
        "Cohere, both versions of its API",
        [
            {"type": "message-end", "delta": {"usage": {"billed_units": {"input_tokens": 3}}}},
            {"event_type": "stream-end",
             "response": {"meta": {"billed_units": {"output_tokens": 4}}}},
        ],
        {"billed_units": {"input_tokens": 3, "output_tokens": 4}},
        "complete",
    ),
    ("nothing", [], {}, "none"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "usage", "completeness"),
    [stream[1:] for stream in STREAMS],
    ids=[stream[0] for stream in STREAMS],
)
def test_a_stream_amounts_to_one_usage(
    events: list[dict[str, Any]], usage: dict[str, Any], completeness: str
) -> None:
    assert merge_stream(events) == (usage, completeness)


def test_the_events_are_left_as_they_were() -> None:
    first = {"usage": {"details": {"a": 1}}}
    merge_stream([first, {"usage": {"details": {"a": 2}}}])
    assert first == {"usage": {"details": {"a": 1}}}
