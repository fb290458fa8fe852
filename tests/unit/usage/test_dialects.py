"""The tables of dialects are consistent: a slip in them is found here, not in a bill."""

from __future__ import annotations

from collections import Counter

import pytest

from jevons.usage.dialect import Dialect
from jevons.usage.dialects import DIALECTS, READINGS
from jevons.usage.selection import API_NAMES
from jevons.usage.split import unit_of

NAMED = {
    "anthropic.messages", "openai.chat", "openai.responses", "openai.realtime", "openai.images",
    "openai.embeddings", "gemini.generate_content", "bedrock.converse", "mistral", "deepseek",
    "xai.chat", "cohere", "perplexity", "openrouter", "groq", "huggingface", "claude.code", "codex",
    "gemini.cli", "opencode", "otel.gen_ai", "otel.exclusive", "otel.gemini", "jevons.quantities",
    "inclusive",
}  # fmt: skip

EACH = pytest.mark.parametrize("dialect", READINGS.values(), ids=lambda dialect: dialect.name)


def test_the_dialects_that_an_observation_may_name() -> None:
    assert set(DIALECTS) == NAMED
    assert set(API_NAMES.values()) <= NAMED


@EACH
def test_every_cell_has_a_unit_and_one_counter(dialect: Dialect) -> None:
    cells = Counter(counter.cell for counter in dialect.counters)
    assert set(cells.values()) == {1}
    assert all(unit_of(dialect, cell) for cell in cells)


@EACH
def test_a_path_spells_one_counter_only(dialect: Dialect) -> None:
    paths = Counter(path for counter in dialect.counters for path in counter.paths)
    assert [path for path, times in paths.items() if times > 1] == []


@EACH
def test_a_path_into_a_list_has_a_rule_for_the_list(dialect: Dialect) -> None:
    lists = {path.partition("[")[0] for path in dialect.numbers if "[" in path}
    assert lists <= dialect.lists.keys()


@EACH
def test_totals_and_texts_speak_of_counters(dialect: Dialect) -> None:
    cells = {counter.cell for counter in dialect.counters}
    assert all(set(total.cells) <= cells for total in dialect.totals)
    assert all(text.total in cells for text in dialect.texts)
    assert set(dialect.turns) <= cells


@EACH
def test_no_spelling_of_a_counter_is_informational(dialect: Dialect) -> None:
    paths = [path for counter in dialect.counters for path in counter.paths]
    assert [path for path in paths if dialect.is_informational(path)] == []


@EACH
def test_a_rival_reads_the_same_counters(dialect: Dialect) -> None:
    for name in dialect.rivals:
        own = {counter.cell: counter.paths for counter in dialect.counters}
        rival = {counter.cell: counter.paths for counter in READINGS[name].counters}
        assert rival.items() <= own.items()
        assert READINGS[name].outside != dialect.outside


def test_informational_names_cover_what_lies_below_them() -> None:
    chat = DIALECTS["openai.chat"]
    assert chat.is_informational("cost_details.upstream_inference_cost")
    assert chat.is_informational("cost_details[3].x")
    assert not chat.is_informational("costs")
