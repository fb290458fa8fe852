"""Checking observations together is checking each: the same refusals, the same canonical form."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.ledger.admission import admit
from jevons.ledger.fields import Fields
from jevons.ledger.intake import DEEPEST, LONGEST, accept
from jevons.vocabulary.observation import DIMENSIONS, LABELS, SCHEMA, Observation
from tests.conftest import PROVING
from tests.unit.stores.sample import T0

TEXTS = st.sampled_from(
    ["a", "", " ", " a", "a ", "a\tb", "a| b", "|", "é", "\u00a0a", "x" * LONGEST,
     "x" * (LONGEST + 1), "a b"]
)  # fmt: skip
LISTS = st.lists(TEXTS, max_size=2)
ODD: dict[str, Any] = {
    **dict.fromkeys([*LABELS, *DIMENSIONS, "response_id", "request_id", "api"], TEXTS),
    **dict.fromkeys(["aliases", "self_keys", "block_hashes"], LISTS),
    "source": st.sampled_from(["events", "".join(["eve", "nts"]), "otlp", "x" * (LONGEST + 1)]),
    "schema": st.sampled_from([SCHEMA, "".join([*SCHEMA])]),
    "completeness": st.sampled_from(["complete", "".join([*"complete"]), "partial", "none"]),
    "time": st.sampled_from([T0, T0 // 1000, 0, True, "2026-09-21T14:13:20Z", "yesterday"]),
    "latency_ms": st.sampled_from([None, 0, -1, 2**53 - 1, 2**53]),
    "attempt": st.sampled_from([None, 0, -1, 2**31 - 1, 2**31]),
    "stated_cost": st.sampled_from([None, "1", "1.50", "-0", "-1", "1e10", "NaN", "much"]),
    "tags": st.sampled_from([{}, {"a": "b"}, {"a": "b\nc"}, {"a,b": "c"}, {"a": "x" * 201}]),
    "usage": st.sampled_from(
        [None, {}, {"n": 1}, {"text": "said"}, {"n": {"text": "said", "m": None}}, {"n": [1, "a"]}]
    ),
}


def deep(levels: int) -> dict[str, Any]:
    usage: dict[str, Any] = {"n": 1}
    for _ in range(levels - 1):
        usage = {"a": usage}
    return usage


@st.composite
def reports(draw: Any) -> Observation:
    """A canonical report with up to three fields that may be anything."""
    fields: dict[str, Any] = {"provider": "p", "time": T0, "usage": {"n": 1}}
    for name in draw(st.lists(st.sampled_from([*ODD, "deep"]), max_size=3)):
        if name == "deep":
            fields["usage"] = deep(draw(st.sampled_from([DEEPEST, DEEPEST + 1])))
        else:
            fields[name] = draw(ODD[name])
    if fields["provider"] is None:
        del fields["provider"]
    return Observation(**fields)


@settings(max_examples=3000 if PROVING else 300)
@given(st.lists(reports(), max_size=8))
def test_together_as_one_by_one(found: list[Observation]) -> None:
    single, together = copy.deepcopy(found), copy.deepcopy(found)
    reasons = {position: accept(one) for position, one in enumerate(single)}
    fields, refused = admit(together)
    assert refused == {position: reason for position, reason in reasons.items() if reason}
    kept = [one for position, one in enumerate(single) if reasons[position] is None]
    encode = msgspec.json.encode
    assert [encode(one) for one in fields.observations] == [encode(one) for one in kept]
    assert fields.contents == [encode(one) for one in kept]
    expected = Fields(kept)
    for name in Observation.__struct_fields__:
        assert fields.column(name) == expected.column(name), name


def test_what_is_canonical_stays_as_it_is() -> None:
    found = [Observation(provider="p", time=T0 + n, usage={"n": n}) for n in range(3)]
    fields, refused = admit(found)
    assert not refused
    assert list(fields.observations) == found
