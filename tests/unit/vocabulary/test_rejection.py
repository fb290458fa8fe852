"""Rejections keep the shape of what was wrong, and no text of it."""

from __future__ import annotations

from jevons.vocabulary.rejection import blank


def test_texts_are_emptied_and_keys_that_are_no_names_are_numbered() -> None:
    value = {"usage": {"a.b-c": 1, "what was said": "x"}, "said\nso": [1, "y"], "k" * 65: None}
    assert blank(value) == {"usage": {"a.b-c": 1, "#2": ""}, "#2": [1, ""], "#3": None}
