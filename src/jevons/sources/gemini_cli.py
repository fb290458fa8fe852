"""Gemini CLI: recorded chats, and captures of its standard output.

A chat is a file of lines (`chats/session-*.jsonl`; sub-agents in `chats/<session>/<id>.jsonl`) or,
in older versions, one document (`session-*.json` with `messages`). A message of type `gemini` with
`tokens` is a response. The line of a message is written again when tool results arrive, and a
`$set` patch may carry whole messages: for one message id the last one counts. A resumed old chat
is copied from `.json` to `.jsonl` under the same message ids. A sub-agent's chat is a run of its
own in the session of its parent.

The message id is made by the client, so it recognises the same message again and joins nothing else
(`self_keys`). `tokens.input` includes `cached`; some writers leave it out, which shows in `total`:
then it is added. Thoughts and tool tokens are outside `output`.

What `gemini --output-format json` and `stream-json` print are sums of a session (`stats`): no
observation; `roll_ups` in the state counts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

import msgspec

from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import parse_time
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

NAME: Final = "gemini-cli"

_HEAD: Final = 64 * 1024
_HASH_LENGTH: Final = 64
_PRINTED: Final = frozenset(("init", "message", "tool_use", "tool_result", "error", "result"))


class GeminiCliSource:
    """Reads chats of Gemini CLI. A chat's id stands on its first line, so a file is read in order
    and not in ranges."""

    name = NAME
    whole = False
    ranged = False

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the head is a chat (lines or document) or a printed result."""
        return _form(head) is not None

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """The `chats` folder of every project under `.gemini/tmp`; GEMINI_CLI_HOME stands for the
        home folder."""
        configured = environment.get("GEMINI_CLI_HOME")
        if configured:
            home = home / configured[2:] if configured.startswith("~/") else Path(configured)
        projects = home / ".gemini" / "tmp"
        return sorted(projects.glob("*/chats")) or [projects]

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield one observation per response that was added to the chat since the last time."""
        with path.open("rb") as file:
            form = _form(file.read(_HEAD))
        if form == "document":
            yield from _read_document(path, state)
        else:
            yield from _read_lines(path, state, stop)


SOURCE: Final = GeminiCliSource()


class Chat(msgspec.Struct, omit_defaults=True):
    """What is known of a chat: its ids, its start (epoch microseconds) and its project."""

    session: str | None = None
    parent: str | None = None
    started: int | None = None
    project: str | None = None

    def learn(self, record: dict[str, Any], path: Path) -> None:
        """Learn from a record that may carry the chat's metadata."""
        session = record.get("sessionId")
        if not isinstance(session, str):
            return
        self.session = self.session or session
        self.started = self.started or _time(record.get("startTime"))
        folder = path.parent
        if record.get("kind") == "subagent" and folder.parent.name == "chats":
            self.parent, folder = folder.name, folder.parent
        place = folder.parent
        if place.parent.name == "tmp" and len(place.name) != _HASH_LENGTH:
            self.project = self.project or place.name
        directories = record.get("directories")
        if isinstance(directories, list) and directories and isinstance(directories[0], str):
            first = directories[0]
            self.project = (PureWindowsPath if "\\" in first else PurePosixPath)(first).name or None


def _read_lines(path: Path, state: State, stop: int | None) -> Iterator[Observation | Rejection]:
    """Read new lines; `state` moves when all of them were handed over, for the last line wins."""
    place, progress = str(path), dict(state)
    chat = msgspec.convert(state.get("chat", {}), Chat)
    found: dict[object, Observation | Rejection] = {}
    with path.open("rb") as file:
        for number, text in complete_lines(file, progress, stop):
            record = _decoded(text)
            if not isinstance(record, dict):
                reason = "the line is not a JSON object: it is cut or overwritten"
                found[number] = reject(NAME, place, number, reason, text, record)
                continue
            patch = record.get("$set")
            chat.learn(patch if isinstance(patch, dict) else record, path)
            if "stats" in record:
                progress["roll_ups"] = int(progress.get("roll_ups", 0)) + 1
            for message in _messages(record):
                result = _observation(message, chat)
                if isinstance(result, str):
                    found[number] = reject(NAME, place, number, result, text, record)
                elif result is not None:
                    found[message.get("id", number)] = result
    yield from found.values()
    state |= progress | {"chat": msgspec.to_builtins(chat)}


