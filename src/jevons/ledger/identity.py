"""Which observations are of the same call.

A *strong* key names one provider response: the provider's response id, a request id that the
provider
issued (`req_…`), an alias that a source knows to join, or a key that recognises a repetition of
the same
report (a span id). A *weak* key is a request id made by a client: retries may share it, so it
joins two
groups only while at most one of them has a response id of its own.

Provider-issued ids are random and share one namespace, because one tool calls a request id what
another
calls a response id. Short ids are kept apart by provider; ids known to repeat (`chatcmpl-123`,
local
servers) by model and second too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from jevons.vocabulary.observation import Observation

Digest = bytes
"""16 bytes of BLAKE2b over a key; an event's id is the smallest digest among its observations'
keys."""

_REPEATING: Final = re.compile(r"chatcmpl-\d{1,6}\Z")
PROVIDER_REQUEST: Final = re.compile(r"req_\w{16,}\Z")
"""A request id that a provider issued, and not a client."""

STRONG_LENGTH: Final = 18
"""Ids of this many characters or more are random enough to be unique over all providers."""


def digest(key: str) -> Digest:
    """The 16-byte digest of a key."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def lookup_hash(key_digest: Digest) -> int:
    """The first eight bytes of a digest as a signed integer: what the key table stores."""
    return int.from_bytes(key_digest[:8], "big", signed=True)


def _id_key(observation: Observation, identifier: str) -> str:
    if len(identifier) >= STRONG_LENGTH:
        return f"id:{identifier}"
    if _REPEATING.match(identifier):
        model = observation.response_model or observation.request_model
        second = int(observation.time) // 1_000_000
        return f"id:{observation.provider}:{model}:{second}:{identifier}"
    return f"id:{observation.provider}:{identifier}"


def joining_keys(observation: Observation) -> list[str]:
    """The strong keys by which reports of different tools can meet. `time` must be epoch
    microseconds."""
    keys = []
    if observation.response_id:
        keys.append(_id_key(observation, observation.response_id))
    request = observation.request_id
    if request and PROVIDER_REQUEST.match(request):
        keys.append(_id_key(observation, request))
    for alias in observation.aliases:
        keys.append(alias if ":" in alias else _id_key(observation, alias))
    return keys


def weak_key(observation: Observation) -> str | None:
    """The key of a client-made request id and attempt, None when there is none."""
    request = observation.request_id
    if not request or PROVIDER_REQUEST.match(request):
        return None
    attempt = observation.attempt or 1
    return f"request:{observation.provider}:{request}" + (f"#{attempt}" if attempt > 1 else "")


def content_key(observation: Observation) -> str:
    """The key of a report that carries no identity at all: its whole content."""
    content = msgspec.json.encode(observation, order="deterministic")
    return "content:" + blake2b(content, digest_size=16).hexdigest()


def keys(observation: Observation) -> list[str]:
    """All keys of an observation, strong before weak; never empty."""
    found = joining_keys(observation)
    if observation.self_keys:
        found += ["self:" + key for key in observation.self_keys]
    weak = weak_key(observation)
    if weak:
        found.append(weak)
    return list(dict.fromkeys(found)) or [content_key(observation)]


def is_keyless(observation: Observation) -> bool:
    """Whether nothing in the report can join it to another tool's report of the same call."""
    return not joining_keys(observation) and weak_key(observation) is None


def components(key_sets: Sequence[Iterable[str]]) -> list[list[int]]:
    """Group positions whose key sets meet, directly or through others. Order of input does not
    matter."""
    parent = list(range(len(key_sets)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    owner: dict[str, int] = {}
    for position, keys_of_one in enumerate(key_sets):
        for key in keys_of_one:
            other = owner.setdefault(key, position)
            if other != position:
                parent[root(position)] = root(other)
    groups: dict[int, list[int]] = {}
    for position in range(len(key_sets)):
        groups.setdefault(root(position), []).append(position)
    return list(groups.values())


def group(observations: Sequence[Observation]) -> list[list[int]]:
    """Positions of observations grouped into calls: strong keys first, then weak ones where
    unambiguous.

    A client-made request id seen with two different responses is two attempts: then it joins
    neither.
    """
    strong_sets = []
    for observation in observations:
        found = joining_keys(observation) + ["self:" + key for key in observation.self_keys]
        weak = weak_key(observation)
        strong_sets.append(found or ([] if weak else [content_key(observation)]))
    strong = components(strong_sets)
    weak_sets: list[set[str]] = []
    for members in strong:
        found_weak = {weak_key(observations[position]) for position in members}
        weak_sets.append({key for key in found_weak if key})
    answered: dict[str, int] = {}
    for members, weak_keys in zip(strong, weak_sets, strict=True):
        if any(observations[position].response_id for position in members):
            for key in weak_keys:
                answered[key] = answered.get(key, 0) + 1
    usable = [
        {key for key in weak_keys if answered.get(key, 0) <= 1} or {f"group:{number}"}
        for number, weak_keys in enumerate(weak_sets)
    ]
    merged = components(usable)
    return [sorted(p for number in numbers for p in strong[number]) for numbers in merged]


def event_id(observations: Iterable[Observation]) -> Digest:
    """The id of the call that these observations report: the smallest digest among their strong
    keys."""
    digests: list[Digest] = []
    for observation in observations:
        strong = joining_keys(observation) + ["self:" + key for key in observation.self_keys]
        digests += [digest(key) for key in strong or keys(observation)]
    return min(digests)
