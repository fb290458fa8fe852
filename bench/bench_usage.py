"""Usage bodies: split and priced, against genai-prices' own extract and calculation.

Both run in one process and in turns, on bodies of the same kinds; times are processor time.
JEVONS_BENCH_BODIES sets how many bodies are split and priced (default 1,000,000).
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import genai_prices
import numpy as np
from genai_prices.data import providers

from bench.bodies import Template, templates
from bench.programs import scratch
from bench.tables import at_least, table
from jevons.app.price_book import load_book
from jevons.ledger.posting import price_context
from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.kernel import rate_many
from jevons.pricing.rate import rate
from jevons.usage.matrix import split_many
from jevons.usage.split import split
from jevons.vocabulary.charge import PRICE_STATES, Impossible, Split
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.observation import Observation

BODIES = int(os.environ.get("JEVONS_BENCH_BODIES", "1000000"))
CHUNK = 100_000
"""Bodies in memory at a time: as many as the ledger takes in one batch."""
SAMPLE = 4_000
"""So many bodies of each chunk are given to genai-prices too: every kind, several times."""

WHEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
WHEN_US = int(WHEN.timestamp()) * 1_000_000

FLOOR, AIM = 10, 50
"""How many times as fast as genai-prices, per core."""

Test = Callable[[Template], bool]
CORRECTIONS: dict[str, Test] = {
    "Vertex AI has its own price for gemini-2.0-flash": lambda kind: kind.host == "vertex",
    "turns outside the top-level counters are counted (`usage.iterations`)": lambda kind: (
        len(kind.usage.get("iterations") or ()) > 1
    ),
    "a sum above 200k is a loop of server tools, not one long context": lambda kind: bool(
        (kind.usage.get("server_tool_use") or {}).get("web_search_requests")
    ),
    "Mistral's `num_cached_tokens` are read from the cache": lambda kind: bool(
        kind.usage.get("num_cached_tokens")
    ),
    "audio of gpt-4o-audio-preview has rates of its own": lambda kind: "audio" in kind.model,
    "DeepSeek: off-peak weekend, retired names": lambda kind: kind.provider == "deepseek",
}
"""Why a price is not genai-prices', and which bodies that can concern; the price files and the
decisions name the sources."""
UNPRICED = "listed without a price: unknown to us, 0 to genai-prices"


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
    """List costs in whole 1e-15 USD and whether they are known; single: of the bodies that went
    one by one through the scalar path."""

    costs: np.ndarray
    known: np.ndarray
    single: dict[int, Decimal | None]

    def cost(self, row: int) -> Decimal | None:
        """The list cost of one body in USD, None if it has no price."""
        if row in self.single:
            return self.single[row]
        return from_femto(int(self.costs[row])) if self.known[row] else None


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
        values = dict(zip(("provider", "host", "model"), named[pair // ways], strict=True))
        served = matrix.servings[pair % ways]._asdict()
        values |= {name: value for name, value in served.items() if value and not values.get(name)}
        contexts.append(PriceContext(**values))
    times = np.array(given.times, dtype=np.int64)
    rated = rate_many(
        matrix.quantities, rows.astype(np.int32), contexts, times, matrix.tier_input, book
    )
    single: dict[int, Decimal | None] = {}
    for row in sorted(matrix.special.keys() | set(rated.slow.tolist())):
        single[row] = _one(given, row, matrix.special.get(row), book)
    return Priced(rated.list_cost, rated.state != PRICE_STATES.index("unknown"), single)


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


def theirs(kind: Template, whole: dict[str, Any]) -> Decimal:
    """genai-prices' own way: extract the usage from a response, calculate its price."""
    used = genai_prices.extract_usage(whole, provider_id=kind.provider, api_flavor=kind.flavor)
    return used.calc_price(genai_request_timestamp=WHEN).total_price


def can_price(kind: Template) -> bool:
    """Whether genai-prices has a price for bodies of a kind."""
    try:
        theirs(kind, response(kind, kind.usage))
    except (LookupError, ValueError):
        return False
    return True


# ------------------------------------------------------------------------------ the comparison


