"""The vectorised rater equals the scalar one, on random books, contexts, times and quantities."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.kernel import rate_many
from jevons.pricing.overlay import parse_price_file
from jevons.pricing.rate import rate
from jevons.pricing.schedule import instant
from jevons.vocabulary.charge import PRICE_STATES, Part
from jevons.vocabulary.money import to_femto
from jevons.vocabulary.units import UNIT_NAMES, Unit
from tests.unit.pricing.shipped import catalogue, file_of

MODELS = ("claude-haiku-5-5", "claude-opus-4-8", "gpt-5.6-sol", "no-such-model", "m")
PROVIDERS = ("anthropic", "openai", "acme")
UNITS = ("input", "cache_read", "cache_write_5m", "output", "reasoning", "web_searches", "images")
DAYS = ("2026-01-05", "2026-07-30", "2026-10-14", "2026-10-19")
ZONES = ("UTC", "+05:30", "America/New_York")

amounts = st.sampled_from(("0", "0.01", "0.15", "3", "12.5", "0.0416666666666667"))
prices = st.dictionaries(st.sampled_from(UNITS), amounts, min_size=1, max_size=4).map(
    lambda found: "{" + ", ".join(f"{unit}: '{price}'" for unit, price in found.items()) + "}"
)
clock = st.integers(0, 23).map(lambda hour: f"'{hour:02d}:30'")


@st.composite
def entries(draw: st.DrawFn) -> str:
    lines = [
        f"provider: {draw(st.sampled_from(PROVIDERS))}",
        f"models: ['{draw(st.sampled_from((*MODELS, '*', 'claude-*')))}']",
        "source: https://example.com",
        f"recorded_at: 2026-0{draw(st.integers(1, 9))}-01",
    ]
    for axis, values in (("region", ("us", "eu")), ("speed", ("fast",)), ("batch", ("true",))):
        if draw(st.integers(0, 4)) == 0:
            lines.append(f"{axis}: {draw(st.sampled_from(values))}")
    if draw(st.booleans()):
        lines.append(f"valid_from: {draw(st.sampled_from(DAYS[:3]))}")
    if draw(st.integers(0, 3)) == 0:
        lines.append(f"valid_to: {DAYS[3]}")
    if draw(st.integers(0, 3)) == 0:
        days = draw(st.sampled_from(("mon-fri", "sat, sun", "mon-sun")))
        hours = f"from: {draw(clock)}, to: {draw(clock)}"
        lines.append(
            f"windows: [{{days: '{days}', {hours}, zone: '{draw(st.sampled_from(ZONES))}'}}]"
        )
    kind = draw(st.integers(0, 5))
    if kind == 0:
        lines.append(f"multiplier: {draw(st.sampled_from(('0', '0.5', '1', '1.1')))}")
    elif kind == 1:
        lines += ["contract: C", f"discount: {draw(st.sampled_from(('0%', '12.5%', '100%')))}"]
        lines.append(f"included: {draw(st.sampled_from(('true', 'false')))}")
    elif kind == 2:
        lines.append("withdrawn: retired")
    else:
        lines.append(f"per_million: {draw(prices)}")
        if draw(st.booleans()):
            lines.append(f"above: [{{input_tokens: 1000, per_million: {draw(prices)}}}]")
    return "\n".join(lines)


contexts = st.builds(
    PriceContext,
    provider=st.sampled_from(PROVIDERS),
    model=st.sampled_from(MODELS),
    region=st.sampled_from((None, "global", "us", "eu")),
    speed=st.sampled_from((None, "standard", "fast")),
    batch=st.sampled_from((None, False, True)),
)
times = st.integers(instant("2025-12-01"), instant("2026-12-01"))
tokens = st.one_of(st.integers(0, 3), st.integers(0, 300_000), st.integers(0, 2**62))
rows = st.tuples(
    st.integers(0, 4),
    times,
    st.sampled_from((0, 1000, 1001, 100_001, 272_001)),
    st.dictionaries(st.sampled_from(UNITS), tokens, max_size=4),
)


def columns(drawn: list[tuple[int, int, int, dict[str, int]]]) -> tuple[Any, ...]:
    quantities = np.zeros((len(drawn), len(UNIT_NAMES)), np.int64)
    for row, (_, _, _, used) in enumerate(drawn):
        for unit, count in used.items():
            quantities[row, UNIT_NAMES.index(Unit(unit))] = count
    index, moments, tiers, _ = zip(*drawn, strict=True)
    return quantities, np.array(index, np.int32), np.array(moments), np.array(tiers)


@given(
    st.lists(entries(), max_size=6),
    st.lists(contexts, min_size=5, max_size=5),
    st.lists(rows, min_size=1, max_size=20),
)
def test_the_kernel_equals_the_reference_to_the_last_digit(
    texts: list[str],
    places: list[PriceContext],
    drawn: list[tuple[int, int, int, dict[str, int]]],
) -> None:
    parsed = parse_price_file(file_of(*texts), "random") if texts else []
    book = PriceBook(catalogue(), parsed)
    quantities, index, moments, tiers = columns(drawn)
    matrix = rate_many(quantities, index, places, moments, tiers, book)
    slow = set(matrix.slow.tolist())
    for row, (position, time_us, tier, used) in enumerate(drawn):
        card = book.match(places[position], time_us, tier)
        one = rate(Part({Unit(u): n for u, n in used.items()}, None, tier), card)
        if row in slow:
            continue
        assert matrix.cards[matrix.card[row]] == card
        assert PRICE_STATES[matrix.state[row]] == one.price_state
        for name in ("list_cost", "contracted_cost", "billed_cost", "effective_cost"):
            amount = getattr(one, name)
            assert int(getattr(matrix, name)[row]) == (0 if amount is None else to_femto(amount))
        assert matrix.reasons.get(row, one.reason) == one.reason


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=30))
def test_only_rows_that_may_not_fit_go_the_scalar_way(counts: list[int]) -> None:
    book = PriceBook(catalogue())
    context = PriceContext("anthropic", model="claude-opus-4-8")
    drawn = [(0, instant("2026-06-01"), 0, {"input": n, "output": n // 7}) for n in counts]
    quantities, index, moments, tiers = columns(drawn)
    matrix = rate_many(quantities, index, [context], moments, tiers, book)
    slow = set(matrix.slow.tolist())
    for row, n in enumerate(counts):
        exact = n * 5_000_000_000 + n // 7 * 25_000_000_000  # femto-dollars
        if exact >= 2**63:
            assert row in slow
        if exact < 2**61:
            assert row not in slow
        if row not in slow:
            assert int(matrix.list_cost[row]) == exact
