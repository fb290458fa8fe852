"""Why the bill changed: Shapley of 100,000 lines, and a bridge of as many from rows to effects.

`explain` of two months of a large ledger is in bench_ledger.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import TypeVar

import numpy as np

from bench.tables import at_most, table
from jevons import Bridge, Part, Side, Spend, bridge, shapley, shapley_exact

T = TypeVar("T")

LINES, FACTORS = 100_000, 8
SHAPLEY = 1.0
"""Seconds for Shapley of all lines."""
CHECKED = 20
UNITS = ("input", "cache_read", "cache_write_5m", "output", "reasoning")


def processor(work: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds of one call, and its result."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def side(random: Random) -> Side:
    """A month of as many lines: groups of ten models with five units each."""
    rows, tasks = [], {}
    for group in range(LINES // (10 * len(UNITS))):
        tasks[f"team {group}", "work"] = random.randint(50, 500)
        for model in range(10):
            parts = []
            for price, unit in enumerate(UNITS, 1):
                quantity = random.randint(1, 10**7)
                cost = quantity * price * random.randint(9, 10) * 10**8
                parts.append(Part(unit, quantity, cost, cost, cost, cost))
            values = (f"team {group}", "work", f"model {model}", None, None)
            none = (None, None, None, None)
            rows.append(Spend(values, 1_000, 0, 0, tuple(parts), *none, "metered"))
    return Side(rows, tasks)


def main() -> None:
    """Measure and print."""
    numbers = np.random.default_rng(1)
    before, after = (numbers.random((FACTORS, LINES)) * 10 for _ in range(2))
    fast, effects = processor(lambda: shapley(before, after))
    slow, reference = processor(
        lambda: [
            shapley_exact(list(map(Fraction, before[:, n])), list(map(Fraction, after[:, n])))
            for n in range(CHECKED)
        ]
    )
    for n, exact in enumerate(reference):
        assert np.allclose(effects[:, n], [float(x) for x in exact], rtol=1e-12, atol=1e-12)
    random = Random(2)
    old, new = side(random), side(random)
    whole, found = processor(lambda: bridge(old, new))
    assert isinstance(found, Bridge)
    assert len(found.lines) == LINES
    assert sum(found.effects.values()) == found.delta
    rows = [
        (f"Shapley, {LINES:,} lines x {FACTORS} factors", f"{fast:.3f}",
         at_most(fast, SHAPLEY, " s")),
        (f"the readable version, extrapolated from {CHECKED} lines",
         f"{slow * LINES / CHECKED:,.0f}", ""),
        (f"bridge of {LINES:,} lines: tree, Shapley, whole amounts", f"{whole:.2f}", ""),
    ]  # fmt: skip
    print(table(("", "processor seconds", "promised"), rows))


if __name__ == "__main__":
    main()
