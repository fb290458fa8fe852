"""From the observations of one call to the event: usage whole from the best, labels field by
field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from jevons.vocabulary.observation import DIMENSIONS, EVIDENCE_RANK, LABELS, Observation

_COMPLETENESS_RANK: Final = {"complete": 0, "partial": 1, "none": 2}
_DETAIL_RANK: Final = {"full": 0, "coarse": 1}
_FIELDS: Final = (
    *LABELS,
    *DIMENSIONS,
    "batch",
    "latency_ms",
    "attempt",
    "response_id",
    "request_id",
)


def total_counted(usage: Mapping[str, Any] | None) -> int:
    """The sum of all whole numbers in a usage body: orders bodies of one call by size, nothing
    more."""
    total = 0
    for value in (usage or {}).values():
        if isinstance(value, bool):
            continue
        if isinstance(value, int):
            total += value
        elif isinstance(value, dict):
            total += total_counted(value)
    return total


def usage_rank(observation: Observation) -> tuple[int, int, int, int, bytes]:
    """The order in which observations of one call give its usage, best first.

    Complete before partial before none; full detail before an emitter known to leave out the cache
    or
    reasoning split; then gateway > provider > span > client log > estimate; then the larger count
    (a
    larger lower bound beats a smaller one); then the content, so that the choice never depends on
    order.
    """
    return (
        _COMPLETENESS_RANK[observation.completeness],
        _DETAIL_RANK[observation.detail],
        EVIDENCE_RANK[observation.evidence],
        -total_counted(observation.usage),
        msgspec.json.encode(observation),
    )


def label_rank(observation: Observation) -> tuple[int, int, int, bytes]:
    """The order in which observations give attribution and labels, best first.

    By evidence, then by the start of the session that reports it: a forked or resumed session
    repeats
    the calls of the session that made them, which began earlier.
    """
    started = observation.session_started_at
    return (
        EVIDENCE_RANK[observation.evidence],
        int(observation.time) if started is None else started,
        int(observation.time),
        msgspec.json.encode(observation),
    )


def resolve(observations: Sequence[Observation]) -> Observation:
    """Merge the observations of one call into its event, independent of their order.

    The result is an Observation whose usage, dialect, completeness and evidence are those of the
    best
    usage, whose other fields are the first known value by label rank, and whose time is the
    earliest.
    """
    if len(observations) == 1:
        return observations[0]
    best = min(observations, key=usage_rank)
    ordered = sorted(observations, key=label_rank)
    merged: dict[str, Any] = {}
    for field in _FIELDS:
        merged[field] = next(
            (value for o in ordered if (value := getattr(o, field)) is not None), None
        )
    tags: dict[str, str] = {}
    for observation in reversed(ordered):
        tags.update(observation.tags)
    hashes = next((o.block_hashes for o in ordered if o.block_hashes), [])
    stated = _stated(observations)
    told = next((o for o in ordered if o.status is not None or o.error is not None), None)
    merged |= {"status": told.status if told else None, "error": told.error if told else None}
    merged |= _place_in_run(merged["run"], ordered)
    merged["provider"] = _provider(best, ordered)
    return msgspec.structs.replace(
        best,
        **merged,
        tags=tags,
        block_hashes=hashes,
        time=min(int(o.time) for o in observations),
        stated_cost=stated.stated_cost if stated else None,
        stated_by=stated.stated_by if stated else None,
        aliases=sorted({alias for o in observations for alias in o.aliases}),
        self_keys=sorted({key for o in observations for key in o.self_keys}),
    )


def _place_in_run(run: str | None, ordered: Sequence[Observation]) -> dict[str, str | None]:
    """Parent run and agent belong to the run: they come only from reports that name the same one.

    Else a side conversation that replays a message of its parent would make a run its own parent.
    """
    same = [o for o in ordered if run is None or o.run in (None, run)]
    found: dict[str, str | None] = {}
    for field in ("parent_run", "agent"):
        found[field] = next((v for o in same if (v := getattr(o, field)) is not None), None)
    return found


def _provider(best: Observation, ordered: Sequence[Observation]) -> str:
    """The provider of the usage decides the price; an unnamed one is taken from the other
    reports."""
    if best.provider != "unknown":
        return best.provider
    return next((o.provider for o in ordered if o.provider != "unknown"), "unknown")


def _stated(observations: Sequence[Observation]) -> Observation | None:
    """The report whose stated cost counts: a provider's before a client's, then by evidence."""
    stating = [o for o in observations if o.stated_cost is not None]
    return min(
        stating,
        key=lambda o: (o.stated_by != "provider", EVIDENCE_RANK[o.evidence], o.stated_cost or ""),
        default=None,
    )
