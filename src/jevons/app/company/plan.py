"""The generated company: its calendar and its teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

START: Final = date(2026, 5, 1)
"""First day of the company's books (UTC)."""
EPOCH_DAY: Final = 20_574
"""The first day in days since 1970."""
DAYS: Final = 184
"""1 May to 31 October 2026, six months."""
DAY: Final[tuple[date, ...]] = tuple(START + timedelta(days=number) for number in range(DAYS))
MONTHS: Final[tuple[str, ...]] = tuple(dict.fromkeys(f"{day:%Y-%m}" for day in DAY))
MONTH_OF_DAY: Final[tuple[int, ...]] = tuple(MONTHS.index(f"{day:%Y-%m}") for day in DAY)
DAY_WEIGHT: Final[tuple[int, ...]] = tuple(2 if day.weekday() < 5 else 1 for day in DAY)
"""Work per day. Weekends count half, so that May, June, August and September are equally long: 26
days."""
ORGANISATION: Final = "example"
FULL_SIZE: Final = 50_000
"""Events from which the company has all its people; smaller ones have fewer."""


@dataclass(frozen=True, slots=True)
class Team:
    """A team: people, the prefix of its task ids, its main repository or project."""

    name: str
    people: int
    prefix: str
    project: str


TEAMS: Final[tuple[Team, ...]] = (
    Team("web", 28, "WEB", "storefront"),
    Team("mobile", 22, "MOB", "mobile-app"),
    Team("platform", 24, "PLT", "platform"),
    Team("security", 12, "SEC", "guardhouse"),
    Team("data", 20, "DAT", "warehouse"),
    Team("payments", 16, "PAY", "ledger-api"),
    Team("support", 30, "SUP", "help-desk"),
    Team("success", 12, "CSM", "onboarding"),
    Team("legal", 8, "LEG", "contracts"),
    Team("marketing", 12, "MKT", "campaigns"),
    Team("sales", 12, "SAL", "pipeline"),
    Team("finance", 6, "FIN", "closing"),
)
"""Twelve teams, 202 people. People are numbers: p001@example.com."""
