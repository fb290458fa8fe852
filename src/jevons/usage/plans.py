"""Plans: how every body of one shape is split, worked out once for the shape.

The shape of a body is its provider, API and key names. For a shape, splitting is linear: every
leaf unit, and every check that the body must pass, is a whole-number combination of the numbers in
it (the same forms that `decompose` uses). A plan holds those combinations as columns. A body whose
checks fail, or whose shape has no plan, is left to the scalar reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from jevons.usage.cells import INPUT_UNITS, MODALITIES, Cell
from jevons.usage.decompose import leaf_forms, standing_in
from jevons.usage.dialect import Dialect
from jevons.usage.iterations import SUMS
from jevons.usage.split import unit_of
from jevons.vocabulary.units import UNIT_NAMES, UNITS, Unit

Combination = tuple[tuple[int, int], ...]
"""Terms (column, coefficient) of a whole-number combination of a body's numbers."""

Getter = Callable[[Any], tuple[Any, ...]]

TOP: Final = ""
ENTRY: Final = "iterations[0]."
"""Prefixes of the paths of the body's own numbers, and of those of its only iteration."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How bodies of one shape are split.

    getters: container number -> its numbers, in column order (None: the container is the numbers).
    suspects: (container, key) of names that no rule knows. labels: values that say how the call
    was served, by path. zero, positive: combinations that must be 0, or not below it. units: unit
    number -> combination. tier: the inclusive input; turns: tool calls, one fewer than its turns.
    """

    dialect: Dialect
    getters: tuple[tuple[int, Getter | None], ...]
    width: int
    suspects: tuple[tuple[int, Any], ...]
    label_paths: tuple[str, ...]
    labels: Getter | None
    zero: tuple[Combination, ...]
    positive: tuple[Combination, ...]
    units: tuple[tuple[int, Combination], ...]
    tier: Combination
    turns: Combination


@dataclass(slots=True)
class Layout:
    """What a walk over a sample body has found: its columns by path, and the rest."""

    dialect: Dialect
    getters: list[tuple[int, Getter | None]] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    suspects: list[tuple[int, Any]] = field(default_factory=list)
    label_paths: list[str] = field(default_factory=list)
    has_entry: bool = False

    def add(self, container: int, keys: list[Any], paths: list[str]) -> bool:
        """Give the numbers under these keys columns; False if a path has one already."""
        if not keys:
            return True
        self.getters.append((container, getter_of(keys)))
        return self.add_paths(paths)

    def add_paths(self, paths: Iterable[str]) -> bool:
        """Give these paths the next columns; False if one has a column already."""
        for path in paths:
            if path in self.columns:
                return False
            self.columns[path] = len(self.columns)
        return True


def getter_of(keys: list[Any]) -> Getter:
    """A function from a mapping to the tuple of its values under these keys."""
    if len(keys) == 1:
        key = keys[0]
        return lambda mapping: (mapping[key],)
    return itemgetter(*keys)


def plan_of(layout: Layout) -> Plan | None:
    """The plan for a layout; None when only the scalar reference can split it."""
    top = _Scope(layout, TOP)
    if not top.values:
        return None
    units = top.units()
    zero, positive = top.zero(), top.positive()
    if layout.has_entry:
        entry = _Scope(layout, ENTRY)
        inside = entry.units()
        zero += [*entry.zero(), *_same_sums(units, inside)]
        positive += entry.positive()
    dialect = layout.dialect
    turns = () if layout.has_entry else tuple(unit_of(dialect, cell) for cell in dialect.turns)
    return Plan(
        dialect=dialect,
        getters=tuple(layout.getters),
        width=len(layout.columns),
        suspects=tuple(layout.suspects),
        label_paths=tuple(layout.label_paths),
        labels=getter_of(list(layout.label_paths)) if layout.label_paths else None,
        zero=tuple(_terms(form) for form in zero if _terms(form)),
        positive=tuple(_terms(form) for form in positive if len(_terms(form)) > 1),
        units=tuple((UNIT_NAMES.index(unit), _terms(form)) for unit, form in units.items()),
        tier=_terms(_sum(form for unit, form in units.items() if unit in INPUT_UNITS)),
        turns=_terms(_sum(units[unit] for unit in turns if unit in units)),
    )


