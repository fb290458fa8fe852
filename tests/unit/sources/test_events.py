"""The native format: what is accepted, what is named, what is rejected."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from jevons.sources.events import SOURCE, UNKNOWN_FIELDS, read_line
from jevons.sources.schema import event as schema
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection

FIXTURES = Path(__file__).parents[2] / "fixtures" / "events"


def observed(line: dict[str, object]) -> Observation | Rejection:
    return read_line(json.dumps(line).encode(), "x.jsonl", 1)


def test_reads_every_line_of_the_fixture() -> None:
    state: dict[str, object] = {}
    first, second, third, fourth = SOURCE.read(FIXTURES / "calls.jsonl", state)
    assert isinstance(first, Observation) and type(first) is Observation
    assert (first.time, first.team, first.tags) == (1780300800000000, "web", {"ticket": "WEB-1"})
    assert isinstance(second, Observation)
    assert second.time == 1780300800250000  # 10:00:00.25+02:00 = 08:00:00.25 UTC
    assert isinstance(third, Observation)
    assert third.tags == {UNKNOWN_FIELDS: "colour,mood"}
    assert isinstance(fourth, Observation)
    assert (fourth.usage, fourth.completeness) == (None, "none")
    assert state == {"offset": (FIXTURES / "calls.jsonl").stat().st_size, "line": 5}


def test_attempts_count_from_one() -> None:
    line = {"provider": "anthropic", "time": 1780300800000000, "usage": {"input_tokens": 1}}
    assert isinstance(observed({**line, "attempt": 1}), Observation)
    for attempt in (0, -1):
        refused = observed({**line, "attempt": attempt})
        assert isinstance(refused, Rejection)
        assert refused.reason == f"attempt counts from 1: {attempt}"


def test_every_broken_line_is_a_rejection_that_names_the_reason() -> None:
    rejections = list(SOURCE.read(FIXTURES / "broken.jsonl", {}))
    assert all(isinstance(r, Rejection) for r in rejections)
    reasons = [r.reason for r in rejections if isinstance(r, Rejection)]
    wanted = [
        "provider is missing", "time is missing", "time is neither", "time is neither",
        "time 1780300800 lies outside 2015..2100",
        "evidence must be one of gateway, provider, span, client_log, estimate",
        "latency_ms must be a whole number", 'stated_cost must be text like "1.20"',
        "jevons.event/v1", "not JSON", "not a JSON object", "provider is empty", "negative",
    ]  # fmt: skip
    assert len(reasons) == len(wanted)
    for reason, part in zip(reasons, wanted, strict=True):
        assert part in reason
    assert [r.line for r in rejections if isinstance(r, Rejection)] == list(range(1, 14))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("time", "1970-01-01T00:00:00Z", "time 1970-01-01T00:00:00Z lies outside 2015..2100"),
        ("time", 1.5, "time must be RFC 3339 text with a zone, or whole microseconds since 1970"),
        ("stated_cost", 1.2, 'stated_cost must be text like "1.20"'),
        ("stated_by", "me", "stated_by must be one of provider, client"),
        ("detail", 7, "detail must be one of full, coarse"),
        ("team", 7, "team must be text"),
        ("batch", "yes", "batch must be true or false"),
        ("usage", [1], "usage must be an object"),
        ("tags", {"a": 1}, "tags must be an object of texts"),
        ("aliases", [1], "aliases must be a list of texts"),
    ],
)
def test_a_wrong_field_is_told_in_plain_words(field: str, value: object, reason: str) -> None:
    line = {"provider": "openai", "time": 1780300800000000, "colour": 1, field: value}
    result = observed(line)
    assert isinstance(result, Rejection) and result.reason == reason


def test_a_rejection_never_repeats_the_text_of_the_line() -> None:
    kept = msgspec.json.encode(list(SOURCE.read(FIXTURES / "broken.jsonl", {})))
    for text in (b"secret plan", b"yesterday", b"a lot", b"fast"):
        assert text not in kept


def test_a_file_is_read_on_from_where_it_ended(tmp_path: Path) -> None:
    lines = (FIXTURES / "calls.jsonl").read_bytes().splitlines(keepends=True)
    path = tmp_path / "grows.jsonl"
    path.write_bytes(lines[0] + lines[1][:40])
    state: dict[str, object] = {}
    assert len(list(SOURCE.read(path, state))) == 1
    assert state == {"offset": len(lines[0]), "line": 1}
    path.write_bytes(lines[0] + lines[1])
    (second,) = SOURCE.read(path, state)
    assert isinstance(second, Observation) and second.team == "data"
    assert state["line"] == 2


def test_a_last_object_without_line_end_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    path.write_bytes(b'{"provider":"openai","time":1780300800000000}')
    state: dict[str, object] = {}
    assert len(list(SOURCE.read(path, state))) == 1
    path.write_bytes(path.read_bytes() + b"\n")
    assert list(SOURCE.read(path, state)) == []


def test_ranges_of_a_file_are_the_whole_file() -> None:
    path = FIXTURES / "calls.jsonl"
    whole = list(SOURCE.read(path, {}))
    edge = path.read_bytes().index(b"\n") + 1
    parts = list(SOURCE.read(path, {}, stop=edge))
    assert len(parts) == 1
    assert parts + list(SOURCE.read(path, {"offset": edge, "line": 1})) == whole


def test_no_usage_is_unknown_and_never_zero() -> None:
    line = {"provider": "openai", "time": 1780300800000000, "completeness": "complete"}
    result = observed(line)
    assert isinstance(result, Observation) and result.completeness == "none"
    result = observed({**line, "stated_cost": "0.10"})
    assert isinstance(result, Observation)
    assert (result.completeness, result.stated_by) == ("none", "client")


def test_a_number_that_no_float_holds_is_a_rejection() -> None:
    for usage in ('{"prompt_tokens":1e400}', '{"a":' * 2000 + "1" + "}" * 2000):
        raw = f'{{"provider":"openai","time":1780300800000000,"usage":{usage}}}'.encode()
        assert isinstance(read_line(raw, "x.jsonl", 1), Rejection)


def test_a_deeply_nested_line_is_read_without_fail() -> None:
    usage = '{"a":' * 900 + "1" + "}" * 900
    raw = f'{{"provider":"openai","time":1780300800000000,"usage":{usage}}}'.encode()
    assert isinstance(read_line(raw, "x.jsonl", 1), Observation)


def test_an_unknown_field_that_is_no_name_is_not_named() -> None:
    line = {"provider": "openai", "time": 1780300800000000, "usage": {"input_tokens": 1}}
    result = observed({**line, "what was said": 1, "mood": 2})
    assert isinstance(result, Observation)
    assert result.tags == {UNKNOWN_FIELDS: "mood,unnamed"}


def test_text_is_not_kept_even_where_it_does_not_belong() -> None:
    prompt = "please keep this to yourself " * 200
    usage = {"input_tokens": 5, "note": prompt, "details": [{"text": prompt, "n": 1}, prompt]}
    line = {"provider": "openai", "time": 1780300800000000, "usage": usage, "prompt": prompt}
    result = observed({**line, "tags": {"long": prompt, "short": "kept"}})
    assert isinstance(result, Observation)
    assert result.usage == {"input_tokens": 5, "details": [{"n": 1}]}
    assert result.tags == {"short": "kept", UNKNOWN_FIELDS: "prompt"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"schema":"jevons.event/v1","provider":"x","time":1}\n', True),
        (b'\xef\xbb\xbf{"provider":"x","time":1}\n', True),
        (b'{"provider":"x","time":1,"response":{}}\n', False),
        (b'{"type":"assistant","timestamp":"2026-06-01T00:00:00Z"}\n', False),
        (b"time,model\n1,2\n", False),
        (b"", False),
    ],
)
def test_recognises_its_own_format_only(head: bytes, expected: bool) -> None:
    assert SOURCE.recognise(Path("a.jsonl"), head) is expected


def test_the_published_schema_is_current() -> None:
    """Mend with: python -m jevons.sources.schema.event."""
    file = Path(schema.__file__).with_name(schema.FILE)
    assert file.read_text(encoding="utf-8") == schema.render()


def test_the_schema_describes_every_field() -> None:
    properties = json.loads(schema.render())["properties"]
    assert set(properties) == set(Observation.__struct_fields__)
    assert all(item["description"] for item in properties.values())
