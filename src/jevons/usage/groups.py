"""Bodies sorted into groups of one shape, a whole group at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from jevons.usage.plans import Plan
from jevons.usage.shapes import UNSEEN, Shapes, Step

Body = tuple[int, str, str | None, Any]
"""Row, provider, API and usage."""


@dataclass(slots=True)
class Rest:
    """Rows that no plan fits: to be tried again without nulls and floats, or to be split singly."""

    untidy: list[int] = field(default_factory=list)
    single: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """Bodies of one plan. containers: per container of the plan, that of every body."""

    plan: Plan
    rows: list[int]
    containers: list[list[Any]]

    def drop(self, positions: set[int]) -> list[int]:
        """Leave out the bodies at these positions; their rows."""
        dropped = [row for position, row in enumerate(self.rows) if position in positions]
        kept = [position for position in range(len(self.rows)) if position not in positions]
        self.rows = [self.rows[position] for position in kept]
        self.containers = [[column[p] for p in kept] for column in self.containers]
        return dropped


@dataclass(slots=True)
class _Branch:
    """Bodies that have taken the same way through the trie: the table and the shape they are at."""

    table: dict[Any, Any]
    shape: Any
    rows: list[int] = field(default_factory=list)
    containers: list[list[Any]] = field(default_factory=lambda: [[]])


def groups(bodies: Iterable[Body], shapes: Shapes, rest: Rest) -> Iterator[Group]:
    """The groups of bodies that have a plan; the rows of the others are added to `rest`.

    A usage that is None is skipped.
    """
    pending = _roots(bodies, shapes, rest)
    while pending:
        branch = pending.pop()
        node = branch.table.get(branch.shape, UNSEEN)
        if node is UNSEEN:
            _learn(branch, shapes, rest)
            node = branch.table.get(branch.shape, UNSEEN)
        if isinstance(node, Plan):
            yield Group(node, branch.rows, branch.containers)
        elif isinstance(node, Step):
            pending += _follow(node, branch, rest)
        else:
            rest.single += branch.rows


def _roots(bodies: Iterable[Body], shapes: Shapes, rest: Rest) -> list[_Branch]:
    """Bodies by provider, API and their own keys, in order."""
    branches: dict[Any, _Branch] = {}
    for row, provider, api, usage in bodies:
        if type(usage) is not dict or None in usage.values():
            if usage is not None:
                rest.untidy.append(row)
            continue
        shape = (provider, api, *usage)
        branch = branches.get(shape)
        if branch is None:
            branch = branches[shape] = _Branch(shapes.table, shape)
        branch.rows.append(row)
        branch.containers[0].append(usage)
    return list(branches.values())


def _learn(branch: _Branch, shapes: Shapes, rest: Rest) -> None:
    """Teach the trie the shape of a branch by its first body."""
    usage = branch.containers[0][0]
    ...


def _follow(step: Step, branch: _Branch, rest: Rest) -> Iterable[_Branch]:
    """Go one step on: branches by the shape of what is there."""
    values = list(map(itemgetter(step.key), branch.containers[step.container]))
    odd: set[int] = set()
    found, opened = step.look_all(values, odd)
    if not odd and len(set(found)) == 1:
        yield _Branch(step.table, found[0], branch.rows, [*branch.containers, opened])
        return
    rest.untidy += [branch.rows[position] for position in odd]
    branches: dict[Any, _Branch] = {}
    for position, shape in enumerate(found):
        if position in odd:
            continue
        part = branches.get(shape)
        if part is None:
            columns: list[list[Any]] = [[] for _ in range(len(branch.containers) + 1)]
            part = branches[shape] = _Branch(step.table, shape, [], columns)
        part.rows.append(branch.rows[position])
        for column, own in zip(part.containers, [*branch.containers, opened], strict=True):
            column.append(own[position])
    yield from branches.values()
