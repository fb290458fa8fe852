"""Shapley and LMDI on random factors: they add up, know no order, and mirror exactly."""

from __future__ import annotations

from fractions import Fraction
from math import fsum, prod
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.analysis.bridge.lmdi import Undefined, lmdi, lmdi_line
from jevons.analysis.bridge.rounding import whole
from jevons.analysis.bridge.shapley import shapley, shapley_exact

factors = st.one_of(
    st.just(Fraction(0)),
    st.fractions(min_value=-50, max_value=50, max_denominator=97),
    st.integers(1, 10**9).map(Fraction),
)
positive = st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000)


def line(number: st.SearchStrategy[Fraction], most: int = 8) -> st.SearchStrategy[object]:
    return st.integers(1, most).flatmap(
        lambda n: st.tuples(
            st.lists(number, min_size=n, max_size=n), st.lists(number, min_size=n, max_size=n)
        )
    )


@given(line(factors))
def test_the_reference_adds_up_exactly_and_mirrors(sides: tuple[list[Fraction], ...]) -> None:
    before, after = sides
    effects = shapley_exact(before, after)
    assert sum(effects) == prod(after) - prod(before)
    assert shapley_exact(after, before) == tuple(-effect for effect in effects)


@given(line(factors), st.randoms(use_true_random=False))
def test_the_reference_knows_no_order_of_factors(
    sides: tuple[list[Fraction], ...], random: Random
) -> None:
    before, after = sides
    order = list(range(len(before)))
    random.shuffle(order)
    effects = shapley_exact(before, after)
    shuffled = shapley_exact([before[i] for i in order], [after[i] for i in order])
    assert shuffled == tuple(effects[i] for i in order)


@given(line(factors))
def test_a_factor_that_stays_has_no_effect(sides: tuple[list[Fraction], ...]) -> None:
    before, after = sides
    after = [before[0], *after[1:]]
    assert shapley_exact(before, after)[0] == 0
    assert shapley([[float(x)] for x in before], [[float(x)] for x in after])[0, 0] == 0


@given(line(factors))
def test_the_fast_version_equals_the_reference(sides: tuple[list[Fraction], ...]) -> None:
    before, after = sides
    exact = shapley_exact(before, after)
    fast = shapley([[float(x)] for x in before], [[float(x)] for x in after])[:, 0]
    # Terms of both signs cancel, so the error is measured against what is added up.
    gross = shapley_exact([-abs(x) for x in before], [abs(x) for x in after])
    scale = float(sum(abs(effect) for effect in gross)) + float(
        prod(max(abs(a), abs(b)) for a, b in zip(before, after, strict=True))
    )
    assert np.allclose(fast, [float(x) for x in exact], rtol=1e-13, atol=1e-14 * scale)


@given(st.lists(st.tuples(*[factors] * 6), min_size=1, max_size=40), st.integers(0, 10**6))
def test_fast_lines_mirror_to_the_last_bit_and_know_no_row_order(
    rows: list[tuple[Fraction, ...]], seed: int
) -> None:
    table = np.array([[float(x) for x in row] for row in rows]).T
    before, after = table[:3], table[3:]
    effects = shapley(before, after)
    assert (shapley(after, before) == -effects).all()
    order = np.random.default_rng(seed).permutation(len(rows))
    assert (shapley(before[:, order], after[:, order]) == effects[:, order]).all()


@given(line(st.one_of(st.just(Fraction(0)), positive)))
def test_lmdi_adds_up_and_mirrors(sides: tuple[list[Fraction], ...]) -> None:
    before, after = ([float(x) for x in side] for side in sides)
    effects = lmdi_line(before, after)
    change = prod(after) - prod(before)
    assert fsum(effects) == pytest.approx(change, rel=1e-9, abs=1e-9 * prod(map(abs, after)))
    if prod(before) and prod(after):
        assert lmdi_line(after, before) == pytest.approx([-x for x in effects], rel=1e-12)


@given(line(positive, 4))
def test_lmdi_is_the_limit_at_zero_not_a_small_number(sides: tuple[list[Fraction], ...]) -> None:
    """With one factor at 0 before, the others' effects vanish like 1 / ln of what replaces it."""
    before, after = ([float(x) for x in side] for side in sides)
    effects = lmdi_line([0.0, *before[1:]], after)
    assert effects[0] == prod(after)
    assert not any(effects[1:])
    near = lmdi_line([1e-300, *before[1:]], after)
    far = lmdi_line([1e-3, *before[1:]], after)
    worst = max(map(abs, far[1:]), default=0.0)
    assert max(map(abs, near[1:]), default=0.0) <= max(worst, 1e-9 * prod(after))


@given(line(factors))
def test_lmdi_refuses_what_has_no_logarithm(sides: tuple[list[Fraction], ...]) -> None:
    before, after = sides
    result = lmdi([[x] for x in before], [[x] for x in after])
    assert isinstance(result, Undefined) == (min(*before, *after) < 0)


@given(st.lists(st.floats(-1e22, 1e22), min_size=1, max_size=9), st.integers(-(10**23), 10**23))
def test_whole_amounts_sum_to_the_change_and_mirror(effects: list[float], change: int) -> None:
    amounts = whole(effects, change)
    assert sum(amounts) == change
    assert whole([-x for x in effects], -change) == tuple(-amount for amount in amounts)
    moved = [i for i, (a, e) in enumerate(zip(amounts, effects, strict=True)) if a != round(e)]
    assert len(moved) <= 1
