"""Batches handed from process to process through a file."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from jevons.ledger.admission import admit
from jevons.stores.parcel import pack, parcel_folder, unpack
from jevons.stores.preparation import Prepared, joined, prepare
from jevons.vocabulary.errors import LedgerError
from tests.unit.pricing.shipped import shipped_book
from tests.unit.stores.sample import call, mixed


def batches() -> list[Prepared]:
    """Two batches, the second with an observation whose usage cannot be true."""
    impossible = call(900, usage={"input_tokens": 5, "output_tokens": -1})
    found = (mixed(60), [*mixed(130)[60:], impossible])
    return [prepare(admit(observations)[0], shipped_book()) for observations in found]


def test_what_is_unpacked_is_what_was_packed(tmp_path: Path) -> None:
    whole = joined(batches())
    with parcel_folder(tmp_path) as folder:
        parcel = pickle.loads(pickle.dumps(pack(batches(), folder)))
        found = unpack(parcel)
        assert list(folder.iterdir()) == []  # the memory stays, the name is gone
    assert found.payloads.equals(whole.payloads)
    assert found.rows.equals(whole.rows)
    assert found.impossible == whole.impossible != {}
    assert found.cards == whole.cards
    assert np.array_equal(found.row_event, whole.row_event)
    for name in ("hashes", "owners", "keyless", "times"):
        assert np.array_equal(getattr(found.keyed, name), getattr(whole.keyed, name)), name
    assert found.content(100) == whole.content(100)


def test_what_goes_through_the_pipe_is_small(tmp_path: Path) -> None:
    whole = joined(batches())
    with parcel_folder(tmp_path) as folder:
        parcel = pack(batches(), folder)
        through_the_pipe = len(pickle.dumps(parcel)) - len(pickle.dumps(whole.cards))
        assert through_the_pipe * 3 < whole.payloads.nbytes + whole.rows.nbytes


def test_only_what_was_left_long_ago_is_swept(tmp_path: Path) -> None:
    old, young = tmp_path / "tmp" / "jevons-import-old", tmp_path / "tmp" / "jevons-import-young"
    for place in (old, young):
        place.mkdir(parents=True)
        (place / "parcel").write_bytes(b"")
    os.utime(old, (0, 0))
    with parcel_folder(tmp_path) as folder:
        assert not old.exists()
        assert young.exists()
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        pack(batches(), tmp_path / "missing")
