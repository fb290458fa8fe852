"""Columns of bodies: rows for the plain ones, the whole Split for the others."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.usage import matrix as module
from jevons.usage.matrix import SplitMatrix, split_many
from jevons.usage.served import Served
from jevons.usage.split import split
from jevons.vocabulary.charge import Impossible, Part, Split
from jevons.vocabulary.units import UNIT_NAMES

Body = tuple[str, str | None, Any]

CHAT = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
MESSAGE = {"input_tokens": 5, "output_tokens": 2, "service_tier": "standard"}


def split_all(bodies: list[Body]) -> SplitMatrix:
    providers, apis, usages = zip(*bodies, strict=True) if bodies else ((), (), ())
    return split_many(providers, apis, usages)


def row(matrix: SplitMatrix, number: int) -> Split | Impossible:
    """What the matrix says of one body."""
    if number in matrix.special:
        assert not matrix.quantities[number].any()
        assert matrix.tier_input[number] == 0
        return matrix.special[number]
    counted = zip(UNIT_NAMES, matrix.quantities[number].tolist(), strict=True)
    way = matrix.servings[matrix.served[number]]
    return Split(
        (Part({u: q for u, q in counted if q}, None, int(matrix.tier_input[number])),),
        service_tier=way.service_tier,
        speed=way.speed,
        region=way.region,
    )


def test_plain_bodies_are_rows() -> None:
    matrix = split_all([("openai", None, CHAT), ("anthropic", None, MESSAGE)])
    assert matrix.special == {}
    assert matrix.quantities[:, UNIT_NAMES.index("input")].tolist() == [10, 5]
    assert matrix.quantities[:, UNIT_NAMES.index("output")].tolist() == [4, 2]
    assert matrix.tier_input.tolist() == [10, 5]
    assert [matrix.servings[i] for i in matrix.served] == [Served(), Served("standard")]


def test_no_usage_is_a_row_of_zeros() -> None:
    matrix = split_all([("openai", None, None), ("openai", None, CHAT)])
    assert matrix.special == {}
    assert matrix.quantities.sum(axis=1).tolist() == [0, 14]


SPECIAL: list[tuple[str, Body]] = [
    ("impossible", ("openai", None, CHAT | {"prompt_tokens": -1})),
    ("empty", ("openai", None, {})),
    ("contradiction", ("openai", None, CHAT | {"cached_tokens": 11})),
    ("no number", ("openai", None, CHAT | {"prompt_tokens": True})),
    ("more than 64 bits", ("openai", None, CHAT | {"prompt_tokens": 2**70})),
    ("broken total", ("openai", None, CHAT | {"total_tokens": 15})),
    ("unknown counter", ("openai", None, CHAT | {"holo_tokens": 3})),
    ("spellings differ", ("openai", None, CHAT | {"cached_tokens": 3, "num_cached_tokens": 4})),
    ("stated cost", ("openrouter", None, CHAT | {"cost": 0.01})),
    ("priority", ("anthropic", None, MESSAGE | {"service_tier": "priority"})),
    ("in the US", ("anthropic", None, MESSAGE | {"inference_geo": "us"})),
    ("whole body", ("openai", None, {"model": "gpt-5.6", "usage": CHAT})),
    ("several parts", ("anthropic", None, MESSAGE | {"iterations": [
        {"type": "message", "input_tokens": 5, "output_tokens": 2},
        {"type": "compaction", "input_tokens": 9, "output_tokens": 1}]})),
]  # fmt: skip


@pytest.mark.parametrize("body", [case[1] for case in SPECIAL], ids=[case[0] for case in SPECIAL])
def test_what_is_more_than_a_row_is_special(body: Body) -> None:
    matrix = split_all([("openai", None, CHAT), body])
    assert set(matrix.special) == {1}
    assert row(matrix, 1) == split(*body)
    assert row(matrix, 0) == split("openai", None, CHAT)


ROUNDABOUT: list[tuple[str, Body]] = [
    ("nulls", ("openai", None, CHAT | {"cached_tokens": None, "prompt_tokens_details": None})),
    ("whole floats", ("openai", None, {"prompt_tokens": 10.0, "completion_tokens": 4.0})),
    ("numeric text", ("openai", "codex", {"input_tokens": "12", "output_tokens": 1})),
    ("forced overlap", ("openai", None, {"prompt_tokens": 10, "cached_tokens": 9,
                                         "prompt_tokens_details": {"audio_tokens": 8}})),
    ("rival reading", ("x", None, {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 14,
                                   "completion_tokens_details": {"reasoning_tokens": 4}})),
    ("one iteration", ("anthropic", None, MESSAGE | {"iterations": [
        {"type": "message", "input_tokens": 5, "output_tokens": 2}]})),
    ("no iteration", ("anthropic", None, MESSAGE | {"iterations": []})),
    ("a tool loop", ("anthropic", None, MESSAGE | {"server_tool_use": {"web_search_requests": 1}})),
    ("details without a count", ("google", None, {
        "promptTokenCount": 5, "promptTokensDetails": [{"modality": "AUDIO"}]})),
    ("seconds", ("openai", "openai.realtime", {"seconds": 1.5})),
    ("harmless names", ("openai", None, CHAT | {"note": "x", "flag": True, "zero": 0, "more": {}})),
    ("informational", ("groq", None, CHAT | {"queue_time": 0.25, "x_groq": {"id": "r"}})),
]  # fmt: skip


@pytest.mark.parametrize(
    "body", [case[1] for case in ROUNDABOUT], ids=[case[0] for case in ROUNDABOUT]
)
def test_what_amounts_to_a_row_is_a_row(body: Body) -> None:
    matrix = split_all([body, body])
    assert matrix.special == {}
    assert row(matrix, 0) == row(matrix, 1) == split(*body)


def test_a_shape_learned_from_one_body_does_not_bend_the_next() -> None:
    bodies: list[Body] = [
        ("openai", None, CHAT | {"extra": {"note": "x"}}),
        ("openai", None, CHAT | {"extra": 5}),
        ("openai", None, CHAT | {"extra": {"note": 5}}),
        ("openai", None, CHAT | {"extra": "x"}),
        ("openai", None, CHAT | {"other": "x"}),
        ("openai", None, CHAT | {"other": {"hidden_tokens": 5}}),
        ("openai", None, CHAT | {"other": [5]}),
    ]
    matrix = split_all(bodies)
    assert [row(matrix, i) for i in range(len(bodies))] == [split(*body) for body in bodies]


def test_blocks_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 3)
    bodies: list[Body] = [
        ("openai", None, CHAT | {"prompt_tokens": 10 + i, "total_tokens": 14 + i - i % 2})
        for i in range(10)
    ]
    matrix = split_all(bodies)
    assert [row(matrix, i) for i in range(10)] == [split(*body) for body in bodies]
    assert set(matrix.special) == {1, 3, 5, 7, 9}


def test_no_bodies_are_no_rows() -> None:
    assert split_all([]).quantities.shape == (0, len(UNIT_NAMES))


def test_sequences_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        split_many(["openai"], [None, None], [CHAT])
