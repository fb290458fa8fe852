"""The four coding agents' sources tell their files apart, and let no text through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from jevons.sources.claude_code import SOURCE as CLAUDE_CODE
from jevons.sources.codex import SOURCE as CODEX
from jevons.sources.gemini_cli import SOURCE as GEMINI_CLI
from jevons.sources.opencode import SOURCE as OPENCODE
from jevons.vocabulary.source import Source

FIXTURES = Path(__file__).parents[2] / "fixtures"
SOURCES: dict[str, Source] = {
    source.name: source for source in (CLAUDE_CODE, CODEX, GEMINI_CLI, OPENCODE)
}
SAMPLES = {
    "claude-code": ("captured/claude-code-2.1.197", "ccusage/test"),
    "codex": ("captured/codex-0.169.0", "ccusage/test/fixtures/codex"),
    "gemini-cli": ("captured/gemini-cli-0.61.0",),
    "opencode": ("captured/opencode-1.18.33",),
}
HEAD = 64 * 1024


def recognising(path: Path) -> list[str]:
    with path.open("rb") as file:
        head = file.read(HEAD)
    return [name for name, source in SOURCES.items() if source.recognise(path, head)]


def is_telemetry(path: Path) -> bool:
    return any(part.startswith("otlp") for part in path.parts)


def own_files() -> Iterator[tuple[str, Path]]:
    for name in SOURCES:
        for path in sorted((FIXTURES / name).rglob("*")):
            if path.is_file():
                yield name, path


def test_each_fixture_is_recognised_by_its_source_only() -> None:
    wrong = {path: found for name, path in own_files() if (found := recognising(path)) != [name]}
    assert wrong == {}


def test_each_genuine_file_is_recognised_by_its_source_only(shared_data: Path) -> None:
    formats = shared_data / "formats"
    wrong = {}
    for path in sorted(formats.rglob("*")):
        if not path.is_file() or is_telemetry(path):
            continue
        place = path.relative_to(formats).as_posix()
        owners = [
            name
            for name, folders in SAMPLES.items()
            if any(place.startswith(folder + "/") for folder in folders)
        ]
        expected = owners[-1:] if path.suffix in (".json", ".jsonl", ".db") else []
        if recognising(path) != expected:
            wrong[place] = recognising(path)
    assert wrong == {}


def test_telemetry_is_left_to_its_own_source(shared_data: Path) -> None:
    captured = shared_data / "formats" / "captured"
    files = [p for p in captured.rglob("*") if p.is_file() and is_telemetry(p)]
    assert [path for path in files if recognising(path)] == []


LOOKALIKES = {
    "Qwen Code": '{"uuid":"u","parentUuid":null,"sessionId":"s","timestamp":"2026-10-05T09:00:00Z",'
    '"type":"user","cwd":"/srv","version":"0.15.0","message":{"role":"user","parts":[]}}\n',
    "pi": '{"type":"message","message":{"role":"assistant","usage":{"input":1}}}\n',
    "Copilot CLI": '{"type":"session.start","data":{"sessionId":"s"},"id":"1"}\n',
    "native events": '{"provider":"openai","time":1791190800000000,"session":"s"}\n',
    "a response": '{"provider":"openai","time":1,"response":{"id":"resp_1"}}\n',
    "OTLP": '{"resourceSpans":[]}',
    "a list": "[]",
    "an empty object": "{}\n",
    "text": "type,message\n",
    "nothing": "",
}


@pytest.mark.parametrize("name", LOOKALIKES)
def test_other_files_are_not_recognised(tmp_path: Path, name: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(LOOKALIKES[name])
    assert recognising(path) == []


LONG = {
    "claude-code": '{"parentUuid":null,"isSidechain":false,"type":"user",'
    '"message":{"role":"user","content":"WORDS"},"sessionId":"s"}\n',
    "codex": '{"timestamp":"2026-10-05T09:00:00Z","type":"session_meta","payload":{"id":"t",'
    '"base_instructions":{"text":"WORDS"}}}\n',
    "gemini-cli": '{"sessionId":"s","projectHash":"h",'
    '"messages":[{"type":"user","content":"WORDS"}]}',
}


@pytest.mark.parametrize("name", LONG)
def test_a_first_line_longer_than_the_head_is_judged_by_its_keys(tmp_path: Path, name: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(LONG[name].replace("WORDS", "words " * 20_000))
    assert recognising(path) == [name]


def test_no_prompt_or_answer_leaves_a_source() -> None:
    """The fixtures' texts all say `words`, `please` or name a file `a.py`."""
    for name, path in own_files():
        for found in SOURCES[name].read(path, {}):
            text = msgspec.json.encode(found)
            assert not [word for word in (b"words", b"please", b"a.py") if word in text], path
