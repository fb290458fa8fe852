"""Which files there are, what format they are in, and what is new in them."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jevons.app import reading
from jevons.app.reading import fingerprint, plan, recognise, walk
from jevons.app.wiring import sources
from jevons.vocabulary.errors import SourceError, UsageError
from tests.unit.stores.sample import call, lines


class Memory:
    """Remembered cursors, by place."""

    def __init__(self, **known: Any) -> None:
        self.known = known

    def cursor(self, place: str) -> Any:
        return self.known.get(Path(place).name)


def cursor(path: Path, offset: int, **other: Any) -> Any:
    """What was remembered when a file was read up to `offset`."""
    status = path.stat()
    facts: dict[str, Any] = {
        "source": "events", "size": status.st_size,
        "fingerprint": fingerprint(path, status.st_size) + fingerprint(path, offset),
        "modified": status.st_mtime_ns, "inode": status.st_ino,
        "state": {"offset": offset, "line": 1},
    }  # fmt: skip
    return SimpleNamespace(**{**facts, **other})


def written(path: Path, count: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines(*(call(n) for n in range(count))))
    return path


def test_walk_finds_every_file_once_in_order(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "b/1.jsonl", "a/x.jsonl", "z.jsonl", ".git/config", "a/y.db-wal"):
        written(tmp_path / name)
    os.link(tmp_path / "z.jsonl", tmp_path / "b" / "same.jsonl")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = [str(path.relative_to(tmp_path)) for path in walk([tmp_path, tmp_path / "b"])]
    assert found == ["z.jsonl", "a/x.jsonl", "b/1.jsonl", "b/2.jsonl"]


def test_walk_takes_a_named_file_whatever_its_name(tmp_path: Path) -> None:
    odd = written(tmp_path / "log.tmp")
    assert list(walk([odd])) == [odd]
    assert list(walk([tmp_path])) == []


def test_only_regular_files_are_found(tmp_path: Path) -> None:
    log = written(tmp_path / "logs" / "1")
    os.mkfifo(tmp_path / "logs" / "2")
    (tmp_path / "logs" / "3").symlink_to(tmp_path / "logs" / "2")
    (tmp_path / "logs" / "4").symlink_to("/dev/zero")
    (tmp_path / "logs" / "5").symlink_to(tmp_path / "logs" / "5")
    assert list(walk([tmp_path / "logs"])) == [log]


def test_a_named_pipe_or_device_is_refused_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device")):
        with pytest.raises(SourceError) as caught:
            list(walk([path]))
        assert caught.value.what == f"{path} is {kind}, not a file or a folder"
        assert caught.value.remedy


def test_what_cannot_be_looked_at_is_found_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions, simulated: a superuser has them all."""
    logs = tmp_path / "logs"
    for name in ("open/1", "shut/2", "3"):
        written(logs / name)
    stat, scandir = Path.stat, os.scandir

    def refuse(path: object) -> None:
        if "shut" in str(path) or str(path).endswith("3"):
            raise PermissionError(13, "Permission denied", str(path))

    def no_stat(path: Path, **options: Any) -> os.stat_result:
        refuse(None if path.name == "shut" else path)
        return stat(path, **options)

    def no_list(path: Any) -> Any:
        refuse(path)
        return scandir(path)

    def no_names(path: Any) -> Any:
        refuse(path)
        return [path]

    monkeypatch.setattr(Path, "stat", no_stat)
    monkeypatch.setattr(os, "scandir", no_list)
    monkeypatch.setattr(os, "listdir", no_names)
    found = list(walk([logs]))
    assert [path.name for path in found] == ["3", "1", "shut"]
    plans = [plan(path, None, sources(), Memory()) for path in found]
    assert [one.state for one in plans] == ["unreadable", "new", "unreadable"]
    assert plans[2].problem == f"{logs / 'shut'} cannot be read: Permission denied"
    assert [one.bytes_to_read for one in plans if one.problem] == [0, 0]


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    found = plan(tmp_path / "gone", None, sources(), Memory())
    assert (found.state, found.to_read) == ("unreadable", False)
    assert found.problem == f"{tmp_path / 'gone'} cannot be read: No such file or directory"


def test_walk_says_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        list(walk([tmp_path / "nothing"]))
    assert "nothing" in caught.value.what
    assert caught.value.remedy


