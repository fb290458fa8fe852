"""The total cost is the ledger: every dollar in one cell and one component, whatever is asked."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jevons.analysis.total_cost import (
    COMPONENTS,
    NATURES,
    VIEWS,
    CostLine,
    component_of,
    total_cost,
)
from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.vocabulary.money import from_femto, to_femto
from tests.conftest import PROVING
from tests.unit.stores.sample import DAY, T0, mixed, opened

HEAD = 'schema = "jevons.boundary/v1"\nname = "own"\n'

ELEMENTS = (
    'kind = "seat"\nname = "copilot"\nprice = 19\nper = "month"\nteam = "search"',
    'kind = "seat"\nname = "chat"\nprice = 0.07\nper = "week"\nquantity = 3\nperson = "person-1"',
    'kind = "plan"\nname = "max"\nprice = 20\nper = "month"\ncalls = {harness = "codex"}',
    'kind = "plan"\nname = "pro"\nprice = 9\nper = "week"\nallowance = 0.001\noverage = 1\n'
    'calls = {harness = "claude-code", team = "payments"}',
    'kind = "plan"\nname = "tokens"\nprice = 5\nper = "month"\nallowance = 700\n'
    'allowance_unit = "tokens"\noverage = 0.5\ncalls = {task_type = "chat"}',
    'kind = "gpu"\nname = "node"\nprice = 3100.01\nlife_months = 17\npower_kw = 0.7\npue = 1.3\n'
    'electricity_price = 0.171\nutilisation = 0.37\nallocate = "tokens"',
    'kind = "gpu"\nname = "meter"\nprice = 300\nlife_months = 12\ntokens_per_second = 0.01\n'
    'calls = {provider = "openai"}\nallocate = "calls"',
    'kind = "platform"\nname = "tracing"\nprice = 10\nper = "month"\nallocate = "runs"',
    'kind = "vector_store"\nname = "store"\nprice = 4.44\nper = "month"\nallocate = "seats"',
    'kind = "tool"\nname = "search"\nprice = 1\nper = "day"\nallocate = "shares"\n'
    "shares.team = {search = 33.3, payments = 12}",
    'kind = "people"\nname = "review"\nminutes = 37\nrate = 71\nper = "week"\nallocate = "runs"',
    'kind = "people"\nname = "rework"\nminutes = 1.7\nrate = 90\nteam = "payments"\n'
    'allocate = "tokens"',
    'kind = "energy"\nname = "rack"\nkwh = 3.3\nelectricity_price = 0.21\nper = "day"',
    'kind = "loss"\nname = "refund"\nprice = 11.11',
    'kind = "platform"\nname = "rebate"\nprice = -3\nper = "month"\nallocate = "tokens"',
)


@contextmanager
def ledger(calls: int, elements: list[int]) -> Iterator[Jevons]:
    """A ledger of calls of all kinds, and a boundary of some elements."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with opened(place / "home", clock=lambda: T0 + 60 * DAY) as jevons:
            if calls:
                jevons.store.seal(mixed(calls))
            text = HEAD
            for number, kind in enumerate(elements):
                start = ("2026-09-15", "2026-09-30", "2026-10-31")[number % 3]
                text += f"[[element]]\n{ELEMENTS[kind]}\nvalid_from = {start}\n"
            (place / "own.toml").write_text(text)
            if elements:
                jevons.add_boundary(place / "own.toml")
            yield jevons


def charged(jevons: Jevons, column: str) -> Decimal:
    """The sum of a cost over the charge table, by a query of its own."""
    files = jevons.store.books.charges.files()
    if not files:
        return Decimal(0)
    (row,) = jevons.store.books.arrow(
        f"SELECT sum({column}) AS total FROM read_parquet(?)", [files]
    ).to_pylist()
    return row["total"] or Decimal(0)


CASES = settings(
    max_examples=200 if PROVING else 5, phases=[Phase.explicit, Phase.generate, Phase.target]
)
SOME = st.lists(st.sampled_from(range(len(ELEMENTS))), max_size=9, unique=True)


@CASES
@given(st.integers(0, 40), SOME)
def test_the_total_is_calls_and_charges(calls: int, elements: list[int]) -> None:
    with ledger(calls, elements) as jevons:
        for view, column in VIEWS.items():
            account = jevons.total_cost(Query(), view)
            of_calls = getattr(jevons.report(Query()).total, column) or Decimal(0)
            total = from_femto(account.total.total)
            assert total == of_calls + charged(jevons, column), view
            assert sum(c.cost for c in account.total.components) == account.total.total
            assert sum(c.cost for c in account.total.cells) == account.total.total
            assert [c.name for c in account.total.components] == list(COMPONENTS)
            assert account.calls == jevons.report(Query()).total.calls
            assert account.unknown_calls == jevons.report(Query()).total.unknown_calls
        assert jevons.verify().first_difference is None


