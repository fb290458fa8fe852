"""Columns of event rows that are worked out for a whole batch at once."""

import numpy as np
import pyarrow as pa

from jevons.ledger.posting import post
from jevons.stores.columns import Resolved, event_rows
from jevons.stores.columns import _prompts as prompts
from jevons.stores.schema import EVENTS
from tests.unit.pricing.shipped import shipped_book
from tests.unit.stores.sample import call

MANY = 2**15 + 1
"""More than sixteen bits hold."""


def test_prompt_hash_is_the_last_block_and_the_same_in_every_batch() -> None:
    digits, text = "00000000000000ff", "a hash of another form"
    alone = prompts([["x", digits]]).to_pylist()
    assert alone == [255]
    mixed = prompts([[digits], [], [text], ["y", digits]]).to_pylist()
    assert mixed[0] == mixed[3] == alone[0]
    assert mixed[1] is None
    assert mixed[2] == prompts([[text]]).to_pylist()[0]
    assert mixed[2] != prompts([[text.upper()]]).to_pylist()[0]


def test_without_hashes_the_column_is_null() -> None:
    assert prompts([[], []]).to_pylist() == [None, None]


def test_a_call_may_have_very_many_reports() -> None:
    resolved = Resolved([call(1)], [b"0" * 16], [MANY], [False], [False])
    rows = event_rows(resolved, post(resolved.events, shipped_book()), 1, 1)
    assert rows.column("observations").to_pylist() == [MANY]


def test_a_response_may_have_very_many_parts() -> None:
    """One for each model that took part in it; pricing so many takes too long for a test."""
    numbers = post([call(1)], shipped_book()).columns["part"]
    assert np.iinfo(numbers.dtype).max > MANY
    assert EVENTS.field("part").type == pa.from_numpy_dtype(numbers.dtype)
