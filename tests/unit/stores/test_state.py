"""The side database: cursors, rejections, checksums, facts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from jevons.stores.state import Cursor, State
from jevons.vocabulary.errors import LedgerError
from jevons.vocabulary.rejection import Rejection


def rejection(line: int, place: str = "log", reason: str = "bad") -> Rejection:
    return Rejection(source="events", place=place, line=line, reason=reason, content_hash="00")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.db")


def test_cursors_are_remembered_and_replaced(state: State) -> None:
    assert state.cursor("log") is None
    first = Cursor("events", b"print", 10, 2**60, 3, {"offset": 10, "own": ["x"]})
    state.save_cursors([("log", first), ("other", first)])
    assert state.cursor("log") == first
    later = Cursor("events", b"later", 20, 5, 3, {"offset": 20})
    state.save_cursors([("log", later)])
    assert (state.cursor("log"), state.cursor("other")) == (later, first)


def test_rejections_are_kept_once_in_order(state: State) -> None:
    state.reject([rejection(9), rejection(2), rejection(2, "a log")], 1)
    state.reject([rejection(9, reason="said otherwise")], 2)
    kept = [(one.place, one.line, one.reason) for one in state.rejections()]
    assert kept == [("a log", 2, "bad"), ("log", 2, "bad"), ("log", 9, "bad")]
    assert state.rejected() == 3
    assert [state.rejected(as_of) for as_of in (0, 1, 2)] == [0, 3, 3]


def test_rejections_of_one_file_are_withdrawn_and_not_forgotten(state: State) -> None:
    state.reject([rejection(9), rejection(2), rejection(2, "a log")], 1)
    state.reject([rejection(3, "a log")], 5)
    state.withdraw_rejections("log", 7)
    state.withdraw_rejections("never", 7)
    assert [(one.place, one.line) for one in state.rejections()] == [("a log", 2), ("a log", 3)]
    assert [state.rejected(as_of) for as_of in (0, 1, 5, 6, 7, None)] == [0, 3, 4, 4, 2, 2]


def test_a_rejection_that_is_found_again_stands_again(state: State) -> None:
    for began in (1, 10, 20):
        state.withdraw_rejections("log", began)
        state.reject([rejection(2), rejection(2)], began + 1)
    assert [(one.place, one.line) for one in state.rejections()] == [("log", 2)]
    assert [state.rejected(as_of) for as_of in (1, 9, 10, 11, 20, 30)] == [0, 1, 0, 1, 0, 1]


def test_outcomes_and_usage_of_one_file_are_withdrawn_apart(state: State) -> None:
    one = rejection(1)
    state.reject([one, msgspec.structs.replace(one, line=2, source="outcomes/csv")], 1)
    state.withdraw_rejections("log", 2)
    assert [kept.source for kept in state.rejections()] == ["outcomes/csv"]
    state.withdraw_rejections("log", 3, "outcomes/csv")
    assert [state.rejected(as_of) for as_of in (1, 2, 3)] == [2, 1, 0]


def test_files_are_registered_and_forgotten(state: State, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    state.register([("ledger/t/a", tmp_path / "a")])
    ((size, digest),) = state.registered().values()
    assert (size, len(digest)) == (7, 16)
    state.forget(["ledger/t/a", "never"])
    assert state.registered() == {}


def test_facts(state: State) -> None:
    assert state.fact("x") is None
    state.set_fact("x", "1")
    state.set_facts({"x": "2", "y": "3"})
    assert (state.fact("x"), state.fact("y")) == ("2", "3")


def test_everything_survives_opening_again(tmp_path: Path) -> None:
    first = State(tmp_path / "state.db")
    first.set_fact("x", "1")
    first.reject([rejection(1)], 1)
    first.close()
    again = State(tmp_path / "state.db")
    assert (again.fact("x"), again.rejected()) == ("1", 1)
    again.close()


def test_a_failed_write_leaves_nothing_behind(state: State) -> None:
    with pytest.raises(LedgerError):
        state.save_cursors([
            ("good", Cursor("events", b"", 1, 1, 1, {})),
            ("bad", Cursor(None, b"", 1, 1, 1, {})),  # type: ignore[arg-type]
        ])  # fmt: skip
    assert state.cursor("good") is None
    state.set_fact("x", "1")
    assert state.fact("x") == "1"


def test_what_is_no_database_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database at all" * 99)
    with pytest.raises(LedgerError):
        State(tmp_path / "state.db")


def test_a_read_only_database_is_read(tmp_path: Path) -> None:
    writer = State(tmp_path / "state.db")
    writer.set_fact("x", "1")
    writer.close()
    reader = State(tmp_path / "state.db", read_only=True)
    assert reader.fact("x") == "1"
    with pytest.raises(LedgerError):
        reader.set_fact("x", "2")
    reader.close()
