"""`verify` and `doctor`: what is wrong, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jevons.app.keeping import verified
from jevons.app.results import Check, Progress
from jevons.app.use_cases import Jevons
from jevons.stores.lock import write_lock
from tests.unit.stores.sample import call, lines, opened


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_findings_become_checks_and_the_first_difference_is_named() -> None:
    seen: list[Progress] = []
    findings = [("one", None), ("two", "differs here"), ("three", "and there")]
    verification = verified(iter(findings), seen.append)
    assert verification.first_difference == "differs here"
    assert [check.state for check in verification.checks] == ["ok", "failed", "failed"]
    assert [bool(check.remedy) for check in verification.checks] == [False, True, True]
    assert [progress.place for progress in seen] == ["one", "two", "three"]


def test_a_new_installation_is_sound(jevons: Jevons) -> None:
    checks = by_name(jevons.doctor())
    assert not [check for check in checks.values() if check.state == "failed"]
    assert "empty" in checks["ledger"].detail
    assert not jevons.store.exists(), "looking creates no ledger"


def test_a_used_ledger_is_described(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    jevons.store.acknowledge([call(2)])
    checks = by_name(jevons.doctor())
    assert "batch 1" in checks["table events"].detail
    assert "1 observations" in checks["inbox"].detail
    assert not [check for check in checks.values() if check.state == "failed"]


def test_others_who_can_read_the_ledger_are_mentioned(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    assert "privacy" not in by_name(jevons.doctor())
    jevons.settings.home.chmod(0o755)
    check = by_name(jevons.doctor())["privacy"]
    assert (check.state, check.remedy.split()[0]) == ("warning", "chmod")


def test_a_table_left_behind_is_mentioned_with_what_to_do(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    events = jevons.store.books.events
    rows = events.schema.empty_table()
    events.append(rows, 2)
    check = by_name(jevons.doctor())["recovery"]
    assert check.state == "warning"
    assert "cells_model" in check.detail
    assert check.remedy


def test_a_damaged_table_is_a_failure_with_a_remedy(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    log = jevons.store.books.events.path / "_delta_log"
    jevons.store.close()
    for entry in log.glob("*.json"):
        entry.write_text("{ broken")
    with opened(jevons.settings.home) as again:
        check = by_name(again.doctor())["ledger"]
        assert check.state == "failed"
        assert check.remedy


def test_a_wrong_price_file_is_a_failure(jevons: Jevons) -> None:
    (jevons.settings.home / "prices").mkdir(parents=True)
    (jevons.settings.home / "prices" / "own.yaml").write_text("nonsense: [")
    with opened(jevons.settings.home) as again:
        check = by_name(again.doctor())["price book"]
        assert check.state == "failed"
        assert "own.yaml" in check.detail


def test_what_reports_leave_out_is_told_with_what_to_do(jevons: Jevons, tmp_path: Path) -> None:
    jevons.store.seal([call(1)])
    sound = by_name(jevons.doctor())
    assert sound["rejected lines"].detail == sound["calls without a price"].detail == "none"
    (tmp_path / "log").write_text(lines(call(2, request_model="nobodys")) + "bad\n" * 2)
    jevons.import_paths([tmp_path / "log"])
    checks = by_name(jevons.doctor())
    for name, number, command in (
        ("rejected lines", "2", "jevons rejects"), ("calls without a price", "1", "jevons report"),
    ):  # fmt: skip
        assert (checks[name].state, checks[name].detail) == ("warning", number)
        assert checks[name].remedy.startswith(command)


def test_a_writer_is_noticed_and_not_waited_for(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    assert by_name(jevons.doctor())["write lock"].state == "ok"
    with write_lock(jevons.store.books.lock_path):
        check = by_name(jevons.doctor())["write lock"]
    assert (check.state, bool(check.remedy)) == ("warning", True)
    jevons.store.seal([call(2)])


def test_records_of_the_future_are_mentioned(
    jevons: Jevons, monkeypatch: pytest.MonkeyPatch
) -> None:
    jevons.store.seal([call(1)])
    assert by_name(jevons.doctor())["clock"].state == "ok"
    monkeypatch.setattr(jevons.store, "clock", lambda: 1_700_000_000_000_000)
    check = by_name(jevons.doctor())["clock"]
    assert (check.state, bool(check.remedy)) == ("warning", True)
    assert "it is 2023-11-14T22:13:20Z" in check.detail
