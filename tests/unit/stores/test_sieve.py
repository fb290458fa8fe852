"""The sieve never holds back a key that is stored, and lets few others pass."""

from __future__ import annotations

import numpy as np

from jevons.stores.sieve import Sieve


def test_no_stored_key_is_held_back_and_few_others_pass() -> None:
    chance = np.random.default_rng(1)
    stored = [chance.integers(-(2**63), 2**63, 400_000, dtype=np.int64) for _ in range(4)]

    def keys_since(batch: int) -> np.ndarray:
        return np.concatenate([*stored[batch:newest], np.zeros(0, dtype=np.int64)])

    sieve = Sieve(keys_since)
    for newest in range(1, 5):
        for keys in stored[:newest]:
            assert len(sieve.passing(keys, newest)) == len(keys)
    new = chance.integers(-(2**63), 2**63, 100_000, dtype=np.int64)
    # 12 bits and 4 probes per key let 0.6 % of other keys pass; while it grows, fewer.
    assert len(sieve.passing(new, 4)) < 2_000


def test_an_empty_sieve_lets_nothing_pass() -> None:
    sieve = Sieve(lambda _: np.zeros(0, dtype=np.int64))
    assert len(sieve.passing(np.arange(10, dtype=np.int64), 0)) == 0
