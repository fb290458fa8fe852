"""Keyless reports: matched on model, time and exact token counts, only when unambiguous.

Some telemetry carries no id of the response. Such a report is the same call as another tool's
report if, within one cluster of reports that agree on model and token counts and lie close in time,
both tools report the same number of calls: then they are paired in order of time. Any other number
is ambiguous: the report stays an event of its own and is counted under "possible duplicates".

A report that comes or changes can only alter the clusters that it was in or is in now. Everything
that can be in them begins within `WINDOW_US` of it, because no call is believed to take longer than
`CALL_US` and a cluster of `SPAN_US` or more is not settled at all. So what the whole ledger would
say follows from the reports near those that changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from jevons.ledger.identity import Digest, event_id, is_keyless
from jevons.ledger.resolution import resolve
from jevons.usage.split import split
from jevons.vocabulary.charge import Split
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.units import inclusive

GAP_US: Final = 30_000_000
"""Reports further apart than this (end of one to start of the next, microseconds) are other
calls."""

CALL_US: Final = 21_600_000_000
"""Six hours: the longest time that a call is believed to take, whatever its report says."""

SPAN_US: Final = 21_600_000_000
"""Six hours: from here on (first start to last start) a cluster is an endless row of equal calls,
in which one report more or less anywhere would shift all pairs."""

WINDOW_US: Final = SPAN_US + 2 * (CALL_US + GAP_US)
"""How far from a changed report those begin that its clusters can hold. One step from a report to
the next is at most a call and a gap; what is left when the changed report goes may begin one step
away from it, and what reaches one step into the edge of the window is known to be too long."""

_SUFFIX: Final = re.compile(r"\[[^\]]*\]$|-20\d{6}$|@20\d{6}$|-20\d\d-\d\d-\d\d$")


@dataclass(frozen=True, slots=True)
class Matched:
    """One call: the positions of its reports, and whether it may double another call."""

    members: tuple[int, ...]
    possible_duplicate: bool = False


def token_counts(observation: Observation) -> tuple[int, int] | None:
    """Inclusive input and output tokens of a report, None when it gives no usage that can be
    true."""
    if not observation.usage or observation.completeness != "complete":
        return None
    result = split(observation.provider, observation.api, observation.usage)
    if not isinstance(result, Split) or len(result.parts) > 1:
        return None
    totals = [inclusive(part.quantities) for part in result.parts]
    shown = sum(t["output_tokens"] for t in totals)
    if observation.provider == "google":
        # Google's own client counts thoughts in its logs and chats but not in its spans.
        shown -= sum(t["reasoning_output_tokens"] for t in totals)
    counts = sum(t["input_tokens"] for t in totals), shown
    return counts if any(counts) else None


def model_name(observation: Observation) -> str:
    """The model without route, date or variant suffix, for comparison only."""
    name = (observation.response_model or observation.request_model or "").lower()
    return _SUFFIX.sub("", name.rsplit("/", 1)[-1])


def kind(observation: Observation) -> str:
    """What sort of report it is: reports of one kind never report the same call twice."""
    own = observation.self_keys[0].split(":", 1)[0] if observation.self_keys else ""
    return f"{observation.source}:{own}"


@dataclass(slots=True)
class _Candidate:
    """A group of reports that share keys. joined: keyless groups that are the same call; taken:
    this is one of those; doubtful: it may double another call."""

    positions: list[int]
    start: int
    end: int
    order: tuple[bytes, Digest]
    model: str
    kinds: frozenset[str]
    keyed: bool
    joined: list[_Candidate] = field(default_factory=list)
    taken: bool = False
    doubtful: bool = False


def match(
    observations: Sequence[Observation],
    groups: Sequence[list[int]],
    touched: set[int] | None = None,
) -> list[Matched]:
    """Join keyless groups to others where unambiguous. groups: positions grouped by key.

    touched: positions; given them, only the calls that share a cluster with one of them are settled
    and returned.
    """
    keyed = [not all(is_keyless(observations[p]) for p in members) for members in groups]
    if touched is None and all(keyed):
        return [Matched(tuple(members)) for members in groups]
    settled: list[Matched] = []
    buckets: dict[tuple[int, int], list[_Candidate]] = {}
    for members, has_key in zip(groups, keyed, strict=True):
        event = resolve([observations[p] for p in members])
        counts = token_counts(event)
        if counts is not None:
            candidate = _candidate(observations, members, event, has_key)
            buckets.setdefault(counts, []).append(candidate)
        elif touched is None or not touched.isdisjoint(members):
            # Nothing to match by: a keyless report of usage may double another tool's report.
            settled.append(Matched(tuple(members), not has_key and bool(event.usage)))
    for counts, candidates in buckets.items():
        for cluster in _clusters(candidates):
            if touched is None or any(not touched.isdisjoint(c.positions) for c in cluster):
                _by_model(cluster)
                for candidate in cluster:
                    settled += [] if candidate.taken else _calls(observations, counts, candidate)
    return settled


def _candidate(
    observations: Sequence[Observation], members: list[int], event: Observation, keyed: bool
) -> _Candidate:
    reports = [observations[p] for p in members]
    start = int(event.time)
    named = (key.encode() for o in reports for key in (*o.self_keys, *o.aliases))
    return _Candidate(
        positions=list(members),
        start=start,
        end=start + min((event.latency_ms or 0) * 1000, CALL_US),
        order=(min(named, default=b""), event_id(reports)),
        model=model_name(event),
        kinds=frozenset(kind(o) for o in reports),
        keyed=keyed,
    )


def _clusters(candidates: list[_Candidate]) -> list[list[_Candidate]]:
    clusters: list[list[_Candidate]] = []
    reach = None
    for candidate in sorted(candidates, key=lambda c: (c.start, c.order)):
        if reach is None or candidate.start - reach > GAP_US:
            clusters.append([])
            reach = candidate.end
        clusters[-1].append(candidate)
        reach = max(reach, candidate.end)
    return clusters


def _by_model(cluster: list[_Candidate]) -> None:
    """Settle each model by itself; reports that name none belong to the only one that is named."""
    if cluster[-1].start - cluster[0].start >= SPAN_US:
        for candidate in cluster:
            candidate.doubtful = not candidate.keyed
        return
    models = {candidate.model for candidate in cluster if candidate.model}
    if len(models) <= 1:
        _settle(cluster)
        return
    for candidate in cluster:
        candidate.doubtful = not candidate.model and not candidate.keyed
    for model in models:
        _settle([c for c in cluster if c.model == model])


def _settle(cluster: list[_Candidate]) -> None:
    """Pair the keyless kinds of a cluster with its anchors: the keyed calls, else the first
    kind."""
    keyless: dict[str, list[_Candidate]] = {}
    for candidate in cluster:
        if not candidate.keyed:
            keyless.setdefault(min(candidate.kinds), []).append(candidate)
    anchors = [candidate for candidate in cluster if candidate.keyed]
    if not anchors and keyless:
        anchors = keyless.pop(min(keyless))
    for name in sorted(keyless):
        reports = keyless[name]
        free = [anchor for anchor in anchors if name not in anchor.kinds]
        if len(free) == len(reports):
            for anchor, report in zip(free, reports, strict=True):
                anchor.joined.append(report)
                anchor.kinds |= {name}
                report.taken = True
        else:
            for report in reports:
                report.doubtful = bool(free)


def _calls(
    observations: Sequence[Observation], counts: tuple[int, int], candidate: _Candidate
) -> list[Matched]:
    """A candidate and what joins it as one call; as several if their sum would be another call.

    A usage whose report names no provider is read by the provider that the other reports name, and
    may then have other counts than those that were compared.
    """
    parts = [candidate, *candidate.joined]
    members = sorted(p for part in parts for p in part.positions)
    reports = [observations[p] for p in members]
    unnamed = len(parts) > 1 and any(one.provider == "unknown" for one in reports)
    if unnamed and token_counts(resolve(reports)) != counts:
        return [Matched(tuple(part.positions), not part.keyed) for part in parts]
    return [Matched(tuple(members), candidate.doubtful)]
