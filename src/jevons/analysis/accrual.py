"""From declared elements to charges by the day, in FOCUS's terms and exactly.

A fee is a purchase (billed on the first day of its term, effective 0) and its amortisation
(effective, billed 0) over the days of the term; over a closed term both sum to the fee. Work,
energy and hourly prices are accrued: billed and effective on the same day. Of capacity, the part
that stood still is `idle`, apart. A plan's fee is spread over the calls that it includes:

- With an allowance, calls draw it down in order of days; a day's `included` part is the fee x what
  the day drew / the allowance, beyond it comes `overage`, and what is left when the term ends is
  `unused` on its last day.
- What the ledger has for a plan's calls at prices per token is `covered`: taken back, so that a
  call is never paid twice.
- Without a stated allowance, the fee belongs to the term's calls, by contracted value; in a term
  that is not over, the part of the fee for the days so far. A term without calls is `unused`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from itertools import chain, pairwise
from typing import Final

from jevons.analysis.allocation import allocate
from jevons.analysis.amortisation import DAY, add_months, by_day, days_of, terms
from jevons.vocabulary.boundary import (
    OWNERS,
    Allowance,
    Boundary,
    Capacity,
    Consequence,
    DayCharge,
    Element,
    Use,
)
from jevons.vocabulary.money import to_femto, unit_price

SECONDS_A_DAY: Final = 86_400
_ACCRUED: Final = ("people", "energy")
_NOTHING: Final = Use()

Uses = Mapping[date, Use]
"""What an element's calls used, by day; a day without calls may be missing."""


def day_charges(
    boundary: Boundary, through: date, used: Mapping[int, Uses] | None = None
) -> Iterator[DayCharge]:
    """All charges of a boundary up to and including a day, element by element.

    used: position of a measured element -> what its calls used. Charges of nothing are left out.
    """
    for number, element in enumerate(boundary.elements):
        for charge in _element(element, through, (used or {}).get(number, {})):
            if charge.billed_cost or charge.effective_cost:
                yield charge


OUTCOMES: Final = "outcomes"
"""Name of the boundary of what outcomes report as lost."""

LOSSES: Final = "losses"
"""Name of the charges of what outcomes report as lost."""


def outcome_charges(
    boundaries: Sequence[Boundary], found: Iterable[Consequence]
) -> Iterator[tuple[str, DayCharge]]:
    """What outcomes cost beyond calls, with the name of the boundary that it is charged by.

    Human minutes cost the rate of the first element `from_outcomes` that is in force on the day and
    whose owner they have; without one they cost nothing known and are left out. Losses need no
    declaration; they belong to `OUTCOMES`.
    """
    rated = [(b.name, e) for b in boundaries for e in b.elements if e.from_outcomes]
    for one in found:
        fitting = (
            (name, e) for name, e in rated if _valid(e, one.day) and set(e.owner) <= set(one.owner)
        )
        name, element = next(fitting, ("", None))
        if one.minutes and element is not None:
            work = replace(element, minutes=one.minutes, owner=_owners(element, one))
            cost = term_amount(work)
            yield name, DayCharge(one.day, work, "accrued", "labour", cost, cost, cost, cost)
        if one.loss:
            cost = to_femto(unit_price(one.loss))
            lost = Element(
                kind="loss",
                name=LOSSES,
                valid_from=one.day,
                owner=one.owner,
                provenance="reported",
                source=OUTCOMES,
            )
            yield OUTCOMES, DayCharge(one.day, lost, "accrued", "loss", cost, cost, cost, cost)


def _owners(element: Element, one: Consequence) -> tuple[tuple[str, str], ...]:
    known = {**dict(element.owner), **dict(one.owner)}
    return tuple((name, known[name]) for name in OWNERS if name in known)


def _element(element: Element, through: date, used: Uses) -> Iterator[DayCharge]:
    if element.kind == "plan":
        return _plan(element, through, used)
    hourly = element.kind in _ACCRUED or element.per in ("hour", "day")
    own = _accrued(element, through) if hourly else _bought(element, through)
    if element.capacity is None or element.kind == "energy":
        return own
    return _used_and_idle(chain(own, _electricity(element, through)), used)