_Form = dict[int, int]
"""A combination while it is put together: column -> coefficient."""


def _terms(form: Mapping[int, int]) -> Combination:
    return tuple((column, coefficient) for column, coefficient in form.items() if coefficient)


def _sum(forms: Iterable[Mapping[int, int]]) -> _Form:
    total: _Form = {}
    for form in forms:
        for column, coefficient in form.items():
            total[column] = total.get(column, 0) + coefficient
    return total


def _times(factor: int, form: Mapping[int, int]) -> _Form:
    return {column: factor * coefficient for column, coefficient in form.items()}


def _minus(form: Mapping[int, int], *others: Mapping[int, int]) -> _Form:
    return _sum([form, *(_times(-1, other) for other in others)])


def _same_sums(top: Mapping[Unit, _Form], entry: Mapping[Unit, _Form]) -> list[_Form]:
    """The only iteration of a response is the response: their inclusive counters are equal."""
    return [_minus(_inclusive(top, name), _inclusive(entry, name)) for name in SUMS]


def _inclusive(units: Mapping[Unit, _Form], name: str) -> _Form:
    return _sum(form for unit, form in units.items() if name in UNITS[unit].inclusive)


class _Scope:
    """The counters of a body, or of its only iteration, as forms over the columns."""

    def __init__(self, layout: Layout, prefix: str) -> None:
        self.dialect = layout.dialect
        self.columns = {
            path[len(prefix) :]: {column: 1}
            for path, column in layout.columns.items()
            if path.startswith(prefix) and path.startswith(ENTRY) == (prefix == ENTRY)
        }
        self.values: dict[Cell, _Form] = {}
        for counter in self.dialect.counters:
            spelled = [path for path in counter.paths if path in self.columns]
            stand_in = [path for path in counter.instead if path in self.columns]
            if spelled:
                self.values[counter.cell] = self.columns[spelled[0]]
            elif stand_in:
                self.values[counter.cell] = _sum(self.columns[path] for path in stand_in)
        cells = frozenset(self.values)
        self.leaves = {
            cell: _sum(_times(n, self.values[counter]) for counter, n in form.items())
            for cell, form in leaf_forms(cells, self.dialect.outside).items()
        }

    def units(self) -> dict[Unit, _Form]:
        """Every leaf unit of the scope."""
        units: dict[Unit, _Form] = {}
        for cell, form in self.leaves.items():
            unit = unit_of(self.dialect, cell)
            units[unit] = _sum([units.get(unit, {}), form])
        return units

    def zero(self) -> list[_Form]:
        """Differences of spellings of one number, and stated totals minus what they add up."""
        groups = [c.paths for c in self.dialect.counters] + [t.paths for t in self.dialect.texts]
        forms = []
        for paths in groups:
            first, *others = [self.columns[p] for p in paths if p in self.columns] or [{}]
            forms += [_minus(first, other) for other in others]
        for total in self.dialect.totals:
            if total.path in self.columns and all(path in self.columns for path in total.plus):
                members = [
                    self.values[c]
                    for member in total.cells
                    for c in standing_in(member, frozenset(self.values), self.dialect.outside)
                ]
                members += [self.columns[path] for path in total.plus]
                forms.append(_minus(self.columns[total.path], *members))
        return forms

    def positive(self) -> list[_Form]:
        """Leaves, and what text and other modalities leave of the total that they detail."""
        forms = list(self.leaves.values())
        texts: dict[Cell, list[_Form]] = {}
        for detail in self.dialect.texts:
            found = [self.columns[path] for path in detail.paths if path in self.columns]
            texts.setdefault(detail.total, []).extend(found[:1])
        for total, text in texts.items():
            if text and total in self.values:
                named = [self.values[c] for k in MODALITIES if (c := total | {k}) in self.values]
                forms.append(_minus(self.values[total], *text, *named))
        return forms
