"""The border check for many observations at once: what `intake.accept` does to each.

Nearly all observations are canonical as they come. Those are recognised here, names that many share
once for all; each of the others goes through `accept`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, count
from operator import attrgetter
from typing import Any, Final

import numpy as np

from jevons.ledger.fields import OWN, PROFILE, Fields
from jevons.ledger.intake import (
    DEFAULTS,
    LARGEST,
    LONGEST,
    NAMES,
    accept,
    is_plain_usage,
    is_tidy,
    plain_tags,
)
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import EARLIEST_US, LATEST_US

_OWN_NAMES: Final = tuple(name for name in NAMES if name in OWN)
_OWN_IDS: Final = ("response_id", "request_id")
_LISTS: Final = ("aliases", "self_keys", "block_hashes")
_BAR: Final = "|"


def admit(observations: Sequence[Observation]) -> tuple[Fields, dict[int, str]]:
    """The fields and contents of the observations that may enter, made canonical in place, and why
    the others may not: position -> reason."""
    fields = Fields(observations)
    odd = _odd(fields)
    refused = {p: reason for p in sorted(odd) if (reason := accept(observations[p])) is not None}
    if refused:
        fields = Fields([one for p, one in enumerate(observations) if p not in refused])
    else:
        fields.renew(odd)
    return fields.write(), refused


def _odd(fields: Fields) -> set[int]:
    """Positions of the observations that may not be canonical; the others certainly are."""
    odd = set(_odd_profiles(fields))
    for name in (*_OWN_NAMES, *_OWN_IDS):
        odd.update(_odd_texts(fields.own(name), is_name=name in _OWN_NAMES))
    for name in _LISTS:
        lists = fields.own(name)
        odd.update(p for p in _filled(lists) if max(map(len, lists[p])) > LONGEST)
    tags = fields.own("tags")
    odd.update(p for p in _filled(tags) if plain_tags(tags[p]) is not tags[p])
    odd.update(p for p, cost in enumerate(fields.own("stated_cost")) if cost is not None)
    odd.update(_odd_numbers(fields.own("latency_ms"), 0, LARGEST, may_be_none=True))
    odd.update(_odd_numbers(fields.own("time"), EARLIEST_US, LATEST_US, may_be_none=False))
    odd.update(_odd_usages(fields))
    odd.update(_odd_defaults(fields))
    return odd


def _filled(column: list[Any]) -> list[int]:
    return list(compress(count(), column))


_PLACES: Final = tuple(PROFILE.index(name) for name in NAMES if name in PROFILE)
_PROVIDER, _ATTEMPT = PROFILE.index("provider"), PROFILE.index("attempt")
_canonical: set[tuple[Any, ...]] = set()
_MOST_REMEMBERED: Final = 4096


def _is_canonical(profile: tuple[Any, ...]) -> bool:
    """Whether the shared fields are as they should be; those that are, are remembered."""
    attempt = profile[_ATTEMPT]
    found = (
        bool(profile[_PROVIDER])
        and (attempt is None or 0 <= attempt < 2**31)
        and all(profile[place] is None or is_tidy(profile[place]) for place in _PLACES)
        and all(not isinstance(text, str) or len(text) <= LONGEST for text in profile)
    )
    if found and len(_canonical) < _MOST_REMEMBERED:
        _canonical.add(profile)
    return found


def _odd_profiles(fields: Fields) -> Iterator[int]:
    """Where a shared field is not as it should be."""
    flags = [
        profile not in _canonical and not _is_canonical(profile) for profile in fields.profiles
    ]
    if any(flags):
        yield from np.flatnonzero(np.array(flags)[fields.codes]).tolist()


def _odd_texts(column: list[str | None], *, is_name: bool) -> Iterable[int]:
    """Where a text is too long, or a name has blanks around it or control characters in it."""
    texts = [text for text in column if text is not None]
    if not texts:
        return ()
    joined = _BAR.join(texts) if is_name else ""
    doubtful = is_name and (
        not joined.isprintable() or "" in texts or "| " in joined or " |" in joined
        or joined[0] == " " or joined[-1] == " "
    )  # fmt: skip
    if not doubtful and max(map(len, texts)) <= LONGEST:
        return ()
    return [
        position
        for position, text in enumerate(column)
        if text is not None and (len(text) > LONGEST or (is_name and not is_tidy(text)))
    ]


def _odd_numbers(column: list[Any], low: int, high: int, *, may_be_none: bool) -> Iterable[int]:
    """Where there is no whole number from low to below high."""
    numbers = [number for number in column if number is not None] if may_be_none else column
    if not numbers or (
        set(map(type, numbers)) == {int} and low <= min(numbers) and max(numbers) < high
    ):
        return ()
    return [
        position
        for position, number in enumerate(column)
        if not (may_be_none and number is None)
        and not (type(number) is int and low <= number < high)
    ]


def _odd_usages(fields: Fields) -> Iterator[int]:
    """Where a usage holds what may be text, or there is none and the report does not say so."""
    for position, usage in enumerate(fields.own("usage")):
        if not usage:
            if fields.observations[position].completeness != "none":
                yield position
        elif not is_plain_usage(usage):
            yield position


def _odd_defaults(fields: Fields) -> Iterator[int]:
    """Where a text equals its field's default without being it."""
    for name, default in DEFAULTS:
        if default in fields.shared(name):
            values = map(attrgetter(name), fields.observations)
            for position, value in enumerate(values):
                if value is not default and value == default:
                    yield position
