"""From a usage body to a Split: the scalar reference, one body at a time.

`jevons.usage.matrix.split_many` gives the same for many bodies at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from jevons.usage.body import is_body, reduce_body
from jevons.usage.cells import INPUT_UNITS, UNIT_OF, Cell
from jevons.usage.decompose import decompose, named_modalities, standing_in
from jevons.usage.dialect import Dialect, Total
from jevons.usage.dialects import DIALECTS, READINGS
from jevons.usage.iterations import Iteration, Parts, combine, iteration
from jevons.usage.reading import (
    ITERATIONS,
    Reading,
    flatten,
    read,
    short_name,
    unknown_counters,
)
from jevons.usage.selection import select
from jevons.usage.served import served
from jevons.usage.stated import stated_cost
from jevons.vocabulary.charge import Impossible, Part, Split
from jevons.vocabulary.units import Quantities, Unit

__all__ = ["DIALECTS", "split", "split_body"]

FALLBACK_CREDIT: Final = "fallback_credit"


def split(provider: str, api: str | None, usage: Mapping[str, Any]) -> Split | Impossible:
    """Split a provider's usage object, or a whole response body, into exclusive quantities.

    api: a name in DIALECTS; None, or one that does not fit the body, infers it from the provider
    and the keys. Impossible when the body contradicts itself or has no counter that can be read.
    """
    if is_body(usage):
        return split_body(provider, api, usage)
    return _split_usage(provider, api, usage)


def split_body(provider: str, api: str | None, body: Mapping[str, Any]) -> Split | Impossible:
    """Split a whole response body: its usage, plus model, tier and server tools from around it."""
    reduced = reduce_body(body)
    if not reduced.usage:
        return Impossible("the response has no usage")
    found = _split_usage(provider, api, reduced.usage)
    if isinstance(found, Impossible):
        return found
    return replace(
        found,
        response_model=reduced.model,
        service_tier=found.service_tier or reduced.service_tier,
        unknown_keys=(*found.unknown_keys, *reduced.unpriced),
    )


def _split_usage(provider: str, api: str | None, usage: Mapping[str, Any]) -> Split | Impossible:
    keys = [key for key, value in usage.items() if value is not None]
    dialect = select(provider, api, keys)
    if isinstance(dialect, Impossible):
        return dialect
    fields = flatten(usage, dialect)
    reading = read(dialect, fields)
    if isinstance(reading, Impossible):
        return reading
    unknown = unknown_counters(dialect, fields)
    if not reading.values:
        return _nothing_known(dialect, reading, unknown)
    quantities, broken = _quantities(dialect, reading)
    if isinstance(quantities, Impossible):
        return quantities
    listed = _iterations(dialect, usage)
    if isinstance(listed, Impossible):
        return listed
    entries, unknown_inside = listed
    top = Part(quantities, None, _tier_input(dialect, quantities, looped=not entries))
    parts = combine(top, entries) if entries else Parts((top,))
    stated = stated_cost(dialect, fields)
    how = served(dialect, fields)
    anomalies = (
        *reading.anomalies, *(total.message for total in broken), *_text_excess(dialect, reading),
        *parts.anomalies, *_credit(fields), *stated.anomalies,
    )  # fmt: skip
    return Split(
        parts=parts.parts,
        unknown_keys=(*unknown, *unknown_inside, *parts.unknown_keys),
        anomalies=anomalies,
        uncounted_tokens=max((total.uncounted for total in broken), default=0),
        stated_cost=stated.cost,
        stated_why=stated.why,
        service_tier=how.service_tier,
        speed=how.speed,
        region=how.region,
        host=how.host,
    )


def _nothing_known(dialect: Dialect, reading: Reading, unknown: tuple[str, ...]) -> Impossible:
    """No counter at all: without one the call has no price, which is not a price of zero."""
    sums = [f"{short_name(path)} ({value})" for path, value in sorted(reading.stated.items())]
    seen = ", ".join([*sums, *unknown][:8]) or "nothing"
    return Impossible(f"no counter of {dialect.name} in the usage, only {seen}")


@dataclass(frozen=True, slots=True)
class _Broken:
    """A stated total that the counters do not add up to. uncounted: its tokens in no counter."""

    message: str
    uncounted: int = 0


def _quantities(
    dialect: Dialect, reading: Reading
) -> tuple[Quantities | Impossible, tuple[_Broken, ...]]:
    """Leaves as units, and the stated totals that they break.

    A total that contradicts this dialect and proves a rival reading decides for the rival.
    """
    broken = _broken_totals(dialect, reading)
    for name in dialect.rivals if broken else ():
        rival = READINGS[name]
        if not _broken_totals(rival, reading):
            leaves = decompose(reading.values, reading.names, rival.outside)
            if not isinstance(leaves, Impossible):
                return _units(rival, leaves), ()
    leaves = decompose(reading.values, reading.names, dialect.outside)
    if isinstance(leaves, Impossible):
        return leaves, ()
    return _units(dialect, leaves), broken


def _units(dialect: Dialect, leaves: Mapping[Cell, int]) -> Quantities:
    quantities: dict[Unit, int] = {}
    for cell, leaf in leaves.items():
        if leaf:
            unit = unit_of(dialect, cell)
            quantities[unit] = quantities.get(unit, 0) + leaf
    return quantities


def unit_of(dialect: Dialect, cell: Cell) -> Unit:
    """The leaf unit that a cell's tokens are billed in."""
    return dialect.units.get(cell) or UNIT_OF[cell]