def test_formats_are_recognised_by_content(tmp_path: Path) -> None:
    native = written(tmp_path / "any.name")
    found = recognise(native, sources())
    assert found is not None and found.name == "events"
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("just words\n")
    assert recognise(tmp_path / "empty", sources()) is None
    assert recognise(tmp_path / "text", sources()) is None
    with pytest.raises(OSError):
        recognise(tmp_path, sources())


def test_a_file_is_new_then_unchanged_then_grown_then_rewritten(tmp_path: Path) -> None:
    path = written(tmp_path / "log")
    assert plan(path, None, sources(), Memory()).state == "new"
    size = path.stat().st_size
    known = Memory(log=cursor(path, size))
    unchanged = plan(path, None, sources(), known)
    assert (unchanged.state, unchanged.bytes_to_read) == ("unchanged", 0)
    with path.open("a") as file:
        file.write(lines(call(9)))
    grown = plan(path, None, sources(), known)
    assert (grown.state, grown.memory["offset"]) == ("grown", size)
    assert grown.bytes_to_read == path.stat().st_size - size
    path.write_text(lines(call(7), call(8), call(9), call(10)))
    rewritten = plan(path, None, sources(), known)
    assert (rewritten.state, rewritten.memory) == ("rewritten", {})
    path.write_text(lines(call(0)))
    assert plan(path, None, sources(), known).state == "rewritten"


def test_a_rewritten_end_is_noticed_in_a_file_that_kept_its_beginning(tmp_path: Path) -> None:
    path = written(tmp_path / "log", 200)
    known = Memory(log=cursor(path, path.stat().st_size))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30] + b"x" * 30 + whole)
    assert plan(path, None, sources(), known).state == "rewritten"


def test_the_same_size_and_time_in_another_file_is_looked_at(tmp_path: Path) -> None:
    """A rotation puts another file in the place, possibly of the same size and time."""
    path = written(tmp_path / "log")
    known = cursor(path, path.stat().st_size)
    (tmp_path / "log.1").write_bytes(path.read_bytes().replace(b"msg_0", b"msg_9"))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    os.replace(tmp_path / "log.1", path)
    os.utime(path, ns=times)
    assert plan(path, None, sources(), Memory(log=known)).state == "rewritten"


def test_the_named_source_counts_before_the_remembered_one(tmp_path: Path) -> None:
    path = written(tmp_path / "log")
    known = Memory(log=cursor(path, path.stat().st_size))
    assert plan(path, "events", sources(), known).state == "unchanged"
    other = plan(path, "responses", sources(), known)
    assert other.source is not None
    assert (other.state, other.source.name, other.memory) == ("new", "responses", {})
    with pytest.raises(UsageError) as caught:
        plan(path, "carrier-pigeon", sources(), known)
    assert "claude-code" in caught.value.remedy


def test_a_source_that_is_gone_is_recognised_again(tmp_path: Path) -> None:
    path = written(tmp_path / "log")
    known = Memory(log=cursor(path, 0, source="a-source-of-an-older-version"))
    found = plan(path, None, sources(), known)
    assert found.source is not None
    assert (found.state, found.source.name) == ("new", "events")


def test_an_unknown_format_is_said_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("just words\n")
    found = plan(tmp_path / "text", None, sources(), Memory())
    assert (found.state, found.source, found.bytes_to_read) == ("unrecognised", None, 0)


def test_the_log_of_a_database_counts_as_a_change_of_it(tmp_path: Path) -> None:
    path = written(tmp_path / "opencode.db")
    known = Memory(**{"opencode.db": cursor(path, path.stat().st_size)})
    assert plan(path, None, sources(), known).state == "unchanged"
    wal = tmp_path / "opencode.db-wal"
    wal.write_bytes(b"x")
    later = path.stat().st_mtime_ns + 10**9
    os.utime(wal, ns=(later, later))
    assert plan(path, None, sources(), known).state == "grown"


@pytest.mark.parametrize("size", [1, 100, 4096, 4097, 10_000])
def test_the_fingerprint_covers_both_ends(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    content = bytes(n % 251 for n in range(size))
    path.write_bytes(content + b"tail")
    mark = fingerprint(path, size)
    path.write_bytes(content + b"another tail")
    assert fingerprint(path, size) == mark
    for place in {0, size - 1, min(size, reading._PRINT_BYTES) - 1}:
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(bytes(changed))
        assert fingerprint(path, size) != mark
