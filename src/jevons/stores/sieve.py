"""A sieve in front of the key table: most keys of an import are new, and it says so at once.

A Bloom filter over the key hashes of all batches. It has no false negatives, so a hash that does
not
pass is in no batch; those that pass are looked up in the table. It lives as long as the process
that
writes, and takes in the keys that other writers add.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.int64]

_BITS_PER_KEY: Final = 12
_PROBES: Final = 4
_LEAST: Final = 1 << 23


class Sieve:
    """Tells which key hashes may be stored. keys_since: the hashes of batches after a number."""

    def __init__(self, keys_since: Callable[[int], Hashes]) -> None:
        self._keys_since = keys_since
        self._batch = 0
        self._count = 0
        self._bits: npt.NDArray[np.uint8] = np.zeros(_LEAST // 8, dtype=np.uint8)

    def passing(self, hashes: Hashes, newest: int) -> Hashes:
        """The hashes that may be in a batch up to `newest`."""
        self._take_in(newest)
        if not self._count:
            return hashes[:0]
        passed = np.ones(len(hashes), dtype=bool)
        for place in self._places(hashes):
            passed &= (self._bits[place >> 3] >> (place & 7).astype(np.uint8)) & 1 == 1
        return hashes[passed]

    def _take_in(self, newest: int) -> None:
        """Learn the keys of batches that were not seen yet; grow when they get dense."""
        if newest <= self._batch:
            return
        fresh = self._keys_since(self._batch)
        if (self._count + len(fresh)) * _BITS_PER_KEY > len(self._bits) * 8:
            fresh = self._keys_since(0) if self._batch else fresh
            size = _LEAST
            while size < 2 * len(fresh) * _BITS_PER_KEY:
                size *= 2
            self._bits, self._count = np.zeros(size // 8, dtype=np.uint8), 0
        for place in self._places(fresh):
            np.bitwise_or.at(self._bits, place >> 3, np.uint8(1) << (place & 7).astype(np.uint8))
        self._count += len(fresh)
        self._batch = newest

    def _places(self, hashes: Hashes) -> list[npt.NDArray[np.int64]]:
        """Bit positions of each hash, one array per probe: double hashing of its two halves."""
        mask = np.uint64(len(self._bits) * 8 - 1)
        plain = hashes.view(np.uint64)
        step = (plain >> np.uint64(32)) | np.uint64(1)
        return [
            ((plain + np.uint64(probe) * step) & mask).astype(np.int64) for probe in range(_PROBES)
        ]
