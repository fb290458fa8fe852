"""Claude Code. The fixtures under `claude-code/projects` tell this story:

session 1 (09:00)  call A in three lines, call B, a call refused with HTTP 429; between them a
                   tool result, a progress line and a synthetic line that repeat usage, three
                   broken lines, and a last line that is still being written
  sub-agent a17e   call E, after a replay of B under another request id
session 2 (09:30)  `--fork-session` of session 1: A and B copied, then call C
session 3 (10:00)  branch of session 1: A and B copied with `forkedFrom`, then call D
session 4 (08:00)  versions before 1.1: placeholders, stated cost, missing ids

call   input  5m write  1h write  cache read  output
A         10       100       500        3000     200
B          7         0        40        4000      90
C          8         0         0        4100      60
D          9         0         0        4200      70
E          5         0        40        1000      50
sum       39       100       580       16300     470
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from jevons.sources.claude_code import SOURCE
from jevons.sources.claude_code.blocks import blocks
from jevons.sources.claude_code.call import project
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import parse_time
from jevons.vocabulary.rejection import Rejection
from jevons.vocabulary.source import State

FIXTURES = Path(__file__).parents[2] / "fixtures" / "claude-code"
SHOP = FIXTURES / "projects" / "-srv-shop"
SESSIONS = [f"5e551011-0000-4000-8000-00000000000{n}" for n in range(1, 5)]
MAIN = SHOP / f"{SESSIONS[0]}.jsonl"
FORK = SHOP / f"{SESSIONS[1]}.jsonl"
BRANCH = SHOP / f"{SESSIONS[2]}.jsonl"
AGENT = SHOP / SESSIONS[0] / "subagents" / "agent-a17e.jsonl"
OLD = FIXTURES / "projects" / "-srv-till" / f"{SESSIONS[3]}.jsonl"


def read(path: Path, state: State | None = None) -> list[Observation]:
    return [o for o in everything(path, state) if isinstance(o, Observation)]


def everything(path: Path, state: State | None = None) -> list[Observation | Rejection]:
    return list(SOURCE.read(path, {} if state is None else state))


def letter(observation: Observation) -> str:
    return (observation.response_id or "?")[-1]


def totals(observations: Iterable[Observation]) -> dict[str, int]:
    """Sum usage over distinct message ids."""
    calls = {o.response_id: o.usage for o in observations if o.usage is not None}
    sums = dict.fromkeys(("input", "5m", "1h", "read", "output"), 0)
    for usage in calls.values():
        writes = usage["cache_creation"]
        sums["input"] += usage["input_tokens"]
        sums["5m"] += writes["ephemeral_5m_input_tokens"]
        sums["1h"] += writes["ephemeral_1h_input_tokens"]
        sums["read"] += usage["cache_read_input_tokens"]
        sums["output"] += usage["output_tokens"]
    return sums


def test_each_response_is_one_observation_however_many_lines_repeat_it() -> None:
    found = read(MAIN)
    assert [letter(o) for o in found] == ["A", "B", "?"]
    call = found[0]
    assert call.response_id == "msg_01ShopFixtureAAAAAAAAAA"
    assert call.request_id == "req_011ShopFixtureAAAAAAAAA"
    assert call.time == parse_time("2026-10-05T09:00:02.500Z")
    assert (call.api, call.evidence, call.completeness) == (
        "claude.code", "client_log", "complete",
    )  # fmt: skip
    assert (call.provider, call.request_model, call.response_model) == (
        "anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5",
    )  # fmt: skip
    assert (call.service_tier, call.speed, call.region) == ("standard", "standard", None)


def test_the_sum_over_distinct_ids_is_right() -> None:
    found = [o for path in (MAIN, FORK, BRANCH, AGENT) for o in read(path)]
    assert totals(found) == {"input": 39, "5m": 100, "1h": 580, "read": 16300, "output": 470}


def test_attribution() -> None:
    _, call, _ = read(MAIN)
    assert (call.session, call.run, call.parent_run) == (SESSIONS[0], SESSIONS[0], None)
    assert (call.harness, call.harness_version) == ("claude-code", "2.1.190")
    assert call.tags == {"git_branch": "basket"}
    assert call.project == "shop", "its line was written in /srv/shop/checkout"


def test_a_sub_agent_is_a_run_below_its_session() -> None:
    replayed, own = read(AGENT)
    assert (letter(replayed), letter(own)) == ("B", "E")
    assert (own.session, own.run) == (SESSIONS[0], f"{SESSIONS[0]}/a17e")
    assert (own.parent_run, own.agent) == (SESSIONS[0], "general-purpose")


def test_a_forked_call_belongs_to_the_session_that_started_first() -> None:
    by_start = sorted(
        (o.session_started_at or 0, o.run)
        for path in (FORK, AGENT, MAIN)
        for o in read(path)
        if letter(o) == "B"
    )
    assert by_start == [
        (parse_time("2026-10-05T09:00:00.100Z"), SESSIONS[0]),
        (parse_time("2026-10-05T09:00:03.000Z") + 1, f"{SESSIONS[0]}/a17e"),
        (parse_time("2026-10-05T09:30:00.000Z"), SESSIONS[1]),
    ]


def test_a_line_marked_as_forked_names_its_session() -> None:
    copied, _, own = read(BRANCH)
    assert (copied.session, copied.run) == (SESSIONS[0], SESSIONS[0])
    assert copied.session_started_at is None
    assert own.session_started_at == parse_time("2026-10-05T10:00:00Z")
    assert own.speed == "fast"


def test_a_refused_call_is_kept_without_usage() -> None:
    refused = read(MAIN)[2]
    assert (refused.status, refused.error) == ("429", "rate_limit")
    assert (refused.completeness, refused.usage, refused.request_model) == ("none", None, None)
    assert refused.self_keys == ["claude-code:0badcafe-0000-4000-8000-000000000015"]


def test_broken_lines_are_rejected_and_an_unfinished_one_waits(tmp_path: Path) -> None:
    rejected = [o for o in everything(MAIN) if isinstance(o, Rejection)]
    assert [(o.line, o.reason) for o in rejected] == [
        (line, "the line is not JSON: it is cut or overwritten") for line in (9, 10, 12)
    ]
    log = tmp_path / "log.jsonl"
    shutil.copy(MAIN, log)
    state: State = {}
    assert len(everything(log, state)) == 6
    assert state["line"] == 19
    with log.open("a") as file:
        file.write('"version":"2.1.190","gitBranch":"basket"}\n')
    assert [o.reason for o in everything(log, state) if isinstance(o, Rejection)] == [
        "the line is not JSON: it is cut or overwritten"
    ]
    with log.open("a") as file:
        file.write(FORK.read_text().splitlines(keepends=True)[-1])
    (later,) = read(log, state)
    assert (letter(later), state["line"]) == ("C", 21)


def test_the_old_versions() -> None:
    *known, untimed, untyped = everything(OLD)
    found = {letter(o): o for o in known if isinstance(o, Observation)}
    assert found["A"].completeness == "partial", "9 tokens without a stop reason: a placeholder"
    assert found["A"].usage is not None and found["A"].usage["output_tokens"] == 9
    assert found["B"].completeness == "complete"
    assert found["B"].usage is not None and found["B"].usage["output_tokens"] == 310
    assert (found["C"].stated_cost, found["C"].stated_by) == ("0.12", "client")
    assert found["?"].self_keys == ["claude-code:0badcafe-0000-4000-8000-000000000035"]
    assert (found["D"].provider, found["D"].host) == ("aws", "bedrock")
    assert (found["E"].completeness, found["E"].usage) == ("none", None)
    assert {o.session_started_at for o in found.values()} == {parse_time("2026-10-05T08:00:00Z")}
    assert isinstance(untimed, Rejection) and untimed.reason == "the call has no timestamp"
    assert isinstance(untyped, Rejection) and untyped.reason == (
        "`$.message.id` is not of the expected type"
    )


def test_a_printed_stream_gives_lower_bounds_only() -> None:
    state: State = {}
    found = read(FIXTURES / "stream.jsonl", state)
    assert [(letter(o), o.completeness) for o in found] == [("X", "partial"), ("Y", "partial")]
    assert {o.time for o in found} == {parse_time("2026-10-05T11:00:05Z")}
    assert found[0].usage is not None and found[0].usage["output_tokens"] == 1
    assert (found[0].project, found[0].harness_version) == ("shop", "2.1.190")
    assert state["roll_ups"] == 1
    assert read(FIXTURES / "stream.jsonl", state) == [], "nothing new"


def test_a_printed_stream_without_any_time_is_rejected(tmp_path: Path) -> None:
    lines = (FIXTURES / "stream.jsonl").read_text().splitlines(keepends=True)
    capture = tmp_path / "capture.jsonl"
    capture.write_text("".join(line for line in lines if '"type":"user"' not in line))
    found = everything(capture)
    assert [o.line for o in found if isinstance(o, Rejection)] == [2, 3, 4]
    assert len(found) == 3


@pytest.mark.parametrize("name", ["result.json", "statusline.json"])
def test_a_roll_up_is_recognised_and_counted_but_no_observation(name: str) -> None:
    path, state = FIXTURES / name, State()
    assert SOURCE.recognise(path, path.read_bytes())
    assert everything(path, state) == []
    assert state["roll_ups"] == 1


def test_a_sub_agents_note_is_no_roll_up() -> None:
    state: State = {}
    assert everything(AGENT.with_suffix(".meta.json"), state) == []
    assert state["roll_ups"] == 0


def test_byte_ranges_are_read_alone(tmp_path: Path) -> None:
    """A range gives the same observations as the whole, its session's start included."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(FORK.read_bytes())
    half = log.read_bytes().index(b"\n", log.stat().st_size // 2) + 1
    first: State = {}
    found = list(SOURCE.read(log, first, stop=half))
    assert first["offset"] == half
    found += list(SOURCE.read(log, {"offset": half, "line": first["line"]}))
    starts = {o.session_started_at for o in found if isinstance(o, Observation)}
    assert starts == {parse_time("2026-10-05T09:30:00Z")}
    assert {letter(o) for o in found if isinstance(o, Observation)} == set("ABC")


def test_an_interrupted_reader_has_not_moved_past_what_it_gave(tmp_path: Path) -> None:
    state: State = {}
    reader = SOURCE.read(MAIN, state)
    next(reader)
    assert state.get("offset", 0) == 0


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_blocks_of_any_size_give_the_same_lines(tmp_path: Path, size: int) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b'\xef\xbb\xbf{"a":1}\r\n\n{"b":2}\n{"c":3}')
    state: State = {}
    lines = [
        (number, line)
        for block in blocks(log, state, size=size)
        for number, line in enumerate(block.lines, block.first)
    ]
    assert [(number, line.strip()) for number, line in lines] == [
        (1, b'{"a":1}'), (2, b""), (3, b'{"b":2}'), (4, b'{"c":3}'),
    ]  # fmt: skip
    assert (state["offset"], state["line"]) == (log.stat().st_size, 4)
    with log.open("ab") as file:
        file.write(b'\n{"d":4}\n')
    last = list(blocks(log, state, size=size))[-1]
    assert (last.first, last.lines) == (5, [b'{"d":4}'])


