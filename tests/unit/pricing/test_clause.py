from __future__ import annotations

import pytest

from jevons.pricing.clause import ClauseIndex, matches


@pytest.mark.parametrize(
    ("clause", "text", "expected"),
    [
        (["s", "GPT-"], "gpt-5", True),
        (["e", "-mini"], "o3-MINI", True),
        (["c", "claude"], "us.anthropic.claude-x", True),
        (["=", "o3"], "O3", True),
        (["=", "o3"], "o3-mini", False),
        (["r", r"^o\d$"], "o3", True),
        (["r", r"^O\d$"], "o3", False),
        (["|", [["=", "a"], ["=", "b"]]], "b", True),
        (["&", [["s", "a"], ["e", "z"]]], "abz", True),
        (["&", [["s", "a"], ["e", "z"]]], "ab", False),
    ],
)
def test_clauses(clause: list[object], text: str, expected: bool) -> None:
    assert matches(clause, text) is expected


def test_the_index_finds_the_first_clause_as_a_scan_would() -> None:
    clauses = [["=", "a"], ["|", [["s", "b"], ["=", "c"]]], ["c", ""], ["=", "d"]]
    index = ClauseIndex(clauses)
    for text in ("a", "A", "bx", "c", "d", "e"):
        scan = next(i for i, clause in enumerate(clauses) if matches(clause, text))
        assert index.first(text) == scan
    assert ClauseIndex([["=", "a"]]).first("b") is None
