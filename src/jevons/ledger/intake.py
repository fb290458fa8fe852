"""The border check: what an observation must satisfy before it may enter the books.

Reasons name fields and never repeat their values, which might be text of a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter, is_not
from typing import Any, Final

import msgspec

from jevons.vocabulary.money import MONEY_SCALE, parse_amount
from jevons.vocabulary.observation import DIMENSIONS, LABELS, Observation
from jevons.vocabulary.period import parse_time

LARGEST: Final = 2**53
"""Counts beyond this cannot be exact in every JSON reader, so no provider sends them."""

LONGEST: Final = 512
"""Characters of the longest name or id; longer ones are content in the wrong field."""

DEEPEST: Final = 32
"""Levels of objects and lists in a usage; no provider's has more than six."""


def accept(observation: Observation) -> str | None:
    """Bring an observation into canonical form in place; returns why it is refused, None if
    accepted.

    Canonical: `time` in epoch microseconds, names without surrounding blanks and without control
    characters, usage and tags without text, a stated cost that is an exact amount, completeness
    `none` without usage (unknown is never zero), and fields equal to their default the default
    itself, so that equal observations have equal encodings.
    """
    try:
        observation.time = parse_time(observation.time)
    except ValueError:
        return "time is no RFC 3339 text or epoch microseconds of the years 2000 to 2200"
    if (refused := _check_texts(observation)) is not None:
        return refused
    if not observation.provider:
        return "no provider is named"
    if observation.latency_ms is not None and not 0 <= observation.latency_ms < LARGEST:
        return f"latency_ms {observation.latency_ms} cannot be true"
    if observation.attempt is not None and not 0 <= observation.attempt < 2**31:
        return f"attempt {observation.attempt} cannot be true"
    if observation.stated_cost is not None and (refused := _stated(observation)):
        return refused
    if observation.usage:
        try:
            observation.usage = plain_usage(observation.usage)
        except ValueError as error:
            return str(error)
    if not observation.usage:
        observation.completeness = "none"
    if observation.tags:
        observation.tags = plain_tags(observation.tags)
    _share_defaults(observation)
    return None


NAMES: Final = ("provider", *(name for name in (*LABELS, *DIMENSIONS) if name != "provider"))
_names = attrgetter(*NAMES)
_IDS: Final = ("response_id", "request_id", "api", "source")
_texts = attrgetter(*NAMES, *_IDS)
_LISTS: Final = ("aliases", "self_keys", "block_hashes")
_BAR: Final = "|"


def _check_texts(observation: Observation) -> str | None:
    """Tidy the names; returns the complaint about a name or an id that is too long to be one."""
    texts = _texts(observation)
    joined = _BAR.join(filter(None, texts))
    edges = f"{_BAR}{joined}{_BAR}"
    if not joined.isprintable() or "| " in edges or " |" in edges or "" in texts:
        _tidy(observation)
        texts = _texts(observation)
    if len(joined) > LONGEST:  # or else none of them can be
        for name, text in zip((*NAMES, *_IDS), texts, strict=True):
            if text is not None and len(text) > LONGEST:
                return f"{name} has more than {LONGEST} characters"
    for name in _LISTS:
        entries = getattr(observation, name)
        if entries and max(map(len, entries)) > LONGEST:
            return f"an entry of {name} has more than {LONGEST} characters"
    return None


def _tidy(observation: Observation) -> None:
    """Take surrounding blanks and control characters out of names; an empty name is none."""
    for name, text in zip(NAMES, _names(observation), strict=True):
        if text is not None and not is_tidy(text):
            clean = "".join(c for c in text if c.isprintable()).strip()
            setattr(observation, name, clean if clean or name == "provider" else None)


def is_tidy(name: str) -> bool:
    """Whether a name is not empty and has no blanks around it or control characters in it."""
    return name.isprintable() and name[:1] > " " and name[-1] != " "


def _stated(observation: Observation) -> str | None:
    try:
        amount = parse_amount(observation.stated_cost)
    except ValueError:
        return "stated_cost is not a finite amount"
    if not amount:
        amount = Decimal(0)  # whatever its sign and exponent
    elif amount < 0:
        return "stated_cost is negative"
    elif amount.adjusted() > 9 or amount > 10**9:
        return "stated_cost is more than one call can cost"
    elif amount.adjusted() < -MONEY_SCALE - 1 or not round(amount, MONEY_SCALE):
        return f"stated_cost is not 0 but less than any amount of {MONEY_SCALE} decimal places"
    observation.stated_cost = format(round(amount, MONEY_SCALE), "f")
    return None


DEFAULTS: Final = tuple(
    (field.name, field.default)
    for field in msgspec.structs.fields(Observation)
    if isinstance(field.default, str)
)
_shared = attrgetter(*(name for name, _ in DEFAULTS))
_DEFAULT_TEXTS: Final = tuple(default for _, default in DEFAULTS)


def _share_defaults(observation: Observation) -> None:
    """Replace texts equal to their field's default by the default: only that one is left out when
    an observation is encoded."""
    texts = _shared(observation)
    if any(map(is_not, texts, _DEFAULT_TEXTS)):
        for (name, default), text in zip(DEFAULTS, texts, strict=True):
            if text is not default and text == default:
                setattr(observation, name, default)


_TAG: Final = re.compile(r"[\w .:/@#\-]{1,64}")
_TAG_LENGTH: Final = 200


