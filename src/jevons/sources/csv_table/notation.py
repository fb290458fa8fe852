"""How the numbers of a table are written: which sign stands before decimals, which between
thousands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

NUMBER: Final = re.compile(r"[-+]?[$\u20ac]?\s?\d[\d.,'\u2019\u00a0\u202f ]*")
"""What may be a number in some notation."""

_GROUPED: Final = re.compile(r"-?\d{1,3}(?:([.,'\u2019])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")


def number_format(
    mapping: dict[str, Any], cells: dict[str, list[str]]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """`decimal` and `thousands` as the cells of counters and cost show them, and a question where
    they do not tell."""
    counters = [c for k, c in mapping.get("usage", {}).items() if k != "counting"]
    counts = [n for c in counters if isinstance(c, str) for n in _numbers(cells[c])]
    cost = mapping.get("cost")
    amounts = _numbers(cells[cost["column"]]) if cost and "path" not in cost else []
    marks = {sign for number in (*counts, *amounts) if (sign := _decimal_sign(number))}
    groups = {m[1] for n in (*counts, *amounts) if (m := _GROUPED.fullmatch(n))} - {""}
    if marks == {","} or (not marks and "." in groups and _is_grouped(counts, ".")):
        return {"decimal": ",", **({"thousands": "."} if "." in groups else {})}, ()
    groups -= marks
    if "'" in groups or "\u2019" in groups:
        return {"thousands": "'" if "'" in groups else "\u2019"}, ()
    if "," in groups and (marks or _is_grouped(counts, ",")):
        return {"thousands": ","}, ()
    if len(marks) < 2 and not any("." in n or "," in n for n in counts):
        return {}, ()
    if all(re.fullmatch(r"[^.,]*(\.0)?", number) for number in counts):
        return {}, ()
    return {}, (
        "Counters hold a separator that may stand for thousands or decimals:",
        'state decimal: and thousands: (such as decimal: ".", thousands: ",").',
    )


def _numbers(samples: Sequence[str]) -> list[str]:
    plain = (re.sub(r"[\s$\u00a0\u202f]", "", cell) for cell in samples)
    return [cell for cell in plain if NUMBER.fullmatch(cell)]


def _decimal_sign(number: str) -> str:
    """The sign that can only be the decimal one: the last of two different ones, or one that does
    not stand before three digits; "" when that is not clear."""
    signs: list[str] = re.findall(r"[.,]", number)
    tail = re.split(r"[.,]", number)[-1]
    if not signs or signs.count(signs[-1]) > 1:
        return ""
    if len(set(signs)) > 1 or len(tail) != 3 or re.match(r"-?(0|\d{4,})[.,]", number):
        return signs[-1]
    return ""


def _is_grouped(counts: Sequence[str], sign: str) -> bool:
    """Whether a sign in counts, which are whole, separates thousands: three digits follow it that
    are not always zeros."""
    tails = [number.split(sign)[1:] for number in counts if sign in number]
    return any(set("".join(tail)) != {"0"} for tail in tails)
