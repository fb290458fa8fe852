"""The base catalogue: genai-prices' data, compiled to a small text that loads without importing it.

`compile_catalogue` reads the installed package once (half a second); `load` reads the compiled text
(a few milliseconds). Finding a provider and a model follows genai-prices' own rules exactly. The
package's automatic update is never used.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any, Final

import msgspec

from jevons.pricing.clause import Clause, ClauseIndex, matches
from jevons.pricing.schedule import instant
from jevons.vocabulary.errors import PriceError

PINNED: Final = "0.2.3"
"""The release of genai-prices that this catalogue is tested against."""

FORMAT: Final = 1
"""Version of the compiled form; with PINNED it is the key that a compiled text is stored under."""

Price = str | list[Any]
"""A price per `per` units as decimal text, or `[base, [[start, price], ...]]` with tiers."""


class Offer(msgspec.Struct, array_like=True, frozen=True):
    """One price list of a model: when (`[\"d\", date]`, `[\"t\", start, end]`, None), for whom
    (context key -> value), and genai-prices' price keys -> price."""

    constraint: list[Any] | None
    when: dict[str, str]
    prices: dict[str, Price]


class Model(msgspec.Struct, array_like=True, frozen=True):
    """A model of the catalogue: how it is recognised, its standard offers and its variants."""

    id: str
    match: Clause
    offers: list[Offer]
    variants: list[Offer]


class Provider(msgspec.Struct, array_like=True, frozen=True):
    """A provider of the catalogue, its models in the order in which they are tried."""

    id: str
    api_pattern: str
    url: str
    model_match: Clause | None
    provider_match: Clause | None
    fallback: list[str]
    models: list[Model]


class _Stored(msgspec.Struct, array_like=True):
    format: int
    version: str
    providers: list[Provider]


_COMPACT_DATE: Final = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class Catalogue:
    """The compiled catalogue in memory. digest: hash of the compiled text."""

    def __init__(self, stored: _Stored, digest: str) -> None:
        self.version = stored.version
        self.digest = digest
        self.providers = stored.providers
        self._indexes: dict[str, ClauseIndex] = {}

    @cached_property
    def by_id(self) -> dict[str, Provider]:
        """Providers by their id."""
        return {provider.id: provider for provider in self.providers}

    def find_provider(self, name: str) -> Provider | None:
        """The provider of an identifier: its id, else the first whose rule recognises it."""
        name = name.lower().strip()
        if name in self.by_id:
            return self.by_id[name]
        for provider in self.providers:
            if provider.provider_match and matches(provider.provider_match, name):
                return provider
        return None

    def provider_of_model(self, reference: str) -> Provider | None:
        """The provider that a model reference alone points to."""
        for provider in self.providers:
            if provider.model_match and matches(provider.model_match, reference):
                return provider
        return None

    def provider_of_url(self, url: str) -> Provider | None:
        """The provider whose API lives at a URL."""
        for provider in self.providers:
            if re.match(provider.api_pattern, url):
                return provider
        return None

    def find_model(self, provider: Provider, reference: str) -> tuple[Provider, Model] | None:
        """The model that a provider serves under a reference, and the provider that lists it."""
        reference = reference.lower()
        found = self._match(provider, reference)
        if found is None:
            dated = _dashed_date(reference)
            if dated != reference:
                found = self._match(provider, dated)
        return found

    def _match(self, provider: Provider, reference: str) -> tuple[Provider, Model] | None:
        for name in (provider.id, *provider.fallback):
            lister = self.by_id.get(name)
            position = self._index(lister).first(reference) if lister else None
            if lister and position is not None:
                return lister, lister.models[position]
        return None

    def _index(self, provider: Provider) -> ClauseIndex:
        if provider.id not in self._indexes:
            clauses = [model.match for model in provider.models]
            self._indexes[provider.id] = ClauseIndex(clauses)
        return self._indexes[provider.id]


