"""Random draws that depend on nothing but seed, purpose and counter.

A draw is a hash of its counter (SplitMix64's finaliser), so that it is the same in whatever
order, chunk or process it is made, on every platform and numpy version. Distributions are integer
tables of quantiles: no floating-point function is evaluated per draw.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
SLOTS: Final = 4096
"""Entries of a quantile table; a 12-bit slice of a draw picks one."""
ONE: Final = 1 << 16
"""What 1.0 is in a quantile table, and in a share that is compared with a 16-bit slice."""


def _mix(value: int) -> int:
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def draw(seed: int, purpose: int, counter: U64) -> U64:
    """64 independent bits for every counter; `purpose` separates draws for different questions."""
    key = _mix(_mix(seed & _MASK) ^ purpose)
    # An odd multiplier per purpose: two purposes never run through the same values, only shifted.
    value = counter * np.uint64(_mix(key) | 1) + np.uint64(key)
    value ^= value >> np.uint64(30)
    value *= np.uint64(_FIRST)
    value ^= value >> np.uint64(27)
    value *= np.uint64(_SECOND)
    value ^= value >> np.uint64(31)
    return value


def share(bits: U64, slot: int) -> I64:
    """The `slot`-th (0..3) 16-bit slice of a draw: compare with a share of `ONE`."""
    return ((bits >> np.uint64(16 * slot)) & np.uint64(0xFFFF)).astype(np.int64)


def scaled(bits: U64, slot: int, mean: I64, table: I64) -> I64:
    """`mean` times the quantile that the `slot`-th (0..4) 12-bit slice of a draw picks, floored."""
    picked = ((bits >> np.uint64(12 * slot)) & np.uint64(SLOTS - 1)).astype(np.int64)
    return (mean * table[picked]) >> 16


@cache
def lognormal(sigma: float) -> I64:
    """Quantiles of a log-normal distribution with mean 1, as multiples of 1/ONE."""
    normal = NormalDist()
    values = [math.exp(sigma * normal.inv_cdf((i + 0.5) / SLOTS)) for i in range(SLOTS)]
    mean = math.fsum(values) / SLOTS
    return np.array([round(value / mean * ONE) for value in values], dtype=np.int64)


def words(seed: int, purpose: int, counter: U64, count: int) -> U64:
    """`count` draws for every counter, as an array of shape (counters, count)."""
    columns = [draw(seed, purpose + 1000 * (number + 1), counter) for number in range(count)]
    return np.ascontiguousarray(np.stack(columns, axis=1))
