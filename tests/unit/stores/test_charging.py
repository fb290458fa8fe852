"""The charge table follows from the kept boundary files, is only added to, and can be proved."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores import charging
from jevons.stores.declarations import FOLDER
from jevons.vocabulary.errors import BoundaryError, LedgerDamaged
from jevons.vocabulary.outcome import Outcome
from jevons.vocabulary.period import iso
from tests.unit.stores.sample import DAY, T0, call, opened, table_rows

SEAT = """schema = "jevons.boundary/v1"
name = "own"
[out]
energy = "none of it is ours"
[[element]]
kind = "seat"
name = "copilot"
price = 30
per = "month"
team = "web"
valid_from = 2026-09-01
source = "an order"
"""
PLAN = """schema = "jevons.boundary/v1"
name = "plans"
[[element]]
kind = "plan"
name = "max"
price = 90
per = "month"
calls = {harness = "codex"}
valid_from = 2026-09-01
valid_to = 2026-10-01
"""


class Clock:
    """A clock that the test moves: T0 is 2026-09-21."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jevons(tmp_path: Path, clock: Clock) -> Any:
    with opened(tmp_path / "home", clock) as found:
        yield found


def declare(jevons: Jevons, text: str, name: str = "own.toml") -> Any:
    path = jevons.settings.home.parent / name
    path.write_text(text)
    return jevons.add_boundary(path)


def total(jevons: Jevons, view: str = "effective", **query: Any) -> Decimal:
    account = jevons.total_cost(Query(**query), view)
    return Decimal(account.total.total).scaleb(-15)


def test_days_are_charged_as_they_come(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, SEAT)
    assert (total(jevons), total(jevons, "billed")) == (Decimal(21), Decimal(30))
    clock.now += 5 * DAY
    assert total(jevons) == 26
    assert total(jevons, since="2026-09-10", until="2026-09-12") == 2
    rows = jevons.store.books.charges.batch()
    assert total(jevons) == 26 and jevons.store.books.charges.batch() == rows
    assert jevons.verify().first_difference is None


def test_a_changed_declaration_takes_back_and_adds(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, SEAT)
    before = table_rows(jevons, "charges")
    clock.now += 1
    declare(jevons, SEAT.replace("30", "60"))
    assert set(before) < set(table_rows(jevons, "charges"))
    assert total(jevons) == 42
    assert total(jevons, as_of="2026-09-21T14:13:20.000005Z") == 42
    signs = [row["sign"] for row in charges(jevons)]
    assert signs.count(-1) == len(before) and signs.count(1) == 2 * len(before)
    assert declare(jevons, SEAT.replace("30", "60")) is None
    assert [one.recorded_at for one in jevons.store.declarations()] == sorted(
        one.recorded_at for one in jevons.store.declarations()
    )
    assert jevons.verify().first_difference is None


def charges(jevons: Jevons) -> list[dict[str, Any]]:
    books = jevons.store.books
    found: list[dict[str, Any]] = books.arrow(
        "SELECT * FROM read_parquet(?)", [books.charges.files()]
    ).to_pylist()
    return found


def test_what_was_believed_before_can_be_asked(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, SEAT)
    clock.now += DAY
    declare(jevons, SEAT.replace("30", "60"))
    assert total(jevons) == 44
    assert total(jevons, as_of="2026-09-21T23:00:00Z") == 21
    assert total(jevons, as_of="2026-09-20") == 0


def test_an_emptied_boundary_charges_nothing(jevons: Jevons) -> None:
    declare(jevons, SEAT)
    declare(jevons, SEAT.partition("[[element]]")[0])
    assert (total(jevons), total(jevons, "billed")) == (0, 0)
    assert jevons.verify().first_difference is None


def test_the_same_thing_in_two_files_is_refused(jevons: Jevons) -> None:
    declare(jevons, SEAT)
    with pytest.raises(BoundaryError) as caught:
        declare(jevons, SEAT.replace('"own"', '"other"'), "other.toml")
    assert "other.toml: line 5: element copilot" in caught.value.what
    assert len(jevons.boundaries()) == 1
    assert total(jevons) == 21


