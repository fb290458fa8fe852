"""Columns of event rows that are worked out for a whole batch at once."""

from jevons.stores.columns import _prompts as prompts


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
