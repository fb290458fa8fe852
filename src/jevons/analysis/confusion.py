"""How well assigned purposes agree with what calls were really for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from jevons.analysis.purposes import PURPOSES, UNKNOWN


@dataclass(frozen=True, slots=True)
class Agreement:
    """One purpose. really: calls that were for it; assigned: calls that were given it; both."""

    purpose: str
    really: int
    assigned: int
    both: int

    @property
    def precision(self) -> Fraction | None:
        """Of the calls that were given the purpose, the share that were for it; None without."""
        return Fraction(self.both, self.assigned) if self.assigned else None

    @property
    def recall(self) -> Fraction | None:
        """Of the calls that were for the purpose, the share that were given it; None without."""
        return Fraction(self.both, self.really) if self.really else None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Calls by what they were for and what was assigned to them: (really, assigned) -> calls."""

    counts: Counter[tuple[str, str]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Confusion:
        """Count pairs of (really, assigned)."""
        return cls(Counter(pairs))

    @property
    def calls(self) -> int:
        """All calls."""
        return self.counts.total()

    @property
    def agreeing(self) -> int:
        """Calls that were given what they were for."""
        return sum(n for (really, assigned), n in self.counts.items() if really == assigned)

    @property
    def misled(self) -> int:
        """Calls that were given a wrong purpose; an `unknown` misleads nobody."""
        return sum(
            n for (really, assigned), n in self.counts.items() if assigned not in (really, UNKNOWN)
        )

    def rows(self) -> list[Agreement]:
        """Every purpose that occurs, in their usual order."""
        really, assigned = Counter[str](), Counter[str]()
        for (one, other), n in self.counts.items():
            really[one] += n
            assigned[other] += n
        return [
            Agreement(name, really[name], assigned[name], self.counts[name, name])
            for name in PURPOSES
            if really[name] or assigned[name]
        ]

    def taken_for(self, purpose: str) -> list[tuple[str, int]]:
        """What else calls for a purpose were given, most frequent first."""
        wrong = [
            (assigned, n)
            for (really, assigned), n in self.counts.items()
            if really == purpose and assigned != purpose
        ]
        return sorted(wrong, key=lambda item: (-item[1], item[0]))
