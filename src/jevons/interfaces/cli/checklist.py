"""Checks as lines: what was looked at, how it is, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from jevons.app.results import Check
from jevons.interfaces.cli.table import Column, render
from jevons.interfaces.cli.terminal import Terminal, safe


def checklist(checks: Sequence[Check], terminal: Terminal) -> list[str]:
    """One line per check, the failed ones followed by their remedies."""
    if not checks:
        return ["Nothing to check."]
    columns = [
        Column("", tuple(check.state for check in checks)),
        Column("check", tuple(safe(check.name) for check in checks)),
        Column("finding", tuple(safe(check.detail) for check in checks), shrinks="end"),
    ]
    header, *rest = render([c for c in columns if any(c.cells)], terminal).lines
    lines = [header, rest[0]]
    for check, line in zip(checks, rest[1:], strict=True):
        lines.append(line if check.state == "ok" else terminal.alarm(line))
        if check.state != "ok" and check.remedy:
            lines += [f"    {safe(text)}" for text in check.remedy.splitlines()]
    return lines


def failed(checks: Sequence[Check]) -> bool:
    """Whether any check failed; a warning is no failure."""
    return any(check.state == "failed" for check in checks)
