"""The alias table of dimensions: names, precedence, tags, and what may not pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jevons.vocabulary.attribution import (
    ALIASES,
    TAG_LENGTH,
    TAG_LIMIT,
    claude_code_user,
    dimension_of,
    dimensions,
    plain_name,
    short_text,
    tag_labels,
    tags,
)
from jevons.vocabulary.observation import DIMENSIONS


def test_aliases_mean_known_dimensions_and_only_one_each() -> None:
    assert set(ALIASES) <= set(DIMENSIONS)
    names = [name for aliases in ALIASES.values() for name in aliases]
    assert len(set(names)) == len(names)
    assert [plain_name(name) for name in names] == names


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("userId", "person"),
        ("user.id", "person"),
        ("user-id", "person"),
        ("deployment.environment.name", "environment"),
        ("gen_ai.agent.name", "agent"),
        ("ticketId", "task"),
        ("service.name", "application"),
        ("tenant", "customer"),
        ("cost_center", None),
        ("input_tokens", None),
    ],
)
def test_names(name: str, dimension: str | None) -> None:
    assert dimension_of(name) == dimension


def test_the_foremost_alias_counts() -> None:
    labels = [("team_id", "t-1"), ("team", "payments"), ("team", "second")]
    assert dimensions(labels) == {"team": "payments"}
    assert dimensions([("team", ""), ("team_id", "t-1"), ("user_id", ["x"])]) == {"team": "t-1"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" a ", "a"), (7, "7"), (0.5, "0.5"), (True, "true"), (False, "false"), ("", None),
        ("x" * TAG_LENGTH, "x" * TAG_LENGTH), ("x" * (TAG_LENGTH + 1), None), ("two\nlines", None),
        (None, None), ([], None), ({}, None),
    ],
)  # fmt: skip
def test_short_text(value: Any, text: str | None) -> None:
    assert short_text(value) == text


def test_tags_are_short_bounded_and_promise_no_content() -> None:
    labels: list[tuple[str, Any]] = [
        ("plan", "gold"),
        ("plan", "second"),
        ("team", "payments"),
        ("prompt", "tell me"),
        ("userQuestion", "why"),
        ("gen_ai.output.messages", "x"),
        ("a\nb", "x"),
        ("long", "x" * 300),
    ]
    assert tags(labels) == {"plan": "gold"}
    assert len(tags((f"n{number}", "v") for number in range(99))) == TAG_LIMIT


def test_lists_of_tags() -> None:
    items = ["team:payments", "cost=7", "beta", "User-Agent: OpenAI", 5, "odd:", "a:b:c"]
    assert tag_labels(items) == [
        ("team", "payments"),
        ("cost", "7"),
        ("beta", "true"),
        ("a", "b:c"),
    ]


def test_claude_codes_user_id_names_person_and_session() -> None:
    device = "0123456789abcdef" * 4
    old = f"user_{device}_account_11-22_session_33-44"
    assert claude_code_user(old) == {"session": "33-44", "person": device}
    new = json.dumps({"device_id": device, "account_uuid": "", "session_id": "33-44"})
    assert claude_code_user(new) == {"session": "33-44", "person": device}
    assert claude_code_user("user_abc_account__session_6ff28397") == {"session": "6ff28397"}
    assert claude_code_user("user_7") is None
    assert claude_code_user(None) is None
    assert dimensions([("user_id", old), ("team", "a")]) == {
        "session": "33-44",
        "person": device,
        "team": "a",
    }
    assert dimensions([("end_user", old), ("session_id", "own")])["session"] == "own"
