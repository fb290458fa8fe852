"""Laws of reading logs that grow: how a file was cut never changes what it says."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from jevons.sources.claude_code import SOURCE as CLAUDE_CODE
from jevons.sources.claude_code.blocks import blocks
from jevons.sources.codex import SOURCE as CODEX
from jevons.sources.gemini_cli import SOURCE as GEMINI_CLI
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.source import Source, State

FIXTURES = Path(__file__).parents[1] / "fixtures"
LOGS: list[tuple[Source, Path]] = [
    (source, path)
    for source in (CLAUDE_CODE, CODEX, GEMINI_CLI)
    for path in sorted((FIXTURES / source.name).rglob("*.jsonl"))
    if path.name != "stream.jsonl"
]
Facts = dict[tuple[str, ...], tuple[object, ...]]


def identity(found: Observation) -> tuple[str, ...]:
    return (found.response_id or "", found.request_id or "", *found.self_keys)


def remember(facts: Facts, source: Source, path: Path, state: State, stop: int | None) -> None:
    """Keep per call what the ledger keeps: the largest usage, and whose call it is."""
    for found in source.read(path, state, stop=stop):
        if isinstance(found, Observation):
            size = str(sorted(str(item) for item in (found.usage or {}).items()))
            output = (found.usage or {}).get("output_tokens", (found.usage or {}).get("output", 0))
            fact = (output, size, found.session, found.run, found.session_started_at)
            known = facts.get(identity(found), fact)
            facts[identity(found)] = max(fact, known, key=lambda f: (f[0], f[1]))


def as_a_whole(source: Source, path: Path) -> Facts:
    facts: Facts = {}
    remember(facts, source, path, {}, None)
    return facts


@given(log=st.sampled_from(LOGS), cuts=st.lists(st.floats(0, 1), max_size=6))
def test_a_growing_file_says_in_the_end_what_it_says_at_once(
    log: tuple[Source, Path], cuts: list[float]
) -> None:
    source, path = log
    content = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        grown, state, facts = Path(folder) / path.name, State(), Facts()
        for cut in [*sorted(int(c * len(content)) for c in cuts), len(content)]:
            grown.write_bytes(content[:cut])
            remember(facts, source, grown, state, None)
        assert facts == as_a_whole(source, grown)


@given(cut=st.floats(0, 1), number=st.integers(0, 3))
def test_ranges_of_a_claude_code_log_say_together_what_the_whole_says(
    cut: float, number: int
) -> None:
    _, path = [log for log in LOGS if log[0] is CLAUDE_CODE][number]
    content = path.read_bytes()
    stop = int(cut * len(content))
    begin = content.find(b"\n", max(stop - 1, 0)) + 1 or len(content)
    facts: Facts = {}
    remember(facts, CLAUDE_CODE, path, {}, stop)
    remember(facts, CLAUDE_CODE, path, {"offset": begin if stop else 0}, None)
    assert facts == as_a_whole(CLAUDE_CODE, path)


LINE = st.sampled_from([b'{"a":1}', b"{}", b"", b"x" * 30, b'{"b":"\\n"}\r'])


@given(
    lines=st.lists(LINE, max_size=12),
    ended=st.booleans(),
    size=st.integers(1, 40),
    stop=st.none() | st.integers(0, 200),
)
def test_blocks_are_the_lines_of_the_file(
    lines: list[bytes], ended: bool, size: int, stop: int | None
) -> None:
    """Blocks hold what reading line by line holds, with the same numbers, offset and count."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        content = b"\n".join(lines)
        log.write_bytes(content + b"\n" if ended and lines else content.rstrip(b"\r"))
        state: State = {}
        by_block = [
            (number, line.strip())
            for block in blocks(log, state, stop=stop, size=size)
            for number, line in enumerate(block.lines, block.first)
            if line.strip()
        ]
        expected: State = {}
        with log.open("rb") as file:
            assert by_block == list(complete_lines(file, expected, stop))
        assert state.get("offset", 0) == expected.get("offset", 0)
        assert state.get("line", 0) == expected.get("line", 0)
