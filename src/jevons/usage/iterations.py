"""Anthropic's `usage.iterations`: the model calls inside one response, some on other models.

The top-level counters cover the attempt that produced the answer: the `message` entries of its
tool loop, and the `fallback_message` that a fallback model served. They leave out every
`compaction` (SDK: "not included in the top-level usage fields"), every `advisor_message` (another
model's work), and the declined attempts that came before a fallback. What is covered stays one
part, told apart by its own sums; everything else becomes a part of its own with its own model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jevons.vocabulary.charge import Part
from jevons.vocabulary.units import INCLUSIVE, inclusive

APART: Final = frozenset({"compaction", "advisor_message"})
"""Types of entries that the top-level counters never include."""

COVERED: Final = frozenset({"message", "fallback_message"})
_WORD: Final = re.compile(r"\w{1,40}\Z")
SUMS: Final = tuple(name for name in INCLUSIVE if name != "reasoning_output_tokens")
"""The inclusive counters that entries and top level share; entries do not tell reasoning apart."""


@dataclass(frozen=True, slots=True)
class Iteration:
    """One entry: its type, its model if it names one, and its quantities as a part."""

    kind: str
    model: str | None
    part: Part


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a response with iterations, and what does not add up."""

    parts: tuple[Part, ...]
    unknown_keys: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()


def iteration(entry: Mapping[str, Any], part: Part) -> Iteration:
    """An entry of the list with its quantities."""
    kind = entry.get("type")
    model = entry.get("model")
    return Iteration(
        kind if isinstance(kind, str) and _WORD.match(kind) else "unnamed",
        model if isinstance(model, str) and model else None,
        part,
    )


def combine(top: Part, entries: Sequence[Iteration]) -> Parts:
    """The parts of a response whose top-level counters are `top`."""
    covered, found = _covered(top, entries)
    rest = [entry for entry in entries if entry not in covered]
    known = APART | COVERED
    unknown = tuple(
        f"iterations[{e.kind}]={sum(_sums([e]))}" for e in entries if e.kind not in known
    )
    anomalies = () if found else (_mismatch(top, covered),)
    return Parts((*_parts_of(top, covered), *map(_own_part, rest)), unknown, anomalies)


def _sums(entries: Sequence[Iteration]) -> list[int]:
    totals = [inclusive(entry.part.quantities) for entry in entries]
    return [sum(total[name] for total in totals) for name in SUMS]


def _covered(top: Part, entries: Sequence[Iteration]) -> tuple[list[Iteration], bool]:
    """The entries that the top-level counters add up, and whether they do add up."""
    whole = inclusive(top.quantities)
    target = [whole[name] for name in SUMS]
    candidates = _candidates(entries)
    for chosen in candidates:
        if _sums(chosen) == target:
            return chosen, True
    return candidates[0], not candidates[0]


def _candidates(entries: Sequence[Iteration]) -> list[list[Iteration]]:
    """What the top level may cover, likeliest first."""
    covered = [entry for entry in entries if entry.kind in COVERED]
    fallback = [entry for entry in covered if entry.kind == "fallback_message"]
    unknown = [entry for entry in entries if entry.kind not in COVERED | APART]
    with_unknown = [entry for entry in entries if entry.kind not in APART]
    if not fallback:
        return [covered, *([with_unknown] if unknown else [])]
    model = fallback[-1].model
    serving = [entry for entry in covered if entry in fallback or entry.model == model]
    return [serving, fallback, covered, *([with_unknown] if unknown else [])]


def _parts_of(top: Part, covered: Sequence[Iteration]) -> list[Part]:
    """The top level as one part where one model did it all, else its entries one by one."""
    models = {entry.model for entry in covered if entry.model is not None}
    if any(entry.kind == "fallback_message" for entry in covered) and len(models) > 1:
        return [_own_part(entry) for entry in covered]
    served = next((e.model for e in covered if e.kind == "fallback_message"), None)
    turns = [entry.part.tier_input_tokens for entry in covered]
    return [Part(top.quantities, served, max(turns, default=top.tier_input_tokens))]


def _own_part(entry: Iteration) -> Part:
    return Part(entry.part.quantities, entry.model, entry.part.tier_input_tokens)


def _mismatch(top: Part, covered: Sequence[Iteration]) -> str:
    whole = inclusive(top.quantities)
    stated = sum(whole[name] for name in ("input_tokens", "output_tokens"))
    sums = dict(zip(SUMS, _sums(covered), strict=True))
    listed = sums["input_tokens"] + sums["output_tokens"]
    return f"iterations sum to {listed} tokens, the top level states {stated}"
