"""Keyless reports: matched on model, time and exact token counts, only when unambiguous.

Some telemetry carries no id of the response. Such a report is the same call as another tool's
report if,
within one cluster of reports that agree on model and token counts and lie close in time, both tools
report the same number of calls: then they are paired in order of time. Any other number is
ambiguous:
the report stays an event of its own and is counted under "possible duplicates".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jevons.ledger.identity import is_keyless
from jevons.ledger.resolution import resolve
from jevons.usage.split import split
from jevons.vocabulary.charge import Split
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.units import inclusive

GAP_US: Final = 30_000_000
"""Reports further apart than this (end of one to start of the next, microseconds) are other
calls."""

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
    positions: list[int]
    start: int
    end: int
    order: bytes
    model: str
    kinds: frozenset[str]
    keyed: bool


def match(observations: Sequence[Observation], groups: Sequence[list[int]]) -> list[Matched]:
    """Join keyless groups to others where unambiguous. groups: positions grouped by key."""
    settled: list[Matched] = []
    buckets: dict[tuple[int, int], list[_Candidate]] = {}
    for members in groups:
        event = resolve([observations[p] for p in members])
        counts = token_counts(event)
        if counts is None:
            # Nothing to match by: a keyless report of usage may double another tool's report.
            keyless = all(is_keyless(observations[p]) for p in members)
            settled.append(Matched(tuple(members), keyless and bool(event.usage)))
            continue
        candidate = _candidate(observations, members, event)
        buckets.setdefault(counts, []).append(candidate)
    for candidates in buckets.values():
        for cluster in _clusters(candidates):
            settled += _by_model(cluster)
    return settled


def _by_model(cluster: list[_Candidate]) -> list[Matched]:
    """Settle each model by itself; reports that name none belong to the only one that is named."""
    models = {candidate.model for candidate in cluster if candidate.model}
    if len(models) <= 1:
        return _settle(cluster)
    settled = [
        Matched(tuple(c.positions), possible_duplicate=not c.keyed) for c in cluster if not c.model
    ]
    for model in sorted(models):
        settled += _settle([c for c in cluster if c.model == model])
    return settled


def _candidate(
    observations: Sequence[Observation], members: list[int], event: Observation
) -> _Candidate:
    reports = [observations[p] for p in members]
    start = int(event.time)
    return _Candidate(
        positions=list(members),
        start=start,
        end=start + (event.latency_ms or 0) * 1000,
        order=min(
            (key.encode() for o in reports for key in (*o.self_keys, *o.aliases)), default=b""
        ),
        model=model_name(event),
        kinds=frozenset(kind(o) for o in reports),
        keyed=not all(is_keyless(o) for o in reports),
    )


def _clusters(candidates: list[_Candidate]) -> list[list[_Candidate]]:
    ordered = sorted(candidates, key=lambda c: (c.start, c.order))
    clusters: list[list[_Candidate]] = []
    reach = None
    for candidate in ordered:
        if reach is None or candidate.start - reach > GAP_US:
            clusters.append([])
            reach = candidate.end
        clusters[-1].append(candidate)
        reach = max(reach, candidate.end)
    return clusters


def _settle(cluster: list[_Candidate]) -> list[Matched]:
    """Pair the keyless kinds of a cluster with its anchors: the keyed calls, else the first
    kind."""
    keyless: dict[str, list[_Candidate]] = {}
    for candidate in cluster:
        if not candidate.keyed:
            keyless.setdefault(min(candidate.kinds), []).append(candidate)
    anchors = [candidate for candidate in cluster if candidate.keyed]
    if not anchors and keyless:
        anchors = keyless.pop(min(keyless))
    apart: list[Matched] = []
    for name in sorted(keyless):
        reports = keyless[name]
        free = [anchor for anchor in anchors if name not in anchor.kinds]
        if len(free) == len(reports):
            for anchor, report in zip(free, reports, strict=True):
                anchor.positions += report.positions
                anchor.kinds |= {name}
        else:
            apart += [Matched(tuple(r.positions), bool(free)) for r in reports]
    return [Matched(tuple(sorted(anchor.positions))) for anchor in anchors] + apart