def test_a_line_beyond_all_measure_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jevons.sources.claude_code.blocks.LONGEST", 64)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b'{"a":1}\n{"b":"' + b"x" * 300 + b'"}\n{"c":3}\n')
    state: State = {}
    lines = [line for block in blocks(log, state, size=50) for line in block.lines]
    assert [lines[0], lines[-1], len(lines)] == [b'{"a":1}', b'{"c":3}', 3]
    assert not lines[1].endswith(b"}")
    assert (state["offset"], state["line"]) == (log.stat().st_size, 3)


@pytest.mark.parametrize(
    ("cwd", "folder", "name"),
    [
        ("/srv/shop", "-srv-shop", "shop"),
        ("/srv/shop/web/src", "-srv-shop", "shop"),
        ("/srv/shop/web/src", "elsewhere", "src"),
        ("C:\\work\\my.app", "C--work-my-app", "my.app"),
        ("/srv/shop/.claude/worktrees/idea", "-srv-shop--claude-worktrees-idea", "shop"),
        ("/", "-", None),
    ],
)
def test_the_project_is_the_folder_that_the_session_was_started_in(
    cwd: str, folder: str, name: str | None
) -> None:
    assert project(cwd, frozenset(["projects", folder])) == name


def test_places() -> None:
    home = Path("/home/ada")
    assert SOURCE.places({}, home) == [home / ".config/claude/projects", home / ".claude/projects"]
    xdg = {"XDG_CONFIG_HOME": "/xdg"}
    assert SOURCE.places(xdg, home)[0] == Path("/xdg/claude/projects")
    configured = {"CLAUDE_CONFIG_DIR": "/one, ~/two/projects", **xdg}
    assert SOURCE.places(configured, home) == [Path("/one/projects"), home / "two/projects"]