def test_late_calls_move_the_fee_of_their_plan(jevons: Jevons, clock: Clock) -> None:
    clock.now += 30 * DAY
    declare(jevons, PLAN)
    assert jevons.total_cost(Query()).total.unused == 90 * 10**15
    jevons.store.seal([call(1, harness="codex", team="a"), call(2, harness="codex", team="a")])
    account = jevons.total_cost(Query(by=("team",)))
    assert account.total.unused == 0
    ((values, nobody, of),) = account.rows
    assert (values, nobody, of.total) == (("a",), False, 90 * 10**15)
    jevons.store.seal([call(DAY // 10**6, harness="codex", team="b")])
    assert total(jevons) == 90
    parts = {values: of.total for values, _, of in jevons.total_cost(Query(by=("team",))).rows}
    assert sum(parts.values()) == 90 * 10**15 and set(parts) == {("a",), ("b",)}
    assert total(jevons, "list") == jevons.report(Query()).total.list_cost
    assert {row["charge"] for row in charges(jevons)} == {
        "purchase", "unused", "included", "covered",
    }  # fmt: skip
    assert jevons.verify().first_difference is None
    jevons.store.compact(force=True)
    assert jevons.verify().first_difference is None


def test_a_file_that_was_kept_but_not_posted_is_posted_later(
    jevons: Jevons, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("jevons.stores.charging.post", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            declare(jevons, SEAT)
    assert len(jevons.boundaries()) == 1
    with opened(jevons.settings.home, jevons.store.clock) as again:
        assert again.verify().first_difference is None
        assert total(again) == 21


def test_a_changed_copy_is_noticed(jevons: Jevons) -> None:
    declare(jevons, SEAT)
    (copy,) = (jevons.settings.home / FOLDER).iterdir()
    copy.write_text(SEAT.replace("30", "31"))
    with pytest.raises(LedgerDamaged):
        jevons.boundaries()
    difference = jevons.verify().first_difference
    assert difference is not None and copy.name in difference


def test_a_lost_copy_is_noticed(jevons: Jevons) -> None:
    declare(jevons, SEAT)
    (copy,) = (jevons.settings.home / FOLDER).iterdir()
    copy.unlink()
    difference = jevons.verify().first_difference
    assert difference is not None and "copilot" in difference


def test_charges_know_their_days_in_every_zone(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, SEAT)
    clock.now += 40 * DAY
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        day = total(jevons, since="2026-09-10", until="2026-09-11", time_zone=zone)
        assert day == 1
        months = jevons.total_cost(Query(by=("month",), time_zone=zone)).rows
        assert {values[0]: of.total for values, _, of in months}["2026-09"] == 30 * 10**15


def test_hours_are_refused(jevons: Jevons) -> None:
    from jevons.vocabulary.errors import UsageError

    with pytest.raises(UsageError):
        jevons.total_cost(Query(by=("hour",)))


def test_a_reader_without_rights_reads(jevons: Jevons, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(jevons, SEAT)
    monkeypatch.setattr("jevons.stores.store.Store.writable", property(lambda _: False))
    with opened(jevons.settings.home, lambda: T0 + 9 * DAY) as reader:
        assert total(reader) == 30


REVIEW = """schema = "jevons.boundary/v1"
name = "people"
[[element]]
kind = "people"
name = "review of a"
from_outcomes = true
rate = 60
team = "a"
valid_from = 2026-09-01
[[element]]
kind = "people"
name = "review"
from_outcomes = true
rate = 90
valid_from = 2026-09-01
"""


def outcome(number: int, **fields: Any) -> Outcome:
    """The outcome of run `number`, observed at T0."""
    return Outcome(**{"id": f"o{number}", "time": T0, "run": f"run-{number}", **fields})


def components(jevons: Jevons, **query: Any) -> dict[str, Decimal]:
    account = jevons.total_cost(Query(**query))
    return {c.name: Decimal(c.cost).scaleb(-15) for c in account.total.components if c.cost}


def test_outcomes_bring_minutes_losses_and_fates(jevons: Jevons) -> None:
    jevons.store.seal(
        [call(n, run=f"run-{n}", team="ab"[n % 2], task_type="fix") for n in range(4)]
    )
    tokens = total(jevons)
    jevons.store.record_outcomes(
        [
            outcome(0, status="failed", loss="12.5", human_minutes="30"),
            outcome(1, status="succeeded", human_minutes="20"),
            outcome(9, status="failed", human_minutes="2", loss="1"),
        ]
    )
    assert jevons.total_cost(Query()).unrated_minutes == 52
    declare(jevons, REVIEW)
    assert jevons.total_cost(Query()).unrated_minutes == 0
    found = components(jevons)
    assert found["human_review"] == 30 + 30 + 3
    failed = jevons.report(Query(where=(("run", "run-0"),))).total.effective_cost
    assert failed is not None and found["errors_and_failures"] == Decimal("13.5") + failed
    assert sum(found.values()) == tokens + 63 + Decimal("13.5") == total(jevons)
    cells = {(c.nature, c.fate) for c in jevons.total_cost(Query()).total.cells}
    assert {("fresh_input", "failed"), ("fresh_input", "succeeded"), ("loss", None)} < cells
    by_team = jevons.total_cost(Query(by=("team",))).rows
    assert {(values[0], nobody) for values, nobody, _ in by_team} == {
        ("a", False), ("b", False), (None, True),
    }  # fmt: skip
    assert components(jevons, where=(("team", "a"),))["human_review"] == 30
    assert jevons.verify().first_difference is None


def test_a_changed_outcome_changes_what_it_cost(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, REVIEW)
    jevons.store.seal([call(1, run="run-1", team="a")])
    jevons.store.record_outcomes([outcome(1, status="failed", loss="5", human_minutes="60")])
    assert components(jevons)["human_review"] == 60
    clock.now += DAY
    later = outcome(1, status="succeeded", human_minutes="61", time=T0 + DAY)
    jevons.store.record_outcomes([later])
    found = components(jevons)
    assert found["human_review"] == 61 and "errors_and_failures" not in found
    before = components(jevons, as_of="2026-09-21T23:00:00Z")
    assert before["human_review"] == 60 and before["errors_and_failures"] > 5
    assert jevons.verify().first_difference is None


def test_rows_of_months_are_in_order_and_whole(jevons: Jevons, clock: Clock) -> None:
    clock.now += 60 * DAY
    declare(jevons, SEAT)
    account = jevons.total_cost(Query(by=("month",)))
    assert [values for values, _, _ in account.rows] == [("2026-09",), ("2026-10",), ("2026-11",)]
    assert not any(nobody for _, nobody, _ in account.rows)
    assert account.total.unallocated == 0


def copies(jevons: Jevons) -> list[str]:
    folder = jevons.settings.home / FOLDER
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_whose_charges_cannot_be_worked_out_is_not_kept(
    jevons: Jevons, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(jevons, SEAT)
    before = copies(jevons)
    with pytest.raises(BoundaryError, match="is not between"):
        declare(jevons, PLAN.replace("90", "1e30"))

    def fails(*_: Any) -> Any:
        raise OverflowError("too large")

    with monkeypatch.context() as patch:
        patch.setattr(charging, "day_charges", fails)
        with pytest.raises(BoundaryError, match="charges cannot be worked out: too large"):
            declare(jevons, PLAN)
    assert copies(jevons) == before and total(jevons) == 21
    assert declare(jevons, PLAN) is not None


def test_the_largest_charges_can_be_summed(jevons: Jevons, clock: Clock) -> None:
    largest = SEAT.replace("price = 30", "price = 1000000000000").replace("month", "day")
    elements = largest.replace("2026-09-01", "2000-01-01")
    declare(jevons, elements + elements[elements.index("[[") :].replace("copilot", "other"))
    days = 9761  # 2000-01-01 to 2026-09-21, both included
    assert total(jevons) == total(jevons, "billed") == 2 * days * 10**12
    assert jevons.verify().first_difference is None


def test_files_of_any_name_count_and_those_of_others_do_not(jevons: Jevons) -> None:
    folder = jevons.settings.home / FOLDER
    assert declare(jevons, SEAT.replace('name = "own"', ""), "50% x.tmp").name == "50% x"
    assert total(jevons) == 21
    (folder / ".DS_Store").write_bytes(b"\x00\x01")
    (folder / "notes").mkdir()
    for name in ("x\n\x1b[31m.toml", "größe.toml"):
        declare(jevons, SEAT.replace("own", name[0]).replace("copilot", name[0]), name)
    assert total(jevons) == 63
    assert {one.file for one in jevons.boundaries()} == {
        "50% x.tmp", "x\n\x1b[31m.toml", "größe.toml",
    }  # fmt: skip
    assert all(name.isascii() and name.isprintable() for name in copies(jevons))
    with pytest.raises(BoundaryError, match="too long"):
        declare(jevons, SEAT.replace("own", "z").replace("copilot", "z"), "a" * 225 + ".toml")
    assert jevons.verify().first_difference is None


def test_the_zone_that_is_said_holds_for_all_boundaries(jevons: Jevons, clock: Clock) -> None:
    jevons.store.seal([call(1, harness="codex", time=1_790_805_600_000_000)])  # 30 September, 22 h
    october = PLAN.replace("2026-10-01", "2026-11-01").replace("2026-09-01", "2026-10-01")
    clock.now += 20 * DAY
    tokyo = october.replace("[[", 'time_zone = "Asia/Tokyo"\n[[')
    declare(jevons, tokyo)
    before = total(jevons)
    assert charged(jevons) == {"covered", "included"}
    declare(jevons, SEAT.replace('"own"', '"aaa"').replace("price = 30", "price = 0"), "a.toml")
    assert total(jevons) == before and charged(jevons) == {"covered", "included"}
    with pytest.raises(BoundaryError, match="says the time zone"):
        declare(jevons, SEAT.replace("[out]", 'time_zone = "UTC"\n[out]'))
    declare(jevons, october)
    assert charged(jevons) == {"unused"}


def charged(jevons: Jevons) -> set[str]:
    """What the effective charges of the plan are called."""
    jevons.total_cost(Query())
    found = jevons.store.charges(jevons._question(Query()))
    return {one.charge for one in found if one.kind == "plan" and one.effective_cost}


def test_a_file_that_cannot_be_read_is_told_in_words(jevons: Jevons, tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'name = "gr\xf6\xdfe"')
    for name, what in (
        ("none.toml", "there is no file"),
        ("latin.toml", "is not text in UTF-8"),
        (".", "is a folder"),
    ):
        with pytest.raises(BoundaryError, match=what) as caught:
            jevons.add_boundary(tmp_path / name)
        assert caught.value.remedy and "Errno" not in caught.value.what


def codex(numbers: range) -> list[Any]:
    """Calls that the plan includes, at T0."""
    return [call(number, harness="codex", team="a", run=f"run-{number}") for number in numbers]


def both(jevons: Jevons, **query: Any) -> tuple[Decimal, Decimal]:
    return total(jevons, **query), total(jevons, "billed", **query)


def test_calls_of_a_plan_are_paid_once_before_anybody_asked(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, PLAN)
    clock.now += 3600
    jevons.store.seal(codex(range(5)))
    clock.now += 3600
    at = iso(clock.now)
    copy = jevons.settings.home.parent / "copy"
    shutil.copytree(jevons.settings.home, copy)
    with opened(copy, clock) as then:
        wanted = both(then)
    assert wanted[1] == 90
    clock.now += 5 * DAY
    jevons.store.seal(codex(range(5, 9)))
    assert both(jevons) != wanted
    assert both(jevons, as_of=at) == wanted
    assert jevons.verify().first_difference is None


def test_waiting_calls_of_a_plan_are_paid_once(jevons: Jevons, clock: Clock) -> None:
    clock.now += 4 * DAY
    declare(jevons, PLAN)
    declare(jevons, REVIEW, "people.toml")
    jevons.store.record_outcomes([outcome(2, status="failed", loss="5", human_minutes="60")])
    jevons.store.seal(codex(range(1)))
    both(jevons)
    jevons.store.acknowledge(codex(range(1, 5)))
    with opened(jevons.settings.home, clock) as other, other.store._writing():
        meanwhile = components(jevons), both(jevons), jevons.total_cost(Query(by=("team",))).rows
        assert jevons.store.waiting() == 4
    assert jevons.store.waiting() == 4
    afterwards = components(jevons), both(jevons), jevons.total_cost(Query(by=("team",))).rows
    assert jevons.store.waiting() == 0
    assert meanwhile == afterwards
    assert meanwhile[0]["human_review"] == 60 and meanwhile[1][1] == 90 + 60 + 5


def test_a_question_does_not_wait_for_a_writer(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, SEAT)
    clock.now += 2 * DAY
    with opened(jevons.settings.home, clock) as other, other.store._writing():
        assert total(jevons) == 23
    assert total(jevons) == 23


def test_calls_of_a_plan_are_paid_once_in_a_home_that_is_only_read(
    jevons: Jevons, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(jevons, PLAN)
    jevons.store.seal(codex(range(5)))
    with monkeypatch.context() as patch:
        patch.setattr("jevons.stores.store.Store.writable", property(lambda _: False))
        with opened(jevons.settings.home, jevons.store.clock) as reader:
            found = both(reader)
    assert found == both(jevons) and found[1] == 90


def test_days_of_a_clock_that_was_ahead_are_taken_back(jevons: Jevons, clock: Clock) -> None:
    declare(jevons, SEAT)
    right = both(jevons)
    clock.now += 1461 * DAY
    jevons.store.seal([call(1, harness="codex")])
    assert total(jevons) > 1400
    posted = table_rows(jevons, "charges")
    clock.now = T0 + 3600
    calls = jevons.report(Query()).total.effective_cost
    assert calls is not None
    assert both(jevons) == (right[0] + calls, right[1] + calls)
    assert set(posted) < set(table_rows(jevons, "charges"))
    assert jevons.verify().first_difference is None
    clock.now += 2 * DAY
    assert both(jevons) == (right[0] + calls + 2, right[1] + calls)
    assert jevons.verify().first_difference is None


def test_what_waits_is_not_of_an_earlier_time(jevons: Jevons, clock: Clock) -> None:
    jevons.store.seal([call(1)])
    at = iso(clock.now)
    clock.now -= DAY
    jevons.store.acknowledge([call(2)])
    with opened(jevons.settings.home, clock) as other, other.store._writing():
        assert jevons.report(Query(as_of=at)).total.calls == 1
        assert jevons.report(Query()).total.calls == 2


@pytest.mark.parametrize("driver", ["tokens", "calls", "runs", "seats"])
def test_fates_are_a_dimension(jevons: Jevons, driver: str) -> None:
    declare(jevons, SEAT + f'allocate = "{driver}"\n')
    jevons.store.seal([call(n, run=f"run-{n}", team="web") for n in range(3)])
    jevons.store.seal([call(7, run="run-0", team="web", request_model="nobody-knows")])
    reports = [outcome(0, status="failed"), outcome(1, status="succeeded")]
    jevons.store.record_outcomes(reports)
    whole = jevons.total_cost(Query()).total.total
    rows = jevons.total_cost(Query(by=("fate",))).rows
    assert {values[0] for values, _, _ in rows} == {"failed", "succeeded", None}
    assert sum(of.total for _, _, of in rows) == whole
    fates = {fate: total(jevons, where=(("fate", fate),)) for fate in ("failed", "succeeded", "")}
    failed = jevons.report(Query(where=(("run", "run-0"),)))
    for fate, found in fates.items():
        parts = [of.total for values, _, of in rows if (values[0] or "") == fate]
        assert found == Decimal(sum(parts)).scaleb(-15)
    assert failed.total.effective_cost is not None
    on_calls = fates["failed"] - failed.total.effective_cost
    assert (on_calls > 0) == (driver != "seats")
    assert sum(fates.values()) == Decimal(whole).scaleb(-15)
    report = jevons.report(Query(where=(("fate", "failed"),)))
    assert (report.total, report.reasons) == (failed.total, failed.reasons)
