"""The bridge on ledgers small enough to be reckoned by hand, in whole units of 1e-15 USD."""

from __future__ import annotations

from fractions import Fraction

import pytest

from jevons.analysis.bridge.change import Bridge, bridge, summed
from jevons.analysis.bridge.effects import EFFECTS, STEPS, step_names
from jevons.analysis.bridge.lmdi import Undefined
from jevons.analysis.bridge.seats import takeovers
from jevons.analysis.bridge.tree import Side
from jevons.analysis.spend import Part, Spend

GROUP = ("legal", "review")


def part(unit: str, quantity: int, paid: int | None, listed: int | None = -1) -> Part:
    return Part(unit, quantity, paid if listed == -1 else listed, paid, paid, paid)


def row(model: str, calls: int, *parts: Part, group: tuple[str, str] = GROUP) -> Spend:
    known = any(p.effective_cost is not None for p in parts)
    values = (*group, model, None, None)
    return Spend(values, calls, 0 if known else calls, 0, parts, None, None, None, None, "metered")


def side(tasks: int, *rows: Spend) -> Side:
    groups = {r.dimensions[:2] for r in rows}
    return Side(rows, dict.fromkeys(groups, tasks))


def effects(before: Side, after: Side) -> dict[str, int]:
    found = bridge(before, after)
    assert isinstance(found, Bridge)
    assert sum(found.effects.values()) == found.delta
    return {name: amount for name, amount in found.effects.items() if amount}


def test_twice_the_tasks_of_the_same_kind() -> None:
    """10 tasks of one call of 100 tokens at 3: 3,000; then 20."""
    before = side(10, row("a", 10, part("input", 1_000, 3_000)))
    after = side(20, row("a", 20, part("input", 2_000, 6_000)))
    assert effects(before, after) == {"tasks": 3_000}


def test_a_price_cut_of_the_same_model() -> None:
    before = side(10, row("a", 10, part("input", 1_000, 3_000)))
    after = side(10, row("a", 10, part("input", 1_000, 2_000)))
    assert effects(before, after) == {"list_price": -1_000}


def test_a_discount_is_no_price_cut() -> None:
    """The list cost stays 3,000, of which 80 % are paid."""
    before = side(10, row("a", 10, part("input", 1_000, 3_000)))
    after = side(10, row("a", 10, part("input", 1_000, 2_400, listed=3_000)))
    assert effects(before, after) == {"contract": -600}


def test_a_cheaper_model_takes_over_the_same_work() -> None:
    """A price cut under a new model name: no list price moves."""
    before = side(10, row("a", 10, part("input", 1_000, 3_000)))
    after = side(10, row("b", 10, part("input", 1_000, 1_000)))
    assert effects(before, after) == {"model_mix": -2_000}


def test_a_reasoning_model_of_the_same_price_takes_over() -> None:
    """1,000 input at 3 and 100 output at 5; then 300 reasoning at 5 as well. Per call that is
    1,100 tokens, then 1,400; what was not reasoning is a smaller share of more tokens."""
    before = side(1, row("a", 1, part("input", 1_000, 3_000), part("output", 100, 500)))
    after = side(
        1,
        row("b", 1, part("input", 1_000, 3_000), part("output", 100, 500),
            part("reasoning", 300, 1_500)),
    )  # fmt: skip
    found = effects(before, after)
    assert sum(found.values()) == 1_500
    # Shapley of 1100 -> 1400 tokens and share 0 -> 3/14 at 5: half of each step's mean.
    assert found["reasoning"] == (1_100 + 1_400) // 2 * 5 * 3 // 14  # 1339.29
    assert found["tokens_per_call"] > 0 > found["fresh_input"]
    assert "model_mix" not in found, "the price per token is the same"


def test_a_cache_takes_over_input() -> None:
    """1,000 fresh tokens at 10; then 200 fresh and 800 read at 1: 10,000 to 2,800."""
    before = side(1, row("a", 1, part("input", 1_000, 10_000)))
    after = side(1, row("a", 1, part("input", 200, 2_000), part("cache_read", 800, 800)))
    assert effects(before, after) == {"fresh_input": -8_000, "cache": 800}


def test_a_cache_of_the_main_model_is_not_the_mix_with_a_helper() -> None:
    """The helper's share of fresh tokens rises only because the main model's are cached."""
    helper = row("guard", 1, part("input", 500, 500))
    before = side(1, row("a", 1, part("input", 1_000, 10_000)), helper)
    after = side(1, row("a", 1, part("input", 200, 2_000), part("cache_read", 800, 800)), helper)
    assert effects(before, after) == {"fresh_input": -8_000, "cache": 800}


