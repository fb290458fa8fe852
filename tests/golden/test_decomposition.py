"""The values under `decomposition` in the sample golden.json, through the public Python interface.

They come from the test-suite of MatthewHeun/LMDIR, from published leaderboards, and from
arithmetic; `economics.md` beside the samples names each source.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, permutations
from math import prod
from pathlib import Path
from typing import Any

import pytest
import yaml

from jevons import lmdi, lmdi_ratios, price_volume_mix, shapley, shapley_exact
from jevons.analysis.bridge.shapley import exact

Table = list[list[Any]]
"""Factors x lines."""


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data / "golden.json").read_text())
    return found


def additive(before: Table, after: Table) -> list[float]:
    effects = lmdi(before, after)
    assert isinstance(effects, list)
    return [sum(column) for column in zip(*effects, strict=True)]


def exact_shapley(before: Table, after: Table) -> list[float]:
    """The sum over lines, by the reference; the fast version must agree to 13 digits."""
    lines = zip(zip(*before, strict=True), zip(*after, strict=True), strict=True)
    rows = [shapley_exact(old, new) for old, new in lines]
    sums = [float(sum(column)) for column in zip(*rows, strict=True)]
    as_floats = [[[float(exact(x)) for x in factor] for factor in t] for t in (before, after)]
    scale = max(map(abs, sums))
    assert shapley(*as_floats).sum(axis=1) == pytest.approx(sums, rel=1e-13, abs=1e-13 * scale)
    return sums


def printed(values: Sequence[float], published: Sequence[float]) -> None:
    """Equal to the digits that are printed."""
    for value, shown in zip(values, published, strict=True):
        decimals = len(repr(shown).partition(".")[2]) if isinstance(shown, float) else 9
        assert abs(value - shown) <= 0.5 * 10**-decimals * (1 + 1e-6), (value, shown)


@pytest.mark.parametrize("years", ["1971_1972", "1972_1973"])
def test_the_test_suite_of_lmdir(golden: dict[str, Any], years: str) -> None:
    case = golden["decomposition"][f"lmdi_LMDIR_{years}"]
    before, after = case["X0"], case["XT"]
    printed(additive(before, after), case["add"])
    assert sum(additive(before, after)) == pytest.approx(case["total"], rel=1e-14)
    ratios = lmdi_ratios(before, after)
    assert isinstance(ratios, tuple)
    printed(ratios, case["mul"])
    printed(exact_shapley(before, after), case["shapley"])


def test_one_order_of_factors_is_not_an_explanation(golden: dict[str, Any]) -> None:
    """What factor-by-factor waterfalls say depends on their order; Shapley is the mean of them."""
    case = golden["decomposition"]["lmdi_LMDIR_1971_1972"]
    found: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for order in permutations(range(3)):
        now = [list(factor) for factor in case["X0"]]
        for j in order:
            value = sum(map(prod, zip(*now, strict=True)))
            now[j] = case["XT"][j]
            found[j].append(sum(map(prod, zip(*now, strict=True))) - value)
    for j, (low, high) in enumerate(case["sequential_range"].values()):
        assert (min(found[j]), max(found[j])) == (low, high)
    means = [sum(values) / len(values) for values in found.values()]
    assert exact_shapley(case["X0"], case["XT"]) == pytest.approx(means)


def test_the_price_falls_by_three_quarters_and_the_bill_rises(golden: dict[str, Any]) -> None:
    case = golden["decomposition"]["seed_story_price_minus75"]
    before, after = ([[x] for x in case[side]] for side in ("x0", "xT"))
    printed(additive(before, after), case["lmdi"])
    printed(exact_shapley(before, after), case["shapley"])
    assert sum(exact_shapley(before, after)) == pytest.approx(case["V"][1] - case["V"][0])
    ratios = lmdi_ratios(before, after)
    assert isinstance(ratios, tuple)
    assert ratios == pytest.approx(case["mul"], rel=1e-12)


def test_a_new_model_by_limits_not_by_a_small_number(golden: dict[str, Any]) -> None:
    case = golden["decomposition"]["zero_new_model"]
    effects = additive(case["x0"], case["xT"])
    printed(effects, case["lmdi_analytic_limit"])
    assert sum(effects) == pytest.approx(case["total"], rel=1e-12)
    printed(exact_shapley(case["x0"], case["xT"]), case["shapley"])
    for name, small in (("lmdi_delta_1e-20_WRONG", 1e-20), ("lmdi_delta_1e-6_WRONG", 1e-6)):
        replaced = [[x or small for x in factor] for factor in case["x0"]]
        wrong = additive(replaced, [[x or small for x in factor] for factor in case["xT"]])
        assert wrong == pytest.approx(case[name], abs=2e-6)
        assert abs(wrong[0] - effects[0]) > 0.01


def test_price_volume_mix(golden: dict[str, Any]) -> None:
    case = golden["decomposition"]["pvm"]
    result = price_volume_mix(
        list(zip(case["p0"], case["q0"], strict=True)),
        list(zip(case["p1"], case["q1"], strict=True)),
    )
    assert (result.price, result.volume, result.mix) == (
        case["price"],
        case["volume"],
        case["mix"],
    )
    assert result.price + result.volume + result.mix == case["total"]


def test_aider_gpt5_from_low_to_high_effort(golden: dict[str, Any], shared_data: Path) -> None:
    """The reasoning premium: same tasks, same list price, more and dearer tokens."""
    case = golden["decomposition"]["aider_gpt5_low_to_high_list"]
    text = (shared_data / "aider" / "polyglot_leaderboard.yml").read_text()
    rows = {row["model"]: row for row in yaml.safe_load(text)}
    low, high = (rows[f"gpt-5 ({effort})"] for effort in ("low", "high"))
    assert [low["prompt_tokens"], high["prompt_tokens"]] == case["input_tokens"]
    assert [low["completion_tokens"], high["completion_tokens"]] == case["output_tokens"]
    prices = [exact(price) for price in case["prices"]]

    def factors(row: dict[str, Any]) -> Table:
        tokens = row["prompt_tokens"], row["completion_tokens"]
        tasks = row["test_cases"]
        return [
            [tasks, tasks],
            [Fraction(sum(tokens), tasks)] * 2,
            [Fraction(kind, sum(tokens)) for kind in tokens],
            prices,
        ]

    before, after = factors(low), factors(high)
    printed(additive(before, after), case["lmdi[tasks,tok/task,mix,price]"])
    effects = exact_shapley(before, after)
    printed(effects, case["shapley"])
    assert sum(effects) == pytest.approx(case["delta"], rel=1e-14)
    result = price_volume_mix(
        list(zip(prices, [low["prompt_tokens"], low["completion_tokens"]], strict=True)),
        list(zip(prices, [high["prompt_tokens"], high["completion_tokens"]], strict=True)),
    )
    printed(
        [float(result.price), float(result.volume), float(result.mix)],
        case["pvm[price,volume,mix]"],
    )


def chain(*totals: int | float) -> list[list[Fraction]]:
    """One line's factors from running totals: tasks, calls, ... cost."""
    numbers = [exact(total) for total in totals]
    steps = [numbers[0], *(b / a for a, b in pairwise(numbers))]
    return [[step] for step in steps]


