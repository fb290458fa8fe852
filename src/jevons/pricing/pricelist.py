"""The catalogue's price lists as price entries in Jevons' units.

The table of price keys is genai-prices' unit registry (`units.yml`): a price there is for `per`
units, here it is per single unit at the money scale, rounded once.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from jevons.pricing.catalogue import PINNED, Model, Offer, Price, Provider
from jevons.pricing.entry import Band, PriceEntry
from jevons.pricing.schedule import Window, instant
from jevons.vocabulary.money import unit_price
from jevons.vocabulary.units import Unit

MILLION: Final = 1_000_000
THOUSAND: Final = 1_000
HOUR: Final = 3_600

PRICE_KEYS: Final[dict[str, tuple[Unit, int]]] = {
    key: (Unit(unit), per)
    for key, unit, per in (
        ("input_mtok", "input", MILLION),
        ("cache_read_mtok", "cache_read", MILLION),
        ("cache_write_mtok", "cache_write", MILLION),
        ("cache_write_5m_mtok", "cache_write_5m", MILLION),
        ("cache_write_1h_mtok", "cache_write_1h", MILLION),
        ("input_tool_mtok", "tool_input", MILLION),
        ("input_audio_mtok", "audio_input", MILLION),
        ("cache_audio_read_mtok", "audio_cache_read", MILLION),
        ("input_image_mtok", "image_input", MILLION),
        ("cache_image_read_mtok", "image_cache_read", MILLION),
        ("input_video_mtok", "video_input", MILLION),
        ("cache_video_read_mtok", "video_cache_read", MILLION),
        ("output_mtok", "output", MILLION),
        ("output_reasoning_mtok", "reasoning", MILLION),
        ("output_audio_mtok", "audio_output", MILLION),
        ("output_image_mtok", "image_output", MILLION),
        ("output_video_mtok", "video_output", MILLION),
        ("output_citation_mtok", "citation", MILLION),
        ("requests_kcount", "requests", THOUSAND),
        ("web_searches_kcount", "web_searches", THOUSAND),
        ("storage_searches_kcount", "file_searches", THOUSAND),
        ("code_executions_kcount", "code_executions", THOUSAND),
        ("rerank_searches_kcount", "rerank_searches", THOUSAND),
        ("input_document_kpages", "pages", THOUSAND),
        ("input_annotated_document_kpages", "annotated_pages", THOUSAND),
        ("input_mchars", "characters", MILLION),
        ("output_audio_hours", "audio_seconds", HOUR),
        ("input_audio_hours", "audio_seconds", HOUR),
        ("audio_hours", "audio_seconds", HOUR),
    )
}
"""genai-prices' price key -> our unit and how many of it the price is for; of several keys for one
unit the last in this table counts (`audio_hours` is the ancestor of the directed ones)."""

UNCOUNTED_KEYS: Final = frozenset({"input_text_messages_kcount"})
"""Price keys of things that no usage body counts as a unit of ours (xAI voice text inputs)."""

_ORDER: Final = {key: position for position, key in enumerate(PRICE_KEYS)}

_MINIMUM: Final[dict[tuple[str, str], dict[Unit, int]]] = {
    ("groq", "whisper-large-v3"): {Unit("audio_seconds"): 10},
    ("groq", "whisper-large-v3-turbo"): {Unit("audio_seconds"): 10},
}
"""Groq bills at least ten seconds a request: https://console.groq.com/docs/speech-to-text."""

_WIDE: Final = Context(prec=60)

_AXIS_OF: Final = {"service_tier": "service_tier", "speed": "speed"}


def per_unit(amount: Decimal, per: int) -> Decimal:
    """A price for `per` units as the price of one, rounded half to even to the money scale."""
    return unit_price(_WIDE.divide(amount, Decimal(per)))


def standard_entries(provider: Provider, model: Model) -> list[PriceEntry]:
    """The standard price lists of a model, in the order in which a later active one replaces an
    earlier one. [] if the catalogue names the model without any price."""
    starts = [_start(offer) for offer in model.offers]
    entries = []
    for position, offer in enumerate(model.offers):
        later = [s for s in starts[position + 1 :] if s is not None]
        bands = _bands(offer) or _free_bands(model)
        if bands:
            entries.append(_entry(provider, model, offer, bands, min(later, default=None)))
    return entries


def variant_entries(provider: Provider, model: Model) -> list[PriceEntry]:
    """The prices for other service tiers, batch and speed; an earlier one overrides a later one."""
    entries = []
    for offer in model.variants:
        bands = _bands(offer)
        if bands and _axes(offer) is not None:
            entries.append(_entry(provider, model, offer, bands, None))
    return entries


def _entry(
    provider: Provider, model: Model, offer: Offer, bands: tuple[Band, ...], end: int | None
) -> PriceEntry:
    where = provider.url or provider.id
    return PriceEntry(
        provider=provider.id,
        models=(model.id,),
        source=f"genai-prices {PINNED} {provider.id}/{model.id} ({where})",
        axes=_axes(offer) or (),
        windows=_windows(offer),
        valid_from=_start(offer),
        valid_to=end if not offer.when else None,
        bands=bands,
        minimum=_MINIMUM.get((provider.id, model.id), {}),
        exclusive=not offer.when,
    )


def _axes(offer: Offer) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """The axes of a variant; None when it asks for what no call states (route, search type)."""
    axes = []
    for key, value in offer.when.items():
        if key == "processing" and value == "batch":
            axes.append(("batch", ("true",)))
        elif key in _AXIS_OF:
            axes.append((_AXIS_OF[key], (value,)))
        else:
            return None
    return tuple(axes)


def _start(offer: Offer) -> int | None:
    constraint = offer.constraint
    return instant(constraint[1]) if constraint and constraint[0] == "d" else None


def _windows(offer: Offer) -> tuple[Window, ...]:
    constraint = offer.constraint
    return (Window(*constraint[1:]),) if constraint and constraint[0] == "t" else ()


def _bands(offer: Offer) -> tuple[Band, ...]:
    """One band per distinct tier start of any price of the offer, the base first."""
    keys = sorted(offer.prices.keys() & PRICE_KEYS.keys(), key=_ORDER.__getitem__)
    starts = {start for key in keys for start, _ in _tiers(offer.prices[key])}
    bands = []
    for above in (-1, *sorted(starts)):
        prices: dict[Unit, Decimal | None] = {}
        for key in keys:
            unit, per = PRICE_KEYS[key]
            prices[unit] = per_unit(Decimal(_tier_price(offer.prices[key], above)), per)
        bands.append(Band(above, prices))
    return tuple(bands) if keys else ()


def _tiers(price: Price) -> list[tuple[int, str]]:
    return [] if isinstance(price, str) else [(start, text) for start, text in price[1]]


def _tier_price(price: Price, above: int) -> str:
    found = price if isinstance(price, str) else str(price[0])
    for start, text in sorted(_tiers(price)):
        if start <= above:
            found = text
    return found


def _free_bands(model: Model) -> tuple[Band, ...]:
    """A model that is listed as `:free` without prices costs nothing."""
    if not model.id.endswith(":free"):
        return ()
    return (Band(-1, {Unit("input"): Decimal(0), Unit("output"): Decimal(0)}),)
