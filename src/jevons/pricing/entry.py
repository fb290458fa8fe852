"""A price entry: what is charged for what, where, when, who says so, and since when we know it.

Entries are appended, never overwritten. An entry names the calls it is about (provider, models,
axes, hours, validity) and does one of four things to them: it sets unit prices, multiplies the
token prices, states contract terms, or says that there is no price.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

from jevons.pricing.ancestry import TOKEN_UNITS
from jevons.pricing.schedule import Window, text_of
from jevons.vocabulary.money import plain
from jevons.vocabulary.units import Unit

AXES: Final[tuple[str, ...]] = ("host", "region", "service_tier", "batch", "speed")
"""The facts of a call that can change its price, beside provider, model, time and length."""

Kind = Literal["prices", "multiplier", "contract", "withdrawn"]
"""What an entry does."""


@dataclass(frozen=True, slots=True)
class Band:
    """Unit prices (USD per single unit) of requests with more than `above` tier input tokens.

    The first band of an entry has above -1. A price of None takes away what a more general entry
    set.
    """

    above: int
    prices: dict[Unit, Decimal | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """Contract terms: a share off the list price, negotiated unit prices, or covered by a plan."""

    name: str
    discount: Decimal = Decimal(0)
    included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEntry:
    """One entry of the price book.

    provider: catalogue id, or `*`. models: ids or references, `*` matches any run of characters.
    axes: axis -> the values it is about (`*` allowed); an axis that is absent is not looked at.
    windows: local hours, none = always. valid_from, valid_to: microseconds, half open, None = open.
    recorded_at: when it entered the book; None for the base catalogue, which every belief includes.
    exclusive: the prices replace all more general ones instead of overriding them unit by unit.
    """

    provider: str
    models: tuple[str, ...]
    source: str
    axes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    windows: tuple[Window, ...] = ()
    valid_from: int | None = None
    valid_to: int | None = None
    recorded_at: int | None = None
    date_checked: str | None = None
    bands: tuple[Band, ...] = ()
    multiplier: Decimal | None = None
    units: tuple[Unit, ...] = TOKEN_UNITS
    terms: Terms | None = None
    withdrawn: str | None = None
    minimum: dict[Unit, int] = field(default_factory=dict)
    exclusive: bool = False
    note: str = ""

    @property
    def kind(self) -> Kind:
        """What the entry does."""
        if self.terms is not None:
            return "contract"
        if self.withdrawn is not None:
            return "withdrawn"
        return "prices" if self.multiplier is None else "multiplier"

    @property
    def axis_names(self) -> tuple[str, ...]:
        """The axes that the entry looks at."""
        return tuple(name for name, _ in self.axes)

    @property
    def scope(self) -> tuple[Any, ...]:
        """What the entry is about, without time: of two entries with one scope the later counts."""
        return (self.kind, self.provider, self.models, self.axes, self.windows)

    def valid(self, time_us: int) -> bool:
        """Whether the instant lies in the validity period."""
        after = self.valid_from is None or self.valid_from <= time_us
        return after and (self.valid_to is None or time_us < self.valid_to)

    def prices_at(self, tier_input_tokens: int) -> dict[Unit, Decimal | None]:
        """The unit prices of the highest band that the tier input tokens exceed, {} if none."""
        found: dict[Unit, Decimal | None] = {}
        for band in self.bands:
            if tier_input_tokens > band.above:
                found = band.prices
        return found

    def content(self) -> dict[str, Any]:
        """Everything that the hash is taken over, as JSON values."""
        terms, factor = self.terms, self.multiplier
        return {
            "provider": self.provider,
            "models": list(self.models),
            "axes": [[name, list(values)] for name, values in self.axes],
            "windows": [[w.start, w.end, list(w.days), w.zone] for w in self.windows],
            "valid": [text_of(self.valid_from), text_of(self.valid_to)],
            "recorded_at": text_of(self.recorded_at),
            "bands": [[band.above, _texts(band.prices)] for band in self.bands],
            "multiplier": None if factor is None else [plain(factor), sorted(self.units)],
            "terms": terms and [terms.name, plain(terms.discount), terms.included],
            "withdrawn": self.withdrawn,
            "minimum": dict(sorted(self.minimum.items())),
            "exclusive": self.exclusive,
            "source": self.source,
            "date_checked": self.date_checked,
        }


def _texts(prices: dict[Unit, Decimal | None]) -> dict[str, str | None]:
    return {u: None if p is None else plain(p) for u, p in sorted(prices.items())}


def content_hash(content: object) -> str:
    """The first 64 bits of SHA-256 over the canonical JSON of a content, in hex."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def entry_hash(entry: PriceEntry) -> str:
    """The hash that names the entry: equal content, equal hash."""
    return content_hash(entry.content())