@dataclass(slots=True)
class Tally:
    """Processor seconds and bodies of both, and how often they agree."""

    our_seconds: float = 0.0
    our_bodies: int = 0
    their_seconds: float = 0.0
    their_bodies: int = 0
    single: int = 0
    equal: int = 0
    corrected: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def ours(self, given: Bodies, book: PriceBook) -> Priced:
        """Split and price all bodies."""
        start = time.process_time()
        priced = ours(given, book)
        self.our_seconds += time.process_time() - start
        self.our_bodies += len(given.of)
        self.single += len(priced.single)
        return priced

    def theirs(self, given: Bodies, priced: Priced) -> None:
        """Have genai-prices price a sample, and compare."""
        rows = range(min(SAMPLE, len(given.of)))
        kinds = [given.of[row] for row in rows]
        whole = [response(kind, given.usages[row]) for kind, row in zip(kinds, rows, strict=True)]
        start = time.process_time()
        found = [theirs(kind, one) for kind, one in zip(kinds, whole, strict=True)]
        self.their_seconds += time.process_time() - start
        self.their_bodies += len(found)
        for row, price in zip(rows, found, strict=True):
            self.compare(given.of[row], priced.cost(row), price)

    def compare(self, kind: Template, cost: Decimal | None, price: Decimal) -> None:
        """Count one body as equal, as corrected, or as unexplained."""
        if cost == price:
            self.equal += 1
            return
        why = next((why for why, concerns in CORRECTIONS.items() if concerns(kind)), None)
        if cost is None and price == 0:
            why = UNPRICED
        if why is None:
            self.unexplained.append(f"body {kind.number} ({kind.model}): {cost} and not {price}")
        else:
            self.corrected[why] += 1


def measure(kinds: list[Template], count: int, book: PriceBook) -> Tally:
    """Price so many bodies, a chunk at a time, genai-prices in turns with us."""
    tally = Tally()
    for start in range(0, count, CHUNK):
        given = bodies(kinds, start, min(CHUNK, count - start))
        priced = tally.ours(given, book)
        tally.theirs(given, priced)
    return tally


def show(tally: Tally, every: Tally) -> None:
    """Print the tables."""
    our = tally.our_seconds / tally.our_bodies
    their = tally.their_seconds / tally.their_bodies
    each = every.our_seconds / every.our_bodies
    promised = at_least(their / our, FLOOR, AIM, "x")
    rows = [
        ("genai-prices", f"{tally.their_bodies:,}", *_speed(their), "1x", ""),
        ("jevons", f"{tally.our_bodies:,}", *_speed(our), f"{their / our:.1f}x", promised),
        ("jevons, all kinds of bodies", f"{every.our_bodies:,}", *_speed(each), "", ""),
    ]
    head = ("split and price, one core", "bodies", "µs each", "bodies/s", "ratio", "promised")
    print(table(head, rows))
    print(f"\n{tally.single:,} of our bodies went one by one through the scalar path.\n")
    compared = [(f"equal to the last digit, of {tally.their_bodies:,}", f"{tally.equal:,}")]
    compared += [(f"corrected: {why}", f"{n:,}") for why, n in tally.corrected.most_common()]
    compared.append(("different for no listed reason", f"{len(tally.unexplained):,}"))
    print(table(("list cost of the sample", "bodies"), compared))


def _speed(seconds: float) -> tuple[str, str]:
    return f"{seconds * 1e6:.2f}", f"{1 / seconds:,.0f}"


def main() -> None:
    """Measure and print."""
    with scratch() as folder:
        book = load_book(folder)
    kinds, origin = templates()
    both = [kind for kind in kinds if can_price(kind)]
    print(
        f"{origin}, {len(both)} of a kind that genai-prices prices; every one with other numbers.\n"
    )
    measure(both, len(both), book)  # both sides warm their caches
    gc.disable()  # as an import does; neither makes cycles
    tally = measure(both, BODIES, book)
    every = Tally()
    every.ours(bodies(kinds, 0, min(BODIES, CHUNK)), book)
    show(tally, every)
    if tally.unexplained:
        raise SystemExit("\n".join(tally.unexplained[:20]))


if __name__ == "__main__":
    main()
