"""The source `claude-code`: which files are its own, where they lie, and how each is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from jevons.sources.claude_code.call import NAME
from jevons.sources.claude_code.capture import read_capture
from jevons.sources.claude_code.session import decoded, read_session
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection
from jevons.vocabulary.source import State

Form = Literal["session", "stream", "roll-up", "note"]
"""session: a log. stream: captured output, line by line. roll-up: sums of a session (captured
result, statusline input). note: a file beside the logs that tells of no usage."""

_HEAD: Final = 64 * 1024
_PRINTED: Final = frozenset(("system", "assistant", "user", "result", "stream_event"))
_FOREIGN: Final = frozenset(("projectHash", "usageMetadata", "systemPayload", "payload"))
"""Keys of other agents' logs that otherwise look alike (Gemini CLI, Qwen Code, Codex)."""


class ClaudeCodeSource:
    """Reads what Claude Code leaves behind. Every line of a log stands for itself: what it needs of
    the file's start (`session_started_at`) is read from there."""

    name = NAME
    whole = False
    ranged = True

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the head is a session log, a capture of its output, or a note beside it."""
        return form(head) is not None

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """`projects` in every folder of CLAUDE_CONFIG_DIR (commas between), else in the two
        standard configuration folders."""
        configured = [name.strip() for name in environment.get("CLAUDE_CONFIG_DIR", "").split(",")]
        folders = [_expand(name, home) for name in configured if name]
        if not folders:
            xdg = environment.get("XDG_CONFIG_HOME")
            folders = [_expand(xdg, home) / "claude"] if xdg else []
            folders += [home / ".config" / "claude", home / ".claude"]
        places = [f if f.name == "projects" else f / "projects" for f in folders]
        return list(dict.fromkeys(places))

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield one observation per response; see the modules for each form of file."""
        known = state.get("form")
        if known is None:
            with path.open("rb") as file:
                known = form(file.read(_HEAD))
        size = path.stat().st_size
        if known in (None, "session"):
            yield from read_session(path, state, stop)
        elif size != state.get("offset", 0) and ("form" in state or not state.get("offset")):
            # These forms are read as a whole: by the reader that begins at the file's start.
            if known == "stream":
                yield from read_capture(path, state)
            else:
                state |= {"offset": size, "roll_ups": int(known == "roll-up")}
        if known is not None:
            state["form"] = known


SOURCE: Final = ClaudeCodeSource()


def _expand(name: str, home: Path) -> Path:
    return home / name[2:] if name.startswith("~/") else Path(name)


def form(head: bytes) -> Form | None:
    """Which of Claude Code's files begins like this, None if none does."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{"):
        return None
    lines = head.split(b"\n")
    if len(lines) == 1 and len(head) > _HEAD // 2:
        return _long_line(head)
    for text in lines if len(lines) < 2 or head.endswith(b"\n") else lines[:-1]:
        value = decoded(text)
        if not isinstance(value, dict):
            continue
        found = _form_of(value)
        if found == "roll-up" and len(lines) > 2:
            found = "stream"
        if found is not None:
            return None if found == "foreign" else found
    value = decoded(head)
    found = _form_of(value) if isinstance(value, dict) else None
    return None if found == "foreign" else found


def _long_line(head: bytes) -> Form | None:
    """Judge the beginning of a very long first line by its keys."""
    own = b'"parentUuid":' in head and b'"isSidechain":' in head
    foreign = any(f'"{key}":'.encode() in head for key in _FOREIGN) or b'"parts":' in head
    return "session" if own and not foreign else None


def _form_of(value: dict[str, Any]) -> Form | Literal["foreign"] | None:
    message = value.get("message")
    kind = value.get("type")
    if not _FOREIGN.isdisjoint(value) or (isinstance(message, dict) and "parts" in message):
        return "foreign"
    if "agentType" in value and ("toolUseId" in value or "spawnDepth" in value):
        return "note"
    if isinstance(value.get("session_id"), str):
        if "transcript_path" in value or "total_cost_usd" in value or "modelUsage" in value:
            return "roll-up"
        return "stream" if kind in _PRINTED and ("uuid" in value or "cwd" in value) else None
    if isinstance(value.get("sessionId"), str) and (kind is not None or isinstance(message, dict)):
        return "session"
    if kind == "summary" and "leafUuid" in value:
        return "session"
    if kind == "file-history-snapshot" and "messageId" in value:
        return "session"
    usage = message.get("usage") if isinstance(message, dict) else None
    own = kind in ("assistant", None) and isinstance(usage, dict) and "input_tokens" in usage
    return "session" if own else None
