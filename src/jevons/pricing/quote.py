"""From the entries that concern one context to its rate card at an instant and a context length.

Entries are laid over each other from general to specific: the catalogue's standard list, entries
without axes, then tiers, batch and speed. Multipliers follow, then contract terms. A fact of the
call that no applied entry looked at leaves it without a price.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from jevons.pricing.ancestry import suppliers
from jevons.pricing.context import PriceContext
from jevons.pricing.entry import AXES, PriceEntry, content_hash, entry_hash
from jevons.pricing.schedule import any_holds, text_of
from jevons.vocabulary.charge import RateCard, Unpriced
from jevons.vocabulary.money import plain, unit_price
from jevons.vocabulary.units import Unit

PROCESSING: Final = ("batch", "service_tier", "speed")
"""Axes that exclude each other unless one entry names them together."""
_MUST_BE_KNOWN: Final = ("region", *PROCESSING)
"""Axes whose value has to be known to a price; a host name no entry knows is taken for a proxy."""
_SUPPLEMENTS: Final = frozenset(
    {"web_searches", "web_fetches", "file_searches", "code_executions", "maps_queries"}
)
"""Units that come on top of a model's own: their price alone is no price of the model."""
_LABELS: Final = {"service_tier": "service tier"}


def axis_values(context: PriceContext) -> dict[str, str | None]:
    """The normalised context's axes as text; None is the neutral value."""
    values: dict[str, str | None] = {axis: getattr(context, axis) for axis in AXES}
    values["batch"] = "true" if context.batch else None
    return values


@dataclass(frozen=True, slots=True)
class Relevant:
    """An entry that concerns a context, and how closely it names the model (higher is closer)."""

    entry: PriceEntry
    closeness: tuple[int, int] = (0, 0)
    overlaid: bool = True

    @property
    def rank(self) -> tuple[object, ...]:
        """Position in the order from general to specific."""
        names = self.entry.axis_names
        return (
            len([name for name in names if name in PROCESSING]),
            self.overlaid,
            len(names),
            bool(self.entry.windows),
            self.closeness,
            self.entry.recorded_at or 0,
        )


@dataclass(slots=True)
class _Sheet:
    """What has been laid so far at one instant and length. sources: unit -> who set its price."""

    prices: dict[Unit, Decimal] = field(default_factory=dict)
    sources: dict[Unit, PriceEntry] = field(default_factory=dict)
    withdrawn: str | None = None
    minimum: dict[Unit, int] = field(default_factory=dict)
    applied: list[PriceEntry] = field(default_factory=list)

    def lay(self, entry: PriceEntry, tier_input_tokens: int) -> None:
        if entry.exclusive or entry.withdrawn is not None:
            self.prices, self.sources, self.minimum, self.applied = {}, {}, {}, []
        for unit, price in entry.prices_at(tier_input_tokens).items():
            if price is None:
                self.prices.pop(unit, None)
                self.sources.pop(unit, None)
            else:
                self.prices[unit] = price
                self.sources[unit] = entry
        self.withdrawn = entry.withdrawn
        self.minimum |= entry.minimum
        self.applied.append(entry)

    def looked_at(self) -> set[str]:
        return {name for entry in self.applied for name in entry.axis_names}

    def origins(self) -> list[PriceEntry]:
        """The entries that set a price of the model itself, the one that set most of them first."""
        count: dict[int, int] = {}
        for unit, entry in self.sources.items():
            if unit not in _SUPPLEMENTS:
                count[id(entry)] = count.get(id(entry), 0) + 1
        kept = [entry for entry in self.applied if id(entry) in count]
        return sorted(kept, key=lambda entry: -count[id(entry)])


