"""The outcome table and the fates that follow from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jevons.app.use_cases import Jevons
from jevons.ledger.outcomes import accept_outcome
from jevons.stores.books import Books
from jevons.stores.fates import UNIT_SQL, coverage, fate_table
from jevons.vocabulary.outcome import Outcome
from tests.unit.stores.sample import T0, call, opened


def outcome(name: str, **fields: object) -> Outcome:
    one = Outcome(**{"id": name, "time": T0, **fields})
    assert accept_outcome(one) is None
    return one


def fates(jevons: Jevons, as_of: int | None = None) -> dict[str, str]:
    books: Any = jevons.store.books
    names = unit_names(books)
    return {names[row["unit"]]: row["fate"] for row in fate_table(books, as_of).to_pylist()}


def unit_names(books: Books) -> dict[int, str]:
    """Hash of a unit -> its name."""
    if not books.event_files():
        return {}
    rows = books.arrow(f"SELECT DISTINCT {UNIT_SQL} AS unit FROM {books.event_source()}")
    hashed = books.arrow("SELECT unit, hash(unit) AS h FROM units", units=rows).to_pylist()
    return {row["h"]: row["unit"] for row in hashed}


def test_what_is_known_is_not_added_again(tmp_path: Path) -> None:
    with opened(tmp_path) as jevons:
        store = jevons.store
        first = store.record_outcomes([outcome("a", run="r", status="failed")] * 2)
        assert (first.new, first.repeated) == (1, 1)
        again = store.record_outcomes([outcome("a", run="r", status="failed")])
        assert (again.new, again.repeated, again.superseding) == (0, 1, 0)
        changed = store.record_outcomes([outcome("a", run="r", status="succeeded", time=T0 + 1)])
        assert (changed.new, changed.superseding, changed.contradictory) == (1, 1, 0)
        other = store.record_outcomes([outcome("a", run="r", status="unknown", time=T0 + 1)])
        assert (other.superseding, other.contradictory) == (1, 1)
        (row,) = store.outcomes()
        assert (row["standing"], row["reports"]) == ("succeeded", 3)


def test_every_link_reaches_its_runs(tmp_path: Path) -> None:
    with opened(tmp_path) as jevons:
        jevons.store.seal(
            [
                call(1, run="root", session="s1"),
                call(2, run="root/helper", parent_run="root", session="s1"),
                call(3, run="root/helper/deep", parent_run="root/helper"),
                call(4, run="5b8efff798038103d269b633813fc60c"),
                call(5, run="ticketed", task="T-1"),
                call(6, run="answered"),
                call(7, run="chat-1", session="pr-session"),
                call(8, run="chat-2", session="pr-session"),
                call(9, run="silent"),
                call(10, task="loose-task"),
                call(11),
            ]
        )
        jevons.store.record_outcomes(
            [
                outcome("1", run="root/helper", status="succeeded"),
                outcome("2", trace_id="5b8efff798038103d269b633813fc60c", status="failed"),
                outcome("3", task="T-1", status="abandoned"),
                outcome("4", response_id=f"msg_{6:030d}", status="succeeded"),
                outcome("5", session="pr-session", pull_request="acme/shop#1"),
                outcome("6", pull_request="acme/shop#1", status="failed"),
                outcome("7", task="loose-task", status="succeeded"),
                outcome("8", response_id=f"msg_{11:030d}", status="failed"),
                outcome("9", run="nowhere", status="succeeded"),
                outcome("10", run="nowhere-else", task="T-1", status="succeeded", time=T0 + 9),
            ]
        )
        found = fates(jevons)
        single = found.keys() - {
            "root", "root/helper", "root/helper/deep", "ticketed", "answered", "chat-1", "chat-2",
            "loose-task", "5b8efff798038103d269b633813fc60c",
        }  # fmt: skip
        assert [found[name] for name in single] == ["failed"]  # the call that stands for itself
        assert found["root"] == found["root/helper"] == found["root/helper/deep"] == "succeeded"
        assert found["5b8efff798038103d269b633813fc60c"] == "failed"
        assert (found["ticketed"], found["answered"]) == ("abandoned", "succeeded")
        assert found["chat-1"] == found["chat-2"] == "failed"
        assert found["loose-task"] == "succeeded"
        # A report of a run that is not there says nothing of other runs of its task.
        assert coverage(jevons.store.books) == (9, 2)


def test_an_outcome_may_come_before_the_calls_and_be_believed_as_of_then(tmp_path: Path) -> None:
    now = [T0]
    with opened(tmp_path, lambda: now[0]) as jevons:
        jevons.store.record_outcomes([outcome("a", run="r", status="failed")])
        assert fates(jevons) == {}
        now[0] = T0 + 1000
        jevons.store.seal([call(1, run="r")])
        assert fates(jevons) == {"r": "failed"}
        now[0] = T0 + 2000
        jevons.store.record_outcomes([outcome("a", run="r", status="succeeded", time=T0 + 5)])
        assert fates(jevons) == {"r": "succeeded"}
        assert fates(jevons, T0 + 1500) == {"r": "failed"}
        assert fates(jevons, T0 + 500) == {}


def test_runs_that_name_each_other_as_parents_come_to_an_end(tmp_path: Path) -> None:
    with opened(tmp_path) as jevons:
        ring = [call(n, run=f"r{n}", parent_run=f"r{n % 3 + 1}") for n in (1, 2, 3)]
        jevons.store.seal(ring)
        jevons.store.record_outcomes([outcome("a", run="r1", status="failed")])
        assert set(fates(jevons).values()) <= {"failed"}


def test_verify_covers_outcomes(tmp_path: Path) -> None:
    with opened(tmp_path) as jevons:
        jevons.store.record_outcomes(
            [outcome("a", run="r", quality="0.5", value="3", labels={"b": "1", "a": "2"})]
        )
        names = {check.name: check.state for check in jevons.verify().checks}
        assert names["every outcome is what its report says"] == "ok"
        assert names["files of outcomes are as they were committed"] == "ok"
        (file,) = jevons.store.books.outcomes.files()
        content = bytearray(Path(file).read_bytes())
        content[len(content) // 2] ^= 1
        Path(file).write_bytes(bytes(content))
        assert "outcomes" in (jevons.verify().first_difference or "")


def test_a_stored_row_that_its_report_does_not_say_is_named(tmp_path: Path) -> None:
    from jevons.stores.outcomes import outcome_rows, outcomes_differ

    with opened(tmp_path) as jevons:
        books = jevons.store.books
        rows = outcome_rows({bytes(16): outcome("a", run="r")}, T0)
        books.outcomes.append(rows, 1)
        assert "outcome a of outcomes does not have" in (outcomes_differ(books) or "")


@pytest.mark.parametrize("as_of", [None, T0])
def test_without_outcomes_nothing_has_a_fate(tmp_path: Path, as_of: int | None) -> None:
    with opened(tmp_path) as jevons:
        assert fates(jevons, as_of) == {}
        assert coverage(jevons.store.books) == (0, 0)
