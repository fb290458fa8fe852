"""The rules of outcomes."""

from __future__ import annotations

from typing import Any

import pytest

from jevons.ledger.outcomes import (
    accept_outcome,
    current,
    fate,
    link,
    only_links,
    standing,
)
from jevons.vocabulary.outcome import Outcome, pull_request_id


def outcome(**fields: object) -> Outcome:
    """An accepted outcome of run r."""
    values: dict[str, Any] = {"id": "1", "time": "2026-09-01T00:00:00Z", "run": "r", **fields}
    one = Outcome(**values)
    assert accept_outcome(one) is None
    return one


def test_figures_become_exact_text() -> None:
    one = outcome(quality="0.90", value=" 12.500 ", loss="-0", human_minutes="1e1")
    assert (one.quality, one.value, one.loss, one.human_minutes) == ("0.9", "12.5", "0", "10")


def test_a_long_fraction_is_rounded_once_half_to_even() -> None:
    assert outcome(quality="0.8333333333333333333").quality == "0.833333333333333"
    assert outcome(value="0.0000000000000005").value == "0"


def test_a_value_of_unsaid_provenance_is_an_estimate() -> None:
    assert outcome(value="5").value_provenance == "estimated"
    assert outcome(value_provenance="measured").value_provenance is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"time": "soon"}, "time is no"),
        ({"id": " "}, "no id"),
        ({"run": None}, "nothing says"),
        ({"quality": "NaN"}, "quality is not a finite number"),
        ({"loss": "-1"}, "loss is negative"),
        ({"human_minutes": "1e12"}, "human_minutes is larger"),
        ({"loss": "1E+999999999"}, "loss is larger"),
        ({"status": "great"}, "status must be"),
        ({"value": "1", "value_provenance": "hoped"}, "value_provenance must be"),
        ({"revision": -1}, "revision"),
        ({"schema": "jevons.outcome/v9"}, "the schema"),
        ({"task": "x" * 513}, "task has more"),
        ({"labels": {"note": "x" * 201}}, "a label"),
    ],
)
def test_what_may_not_enter(fields: dict[str, object], reason: str) -> None:
    values: dict[str, Any] = {"id": "1", "time": 1_790_000_000_000_000, "run": "r", **fields}
    one = Outcome(**values)
    refused = accept_outcome(one)
    assert refused is not None and refused.startswith(reason)


def test_the_narrowest_link_decides() -> None:
    assert link(outcome(task="t", session="s")) == ("run", "r")
    assert link(outcome(run=None, task="t", session="s")) == ("session", "s")
    assert link(outcome(run=None, task="t", pull_request="a/b#1")) == ("task", "t")


def test_a_pull_request_has_one_name() -> None:
    for text in (
        "acme/shop#42",
        "https://github.com/acme/shop/pull/42",
        "https://github.com/acme/shop/pull/42/files#r1",
        "https://api.github.com/repos/acme/shop/pulls/42",
    ):
        assert pull_request_id(text) == "acme/shop#42"
    far = "https://git.example.com/acme/shop/pull/42"
    assert pull_request_id(far) == "git.example.com/acme/shop#42"
    merge = "https://gitlab.com/acme/sub/shop/-/merge_requests/7"
    assert pull_request_id(merge) == "gitlab.com/acme/sub/shop!7"


def test_only_a_tie_says_nothing_else() -> None:
    assert only_links(outcome(pull_request="a/b#1"))
    assert not only_links(outcome(pull_request="a/b#1", status="failed"))
    assert not only_links(outcome(run=None, pull_request="a/b#1"))
    assert not only_links(outcome())


@pytest.mark.parametrize(
    ("status", "quality", "floor", "stands"),
    [
        ("succeeded", "0.79", "0.8", "failed"),
        ("succeeded", "0.80", "0.8", "succeeded"),
        ("succeeded", "0.1", None, "succeeded"),
        ("unknown", "0.9", "0.8", "succeeded"),
        ("unknown", "0.7", "0.8", "failed"),
        ("unknown", "0.7", None, "unknown"),
        ("failed", "0.9", "0.8", "failed"),
        ("abandoned", "0.9", "0.8", "abandoned"),
    ],
)
def test_work_below_the_floor_is_no_success(
    status: str, quality: str, floor: str | None, stands: str
) -> None:
    assert standing(outcome(status=status, quality=quality, quality_floor=floor)) == stands


def test_the_latest_report_counts_and_revision_breaks_ties() -> None:
    first = outcome(status="succeeded")
    late = outcome(status="failed", time="2026-09-03T00:00:00Z")
    mended = outcome(status="abandoned", time="2026-09-03T00:00:00Z", revision=1)
    assert current([late, first])["outcomes", "1"] is late
    assert current([mended, first, late])["outcomes", "1"] is mended


def test_of_contradicting_reports_a_decided_one_counts() -> None:
    said, open_still = outcome(status="failed"), outcome()
    assert current([open_still, said])["outcomes", "1"] is said


def test_a_run_has_the_fate_of_its_last_decided_outcome() -> None:
    merged = outcome(source="github", status="succeeded")
    reverted = outcome(source="ops", status="failed", time="2026-09-05T00:00:00Z")
    noise = outcome(source="judge", quality="0.4", time="2026-09-09T00:00:00Z")
    assert fate([noise, merged]) == "succeeded"
    assert fate([merged, reverted, noise]) == "failed"
    assert fate([noise]) == fate([]) == "unknown"