def test_swebench_pro_from_gpt5_to_claude(golden: dict[str, Any]) -> None:
    """From the totals alone; the 616 lines behind the other values are not among the samples."""
    case = golden["decomposition"]["swebench_pro_gpt5_to_claude45_aggregate"]
    old, new = (golden["outcome"]["swebench_pro_616"][name] for name in ("gpt5", "claude45"))
    sides = [chain(616, row["calls"], row["tokens_sent"], row["cost"]) for row in (old, new)]
    printed(additive(sides[0], sides[1]), case["lmdi[tasks,calls/task,sent_tok/call,$/sent_tok]"])
    assert sum(additive(*sides)) == pytest.approx(case["delta"], rel=1e-12)


def test_swebench_bash_only_from_gpt5_to_sonnet(golden: dict[str, Any]) -> None:
    case = golden["decomposition"]["swebench_bash_gpt5_to_sonnet45"]
    boards = golden["outcome"]["swebench_bash_only"]
    old, new = boards["gpt-5"], boards["sonnet-4-5"]
    sides = [chain(500, row["calls"], row["cost"]) for row in (old, new)]
    printed(additive(*sides), case["lmdi[tasks,calls/task,$/call]"])
    assert sum(additive(*sides)) == pytest.approx(case["delta"], rel=1e-9)
