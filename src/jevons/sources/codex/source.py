"""The source `codex`: which files are its own, where they lie, and how each is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.codex.rollout import read_rollout
from jevons.sources.codex.thread import NAME
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_HEAD: Final = 64 * 1024
_LINES: Final = frozenset((
    "session_meta", "turn_context", "token_usage_record", "event_msg", "response_item", "compacted",
    "world_state",
))  # fmt: skip
_PRINTED: Final = frozenset(("thread.started", "turn.started", "turn.completed", "turn.failed"))


class CodexSource:
    """Reads Codex rollouts. A line's model and thread stand on earlier lines, so a file is read in
    order and not in ranges."""

    name = NAME
    whole = False
    ranged = False

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the head is a rollout, plain or compressed, or a capture of `codex exec`."""
        if head.startswith(_ZSTANDARD):
            return path.name.startswith("rollout-") and path.name.endswith(".jsonl.zst")
        return _form(head) is not None

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """Sessions and archived sessions in every folder of CODEX_HOME (commas between), else in
        `~/.codex`."""
        names = [name.strip() for name in environment.get("CODEX_HOME", "").split(",")]
        folders = [home / n[2:] if n.startswith("~/") else Path(n) for n in names if n]
        folders = folders or [home / ".codex"]
        return [f / kind for f in folders for kind in ("sessions", "archived_sessions")]

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield one observation per response of a rollout; none for a capture of `codex exec`."""
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if head.startswith(_ZSTANDARD):
                yield from _read_compressed(path, state)
            elif _form(head) == "printed":
                yield from _count_turns(path, state, stop)
            else:
                yield from read_rollout(file, str(path), state, stop)


SOURCE: Final = CodexSource()


def _read_compressed(path: Path, state: State) -> Iterator[Observation | Rejection]:
    """Read a compressed rollout as a whole, unless its size is as the last time."""
    packed = path.read_bytes()
    if state.get("offset") == len(packed):
        return
    import pyarrow

    try:
        with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
            text = stream.read()
    except (OSError, pyarrow.ArrowException):
        yield reject(NAME, str(path), 0, "the file cannot be decompressed: it is damaged", packed)
        return
    progress: State = {}
    yield from read_rollout(BytesIO(text), str(path), progress, None)
    state |= progress | {"offset": len(packed)}


def _count_turns(path: Path, state: State, stop: int | None) -> Iterator[Rejection]:
    """Count the sums per turn of `codex exec --json`. They repeat the rollout's responses and give
    neither time nor model, so they are no observations."""
    with path.open("rb") as file:
        for number, text in complete_lines(file, state, stop):
            value = _object(text)
            if value is None:
                yield reject(NAME, str(path), number, "the line is not a JSON object", text)
            elif value.get("type") == "turn.completed":
                state["roll_ups"] = int(state.get("roll_ups", 0)) + 1


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _form(head: bytes) -> str | None:
    """`rollout` or `printed`, None for anything else."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if len(lines) == 1 and len(head) > _HEAD // 2:
        begins = b'"payload":' in head and b'"type":"session_meta"' in head[:4096]
        return "rollout" if begins else None
    for text in lines:
        value = _object(text)
        if value is None:
            continue
        if isinstance(value.get("payload"), dict) and value.get("type") in _LINES:
            return "rollout"
        if value.get("type") in _PRINTED and ("thread_id" in value or "usage" in value):
            return "printed"
        if {"id", "timestamp", "instructions"} <= value.keys():
            return "rollout"  # the header of the first versions, which recorded no usage
        return None
    return None
