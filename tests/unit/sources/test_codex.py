"""Codex CLI. The fixtures under `codex` tell this story (input/cached/output/reasoning tokens):

thread 1 (12:00)  responses 1 (1000/400/50/20) and 2 (1500/900/60/30), each as record and count
thread 2 (12:00)  spawned by thread 1: replays response 1, then its own 3 (700/500/20/5)
thread 3 (13:00)  an older version, token counts only: a (100/40/10/4) before any model is
                  known, b (220/100/12/0) three times, c (300/200/20/8) as cumulative total
                  only, then a counter reset (9/0/1/0), a filled context window (no tokens), a
                  broken time, and a reviewer's call (11/0/2/0)
thread 4 (14:00)  a copy of b with its old time, then its own (33/0/3/0)
thread 5 (15:00)  spawned by thread 3 without turn ids: a and b replayed within a second, an
                  older total again, then its own (44/0/4/0)
"""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pytest

from jevons.sources.codex import SOURCE
from jevons.sources.codex.thread import Thread, provider_of
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import parse_time
from jevons.vocabulary.rejection import Rejection
from jevons.vocabulary.source import State

FIXTURES = Path(__file__).parents[2] / "fixtures" / "codex"
THREADS = [next(FIXTURES.rglob(f"rollout-*{n}.jsonl")) for n in range(1, 6)]
FIRST = "01a10bef-6200-7000-8000-000000000001"


def everything(path: Path, state: State | None = None) -> list[Observation | Rejection]:
    return list(SOURCE.read(path, {} if state is None else state))


def read(path: Path, state: State | None = None) -> list[Observation]:
    return [o for o in everything(path, state) if isinstance(o, Observation)]


def counts(observation: Observation) -> tuple[int, int, int, int]:
    usage = observation.usage or {}
    return (
        usage["input_tokens"], usage["cached_input_tokens"], usage["output_tokens"],
        usage["reasoning_output_tokens"],
    )  # fmt: skip


def test_a_record_is_an_observation_and_the_count_after_it_is_not() -> None:
    found = read(THREADS[0])
    assert [o.response_id for o in found] == [
        f"resp_shopfixture00000000000{n}" for n in (1, 2)
    ]  # fmt: skip
    assert [counts(o) for o in found] == [(1000, 400, 50, 20), (1500, 900, 60, 30)]
    assert found[1].usage is not None and found[1].usage["cache_write_input_tokens"] == 100
    call = found[0]
    assert call.time == parse_time("2026-10-05T12:00:03Z")
    assert (call.provider, call.api, call.request_model) == ("openai", "codex", "gpt-5.4")
    assert (call.session, call.run, call.parent_run) == (FIRST, FIRST, None)
    assert (call.harness, call.harness_version, call.project) == ("codex", "0.165.0", "shop")
    assert call.tags == {"git_branch": "basket", "reasoning_effort": "high"}
    assert call.session_started_at == parse_time("2026-10-05T12:00:00.010Z")


def test_a_broken_line_is_rejected_and_an_unfinished_one_waits() -> None:
    state: State = {}
    rejected = [o for o in everything(THREADS[0], state) if isinstance(o, Rejection)]
    assert [(o.line, o.reason) for o in rejected] == [
        (9, "the line is not JSON: it is cut or overwritten")
    ]
    assert state["line"] == 10


def test_a_spawned_thread_repeats_its_parents_response_and_is_a_run_below_it() -> None:
    replayed, own = read(THREADS[1])
    assert (replayed.response_id, replayed.run) == ("resp_shopfixture000000000001", FIRST)
    assert (replayed.agent, replayed.parent_run, replayed.session_started_at) == (None, None, None)
    assert counts(own) == (700, 500, 20, 5)
    assert (own.session, own.parent_run, own.agent) == (FIRST, FIRST, "reviewer")
    assert own.run == "01a10bef-7588-7000-8000-000000000002"
    assert own.request_model == "gpt-5.4-mini"


def test_counts_of_older_versions() -> None:
    state: State = {}
    found = everything(THREADS[2], state)
    observations = [o for o in found if isinstance(o, Observation)]
    assert [counts(o) for o in observations] == [
        (100, 40, 10, 4), (220, 100, 12, 0), (300, 200, 20, 8), (9, 0, 1, 0), (11, 0, 2, 0),
    ]  # fmt: skip
    assert [o.request_model for o in observations] == [
        None, "gpt-5.1-codex", "gpt-5.1-codex", "gpt-5.1-codex", None,
    ]  # fmt: skip
    assert observations[-1].agent == "codex-auto-review"
    assert all(o.response_id is None and not o.aliases for o in observations)
    assert observations[0].tags["model_provider"] == "proxy"
    rejected = [o for o in found if isinstance(o, Rejection)]
    assert [(o.line, o.reason) for o in rejected] == [
        (11, "the token count has no valid timestamp")
    ]