def test_the_genuine_sessions(shared_data: Path) -> None:
    """Right totals of the samples' README: 9 calls, in 108, out 513, write 432 + 18000, read
    135000; naive sum: 16 lines with usage."""
    folder = shared_data / "formats" / "captured" / "claude-code-2.1.197"
    paths = sorted((folder / "projects").rglob("*.jsonl"))
    found = [o for path in paths for o in everything(path)]
    observations = [o for o in found if isinstance(o, Observation)]
    assert len(observations) == len(found) == 12
    assert len({(o.response_id, o.request_id) for o in observations}) == 9
    assert totals(observations) == {
        "input": 108, "5m": 432, "1h": 18000, "read": 135000, "output": 513,
    }  # fmt: skip
    assert {o.completeness for o in observations} == {"complete"}
    starts: dict[str, dict[str, int]] = {}
    for o in observations:
        by_session = starts.setdefault(o.response_id or "", {})
        by_session[(o.session or "")[:8]] = o.session_started_at or 0
    forked = [by_session for by_session in starts.values() if len(by_session) == 2]
    assert [min(session, key=session.__getitem__) for session in forked] == ["6ff28397"] * 3


def test_the_genuine_captures(shared_data: Path) -> None:
    """README: the stream's two calls say output 1 each, the truth is 114 together."""
    folder = shared_data / "formats" / "captured" / "claude-code-2.1.197"
    found = read(folder / "stream-json-stdout.jsonl")
    assert [o.completeness for o in found] == ["partial", "partial"]
    assert sum((o.usage or {})["output_tokens"] for o in found) == 2 <= 114
    assert sum((o.usage or {})["input_tokens"] for o in found) == 24
    state: State = {}
    assert everything(folder / "result-json-subagent.json", state) == []
    assert state["roll_ups"] == 1


def test_the_genuine_older_logs(shared_data: Path) -> None:
    """ccusage's own test logs: five calls, each with a stated cost."""
    folder = shared_data / "formats" / "ccusage" / "test" / "fixtures" / "claude"
    found = [o for path in sorted(folder.rglob("*.jsonl")) for o in read(path)]
    assert [o.stated_cost for o in found] == ["0.12", "0.34", "0.56", "0.03", "0.04"]
    assert {o.speed for o in found} == {None, "fast"}