class Quote:
    """All that decides the price of one normalised context.

    subject: the model and provider in words. standard: the catalogue's lists in their own order,
    of which the last active one counts. relevant: variants and overlay entries.
    """

    def __init__(
        self,
        context: PriceContext,
        subject: str,
        standard: Sequence[PriceEntry],
        relevant: Iterable[Relevant],
        unknown: str,
    ) -> None:
        self.subject = subject
        self._axes = axis_values(context)
        self._standard = standard
        self._unknown = unknown
        ordered = sorted(relevant, key=lambda item: item.rank)
        self._relevant = [item for item in ordered if self._concerns(item.entry)]
        self._elsewhere = [item.entry for item in ordered if not self._concerns(item.entry)]
        entries = [*standard, *(item.entry for item in self._relevant)]
        ends = {end for entry in entries for end in (entry.valid_from, entry.valid_to)}
        self.times = sorted(end for end in ends if end is not None)
        self.windows = tuple(dict.fromkeys(window for e in entries for window in e.windows))
        self.thresholds = sorted({b.above for e in entries for b in e.bands if b.above >= 0})
        self._cells: dict[tuple[object, ...], RateCard | Unpriced] = {}

    def at(self, time_us: int, tier_input_tokens: int) -> RateCard | Unpriced:
        """The rate card at an instant, for a call with that many tier input tokens."""
        cell = (
            bisect_right(self.times, time_us),
            tuple(window.holds(time_us) for window in self.windows),
            bisect_left(self.thresholds, tier_input_tokens),
        )
        found = self._cells.get(cell)
        if found is None:
            found = self._cells[cell] = self._resolve(time_us, tier_input_tokens)
        return found

    def _concerns(self, entry: PriceEntry) -> bool:
        return all(_matches_any(values, self._axes[axis]) for axis, values in entry.axes)

    def _resolve(self, time_us: int, tier_input_tokens: int) -> RateCard | Unpriced:
        active = _latest_of_each_scope(
            item
            for item in self._relevant
            if item.entry.valid(time_us) and any_holds(item.entry.windows, time_us)
        )
        sheet = _Sheet()
        for entry in self._standard_at(time_us):
            sheet.lay(entry, tier_input_tokens)
        for item in active:
            if item.entry.kind in ("prices", "withdrawn"):
                sheet.lay(item.entry, tier_input_tokens)
        multipliers = _multipliers(active, sheet.applied)
        contract = _last(item.entry for item in active if item.entry.kind == "contract")
        named = sheet.looked_at().union(*(m.axis_names for m in multipliers))
        named |= set(contract.axis_names) if contract else set()
        problem = self._problem(sheet, named, contract)
        if problem:
            return Unpriced(problem)
        return _card(sheet, multipliers, contract, tier_input_tokens)

    def _standard_at(self, time_us: int) -> list[PriceEntry]:
        """The last list of the catalogue that is active, its first one if none is."""
        active = [
            entry
            for entry in self._standard
            if (entry.valid_from is None or entry.valid_from <= time_us)
            and any_holds(entry.windows, time_us)
        ]
        return (active or list(self._standard[:1]))[-1:]

    def _problem(self, sheet: _Sheet, named: set[str], contract: PriceEntry | None) -> str | None:
        covered = contract is not None and contract.terms is not None and contract.terms.included
        if sheet.withdrawn is not None:
            return f"no price for {self.subject}: {sheet.withdrawn}"
        if sheet.prices.keys() <= _SUPPLEMENTS and not covered:
            return self._unknown
        given = [axis for axis in _MUST_BE_KNOWN if self._axes[axis] is not None]
        unseen = [axis for axis in given if axis not in named]
        if unseen:
            return f"no price for {self.subject} with {self._words(unseen)}{self._hint(unseen)}"
        together = [axis for axis in given if axis in PROCESSING]
        if len(together) > 1 and not any(
            set(together) <= set(entry.axis_names) for entry in sheet.applied
        ):
            return f"no price for {self.subject} with {self._words(together)} together"
        return None

    def _words(self, axes: Sequence[str]) -> str:
        return " and ".join(
            axis if axis == "batch" else f"{_LABELS.get(axis, axis)} {self._axes[axis]!r}"
            for axis in axes
        )

    def _hint(self, axes: Sequence[str]) -> str:
        """When the book knows a price for the value at another time, or for other values."""
        axis = axes[0]
        entries = [item.entry for item in self._relevant]
        periods = sorted(
            (entry.valid_from, entry.valid_to)
            for entry in entries
            if axis in entry.axis_names and entry.valid_from is not None
        )
        if periods:
            return f" at that time (known from {text_of(periods[0][0])})"
        values = {v for e in self._elsewhere for name, vs in e.axes if name == axis for v in vs}
        return f" (known: {', '.join(sorted(values))})" if values and axis != "batch" else ""