def term_amount(element: Element) -> int:
    """What an element costs per term, in whole 1e-15 USD, rounded once, half to even."""
    with localcontext(prec=60):
        amount = element.price
        if element.minutes is not None and element.rate is not None:
            amount = element.minutes * element.rate / 60
        if element.kwh is not None and element.capacity is not None:
            amount = element.kwh * element.capacity.electricity_price
        hours = 24 if element.per == "hour" else 1
        return to_femto(unit_price(amount * element.quantity * hours))


def _charge(element: Element, day: date, charge: str, effective: int, billed: int) -> DayCharge:
    """A charge that is its own list and contracted cost."""
    return DayCharge(day, element, charge, element.nature, effective, effective, billed, effective)


def _accrued(element: Element, through: date) -> Iterator[DayCharge]:
    amount = term_amount(element)
    if element.per == "once":
        end = element.valid_to or element.valid_from + DAY
        spans: Iterable[tuple[date, date]] = [(element.valid_from, end)]
    else:
        per = "day" if element.per == "hour" else element.per
        spans = terms(element.valid_from, per, None, through)
    for first, end in spans:
        for day, part in zip(days_of(first, end), by_day(amount, (end - first).days), strict=True):
            if day <= through and (element.valid_to is None or day < element.valid_to):
                yield _charge(element, day, "accrued", part, part)


def _bought(element: Element, through: date) -> Iterator[DayCharge]:
    amount = term_amount(element)
    for first, end in _terms(element, through):
        if _valid(element, first):
            yield DayCharge(first, element, "purchase", element.nature, billed_cost=amount)
        for day, part in zip(days_of(first, end), by_day(amount, (end - first).days), strict=True):
            if day <= through and _valid(element, day):
                yield _charge(element, day, "amortised", part, 0)


def _terms(element: Element, through: date) -> Iterable[tuple[date, date]]:
    """The terms over which a fee is amortised."""
    if element.life_months is not None:
        first = element.bought or element.valid_from
        return [(first, add_months(first, element.life_months))]
    if element.per == "once":
        end = element.valid_to or element.valid_from + DAY
        return [(element.valid_from, end)] if element.valid_from <= through else []
    return terms(element.valid_from, element.per, element.valid_to, through)


def _valid(element: Element, day: date) -> bool:
    return element.valid_from <= day and (element.valid_to is None or day < element.valid_to)


def _electricity(element: Element, through: date) -> Iterator[DayCharge]:
    """The electricity of every day. It goes on when the purchase is written off."""
    capacity = element.capacity
    if capacity is None:
        return
    cost = electricity_a_day(capacity)
    end = through + DAY if element.valid_to is None else min(element.valid_to, through + DAY)
    for day in days_of(element.valid_from, end) if cost else []:
        yield DayCharge(day, element, "accrued", "energy", cost, cost, cost, cost)


def electricity_a_day(capacity: Capacity) -> int:
    """What the electricity of machines costs a day: power x 24 h x PUE x price, in whole 1e-15 USD,
    rounded once, half to even."""
    with localcontext(prec=60):
        kwh = capacity.power_kw * 24 * capacity.pue
        return to_femto(unit_price(kwh * capacity.electricity_price))


def _used_and_idle(charges: Iterable[DayCharge], used: Uses) -> Iterator[DayCharge]:
    """The charges of a machine, each split into what was used and what stood still."""
    for charge in charges:
        if charge.charge == "purchase":
            yield charge
        else:
            yield from _split(charge, _busy(charge.element, used.get(charge.day, _NOTHING)))


def _busy(element: Element, use: Use) -> tuple[int, int]:
    """How much of a machine was used and how much stood still, as whole weights."""
    capacity = element.capacity
    if capacity is None or (capacity.utilisation is None and capacity.tokens_per_second is None):
        return 1, 0
    if capacity.tokens_per_second is not None:
        full = max(1, int(capacity.tokens_per_second * element.quantity * SECONDS_A_DAY))
        return min(use.tokens, full), max(0, full - use.tokens)
    share = capacity.utilisation or Decimal(0)
    scale = 10 ** max(0, -int(share.as_tuple().exponent))
    return int(share * scale), scale - int(share * scale)


