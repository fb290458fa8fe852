"""Markdown tables of figures, with what was promised beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is aligned to the right."""
    assert all(len(row) == len(head) for row in rows), "a row is not as long as the head"
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def at_least(
    value: float, floor: float | None = None, aim: float | None = None, unit: str = ""
) -> str:
    """Whether a figure reaches its floor and its aim, in words: `floor 10x met, aim 50x missed`."""
    limits = (("floor", floor), ("aim", aim))
    return ", ".join(_said(name, limit, unit, value >= limit) for name, limit in limits if limit)


def at_most(value: float, limit: float, unit: str = "") -> str:
    """Whether a figure stays below its limit, in words."""
    return _said("limit", limit, unit, value <= limit)


def _said(name: str, limit: float, unit: str, met: bool) -> str:
    return f"{name} {limit:,g}{unit} {'met' if met else 'MISSED'}"


def median(values: Sequence[float]) -> float:
    """The middle one of an odd number of values."""
    return sorted(values)[len(values) // 2]
