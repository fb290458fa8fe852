"""Why the bill changed: the effects of every line, which sum to the change to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import truediv

import numpy as np

from jevons.analysis.bridge.effects import EFFECTS, Method, step_names
from jevons.analysis.bridge.lmdi import Undefined, lmdi_line
from jevons.analysis.bridge.rounding import whole
from jevons.analysis.bridge.seats import Values
from jevons.analysis.bridge.shapley import shapley
from jevons.analysis.bridge.tree import (
    GROUP,
    MODEL,
    Key,
    Pair,
    Side,
    factors,
    order,
    pairs,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line's change. Costs and effects in whole 1e-15 USD; effects: name -> amount, those that
    are nothing left out; they sum to after - before."""

    key: Key
    before: int
    after: int
    effects: dict[str, int]

    @property
    def delta(self) -> int:
        """The change."""
        return self.after - self.before


@dataclass(frozen=True)
class Bridge:
    """The change of a bill from before to after, line by line, ordered by key.

    group, model: the names of the dimensions of a line. A line of charges that are no calls has its
    name as the only value of its group.
    """

    lines: tuple[Line, ...]
    method: Method
    group: tuple[str, ...] = GROUP
    model: tuple[str, ...] = MODEL

    @property
    def before(self) -> int:
        """The bill before, in whole 1e-15 USD."""
        return sum(line.before for line in self.lines)

    @property
    def after(self) -> int:
        """The bill after."""
        return sum(line.after for line in self.lines)

    @property
    def delta(self) -> int:
        """The change of the bill."""
        return self.after - self.before

    @cached_property
    def effects(self) -> dict[str, int]:
        """Every effect, in report order; they sum to the change."""
        return summed(self.lines)

    def gathered(self, key: Callable[[Line], Values]) -> dict[Values, list[Line]]:
        """The lines by a key of theirs; the effects of each part are the sums over its lines."""
        parts: dict[Values, list[Line]] = {}
        for line in self.lines:
            parts.setdefault(key(line), []).append(line)
        return parts


def summed(lines: Iterable[Line]) -> dict[str, int]:
    """The effects of some lines together, in report order, also those that are nothing."""
    sums = {effect.name: 0 for effect in EFFECTS}
    for line in lines:
        for name, amount in line.effects.items():
            sums[name] += amount
    return sums


def bridge(
    before: Side,
    after: Side,
    *,
    method: Method = "shapley",
    group: Sequence[str] = GROUP,
    model: Sequence[str] = MODEL,
) -> Bridge | Undefined:
    """Explain the change of the effective cost from one side to the other.

    Each line's change is shared among the steps of the factor tree (`tree`), by Shapley or by
    LMDI-I; lines whose group has calls on one side only are New or Discontinued as a whole, charges
    that are not calls are one effect. Neither the order of rows matters, nor how they are grouped;
    exchanging before and after changes every sign (and New with Discontinued) and nothing else.

    Undefined: LMDI with a line of negative cost.
    """
    found, alone = pairs(before, after, group, model)
    shared = _shared(found, method)
    if isinstance(shared, Undefined):
        return shared
    lines = [_line(pair, effects) for pair, effects in zip(found, shared, strict=True)]
    lines += [_whole(line.key, line.before, line.after, line.effect) for line in alone]
    lines.sort(key=lambda line: order(line.key))
    for name in sorted(before.charges.keys() | after.charges.keys()):
        old, new = before.charges.get(name, 0), after.charges.get(name, 0)
        lines.append(_whole(Key((name,), (), "charge"), old, new, "other_charges"))
    return Bridge(tuple(lines), method, tuple(group), tuple(model))


def _whole(key: Key, before: int, after: int, effect: str) -> Line:
    change = after - before
    return Line(key, before, after, {effect: change} if change else {})


def _shared(found: Sequence[Pair], method: Method) -> Sequence[Sequence[float]] | Undefined:
    """The effects of every line by step, in floats of 1e-15 USD."""
    both = [factors(pair.before, pair.after, truediv) for pair in found]
    if method == "shapley":
        old, new = (np.array([sides[n] for sides in both]).T for n in (0, 1))
        effects: list[list[float]] = shapley(old, new).T.tolist() if both else []
        return effects
    for number, pair in enumerate(found):
        if min(*pair.before, *pair.after) < 0:
            return Undefined(number, f"a negative amount has no logarithm: {label(pair.key)}")
    return [_mirrored(old, new) for old, new in both]


def _mirrored(before: tuple[float, ...], after: tuple[float, ...]) -> Sequence[float]:
    """LMDI of a line, the same digits whichever side is before."""
    if before <= after:
        return lmdi_line(before, after)
    return [-effect for effect in lmdi_line(after, before)]


def _line(pair: Pair, effects: Sequence[float]) -> Line:
    before, after = pair.before[-1], pair.after[-1]
    sums: dict[str, int] = {}
    names = step_names(pair.key.kind, by_calls=pair.by_calls)
    for name, amount in zip(names, whole(effects, after - before), strict=True):
        if amount:
            sums[name] = sums.get(name, 0) + amount
    return Line(pair.key, before, after, sums)


def label(key: Key) -> str:
    """A line in words: `web, fix-bug, claude-sonnet-5, cache_read`."""
    values = [value for value in (*key.group, *key.model) if value is not None]
    return ", ".join((*values, key.unit))
