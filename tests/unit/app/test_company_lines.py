"""The generated company's lines: exact count, order, identity, dialects, determinism."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.app.company import generate, generation, lines, plan
from jevons.vocabulary.observation import Observation

EVENTS, SEED = 20_000, 7


FROZEN = "b5be92dceed299501d4e1ac63b4a5db5bc435e57f44fea200684f04b2c02f580"
"""SHA-256 of generate(1000, 7). A change of it changes every demo and bench figure: say so in the
change log when it is meant."""


def observations(events: int, seed: int) -> list[Observation]:
    text = b"".join(generate(events, seed))
    return [msgspec.json.decode(line, type=Observation) for line in text.splitlines()]


@pytest.fixture(scope="module")
def company() -> list[Observation]:
    return observations(EVENTS, SEED)


def digest(events: int, seed: int) -> str:
    found = hashlib.sha256()
    for chunk in generate(events, seed):
        found.update(chunk)
    return found.hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from jevons.app.company import generate\n"
        "print(hashlib.sha256(b''.join(generate(1000, 7))).hexdigest())"
    )
    source = Path(plan.__file__).parents[3]
    other = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(source)},
    ).stdout.strip()  # fmt: skip
    assert digest(1000, 7) == digest(1000, 7) == other == FROZEN
    assert digest(1000, 8) != other


def test_chunks_and_stretches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(1000, 7)
    monkeypatch.setattr(lines, "CHUNK", 97)
    monkeypatch.setattr(generation, "STRETCH", 1)
    assert digest(1000, 7) == before


@given(st.integers(min_value=1, max_value=3_000), st.integers(min_value=0, max_value=2**64))
def test_exactly_as_many_events_in_order_with_their_own_ids(events: int, seed: int) -> None:
    found = observations(events, seed)
    assert len(found) == events
    times = [int(o.time) for o in found]
    assert times == sorted(times)
    for key in ("response_id", "request_id"):
        ids = [getattr(o, key) for o in found if getattr(o, key)]
        assert len(ids) == len(set(ids))
    assert all(o.response_id or o.request_id for o in found)


def test_fewer_than_one_event_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        generate(0, 1)


def test_every_line_is_of_the_native_format_and_knows_its_work(company: list[Observation]) -> None:
    for o in company:
        assert o.organisation and o.team and o.harness and o.harness_version and o.project
        assert o.task and o.task_type and o.run and o.agent
        assert o.completeness in ("complete", "partial", "none")
        assert (o.usage is None) == (o.completeness == "none") == (o.status == "error")
        assert (o.purpose is None) == (o.harness in ("claude-code", "codex", "copy-studio"))
    people = {o.person for o in company if o.person}
    assert all(p.startswith("p") and p.endswith("@example.com") for p in people)
    assert {o.team for o in company} == {team.name for team in plan.TEAMS}


def test_months_and_days(company: list[Observation]) -> None:
    days = {int(o.time) // 86_400_000_000 for o in company}
    assert len(days) == plan.DAYS
    assert (min(days), max(days)) == (20_574, 20_574 + 183)  # 1 May to 31 October 2026


def test_parent_runs_exist_and_hold_their_sub_agents(company: list[Observation]) -> None:
    runs: dict[str, Observation] = {}
    for o in company:
        assert o.run is not None
        runs.setdefault(o.run, o)
    helped = [o for o in company if o.parent_run]
    assert len(helped) > 100
    for o in helped:
        assert o.parent_run is not None and o.run is not None
        parent = runs[o.parent_run]
        assert parent.parent_run is None
        assert (parent.task, parent.team, parent.person) == (o.task, o.team, o.person)
        assert int(parent.time) < int(o.time)
        assert o.run.startswith(o.parent_run + "/") and o.session == o.parent_run


def test_a_task_stays_within_its_day_team_and_run(company: list[Observation]) -> None:
    facts: dict[str, set[Any]] = {}
    for o in company:
        assert o.task is not None
        day = int(o.time) // 86_400_000_000
        facts.setdefault(o.task, set()).add((day, o.team, o.task_type, o.session, o.person))
    assert all(len(found) == 1 for found in facts.values())


def numbers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, int):
        yield value


def test_usage_obeys_the_rules_of_its_dialect(company: list[Observation]) -> None:
    seen: Counter[str] = Counter()
    for o in company:
        if o.usage is None:
            continue
        u: dict[str, Any] = o.usage
        assert all(number >= 0 for number in numbers(u))
        assert o.api is not None
        seen[o.api] += 1
        if o.api == "anthropic.messages":
            lifetimes = u["cache_creation"]
            assert u["cache_creation_input_tokens"] == sum(lifetimes.values())
            assert u["input_tokens"] > 0 and u["output_tokens"] > 0
        elif o.api == "openai.responses":
            assert u["input_tokens_details"]["cached_tokens"] <= u["input_tokens"]
            assert u["output_tokens_details"]["reasoning_tokens"] <= u["output_tokens"]
            assert u["total_tokens"] == u["input_tokens"] + u["output_tokens"]
        elif o.api == "openai.chat":
            cached = u["prompt_tokens_details"]["cached_tokens"]
            assert cached <= u["prompt_tokens"] and cached % 128 == 0
            assert u["completion_tokens_details"]["reasoning_tokens"] <= u["completion_tokens"]
            assert u["total_tokens"] == u["prompt_tokens"] + u["completion_tokens"]
        elif o.api == "gemini.generate_content":
            assert u.get("cachedContentTokenCount", 0) <= u["promptTokenCount"]
            parts = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
            assert u["totalTokenCount"] == sum(u.get(part, 0) for part in parts)
        else:
            assert u["prompt_tokens"] == u["total_tokens"] > 0
    assert set(seen) == {
        "anthropic.messages", "openai.responses", "openai.chat", "gemini.generate_content",
        "openai.embeddings",
    }  # fmt: skip


def test_contexts_grow_along_a_run(company: list[Observation]) -> None:
    """Within a run of a cached harness the input of a step is never smaller than of the one
    before."""
    runs: dict[str, list[tuple[int, int]]] = {}
    for o in company:
        if o.harness == "claude-code" and o.usage and o.step and o.run:
            u = o.usage
            total = u["input_tokens"] + u["cache_creation_input_tokens"]
            total += u["cache_read_input_tokens"]
            runs.setdefault(o.run, []).append((int(o.step[1:]), total))
    assert len(runs) > 100
    for steps in runs.values():
        assert steps == sorted(steps)


def test_a_retry_repeats_what_it_retries(company: list[Observation]) -> None:
    """Attempts of one call share run, step, tool and block hashes; only one of them answers it."""
    calls: dict[tuple[Any, ...], list[Observation]] = {}
    for o in company:
        if o.step:
            calls.setdefault((o.run, o.step), []).append(o)
    repeated = [attempts for attempts in calls.values() if len(attempts) > 1]
    assert len(repeated) > 100
    for attempts in repeated:
        assert [o.attempt or 1 for o in attempts] == list(range(1, len(attempts) + 1))
        assert len({(o.tool, tuple(o.block_hashes)) for o in attempts}) == 1
        answered = [o for o in attempts if o.status != "error"]
        if answered and answered[0].purpose:
            assert {o.purpose for o in answered[1:]} <= {"retry"}
    hashes = [
        o.block_hashes[1] for attempts in calls.values() for o in attempts[:1] if o.block_hashes
    ]
    assert len(hashes) == len(set(hashes)) > 1000


def test_a_few_percent_are_odd(company: list[Observation]) -> None:
    count = len(company)
    assert 0.005 < sum(o.status == "error" for o in company) / count < 0.03
    assert 0.002 < sum(o.status == "interrupted" for o in company) / count < 0.02
    assert 0.01 < sum(o.provider == "in-house" for o in company) / count < 0.05
    assert 0.01 < sum(bool(o.batch) for o in company) / count < 0.05
    assert 0.01 < sum(o.service_tier == "priority" for o in company) / count < 0.05


def test_small_companies_have_fewer_people() -> None:
    few = {o.person for o in observations(300, 1) if o.person}
    assert 5 < len(few) <= 24


def test_lines_are_compact_json(company: list[Observation]) -> None:
    text = b"".join(generate(500, 3))
    assert text.endswith(b"\n")
    for line in text.splitlines():
        compact = json.dumps(json.loads(line), separators=(",", ":"))
        assert line.decode() == compact
