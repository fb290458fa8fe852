"""Rating a whole call: its parts together, so that what concerns the call is decided once.

A stated cost is the cost of the whole call, and a call whose parts are not all priced costs at
least
what is known. Everything that rates stored or new events uses this one function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Unpack

from jevons.pricing.rate import Call, rate
from jevons.vocabulary.charge import Part, RateCard, Rated, Unpriced

_ZERO = Decimal("0E-15")


def rate_call(
    parts: Sequence[tuple[Part, RateCard | Unpriced]], **call: Unpack[Call]
) -> list[Rated]:
    """Price all parts of a call; part 0 carries the state of the whole call.

    A provider's stated cost is billed on part 0, the other parts keep their list cost and are
    billed
    nothing. A client's is used only when no part has a price. If some parts have a price and others
    do not, part 0 is a lower bound.
    """
    if len(parts) == 1:
        return [rate(*parts[0], **call)]
    stated, by = call.get("stated_cost"), call.get("stated_by")
    plain = call.copy()
    plain["stated_cost"] = None
    plain["stated_by"] = None
    own = [rate(part, card, **plain) for part, card in parts]
    priced = [rated.effective_cost is not None for rated in own]
    if stated is not None and (by == "provider" or not any(priced)):
        head = rate(*parts[0], **call)
        return [head, *(_covered(rated, head) for rated in own[1:])]
    if any(priced) and not all(priced):
        lacking = next(r.reason for r, known in zip(own, priced, strict=True) if not known)
        reason = f"at least: {lacking}"
        own[0] = replace(own[0], price_state="lower_bound", reason=reason)
    return own


def _covered(rated: Rated, head: Rated) -> Rated:
    """A part whose cost is contained in what was stated for the whole call."""
    if head.price_state != "stated":
        return rated
    lines = tuple(
        replace(
            line,
            billed_cost=_ZERO,
            effective_cost=_ZERO,
            price_state="stated",
            provenance=head.provenance,
        )
        for line in rated.lines
    )
    return replace(
        rated,
        lines=lines,
        billed_cost=_ZERO,
        effective_cost=_ZERO,
        price_state="stated",
        provenance=head.provenance,
        reason="contained in the stated cost of the call",
    )
