"""Provider responses in an envelope: what is taken, what is left out, how equals are told apart."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from jevons.sources.responses import (
    SOURCE,
    UNKNOWN_FIELDS,
    dialect,
    epoch_microseconds,
    usage_of,
)
from jevons.usage.body import reduce_body
from jevons.usage.split import split, split_body
from jevons.vocabulary.charge import Impossible, Split
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection

FIXTURES = Path(__file__).parents[2] / "fixtures" / "responses"


def read(name: str) -> list[Observation | Rejection]:
    return list(SOURCE.read(FIXTURES / name, {}))


def observations(name: str) -> list[Observation]:
    return [result for result in read(name) if isinstance(result, Observation)]


def test_every_provider_of_the_fixture_is_read() -> None:
    found = observations("bodies.jsonl")
    assert [(o.provider, o.api, o.completeness) for o in found] == [
        ("anthropic", "anthropic.messages", "complete"),
        ("openai", "openai.responses", "complete"),
        ("google", "gemini.generate_content", "complete"),
        ("openai", "openai.chat", "complete"),
        ("aws", "bedrock.converse", "complete"),
        ("cohere", None, "complete"),
        ("anthropic", None, "none"),
        ("mistral", None, "none"),
    ]
    assert [o.response_model or o.request_model for o in found] == [
        "claude-sonnet-4-6", "gpt-5.2-2025-12-11", "gemini-2.5-flash", "gpt-4.1-2025-04-14",
        "anthropic.claude-sonnet-4-5-v1:0", "command-a-03-2025", "claude-sonnet-4-6",
        "mistral-large-2512",
    ]  # fmt: skip


def test_identity_tier_and_time_come_from_the_body_and_the_line() -> None:
    anthropic, openai, google, chat, aws, *_ = observations("bodies.jsonl")
    assert anthropic.response_id == "msg_01ResponsesFixtureAAAA1"
    assert (openai.service_tier, openai.time) == ("priority", 1780300800500000)
    assert google.response_id == "fixtureGeminiResponse0001"
    assert chat.response_id is None and chat.self_keys[0].startswith("responses:")
    assert (aws.request_id, aws.time) == ("0f0f0f0f-1111-2222-3333-444444444444", 1780300804000000)
    assert aws.self_keys == []


def test_no_text_of_prompts_or_answers_is_kept() -> None:
    assert b"SECRET" in (FIXTURES / "bodies.jsonl").read_bytes()
    for name in ("bodies.jsonl", "broken.jsonl"):
        assert b"SECRET" not in msgspec.json.encode(read(name))


def test_server_tools_are_counted_without_their_arguments() -> None:
    anthropic, openai, google, *_ = observations("bodies.jsonl")
    assert anthropic.usage is not None and openai.usage is not None and google.usage is not None
    assert anthropic.usage["server_tool_use"] == {"web_search_requests": 1}
    assert openai.usage["server_tools"] == {"web_searches": 1}  # opening a page is not a search
    assert openai.usage["elsewhere"] == {"output[image_generation_call]": 1}
    assert google.usage["server_tools"] == {"web_searches": 2}  # two different queries


def test_usage_is_given_as_the_provider_wrote_it() -> None:
    chat = observations("bodies.jsonl")[3]
    assert chat.usage == {"prompt_tokens": 40, "completion_tokens": 4, "total_tokens": 44}
    cohere = observations("bodies.jsonl")[5]
    assert cohere.usage is not None
    assert cohere.usage["billed_units"] == {"input_tokens": 3, "output_tokens": 9}


@pytest.mark.parametrize("name", ["bodies.jsonl", "equal.jsonl"])
def test_what_is_kept_is_billed_like_the_whole_body(name: str) -> None:
    lines = [json.loads(line) for line in (FIXTURES / name).read_text().splitlines()]
    for line, kept in zip(lines, observations(name), strict=True):
        whole = split_body(kept.provider, kept.api, line["response"])
        if kept.usage is None:
            assert isinstance(whole, Impossible)
            continue
        part = split(kept.provider, kept.api, kept.usage)
        assert isinstance(whole, Split) and isinstance(part, Split)
        assert part.parts == whole.parts and part.anomalies == whole.anomalies
        assert len(part.unknown_keys) == len(whole.unknown_keys)


def test_tags_named_like_dimensions_become_dimensions() -> None:
    first = observations("bodies.jsonl")[0]
    assert (first.team, first.person) == ("web", "p002@example.com")
    assert first.tags == {"ticket": "17", "urgent": "true"}
    last = observations("bodies.jsonl")[-1]
    assert last.tags == {UNKNOWN_FIELDS: "flavour,tags.nested"}


def test_an_error_body_is_an_error_without_its_message() -> None:
    error = observations("bodies.jsonl")[6]
    assert (error.status, error.error, error.usage) == ("error", "overloaded_error", None)
    assert error.request_id == "req_011ResponsesFixtureAA"


def test_equal_responses_without_an_id_are_different_calls(tmp_path: Path) -> None:
    found = observations("equal.jsonl")
    keys = [o.self_keys[0] for o in found]
    assert len(set(keys)) == 3
    assert [key.rpartition("#")[2] for key in keys] == ["1", "1", "2"]
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes((FIXTURES / "equal.jsonl").read_bytes())
    again = [o for o in SOURCE.read(copy, {}) if isinstance(o, Observation)]
    assert [o.self_keys for o in again] == [o.self_keys for o in found]


def test_counting_equals_goes_on_when_the_file_grows(tmp_path: Path) -> None:
    lines = (FIXTURES / "equal.jsonl").read_bytes().splitlines(keepends=True)
    path = tmp_path / "grows.jsonl"
    path.write_bytes(lines[0])
    state: dict[str, object] = {}
    first = list(SOURCE.read(path, state))
    path.write_bytes(b"".join(lines))
    assert json.loads(json.dumps(state)) == state
    rest = list(SOURCE.read(path, state))
    assert [*first, *rest] == read("equal.jsonl")


def test_broken_lines_are_rejections_with_their_reasons() -> None:
    reasons = [r.reason for r in read("broken.jsonl") if isinstance(r, Rejection)]
    wanted = [
        "provider is missing", "time is missing", "response is missing", "time is neither",
        "time is neither", "not a JSON object", "$.latency_ms", "not JSON",
    ]  # fmt: skip
    assert len(reasons) == len(wanted)
    for reason, part in zip(reasons, wanted, strict=True):
        assert part in reason


@pytest.mark.parametrize(
    ("api", "provider", "expected"),
    [
        ("anthropic.messages", "anthropic", "anthropic.messages"),
        ("messages", "anthropic", "anthropic.messages"),
        ("chat", "openai", "openai.chat"),
        ("chat", "mistral", None),
        ("default", "anthropic", None),
        ("generateContent", "google", "gemini.generate_content"),
        ("cohere", "cohere", "cohere"),
        (None, "openai", None),
        (3, "openai", None),
    ],
)
def test_dialect_of_an_api_name(api: object, provider: str, expected: str | None) -> None:
    assert dialect(api, provider) == expected


@pytest.mark.parametrize(
    "time",
    [1780300800, 1780300800.0, 1780300800000, 1780300800000000, 1780300800000000000,
     "2026-06-01T08:00:00Z", "2026-06-01t08:00:00.000z", "2026-06-01T10:00:00+02:00"],
)  # fmt: skip
def test_the_same_instant_in_every_unit(time: object) -> None:
    assert epoch_microseconds(time) == 1780300800000000


@pytest.mark.parametrize("time", [True, 5, 1e300, float("nan"), "2026-06-01", "now", None, -1])
def test_what_is_no_time(time: object) -> None:
    assert epoch_microseconds(time) is None


def test_recognises_its_own_format_only() -> None:
    head = (FIXTURES / "bodies.jsonl").read_bytes()
    assert SOURCE.recognise(Path("x.jsonl"), head)
    assert SOURCE.recognise(Path("x.jsonl"), head[:300])
    assert not SOURCE.recognise(Path("x.jsonl"), b'{"provider":"x","time":1,"usage":{}}\n')
    assert not SOURCE.recognise(Path("x.jsonl"), b"provider,time,response\n")


def test_genuine_usage_bodies_keep_all_their_numbers(shared_data: Path) -> None:
    with gzip.open(shared_data / "pricing" / "usage_bodies.jsonl.gz", "rt") as lines:
        for line in lines:
            usage = json.loads(line)["usage"]
            kept = usage_of(reduce_body({"model": "m", "usage": usage}))
            assert sorted(numbers(kept)) == sorted(numbers(usage))


def numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [float(value)] if isinstance(value, (int, float)) else []
