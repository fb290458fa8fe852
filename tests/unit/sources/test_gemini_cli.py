"""Gemini CLI. The fixtures under `gemini-cli/tmp` (input with cached/output/cached/thoughts/tool):

shop, main chat     m-1 (1000/20/800/5/0) written three times, first with other numbers;
                    m-2 (1000/30/700/0/10), written with input 300 beside the cached tokens;
                    m-3 (500/10/0/0/0) only in a `$set` patch; m-4 without tokens;
                    m-5 with a broken time; a broken line; an unfinished one
shop, sub-agent     h-1 (200/40/0/60/0)
an older chat       o-1 (90/9), o-2 (80/8) as a document, and again in its continuation with o-3
"""

from __future__ import annotations

import shutil
from pathlib import Path

from jevons.sources.gemini_cli import SOURCE
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import parse_time
from jevons.vocabulary.rejection import Rejection
from jevons.vocabulary.source import State

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gemini-cli"
CHATS = FIXTURES / "tmp" / "shop" / "chats"
SESSION = "9e311111-0000-4000-8000-000000000001"
MAIN = CHATS / "session-2026-10-05T16-00-9e311111.jsonl"
HELPER = CHATS / SESSION / "helper-1.jsonl"
OLD = FIXTURES / "tmp" / ("b" * 64) / "chats" / "session-2026-10-05T17-00-9e311111.json"


def everything(path: Path, state: State | None = None) -> list[Observation | Rejection]:
    return list(SOURCE.read(path, {} if state is None else state))


def read(path: Path, state: State | None = None) -> list[Observation]:
    return [o for o in everything(path, state) if isinstance(o, Observation)]


def tokens(observation: Observation) -> tuple[int, ...]:
    usage = observation.usage or {}
    return tuple(usage[name] for name in ("input", "output", "cached", "thoughts", "tool"))


def test_the_last_line_of_a_message_counts() -> None:
    found = read(MAIN)
    assert [o.self_keys for o in found] == [[f"gemini-cli:m-{n}"] for n in (1, 2, 3)]
    assert [tokens(o) for o in found] == [
        (1000, 20, 800, 5, 0), (1000, 30, 700, 0, 10), (500, 10, 0, 0, 0),
    ]  # fmt: skip
    call = found[0]
    assert (call.provider, call.api, call.request_model) == (
        "google", "gemini.cli", "gemini-2.5-flash",
    )  # fmt: skip
    assert (call.response_id, call.aliases) == (None, [])
    assert call.time == parse_time("2026-10-05T16:00:02Z")
    assert (call.session, call.run, call.parent_run) == (SESSION, SESSION, None)
    assert (call.project, call.harness) == ("shop", "gemini-cli")
    assert call.session_started_at == parse_time("2026-10-05T16:00:00Z")


def test_what_cannot_be_read_is_rejected_and_an_unfinished_line_waits() -> None:
    state: State = {}
    rejected = [o for o in everything(MAIN, state) if isinstance(o, Rejection)]
    assert [(o.line, o.reason) for o in rejected] == [
        (10, "the message has no valid timestamp"),
        (11, "the line is not a JSON object: it is cut or overwritten"),
    ]
    assert state["line"] == 12
    assert everything(MAIN, state) == []


def test_a_sub_agent_is_a_run_below_its_session() -> None:
    (call,) = read(HELPER)
    assert tokens(call) == (200, 40, 0, 60, 0)
    assert (call.session, call.run, call.parent_run) == (SESSION, "helper-1", SESSION)
    assert call.project == "shop"


def test_a_continued_chat_repeats_the_documents_messages() -> None:
    document, lines = read(OLD), read(OLD.with_suffix(".jsonl"))
    assert [tokens(o)[:2] for o in document] == [(90, 9), (80, 8)]
    assert [o.self_keys for o in lines[:2]] == [o.self_keys for o in document]
    assert tokens(lines[2])[:2] == (70, 7)
    assert {o.project for o in (*document, *lines)} == {None}, "the folder's name is a hash"


def test_a_document_is_read_again_when_its_size_changed(tmp_path: Path) -> None:
    chat = tmp_path / "session.json"
    shutil.copy(OLD, chat)
    state: State = {}
    assert len(read(chat, state)) == 2
    assert everything(chat, state) == []
    chat.write_text(chat.read_text() + "\n")
    assert len(read(chat, state)) == 2
    chat.write_text(chat.read_text()[:-40])
    (cut,) = everything(chat, state)
    assert isinstance(cut, Rejection) and cut.line == 0


def test_later_lines_know_their_chat(tmp_path: Path) -> None:
    chat, state = tmp_path / "session.jsonl", State()
    lines = MAIN.read_bytes().splitlines(keepends=True)
    chat.write_bytes(b"".join(lines[:6]))
    assert [tokens(o) for o in read(chat, state)] == [(1000, 20, 800, 5, 0)]
    chat.write_bytes(b"".join(lines))
    later = read(chat, state)
    assert [o.self_keys[0][-3:] for o in later] == ["m-2", "m-1", "m-3"]
    assert {o.session for o in later} == {SESSION}


def test_an_interrupted_reader_has_not_moved(tmp_path: Path) -> None:
    state: State = {}
    next(SOURCE.read(MAIN, state))
    assert state == {}


def test_printed_statistics_are_a_roll_up(tmp_path: Path) -> None:
    path, state = FIXTURES / "output.json", State()
    assert SOURCE.recognise(path, path.read_bytes())
    assert everything(path, state) == []
    assert state["roll_ups"] == 1
    stream = tmp_path / "stream.jsonl"
    stream.write_text(
        '{"type":"init","timestamp":"2026-10-05T16:00:00Z","session_id":"s","model":"auto"}\n'
        '{"type":"result","status":"success","stats":{"total_tokens":9,"input_tokens":5}}\n'
    )
    assert SOURCE.recognise(stream, stream.read_bytes())
    state = {}
    assert everything(stream, state) == []
    assert state["roll_ups"] == 1


def test_places(tmp_path: Path) -> None:
    assert SOURCE.places({}, tmp_path) == [tmp_path / ".gemini" / "tmp"]
    chats = tmp_path / ".gemini" / "tmp" / "shop" / "chats"
    chats.mkdir(parents=True)
    (chats.parent / "logs.json").write_text("[]")
    assert SOURCE.places({}, tmp_path) == [chats]
    assert SOURCE.places({"GEMINI_CLI_HOME": str(tmp_path)}, Path("/home/ada")) == [chats]


def test_the_genuine_chat(shared_data: Path) -> None:
    """Right totals of the samples' README: 2 calls, prompt 3000 (cached 2000), out 80, thoughts 50,
    total 3130; three lines carry tokens."""
    folder = shared_data / "formats" / "captured" / "gemini-cli-0.61.0"
    (path,) = (folder / "chats").iterdir()
    found = everything(path)
    observations = [o for o in found if isinstance(o, Observation)]
    assert len({o.self_keys[0] for o in observations}) == len(found) == 2
    sums = [sum(column) for column in zip(*(tokens(o) for o in observations), strict=True)]
    assert sums == [3000, 80, 2000, 50, 0]
    assert sum((o.usage or {})["total"] for o in observations) == 3130
    state: State = {}
    assert everything(folder / "output-json-stdout.json", state) == []
    assert state["roll_ups"] == 1
