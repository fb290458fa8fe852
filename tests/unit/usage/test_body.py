"""Whole responses: what around the usage decides a price, and nothing of what was said."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.usage.body import is_body, reduce_body
from jevons.usage.split import split, split_body
from jevons.vocabulary.charge import Impossible, Split

RESPONSES: dict[str, Any] = {
    "id": "resp_1", "model": "gpt-5.6-sol-2026-07-01", "service_tier": "flex",
    "usage": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13},
    "output": [
        {"type": "reasoning", "summary": []},
        {"type": "web_search_call", "status": "completed", "action": {"type": "search"}},
        {"type": "web_search_call", "status": "completed", "action": {"type": "open_page"}},
        {"type": "web_search_call", "status": "completed"},
        {"type": "file_search_call", "queries": ["secret"]},
        {"type": "code_interpreter_call", "code": "secret"},
        {"type": "image_generation_call", "result": "secret"},
        {"type": "message", "content": [{"type": "output_text", "text": "secret"}]},
    ],
}  # fmt: skip

GEMINI = {
    "modelVersion": "gemini-3-flash",
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10},
    "candidates": [
        {"content": {"parts": [{"text": "secret"}]}, "groundingMetadata": {
            "webSearchQueries": ["a", "b", "a", ""], "groundingChunks": [{"maps": {}}]}},
        {"groundingMetadata": {"webSearchQueries": ["b", "c"]}},
    ],
}  # fmt: skip


def body(provider: str, value: dict[str, Any]) -> Split:
    found = split_body(provider, None, value)
    assert isinstance(found, Split)
    assert "secret" not in repr(found)
    return found


def test_responses_bill_searches_not_opened_pages() -> None:
    found = body("openai", RESPONSES)
    assert found.parts[0].quantities == {
        "input": 9, "output": 4, "web_searches": 2, "file_searches": 1, "code_executions": 1,
    }  # fmt: skip
    assert (found.response_model, found.service_tier) == ("gpt-5.6-sol-2026-07-01", "flex")


def test_an_image_made_by_another_model_is_told() -> None:
    assert body("openai", RESPONSES).unknown_keys == ("output[image_generation_call]=1",)


def test_counts_in_the_usage_go_before_those_in_the_output() -> None:
    usage = RESPONSES["usage"] | {"tool_usage": {"web_search": {"num_requests": 1}}}
    assert body("aws", RESPONSES | {"usage": usage}).parts[0].quantities["web_searches"] == 1


def test_tool_usage_may_lie_beside_the_usage() -> None:
    found = body("aws", RESPONSES | {"tool_usage": {"web_search": {"num_requests": 5}}})
    assert found.parts[0].quantities["web_searches"] == 5


def test_gemini_bills_different_queries() -> None:
    found = body("google", GEMINI)
    assert found.parts[0].quantities == {
        "input": 7, "output": 3, "web_searches": 3, "maps_queries": 1,
    }  # fmt: skip
    assert found.response_model == "gemini-3-flash"


def test_anthropics_tool_blocks_count_only_without_a_counter() -> None:
    value: dict[str, Any] = {
        "model": "claude-opus-5", "usage": {"input_tokens": 5, "output_tokens": 2},
        "content": [{"type": "server_tool_use", "name": "web_search"},
                    {"type": "server_tool_use", "name": "bash_code_execution"},
                    {"type": "text", "text": "secret"}],
    }  # fmt: skip
    assert body("anthropic", value).parts[0].quantities == {
        "input": 5, "output": 2, "web_searches": 1, "code_executions": 1,
    }  # fmt: skip
    value["usage"]["server_tool_use"] = {"web_search_requests": 3}
    assert body("anthropic", value).parts[0].quantities["web_searches"] == 3


def test_converse_has_its_tier_in_an_object_and_no_model() -> None:
    value = {"usage": {"inputTokens": 3, "outputTokens": 1}, "serviceTier": {"type": "priority"},
             "output": {"message": {"content": [{"text": "secret"}]}}}  # fmt: skip
    found = body("aws", value)
    assert (found.response_model, found.service_tier) == (None, "priority")


@pytest.mark.parametrize(
    ("provider", "value", "expected"),
    [
        ("cohere", {"meta": {"billed_units": {"search_units": 1}}}, {"rerank_searches": 1}),
        ("mistral", {"usage_info": {"pages_processed": 4}}, {"pages": 4}),
        ("groq", {"x_groq": {"usage": {"prompt_tokens": 4, "completion_tokens": 1}}},
         {"input": 4, "output": 1}),
        ("aws", {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 4, "outputTokenCount": 1,
                                                      "invocationLatency": 800}},
         {"input": 4, "output": 1}),
        ("openai", {"response": {"usage": {"input_tokens": 4, "output_tokens": 1}}},
         {"input": 4, "output": 1}),
        ("openai", {"created": 1, "data": [{"url": "secret"}, {"url": "secret"}]}, {"images": 2}),
    ],
)  # fmt: skip
def test_usage_is_found_wherever_a_provider_puts_it(
    provider: str, value: dict[str, Any], expected: dict[str, int]
) -> None:
    assert body(provider, value).parts[0].quantities == expected


def test_split_recognises_a_body() -> None:
    assert split("openai", None, RESPONSES) == split_body("openai", None, RESPONSES)
    assert is_body(RESPONSES)
    assert not is_body({"input_tokens": 5, "output": 4, "metadata": {"x": 1}})
    assert not is_body({"prompt_tokens": 5, "usage_info": {"pages_processed": 1}})


def test_a_response_without_usage_has_none() -> None:
    found = split_body("openai", None, {"id": "x", "choices": [{"message": {"content": "secret"}}]})
    assert found == Impossible("the response has no usage")


def test_bodies_in_bodies_end() -> None:
    value: dict[str, Any] = {"usage": {"input_tokens": 1, "output_tokens": 1}}
    for _ in range(300):
        value = {"response": value}
    assert reduce_body(value).usage is None
    for _ in range(300):
        value = {"usage": value}
    assert isinstance(split("openai", None, value), Impossible)
