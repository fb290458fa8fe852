"""The rules of outcomes: what may enter the books, which report of an outcome counts, and what it
makes of a run.

All of them are functions of a set of reports: neither order nor repetition matters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from jevons.vocabulary.money import MONEY_SCALE, parse_amount, plain
from jevons.vocabulary.outcome import (
    FIGURES,
    GRADES,
    LINKS,
    OUTCOME_SCHEMA,
    STATUSES,
    Outcome,
    Status,
    pull_request_id,
)
from jevons.vocabulary.period import parse_time

LONGEST: Final = 512
"""Characters of the longest id or name; longer ones are content in the wrong field."""

LABEL_LENGTH: Final = 200
LABEL_LIMIT: Final = 32
"""A label's value has at most 200 characters, an outcome at most 32 labels."""

LARGEST: Final = Decimal(10) ** 12
"""No amount, score or number of minutes is as large."""

_SIGNED: Final = ("quality", "quality_floor", "value")
_TEXTS: Final = ("id", "source", *LINKS, "loss_kind")


def accept_outcome(outcome: Outcome) -> str | None:
    """Bring an outcome into canonical form in place; returns why it is refused, None if accepted.

    Canonical: `time` in epoch microseconds, names without surrounding blanks, figures as plain
    decimals (rounded once to the money scale, half to even), so that equal outcomes have equal
    encodings.
    """
    if outcome.schema != OUTCOME_SCHEMA:
        return f"the schema is not {OUTCOME_SCHEMA}"
    try:
        outcome.time = parse_time(outcome.time)
    except ValueError:
        return "time is no RFC 3339 text or epoch microseconds of the years 2000 to 2200"
    if (refused := _check_texts(outcome)) is not None:
        return refused
    if outcome.status not in STATUSES:
        return f"status must be one of {', '.join(STATUSES)}"
    if not 0 <= outcome.revision < 2**31:
        return "revision must be a whole number from 0 on"
    for name in FIGURES:
        if (refused := _check_figure(outcome, name)) is not None:
            return refused
    if outcome.value_provenance is not None and outcome.value_provenance not in GRADES:
        return f"value_provenance must be one of {', '.join(GRADES)}"
    if outcome.value is None:
        outcome.value_provenance = None
    elif outcome.value_provenance is None:
        outcome.value_provenance = "estimated"  # nobody said how it is known: the weakest claim
    if outcome.loss is None:
        outcome.loss_kind = None
    return _check_labels(outcome)


def _check_texts(outcome: Outcome) -> str | None:
    for name in _TEXTS:
        text = getattr(outcome, name)
        if text is None:
            continue
        clean = "".join(c for c in text if c.isprintable()).strip()
        if len(clean) > LONGEST:
            return f"{name} has more than {LONGEST} characters"
        setattr(outcome, name, clean or None)
    if outcome.pull_request:
        outcome.pull_request = pull_request_id(outcome.pull_request)
    if not outcome.id:
        return "no id is named"
    if not outcome.source:
        outcome.source = "outcomes"
    if all(getattr(outcome, name) is None for name in LINKS):
        return f"nothing says what it is the outcome of: one of {', '.join(LINKS)} is needed"
    return None


def _check_figure(outcome: Outcome, name: str) -> str | None:
    given = getattr(outcome, name)
    if given is None:
        return None
    try:
        amount = parse_amount(given)
    except ValueError:
        return f"{name} is not a finite number"
    if amount and amount.adjusted() >= LARGEST.adjusted():  # of any exponent, as abs() is not
        return f"{name} is larger than any can be"
    if amount < 0 and name not in _SIGNED:
        return f"{name} is negative"
    setattr(outcome, name, exact_text(round(amount, MONEY_SCALE)))
    return None


def exact_text(amount: Decimal) -> str:
    """A figure in its one canonical form: plain digits, no trailing zeros, no negative nothing."""
    text = plain(amount)
    return "0" if text == "-0" else text


def _check_labels(outcome: Outcome) -> str | None:
    if len(outcome.labels) > LABEL_LIMIT:
        return f"more than {LABEL_LIMIT} labels"
    for name, text in outcome.labels.items():
        if len(name) > LABEL_LENGTH or len(text) > LABEL_LENGTH:
            return f"a label has more than {LABEL_LENGTH} characters"
    outcome.labels = dict(sorted(outcome.labels.items()))
    return None


def content_digest(outcome: Outcome) -> bytes:
    """16 bytes that tell reports of different content apart; of an accepted outcome."""
    encoded = msgspec.json.encode(msgspec.structs.astuple(outcome))
    return hashlib.blake2b(encoded, digest_size=16).digest()


def precedence(outcome: Outcome) -> tuple[int, int, bool, bytes]:
    """Of the reports of one id, the one with the greatest precedence counts.

    The latest, then the highest revision; of reports that contradict each other at the same time a
    decided one, then that of the greatest digest: any rule will do that does not ask for the order
    in which they came."""
    decided = outcome.status != "unknown"
    return int(outcome.time), outcome.revision, decided, content_digest(outcome)


def current(reports: Iterable[Outcome]) -> dict[tuple[str, str], Outcome]:
    """(source, id) -> the report that counts."""
    found: dict[tuple[str, str], Outcome] = {}
    for one in reports:
        key = one.source, one.id
        if key not in found or precedence(one) > precedence(found[key]):
            found[key] = one
    return found


def standing(outcome: Outcome) -> Status:
    """The status with the quality floor applied: work below the floor is not a success, and a score
    at or above it is one if nothing else was said."""
    if outcome.quality is None or outcome.quality_floor is None:
        return outcome.status
    enough = Decimal(outcome.quality) >= Decimal(outcome.quality_floor)
    if outcome.status == "unknown":
        return "succeeded" if enough else "failed"
    return "failed" if outcome.status == "succeeded" and not enough else outcome.status


def fate(outcomes: Iterable[Outcome]) -> Status:
    """What became of a run: the standing of the last of its current outcomes that is decided.

    Unknown when none is: a run of which nothing is known has not failed."""
    decided = [(precedence(one), standing(one)) for one in outcomes]
    known = [(rank, status) for rank, status in decided if status != "unknown"]
    return max(known)[1] if known else "unknown"


def link(outcome: Outcome) -> tuple[str, str]:
    """What an outcome speaks of: the narrowest link that is given, as (kind, id)."""
    return next((kind, text) for kind in LINKS if (text := getattr(outcome, kind)) is not None)


def only_links(outcome: Outcome) -> bool:
    """Whether a report says nothing but that a pull request belongs to something."""
    said = (outcome.status != "unknown", *(getattr(outcome, name) for name in FIGURES))
    return outcome.pull_request is not None and link(outcome)[0] != "pull_request" and not any(said)
