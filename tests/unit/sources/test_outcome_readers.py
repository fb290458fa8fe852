"""The readers of outcomes."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from jevons.sources.outcomes import READERS
from jevons.sources.outcomes.record import UNKNOWN_FIELDS
from jevons.sources.schema import outcome as schema
from jevons.vocabulary.outcome import FIGURES, Outcome
from jevons.vocabulary.rejection import Rejection

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "outcomes"
FORMAT = {
    "pulls.json": "github",
    "pull-rest.jsonl": "github",
    "session.jsonl": "claude-code",
    "scores.json": "langfuse",
    "evaluations.jsonl": "otel",
    "tickets.csv": "csv",
    "outcomes.jsonl": "outcomes",
}


def read(name: str) -> tuple[list[Outcome], list[Rejection]]:
    found = list(READERS[FORMAT[name]].read(FIXTURES / name))
    outcomes = [one for one in found if isinstance(one, Outcome)]
    return outcomes, [one for one in found if isinstance(one, Rejection)]


@pytest.mark.parametrize("name", FORMAT)
def test_a_file_is_recognised_by_one_reader(name: str) -> None:
    path = FIXTURES / name
    head = path.read_bytes()
    first = next(n for n, reader in READERS.items() if reader.recognise(path, head))
    assert first == FORMAT[name]


@pytest.mark.parametrize("name", FORMAT)
def test_no_text_passes(name: str) -> None:
    for one in READERS[FORMAT[name]].read(FIXTURES / name):
        assert b"SECRET-TEXT" not in msgspec.json.encode(one)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"hello, world\n", b"[]", b'{"a":1}']
)
def test_other_files_are_not_recognised(content: bytes) -> None:
    assert not [n for n, one in READERS.items() if one.recognise(Path("x"), content)]


def test_pull_requests() -> None:
    found, refused = read("pulls.json")
    assert [(one.id, one.status, one.time) for one in found] == [
        ("acme/shop#42", "succeeded", 1795323600000000),
        ("acme/shop#43", "failed", 1795327200000000),
        ("acme/shop#44", "unknown", 1795330800000000),
    ]
    assert [(one.line, one.reason) for one in refused] == [(4, "a pull request without url")]


def test_a_pull_request_of_the_rest_api_is_the_same_outcome() -> None:
    (ours, closed), _ = read("pull-rest.jsonl")
    assert ours == read("pulls.json")[0][0]
    assert (closed.id, closed.status) == ("acme/shop#43", "failed")


def test_a_pr_link_ties_a_session_to_a_pull_request() -> None:
    (one,), (refused,) = read("session.jsonl")
    assert one.session == "be1ada0a-bac6-4bf9-a268-16cb73f6539b"
    assert (one.pull_request, one.status) == ("acme/shop#42", "unknown")
    assert (refused.line, refused.source) == (3, "outcomes/claude-code")


def test_scores() -> None:
    found, refused = read("scores.json")
    resolved, correctness, tone = found
    assert (resolved.quality, resolved.quality_floor) == ("1", "1")
    assert resolved.trace_id == "1789a239cc6c4b5be968316d496914f2"
    assert (correctness.quality, correctness.quality_floor) == ("0.8", None)
    assert correctness.time == 1795316400000000  # updatedAt: a changed score supersedes
    assert correctness.labels == {"origin": "EVAL", "score": "correctness"}
    assert (tone.session, tone.quality, tone.labels["category"]) == ("chat-7", None, "friendly")
    assert [one.reason for one in refused] == [
        "a score that has no number and no category",
        "a score whose value is no number",
    ]


def test_evaluations() -> None:
    (passed, scored), (refused,) = read("evaluations.jsonl")
    assert (passed.status, passed.quality, passed.response_id) == (
        "succeeded", "0.85", "chatcmpl-1",
    )  # fmt: skip
    assert passed.time == 1795315481653416
    assert (scored.status, scored.quality) == ("unknown", "0")
    assert scored.trace_id == "5b8efff798038103d269b633813fc60c"
    assert refused.reason == "an evaluation without name or time"


def test_a_table() -> None:
    found, refused = read("tickets.csv")
    second, third = found
    assert (second.id, second.task, second.status, second.quality) == (
        "task:WEB-2", "WEB-2", "succeeded", "0.5",
    )  # fmt: skip
    assert (second.value, second.value_provenance) == ("12.5", "sampled")
    assert second.labels[UNKNOWN_FIELDS] == "ticket"
    assert third.status == "abandoned"
    assert [one.reason.split(":")[0] for one in refused] == [
        "quality is not a finite number",
        "no id is named",
        "status is none of the words that are known",
    ]


def test_native_lines() -> None:
    found, refused = read("outcomes.jsonl")
    first, second = found
    assert (first.value, first.value_provenance) == ("12.5", "measured")
    assert second.labels == {UNKNOWN_FIELDS: "remark", "shop": "1"}
    assert [one.reason.split(":")[0] for one in refused] == [
        "nothing says what it is the outcome of",
        "id is missing",
        "run has a value of another type than the format says",
        "not JSON",
        "the line is not a JSON object",
        "not JSON",
    ]


def test_the_published_schema_is_current() -> None:
    """Mend with: python -m jevons.sources.schema.outcome."""
    file = Path(schema.__file__).with_name(schema.FILE)
    assert file.read_text(encoding="utf-8") == schema.render()


def test_the_schema_describes_every_field() -> None:
    properties = json.loads(schema.render())["properties"]
    assert list(properties) == list(Outcome.__struct_fields__)
    assert all(text["description"] for text in properties.values())
    assert all({"type": "number"} in properties[name]["anyOf"] for name in FIGURES)


@pytest.mark.parametrize("name", ["revision", "time"])
def test_a_number_that_no_column_holds_is_rejected(tmp_path: Path, name: str) -> None:
    values = {"revision": "1", "time": "2026-10-01", name: "9" * 5000}
    table = tmp_path / "t.csv"
    table.write_text(
        f"id,run,status,revision,time\na,r,failed,{values['revision']},{values['time']}\n"
    )
    (refused,) = READERS["csv"].read(table)
    assert isinstance(refused, Rejection)
