"""`explain --json`: the contract is docs/reference/explain.md."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from jevons.analysis.bridge.change import Bridge, Line, summed
from jevons.analysis.bridge.effects import EFFECTS, TOKEN_KIND_MIX
from jevons.app.explaining import Explanation, PeriodFacts, weakest
from jevons.interfaces.cli.bridge_story import story
from jevons.vocabulary.money import from_femto, plain


def bridge_document(found: Explanation, effect: str | None, top: int | None) -> dict[str, Any]:
    """The document: totals, effects, lines, and what they leave out."""
    bridge = found.bridge
    effects = bridge.effects
    rows = effect_rows(bridge, effect) if effect else by_rows(found)
    shown = rows if top is None else rows[:top]
    rest = [line for _, lines in rows[len(shown) :] for line in lines]
    groups = {e.group: 0 for e in EFFECTS}
    for e in EFFECTS:
        groups[e.group] += effects[e.name]
    return {
        "from": _period(found.before),
        "to": _period(found.after),
        "time_zone": found.time_zone,
        "where": dict(found.where),
        "total": found.total,
        "delta": _usd(bridge.delta),
        "effects": [
            {
                "name": e.name,
                "group": e.group,
                **({"part_of": e.part_of} if e.part_of else {}),
                "amount": _usd(effects[e.name]),
            }
            for e in EFFECTS
        ],
        "groups": {name: _usd(amount) for name, amount in groups.items()},
        TOKEN_KIND_MIX: _usd(sum(effects[e.name] for e in EFFECTS if e.part_of)),
        "lines": [{**values, **_figures(lines)} for values, lines in shown],
        "lines_cut": len(rows) - len(shown),
        "rest": _figures(rest),
        "moves": [_move(found, number) for number in range(len(found.moves))],
        "summary": story(found),
        "method": bridge.method,
        "cost": "effective_cost",
        "currency": "USD",
        "by": list(found.by),
        "leaf": [*bridge.group, *bridge.model, "unit"],
        "provenance": weakest((found.before.provenance, found.after.provenance)),
    }


Rows = list[tuple[dict[str, str | None], Sequence[Line]]]


def by_rows(found: Explanation) -> Rows:
    """The lines gathered by the dimensions asked for, the largest change first."""
    bridge = found.bridge
    parts = bridge.gathered(lambda line: tuple(values_of(bridge, line)[n] for n in found.by))
    rows = [(dict(zip(found.by, key, strict=True)), lines) for key, lines in parts.items()]
    return sorted(rows, key=lambda row: -abs(sum(line.delta for line in row[1])))


def effect_rows(bridge: Bridge, effect: str) -> Rows:
    """The single lines in which an effect is, the largest first."""
    lines = [line for line in bridge.lines if line.effects.get(effect)]
    lines.sort(key=lambda line: -abs(line.effects[effect]))
    return [(values_of(bridge, line), [line]) for line in lines]


def values_of(bridge: Bridge, line: Line) -> dict[str, str | None]:
    """The dimensions of a line by name; a charge that is no call has its name as its unit."""
    names, key = (*bridge.group, *bridge.model), line.key
    if key.unit == "charge":
        return {**dict.fromkeys(names), "unit": key.group[0], "kind": "charge"}
    values = dict(zip(names, (*key.group, *key.model), strict=True))
    return {**values, "unit": key.unit, "kind": key.kind}


def _figures(lines: Sequence[Line]) -> dict[str, Any]:
    before, after = (sum(getattr(line, side) for line in lines) for side in ("before", "after"))
    return {
        "from_cost": _usd(before),
        "to_cost": _usd(after),
        "delta": _usd(after - before),
        "effects": {name: _usd(amount) for name, amount in summed(lines).items() if amount},
    }


def _move(found: Explanation, number: int) -> dict[str, Any]:
    move, bridge = found.moves[number], found.bridge
    it = move.takeover
    return {
        **dict(zip(bridge.group, move.group, strict=True)),
        "old": dict(zip(bridge.model, it.old, strict=True)),
        "new": dict(zip(bridge.model, it.new, strict=True)),
        "old_share_of_calls": [_share(share) for share in it.old_shares],
        "new_share_of_calls": [_share(share) for share in it.new_shares],
        "model_mix": _usd(move.amount),
    }


def _share(share: Fraction) -> str:
    part = Decimal(share.numerator) / share.denominator
    return plain(part.quantize(Decimal("0.000001")))


def _period(facts: PeriodFacts) -> dict[str, Any]:
    return {
        "period": facts.label,
        "since": facts.since,
        "until": facts.until,
        "days": plain(facts.days),
        "cost": plain(facts.cost),
        "calls": facts.calls,
        "tasks": facts.tasks,
        "unknown_calls": facts.unknown_calls,
        "lower_bound_calls": facts.lower_bound_calls,
        "provenance": facts.provenance,
    }


def _usd(amount: int) -> str:
    return plain(from_femto(amount))
