"""Checks as lines: what was looked at, how it is, what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from jevons.app.results import Check
from jevons.interfaces.cli.table import GAP, Column, render
from jevons.interfaces.cli.terminal import Terminal, safe

MIN_ROOM: Final = 24
"""Columns that a finding has at least."""


def checklist(checks: Sequence[Check], terminal: Terminal) -> list[str]:
    """The checks with their findings in full, those that need attention followed by remedies."""
    if not checks:
        return ["Nothing to check."]
    states = Column("", tuple(check.state for check in checks))
    names = Column("check", tuple(safe(check.name) for check in checks))
    findings = [_finding(check, terminal.width, states.width + names.width) for check in checks]
    columns = [
        Column("", tuple(c.state if not i else "" for c, i in _rows(checks, findings))),
        Column("check", tuple(safe(c.name) if not i else "" for c, i in _rows(checks, findings))),
        Column("finding", tuple(line for lines in findings for line in lines)),
    ]
    header, rule, *rest = render([c for c in columns if any(c.cells)], terminal).lines
    shown = [header, rule]
    rows = iter(rest)
    for check, lines in zip(checks, findings, strict=True):
        part = list(islice(rows, len(lines)))
        shown += part if check.state == "ok" else map(terminal.alarm, part)
        if check.state != "ok" and check.remedy:
            shown += [f"    {safe(text)}" for text in check.remedy.splitlines()]
    return shown


def _finding(check: Check, width: int | None, before: int) -> list[str]:
    if width is None:
        return [safe(check.detail)]
    room = max(MIN_ROOM, width - before - 2 * len(GAP))
    return textwrap.wrap(safe(check.detail), room, break_on_hyphens=False) or [""]


def _rows(checks: Sequence[Check], findings: list[list[str]]) -> Iterator[tuple[Check, int]]:
    """Each check with the numbers of its lines."""
    for check, lines in zip(checks, findings, strict=True):
        yield from ((check, number) for number in range(len(lines)))


def failed(checks: Sequence[Check]) -> bool:
    """Whether any check failed; a warning is no failure."""
    return any(check.state == "failed" for check in checks)
