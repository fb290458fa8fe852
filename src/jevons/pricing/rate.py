"""The scalar rater: the quantities of one event part, times a rate card, as charge lines.

This is the reference that the vectorised kernel is tested against, to the last digit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final, Literal, TypedDict, Unpack

from jevons.vocabulary.charge import (
    ChargeLine,
    Part,
    PriceState,
    Provenance,
    RateCard,
    Rated,
    Unpriced,
)
from jevons.vocabulary.money import unit_price
from jevons.vocabulary.observation import Completeness, Evidence
from jevons.vocabulary.units import UNIT_NAMES, Quantities, Unit

REQUESTS: Final = Unit("requests")
ADJUSTMENT: Final = Unit("adjustment")
_ZERO: Final = Decimal("0E-15")

PROVENANCE_OF: Final[dict[str, Provenance]] = {
    "gateway": "metered",
    "provider": "metered",
    "span": "metered",
    "client_log": "reported",
    "estimate": "estimated",
}
"""Evidence -> how a cost priced by us was obtained."""
_HTTP_4XX: Final = re.compile(r"(?:http[ _/-]?)?(4\d\d)\b.*", re.DOTALL)
_MAY_HAVE_RUN: Final = frozenset({"408", "499"})
"""4xx statuses after which the provider may have generated: timeout, client gone."""
_REFUSALS: Final = frozenset(
    {
        "invalid_request_error", "authentication_error", "permission_error", "not_found_error",
        "request_too_large", "rate_limit_error", "insufficient_quota", "rate_limit_exceeded",
    }
)  # fmt: skip
"""Error types of Anthropic's and OpenAI's APIs that come with HTTP 4xx."""


class Call(TypedDict, total=False):
    """What is known of a call beyond its quantities; absent means complete, from the provider.

    stated_cost: USD that the provider billed, or that a client computed, as `stated_by` says.
    status, error: as the source gives them; an HTTP status in them is understood.
    """

    completeness: Completeness
    evidence: Evidence
    stated_cost: Decimal | None
    stated_by: Literal["provider", "client"] | str | None
    status: str | None
    error: str | None


def rate(part: Part, card: RateCard | Unpriced, **call: Unpack[Call]) -> Rated:
    """Price one part: one line per unit used, and an adjustment line where a cost is stated.

    A provider's stated cost becomes billed and effective cost; list and contracted cost stay our
    own. A client's is used only when we have no price. Interrupted usage is a lower bound; no usage
    is unknown, except that a refused request is free.
    """
    own = _own(part, card, PROVENANCE_OF[call.get("evidence") or "provider"])
    complete = call.get("completeness") or "complete"
    stated, by = call.get("stated_cost"), call.get("stated_by")
    if stated is not None and by == "provider":
        return _with_stated(own, unit_price(stated), "stated")
    refusal = refused(call.get("status"), call.get("error"))
    if refusal and not any(part.quantities.values()):
        return _nothing(own, "free", _ZERO, f"refused by the provider ({refusal}) without usage")
    if complete == "none":
        own = _nothing(own, "unknown", None, "no usage is known of this call")
    # A client that does not know a model says 0 as well: a claim of zero for tokens is no claim.
    claims = stated is not None and (stated != 0 or not any(part.quantities.values()))
    if own.effective_cost is None and stated is not None and claims:
        return _with_stated(own, unit_price(stated), "reported")
    if complete == "partial" and own.effective_cost is not None and own.price_state != "included":
        reason = f"at least: the call was interrupted; {own.reason}"
        return replace(own, price_state="lower_bound", reason=reason)
    return own


def billable(quantities: Quantities, card: RateCard | Unpriced) -> Quantities:
    """The quantities that are charged: at least the card's minimum, and one request if it has a
    fee per request."""
    used = {unit: quantity for unit, quantity in quantities.items() if quantity}
    if isinstance(card, Unpriced):
        return used
    charged = {unit: max(count, card.minimum.get(unit, 0)) for unit, count in used.items()}
    if charged and card.contracted_unit_price.get(REQUESTS):
        charged.setdefault(REQUESTS, 1)
    return charged


def state_of(charged: int, missing: int, card: RateCard, total: Decimal | int) -> PriceState:
    """The price state of priced quantities.

    charged, missing: how many units are charged and how many of them have no price. total: the
    contracted cost of the others.
    """
    if card.included:
        return "included"
    if missing:
        return "unknown" if missing == charged else "lower_bound"
    return "free" if charged and total == 0 else "exact"


def reason_of(state: PriceState, missing: Sequence[Unit], card: RateCard) -> str:
    """Why a priced part is in its state, in a sentence for the reader."""
    lacking = f"no price for {', '.join(missing)} in {card.source}" if missing else ""
    if state == "included":
        return "; ".join(filter(None, [f"included in a plan ({card.source})", lacking]))
    if lacking:
        return lacking
    return f"free by {card.source}" if state == "free" else card.source


def refused(status: str | None, error: str | None) -> str | None:
    """The words for a refusal (HTTP 4xx) that cannot have produced tokens, None if it was none."""
    for text in (status, error):
        word = "" if text is None else str(text).strip().lower()
        found = _HTTP_4XX.fullmatch(word)
        if found and found[1] not in _MAY_HAVE_RUN:
            return f"HTTP {found[1]}"
        if word in _REFUSALS:
            return word
    return None


def _own(part: Part, card: RateCard | Unpriced, provenance: Provenance) -> Rated:
    """The part priced by the card alone."""
    charged = billable(part.quantities, card)
    ordered = [unit for unit in UNIT_NAMES if unit in charged]
    if isinstance(card, Unpriced):
        blank = ChargeLine(ADJUSTMENT, 0, None, None, None, None, None, "unknown", provenance, None)
        rows = tuple(_used(blank, part, unit, charged[unit]) for unit in ordered)
        return Rated(rows, None, None, None, None, "unknown", provenance, None, card.reason)
    missing = [unit for unit in ordered if unit not in card.contracted_unit_price]
    contracted = _sum(card.contracted_unit_price, charged)
    listed = _sum(card.list_unit_price, charged)
    state = state_of(len(ordered), len(missing), card, contracted)
    billed = _ZERO if card.included else contracted
    rated = Rated(
        lines=tuple(_line(part, unit, charged[unit], card, provenance) for unit in ordered),
        list_cost=listed,
        contracted_cost=contracted,
        billed_cost=billed,
        effective_cost=billed,
        price_state=state,
        provenance=provenance,
        card_id=card.card_id,
        reason=reason_of(state, missing, card),
    )
    if ordered and card.list_unit_price.keys().isdisjoint(ordered):
        rated = replace(rated, list_cost=None)
    if missing and len(missing) == len(ordered):
        rated = replace(rated, contracted_cost=None)
    if state == "unknown":
        rated = replace(rated, billed_cost=None, effective_cost=None)
    return rated


def _sum(prices: Mapping[Unit, Decimal], charged: Quantities) -> Decimal:
    return sum((prices[unit] * n for unit, n in charged.items() if unit in prices), _ZERO)


def _line(
    part: Part, unit: Unit, quantity: int, card: RateCard, provenance: Provenance
) -> ChargeLine:
    listed = card.list_unit_price.get(unit)
    price = card.contracted_unit_price.get(unit)
    cost = None if price is None else price * quantity
    billed = _ZERO if card.included else cost
    state: PriceState = "unknown" if cost is None else "exact" if cost else "free"
    line = ChargeLine(
        unit=unit,
        consumed_quantity=quantity,
        list_unit_price=listed,
        list_cost=None if listed is None else listed * quantity,
        contracted_cost=cost,
        billed_cost=billed,
        effective_cost=billed,
        price_state="included" if card.included else state,
        provenance=provenance,
        price_entry=card.entry,
    )
    return _used(line, part, unit, quantity)


def _used(line: ChargeLine, part: Part, unit: Unit, quantity: int) -> ChargeLine:
    return replace(line, unit=unit, consumed_quantity=quantity, model=part.model)


def _nothing(own: Rated, state: PriceState, cost: Decimal | None, reason: str) -> Rated:
    """A call without lines that costs `cost` in all four senses."""
    return Rated((), cost, cost, cost, cost, state, own.provenance, own.card_id, reason)


def _with_stated(own: Rated, amount: Decimal, provenance: Provenance) -> Rated:
    """The stated cost as billed and effective; what our own lines miss of it is an adjustment."""
    difference = amount - (own.billed_cost or _ZERO)
    ours = None if own.list_cost is None else _ZERO
    adjustment = ChargeLine(
        unit=ADJUSTMENT,
        consumed_quantity=1,
        list_unit_price=None,
        list_cost=ours,
        contracted_cost=None if own.contracted_cost is None else _ZERO,
        billed_cost=difference,
        effective_cost=difference,
        price_state="stated",
        provenance=provenance,
        price_entry=None,
    )
    whose = "the provider" if provenance == "stated" else "the client; we have no price of our own"
    return replace(
        own,
        lines=(*own.lines, adjustment) if difference else own.lines,
        billed_cost=amount,
        effective_cost=amount,
        price_state="stated",
        provenance=provenance,
        reason=f"stated by {whose}",
        notes=(*own.notes, f"our own price: {own.reason}") if own.reason else own.notes,
    )
