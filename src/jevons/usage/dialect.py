"""What a dialect of usage bodies is: its counters as cells, its totals, labels and known names.

A path names a number in the body: `prompt_tokens_details.cached_tokens`, or an entry of a list of
details by its label, `promptTokensDetails[AUDIO]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from jevons.usage.cells import Cell
from jevons.vocabulary.units import Unit

StatedBy = Literal["openrouter", "perplexity", "xai", "copilot"]
"""Whose way of stating the billed cost a body follows."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One quantity that a body reports.

    paths: its spellings, best first; they repeat one number and never add up. outside: the number
    is not part of the input or output total (it is always part of narrower totals that contain its
    cell). instead: when no spelling is there, the sum of these stands in. seconds: a duration,
    which may have a fraction and is rounded to the nearest whole second.
    """

    cell: Cell
    paths: tuple[str, ...]
    outside: bool = False
    instead: tuple[str, ...] = ()
    seconds: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """A stated sum: the number at `path` equals the counters of `cells` plus the numbers at `plus`.

    It is checked when the body states it (and everything in `plus`).
    """

    path: str
    cells: tuple[Cell, ...]
    plus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDetail:
    """A count of text tokens, which is what remains of a total after its other modalities.

    It prices nothing by itself and is only checked: text and the other modalities together cannot
    exceed the total that they detail.
    """

    total: Cell
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """Where a body says how the call was served: paths of the tier, the speed and the region."""

    service_tier: tuple[str, ...] = ()
    speed: tuple[str, ...] = ()
    region: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Dialect:
    """One way of writing usage.

    lists: path of a list of details -> (label key, number key); a list of names is tallied when
    both are "". informational: names (with everything below them) that are no counters.
    rivals: other readings of the same counters, taken when the stated total contradicts this one
    and proves the other. numeric_text: whole numbers may come as text. turns: tool counters of a
    server-side loop whose turns the body adds up. units: cells whose unit differs here.
    """

    name: str
    counters: tuple[Counter, ...]
    totals: tuple[Total, ...] = ()
    texts: tuple[TextDetail, ...] = ()
    lists: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    labels: Labels = Labels()
    informational: frozenset[str] = frozenset()
    rivals: tuple[str, ...] = ()
    stated: StatedBy | None = None
    numeric_text: bool = False
    iterations: bool = False
    turns: tuple[Cell, ...] = ()
    units: Mapping[Cell, Unit] = field(default_factory=dict)
    # Derived below; kept because every body needs them.
    outside: frozenset[Cell] = field(init=False)
    counter_at: Mapping[str, Counter] = field(init=False)
    with_instead: tuple[Counter, ...] = field(init=False)
    texts_at: frozenset[str] = field(init=False)
    numbers: frozenset[str] = field(init=False)
    known: frozenset[str] = field(init=False)
    containers: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        outside = frozenset(counter.cell for counter in self.counters if counter.outside)
        numbers = {path for c in self.counters for path in (*c.paths, *c.instead)}
        numbers |= {path for total in self.totals for path in (total.path, *total.plus)}
        numbers |= {path for text in self.texts for path in text.paths}
        names = {*self.labels.service_tier, *self.labels.speed, *self.labels.region}
        containers = {
            path[:end] for path in numbers for end, letter in enumerate(path) if letter in ".["
        }
        object.__setattr__(self, "outside", outside)
        object.__setattr__(self, "counter_at", {p: c for c in self.counters for p in c.paths})
        object.__setattr__(self, "with_instead", tuple(c for c in self.counters if c.instead))
        object.__setattr__(self, "texts_at", frozenset(p for t in self.texts for p in t.paths))
        object.__setattr__(self, "numbers", frozenset(numbers))
        object.__setattr__(self, "known", frozenset(numbers | names))
        object.__setattr__(self, "containers", frozenset(containers | set(self.lists)))

    def is_informational(self, path: str) -> bool:
        """Whether a path is, or lies below, a name that counts nothing billable."""
        while path:
            if path in self.informational:
                return True
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return False