def test_a_copy_with_its_old_time_has_the_same_key() -> None:
    original = read(THREADS[2])[1]
    copied, own = read(THREADS[3])
    assert (
        copied.self_keys
        == original.self_keys
        == [f"codex:{parse_time('2026-10-05T13:00:04Z')}:gpt-5.1-codex:220:100:12:0:232"]
    )
    assert (original.session_started_at or 0) < (copied.session_started_at or 0)
    assert counts(own) == (33, 0, 3, 0)


def test_a_replay_without_turn_ids_is_told_by_time_and_totals() -> None:
    (own,) = read(THREADS[4])
    assert counts(own) == (44, 0, 4, 0)
    assert own.session == own.parent_run == "0b500000-0000-4000-8000-000000000003"


def test_a_replay_with_turn_ids_is_told_by_them(tmp_path: Path) -> None:
    """The same second thread without its records: the parent's turn is older than the thread."""
    rollout = tmp_path / "rollout.jsonl"
    lines = THREADS[1].read_text().splitlines(keepends=True)
    rollout.write_text("".join(line for line in lines if "token_usage_record" not in line))
    (own,) = read(rollout)
    assert counts(own) == (700, 500, 20, 5)
    assert own.parent_run == FIRST


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for thread in THREADS:
        whole = [o for o in everything(thread) if isinstance(o, Observation)]
        rollout, state, found = tmp_path / thread.name, State(), []
        rollout.touch()
        for line in thread.read_bytes().splitlines(keepends=True):
            with rollout.open("ab") as file:
                file.write(line)
            found += read(rollout, state)
        assert found == whole


def test_a_compressed_rollout_is_read_as_a_whole(tmp_path: Path) -> None:
    packed = tmp_path / "rollout-2026-10-05.jsonl.zst"
    packed.write_bytes(pyarrow.compress(THREADS[0].read_bytes(), "zstd", asbytes=True))
    state: State = {}
    assert SOURCE.recognise(packed, packed.read_bytes())
    assert read(packed, state) == read(THREADS[0])
    assert everything(packed, state) == []


def test_a_damaged_compressed_rollout_is_rejected(tmp_path: Path) -> None:
    packed = tmp_path / "rollout-2026-10-05.jsonl.zst"
    whole = pyarrow.compress(THREADS[0].read_bytes(), "zstd", asbytes=True)
    packed.write_bytes(whole[: len(whole) // 2])
    (rejected,) = everything(packed)
    assert isinstance(rejected, Rejection)
    assert (rejected.line, rejected.reason) == (
        0, "the file cannot be decompressed: it is damaged",
    )  # fmt: skip


def test_printed_turns_are_roll_ups() -> None:
    path, state = FIXTURES / "exec.jsonl", State()
    assert SOURCE.recognise(path, path.read_bytes())
    assert everything(path, state) == []
    assert state["roll_ups"] == 1


@pytest.mark.parametrize(
    ("named", "model", "provider"),
    [
        (None, "gpt-5.4", "openai"),
        ("openai", "gpt-5.4", "openai"),
        ("our-proxy", "gpt-5.4", "openai"),
        ("our-proxy", "llama-4", "our-proxy"),
        ("azure", "gpt-5.4", "azure"),
        ("openrouter", "openai/gpt-5.4", "openrouter"),
        ("our-proxy", "gpt-oss-120b", "our-proxy"),
    ],
)
def test_who_is_paid(named: str | None, model: str, provider: str) -> None:
    assert provider_of(Thread(model_provider=named), model) == provider


def test_places() -> None:
    home = Path("/home/ada")
    assert SOURCE.places({}, home) == [home / ".codex/sessions", home / ".codex/archived_sessions"]
    assert SOURCE.places({"CODEX_HOME": "/one,~/two"}, home)[::2] == [
        Path("/one/sessions"), home / "two/sessions",
    ]  # fmt: skip


def test_the_genuine_rollout(shared_data: Path) -> None:
    """Right totals of the samples' README: 2 calls, in 24000 (cached 18000), out 314 (reasoning
    128); record and count together would be twice that."""
    folder = shared_data / "formats" / "captured" / "codex-0.169.0"
    (path,) = (folder / "sessions").rglob("*.jsonl")
    found = everything(path)
    observations = [o for o in found if isinstance(o, Observation)]
    assert len({o.response_id for o in observations}) == len(found) == 2
    sums = [sum(column) for column in zip(*(counts(o) for o in observations), strict=True)]
    assert sums == [24000, 18000, 314, 128]
    state: State = {}
    assert everything(folder / "exec-json-stdout.jsonl", state) == []
    assert state["roll_ups"] == 1


def test_the_genuine_older_rollout(shared_data: Path) -> None:
    """ccusage's own test log: 1000 + 2500 in, of which 250 + 500 cached, 125 + 300 out."""
    (path,) = (shared_data / "formats" / "ccusage").rglob("session-alpha.jsonl")
    found = read(path)
    assert [counts(o) for o in found] == [(1000, 250, 125, 75), (2500, 500, 300, 200)]
    assert [o.request_model for o in found] == ["gpt-5.2-codex", "gpt-5.3-codex"]
