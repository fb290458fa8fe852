"""Price files: the YAML form in which prices enter the book beside the catalogue.

The form is described by `prices/price-file.schema.json`. This module reads text only; which files
there are is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

from jevons.pricing.ancestry import TOKEN_UNITS
from jevons.pricing.entry import AXES, Band, PriceEntry, Terms
from jevons.pricing.pricelist import HOUR, MILLION, THOUSAND, per_unit
from jevons.pricing.schedule import (
    EVERY_DAY,
    Window,
    instant,
    offset_minutes,
    parse_days,
    parse_minutes,
)
from jevons.vocabulary.errors import PriceError
from jevons.vocabulary.money import parse_amount
from jevons.vocabulary.units import UNITS, Unit

SCHEMA: Final = "jevons.prices/v1"

SCALES: Final = {
    "per_million": MILLION, "per_thousand": THOUSAND, "per_hour": HOUR, "per_unit": 1,
}  # fmt: skip
"""Price tables of an entry -> how many units a price in them is for."""

FILE_KEYS: Final = frozenset({"schema", "recorded_at", "date_checked", "entries"})
_ABOUT: Final = ("provider", "models", *AXES, "windows", "valid_from", "valid_to")
_SAYS: Final = (
    *SCALES, "above", "multiplier", "units", "contract", "discount", "included", "withdrawn",
    "minimum", "replaces_all",
)  # fmt: skip
_FROM: Final = ("source", "date_checked", "recorded_at", "note")
ENTRY_KEYS: Final = frozenset({*_ABOUT, *_SAYS, *_FROM})
WINDOW_KEYS: Final = frozenset({"days", "from", "to", "zone"})
BAND_KEYS: Final = frozenset({"input_tokens", "at_least", *SCALES})

_REMEDY: Final = "See the price file reference, or compare with the shipped files."
_T = TypeVar("_T")


def parse_price_file(text: str, name: str) -> list[PriceEntry]:
    """Read one price file. name: how the file is called in messages.

    Raises PriceError naming the entry and the field when anything in it is not understood.
    """
    document = _load_yaml(text, name)
    if not isinstance(document, dict):
        raise PriceError(f"{name}: not a price file", remedy=_REMEDY)
    place = _Place(name)
    place.only(document, FILE_KEYS)
    if document.get("schema") != SCHEMA:
        place.fail("schema", f"is not {SCHEMA}")
    listed = document.get("entries")
    if not isinstance(listed, list) or not listed:
        raise PriceError(f"{name}: entries is not a list of entries", remedy=_REMEDY)
    shared = {key: document[key] for key in ("recorded_at", "date_checked") if key in document}
    return [
        _entry({**shared, **_mapping(raw, place)}, _Place(f"{name}: entry {number}"))
        for number, raw in enumerate(listed, 1)
    ]


def _load_yaml(text: str, name: str) -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """A safe loader that refuses a key given twice: one of the two prices would be lost."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = {str(key) for key in keys if keys.count(key) > 1}
            if twice:
                problem = f"{', '.join(sorted(twice))} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise PriceError(f"{name}: {error}", remedy=_REMEDY) from None


class _Place:
    """Where in a file the reader is, for messages."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, field: str, problem: str) -> None:
        raise PriceError(f"{self.where}: {field} {problem}", remedy=_REMEDY)

    def only(self, found: Mapping[str, Any], known: frozenset[str]) -> None:
        unknown = [str(key) for key in found if key not in known]
        if unknown:
            self.fail(", ".join(unknown), "is not a field of a price file")

    def read(self, field: str, parse: Callable[[Any], _T], value: Any) -> _T:
        try:
            return parse(value)
        except (ValueError, TypeError) as error:
            raise PriceError(f"{self.where}: {field}: {error}", remedy=_REMEDY) from None


def _mapping(value: Any, place: _Place) -> dict[str, Any]:
    if not isinstance(value, dict):
        place.fail("an entry", "is not a mapping of fields")
    return dict(value)


def _entry(raw: dict[str, Any], place: _Place) -> PriceEntry:
    place.only(raw, ENTRY_KEYS)
    for field in ("provider", "models", "source", "recorded_at", "date_checked"):
        if not raw.get(field):
            place.fail(field, "is missing")
    entry = PriceEntry(
        provider=str(raw["provider"]).lower(),
        models=tuple(text.lower() for text in _texts(raw["models"])),
        source=str(raw["source"]).strip(),
        axes=tuple((axis, _axis(raw[axis])) for axis in AXES if axis in raw),
        windows=tuple(_window(w, place) for w in raw.get("windows", ())),
        valid_from=_instant(raw, "valid_from", place),
        valid_to=_instant(raw, "valid_to", place),
        recorded_at=_instant(raw, "recorded_at", place),
        date_checked=str(raw["date_checked"]),
        bands=_bands(raw, place),
        multiplier=_amount(raw, "multiplier", place),
        units=_units(raw.get("units"), place) or TOKEN_UNITS,
        terms=_terms(raw, place),
        withdrawn=str(raw["withdrawn"]) if raw.get("withdrawn") else None,
        minimum={u: int(q) for u, q in _by_unit(raw.get("minimum") or {}, place)},
        exclusive=bool(raw.get("replaces_all", False)),
        note=str(raw.get("note", "")).strip(),
    )
    _check(entry, place)
    return entry


def _check(entry: PriceEntry, place: _Place) -> None:
    """An entry says exactly one thing, and its period is not empty."""
    says = [
        name
        for name, said in (
            ("multiplier", entry.multiplier is not None),
            ("withdrawn", entry.withdrawn is not None),
            ("contract", entry.terms is not None),
            ("prices", bool(entry.bands) and entry.terms is None),
        )
        if said
    ]
    if len(says) != 1:
        place.fail("the entry", f"says {' and '.join(says) or 'nothing'}; it must say one thing")
    begin, end = entry.valid_from, entry.valid_to
    if begin is not None and end is not None and begin >= end:
        place.fail("valid_to", "is not after valid_from")
    negative = [
        unit
        for band in entry.bands
        for unit, price in band.prices.items()
        if price is not None and price < 0
    ]
    if negative or (entry.multiplier is not None and entry.multiplier < 0):
        place.fail(", ".join(negative) or "multiplier", "is negative")


def _texts(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [str(item).strip() for item in listed]


def _axis(value: Any) -> tuple[str, ...]:
    """Axis values; YAML's true and false are the words of the batch axis."""
    listed = value if isinstance(value, list) else [value]
    return tuple(str(item).strip().lower() for item in listed)


