"""Observations turned on their side, so that what many of them share is looked at once.

A batch has few distinct *profiles*: combinations of provider, models, team, project, harness and
the like. Each observation is its profile's number plus the few fields that are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from jevons.vocabulary.observation import Observation

_FIELDS: Final = Observation.__struct_fields__

OWN: Final = (
    "time", "response_id", "request_id", "aliases", "self_keys", "latency_ms", "usage",
    "stated_cost", "block_hashes", "person", "customer", "task", "session", "session_started_at",
    "run", "parent_run", "step", "parent_step", "tags",
)  # fmt: skip
"""Fields that differ from observation to observation."""

PROFILE: Final = tuple(name for name in _FIELDS if name not in OWN)
"""Fields that many observations share, in the order of a profile."""

_profile = attrgetter(*PROFILE)


class Fields:
    """The fields of a batch of observations. codes: (n,) number of each one's profile in
    `profiles`. contents: the canonical JSON of each, once `write` was called."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = observations
        self.contents: list[bytes] = []
        self._index: dict[tuple[Any, ...], int] = {}
        index = self._index
        numbers = [index.setdefault(_profile(one), len(index)) for one in observations]
        self.codes: npt.NDArray[np.int32] = np.array(numbers, dtype=np.int32)
        self.profiles = list(index)
        self.count = len(numbers)
        self._own = {name: list(map(attrgetter(name), observations)) for name in OWN}
        self._parts: Sequence[Fields] = ()

    @classmethod
    def joined(cls, parts: Sequence[Fields]) -> Fields:
        """The fields of several batches as those of one."""
        if len(parts) == 1:
            return parts[0]
        whole = cls([])
        whole.observations = list(chain.from_iterable(part.observations for part in parts))
        whole.contents = list(chain.from_iterable(part.contents for part in parts))
        whole.count = len(whole.observations)
        index, codes = whole._index, [whole.codes]
        for part in parts:
            numbers = [index.setdefault(profile, len(index)) for profile in part.profiles]
            codes.append(np.array(numbers, dtype=np.int32)[part.codes])
        whole.codes, whole.profiles = np.concatenate(codes), list(index)
        whole._parts = parts
        return whole

    def write(self) -> Fields:
        """Encode the observations, which must be canonical; returns itself."""
        self.contents = list(map(msgspec.json.Encoder().encode, self.observations))
        return self

    def renew(self, positions: Iterable[int]) -> None:
        """Take over the fields of observations that were changed; not of what was joined."""
        for position in positions:
            one = self.observations[position]
            self.codes[position] = self._index.setdefault(_profile(one), len(self._index))
            for name, column in self._own.items():
                column[position] = getattr(one, name)
        self.profiles = list(self._index)

    def own(self, name: str) -> list[Any]:
        """One value per observation of a field in OWN."""
        if self._parts:  # put together when it is used: what many values are is soon out of cache
            return list(chain.from_iterable(part._own[name] for part in self._parts))
        return self._own[name]

    def shared(self, name: str) -> list[Any]:
        """One value per profile of a field in PROFILE."""
        place = PROFILE.index(name)
        return [profile[place] for profile in self.profiles]

    def column(self, name: str) -> list[Any]:
        """One value per observation of any field."""
        if name in self._own:
            return self.own(name)
        values = self.shared(name)
        return [values[code] for code in self.codes.tolist()]

    def where_shared(self, name: str, wanted: Any) -> npt.NDArray[np.bool_]:
        """(n,) whether a shared field has the wanted value."""
        flags = np.array([value == wanted for value in self.shared(name)], dtype=bool)
        found: npt.NDArray[np.bool_] = flags[self.codes] if len(flags) else np.zeros(0, dtype=bool)
        return found