def _dashed_date(reference: str) -> str:
    def dashed(match: re.Match[str]) -> str:
        year, month, day = (int(match.group(index)) for index in range(2, 5))
        try:
            date(year, month, day)
        except ValueError:
            return match.group(0)
        return f"{match.group(1)}{year:04d}-{month:02d}-{day:02d}"

    return _COMPACT_DATE.sub(dashed, reference)


def load(compiled: bytes) -> Catalogue:
    """Read a compiled catalogue. Raises PriceError if it is not one of this format and release."""
    remedy = "Delete the cached catalogue; it is rebuilt from the installed genai-prices."
    try:
        stored = msgspec.json.decode(compiled, type=_Stored)
    except msgspec.DecodeError as error:
        damage = f"the compiled price catalogue is damaged: {error}"
        raise PriceError(damage, remedy=remedy) from None
    if (stored.format, stored.version) != (FORMAT, PINNED):
        found = f"format {stored.format} of genai-prices {stored.version}"
        raise PriceError(f"the compiled price catalogue is {found}", remedy=remedy)
    return Catalogue(stored, hashlib.sha256(compiled).hexdigest())


def compile_catalogue() -> bytes:
    """Read the installed genai-prices and return the compiled text.

    Raises PriceError when another release than the pinned one is installed.
    """
    import genai_prices
    from genai_prices.data import providers

    if genai_prices.__version__ != PINNED:
        raise PriceError(
            f"genai-prices {genai_prices.__version__} is installed, {PINNED} is needed",
            remedy=f"Install genai-prices=={PINNED}.",
        )
    stored = _Stored(FORMAT, PINNED, [_provider(provider) for provider in providers])
    return msgspec.json.encode(stored)


def _provider(provider: Any) -> Provider:
    return Provider(
        id=provider.id,
        api_pattern=provider.api_pattern,
        url=(provider.pricing_urls or [""])[0],
        model_match=_clause(provider.model_match),
        provider_match=_clause(provider.provider_match),
        fallback=list(provider.fallback_model_providers or []),
        models=[_model(model) for model in provider.models],
    )


def _model(model: Any) -> Model:
    standard = model.prices if isinstance(model.prices, list) else [model]
    return Model(
        id=model.id,
        match=_clause(model.match) or [],
        offers=[_offer(offer, {}) for offer in standard],
        variants=[_offer(variant, variant.when) for variant in model.price_variants or ()],
    )


def _offer(offer: Any, when: dict[str, str]) -> Offer:
    listed = offer.prices.__dict__.items()
    prices = {key: _price(value) for key, value in listed if value is not None}
    return Offer(_constraint(getattr(offer, "constraint", None)), dict(when), prices)


def _price(value: Any) -> Price:
    tiers = getattr(value, "tiers", None)
    if tiers is None:
        return str(value)
    return [str(value.base), [[tier.start, str(tier.price)] for tier in tiers]]


def _constraint(constraint: Any) -> list[Any] | None:
    if constraint is None:
        return None
    if hasattr(constraint, "start_date"):
        return ["d", constraint.start_date.isoformat()]
    return ["t", _utc_minute(constraint.start_time), _utc_minute(constraint.end_time)]


def _utc_minute(clock: time) -> int:
    """A time of day as a minute of the UTC day; without a zone it is UTC."""
    moment = datetime.combine(date(1970, 1, 1), clock)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return instant(moment) // 60_000_000 % (24 * 60)


_CLAUSES: Final = {
    "ClauseStartsWith": ("s", "starts_with"),
    "ClauseEndsWith": ("e", "ends_with"),
    "ClauseContains": ("c", "contains"),
    "ClauseEquals": ("=", "equals"),
    "ClauseRegex": ("r", "regex"),
    "ClauseOr": ("|", "or_"),
    "ClauseAnd": ("&", "and_"),
}


def _clause(clause: Any) -> Clause | None:
    if clause is None:
        return None
    kind, field = _CLAUSES[type(clause).__name__]
    argument = getattr(clause, field)
    return [kind, [_clause(part) for part in argument] if kind in "|&" else argument]
