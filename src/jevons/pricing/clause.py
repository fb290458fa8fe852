"""Model matching as genai-prices states it, compiled to plain lists.

A clause is `[kind, argument]`: `s` starts with, `e` ends with, `c` contains, `=` equals (all
without regard to case), `r` regular expression searched in the text as given, `|` any of, `&` all
of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

Clause: TypeAlias = list[Any]
"""One clause; its argument is a text, or a list of clauses for `|` and `&`."""


def matches(clause: Clause, text: str) -> bool:
    """Whether the clause matches the text. Raises KeyError for an unknown kind."""
    kind, argument = clause
    if kind == "|":
        return any(matches(part, text) for part in argument)
    if kind == "&":
        return all(matches(part, text) for part in argument)
    if kind == "r":
        return re.search(argument, text) is not None
    lowered, wanted = text.lower(), argument.lower()
    return bool(_PLAIN[kind](lowered, wanted))


_PLAIN = {
    "s": str.startswith,
    "e": str.endswith,
    "c": str.__contains__,
    "=": str.__eq__,
}


class ClauseIndex:
    """Finds the first of many clauses that matches; plain equalities are looked up, not tried."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self._equal: dict[str, int] = {}
        self._general: list[tuple[int, Clause]] = []
        for position, clause in enumerate(clauses):
            self._add(position, clause)

    def _add(self, position: int, clause: Clause) -> None:
        if clause[0] == "|":
            for part in clause[1]:
                self._add(position, part)
        elif clause[0] == "=":
            self._equal.setdefault(clause[1].lower(), position)
        else:
            self._general.append((position, clause))

    def first(self, text: str) -> int | None:
        """The position of the first clause that matches, None if none does."""
        found = self._equal.get(text.lower())
        for position, clause in self._general:
            if found is not None and position >= found:
                break
            if matches(clause, text):
                return position
        return found
