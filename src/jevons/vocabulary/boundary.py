"""The declared boundary: which cost elements beside model calls are in, and the charges they make.

An *element* is one declared cost: a seat, a plan, a GPU node, minutes of review. A *day charge* is
what it costs on one day, in FOCUS's four costs. Dates are calendar days; a period is half open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from jevons.vocabulary.charge import Provenance
from jevons.vocabulary.money import from_femto

NATURE_OF: Final[dict[str, str]] = {
    "seat": "seat",
    "plan": "seat",
    "provisioned": "capacity",
    "gpu": "capacity",
    "training": "training",
    "vector_store": "platform",
    "tool": "tool",
    "platform": "platform",
    "people": "labour",
    "energy": "energy",
    "loss": "loss",
}
"""Kind of element -> the nature of its cost. A GPU's electricity is `energy`."""

KINDS: Final = tuple(NATURE_OF)
"""The kinds of element, in report order."""

CHARGE_NATURES: Final = ("seat", "labour", "capacity", "training", "platform", "energy", "loss")
"""Natures of cost that calls do not have; a tool's fee is `tool`, like a tool fee of a call."""

CHARGES: Final = (
    "purchase", "amortised", "accrued", "included", "overage", "covered", "unused", "idle",
)  # fmt: skip
"""What a day charge is.

purchase: money paid (billed; effective 0). amortised: a day's part of a purchase (effective; billed
0). accrued: used and owed on the day (billed and effective). included: a plan's fee as spread over
the calls that it includes. overage: billed calls beyond a plan's allowance. covered: what the
ledger has for a plan's calls at prices per token, taken back, since the plan pays them. unused:
what nobody used of a plan. idle: capacity that stood still.
"""

ON_CALLS: Final = ("included", "overage", "covered")
"""Charges of a plan that lie on the calls of their day."""

DRIVERS: Final = ("tokens", "calls", "runs", "seats", "shares")
"""By what a cost may be allocated to teams, task types and other dimensions."""

OWNERS: Final = (
    "organisation", "team", "person", "project", "application", "harness", "environment",
    "customer", "task_type",
)  # fmt: skip
"""Dimensions that an element may name as its owner."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a machine costs beyond its price, and how much of it is used.

    power_kw: at load, all machines together. pue: power usage effectiveness of the site.
    electricity_price: USD per kWh. utilisation: share of the time in use, None when it is measured.
    tokens_per_second: of one machine at full load, to measure utilisation from the ledger's calls.
    """

    power_kw: Decimal = Decimal(0)
    pue: Decimal = Decimal(1)
    electricity_price: Decimal = Decimal(0)
    utilisation: Decimal | None = None
    tokens_per_second: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a plan's fee includes per term, and what is billed beyond. amount None: no stated limit.

    unit: `usd` (contracted value of the calls), `tokens` or `calls`. overage: the share of the
    contracted value that is billed for calls beyond the amount, 0 when they are stopped.
    """

    amount: Decimal | None = None
    unit: str = "usd"
    overage: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One declared cost, valid from a day up to before another (None: open).

    price: USD per `per` and unit of `quantity`; `per` is once, hour, day, week, month or year.
    life_months: over how long a purchase is written off, from `bought` on. minutes, rate: work in
    minutes per `per`, at a loaded rate in USD per hour. from_outcomes: the minutes are those that
    outcomes report. kwh: energy per `per`. calls: which calls a
    plan includes (none: those whose price says so) or a machine serves; owner: to whom it belongs;
    both as (dimension, value) pairs. driver: how the cost is allocated where no owner is named;
    shares: for `shares`, (dimension, ((value, percent), ...)). place: where it is written, for
    messages.
    """

    kind: str
    name: str
    valid_from: date
    valid_to: date | None = None
    price: Decimal = Decimal(0)
    per: str = "once"
    quantity: Decimal = Decimal(1)
    bought: date | None = None
    life_months: int | None = None
    minutes: Decimal | None = None
    rate: Decimal | None = None
    from_outcomes: bool = False
    kwh: Decimal | None = None
    capacity: Capacity | None = None
    allowance: Allowance | None = None
    calls: tuple[tuple[str, str], ...] = ()
    owner: tuple[tuple[str, str], ...] = ()
    driver: str | None = None
    shares: tuple[tuple[str, tuple[tuple[str, Decimal], ...]], ...] = ()
    provenance: Provenance = "estimated"
    source: str = ""
    note: str = ""
    place: str = ""

    @property
    def nature(self) -> str:
        """The nature of its cost."""
        return NATURE_OF[self.kind]

    @property
    def measured(self) -> bool:
        """Whether its charges depend on what the ledger's calls used."""
        meter = self.capacity is not None and self.capacity.tokens_per_second is not None
        return self.kind == "plan" or meter


@dataclass(frozen=True, slots=True)
class Boundary:
    """A declared boundary: its elements, and in words what is inside and outside of it.

    name: a later file of the same name replaces an earlier one. time_zone: of the days on which
    calls use plans and machines, None when it is not said. inside, outside: (what, why or how)
    pairs.
    """

    name: str
    elements: tuple[Element, ...]
    inside: tuple[tuple[str, str], ...] = ()
    outside: tuple[tuple[str, str], ...] = ()
    time_zone: str | None = None


def zone_of(boundaries: Iterable[Boundary]) -> str:
    """The time zone of the days of all boundaries together: the one that is said, else UTC."""
    return next((one.time_zone for one in boundaries if one.time_zone), "UTC")


@dataclass(frozen=True, slots=True)
class Use:
    """What the calls of an element used on one day: contracted value, tokens, calls, and what the
    ledger has for them as billed and effective cost. Amounts in whole 1e-15 USD."""

    value: int = 0
    tokens: int = 0
    calls: int = 0
    billed: int = 0
    effective: int = 0

    def plus(self, other: Use) -> Use:
        """Both together."""
        return Use(
            self.value + other.value,
            self.tokens + other.tokens,
            self.calls + other.calls,
            self.billed + other.billed,
            self.effective + other.effective,
        )


@dataclass(frozen=True, slots=True)
class Consequence:
    """What outcomes of one day report beyond calls: human minutes, and losses in USD. owner: of the
    work that they speak of, as (dimension, value) pairs."""

    day: date
    owner: tuple[tuple[str, str], ...]
    minutes: Decimal = Decimal(0)
    loss: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class DayCharge:
    """One charge of one element on one day; the four costs in whole 1e-15 USD."""

    day: date
    element: Element
    charge: str
    nature: str
    list_cost: int = 0
    contracted_cost: int = 0
    billed_cost: int = 0
    effective_cost: int = 0

    @property
    def costs(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """List, contracted, billed and effective cost in USD."""
        found = self.list_cost, self.contracted_cost, self.billed_cost, self.effective_cost
        first, second, third, fourth = map(from_femto, found)
        return first, second, third, fourth
