"""Finish reasons of providers and frameworks in our four words."""

import pytest

from jevons.vocabulary.finish import FINISHES, finish_of


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("end_turn", "stop"),  # Anthropic
        ("tool_use", "tool"),
        ("tool-calls", "tool"),  # Vercel AI SDK
        (["stop"], "stop"),  # the conventions: a list, one per choice
        (["stop", "tool_calls"], "tool"),
        ("MAX_TOKENS", "length"),  # Gemini
        ("FINISH_REASON_SAFETY", "filter"),
        ("", None),
        (None, None),
        ([], None),
        ("something new", None),
        (17, None),
    ],
)
def test_words_of_every_provider(said: object, ours: str | None) -> None:
    assert finish_of(said) == ours


def test_a_stop_of_gemini_tells_nothing() -> None:
    assert finish_of("STOP", "google") is None
    assert finish_of(["stop"], "google") is None
    assert finish_of("tool_calls", "google") == "tool"
    assert finish_of("MAX_TOKENS", "google") == "length"


def test_no_word_has_two_meanings() -> None:
    words = [word for words in FINISHES.values() for word in words]
    assert len(words) == len(set(words))
