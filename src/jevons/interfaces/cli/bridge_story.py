"""The change of a bill in a few sentences, made from its numbers: the same numbers, the same
words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from jevons.analysis.bridge.change import Bridge
from jevons.analysis.bridge.effects import EFFECTS
from jevons.analysis.bridge.seats import Values
from jevons.app.explaining import Explanation, PeriodFacts
from jevons.interfaces.cli.figures import money, plural
from jevons.interfaces.cli.terminal import UNICODE, Glyphs, safe
from jevons.vocabulary.money import from_femto

TOLD: Final = 3
"""How many effects the story names."""

CACHING: Final = ("fresh_input", "cache")
"""Effects of opposite sign when a cache takes over input, or loses it."""

_BY_MODEL: Final = {"model_mix", "tokens_per_call", *(e.name for e in EFFECTS if e.part_of)}

TITLES: Final = {
    **{effect.name: effect.name.replace("_", " ") for effect in EFFECTS},
    "other_usage": "other usage",
    "adjustment": "adjustments",
    "unsplit": "unsplit costs",
    "new": "new lines",
    "discontinued": "discontinued lines",
    "caching": "caching (fresh input and cache together)",
    "price_known": "prices that became known or unknown",
}
"""Effect -> its name in a sentence."""


def signed(amount: int, *, exact: bool = False, glyphs: Glyphs = UNICODE) -> str:
    """A change in 1e-15 USD with its sign: `+$3.10`, `−$0.42`."""
    text = money(from_femto(amount), exact=exact, glyphs=glyphs)
    return f"+{text}" if amount > 0 else text


def story(found: Explanation, glyphs: Glyphs = UNICODE) -> str:
    """Two to six sentences: how much, what of it, where, and what the figures leave out."""
    return " ".join(_sentences(found, glyphs))


def _sentences(found: Explanation, glyphs: Glyphs) -> Iterator[str]:
    before, after, bridge = found.before, found.after, found.bridge
    start, end = (money(side.cost, glyphs=glyphs) for side in (before, after))
    went = f"from {start} in {_period(before)} to {end} in {_period(after)}"
    what = "total cost" if found.total else "bill"
    if not bridge.delta:
        yield f"The {what} did not change, {went}."
    else:
        verb = "rose" if bridge.delta > 0 else "fell"
        by = money(abs(after.cost - before.cost), glyphs=glyphs)
        yield f"The {what} {verb} by {by}{_percent(before, after, glyphs)}, {went}."
    for side in (before, after):
        if not side.calls:
            yield (
                f"There are no calls in {_period(side)}; "
                "jevons report --by month shows which periods have some."
            )
    largest = sorted(told_effects(bridge).items(), key=lambda item: -abs(item[1]))[:TOLD]
    told = [
        f"{TITLES[name]} {signed(amount, glyphs=glyphs)}{_where(found, name, glyphs)}"
        for name, amount in largest
        if amount
    ]
    if told:
        yield f"Most of it: {'; '.join(told)}."
    if before.days != after.days:
        yield (
            f"The periods are not equally long ({before.days:f} and {after.days:f} days); "
            "that is part of the effect of tasks."
        )
    yield from _unknown(before, after)


def told_effects(bridge: Bridge) -> dict[str, int]:
    """The effects as the story tells them: what a cache took over from fresh input is one thing."""
    effects = bridge.effects
    fresh, cache = effects["fresh_input"], effects["cache"]
    if fresh * cache >= 0:
        return effects
    rest = {name: n for name, n in effects.items() if name not in CACHING}
    return {**rest, "caching": fresh + cache}


def _period(facts: PeriodFacts) -> str:
    return safe(facts.label)


def _percent(before: PeriodFacts, after: PeriodFacts, glyphs: Glyphs) -> str:
    if before.cost <= 0:
        return ""
    percent = ((after.cost - before.cost) * 100 / before.cost).quantize(Decimal("0.1"))
    sign = glyphs.minus if percent < 0 else "+"
    return f" ({sign}{abs(percent):,f} %)"


def _where(found: Explanation, effect: str, glyphs: Glyphs) -> str:
    """Where most of an effect is, the group with the largest part of the same sign; and which model
    took over there, where that may be behind it."""
    bridge = found.bridge
    parts = _parts(bridge, effect)
    sign = 1 if sum(parts.values()) > 0 else -1
    group = max(parts, key=lambda values: parts[values] * sign)
    named = ", ".join(safe(value) for value in group if value is not None)
    facts = [f"{signed(parts[group], glyphs=glyphs)} of it {named}"] if named else []
    facts = facts if len(parts) > 1 else []
    if effect in _BY_MODEL:
        facts += [
            f"{_model(move.takeover.new)} took over from {_model(move.takeover.old)}"
            for move in found.moves
            if move.group == group
        ]
    return f" ({', where '.join(facts)})" if facts else ""


def _parts(bridge: Bridge, effect: str) -> dict[Values, int]:
    names = CACHING if effect == "caching" else (effect,)
    parts: dict[Values, int] = {}
    for line in bridge.lines:
        if amount := sum(line.effects.get(name, 0) for name in names):
            parts[line.key.group] = parts.get(line.key.group, 0) + amount
    return parts


def _model(values: Values) -> str:
    """A model by name and what is not usual about it: `gpt-5-mini (batch)`."""
    name, *rest = values
    marks = [safe(value) for value in rest if value not in (None, "false", "standard", "default")]
    text = safe(name or "(none)")
    return f"{text} ({', '.join('batch' if m == 'true' else m for m in marks)})" if marks else text


def _unknown(before: PeriodFacts, after: PeriodFacts) -> Iterator[str]:
    if before.unknown_calls or after.unknown_calls:
        calls = _both(before.unknown_calls, after.unknown_calls)
        yield f"No price is known of {calls}; they are in no cost here."
    if before.lower_bound_calls or after.lower_bound_calls:
        calls = _both(before.lower_bound_calls, after.lower_bound_calls)
        yield f"At least what is counted is the cost of {calls}."


def _both(before: int, after: int) -> str:
    """Calls of both periods: `2 calls before and 1 after`."""
    return f"{plural(before, 'call')} before and {after:,} after"
