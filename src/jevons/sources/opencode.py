"""OpenCode (and Kilo, the same code): its database, its older message files, its printed events.

The database's table `message` holds one JSON document per message, and so does each file of the
older `storage/message/<session>/<message>.json`; those of role `assistant` with `tokens` are
responses. `opencode run --format json` prints a `step_finish` event per response under the same
message id, with tokens and cost but without provider and model. Session totals repeat the messages
and are not read.

The message id is made by the client, so it recognises the same message again and joins nothing else
(`self_keys`). `cost` is what OpenCode computed from its own price list; 0 means that it knew no
price or that a subscription paid, so only a positive one is taken as the client's statement. The
session is the root conversation; a sub-agent's session is a run of its own below its parent's.

OpenCode's call for a session's title is in no local file: only a gateway or a span sees it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

import msgspec

from jevons.vocabulary.finish import finish_of
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.money import parse_amount, plain
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

NAME: Final = "opencode"

_SQLITE: Final = b"SQLite format 3\x00"
_HEAD: Final = 64 * 1024
_EARLIEST_MS: Final = 946_684_800_000
_LATEST_MS: Final = 7_258_118_400_000
_UNREPORTED: Final = "unknown"
"""Provider of a printed event, which names none; the ledger takes it from another report."""

_MESSAGES: Final = """
SELECT id, session_id, time_updated, data FROM message
WHERE time_updated >= ? ORDER BY time_updated, id
"""


class Conversation(msgspec.Struct, frozen=True):
    """A session of OpenCode: its parent (if a sub-agent's), start in milliseconds and version."""

    id: str
    parent: str | None = None
    started: int | None = None
    version: str | None = None


class OpenCodeSource:
    """Reads OpenCode's messages. A later import of a database reads only messages that were written
    or changed since; the newest is read again."""

    name = NAME
    whole = True
    ranged = False

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the file is an OpenCode database, a message file, or printed events."""
        if head.startswith(_SQLITE):
            return _has_messages(path)
        value = _first_object(head)
        return value is not None and (_is_message(value) or _is_printed(value))

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """Databases and message files in every folder of OPENCODE_DATA_DIR (commas between), else
        in `opencode` under XDG_DATA_HOME or `~/.local/share`."""
        names = [name.strip() for name in environment.get("OPENCODE_DATA_DIR", "").split(",")]
        folders = [_expand(name, home) for name in names if name]
        if not folders:
            xdg = environment.get("XDG_DATA_HOME")
            folders = [(_expand(xdg, home) if xdg else home / ".local" / "share") / "opencode"]
        places: list[Path] = []
        for folder in folders:
            places += sorted(folder.glob("opencode*.db")) or [folder / "opencode.db"]
            places.append(folder / "storage" / "message")
        return places

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield one observation per response; a database is opened for reading only."""
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(_SQLITE):
            yield from _read_database(path, state)
        elif (value := _first_object(head)) is not None and _is_printed(value):
            yield from _read_printed(path, state)
        else:
            yield from _read_file(path)


SOURCE: Final = OpenCodeSource()


def _expand(name: str, home: Path) -> Path:
    return home / name[2:] if name.startswith("~/") else Path(name)


def _open(path: Path) -> sqlite3.Connection:
    """Open for reading only, beside a live writer: its write-ahead log is read too."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)


def _has_messages(path: Path) -> bool:
    try:
        with closing(_open(path)) as database:
            database.execute("SELECT id, session_id, time_updated, data FROM message LIMIT 0")
            database.execute("SELECT id, parent_id FROM session LIMIT 0")
    except sqlite3.Error:
        return False
    return True


def _read_database(path: Path, state: State) -> Iterator[Observation | Rejection]:
    place, since = str(path), int(state.get("updated", 0))
    try:
        with closing(_open(path)) as database:
            conversations = _conversations(database)
            rows = database.execute(_MESSAGES, (since,)).fetchall()
    except sqlite3.Error as problem:
        yield reject(NAME, place, 0, f"the database cannot be read: {problem}", place.encode())
        return
    harness = "kilo" if path.name.startswith("kilo") else NAME
    for number, (identifier, session, updated, text) in enumerate(rows, 1):
        raw = text if isinstance(text, bytes) else str(text).encode()
        value = _decoded(raw)
        if isinstance(value, dict):
            value = {"id": identifier, "sessionID": session} | value
        result = _observation(value, conversations, harness)
        if isinstance(result, str):
            yield reject(NAME, place, number, result, raw, value)
        elif result is not None:
            yield result
        state["updated"] = max(int(state.get("updated", 0)), int(updated))


def _conversations(database: sqlite3.Connection) -> dict[str, Conversation]:
    rows = database.execute("SELECT id, parent_id, time_created, version FROM session")
    return {row[0]: Conversation(*row) for row in rows}


def _read_file(path: Path) -> Iterator[Observation | Rejection]:
    raw = path.read_bytes()
    value = _decoded(raw)
    result = _observation(value, {}, NAME)
    if isinstance(result, str):
        yield reject(NAME, str(path), 1, result, raw, value)
    elif result is not None:
        yield result


def _read_printed(path: Path, state: State) -> Iterator[Observation | Rejection]:
    """Read printed events from the start; the caller has seen that the file changed."""
    progress: State = {}
    with path.open("rb") as file:
        for number, text in complete_lines(file, progress):
            event = _decoded(text)
            result: Observation | str | None = None
            if not isinstance(event, dict):
                result = "the line is not a JSON object: it is cut or overwritten"
            elif event.get("type") == "step_finish" and isinstance(event.get("part"), dict):
                part = event["part"]
                result = _observation(
                    {
                        "id": part.get("messageID"),
                        "sessionID": event.get("sessionID"),
                        "role": "assistant",
                        "time": {"created": event.get("timestamp")},
                        "tokens": part.get("tokens"),
                        "cost": part.get("cost"),
                    },
                    {},
                    NAME,
                )
            if isinstance(result, str):
                yield reject(NAME, str(path), number, result, text, event)
            elif result is not None:
                yield result
    state |= progress


def _observation(
    message: Any, conversations: Mapping[str, Conversation], harness: str
) -> Observation | str | None:
    """The observation of a message, why it cannot be one, or None if it is not a response."""
    if not isinstance(message, dict):
        return "the message is not a JSON object"
    tokens, (status, failure) = message.get("tokens"), _failure(message.get("error"))
    counted = _counted(tokens)
    if message.get("role", "assistant") != "assistant" or (tokens is None and failure is None):
        return None
    time = message.get("time")
    created = time.get("created") if isinstance(time, dict) else None
    if not isinstance(created, int) or not _EARLIEST_MS <= created < _LATEST_MS:
        return "the message has no valid time"
    if not counted and failure is None and isinstance(time, dict) and "completed" not in time:
        return None  # the response is still coming
    identifier, provider = _text(message.get("id")), _text(message.get("providerID"))
    found = Observation(
        provider=provider or _UNREPORTED,
        time=created * 1000,
        source=NAME,
        evidence="client_log",
        completeness="complete" if counted else "none",
        api=NAME,
        self_keys=[f"{NAME}:{identifier}"] if identifier else [],
        request_model=_text(message.get("modelID")),
        usage=tokens if counted else None,
        finish_reason=finish_of(message.get("finish")),
        status=status,
        error=failure,
        harness=harness,
        project=_project(message.get("path")),
        agent=_text(message.get("agent")) or _text(message.get("mode")),
    )
    found.stated_cost = _cost(message.get("cost"))
    found.stated_by = "client" if found.stated_cost else None
    _attribute(found, _text(message.get("sessionID")), conversations)
    return found


def _attribute(
    found: Observation, session: str | None, conversations: Mapping[str, Conversation]
) -> None:
    """Set session, run and parent: the session is the root of the chain of parents."""
    own = conversations.get(session or "")
    found.session = found.run = session
    if own is None:
        return
    found.parent_run, found.harness_version = own.parent, own.version
    found.session_started_at = None if own.started is None else own.started * 1000
    root, seen = own, {own.id}
    while root.parent is not None and root.parent not in seen and root.parent in conversations:
        root = conversations[root.parent]
        seen.add(root.id)
    found.session = root.parent or root.id


def _counted(tokens: Any) -> bool:
    """Whether any counter of a tokens object is not zero."""
    if isinstance(tokens, dict):
        return any(_counted(value) for value in tokens.values())
    return isinstance(tokens, int) and not isinstance(tokens, bool) and tokens != 0


def _failure(error: Any) -> tuple[str | None, str | None]:
    """HTTP status (or `error`) and name of a message's error (`APIError`), never its text."""
    name = _text(error.get("name")) if isinstance(error, dict) else None
    if name is None:
        return None, None
    data = error.get("data")
    status = data.get("statusCode") if isinstance(data, dict) else None
    return str(status) if isinstance(status, int) else "error", name


def _cost(value: Any) -> str | None:
    """A cost in USD that OpenCode states, None unless it is positive."""
    try:
        amount = parse_amount(value)
    except ValueError:
        return None
    return plain(amount) if amount > 0 else None


def _project(path: Any) -> str | None:
    """The folder that a message's conversation works in."""
    place = (path.get("root") or path.get("cwd")) if isinstance(path, dict) else None
    if not isinstance(place, str) or place in ("", "/"):
        place = path.get("cwd") if isinstance(path, dict) else None
    if not isinstance(place, str):
        return None
    return (PureWindowsPath(place) if "\\" in place else PurePosixPath(place)).name or None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _first_object(head: bytes) -> dict[str, Any] | None:
    """The head as one document, or its first line, if that is an object."""
    for text in (head, head.lstrip().split(b"\n", 1)[0]):
        value = _decoded(text)
        if isinstance(value, dict):
            return value
    return None


def _is_message(value: dict[str, Any]) -> bool:
    return "sessionID" in value and "role" in value and isinstance(value.get("time"), dict)


def _is_printed(value: dict[str, Any]) -> bool:
    return isinstance(value.get("sessionID"), str) and isinstance(value.get("part"), dict)