def _instant(raw: Mapping[str, Any], field: str, place: _Place) -> int | None:
    value = raw.get(field)
    return None if value is None else place.read(field, instant, value)


def _amount(raw: Mapping[str, Any], field: str, place: _Place) -> Decimal | None:
    value = raw.get(field)
    return None if value is None else place.read(field, parse_amount, value)


def _window(raw: Any, place: _Place) -> Window:
    fields = _mapping(raw, place)
    place.only(fields, WINDOW_KEYS)
    zone = str(fields.get("zone", "UTC"))
    place.read("zone", lambda name: offset_minutes(name, 0), zone)
    days = fields.get("days")
    return Window(
        start=place.read("from", parse_minutes, fields.get("from", "00:00")),
        end=place.read("to", parse_minutes, fields.get("to", "24:00")),
        days=EVERY_DAY if days is None else place.read("days", parse_days, days),
        zone=zone,
    )


def _bands(raw: Mapping[str, Any], place: _Place) -> tuple[Band, ...]:
    prices = _prices(raw, place)
    bands = [Band(-1, prices)] if prices else []
    for listed in raw.get("above", ()):
        fields = _mapping(listed, place)
        place.only(fields, BAND_KEYS)
        strict, inclusive = fields.get("input_tokens"), fields.get("at_least")
        if (strict is None) == (inclusive is None):
            place.fail("above", "needs input_tokens (more than) or at_least")
        above = place.read("above", int, strict if inclusive is None else inclusive - 1)
        # A unit that the band does not name keeps the base price.
        bands.append(Band(above, {**prices, **_prices(fields, place)}))
    return tuple(sorted(bands, key=lambda band: band.above))


def _prices(raw: Mapping[str, Any], place: _Place) -> dict[Unit, Decimal | None]:
    prices: dict[Unit, Decimal | None] = {}
    for scale, per in SCALES.items():
        for unit, value in _by_unit(raw.get(scale) or {}, place):
            if unit in prices:
                place.fail(unit, "has two prices")
            amount = None if value is None else place.read(unit, parse_amount, value)
            prices[unit] = None if amount is None else per_unit(amount, per)
    return prices


def _by_unit(raw: Any, place: _Place) -> Iterable[tuple[Unit, Any]]:
    fields = _mapping(raw, place)
    for unit in fields:
        if unit not in UNITS:
            place.fail(str(unit), "is not a billable unit")
    return [(Unit(unit), value) for unit, value in fields.items()]


def _units(raw: Any, place: _Place) -> tuple[Unit, ...]:
    if raw is None:
        return ()
    return tuple(unit for unit, _ in _by_unit(dict.fromkeys(_texts(raw)), place))


def _terms(raw: Mapping[str, Any], place: _Place) -> Terms | None:
    if "contract" not in raw:
        if "discount" in raw or "included" in raw:
            place.fail("contract", "is missing: name the contract that the terms come from")
        return None
    discount = place.read("discount", _share, raw.get("discount", "0%"))
    return Terms(str(raw["contract"]), discount, bool(raw.get("included", False)))


def _share(value: Any) -> Decimal:
    """`12.5%` as 0.125; a share is written with its sign, so that 5 is never read as 500 %."""
    text = str(value).strip()
    if not text.endswith("%"):
        raise ValueError(f"write a discount in percent, as 12.5%: {value!r}")
    share = parse_amount(text[:-1]).scaleb(-2)
    if not 0 <= share <= 1:
        raise ValueError(f"a discount is between 0% and 100%: {value!r}")
    return share
