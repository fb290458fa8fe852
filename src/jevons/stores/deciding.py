"""The rules of purposes as SQL over event rows.

Patterns are matched in Python, once for every name that occurs, by the same function as the
reference classifier; the SQL only compares with the names that matched, which is fast for millions
of rows and means the same on every engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jevons.analysis.purposes import NO_RULE, UNKNOWN, Rule, Ruleset, matches
from jevons.stores.books import quote
from jevons.stores.report import dimension_sql

_COLUMNS: Final = {
    "stated": "e.purpose",
    "model": "coalesce(e.model, response_model, request_model)",
}

Words = Mapping[str, Iterable[str]]
"""Field -> the names that occur in it and that some pattern matches."""


def column(field: str) -> str:
    """A field of rules over the columns of an event row `e`."""
    if field.startswith("tag."):
        return dimension_sql(field, "UTC")
    return _COLUMNS.get(field, f"e.{field}")


def patterns(ruleset: Ruleset) -> dict[str, tuple[str, ...]]:
    """Field -> all patterns that are matched with its names; `*` alone needs none."""
    found: dict[str, list[str]] = {}
    for rule in ruleset.rules:
        for field, texts in rule.when:
            if "*" not in texts:
                found.setdefault(field, []).extend(texts)
    return {field: tuple(dict.fromkeys(texts)) for field, texts in found.items()}


@dataclass(frozen=True, slots=True)
class Deciding:
    """What each rule decides, as expressions over the columns of an event row called `e`."""

    rules: tuple[Rule, ...]
    words: Words

    def purpose(self) -> str:
        """The purpose by the call's own row."""
        return self._case([quote(rule.purpose) for rule in self.rules], quote(UNKNOWN))

    def rule(self) -> str:
        """The id of the deciding rule by the call's own row."""
        return self._case([quote(rule.id) for rule in self.rules], quote(NO_RULE))

    def number(self, again: str = "false", at_end: str = "false") -> str:
        """The place of the deciding rule, the number of rules when none decides; again, at_end:
        expressions for the flags of the call's place in its run."""
        places = [str(number) for number in range(len(self.rules))]
        return self._case(places, str(len(places)), again, at_end)

    def named(self, number: str) -> tuple[str, str]:
        """Purpose and id of the rule at a place (an expression)."""

        def choice(texts: list[str], otherwise: str) -> str:
            whens = " ".join(f"WHEN {n} THEN {quote(text)}" for n, text in enumerate(texts))
            return f"(CASE {number} {whens} ELSE {quote(otherwise)} END)"

        rules = self.rules
        purposes = choice([rule.purpose for rule in rules], UNKNOWN)
        return purposes, choice([rule.id for rule in rules], NO_RULE)

    def places(self, purpose: str) -> list[str]:
        """The places of the rules that decide for a purpose."""
        return [str(n) for n, rule in enumerate(self.rules) if rule.purpose == purpose]

    def chances(self) -> list[str]:
        """Conditions of rows that a rule decides only if they end their run."""
        alone = self.number()
        return [
            f"({condition} AND {alone} > {number})"
            for number, rule in enumerate(self.rules)
            if rule.ends and (condition := self._condition(rule, "true", "true"))
        ]

    def _case(
        self, values: list[str], otherwise: str, again: str = "false", at_end: str = "false"
    ) -> str:
        whens = [
            f"WHEN {condition} THEN {value}"
            for rule, value in zip(self.rules, values, strict=True)
            if (condition := self._condition(rule, again, at_end))
        ]
        return f"(CASE {' '.join(whens)} ELSE {otherwise} END)" if whens else f"({otherwise})"

    def _condition(self, rule: Rule, again: str, at_end: str) -> str:
        """The condition of a rule, empty when it cannot hold."""
        flags = [*([again] if rule.repeats else []), *([at_end] if rule.ends else [])]
        if "false" in flags:
            return ""
        parts = flags + [f"{column(field)} IS NULL" for field in rule.absent]
        for field, texts in rule.when:
            if "*" in texts:
                parts.append(f"{column(field)} IS NOT NULL")
                continue
            names = [name for name in self.words.get(field, ()) if matches(texts, name)]
            if not names:
                return ""
            parts.append(f"{column(field)} IN ({', '.join(map(quote, sorted(names)))})")
        return f"({' AND '.join(parts)})"
