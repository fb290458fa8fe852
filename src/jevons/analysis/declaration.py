"""Boundary files: the TOML (and CSV) form in which cost elements beside model calls are declared.

`KEYS` is the one table of what an element may say; it drives reading, messages, the reference page
and its test. This module reads text only; which files there are is the caller's business.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from jevons.analysis import bounds
from jevons.analysis.accrual import electricity_a_day, term_amount
from jevons.analysis.allocation import allocate_shares
from jevons.vocabulary.boundary import (
    DRIVERS,
    KINDS,
    OWNERS,
    Allowance,
    Boundary,
    Capacity,
    Element,
)
from jevons.vocabulary.charge import PROVENANCES
from jevons.vocabulary.errors import BoundaryError, UsageError
from jevons.vocabulary.money import to_femto
from jevons.vocabulary.period import zone

SCHEMA: Final = "jevons.boundary/v1"
PERS: Final = ("once", "hour", "day", "week", "month", "year")
FILE_KEYS: Final[dict[str, str]] = {
    "schema": f"`{SCHEMA}`; required.",
    "name": "Name of the boundary. A later file of the same name replaces the earlier one.",
    "time_zone": "IANA name of the zone of the days on which calls use plans and machines. A "
    "ledger has one: a file that says none takes that of the others, UTC if none says one.",
    "in": "Table: what is inside the boundary, and how it is counted (text).",
    "out": "Table: what is outside, and why (text).",
    "element": "One table per cost element.",
}
"""Keys of a boundary file and what they say."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an element. form: how its value is read. kinds: of elements that may have it, ()
    = all. needed: kinds that must have it."""

    form: str
    says: str
    kinds: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()


_PRICED: Final = tuple(kind for kind in KINDS if kind not in ("people", "energy"))
_MACHINES: Final = ("provisioned", "gpu")

KEYS: Final[dict[str, Key]] = {
    "kind": Key("kind", "What it is.", (), KINDS),
    "name": Key("text", "What it is called. Elements of one name are versions of one thing.", (),
                KINDS),
    "valid_from": Key("date", "First day. The terms of a fee begin on it.", (), KINDS),
    "valid_to": Key("date", "The day after the last; none: still so."),
    "price": Key("amount", "USD per `per` and unit of `quantity`; of a GPU what one costs to buy.",
                 (*_PRICED, "energy"), _PRICED),
    "per": Key("per", "The term that the price, the minutes or the energy is for; `once` if not "
               "said. Fees of weeks, months and years are paid on the first day of each term; "
               "hours and days as they pass. `once` with `valid_to` is spread up to it.",
               tuple(kind for kind in KINDS if kind != "gpu"), ("plan",)),
    "quantity": Key("number", "How many: seats, machines, people; 1 if not said."),
    "source": Key("text", "Where the figures come from: contract, invoice number, who said it."),
    "provenance": Key("provenance", "How sure the figures are; `estimated` if not said."),
    "note": Key("text", "Anything for the reader."),
    "bought": Key("date", "The day of the purchase, when it is not `valid_from`.", ("gpu",)),
    "life_months": Key("whole", "Months over which the purchase is written off.",
                       ("gpu", "training"), ("gpu",)),
    "power_kw": Key("number", "Power in kW, of all machines together.", ("gpu",)),
    "pue": Key("pue", "Power usage effectiveness of the site; 1 if not said.", ("gpu",)),
    "electricity_price": Key("cost", "USD per kWh.", ("gpu", "energy")),
    "utilisation": Key("share", "Share of the time in use, 0 to 1; the rest is idle.", _MACHINES),
    "tokens_per_second": Key("speed", "Tokens per second of one machine at full load: utilisation "
                             "is then measured by the tokens of `calls`.", _MACHINES),
    "minutes": Key("number", "Minutes of work per `per` and unit of `quantity`.", ("people",)),
    "rate": Key("cost", "Loaded rate, USD per hour.", ("people",), ("people",)),
    "from_outcomes": Key("flag", "`true`: the minutes are those that outcomes report, of the owner "
                         "if one is named. Neither `per` nor `quantity` go with it.", ("people",)),
    "kwh": Key("number", "Energy in kWh per `per`, at `electricity_price`.", ("energy",)),
    "allowance": Key("allowance", "What the fee of a plan includes per term, in `allowance_unit`; "
                     "none: no stated limit.", ("plan",)),
    "allowance_unit": Key("unit", "`usd` (what the calls would have cost), `tokens` or `calls`.",
                          ("plan",)),
    "overage": Key("multiple", "Share of their cost at which calls beyond the allowance are "
                   "billed, 1 = all; 0 if not said.", ("plan",)),
    "calls": Key("filter", "Which calls a plan includes, or a machine serves: dimension = value. "
                 "A plan without it includes the calls whose price says `included`.",
                 ("plan", *_MACHINES)),
    "allocate": Key("driver", "By what it is allocated, in dimensions of which it has no owner."),
    "shares": Key("shares", "Fixed shares in percent, for `allocate = \"shares\"`: "
                  "shares.team = {web = 60, data = 30}. What is left is unallocated."),
    **{name: Key("text", f"Owner: the {name.replace('_', ' ')} that it belongs to.")
       for name in OWNERS},
}  # fmt: skip
"""Every key of an element."""

_REMEDY: Final = "See docs/reference/boundary-file.md for every key."


def parse_boundary(text: str, file: str) -> Boundary:
    """Read a boundary file, TOML or (by its name) CSV. file: its name, for messages.

    Raises BoundaryError naming the line, the element and the key of the first mistake.
    """
    stem, dot, suffix = file.rpartition(".")
    if suffix.lower() == "csv":
        elements = [_element(raw, place) for raw, place in _csv_rows(text, file)]
        return Boundary(stem, tuple(elements))
    return _toml(text, file, stem if dot else file)


def _toml(text: str, file: str, stem: str) -> Boundary:
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BoundaryError(f"{file} is not TOML: {error}", remedy=_REMEDY) from None
    place = _Place(file)
    place.only(document, FILE_KEYS)
    if document.get("schema") != SCHEMA:
        place.fail("schema", f"is not {SCHEMA!r}")
    listed = document.get("element", [])
    if not isinstance(listed, list) or not all(isinstance(raw, dict) for raw in listed):
        place.fail("element", "is not a list of tables: write [[element]]")
    lines = [n for n, line in enumerate(text.splitlines(), 1) if _HEAD.match(line)]
    lines += [0] * len(listed)
    return Boundary(
        name=place.read("name", _text, document.get("name", stem)),
        elements=tuple(
            _element(raw, _Place.of(file, line, raw.get("name")))
            for raw, line in zip(listed, lines, strict=False)
        ),
        inside=_said(document, "in", place),
        outside=_said(document, "out", place),
        time_zone=(
            place.read("time_zone", _zone, document["time_zone"])
            if "time_zone" in document
            else None
        ),
    )


_HEAD: Final = re.compile(r"\s*\[\[\s*element\s*\]\]")


def _csv_rows(text: str, file: str) -> Iterator[tuple[dict[str, Any], _Place]]:
    """The rows of a CSV file as elements: its header has the keys; an empty cell says nothing."""
    reader = csv.DictReader(text.removeprefix("\ufeff").splitlines())
    names = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = names
    _Place(f"{file}: line 1").only(dict.fromkeys(names), KEYS)
    for row in reader:
        place = _Place.of(file, reader.line_num, row.get("name"))
        if None in row or None in row.values():
            place.fail("the row", f"does not have the {len(names)} cells of the header")
        raw = {key: cell.strip() for key, cell in row.items() if cell.strip()}
        if raw:
            yield raw, place


class _Place:
    """Where in a file the reader is, for messages."""

    def __init__(self, where: str) -> None:
        self.where = where

    @classmethod
    def of(cls, file: str, line: int, name: object) -> _Place:
        """The place of an element."""
        at = f"{file}: line {line}" if line else file
        return cls(f"{at}: element {name}" if name else at)

    def fail(self, key: str, problem: str) -> None:
        raise BoundaryError(f"{self.where}: {key} {problem}", remedy=_REMEDY)

    def only(self, found: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        unknown = [str(key) for key in found if key not in known]
        if unknown:
            from difflib import get_close_matches

            alike = get_close_matches(unknown[0], known, n=1)
            hint = f"; did you mean {alike[0]}?" if alike else ""
            self.fail(unknown[0] or "an empty key", f"is not a key of a boundary file{hint}")

    def read(self, key: str, parse: Callable[[Any], Any], value: Any) -> Any:
        try:
            return parse(value)
        except (ValueError, TypeError, UsageError) as error:
            what = error.what if isinstance(error, UsageError) else str(error)
            raise BoundaryError(f"{self.where}: {key}: {what}", remedy=_REMEDY) from None


def _element(raw: Mapping[str, Any], place: _Place) -> Element:
    place.only(raw, KEYS)
    found = {key: place.read(key, _FORMS[KEYS[key].form], value) for key, value in raw.items()}
    kind = found.get("kind")
    if kind is None:
        place.fail("kind", f"is missing: one of {', '.join(KINDS)}")
    for key, rule in KEYS.items():
        if key in found and rule.kinds and kind not in rule.kinds:
            place.fail(key, f"does not belong to kind {kind!r}")
        if key not in found and kind in rule.needed:
            place.fail(key, f"is missing, kind {kind!r} needs it")
    _consistent(found, place)
    element = _made(found, place)
    _affordable(element, place)
    return element


def _affordable(element: Element, place: _Place) -> None:
    """Sums of charges stay within what the tables hold."""
    most = to_femto(Decimal(bounds.LARGEST_AMOUNT))
    if abs(term_amount(element)) > most:
        place.fail("price", f"with its quantity is more than {bounds.LARGEST_AMOUNT} USD a term")
    if element.capacity is not None and electricity_a_day(element.capacity) > most:
        place.fail("power_kw", f"costs more than {bounds.LARGEST_AMOUNT} USD a day")


def _made(found: Mapping[str, Any], place: _Place) -> Element:
    """The element of keys that were read and belong together."""
    kind = found["kind"]
    machine = {key: found[key] for key in Capacity.__dataclass_fields__ if key in found}
    plain = (
        "name", "valid_from", "valid_to", "price", "per", "quantity", "bought", "life_months",
        "minutes", "rate", "from_outcomes", "kwh", "calls", "shares", "provenance", "source",
        "note",
    )  # fmt: skip
    allowance = Allowance(
        found.get("allowance"),
        found.get("allowance_unit", "usd"),
        found.get("overage", Decimal(0)),
    )
    return Element(
        kind=kind,
        capacity=Capacity(**machine) if machine or kind in _MACHINES else None,
        allowance=allowance if kind == "plan" else None,
        owner=tuple((name, found[name]) for name in OWNERS if name in found),
        driver=found.get("allocate"),
        place=place.where,
        **{key: found[key] for key in plain if key in found},
    )


def _consistent(found: Mapping[str, Any], place: _Place) -> None:
    """What no single key can tell."""
    end = found.get("valid_to")
    if end is not None and end <= found["valid_from"]:
        place.fail("valid_to", "is not after valid_from")
    if found["kind"] == "plan" and found["per"] not in ("week", "month", "year"):
        place.fail("per", "of a plan is week, month or year")
    if found["kind"] == "energy" and ("price" in found) == ("kwh" in found):
        place.fail("energy", "needs either a price, or kwh and electricity_price")
    if found["kind"] == "people" and ("minutes" in found) == found.get("from_outcomes", False):
        place.fail("minutes", "or from_outcomes = true is needed, one of them")
    for key in ("quantity", "per", "price"):
        if found.get("from_outcomes") and key in found:
            place.fail(key, "does not go with from_outcomes: outcomes report all of the minutes")
    if "kwh" in found and "electricity_price" not in found:
        place.fail("electricity_price", "is missing")
    if "utilisation" in found and "tokens_per_second" in found:
        place.fail("utilisation", "is either declared or measured (tokens_per_second)")
    if ("shares" in found) != (found.get("allocate") == "shares"):
        place.fail("shares", 'and allocate = "shares" belong together')
    if found.get("allowance_unit", "usd") != "usd" and found.get("allowance", 1) % 1:
        place.fail("allowance", "is not a whole number")
    if "life_months" in found and found.get("per", "once") != "once":
        place.fail("life_months", "needs a price paid once")


def _said(document: Mapping[str, Any], key: str, place: _Place) -> tuple[tuple[str, str], ...]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        place.fail(f"[{key}]", "is not a table of NAME = TEXT")
    return tuple((name, place.read(f"[{key}] {name}", _text, text)) for name, text in table.items())


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"not a text: {value!r}")
    return value.strip()


def _flag(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(f"is true or false, not {value!r}")
    return str(value).lower() == "true"


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return str(value)

    return parse


def _filter(value: Any) -> tuple[tuple[str, str], ...]:
    """Dimension = value pairs: a table, or in CSV `provider=anthropic;harness=claude-code`."""
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(";")]
        told = all(equals for _, equals, _ in parts)
        value = {name: text for name, _, text in parts} if told else None
    if not isinstance(value, dict) or not value:
        raise ValueError("is not a table of DIMENSION = VALUE")
    pairs = tuple((name.strip(), _text(text)) for name, text in value.items())
    bounds.choosing(name for name, _ in pairs)
    return pairs


_percent: Final = bounds.number(100)


def _shares(value: Any) -> tuple[tuple[str, tuple[tuple[str, Decimal], ...]], ...]:
    if not isinstance(value, dict) or not all(isinstance(of, dict) for of in value.values()):
        raise ValueError("is not a table of DIMENSION = {NAME = PERCENT}")
    bounds.sharing(value)
    found = []
    for name, of in value.items():
        percents = tuple((receiver, _percent(percent)) for receiver, percent in of.items())
        allocate_shares(0, [percent for _, percent in percents])
        found.append((name, percents))
    return tuple(found)


def _zone(value: Any) -> str:
    return zone(_text(value)).key


_FORMS: Final[dict[str, Callable[[Any], Any]]] = {
    "kind": _one_of(KINDS),
    "text": _text,
    "date": bounds.day,
    "amount": bounds.amount,
    "cost": bounds.number(bounds.LARGEST_AMOUNT),
    "number": bounds.number(),
    "speed": bounds.number(positive=True),
    "allowance": bounds.number(bounds.LARGEST_ALLOWANCE, positive=True),
    "multiple": bounds.number(100),
    "pue": bounds.number(100, 1),
    "share": bounds.number(1),
    "whole": bounds.months,
    "per": _one_of(PERS),
    "provenance": _one_of(PROVENANCES),
    "driver": _one_of(DRIVERS),
    "unit": _one_of(("usd", "tokens", "calls")),
    "filter": _filter,
    "flag": _flag,
    "shares": _shares,
}
"""Form of a key -> its reader; each raises ValueError with what is wrong."""
