"""Usage bodies: split and priced, against genai-prices' own extract and calculation.

Both run in one process and in turns, on bodies of the same kinds; times are processor time.
JEVONS_BENCH_BODIES sets how many bodies are split and priced (default 1,000,000).
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
import numpy as np
from genai_prices.data import providers

from bench.bodies import Template, templates
from bench.machine import limit, table
from jevons.app.price_book import load_book
from jevons.ledger.posting import price_context
from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.kernel import rate_many
from jevons.pricing.rate import rate
from jevons.usage.matrix import split_many
from jevons.usage.split import split
from jevons.vocabulary.charge import Impossible, Split
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.observation import Observation

BODIES = int(os.environ.get("JEVONS_BENCH_BODIES", "1000000"))
CHUNK = 100_000
"""Bodies in memory at a time: as many as the ledger takes in one batch."""
SHARE = 25
"""One body in so many is given to genai-prices too."""

WHEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
WHEN_US = int(WHEN.timestamp()) * 1_000_000

CORRECTIONS: dict[int, str] = {}


@dataclass(slots=True)
class Bodies:
    """Bodies as a program has them in memory: one list per field, and each one's template."""

    of: list[Template] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)
    apis: list[str | None] = field(default_factory=list)
    hosts: list[str | None] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    usages: list[dict[str, Any]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Priced:
    """List costs in whole 1e-15 USD, -1 where the vectorised kernels leave it to the scalar path."""

    costs: np.ndarray
    single: dict[int, Decimal | None]


def bodies(kinds: list[Template], start: int, count: int) -> Bodies:
    """Bodies number `start` and following, each of the next kind in turn."""
    made = Bodies()
    for serial in range(start, start + count):
        kind = kinds[serial % len(kinds)]
        made.of.append(kind)
        made.providers.append(kind.provider)
        made.apis.append(kind.api)
        made.hosts.append(kind.host)
        made.models.append(kind.model)
        made.usages.append(kind.variant(serial, serial // len(kinds)))
        made.times.append(WHEN_US + serial)
    return made


def ours(given: Bodies, book: PriceBook) -> Priced:
    """Split, find the contexts, rate: what the ledger does with a batch of calls."""
    matrix = split_many(given.providers, given.apis, given.usages)
    index: dict[tuple[Any, ...], int] = {}
    keys = zip(given.providers, given.hosts, given.models, strict=True)
    profiles = np.array([index.setdefault(key, len(index)) for key in keys], dtype=np.int64)
    named = list(index)
    ways = len(matrix.servings)
    pairs, rows = np.unique(profiles * ways + matrix.served, return_inverse=True)
    contexts = []
    for pair in pairs.tolist():
        provider, host, model = named[pair // ways]
        served = matrix.servings[pair % ways]._asdict()
        contexts.append(PriceContext(provider=provider, host=host, model=model, **served))
    times = np.array(given.times, dtype=np.int64)
    rated = rate_many(
        matrix.quantities, rows.astype(np.int32), contexts, times, matrix.tier_input, book
    )
    single: dict[int, Decimal | None] = {}
    for row in sorted(matrix.special.keys() | set(rated.slow.tolist())):
        single[row] = _one(given, row, matrix.special.get(row), book)
    return Priced(rated.list_cost, single)


def _one(
    given: Bodies, row: int, found: Split | Impossible | None, book: PriceBook
) -> Decimal | None:
    """The list cost of one body by the scalar reference."""
    if found is None:
        found = split(given.providers[row], given.apis[row], given.usages[row])
    if isinstance(found, Impossible):
        return None
    call = Observation(
        provider=given.providers[row],
        time=given.times[row],
        host=given.hosts[row],
        response_model=given.models[row],
    )
    total: Decimal | None = None
    for part in found.parts:
        context = price_context(call, found, part.model)
        rated = rate(part, book.match(context, given.times[row], part.tier_input_tokens))
        if rated.list_cost is not None:
            total = (total or Decimal(0)) + rated.list_cost
    return total


# ------------------------------------------------------------------------------ genai-prices


def responses(given: Bodies, rows: range) -> list[dict[str, Any]]:
    """The bodies inside a response, where genai-prices looks for them."""
    return [response(given.of[row], given.usages[row]) for row in rows]


def response(kind: Template, usage: dict[str, Any]) -> dict[str, Any]:
    """A response with this usage and the model. Raises LookupError if genai-prices reads none."""
    provider = next((p for p in providers if p.id == kind.provider), None)
    found = [e for e in (provider and provider.extractors) or [] if e.api_flavor == kind.flavor]
    if not found:
        raise LookupError(f"genai-prices reads no {kind.flavor} responses of {kind.provider}")
    whole: dict[str, Any] = {}
    for path, value in ((found[0].root, usage), (found[0].model_path, kind.model)):
        place, steps = whole, [path] if isinstance(path, str) else [str(step) for step in path]
        for step in steps[:-1]:
            place = place.setdefault(step, {})
        place[steps[-1]] = value
    return whole


def theirs(given: Bodies, rows: range, whole: list[dict[str, Any]]) -> list[Decimal]:
    """genai-prices' own way: extract the usage from each response, calculate its price."""
    found = []
    for row, one in zip(rows, whole, strict=True):
        kind = given.of[row]
        used = genai_prices.extract_usage(one, provider_id=kind.provider, api_flavor=kind.flavor)
        price = used.calc_price(genai_request_timestamp=WHEN)
        found.append(price.total_price)
    return found


def can_price(kind: Template) -> bool:
    """Whether genai-prices has a price for bodies of a kind."""
    try:
        whole = response(kind, kind.usage)
        used = genai_prices.extract_usage(
            whole, provider_id=kind.provider, api_flavor=kind.flavor
        )
        used.calc_price(genai_request_timestamp=WHEN)
    except (LookupError, ValueError):
        return False
    return True
