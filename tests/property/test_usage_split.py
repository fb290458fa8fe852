"""Invariants of splitting, over random bodies of every dialect.

Bodies are drawn from the dialects' own tables: any subset of counters, any numbers, with and
without contradictions.
"""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.usage.cells import INPUT, OUTPUT, Cell, cell
from jevons.usage.decompose import decompose, leaf_forms
from jevons.usage.dialect import Dialect
from jevons.usage.dialects import DIALECTS, READINGS
from jevons.usage.split import split
from jevons.vocabulary.charge import Impossible, Split
from jevons.vocabulary.units import UNITS

SMALL = st.integers(0, 40)
ANY = st.one_of(
    SMALL, st.integers(-3, 10**18), st.none(), st.booleans(), st.sampled_from(["7", "x", 2.0, 2.5])
)


def put(body: dict[str, Any], path: str, value: Any, dialect: Dialect) -> None:
    """Write a number at its path, as its provider would nest it."""
    head, bracket, label = path.partition("[")
    *way, last = head.split(".")
    for step in way:
        body = body.setdefault(step, {})
    if not bracket:
        body[last] = value
        return
    label_key, number_key = dialect.lists[head]
    if label_key:
        body.setdefault(last, []).append({label_key: label[:-1], number_key: value})
    else:
        body.setdefault(last, []).append(label[:-1])


@st.composite
def bodies(draw: st.DrawFn, numbers: st.SearchStrategy[Any]) -> tuple[str, dict[str, Any]]:
    """A dialect and a body of it: a third of its counters in one spelling, some totals."""
    name = draw(st.sampled_from(sorted(DIALECTS)))
    dialect = DIALECTS[name]
    body: dict[str, Any] = {}
    for counter in dialect.counters:
        if counter.paths and (counter.cell in (INPUT, OUTPUT) or draw(st.integers(0, 2)) == 0):
            large = counter.cell in (INPUT, OUTPUT) and draw(st.booleans())
            value = draw(st.integers(100, 400)) if large else draw(numbers)
            put(body, draw(st.sampled_from(counter.paths)), value, dialect)
    for total in dialect.totals:
        if draw(st.integers(0, 3)) == 0:
            put(body, total.path, draw(numbers), dialect)
    return name, body


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same body with its keys, and the entries of its lists, in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, rng)) for key, item in value.items()]
        rng.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        return rng.sample(value, len(value))
    return value


def counted(found: Split, direction: str) -> int:
    units = found.parts[0].quantities.items()
    return sum(n for unit, n in units if UNITS[unit].direction == direction)


def stated(dialect: Dialect, body: dict[str, Any], root: Cell) -> int:
    """What a body says went in or out: its total, and everything outside of it, once."""
    values: dict[Cell, int] = {}
    for counter in dialect.counters:
        found = [value for path in counter.paths if (value := at(body, path, dialect)) is not None]
        if found:
            values[counter.cell] = max(found)
    apart = [c for c in values if root < c and c in dialect.outside]
    widest = [c for c in apart if not any(other < c for other in apart)]
    return values.get(root, 0) + sum(values[c] for c in widest)


def at(body: Any, path: str, dialect: Dialect) -> int | None:
    """The number at a path, None where there is none."""
    head, bracket, label = path.partition("[")
    for step in head.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    if body is None or not bracket:
        return body
    label_key, number_key = dialect.lists[head]
    if not label_key:
        return body.count(label[:-1]) or None
    found = [entry[number_key] for entry in body if entry[label_key] == label[:-1]]
    return sum(found) if found else None


@given(bodies(SMALL))
def test_leaves_are_disjoint_and_sum_up_to_what_is_stated(case: tuple[str, dict[str, Any]]) -> None:
    name, body = case
    dialect = DIALECTS[name]
    plain = {key: value for key, value in body.items() if key not in dialect_totals(dialect)}
    found = split("", name, plain)
    if isinstance(found, Impossible):
        assert "cannot exceed" in found.reason
        return
    assert all(quantity > 0 for quantity in found.parts[0].quantities.values())
    if name == "jevons.quantities":
        assert found.parts[0].quantities == {k: v for k, v in plain.items() if v}
        return
    assert counted(found, "input") == stated(dialect, plain, INPUT)
    assert counted(found, "output") == stated(dialect, plain, OUTPUT)


def dialect_totals(dialect: Dialect) -> set[str]:
    """Top-level names of totals that are no counters themselves."""
    counters = {path for counter in dialect.counters for path in counter.paths}
    return {total.path for total in dialect.totals} - counters


@given(bodies(ANY), st.integers(0, 2**32))
def test_the_order_of_keys_changes_nothing(case: tuple[str, dict[str, Any]], seed: int) -> None:
    name, body = case
    assert split("", name, body) == split("", name, shuffled(body, random.Random(seed)))


@given(bodies(SMALL), st.sampled_from(["", "openai", "anthropic", "google", "x-ai"]))
def test_a_true_total_changes_nothing_but_what_it_proves(
    case: tuple[str, dict[str, Any]], provider: str
) -> None:
    """Stating the total that the counters add up to never makes a body impossible or odd."""
    name, body = case
    dialect = DIALECTS[name]
    body = {key: value for key, value in body.items() if key not in dialect_totals(dialect)}
    found = split(provider, name, body)
    paths = sorted(dialect_totals(dialect))
    if isinstance(found, Impossible) or len(paths) != 1 or len(found.parts) != 1:
        return
    whole = counted(found, "input") + counted(found, "output")
    again = split(provider, name, body | {paths[0]: whole})
    if name == "perplexity":
        return  # its total leaves reasoning and citations out
    assert isinstance(again, Split)
    assert not [anomaly for anomaly in again.anomalies if "stated total" in anomaly]


@given(
    st.dictionaries(
        st.sampled_from(
            [
                INPUT,
                *(INPUT | {a} for a in ("audio", "image", "cache_read")),
                cell("input", "cache_read", "audio"),
                cell("input", "cache_read", "image"),
                cell("input", "cache_write"),
                cell("input", "cache_write", "5m"),
            ]
        ),
        SMALL,
        min_size=1,
    )
)
def test_inversion_sums_back_to_every_counter(values: dict[Cell, int]) -> None:
    """The leaves at and below a cell add up to its counter, whatever is reported."""
    forms = leaf_forms(frozenset(values), frozenset())
    leaves = {c: sum(k * values[v] for v, k in form.items()) for c, form in forms.items()}
    for top in values:
        assert sum(leaf for c, leaf in leaves.items() if top <= c) == values[top]
    found = decompose(values, {c: "/".join(sorted(c)) for c in values}, frozenset())
    if not isinstance(found, Impossible):
        assert all(leaf >= 0 for leaf in found.values())
        if INPUT in values:
            assert sum(found.values()) == values[INPUT]


@pytest.mark.parametrize("name", sorted(READINGS))
def test_narrower_cells_are_inverted_first_whatever_their_order(name: str) -> None:
    cells = [counter.cell for counter in READINGS[name].counters][:4]
    forms = [leaf_forms(frozenset(order), frozenset()) for order in permutations(cells)]
    assert all(form == forms[0] for form in forms)
