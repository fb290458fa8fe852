"""Charges: priced quantities, in FOCUS's terms."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from jevons.vocabulary.units import Quantities, Unit

PriceState = Literal["exact", "stated", "included", "free", "lower_bound", "unknown"]
"""How the money of a charge is known. unknown money is None, never 0."""

PRICE_STATES: Final[tuple[PriceState, ...]] = (
    "exact", "stated", "included", "free", "lower_bound", "unknown",
)  # fmt: skip

Provenance = Literal["invoiced", "stated", "metered", "reported", "estimated", "allocated"]
"""How a figure was obtained, strongest first. invoiced: the provider's bill. stated: the provider
gave the cost with the call. metered: measured on the call path (gateway, SDK span, provider body)
and priced by us. reported: a client's own log, priced by us. estimated, allocated: computed."""

PROVENANCES: Final[tuple[Provenance, ...]] = (
    "invoiced", "stated", "metered", "reported", "estimated", "allocated",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """The quantities of an event that one model produced. Part 0 is the event's own model.

    model: None means the event's model. tier_input_tokens: the input tokens (inclusive) that decide
    the context-length tier of this part; for a server-side loop it is the largest single turn, not
    the sum.
    """

    quantities: Quantities
    model: str | None = None
    tier_input_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """A provider usage body as non-overlapping quantities.

    unknown_keys: counters in the body that no rule knows, kept and reported as `path=value`.
    anomalies: token identities that the body itself breaks, named. uncounted_tokens: tokens of a
    stated total that are in no counter, so that the quantities are a lower bound. stated_cost: USD
    that the provider says it billed for the call, None if it says nothing or bills only a fee of
    its own. stated_why: what else that cost contains or leaves out, for the reader; no code reads
    it.
    """

    parts: tuple[Part, ...]
    unknown_keys: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()
    uncounted_tokens: int = 0
    stated_cost: Decimal | None = None
    stated_why: str | None = None
    response_model: str | None = None
    service_tier: str | None = None
    speed: str | None = None
    region: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Impossible:
    """Usage that cannot be true: names both counters and their values in `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class RateCard:
    """The unit prices that one context resolves to, after tier, axes and contract.

    Prices are USD per single unit at the money scale, already resolved for every leaf unit that has
    a price of its own or by `priced_as`; a unit that is absent has no known price. card_id: hash of
    content. entry: hash of the price entry it came from, joined by + where several made it (a price
    and a multiplier on it, or contract terms); source: where these prices were read.
    included: covered by a plan (billed 0). minimum: unit -> the least quantity that a call which
    uses the unit is charged for.
    """

    card_id: str
    entry: str
    source: str
    list_unit_price: dict[Unit, Decimal]
    contracted_unit_price: dict[Unit, Decimal]
    included: bool = False
    minimum: dict[Unit, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Why no price applies; `reason` is a sentence for the reader (`no price for model ...`)."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One priced quantity: FOCUS consumed quantity and unit, unit prices and the four costs in USD.

    Costs are None when the price state is unknown. Sum of lines = the event's costs, exactly.
    """

    unit: Unit
    consumed_quantity: int
    list_unit_price: Decimal | None
    list_cost: Decimal | None
    contracted_cost: Decimal | None
    billed_cost: Decimal | None
    effective_cost: Decimal | None
    price_state: PriceState
    provenance: Provenance
    price_entry: str | None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """One event part, priced. reason: why it was priced so, or why it was not."""

    lines: tuple[ChargeLine, ...]
    list_cost: Decimal | None
    contracted_cost: Decimal | None
    billed_cost: Decimal | None
    effective_cost: Decimal | None
    price_state: PriceState
    provenance: Provenance
    card_id: str | None
    reason: str
    notes: tuple[str, ...] = field(default=())
