"""Shapes: the way from a body to the plan for all bodies like it.

A trie of key names. Its root is entered with the provider, the API and the body's own keys; each
step goes into one nested container and on by that container's keys, until a plan is reached.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from jevons.usage.body import AROUND
from jevons.usage.plans import ENTRY, Layout, Plan, plan_of
from jevons.usage.reading import ITERATIONS, path_name
from jevons.usage.selection import select
from jevons.usage.split import FALLBACK_CREDIT
from jevons.usage.stated import may_state_cost
from jevons.vocabulary.charge import Impossible

_MOST_SHAPES: Final = 20_000
"""Real traffic has dozens; input that invents keys must not fill the memory."""

_DEEPEST: Final = 3
"""Nesting below this is left to the scalar reference."""


@dataclass(slots=True, eq=False)
class Step:
    """Go into the value under `key` of a container seen before, then on by what is there.

    pair: takes label and number from an entry when the value is a list of details; entry: when it
    is the list of iterations; is_plain: when it is a mapping or null.
    """

    container: int
    key: Any
    pair: Callable[[Any], tuple[Any, Any]] | None = None
    entry: bool = False
    is_plain: bool = field(init=False)
    table: dict[Any, Step | Plan | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_plain = self.pair is None and not self.entry

    @property
    def place(self) -> tuple[int, Any]:
        """Where the step goes into."""
        return self.container, self.key

    def look(self, value: Any) -> tuple[Any, Any]:
        """The shape of the value that the step goes into, and the container to read it from.

        Raises TypeError, KeyError or ValueError for what only the scalar reference can read.
        """
        if value is None:
            return None, ()
        if self.pair is not None:
            return _open_details(value, self.pair)
        if self.entry:
            return _open_entry(value)
        if type(value) is not dict:
            raise TypeError("not a mapping")
        return tuple(value), value


def _open_details(value: Any, pair: Callable[[Any], tuple[Any, Any]]) -> tuple[Any, Any]:
    if type(value) is not list:
        raise TypeError("not a list of details")
    if not value:
        return (), ()
    labels, counts = zip(*map(pair, value), strict=True)
    hash(labels)  # TypeError for labels that are no names
    if sum(map(len, value)) != 2 * len(value):
        raise ValueError("details with more than a label and a number")
    return labels, counts


def _open_entry(value: Any) -> tuple[Any, Any]:
    if type(value) is not list or len(value) > 1:
        raise TypeError("several iterations")
    if not value:
        return (), ()
    entry = value[0]
    if type(entry) is not dict or entry["type"] != "message":
        raise TypeError("not an iteration of the response's own model")
    return tuple(entry), entry


_Node = Step | Plan | None
"""Where a shape leads: on, to its plan, or (None) to the scalar reference."""

_UNSEEN: Final = object()


class Shapes:
    """The trie of all shapes seen so far."""

    def __init__(self) -> None:
        self.table: dict[Any, _Node] = {}
        self._learned = 0

    def find(self, provider: str, api: str | None, usage: dict[str, Any], way: list[Any]) -> Any:
        """The plan for a body; None where only the scalar reference can split it.

        way: gets the containers that the plan reads, the body first. Raises TypeError, KeyError or
        ValueError for values that no plan can be made for.
        """
        way.append(usage)
        node: Any = self.table.get((provider, api, *usage), _UNSEEN)
        while node.__class__ is Step:
            value = way[node.container][node.key]
            if value.__class__ is dict and node.is_plain:
                shape: Any = tuple(value)
            else:
                shape, value = node.look(value)
            way.append(value)
            node = node.table.get(shape, _UNSEEN)
        if node is _UNSEEN:
            self._learn(provider, api, usage)
            way.clear()
            return self.find(provider, api, usage, way)
        return node

    def _learn(self, provider: str, api: str | None, usage: dict[str, Any]) -> None:
        """Add the shape of a body to the trie."""
        self._learned += 1
        if self._learned > _MOST_SHAPES:
            self.table.clear()
            self._learned = 0
        shape = (provider, api, *usage)
        dialect = select(provider, api, usage)
        unfit = not AROUND.isdisjoint(usage) or FALLBACK_CREDIT in usage
        if isinstance(dialect, Impossible) or unfit or may_state_cost(dialect, usage):
            self.table[shape] = None
        else:
            self._walk(Layout(dialect), shape, usage)

    def _walk(self, layout: Layout, shape: Any, usage: dict[str, Any]) -> None:
        containers: list[Any] = [usage]
        survey = _Survey(layout)
        survey.mapping(0, usage, "")
        table = self.table
        while survey.steps:
            path, step = survey.steps.popleft()
            known = table.setdefault(shape, step)
            if not isinstance(known, Step) or known.place != step.place:
                raise TypeError("the same keys hold other kinds of values")
            shape, container = step.look(containers[step.container][step.key])
            containers.append(container)
            survey.enter(len(containers) - 1, step, path, shape, container)
            table = known.table
        plan = plan_of(layout) if survey.is_linear else None
        if isinstance(table.setdefault(shape, plan), Step):
            raise TypeError("the same keys hold other kinds of values")


class _Survey:
    """Sorts the keys of a sample body into columns, labels, suspects, and steps to go on by."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.steps: deque[tuple[str, Step]] = deque()
        self.is_linear = True

    def enter(self, number: int, step: Step, path: str, shape: Any, value: Any) -> None:
        """Survey what a step led to."""
        if value == ():
            return
        if step.pair is not None:
            self._details(number, path, shape)
        elif step.entry:
            self.layout.has_entry = True
            self.mapping(number, value, ENTRY)
        else:
            self.mapping(number, value, path + ".")

    def mapping(self, number: int, mapping: dict[str, Any], prefix: str) -> None:
        """Survey a mapping whose keys have this prefix in their paths."""
        dialect = self.layout.dialect
        keys, paths = [], []
        for key, value in mapping.items():
            path = prefix + path_name(key)
            name = path.removeprefix(ENTRY)
            if path in dialect.numbers or (name in dialect.numbers and path != name):
                keys.append(key)
                paths.append(path)
            elif self._is_container(name, value):
                self._step(number, key, path, name)
            elif name in dialect.known:
                if path == name:
                    self.layout.label_paths.append(path)
            elif not dialect.is_informational(name):
                self.layout.suspects.append((number, key))
        if not self.layout.add(number, keys, paths):
            self.is_linear = False

    def _is_container(self, name: str, value: Any) -> bool:
        dialect = self.layout.dialect
        if name in dialect.containers or (dialect.iterations and name == ITERATIONS):
            return True
        return isinstance(value, (dict, list)) and not dialect.is_informational(name)

    def _step(self, number: int, key: Any, path: str, name: str) -> None:
        dialect = self.layout.dialect
        is_list = dialect.iterations and name == ITERATIONS
        if path.count(".") > _DEEPEST or (is_list and path != name):
            self.is_linear = False
            return
        rule = dialect.lists.get(name)
        if rule == ("", ""):
            self.is_linear = False
            return
        pair = itemgetter(*rule) if rule else None
        self.steps.append((path, Step(number, key, pair, is_list)))

    def _details(self, number: int, path: str, labels: tuple[Any, ...]) -> None:
        paths = [f"{path}[{label}]" for label in labels]
        if not self.layout.dialect.numbers.issuperset(paths) or not self.layout.add_paths(paths):
            self.is_linear = False
        self.layout.getters.append((number, None))
