"""OpenCode. The database is made here; the fixtures under `opencode` are an older message file and
printed events that repeat its message msg_shop1 (in 100, out 20, reasoning 5, read 900, write 30).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jevons.sources.opencode import SOURCE
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection
from jevons.vocabulary.source import State

FIXTURES = Path(__file__).parents[2] / "fixtures" / "opencode"
STORED = FIXTURES / "storage" / "message" / "ses_shop1"
NINE = 1_791_190_800_000
"""2026-10-05 09:00 UTC in epoch milliseconds."""


def everything(path: Path, state: State | None = None) -> list[Observation | Rejection]:
    return list(SOURCE.read(path, {} if state is None else state))


def read(path: Path, state: State | None = None) -> list[Observation]:
    return [o for o in everything(path, state) if isinstance(o, Observation)]


def tokens(total: int) -> dict[str, Any]:
    return {
        "input": total - 30, "output": 20, "reasoning": 10, "cache": {"read": 0, "write": 0},
        "total": total,
    }  # fmt: skip


def message(**fields: Any) -> dict[str, Any]:
    return {
        "role": "assistant", "modelID": "claude-sonnet-4-5", "providerID": "anthropic",
        "agent": "build", "path": {"cwd": "/srv/shop/web", "root": "/srv/shop"}, "cost": 0,
        "tokens": tokens(130), "time": {"created": NINE, "completed": NINE + 900},
    } | fields  # fmt: skip


class Database:
    """A database as OpenCode writes it, in write-ahead mode, with its writer still at work."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer = sqlite3.connect(path)
        self.writer.execute("PRAGMA journal_mode=WAL")
        self.writer.execute("PRAGMA wal_autocheckpoint=0")
        self.writer.executescript(
            "CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, time_created INTEGER,"
            " version TEXT, tokens_input INTEGER);"
            "CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER,"
            " time_updated INTEGER, data TEXT);"
        )
        for name, parent in (("ses_1", None), ("ses_2", "ses_1"), ("ses_3", "ses_2")):
            row = (name, parent, NINE - 1000, "1.18.0", 10_000)
            self.writer.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row)
        self.writer.commit()

    def put(self, name: str, session: str, updated: int, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        row = (name, session, NINE, NINE + updated, text)
        self.writer.execute("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)", row)
        self.writer.commit()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "opencode.db")
    with closing(made.writer):
        yield made


def test_a_live_database_is_read_beside_its_writer(database: Database) -> None:
    database.put("msg_1", "ses_1", 1, {"role": "user", "time": {"created": NINE}})
    database.put("msg_2", "ses_1", 2, message(cost=0.00105))
    database.put("msg_3", "ses_3", 3, message(tokens=tokens(99), providerID="amazon-bedrock"))
    assert database.path.with_name("opencode.db-wal").stat().st_size > 0
    with database.path.open("rb") as file:
        assert SOURCE.recognise(database.path, file.read(64 * 1024))
    root, below = read(database.path)
    assert (root.self_keys, root.response_id, root.aliases) == (["opencode:msg_2"], None, [])
    assert (root.provider, root.api, root.request_model) == (
        "anthropic", "opencode", "claude-sonnet-4-5",
    )  # fmt: skip
    assert (root.usage, root.time) == (tokens(130), NINE * 1000)
    assert (root.stated_cost, root.stated_by) == ("0.00105", "client")
    assert (root.session, root.run, root.parent_run) == ("ses_1", "ses_1", None)
    assert (root.project, root.agent, root.harness_version) == ("shop", "build", "1.18.0")
    assert root.session_started_at == (NINE - 1000) * 1000
    assert (below.session, below.run, below.parent_run) == ("ses_1", "ses_3", "ses_2")
    assert (below.provider, below.stated_cost) == ("amazon-bedrock", None)


def test_later_imports_read_what_changed(database: Database) -> None:
    state: State = {}
    database.put("msg_1", "ses_1", 1, message())
    database.put("msg_2", "ses_1", 5, message())
    assert len(read(database.path, state)) == 2
    database.put("msg_1", "ses_1", 9, message(tokens=tokens(200)))
    later = read(database.path, state)
    assert [o.self_keys for o in later] == [["opencode:msg_2"], ["opencode:msg_1"]]
    assert later[1].usage == tokens(200)


def test_failures_and_what_is_still_coming(database: Database) -> None:
    none = tokens(30) | {"input": 0, "output": 0, "reasoning": 0, "total": 0}
    refusal = {"name": "APIError", "data": {"statusCode": 429, "message": "words"}}
    database.put("msg_1", "ses_1", 1, message(tokens=none, time={"created": NINE}))
    database.put("msg_2", "ses_1", 2, message(tokens=none, error=refusal))
    database.put("msg_3", "ses_1", 3, message(error={"name": "MessageAbortedError"}))
    database.put("msg_4", "ses_1", 4, message(tokens=none))
    refused, aborted, unknown = read(database.path)
    assert (refused.status, refused.error, refused.completeness) == ("429", "APIError", "none")
    assert (aborted.status, aborted.error, aborted.usage) == (
        "error", "MessageAbortedError", tokens(130),
    )  # fmt: skip
    assert (unknown.completeness, unknown.usage) == ("none", None)


