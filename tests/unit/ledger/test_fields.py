"""Observations turned on their side."""

from __future__ import annotations

import numpy as np

from jevons.ledger.fields import OWN, PROFILE, Fields
from jevons.vocabulary.observation import Observation
from tests.unit.stores.sample import mixed


def test_every_field_is_own_or_shared() -> None:
    assert {*OWN, *PROFILE} == set(Observation.__struct_fields__)
    assert len(OWN) + len(PROFILE) == len(Observation.__struct_fields__)


def test_columns_are_the_fields_of_the_observations() -> None:
    observations = mixed(50)
    fields = Fields(observations)
    assert fields.count == 50
    for name in Observation.__struct_fields__:
        assert fields.column(name) == [getattr(one, name) for one in observations], name
    for name in PROFILE:
        shared = fields.shared(name)
        assert [shared[code] for code in fields.codes] == fields.column(name)


def test_profiles_are_told_apart_and_counted_once() -> None:
    observations = mixed(200)
    fields = Fields(observations)
    assert len(set(fields.profiles)) == len(fields.profiles) < 200
    assert sorted(set(fields.codes.tolist())) == list(range(len(fields.profiles)))


def test_where_shared_finds_equal_values() -> None:
    observations = mixed(30)
    found = Fields(observations).where_shared("completeness", "partial")
    expected = [one.completeness == "partial" for one in observations]
    assert np.array_equal(found, np.array(expected))


def test_nothing_has_no_fields() -> None:
    fields = Fields([])
    assert (fields.count, fields.profiles, fields.column("provider")) == (0, [], [])
    assert fields.where_shared("error", None).tolist() == []


def test_parts_joined_are_the_whole() -> None:
    observations = mixed(60)
    whole = Fields(observations).write()
    parts = [Fields(observations[a:b]).write() for a, b in ((0, 7), (7, 7), (7, 40), (40, 60))]
    found = Fields.joined(parts)
    assert (found.count, found.observations, found.contents) == (60, observations, whole.contents)
    for name in Observation.__struct_fields__:
        assert found.column(name) == whole.column(name), name
    assert found.profiles == whole.profiles