def plain_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tags with a name for a key and one short line for a value; others may be content."""
    kept = {
        key: text
        for key, text in tags.items()
        if len(text) <= _TAG_LENGTH and text.isprintable() and _TAG.fullmatch(key)
    }
    return tags if len(kept) == len(tags) else kept


_KEY: Final = re.compile(r"[A-Za-z0-9_.\-/@: ]{1,64}")
_LABEL: Final = re.compile(r"[\w./:-]{1,64}")
_NUMBERED: Final = re.compile(r"#[0-9]{1,4}")
_TEXT_LENGTH: Final = 64
_CONTENT: Final = frozenset(
    {
        "answer", "arguments", "body", "completion", "content", "data", "delta", "description",
        "input", "input_text", "instruction", "instructions", "message", "messages", "notes",
        "output", "output_text", "parts", "prompt", "queries", "query", "question", "reasoning",
        "reasoning_content", "refusal", "response", "result", "results", "snippet", "summary",
        "system", "text", "thinking", "thought", "thoughts", "title", "tool_input", "tool_output",
        "transcript", "url", "user",
    }
)  # fmt: skip
"""Keys (lower case) whose text is content, however short; numbers and objects under them stay."""
_QUERIES: Final = frozenset({"webSearchQueries", "web_search_queries", "imageSearchQueries"})
"""Lists of queries that are billed by how many different ones there are."""
_TOOLS: Final = frozenset({"server_side_tools_used"})
"""Lists of names that are billed one by one."""

_seen_keys: set[str] = set()
_MOST_SEEN: Final = 4096


def plain_usage(usage: dict[str, Any]) -> dict[str, Any]:
    """A usage object without anything that may be text of a prompt or an answer.

    Kept: numbers, flags, nulls, and texts of one short line under keys that hold names; of a list
    of search queries how many different ones there are. Returns `usage` itself when nothing has
    to go. Raises ValueError when it is nested too deeply.
    """
    if is_plain_usage(usage):
        return usage
    if not _within(usage, DEEPEST):
        raise ValueError(f"usage is nested deeper than {DEEPEST} levels")
    return _cleaned(usage, {})


def is_plain_usage(usage: dict[str, Any]) -> bool:
    """Whether nothing has to go of a usage."""
    return _is_plain(usage, DEEPEST)


def _is_plain(usage: dict[str, Any], depth: int) -> bool:
    """Whether nothing has to go: the quick look at every usage."""
    for key, value in usage.items():
        if key not in _seen_keys and not _is_key(key):
            return False
        kind = type(value)
        if kind is int or value is None or kind is bool or kind is float:  # exact: a type test
            continue
        if kind is dict:
            if depth <= 1 or not _is_plain(value, depth - 1):
                return False
        elif kind is str:
            if not _is_name(key, value):
                return False
        elif kind is not list or not _is_plain_list(key, value, depth - 1):
            return False
    return True


def _is_plain_list(key: str, values: list[Any], depth: int) -> bool:
    if depth < 1:
        return False
    for value in values:
        kind = type(value)
        if kind is dict:
            if depth <= 1 or not _is_plain(value, depth - 1):
                return False
        elif kind is str:
            pattern = _NUMBERED if key in _QUERIES else _LABEL if key in _TOOLS else None
            if pattern is None or not pattern.fullmatch(value):
                return False
        elif kind is list:
            if not _is_plain_list("", value, depth - 1):
                return False
        elif not (kind is int or value is None or kind in (bool, float)):  # exact: a type test
            return False
    return True


def _is_key(key: Any) -> bool:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return False
    if len(_seen_keys) < _MOST_SEEN:
        _seen_keys.add(key)
    return True


def _is_name(key: str, text: str) -> bool:
    """Whether a text is a name or a number and not content."""
    if len(text) > _TEXT_LENGTH or not text.isprintable():
        return False
    return key.lower() not in _CONTENT or (text.isascii() and text.isdecimal())


def _within(value: Any, depth: int) -> bool:
    if isinstance(value, Mapping):
        return depth > 0 and all(_within(item, depth - 1) for item in value.values())
    if isinstance(value, (list, tuple)):
        return depth > 0 and all(_within(item, depth - 1) for item in value)
    return True


def _cleaned(usage: Mapping[str, Any], queries: dict[str, str]) -> dict[str, Any]:
    """What may stay of an object. queries: query -> the number that stands for it."""
    kept: dict[str, Any] = {}
    for key, value in usage.items():
        if not _is_key(key) or (isinstance(value, str) and not _is_name(key, value)):
            continue
        if isinstance(value, Mapping):
            kept[key] = _cleaned(value, queries)
        elif isinstance(value, (list, tuple)):
            kept[key] = _cleaned_list(key, value, queries)
        elif value is None or isinstance(value, (str, int, float, Decimal)):  # exact: a type test
            kept[key] = value
    return kept


def _cleaned_list(
    key: str, values: list[Any] | tuple[Any, ...], queries: dict[str, str]
) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if isinstance(value, Mapping):
            kept.append(_cleaned(value, queries))
        elif isinstance(value, (list, tuple)):
            kept.append(_cleaned_list("", value, queries))
        elif isinstance(value, str):
            if key in _QUERIES and value:
                kept.append(queries.setdefault(value, f"#{len(queries) + 1}"))
            elif key in _TOOLS and _LABEL.fullmatch(value):
                kept.append(value)
        elif value is None or isinstance(value, (int, float, Decimal)):  # exact: a type test
            kept.append(value)
    return kept