def _split(charge: DayCharge, weights: tuple[int, int]) -> Iterator[DayCharge]:
    """A charge as its used part and its idle part."""
    costs = (
        charge.list_cost, charge.contracted_cost, charge.billed_cost, charge.effective_cost,
    )  # fmt: skip
    parts = [allocate(cost, weights) for cost in costs]
    for place, name in enumerate((charge.charge, "idle")):
        of = [part[place] for part in parts]
        if any(of):
            yield DayCharge(charge.day, charge.element, name, charge.nature, *of)


def _plan(element: Element, through: date, used: Uses) -> Iterator[DayCharge]:
    fee = term_amount(element)
    for first, end in _terms(element, through):
        yield DayCharge(first, element, "purchase", element.nature, billed_cost=fee)
        days = [day for day in days_of(first, end) if day <= through]
        uses = [used.get(day, _NOTHING) for day in days]
        for day, use in zip(days, uses, strict=True):
            yield _planned(element, day, "covered", -use.effective, -use.billed)
        over = end <= through + DAY
        allowance = element.allowance or Allowance()
        if allowance.amount is None:
            earned = fee if over else sum(by_day(fee, (end - first).days)[: len(days)])
            yield from _spread(element, earned, days, uses)
        else:
            yield from _drawn(element, fee, days, uses)
            drawn = _covered(fee, allowance, uses)[-1]
            if over:
                yield _planned(element, days[-1], "unused", fee - drawn, 0)


def _planned(element: Element, day: date, charge: str, effective: int, billed: int) -> DayCharge:
    """A charge of a plan: the list and contracted value are those of its calls, not counted
    again."""
    return DayCharge(day, element, charge, element.nature, 0, 0, billed, effective)


def _spread(
    element: Element, earned: int, days: list[date], uses: list[Use]
) -> Iterator[DayCharge]:
    """A fee without a stated allowance, over the days by the value of their calls."""
    weights = [use.value for use in uses]
    weights = weights if any(weights) else [use.calls for use in uses]
    charge = "included" if any(weights) else "unused"
    parts = allocate(earned, weights) if any(weights) else by_day(earned, len(days))
    for day, part in zip(days, parts, strict=True):
        yield _planned(element, day, charge, part, 0)


def _amounts(allowance: Allowance, uses: list[Use]) -> list[int]:
    """What each day drew, in the allowance's unit (USD: whole 1e-15)."""
    name = "value" if allowance.unit == "usd" else allowance.unit
    return [getattr(use, name) for use in uses]


def _limit(allowance: Allowance) -> int:
    amount = allowance.amount or Decimal(0)
    return to_femto(unit_price(amount)) if allowance.unit == "usd" else int(amount)


def _covered(fee: int, allowance: Allowance, uses: list[Use]) -> list[int]:
    """How much of the fee is drawn after each day, beginning with 0 before the first."""
    limit, drawn, found = _limit(allowance), 0, [0]
    for amount in _amounts(allowance, uses):
        drawn = min(limit, drawn + amount)
        found.append(fee * drawn // limit)
    return found


def _drawn(element: Element, fee: int, days: list[date], uses: list[Use]) -> Iterator[DayCharge]:
    """The included part and the overage of every day of a term."""
    allowance = element.allowance or Allowance()
    limit, drawn = _limit(allowance), 0
    covered = list(pairwise(_covered(fee, allowance, uses)))
    for day, use, amount, (before, after) in zip(
        days, uses, _amounts(allowance, uses), covered, strict=True
    ):
        yield _planned(element, day, "included", after - before, 0)
        beyond = amount - min(amount, limit - drawn)
        drawn += amount - beyond
        if beyond and allowance.overage:
            with localcontext(prec=80):
                exact = Decimal(use.value) * beyond / amount * allowance.overage
                billed = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
            yield _planned(element, day, "overage", billed, billed)
