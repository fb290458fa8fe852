"""The price book: the catalogue and the overlay on it, asked for the price of a context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final

from jevons.pricing.catalogue import Catalogue, Model, Provider
from jevons.pricing.context import PriceContext, normalise
from jevons.pricing.entry import PriceEntry, content_hash, entry_hash
from jevons.pricing.pricelist import standard_entries, variant_entries
from jevons.pricing.quote import Quote, Relevant
from jevons.pricing.reference import references
from jevons.pricing.schedule import any_holds, text_of
from jevons.vocabulary.charge import RateCard, Unpriced
from jevons.vocabulary.units import Unit

CATALOGUE: Final = "catalogue"
"""`recorded_at` of what the base catalogue says: it belongs to every belief."""


@dataclass(frozen=True, slots=True)
class PriceView:
    """One entry for a reader. axes: axis -> values in words; prices: (unit, USD per single unit).

    effect: what it does besides setting prices (`x 1.1`, `discount 12.5 %`, `included`, ...), else
    "". above: tier input tokens that its prices begin above, None for the base band.
    """

    provider: str
    model: str
    axes: dict[str, str]
    prices: tuple[tuple[Unit, Decimal | None], ...]
    effect: str
    above: int | None
    valid_from: str | None
    valid_to: str | None
    recorded_at: str
    source: str
    note: str
    entry: str


class PriceBook:
    """Prices by context and time. Immutable; asking twice for the same context is cheap."""

    def __init__(self, catalogue: Catalogue, entries: Iterable[PriceEntry] = ()) -> None:
        self.catalogue = catalogue
        self.entries = tuple(entries)
        self._by_provider: dict[str, list[PriceEntry]] = {}
        for entry in self.entries:
            self._by_provider.setdefault(entry.provider, []).append(entry)
        self._quotes: dict[PriceContext, Quote | Unpriced] = {}

    @cached_property
    def digest(self) -> str:
        """Hash of the content of the whole book."""
        return content_hash([self.catalogue.digest, sorted(map(entry_hash, self.entries))])

    def as_of(self, recorded_at: int) -> PriceBook:
        """The book as it was believed at an instant (microseconds): entries recorded by then."""
        known = [e for e in self.entries if e.recorded_at is None or e.recorded_at <= recorded_at]
        return PriceBook(self.catalogue, known)

    def match(
        self, context: PriceContext, time_us: int, tier_input_tokens: int
    ) -> RateCard | Unpriced:
        """The unit prices of a call: its context, its instant, the length that decides its tier."""
        found = self.quote(context)
        return found if isinstance(found, Unpriced) else found.at(time_us, tier_input_tokens)

    def quote(self, context: PriceContext) -> Quote | Unpriced:
        """All prices of a context over time and length, or why it has none at any."""
        found = self._quotes.get(context)
        if found is None:
            found = self._quotes[context] = self._build(context)
        return found

    def _build(self, given: PriceContext) -> Quote | Unpriced:
        context = normalise(self._routed(given))
        if context.model is None:
            return Unpriced("the call names no model")
        provider = self._provider(context)
        name = provider.id if provider else context.provider
        if name is None:
            return Unpriced(f"no provider is named and none is known for model {context.model}")
        forms = self._forms(context.model, name)
        lister, model = self._find(provider, forms)
        named = {*forms, model.id.lower()} if model else set(forms)
        subject = f"model {model.id if model else context.model} of {name}"
        relevant = self._overlaid(name, named)
        standard: list[PriceEntry] = []
        unknown = f"no price for {subject}"
        if lister and model:
            standard = standard_entries(lister, model)
            if not standard:
                unknown = f"the price list names {subject} without a price"
            # A provider's own tiers are not those of the provider that lists the model for it.
            variants = variant_entries(lister, model) if lister is provider else []
            relevant += [Relevant(entry, overlaid=False) for entry in reversed(variants)]
        elif provider is None and not relevant:
            return Unpriced(f"no price list for provider {name!r}")
        return Quote(context, subject, standard, relevant, unknown)

    def _routed(self, given: PriceContext) -> PriceContext:
        """The provider whose API the host belongs to is the one that bills."""
        host = (given.host or "").strip().lower()
        if "." not in host:
            return given
        url = host if "://" in host else f"https://{host}"
        provider = self.catalogue.provider_of_url(url)
        return replace(given, provider=provider.id) if provider else given

    def _provider(self, context: PriceContext) -> Provider | None:
        if context.provider is not None:
            return self.catalogue.find_provider(context.provider)
        model = context.model or ""
        prefix, slash, _ = model.partition("/")
        named = normalise(PriceContext(provider=prefix)).provider if slash else None
        found = self.catalogue.find_provider(named) if named else None
        return found or self.catalogue.provider_of_model(model)

    def _forms(self, model: str, provider: str) -> list[str]:
        return list(references(model, lambda word: self._names(word, provider)))

    def _names(self, word: str, provider: str) -> bool:
        """Whether a word is a name of the provider."""
        named = normalise(PriceContext(provider=word)).provider
        found = self.catalogue.find_provider(named) if named else None
        return (found.id if found else named) == provider

    def _find(
        self, provider: Provider | None, forms: Sequence[str]
    ) -> tuple[Provider | None, Model | None]:
        for form in forms:
            found = self.catalogue.find_model(provider, form) if provider else None
            if found:
                return found
        return None, None

    def _overlaid(self, provider: str, named: set[str]) -> list[Relevant]:
        found = []
        for entry in (*self._by_provider.get("*", ()), *self._by_provider.get(provider, ())):
            closeness = max(
                (_closeness(pattern, name) for pattern in entry.models for name in named),
                default=(0, 0),
            )
            if closeness[0]:
                found.append(Relevant(entry, closeness))
        return found

    def listing(self, *, provider: str | None = None, at: int | None = None) -> Iterator[PriceView]:
        """Every entry of the book, the catalogue's and the overlay's; at: those valid then."""
        for listed in self.catalogue.providers:
            if provider in (None, listed.id):
                for model in listed.models:
                    yield from _views(_all_of(listed, model), at)
        yield from _views([e for e in self.entries if provider in (None, "*", e.provider)], at)

    def show(
        self, model: str, *, provider: str | None = None, at: int | None = None
    ) -> list[PriceView]:
        """The entries that concern a model, at one provider or at all that serve it."""
        views: dict[tuple[str, int | None], PriceView] = {}
        for name, entries in self._concerning(model.strip().lower(), provider):
            for view in _views(entries, at):
                shown = replace(view, provider=name) if view.provider == "*" else view
                views.setdefault((view.entry, view.above), shown)
        return list(views.values())

    def _concerning(
        self, model: str, provider: str | None
    ) -> Iterator[tuple[str, list[PriceEntry]]]:
        named = normalise(PriceContext(provider=provider)).provider if provider else None
        chosen = self.catalogue.find_provider(named) if named else None
        providers = [chosen] if chosen else ([] if named else self.catalogue.providers)
        for listed in providers:
            forms = self._forms(model, listed.id)
            lister, found = self._find(listed, forms)
            if lister and found:
                overlaid = [r.entry for r in self._overlaid(listed.id, {*forms, found.id.lower()})]
                yield listed.id, [*_all_of(lister, found), *overlaid]
        own = [e for e in self.entries if e.provider not in self.catalogue.by_id]
        for entry in own:
            if named in (None, entry.provider) and any(fnmatchcase(model, p) for p in entry.models):
                yield entry.provider, [entry]


def _all_of(provider: Provider, model: Model) -> list[PriceEntry]:
    return [*standard_entries(provider, model), *variant_entries(provider, model)]


def _closeness(pattern: str, name: str) -> tuple[int, int]:
    """How closely a model pattern names a reference; the first number is 0 when it does not."""
    if pattern == name:
        return (3, len(pattern))
    if not fnmatchcase(name, pattern):
        return (0, 0)
    return (1, 0) if pattern == "*" else (2, len(pattern))


def _views(entries: Iterable[PriceEntry], at: int | None) -> Iterator[PriceView]:
    for entry in entries:
        if at is None or (entry.valid(at) and any_holds(entry.windows, at)):
            for band in entry.bands or (None,):
                above = band.above if band and band.above >= 0 else None
                prices = tuple(band.prices.items()) if band else ()
                yield PriceView(
                    provider=entry.provider,
                    model=", ".join(entry.models),
                    axes=_axis_words(entry),
                    prices=prices,
                    effect=_effect(entry),
                    above=above,
                    valid_from=text_of(entry.valid_from),
                    valid_to=text_of(entry.valid_to),
                    recorded_at=text_of(entry.recorded_at) or CATALOGUE,
                    source=entry.source,
                    note=entry.note,
                    entry=entry_hash(entry),
                )


def _axis_words(entry: PriceEntry) -> dict[str, str]:
    words = {axis: ", ".join(values) for axis, values in entry.axes}
    if entry.windows:
        words["window"] = "; ".join(str(window) for window in entry.windows)
    return words


def _effect(entry: PriceEntry) -> str:
    if entry.withdrawn is not None:
        return f"no price: {entry.withdrawn}"
    if entry.multiplier is not None:
        return f"x {entry.multiplier}"
    if entry.terms is None:
        return ""
    words = [entry.terms.name]
    if entry.terms.discount:
        words.append(f"discount {(entry.terms.discount * 100).normalize():f} %")
    return ", ".join([*words, *(["included"] if entry.terms.included else [])])