def test_cache_writes_for_an_hour_are_not_a_price_rise() -> None:
    """1,000 written for five minutes at 4, then half of them for an hour at 8."""
    before = side(1, row("a", 1, part("cache_write_5m", 1_000, 4_000)))
    after = side(
        1, row("a", 1, part("cache_write_5m", 500, 2_000), part("cache_write_1h", 500, 4_000))
    )
    assert effects(before, after) == {"cache": 2_000}


def test_new_and_discontinued_groups_are_lines_of_their_own() -> None:
    kept = row("a", 10, part("input", 1_000, 3_000))
    gone = row("a", 5, part("input", 500, 1_500), group=("web", "fix"))
    came = row("a", 2, part("input", 200, 600), group=("data", "ask"))
    assert effects(side(10, kept, gone), side(10, kept, came)) == {
        "new": 600,
        "discontinued": -1_500,
    }


def test_a_price_that_became_known_is_neither_price_nor_mix() -> None:
    before = side(10, row("a", 10, part("input", 1_000, None)))
    after = side(10, row("a", 10, part("input", 1_000, 3_000)))
    assert effects(before, after) == {"price_known": 3_000}


def test_what_a_provider_states_beyond_the_price_is_an_adjustment_per_call() -> None:
    before = side(10, row("a", 10, part("input", 1_000, 3_000)))
    after = side(
        10, row("a", 10, part("input", 1_000, 3_000), Part("adjustment", 10, 0, 250, 250, 250))
    )
    assert effects(before, after) == {"adjustment": 250}


def test_a_credit_is_an_ordinary_line_for_shapley_and_none_for_lmdi() -> None:
    credit = Part("adjustment", 10, -4_000, -4_000, -4_000, -4_000)
    before = side(10, row("a", 10, part("input", 1_000, 3_000)))
    after = side(10, row("a", 10, part("input", 1_000, 3_000), credit))
    assert effects(before, after) == {"adjustment": -4_000}
    refused = bridge(before, after, method="lmdi")
    assert isinstance(refused, Undefined)
    assert refused.reason == "a negative amount has no logarithm: legal, review, a, adjustment"


def test_tools_are_counted_per_call() -> None:
    before = side(10, row("a", 10, part("web_searches", 10, 100)))
    after = side(10, row("a", 10, part("web_searches", 30, 300)))
    assert effects(before, after) == {"tool": 200}


def test_usage_of_a_second_model_in_the_same_call() -> None:
    """Its calls are booked with the first model; its tokens are not lost."""
    main = row("a", 10, part("input", 1_000, 3_000))
    before = side(10, main, row("b", 0, part("input", 100, 200)))
    after = side(10, main, row("b", 0, part("input", 300, 600)))
    assert effects(before, after) == {"tokens_per_call": 400}


def test_other_charges_are_an_effect_of_their_own() -> None:
    rows = [row("a", 10, part("input", 1_000, 3_000))]
    before = Side(rows, {GROUP: 10}, {"seats": 500})
    after = Side(rows, {GROUP: 10}, {"seats": 900, "review": 100})
    assert effects(before, after) == {"other_charges": 500}


def test_where_an_effect_is() -> None:
    other = row("a", 10, part("input", 1_000, 3_000), group=("web", "fix"))
    dearer = row("a", 10, part("input", 1_000, 4_000), group=("web", "fix"))
    kept = row("a", 10, part("input", 1_000, 3_000))
    found = bridge(side(10, kept, other), side(10, kept, dearer))
    assert isinstance(found, Bridge)
    parts = found.gathered(lambda line: line.key.group)
    assert summed(parts["web", "fix"])["list_price"] == 1_000
    assert summed(parts[GROUP])["list_price"] == 0


def test_takeovers_are_large_and_mirror() -> None:
    a, b, c = ("a",), ("b",), ("guard",)
    before, after = {a: 90, c: 30}, {a: 20, b: 75, c: 25}
    (found,) = takeovers(before, after)
    assert (found.old, found.new) == (a, b)
    assert found.old_shares == (Fraction(3, 4), Fraction(1, 6))
    (back,) = takeovers(after, before)
    assert (back.old, back.new) == (b, a)
    assert takeovers({a: 80, c: 20}, {a: 40, c: 60}) == [], "both were and are in use"
    assert takeovers({a: 100}, {a: 96, b: 4}) == [], "too little"
    assert len(takeovers({a: 50, b: 50}, {a: 5, b: 95})) == 1, "the old one has all but gone"
    assert takeovers({}, {a: 1}) == takeovers({a: 1}, {}) == []


@pytest.mark.parametrize("kind", ["fresh_input", "cache_write", "adjustment"])
def test_every_step_bears_the_name_of_an_effect(kind: str) -> None:
    known = {effect.name for effect in EFFECTS}
    for by_calls in (False, True):
        names = step_names(kind, by_calls=by_calls)
        assert len(names) == len(STEPS) and set(names) <= known