@CASES
@given(st.integers(1, 30), SOME.filter(bool), st.sampled_from(list(VIEWS)))
def test_rows_periods_and_parts_sum_to_the_total(
    calls: int, elements: list[int], view: str
) -> None:
    with ledger(calls, elements) as jevons:
        whole = jevons.total_cost(Query(), view).total
        for by in (("team",), ("task_type", "month"), ("person",), ("model",), ("week", "team")):
            account = jevons.total_cost(Query(by=by), view)
            assert sum(total.total for _, _, total in account.rows) == whole.total, by
            assert {c.name: c.cost for c in account.total.components} == {
                c.name: c.cost for c in whole.components
            }
        cuts = ("2026-01-01", "2026-09-22", "2026-10-14", "2027-01-01")
        parts = [
            jevons.total_cost(Query(since=since, until=until), view).total.total
            for since, until in itertools.pairwise(cuts)
        ]
        assert sum(parts) == whole.total
        teams = [
            jevons.total_cost(Query(where=(("team", team),)), view).total.total
            for team in ("", "payments", "search", "o'brien")
        ]
        assert sum(teams) == whole.total


LINES = st.lists(
    st.builds(
        CostLine,
        dimensions=st.just(()),
        nature=st.sampled_from(NATURES),
        cost=st.integers(-(10**20), 10**20),
        purpose=st.sampled_from((None, "unknown", "answer", "plan", "retry", "tool")),
        fate=st.sampled_from((None, "unknown", "succeeded", "failed", "abandoned")),
        errored=st.booleans(),
        charge=st.sampled_from(("call", "idle", "unused", "amortised")),
        provenance=st.sampled_from((None, "invoiced", "metered", "allocated")),
        unallocated=st.booleans(),
    ),
    max_size=60,
)


@given(LINES, st.randoms(use_true_random=False))
def test_every_line_is_in_one_component_in_any_order(lines: list[CostLine], order: Any) -> None:
    total = total_cost(lines)
    assert sum(c.cost for c in total.components) == total.total == sum(x.cost for x in lines)
    assert sum(c.cost for c in total.cells) == total.total
    mixed_up = list(lines)
    order.shuffle(mixed_up)
    assert total_cost(mixed_up) == total


def test_the_first_rule_that_matches_decides() -> None:
    line = CostLine((), "reasoning", 1, purpose="answer", fate="unknown")
    assert component_of(line) == "hidden_reasoning"
    assert component_of(replace(line, nature="visible_output")) == "visible_tokens"
    assert component_of(replace(line, purpose="plan")) == "orchestration_overhead"
    assert component_of(replace(line, purpose="unknown")) == "hidden_reasoning"
    assert component_of(replace(line, nature="tool")) == "orchestration_overhead"
    assert component_of(replace(line, fate="failed", purpose="plan")) == "errors_and_failures"
    assert component_of(replace(line, errored=True, nature="tool")) == "errors_and_failures"
    assert component_of(replace(line, fate="abandoned")) == "hidden_reasoning"
    for nature in ("capacity", "seat", "platform", "energy", "training"):
        assert component_of(CostLine((), nature, 1, fate="failed")) == "infrastructure"
    assert component_of(CostLine((), "labour", 1, fate="failed")) == "human_review"
    assert component_of(CostLine((), "loss", 1)) == "errors_and_failures"


def test_a_plan_is_not_paid_beside_its_calls() -> None:
    with ledger(30, [2]) as jevons:
        total = jevons.total_cost(Query(where=(("harness", "codex"),))).total
        billed = jevons.total_cost(Query(where=(("harness", "codex"),)), "billed").total
        listed = jevons.total_cost(Query(where=(("harness", "codex"),)), "list").total
        of_calls = jevons.report(Query(where=(("harness", "codex"),))).total
        # Fees of 15 September, October and November; the last term is not over.
        everything = jevons.total_cost(Query(), "billed").total.total
        others = jevons.report(Query(where=(("harness", "claude-code"),))).total
        assert others.billed_cost is not None
        assert everything == to_femto(Decimal(60) + others.billed_cost)
        assert of_calls.list_cost is not None
        assert listed.total == to_femto(of_calls.list_cost)
        assert billed.total == 0
        assert 0 < total.total <= to_femto(Decimal(60))