def _tier_input(dialect: Dialect, quantities: Quantities, *, looped: bool) -> int:
    """The input that decides the context tier: that of the largest single turn.

    Where a server-side tool loop is summed up and the turns are not listed, the mean of the turns
    (one more than the tool calls) is used: the largest is at least that, the sum certainly more.
    """
    total = sum(quantity for unit, quantity in quantities.items() if unit in INPUT_UNITS)
    if not (looped and dialect.turns):
        return total
    turns = 1 + sum(quantities.get(unit_of(dialect, cell), 0) for cell in dialect.turns)
    return -(-total // turns)


def _broken_totals(dialect: Dialect, reading: Reading) -> tuple[_Broken, ...]:
    found = (_broken_total(total, dialect, reading) for total in dialect.totals)
    return tuple(broken for broken in found if broken)


def _broken_total(total: Total, dialect: Dialect, reading: Reading) -> _Broken | None:
    """What is wrong with a stated total; None when it holds or cannot be checked."""
    stated = reading.stated
    if total.path not in stated or not all(path in stated for path in total.plus):
        return None
    cells = frozenset(reading.values)
    members = [
        (reading.names[c], reading.values[c])
        for member in total.cells
        for c in standing_in(member, cells, dialect.outside)
    ]
    members += [(short_name(path), stated[path]) for path in total.plus]
    summed = sum(value for _, value in members)
    name, value = short_name(total.path), stated[total.path]
    if value == summed:
        return None
    parts = " + ".join(f"{member} ({number})" for member, number in members)
    if value < summed:
        return _Broken(f"{name} ({value}) is less than {parts}")
    more = value - summed
    told = f"{more} tokens of the stated total in no counter: {name} ({value}), {parts}"
    return _Broken(told, more)


def _text_excess(dialect: Dialect, reading: Reading) -> list[str]:
    """Totals that their text and other modalities exceed."""
    if dialect.texts_at.isdisjoint(reading.stated):
        return []
    text: dict[Cell, int] = {}
    for detail in dialect.texts:
        found = [reading.stated[path] for path in detail.paths if path in reading.stated]
        text[detail.total] = text.get(detail.total, 0) + max(found, default=0)
    return [
        f"text ({amount}) and other modalities ({named_modalities(total, reading.values)})"
        f" exceed {reading.names[total]} ({reading.values[total]})"
        for total, amount in text.items()
        if total in reading.values
        and amount + named_modalities(total, reading.values) > reading.values[total]
    ]


def _credit(fields: Mapping[str, Any]) -> list[str]:
    """Anthropic's fallback credit: the bill is smaller than the counters say."""
    if "redeemed" in (fields.get(f"{FALLBACK_CREDIT}.{key}") for key in ("type", "status")):
        return ["fallback credit redeemed: cache writes of this retry are billed as reads"]
    return []


def _iterations(
    dialect: Dialect, usage: Mapping[str, Any]
) -> tuple[list[Iteration], list[str]] | Impossible:
    """The entries of `usage.iterations` with their own quantities, and what in them is unknown."""
    listed = usage.get(ITERATIONS) if dialect.iterations else None
    entries: list[Iteration] = []
    unknown: list[str] = []
    for entry in listed if isinstance(listed, (list, tuple)) else ():
        if not isinstance(entry, Mapping):
            continue
        fields = flatten(entry, dialect)
        reading = read(dialect, fields)
        if isinstance(reading, Impossible):
            return reading
        quantities, _ = _quantities(dialect, reading)
        if isinstance(quantities, Impossible):
            return quantities
        unknown += [
            f"iterations[{len(entries)}].{key}" for key in unknown_counters(dialect, fields)
        ]
        part = Part(quantities, None, _tier_input(dialect, quantities, looped=False))
        entries.append(iteration(entry, part))
    return entries, unknown
