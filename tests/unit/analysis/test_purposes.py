"""Rules of purposes: each shipped rule decides its own example; wrong files are named."""

from __future__ import annotations

import pytest

from jevons.analysis.purposes import (
    PURPOSES,
    Call,
    Rule,
    classify,
    matches,
    places,
    read_rules,
)
from jevons.app.purposes import shipped_rules
from jevons.vocabulary.errors import UsageError

SHIPPED = read_rules(shipped_rules())


@pytest.mark.parametrize("rule", SHIPPED.rules, ids=lambda rule: str(rule.id))
def test_every_rule_decides_its_example(rule: Rule) -> None:
    decided = SHIPPED.decide(dict(rule.example), repeats=rule.repeats, ends=rule.ends)
    assert decided is rule
    assert rule.why.endswith(".")


def test_every_purpose_has_a_rule_but_unknown() -> None:
    assert {rule.purpose for rule in SHIPPED.rules} == {*PURPOSES} - {"unknown"}


def test_nothing_known_is_unknown() -> None:
    assert SHIPPED.purpose({}) == "unknown"
    assert SHIPPED.purpose({"agent": "main", "run": "r", "finish_reason": "stop"}) == "unknown"
    assert SHIPPED.purpose({"stated": "triage"}) == "unknown"


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("todo_write", "TodoWrite", True),
        ("todo_write", "todo-write", True),
        ("todo_write", "todo.write2", False),
        ("guard_*", "Guard: input", True),
        ("guard_*", "guardian", True),
        ("*_judge", "judge", True),
        ("guard", "guardian", False),
        ("a+b", "A+B", True),
        ("*", "", True),
    ],
)
def test_patterns(pattern: str, value: str, expected: bool) -> None:
    assert matches([pattern], value) is expected


def test_what_is_not_known_matches_nothing() -> None:
    assert not matches(["*"], None)


def _call(time: int, **more: object) -> Call:
    facts = {"run": "r", "agent": "main", **more.pop("facts", {})}
    return Call(facts=facts, time=time, key=bytes([time]), **more)


def test_asked_again_after_a_failure_is_no_retry() -> None:
    calls = [
        _call(1, prompt=7, failed=True, step="s1"),
        _call(2, prompt=7, step="s1"),
        _call(3, prompt=7, step="s1"),
    ]
    assert [again for again, _ in places(calls, SHIPPED)] == [False, False, True]
    # The failed attempt was at the step that ends the run, so it was to answer.
    assert [purpose for purpose, _ in classify(calls, SHIPPED)] == ["answer", "answer", "retry"]


def test_a_flag_alone_makes_no_retry() -> None:
    """Two calls of one step with different prompts are two steps of the work."""
    calls = [_call(1, prompt=7, step="s1"), _call(2, prompt=8, step="s1")]
    assert [purpose for purpose, _ in classify(calls, SHIPPED)] == ["unknown", "answer"]


def test_what_stands_beside_the_main_line_does_not_end_it() -> None:
    calls = [
        _call(1, facts={"tool": "grep"}),
        _call(2),
        _call(3, facts={"agent": "output-guard"}),
        _call(4, facts={"agent": "title"}),
    ]
    assert [purpose for purpose, _ in classify(calls, SHIPPED)] == [
        "tool", "answer", "guardrail", "housekeeping",
    ]  # fmt: skip


def test_a_run_that_stops_at_a_tool_has_no_answer() -> None:
    calls = [_call(1), _call(2, facts={"tool": "grep"})]
    assert [purpose for purpose, _ in classify(calls, SHIPPED)] == ["unknown", "tool"]


def test_own_rules_come_first_replace_and_switch_off() -> None:
    own = """
    off = ["tool-named"]
    [[rule]]
    id = "ours"
    purpose = "answer"
    why = "Our letters are written with a tool."
    when = { tool = ["write_letter"], stated = ["*"] }
    [[rule]]
    id = "guardrail-agent"
    purpose = "verify"
    why = "Our guards check answers."
    when = { agent = ["guard"] }
    """
    rules = read_rules(shipped_rules(), own)
    assert rules.version != SHIPPED.version
    assert rules.rules[0].id == "ours" and rules.rules[0].own
    assert rules.purpose({"stated": "tool", "tool": "write_letter"}) == "answer"
    assert rules.purpose({"tool": "grep"}) == "unknown"
    assert rules.purpose({"agent": "guard"}) == "verify"
    assert [rule.id for rule in rules.rules].count("guardrail-agent") == 1


def test_the_version_is_of_what_decides() -> None:
    reworded = shipped_rules().replace("The caller says that the call answers.", "It answers.")
    assert reworded != shipped_rules()
    assert read_rules(reworded).version == SHIPPED.version
    changed = shipped_rules().replace('"voyage_*", ', "")
    assert read_rules(changed).version != SHIPPED.version


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rule = 1", "rule"),
        ("colour = 1", "colour"),
        ("off = 3", "off"),
        ('off = ["no-such"]', "no-such"),
        ('[[rule]]\nid = "A b"\npurpose = "tool"\nwhy = "x"\nrepeats = true', "id"),
        ('[[rule]]\nid = "a"\npurpose = "tooling"\nwhy = "x"\nrepeats = true', "tooling"),
        ('[[rule]]\nid = "a"\npurpose = "tool"\nrepeats = true', "why"),
        ('[[rule]]\nid = "a"\npurpose = "tool"\nwhy = "x"', "match every call"),
        ('[[rule]]\nid = "a"\npurpose = "tool"\nwhy = "x"\nwhen = { colour = ["x"] }', "colour"),
        ('[[rule]]\nid = "a"\npurpose = "tool"\nwhy = "x"\nwhen = { agent = [] }', "agent"),
        ('[[rule]]\nid = "a"\npurpose = "tool"\nwhy = "x"\nrepeats = 1', "repeats"),
        ('[[rule]]\nid = "a"\npurpose = "tool"\nwhy = "x"\nends = true\nodd = 1', "odd"),
        ("[[rule", "TOML"),
    ],
)
def test_a_wrong_file_is_named(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_rules(shipped_rules(), text, "home/purposes.toml")
    assert "home/purposes.toml" in caught.value.what
    assert told in caught.value.what
    assert caught.value.remedy


def test_two_rules_of_one_name_are_refused() -> None:
    rule = '[[rule]]\nid = "a"\npurpose = "tool"\nwhy = "x"\nrepeats = true\n'
    with pytest.raises(UsageError, match="two rules a"):
        read_rules(shipped_rules(), rule * 2)
