"""Calls inside one Anthropic response: counted once, each on its own model."""

from __future__ import annotations

from typing import Any

from jevons.usage.split import split
from jevons.vocabulary.charge import Part, Split


def entry(kind: str, tokens_in: int, tokens_out: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "input_tokens": tokens_in, "output_tokens": tokens_out} | more


def parts(usage: dict[str, Any]) -> Split:
    found = split("anthropic", "anthropic.messages", usage)
    assert isinstance(found, Split)
    return found


def test_one_message_is_the_response_itself() -> None:
    usage = {"input_tokens": 54, "output_tokens": 14, "iterations": [entry("message", 54, 14)]}
    assert parts(usage).parts == (Part({"input": 54, "output": 14}, None, 54),)


def test_turns_of_a_tool_loop_are_the_top_level_and_the_largest_decides_the_tier() -> None:
    usage = {
        "input_tokens": 250_000, "output_tokens": 30, "output_tokens_details": {
            "thinking_tokens": 7},
        "server_tool_use": {"web_search_requests": 1},
        "iterations": [entry("message", 90_000, 10), entry("message", 160_000, 20)],
    }  # fmt: skip
    expected = {"input": 250_000, "output": 23, "reasoning": 7, "web_searches": 1}
    assert parts(usage).parts == (Part(expected, None, 160_000),)


def test_a_compaction_is_outside_and_a_part_of_its_own() -> None:
    usage = {
        "input_tokens": 180, "output_tokens": 8,
        "iterations": [
            entry("compaction", 100, 82, cache_creation_input_tokens=55_096,
                  cache_creation={"ephemeral_5m_input_tokens": 55_096}),
            entry("message", 180, 8),
        ],
    }  # fmt: skip
    found = parts(usage)
    assert found.parts == (
        Part({"input": 180, "output": 8}, None, 180),
        Part({"input": 100, "cache_write_5m": 55_096, "output": 82}, None, 55_196),
    )
    assert found.anomalies == ()


def test_an_advisor_works_on_its_own_model() -> None:
    usage = {
        "input_tokens": 300, "output_tokens": 30,
        "iterations": [
            entry("message", 100, 10), entry("advisor_message", 900, 5, model="claude-opus-4-8"),
            entry("message", 200, 20),
        ],
    }  # fmt: skip
    assert parts(usage).parts == (
        Part({"input": 300, "output": 30}, None, 200),
        Part({"input": 900, "output": 5}, "claude-opus-4-8", 900),
    )


def test_a_fallback_serves_the_answer_and_the_declined_attempt_is_apart() -> None:
    usage = {
        "input_tokens": 412, "output_tokens": 264,
        "iterations": [
            entry("message", 408, 3, model="claude-fable-5"),
            entry("fallback_message", 412, 264, model="claude-opus-5"),
        ],
    }  # fmt: skip
    assert parts(usage).parts == (
        Part({"input": 412, "output": 264}, "claude-opus-5", 412),
        Part({"input": 408, "output": 3}, "claude-fable-5", 408),
    )


def test_the_tool_loop_of_a_fallback_belongs_to_it() -> None:
    usage = {
        "input_tokens": 500, "output_tokens": 50,
        "iterations": [
            entry("message", 90, 0, model="claude-fable-5"),
            entry("message", 200, 20, model="claude-opus-5"),
            entry("fallback_message", 300, 30, model="claude-opus-5"),
        ],
    }  # fmt: skip
    assert parts(usage).parts == (
        Part({"input": 500, "output": 50}, "claude-opus-5", 300),
        Part({"input": 90}, "claude-fable-5", 90),
    )


def test_a_top_level_that_adds_up_all_attempts_is_taken_apart() -> None:
    usage = {
        "input_tokens": 820, "output_tokens": 267,
        "iterations": [
            entry("message", 408, 3, model="claude-fable-5"),
            entry("fallback_message", 412, 264, model="claude-opus-5"),
        ],
    }  # fmt: skip
    found = parts(usage)
    assert found.anomalies == ()
    assert found.parts == (
        Part({"input": 408, "output": 3}, "claude-fable-5", 408),
        Part({"input": 412, "output": 264}, "claude-opus-5", 412),
    )


def test_iterations_that_do_not_add_up_are_named_and_the_top_level_stands() -> None:
    usage = {"input_tokens": 10, "output_tokens": 1, "iterations": [entry("message", 9, 1)]}
    found = parts(usage)
    assert found.anomalies == ("iterations sum to 10 tokens, the top level states 11",)
    assert found.parts == (Part({"input": 10, "output": 1}, None, 9),)


def test_an_unknown_kind_outside_the_top_level_is_a_part_and_is_told() -> None:
    usage = {
        "input_tokens": 10, "output_tokens": 1,
        "iterations": [entry("message", 10, 1), entry("oracle", 70, 7, model="claude-x")],
    }  # fmt: skip
    found = parts(usage)
    assert found.parts[1] == Part({"input": 70, "output": 7}, "claude-x", 70)
    assert found.unknown_keys == ("iterations[oracle]=77",)


def test_an_unknown_kind_inside_the_top_level_is_not_counted_twice() -> None:
    usage = {
        "input_tokens": 80, "output_tokens": 8,
        "iterations": [entry("message", 10, 1), entry("oracle", 70, 7)],
    }  # fmt: skip
    found = parts(usage)
    assert found.parts == (Part({"input": 80, "output": 8}, None, 70),)
    assert found.unknown_keys == ("iterations[oracle]=77",)


def test_unknown_counters_inside_an_entry_are_told() -> None:
    listed = [entry("message", 10, 1, holo_tokens=4)]
    found = parts({"input_tokens": 10, "output_tokens": 1, "iterations": listed})
    assert found.unknown_keys == ("iterations[0].holo_tokens=4",)


def test_an_empty_list_is_no_iteration() -> None:
    found = parts({"input_tokens": 10, "output_tokens": 1, "iterations": []})
    assert found.parts == (Part({"input": 10, "output": 1}, None, 10),)