def _matches_any(values: Sequence[str], value: str | None) -> bool:
    from fnmatch import fnmatchcase

    return value is not None and any(fnmatchcase(value, pattern) for pattern in values)


def _latest_of_each_scope(active: Iterable[Relevant]) -> list[Relevant]:
    """Of active entries about the same, the one recorded last; of those, the one valid later.

    Variants of the catalogue keep their own order, an earlier one over a later one.
    """
    chosen: dict[object, Relevant] = {}
    for item in active:
        entry = item.entry
        scope = (item.overlaid, *entry.scope) if item.overlaid else (False, id(entry))
        other = chosen.get(scope)
        if other is None or _age(entry) >= _age(other.entry):
            chosen[scope] = item
    return sorted(chosen.values(), key=lambda item: item.rank)


def _age(entry: PriceEntry) -> tuple[int, bool, int]:
    return (entry.recorded_at or 0, entry.valid_from is not None, entry.valid_from or 0)


def _multipliers(active: Sequence[Relevant], applied: Sequence[PriceEntry]) -> list[PriceEntry]:
    """One multiplier per set of axes, the closest; none where a price for these axes was laid."""
    chosen: dict[frozenset[str], PriceEntry] = {}
    for item in active:
        if item.entry.kind == "multiplier":
            chosen[frozenset(item.entry.axis_names)] = item.entry
    return [
        entry
        for axes, entry in chosen.items()
        if not axes or not any(axes <= set(laid.axis_names) for laid in applied)
    ]


def _last(entries: Iterable[PriceEntry]) -> PriceEntry | None:
    found = None
    for entry in entries:
        found = entry
    return found


def _card(
    sheet: _Sheet,
    multipliers: Sequence[PriceEntry],
    contract: PriceEntry | None,
    tier_input_tokens: int,
) -> RateCard:
    supplied = suppliers(sheet.prices.keys())
    listed = {}
    for unit, supplier in supplied.items():
        price = sheet.prices[supplier]
        for entry in multipliers:
            if entry.multiplier is not None and not {unit, supplier}.isdisjoint(entry.units):
                price *= entry.multiplier
        listed[unit] = unit_price(price)
    contracted = _contracted(listed, supplied, contract, tier_input_tokens)
    parts = [*sheet.origins(), *multipliers, *([contract] if contract else [])]
    entry_id = "+".join(dict.fromkeys(entry_hash(entry) for entry in parts))
    included = contract is not None and contract.terms is not None and contract.terms.included
    content = {
        "entries": entry_id,
        "list": {unit: plain(price) for unit, price in listed.items()},
        "contracted": {unit: plain(price) for unit, price in contracted.items()},
        "included": included,
        "minimum": sheet.minimum,
    }
    return RateCard(
        card_id=content_hash(content),
        entry=entry_id,
        source="; ".join(dict.fromkeys(entry.source for entry in parts)),
        list_unit_price=listed,
        contracted_unit_price=contracted,
        included=included,
        minimum=dict(sheet.minimum),
    )


def _contracted(
    listed: dict[Unit, Decimal],
    supplied: dict[Unit, Unit],
    contract: PriceEntry | None,
    tier_input_tokens: int,
) -> dict[Unit, Decimal]:
    """The list prices less the discount; negotiated prices in place of the list price they name."""
    if contract is None or contract.terms is None:
        return dict(listed)
    share = 1 - contract.terms.discount
    negotiated = {
        unit: price
        for unit, price in contract.prices_at(tier_input_tokens).items()
        if price is not None
    }
    contracted = {}
    for unit, price in listed.items():
        named = unit if unit in negotiated else supplied[unit]
        contracted[unit] = negotiated[named] if named in negotiated else unit_price(price * share)
    for unit, supplier in suppliers(negotiated.keys()).items():
        contracted.setdefault(unit, negotiated[supplier])
    return contracted
