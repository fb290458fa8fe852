"""Complete lines of a growing file, with exact places."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.vocabulary import lines
from jevons.vocabulary.lines import complete_lines

contents = st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=12)


def read(data: bytes, state: dict[str, Any], stop: int | None = None) -> list[tuple[int, bytes]]:
    return list(complete_lines(io.BytesIO(data), state, stop))


beginnings = st.binary(max_size=8).map(lambda b: bytes(c for c in b if c not in b"\n}\0"))


@given(contents, beginnings)
def test_every_complete_line_once_and_no_other(texts: list[bytes], rest: bytes) -> None:
    data = b"".join(text + b"\n" for text in texts)
    state: dict[str, Any] = {}
    found = read(data + rest, state)
    wanted = [(n, text.strip()) for n, text in enumerate(texts, 1) if text.strip()]
    if not data.startswith(b"\xef\xbb\xbf"):
        assert found == wanted
    assert state == ({"offset": len(data), "line": len(texts)} if texts else {})


@given(contents, st.integers(min_value=0, max_value=150))
def test_ranges_and_later_readings_add_up(texts: list[bytes], cut: int) -> None:
    data = b"".join(text + b"\n" for text in texts)
    whole = read(data, {})
    state: dict[str, Any] = {}
    first = read(data, state, cut)
    assert state.get("offset", 0) >= min(cut, len(data))
    assert first + read(data, state) == whole
    grown: dict[str, Any] = {}
    begun = read(data[:cut], grown)
    complete = [one for one in begun if one[0] <= grown.get("line", 0)]
    assert complete + read(data, grown) == whole


def test_lines_longer_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BLOCK", 7)
    data = b"short\n" + b"x" * 50 + b"\n\n" + b"last\n"
    state: dict[str, Any] = {}
    assert read(data, state) == [(1, b"short"), (2, b"x" * 50), (4, b"last")]
    assert state == {"offset": len(data), "line": 4}


def test_an_overlong_line_is_cut_but_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BLOCK", 8)
    monkeypatch.setattr(lines, "LONGEST", 16)
    data = b"x" * 1000 + b"\nnext\n"
    state: dict[str, Any] = {}
    (first, second) = read(data, state)
    assert first[0] == 1 and 16 < len(first[1]) < 64
    assert second == (2, b"next")
    assert state == {"offset": len(data), "line": 2}


def test_a_whole_object_without_line_end_is_a_line() -> None:
    state: dict[str, Any] = {}
    assert read(b'\xef\xbb\xbf{"a":{}}', state) == [(1, b'{"a":{}}')]
    assert state == {"offset": 11, "line": 1}
    assert read(b'{"a":{}', {}) == []


def test_what_follows_a_whole_object_without_line_end_is_counted_right() -> None:
    state: dict[str, Any] = {}
    data = b'{"a":1}\n{"b":2}'
    assert [number for number, _ in read(data, state)] == [1, 2]
    assert read(data + b"\n{}\n", state) == [(3, b"{}")]
    state = {}
    read(data, state)
    assert read(data + b" x\n{}\n", state) == [(2, b"x"), (3, b"{}")]


@pytest.mark.parametrize(
    "rest",
    [b"\0" * 9, '{"a": 1}'.encode("utf-16"), '{"a"'.encode("utf-16-be"), b'{"a": "\0'],
)
def test_what_begins_no_line_of_text_is_told_and_read_again(rest: bytes) -> None:
    state: dict[str, Any] = {}
    assert read(b"{}\n" + rest, state) == [(1, b"{}"), (2, rest)]
    assert state == {"offset": 3, "line": 1}
    assert read(b"{}\n" + rest + b"\n{}\n", state)[-1] == (3, b"{}")
    assert read(b"{}\n" + rest, {}, 3) == [(1, b"{}")]