def test_bad_rows_are_rejected(database: Database) -> None:
    database.put("msg_1", "ses_1", 1, '{"role":"assistant","tokens":{"inp')
    database.put("msg_2", "ses_1", 2, message(time={"created": "nine"}))
    rejected = [o for o in everything(database.path) if isinstance(o, Rejection)]
    assert [(o.line, o.reason) for o in rejected] == [
        (1, "the message is not a JSON object"),
        (2, "the message has no valid time"),
    ]


def test_a_damaged_database_is_rejected(tmp_path: Path) -> None:
    broken = tmp_path / "opencode.db"
    broken.write_bytes(b"SQLite format 3\x00" + b"\x00" * 2000)
    assert not SOURCE.recognise(broken, broken.read_bytes())
    (rejected,) = everything(broken)
    assert isinstance(rejected, Rejection) and rejected.line == 0
    assert rejected.reason.startswith("the database cannot be read: ")


def test_another_database_is_not_recognised(tmp_path: Path) -> None:
    other = tmp_path / "opencode.db"
    with closing(sqlite3.connect(other)) as made:
        made.execute("CREATE TABLE message (id TEXT)")
    assert not SOURCE.recognise(other, other.read_bytes())


def test_an_older_message_file() -> None:
    path = STORED / "msg_shop1.json"
    assert SOURCE.recognise(path, path.read_bytes())
    (call,) = read(path)
    assert call.self_keys == ["opencode:msg_shop1"]
    assert call.usage == {
        "input": 100, "output": 20, "reasoning": 5, "cache": {"read": 900, "write": 30},
        "total": 1055,
    }  # fmt: skip
    assert (call.stated_cost, call.session, call.project) == ("0.0042", "ses_shop1", "shop")
    assert read(STORED / "msg_shop2.json") == [], "a user's message"


def test_printed_events_repeat_the_messages() -> None:
    path = FIXTURES / "run.jsonl"
    assert SOURCE.recognise(path, path.read_bytes())
    *found, rejected = everything(path)
    calls = [o for o in found if isinstance(o, Observation)]
    assert [o.self_keys[0] for o in calls] == ["opencode:msg_shop1", "opencode:msg_shop3"]
    assert [o.stated_cost for o in calls] == ["0.0042", None]
    assert {(o.provider, o.request_model) for o in calls} == {("unknown", None)}
    (stored,) = read(STORED / "msg_shop1.json")
    assert calls[0].usage == stored.usage
    assert isinstance(rejected, Rejection) and rejected.line == 5


def test_places(tmp_path: Path) -> None:
    folder = tmp_path / ".local" / "share" / "opencode"
    stored = folder / "storage" / "message"
    assert SOURCE.places({}, tmp_path) == [folder / "opencode.db", stored]
    folder.mkdir(parents=True)
    for name in ("opencode.db", "opencode-beta.db", "opencode.db-wal"):
        (folder / name).touch()
    assert SOURCE.places({}, tmp_path) == [
        folder / "opencode-beta.db", folder / "opencode.db", stored,
    ]  # fmt: skip
    xdg = {"XDG_DATA_HOME": "/xdg"}
    assert SOURCE.places(xdg, tmp_path)[0] == Path("/xdg/opencode/opencode.db")
    assert SOURCE.places({"OPENCODE_DATA_DIR": "~/oc"}, tmp_path)[0] == tmp_path / "oc/opencode.db"


def test_the_genuine_database(shared_data: Path) -> None:
    """Right totals of the samples' README: the files hold 2 of 3 calls: in 400, read 2000, out 74,
    reasoning 40, $0.00189; the printed events repeat both."""
    folder = shared_data / "formats" / "captured" / "opencode-1.18.33"
    found = everything(folder / "opencode.db")
    calls = [o for o in found if isinstance(o, Observation)]
    assert len(calls) == len(found) == 2
    usages = [o.usage or {} for o in calls]
    sums = [sum(usage[name] for usage in usages) for name in ("input", "output", "reasoning")]
    assert sums == [400, 74, 40]
    assert sum(usage["cache"]["read"] for usage in usages) == 2000
    assert [o.stated_cost for o in calls] == ["0.000945"] * 2, "0.000945 x 2 = 0.00189"
    printed = read(folder / "run-json-stdout.jsonl")
    assert [o.self_keys for o in printed] == [o.self_keys for o in calls]
    assert [o.usage for o in printed] == usages
