"""Invariants of the price book and the scalar rater."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from jevons.pricing.context import PriceContext, normalise
from jevons.pricing.rate import rate
from jevons.pricing.schedule import Window, instant, offset_minutes
from jevons.vocabulary.charge import Part, RateCard
from jevons.vocabulary.units import UNIT_NAMES, Unit
from tests.unit.pricing.shipped import shipped_book

text = st.one_of(
    st.none(),
    st.sampled_from(("standard", "flex", "us", "global", "batch", "fast", "eu-west-1", "vertex")),
    st.text(max_size=12),
)
contexts = st.builds(
    PriceContext,
    provider=st.one_of(text, st.sampled_from(("anthropic", "openai", "bedrock", "vertex_ai"))),
    host=text,
    region=text,
    service_tier=text,
    batch=st.sampled_from((None, False, True)),
    speed=text,
    model=st.one_of(text, st.sampled_from(("claude-opus-4-8", "gpt-4o", "gemini-2.5-pro"))),
)
times = st.integers(instant("2024-01-01"), instant("2027-12-31"))
quantities = st.dictionaries(st.sampled_from(UNIT_NAMES[:-1]), st.integers(0, 10**9), max_size=6)


@given(contexts)
def test_normalising_twice_changes_nothing(context: PriceContext) -> None:
    once = normalise(context)
    assert normalise(once) == once


@given(contexts, times, st.integers(0, 10**6))
def test_any_context_has_a_card_or_a_reason(context: PriceContext, time_us: int, tier: int) -> None:
    found = shipped_book().match(context, time_us, tier)
    if isinstance(found, RateCard):
        assert found.source and found.entry
        assert found.list_unit_price or found.included
        assert min(found.list_unit_price.values(), default=Decimal(0)) >= 0
    else:
        assert found.reason
    assert shipped_book().match(context, time_us, tier) is found


@given(times, st.integers(0, 10**6), st.sampled_from(("ultra", "turbo", "warp-9", "Flexx")))
def test_an_unknown_tier_is_never_the_standard_price(time_us: int, tier: int, word: str) -> None:
    for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-opus-4-8")):
        for axis in ("service_tier", "speed", "region"):
            context = PriceContext(provider, model=model, **{axis: word})  # type: ignore[arg-type]
            assert not isinstance(shipped_book().match(context, time_us, tier), RateCard)


@given(
    quantities,
    times,
    st.sampled_from(("complete", "partial", "none")),
    st.one_of(st.none(), st.decimals(0, 10**6, places=15)),
    st.sampled_from(("provider", "client")),
)
def test_lines_sum_exactly_and_unknown_is_never_zero(
    used: dict[Unit, int],
    time_us: int,
    completeness: str,
    stated: Decimal | None,
    by: str,
) -> None:
    for model in ("claude-opus-4-8", "no-such-model"):
        card = shipped_book().match(PriceContext("anthropic", model=model), time_us, 0)
        rated = rate(
            Part(used),
            card,
            completeness=completeness,
            stated_cost=stated,
            stated_by=by,  # type: ignore[arg-type]
        )
        for name in ("list_cost", "contracted_cost", "billed_cost", "effective_cost"):
            total = getattr(rated, name)
            costs = [c for line in rated.lines if (c := getattr(line, name)) is not None]
            if total is not None:
                assert sum(costs, Decimal(0)) == total
        assert (rated.price_state == "unknown") == (rated.effective_cost is None)
        if stated is not None and by == "provider":
            assert rated.effective_cost == stated


@given(st.integers(0, 2**51), st.integers(0, 1439), st.integers(0, 1440), st.integers(1, 7))
def test_a_window_and_its_complement_share_the_week(
    time_us: int, start: int, end: int, day: int
) -> None:
    zone = "Europe/Berlin"
    window = Window(start, end, (day,), zone)
    local = time_us // 60_000_000 + offset_minutes(zone, time_us // 60_000_000)
    today, minute = divmod(local, 1440)
    begins_today = (today + 3) % 7 + 1 == day
    begins_yesterday = (today + 2) % 7 + 1 == day
    if start <= end:
        expected = begins_today and start <= minute < end
    else:
        expected = (begins_today and minute >= start) or (begins_yesterday and minute < end)
    assert window.holds(time_us) == expected
