"""Results as JSON and CSV: the contract that other programs rely on.

Amounts are plain decimal strings and unknown ones null (an empty cell in CSV), never numbers that a
reader would round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from jevons.app.results import PriceRow, Report, Row
from jevons.interfaces.cli.figures import per_million
from jevons.interfaces.cli.terminal import safe
from jevons.vocabulary.money import plain

FIGURES: Final = (
    "calls",
    "input_tokens",
    "cache_read_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
    "list_cost",
    "contracted_cost",
    "billed_cost",
    "effective_cost",
    "unknown_calls",
    "lower_bound_calls",
    "provenance",
    "unlisted_calls",
    "cost_per_million_tokens",
)
"""The fields of every row and of the total, in the order of the CSV columns after the
dimensions."""


RATE_PLACES: Final = 12
"""Decimal places to which the cost of a million tokens is rounded, half to even: a quotient has no
last digit."""


def json_text(document: object, *, indent: int | None = 2) -> str:
    """A document as JSON in ASCII, safe for every terminal and encoding."""
    import json

    return json.dumps(document, indent=indent)


def amount(value: Decimal | None) -> str | None:
    """An amount as a decimal string, None when unknown."""
    return None if value is None else plain(value)


def report_document(report: Report) -> dict[str, Any]:
    """`report --json`: rows, total, and what they leave out."""
    return {
        "rows": [{**row.dimensions, **figures(row)} for row in report.rows],
        "total": figures(report.total),
        "unpriced_events": report.unpriced_events,
        "rejected": report.rejected,
        "complete_to": report.complete_to,
        "time_zone": report.time_zone,
    }


def figures(row: Row) -> dict[str, Any]:
    """The figures of a row by name."""
    values = {name: getattr(row, name) for name in FIGURES[:-1]}
    tokens = row.input_tokens + row.output_tokens
    return {
        **{name: amount(v) if name.endswith("_cost") else v for name, v in values.items()},
        FIGURES[-1]: amount(per_million(row.effective_cost, tokens, places=RATE_PLACES)),
    }


def csv_text(report: Report) -> str:
    """`report --csv`: a header, then the rows without the total, so that a column may be summed."""
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*(cell(name) for name in report.by), *FIGURES, "currency"])
    for row in report.rows:
        names = [cell(row.dimensions.get(name)) for name in report.by]
        numbers = ["" if value is None else value for value in figures(row).values()]
        writer.writerow([*names, *numbers, "USD"])
    return stream.getvalue()


_FORMULA: Final = re.compile(r"[\s]*[=+\-@]")


def cell(text: str | None) -> str:
    """A name as a CSV cell: one that a spreadsheet would run as a formula gets an apostrophe
    first, and what could steer a terminal is written as an escape."""
    if text is None:
        return ""
    shown = safe(text)
    return f"'{shown}" if text[:1] in ("\t", "\r") or _FORMULA.match(text) else shown


def price_document(row: PriceRow) -> dict[str, Any]:
    """One price entry for `prices … --json`: USD per single unit."""
    return {
        "model": row.model,
        "provider": row.provider,
        "axes": dict(row.axes),
        "above_input_tokens": row.above,
        "prices": {unit: plain(price) for unit, price in row.prices},
        "effect": row.effect or None,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "recorded_at": row.recorded_at,
        "source": row.source,
        "entry": row.entry,
        "note": row.note or None,
    }


def json_lines(objects: Iterable[object]) -> Iterator[str]:
    """One JSON object per line."""
    for item in objects:
        yield json_text(item, indent=None)
