"""The trie from key names to plans."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.usage import shapes as module
from jevons.usage.shapes import Shapes


def plan(shapes: Shapes, provider: str, usage: dict[str, Any]) -> Any:
    return shapes.find(provider, None, usage, [])


def test_bodies_of_one_shape_share_a_plan_whatever_their_numbers() -> None:
    shapes = Shapes()
    one = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 1}}
    two = {"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 0}}
    assert plan(shapes, "openai", one) is plan(shapes, "openai", two) is not None


def test_another_key_inside_is_another_shape() -> None:
    shapes = Shapes()
    one = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 1}}
    two = {"prompt_tokens": 9, "prompt_tokens_details": {"audio_tokens": 1}}
    assert plan(shapes, "openai", one) is not plan(shapes, "openai", two)


def test_the_way_holds_the_containers_that_the_plan_reads() -> None:
    details = [{"modality": "TEXT", "tokenCount": 4}, {"modality": "AUDIO", "tokenCount": 5}]
    usage = {"promptTokenCount": 9, "promptTokensDetails": details}
    for _ in range(2):  # once learning, once knowing
        way: list[Any] = []
        shapes = Shapes()
        found = shapes.find("google", None, usage, way)
        assert way == [usage, (4, 5)]
        assert [container for container, _ in found.getters] == [0, 1]


@pytest.mark.parametrize(
    ("provider", "usage"),
    [
        ("openrouter", {"prompt_tokens": 1, "cost": 0.5}),  # a stated cost
        ("openai", {"usage": {"prompt_tokens": 1}}),  # a whole body
        ("openai", {"watts": 1}),  # no dialect
        ("anthropic", {"input_tokens": 1, "fallback_credit": {"type": "redeemed"}}),
    ],
)
def test_what_is_more_than_quantities_has_no_plan(provider: str, usage: dict[str, Any]) -> None:
    assert plan(Shapes(), provider, usage) is None


def test_values_of_other_kinds_than_their_keys_told_are_refused() -> None:
    shapes = Shapes()
    plan(shapes, "openai", {"prompt_tokens": 1, "extra": {"a": "x"}})
    with pytest.raises(TypeError):
        plan(shapes, "openai", {"prompt_tokens": 1, "extra": 7})


def test_invented_keys_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SHAPES", 10)
    shapes = Shapes()
    for number in range(100):
        assert plan(shapes, "openai", {"prompt_tokens": 1, f"key{number}": "x"}) is not None
    assert len(shapes.table) <= 10
