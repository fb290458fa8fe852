"""Kept answers: the same as worked out, and void as soon as anything they depend on changes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query, Report
from jevons.stores import answers
from jevons.stores.lock import write_lock
from jevons.stores.question import Question
from jevons.vocabulary.errors import LedgerDamaged
from tests.unit.stores.sample import GROUPINGS, call, mixed, opened, price_of

DAYS = Query(by=("day", "team"), time_zone="Europe/Berlin")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A ledger with every kind of call, and an answer kept in it."""
    with opened(tmp_path / "home") as jevons:
        jevons.store.seal(mixed(40))
        jevons.report(DAYS)
    return tmp_path / "home"


def asked(home: Path, query: Query = DAYS) -> tuple[Report, bool]:
    """A report by a new process, as it were, and whether the tables were opened for it."""
    with opened(home) as jevons:
        report = jevons.report(query)
        return report, "books" in jevons.store.__dict__


def cache(home: Path) -> Path:
    return home / "cache" / "answers.json"


def test_a_kept_answer_is_the_one_that_was_worked_out(home: Path) -> None:
    for by in GROUPINGS:
        query = Query(by=by, top=3)
        worked_out, opened_for_it = asked(home, query)
        kept, opened_again = asked(home, query)
        assert (opened_for_it, opened_again) == (True, False), by
        assert repr(kept) == repr(worked_out), by
    assert asked(home, Query())[0].reasons, "the calls without a price have their reasons"


def test_every_part_of_a_question_counts(home: Path) -> None:
    question = Question(by=("team",), time_zone="Europe/Berlin")
    others: dict[str, Any] = {
        "by": ("person",), "since": 1, "until": 1, "where": (("team", "x"),),
        "time_zone": "UTC", "as_of": 1, "top": 1,
    }  # fmt: skip
    assert others.keys() == set(Question.__dataclass_fields__)
    with opened(home) as jevons:
        found = jevons.store.ask(question)
        kept = jevons.store.answers
        standing = kept.standing()
        assert kept.find(standing, question) == found
        for name, value in others.items():
            assert kept.find(standing, replace(question, **{name: value})) is None, name


def test_every_change_of_the_tables_voids_it(home: Path) -> None:
    before, _ = asked(home)
    for path in sorted((home / "ledger").rglob("*")):
        if path.is_file():
            status = path.stat()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
            report, opened_for_it = asked(home)
            assert (report, opened_for_it) == (before, True), path
            assert asked(home) == (before, False)


def test_a_broken_table_is_noticed(home: Path) -> None:
    for path in (home / "ledger" / "events").glob("*.parquet"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LedgerDamaged):
        asked(home)


def test_what_waits_and_who_writes_is_not_overlooked(home: Path) -> None:
    calls = asked(home)[0].total.calls
    with opened(home) as jevons:
        jevons.store.acknowledge([call(1_000)])
        with write_lock(jevons.store.books.lock_path):
            assert jevons.report(DAYS).total.calls == calls + 1
            assert jevons.report(DAYS).total.calls == calls + 1
        assert jevons.report(DAYS).total.calls == calls + 1
        assert jevons.store.waiting() == 0
        jevons.store.state.set_fact("writing", "yes")
    assert asked(home)[1], "a writer was stopped: that is looked into first"
    assert asked(home) == (asked(home)[0], False)


def test_another_program_does_not_believe_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = home / "program" / "report.py"
    module.parent.mkdir()
    module.write_text("one")
    monkeypatch.setattr(answers, "_PROGRAM", (module.parent,))
    assert [asked(home)[1] for _ in range(2)] == [True, False]
    module.write_text("another")
    assert [asked(home)[1] for _ in range(2)] == [True, False]
    monkeypatch.setattr(answers, "__version__", "0.0.0")
    assert [asked(home)[1] for _ in range(2)] == [True, False]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"standing":"x","answers":{"y":1}}'])
def test_a_damaged_cache_is_made_again(home: Path, content: bytes) -> None:
    expected, _ = asked(home)
    cache(home).write_bytes(content)
    assert [asked(home) for _ in range(2)] == [(expected, True), (expected, False)]


def test_only_the_latest_and_the_shorter_answers_are_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for top in range(1, answers.MOST + 1):
        asked(home, Query(by=("team",), top=top))
    assert asked(home)[1], "the oldest had to go"
    monkeypatch.setattr(answers, "LONGEST", 2)
    assert [asked(home, Query(by=("person",)))[1] for _ in range(2)] == [True, True]


def test_a_home_without_a_cache_works(home: Path) -> None:
    expected, _ = asked(home)
    cache(home).unlink()
    cache(home).parent.joinpath("in the way").touch()
    for path in cache(home).parent.iterdir():
        path.unlink()
    cache(home).parent.rmdir()
    cache(home).parent.write_text("no folder")
    assert [asked(home) for _ in range(2)] == [(expected, True)] * 2


def test_rejections_are_counted_anew(home: Path) -> None:
    assert asked(home)[0].rejected == 0
    with opened(home) as jevons:
        jevons.store.acknowledge([call(1, stated_cost="a lot")])
    report, opened_for_it = asked(home)
    assert (report.rejected, opened_for_it) == (1, False)


def test_a_new_call_is_in_the_next_answer(home: Path) -> None:
    before, _ = asked(home, Query(where=(("team", "new"),)))
    with opened(home) as jevons:
        jevons.store.seal([call(5_000, team="new")])
    after, _ = asked(home, Query(where=(("team", "new"),)))
    assert before.total.effective_cost is None
    assert after.total.effective_cost == price_of(5_000)
