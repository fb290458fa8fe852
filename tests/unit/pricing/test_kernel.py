"""The vectorised rater on cases that random ones rarely hit (those are property tests)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jevons.pricing.book import PriceBook
from jevons.pricing.context import PriceContext
from jevons.pricing.kernel import RatedMatrix, rate_many
from jevons.pricing.rate import rate
from jevons.pricing.schedule import instant
from jevons.vocabulary.charge import PRICE_STATES, Part
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.units import UNIT_NAMES, Quantities, Unit
from tests.unit.pricing.shipped import book_of, shipped_book

NOW = instant("2026-11-22T12:00:00Z")
URL = "source: https://example.com"
Row = tuple[PriceContext, dict[str, int], int, int]


def rated(book: PriceBook, rows: Sequence[Row]) -> RatedMatrix:
    quantities = np.zeros((len(rows), len(UNIT_NAMES)), np.int64)
    for row, (_, used, _, _) in enumerate(rows):
        for unit, count in used.items():
            quantities[row, UNIT_NAMES.index(Unit(unit))] = count
    contexts = list(dict.fromkeys(row[0] for row in rows))
    return rate_many(
        quantities,
        np.array([contexts.index(row[0]) for row in rows], np.int32),
        contexts,
        np.array([row[2] for row in rows], np.int64),
        np.array([row[3] for row in rows], np.int64),
        book,
    )


def assert_equal_to_scalar(book: PriceBook, rows: Sequence[Row]) -> RatedMatrix:
    matrix = rated(book, rows)
    slow = set(matrix.slow.tolist())
    for i, (context, used, time_us, tier) in enumerate(rows):
        quantities: Quantities = {Unit(u): n for u, n in used.items()}
        one = rate(Part(quantities), book.match(context, time_us, tier))
        if i in slow:
            continue
        assert PRICE_STATES[matrix.state[i]] == one.price_state, (i, one.reason)
        for name in ("list_cost", "contracted_cost", "billed_cost", "effective_cost"):
            amount = getattr(one, name)
            assert from_femto(int(getattr(matrix, name)[i])) == (amount or 0), (i, name)
        if i in matrix.reasons:
            assert matrix.reasons[i] == one.reason
    return matrix


def test_no_rows() -> None:
    matrix = rated(shipped_book(), [])
    assert len(matrix.list_cost) == len(matrix.slow) == 0 and matrix.cards == []


def test_states() -> None:
    known = PriceContext("anthropic", model="claude-opus-4-8")
    rows: list[Row] = [
        (known, {"input": 1000, "output": 5}, NOW, 1000),
        (known, {"input": 1000, "images": 1}, NOW, 1000),
        (known, {"images": 1}, NOW, 0),
        (known, {}, NOW, 0),
        (PriceContext("openai", model="gpt-7"), {"input": 1}, NOW, 1),
        (PriceContext("google", model="gemma-3"), {"input": 9}, NOW, 9),
        (PriceContext("github-copilot", model="gpt-4.1"), {"input": 9}, NOW, 9),
    ]
    matrix = assert_equal_to_scalar(shipped_book(), rows)
    states = [PRICE_STATES[state] for state in matrix.state]
    assert states[:6] == ["exact", "lower_bound", "unknown", "exact", "unknown", "free"]
    # Included without a list price: the list cost is none, which a number cannot say.
    assert matrix.slow.tolist() == [6]
    assert matrix.reasons[1].startswith("no price for images in ")


def test_time_windows_bands_and_minimums() -> None:
    deepseek = PriceContext("deepseek", model="deepseek-v4-flash")
    haiku = PriceContext("anthropic", model="claude-haiku-5-5")
    whisper = PriceContext("groq", model="whisper-large-v3")
    sonar = PriceContext("perplexity", model="sonar")
    times = ["2026-08-16T02:00:00Z", "2026-11-20T02:00:00Z", "2026-11-21T02:00:00Z"]
    rows: list[Row] = [(deepseek, {"input": 10, "output": 7}, instant(t), 10) for t in times]
    rows += [(haiku, {"input": n}, NOW, n) for n in (1, 100_000, 100_001)]
    rows += [(whisper, {"audio_seconds": n}, NOW, 0) for n in (0, 3, 30)]
    rows += [(sonar, used, NOW, 1) for used in ({"input": 1}, {"input": 1, "requests": 3}, {})]
    matrix = assert_equal_to_scalar(shipped_book(), rows)
    assert matrix.slow.tolist() == []
    assert len(matrix.cards) == 7


def test_named_time_zones_and_windows_over_midnight() -> None:
    book = book_of(
        f"provider: acme\nmodels: [m]\nper_million: {{input: 1}}\n{URL}",
        "provider: acme\nmodels: [m]\nwindows:\n"
        "  - {days: fri, from: '22:00', to: '08:00', zone: America/New_York}\n"
        f"per_million: {{input: 2}}\n{URL}",
    )
    context = PriceContext("acme", model="m")
    hours = range(instant("2026-10-30") // 3_600_000_000, instant("2026-11-10") // 3_600_000_000)
    rows: list[Row] = [(context, {"input": 1}, hour * 3_600_000_000, 1) for hour in hours]
    matrix = assert_equal_to_scalar(book, rows)
    assert set(matrix.card.tolist()) == {0, 1}


def test_a_cost_beyond_the_range_goes_the_scalar_way_and_the_rest_stays() -> None:
    context = PriceContext("anthropic", model="claude-opus-4-8")
    rows: list[Row] = [
        (context, {"input": 10**12, "output": 1}, NOW, 10**12),  # 5 million USD
        (context, {"input": 10**8}, NOW, 10**8),  # 500 USD
        (context, {"input": 9 * 10**18}, NOW, 0),
    ]
    matrix = assert_equal_to_scalar(shipped_book(), rows)
    assert matrix.slow.tolist() == [0, 2]


def test_many_contexts_and_chunks() -> None:
    models = [m.id for m in shipped_book().catalogue.by_id["openrouter"].models]
    contexts = [PriceContext("openrouter", model=model) for model in models]
    rng = np.random.default_rng(7)
    rows: list[Row] = [
        (contexts[int(i)], {"input": int(n), "output": int(n) // 3}, NOW, int(n))
        for i, n in zip(
            rng.integers(0, len(contexts), 40_000), rng.integers(0, 9999, 40_000), strict=True
        )
    ]
    matrix = rated(shipped_book(), rows)
    for i in range(0, len(rows), 997):
        context, used, time_us, tier = rows[i]
        part = Part({Unit(u): n for u, n in used.items()})
        one = rate(part, shipped_book().match(context, time_us, tier))
        assert from_femto(int(matrix.list_cost[i])) == (one.list_cost or 0)
        assert PRICE_STATES[matrix.state[i]] == one.price_state


def test_a_contract_that_prices_more_than_the_list_goes_the_scalar_way() -> None:
    book = book_of(
        "provider: openai\nmodels: [gpt-4o]\ncontract: C\nper_unit: {images: 1}\nsource: C"
    )
    rows: list[Row] = [(PriceContext("openai", model="gpt-4o"), {"images": 2}, NOW, 0)]
    matrix = rated(book, rows)
    assert matrix.slow.tolist() == [0]
    one = rate(Part({Unit("images"): 2}), book.match(rows[0][0], NOW, 0))
    assert (one.list_cost, one.contracted_cost, one.price_state) == (None, 2, "exact")