def _read_document(path: Path, state: State) -> Iterator[Observation | Rejection]:
    """Read a whole document, unless it has the size that it had the last time."""
    place, text, chat = str(path), path.read_bytes(), Chat()
    if state.get("offset") == len(text):
        return
    record = _decoded(text)
    if not isinstance(record, dict):
        yield reject(NAME, place, 0, "the file is not a JSON document: it is cut", text)
        return
    chat.learn(record, path)
    for number, message in enumerate(_messages(record), 1):
        result = _observation(message, chat)
        if isinstance(result, str):
            yield reject(NAME, place, number, result, msgspec.json.encode(message), message)
        elif result is not None:
            yield result
    state |= {"offset": len(text), "roll_ups": int("stats" in record)}


def _messages(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages in a record: itself, or those that it or its patch carries."""
    patch = record.get("$set")
    holder = patch if isinstance(patch, dict) else record
    messages = holder.get("messages")
    if not isinstance(messages, list):
        return [record] if record.get("type") == "gemini" else []
    return [message for message in messages if isinstance(message, dict)]


def _observation(message: dict[str, Any], chat: Chat) -> Observation | str | None:
    """The observation of a message, why it cannot be one, or None if it is not a response."""
    tokens = message.get("tokens")
    if message.get("type") != "gemini" or tokens is None:
        return None
    if not isinstance(tokens, dict):
        return "tokens is not an object"
    time = _time(message.get("timestamp"))
    if time is None:
        return "the message has no valid timestamp"
    model, identifier = message.get("model"), message.get("id")
    counted = any(_number(tokens, name) for name in tokens)
    return Observation(
        provider="google",
        time=time,
        source=NAME,
        evidence="client_log",
        completeness="complete" if counted else "none",
        api="gemini.cli",
        self_keys=[f"{NAME}:{identifier}"] if isinstance(identifier, str) else [],
        request_model=model if isinstance(model, str) and model else None,
        usage=_inclusive(tokens) if counted else None,
        finish_reason="tool" if message.get("toolCalls") else None,
        harness=NAME,
        project=chat.project,
        session=chat.parent or chat.session,
        session_started_at=chat.started,
        run=chat.session,
        parent_run=chat.parent,
    )


def _inclusive(tokens: dict[str, Any]) -> dict[str, Any]:
    """Tokens with `cached` inside `input`: it is added where only that agrees with `total`."""
    cached, total = _number(tokens, "cached"), tokens.get("total")
    outside = sum(_number(tokens, name) for name in ("input", "output", "thoughts", "tool"))
    if cached and total != outside and total == outside + cached:
        return {**tokens, "input": _number(tokens, "input") + cached}
    return tokens


def _number(tokens: dict[str, Any], name: str) -> int:
    value = tokens.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _time(value: Any) -> int | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _form(head: bytes) -> str | None:
    """`lines`, `document` or `printed`; None for anything else."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{"):
        return None
    record = _decoded(head.split(b"\n", 1)[0])
    if isinstance(record, dict):
        if isinstance(record.get("stats"), dict) and "models" in record["stats"]:
            return "printed"
        if record.get("type") == "init" and "session_id" in record and "model" in record:
            return "printed"
        if "sessionId" in record and "projectHash" in record:
            return "document" if "messages" in record else "lines"
        if record.get("type") == "gemini" and "tokens" in record:
            return "lines"
        return None
    # A document over many lines, or one whose beginning is longer than the head.
    keys = all(key in head for key in (b'"sessionId"', b'"projectHash"', b'"messages"'))
    if keys:
        return "document"
    return "document" if b'"stats"' in head and b'"models"' in head and b'"roles"' in head else None
