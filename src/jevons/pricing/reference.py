"""Model references: the forms in which one model is named, nearest to the given one first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

_BRACKETS: Final = re.compile(r"\[[^\]]*\]$")
"""Claude Code writes the context window behind the model: `claude-opus-4-8[1m]`."""
_PUBLISHED: Final = re.compile(r"^.*publishers/[^/]+/models/")
_AT_DATE: Final = re.compile(r"@(20\d{6})$")
_AT_ALIAS: Final = re.compile(r"@(?:default|latest|\d{3})$")
_PROFILE: Final = re.compile(r"^(?:us-gov|us|eu|apac|jp|au|ca|in|sa)\.(?=[a-z0-9-]+\.)")
_FINE_TUNED: Final = re.compile(r"^ft:([^:]+):(.*)$")
_ROUTE_WORDS: Final = frozenset(
    {"models", "converse", "converse_like", "invoke", "responses", "chat", "us", "eu", "global",
     "global-standard"}
)  # fmt: skip
"""First segments of a reference that name a route, not a maker."""


def references(model: str, names_provider: Callable[[str], bool]) -> Iterator[str]:
    """The references to try for a model, each once, beginning with the one given.

    names_provider: whether a first path segment names the provider that the call went to, so that
    it can be dropped (`openai/gpt-5.4` at OpenAI).
    """
    seen = set()
    for form in _forms(model.strip().lower(), names_provider):
        if form and form not in seen:
            seen.add(form)
            yield form


def _forms(model: str, names_provider: Callable[[str], bool]) -> Iterator[str]:
    yield model
    bare = _BRACKETS.sub("", model)
    yield bare
    bare = _PUBLISHED.sub("", bare)
    yield bare
    bare = _without_routes(bare, names_provider)
    yield bare
    yield _AT_DATE.sub(r"-\1", bare)
    yield _AT_ALIAS.sub("", bare)
    if bare.startswith("arn:"):
        bare = bare.rpartition("/")[2]
        yield bare
    # A geography without a price of its own costs what in-region inference costs; the region axis
    # still has to be known to a price.
    yield _PROFILE.sub("", bare)
    tuned = _FINE_TUNED.match(bare)
    if tuned:
        yield f"{tuned[1]}.ft-{tuned[2]}"


def _without_routes(reference: str, names_provider: Callable[[str], bool]) -> str:
    """The reference without leading segments that name a route or the provider itself."""
    first, slash, rest = reference.partition("/")
    while slash and (first in _ROUTE_WORDS or names_provider(first)):
        reference = rest
        first, slash, rest = reference.partition("/")
    return reference
