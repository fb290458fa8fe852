"""Live observations: acknowledged once, sealed once, none lost in between."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from jevons.app.results import Query
from jevons.stores.inbox import Inbox, observation_id
from jevons.vocabulary.errors import LedgerError
from tests.unit.stores.sample import call, opened, price_of


def test_lines_wait_in_order_and_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "deep" / "inbox.db")
    assert inbox.append([b"a", b"b", b"a"]) == 2
    assert inbox.append([b"b", b"c"]) == 1
    assert inbox.append([]) == 0
    assert inbox.waiting() == 3
    mark, lines = inbox.peek(100)
    assert list(dict.fromkeys(lines)) == [b"a", b"b", b"c"]
    inbox.remove(mark)
    assert inbox.waiting() == 0
    assert inbox.peek(100) == (0, [])
    assert inbox.append([b"a"]) == 1
    inbox.close()


def test_what_comes_while_others_are_sealed_stays(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db")
    inbox.append([b"a"])
    inbox.append([b"b"])
    mark, lines = inbox.peek(1)
    assert lines == [b"a"]
    inbox.append([b"c"])
    inbox.remove(mark)
    assert inbox.peek(100)[1] == [b"b", b"c"]
    inbox.close()


def test_a_repetition_of_what_is_being_sealed_is_not_lost(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db")
    inbox.append([b"a"])
    mark, _ = inbox.peek(10)
    assert inbox.append([b"a", b"b"]) == 1
    inbox.remove(mark)
    assert b"b" in inbox.peek(10)[1]
    inbox.close()


def test_what_was_acknowledged_is_there_after_opening_again(tmp_path: Path) -> None:
    first = Inbox(tmp_path / "inbox.db")
    first.append([b"a"])
    second = Inbox(tmp_path / "inbox.db")
    assert second.peek(10)[1] == [b"a"]
    first.close()
    second.close()


def test_threads_that_append_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db")
    accepted: list[int] = []

    def work(worker: int) -> None:
        for n in range(10):
            accepted.append(inbox.append([f"{worker}/{n}".encode(), f"all/{n}".encode()]))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted) == inbox.waiting() == 70
    assert len(set(inbox.peek(1000)[1])) == 70
    inbox.close()


def test_what_cannot_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox.db")
    inbox._db.close()
    inbox._db = sqlite3.connect(f"file:{tmp_path}/inbox.db?mode=ro", uri=True, isolation_level=None)
    with pytest.raises(LedgerError):
        inbox.append([b"a"])
    assert inbox.waiting() == 0
    inbox.close()


def test_the_id_is_that_of_the_content() -> None:
    assert observation_id(b"a") == observation_id(b"a") != observation_id(b"b")
    assert len(observation_id(b"")) == 16
    early, late = (b'{"provider":"p","time":%d}' % time for time in (10**15, 2 * 10**15))
    assert observation_id(early) < observation_id(late)


def test_sealing_moves_everything_once(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as jevons:
        assert jevons.store.seal_inbox() == 0
        jevons.store.seal([call(1)])
        assert jevons.store.acknowledge([call(1), call(2), call(2), call(3)]) == 3
        assert jevons.store.seal_inbox() == 2
        assert (jevons.store.waiting(), jevons.store.seal_inbox()) == (0, 0)
        total = jevons.report(Query()).total
        assert (total.calls, total.effective_cost) == (3, sum(price_of(n) for n in (1, 2, 3)))
        assert jevons.verify().first_difference is None


def test_what_was_sealed_but_not_removed_is_not_doubled(tmp_path: Path) -> None:
    """Killed between the tables' fsync and the inbox forgetting."""
    with opened(tmp_path / "home") as jevons:
        jevons.store.acknowledge([call(1), call(2)])
        jevons.store.seal([call(1), call(2)])
        assert jevons.store.seal_inbox() == 0
        assert (jevons.store.waiting(), jevons.report(Query()).total.calls) == (0, 2)


def test_impossible_usage_that_was_acknowledged_becomes_a_rejection(tmp_path: Path) -> None:
    """It was acknowledged: it may not vanish."""
    with opened(tmp_path / "home") as jevons:
        jevons.store.acknowledge([call(1, usage={"input_tokens": -2, "output_tokens": 1}), call(2)])
        jevons.store.seal_inbox()
        (rejection,) = jevons.rejections()
        assert "-2" in rejection.reason
        report = jevons.report(Query())
        assert (report.total.calls, report.rejected) == (1, 1)
