"""Imports: only what is new is read, nothing is lost, and the books do not show how it was cut."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jevons.app import segments
from jevons.app.results import ImportSummary, Progress, Query
from jevons.app.settings import Settings
from jevons.app.use_cases import Jevons
from jevons.app.wiring import open_jevons, sources
from jevons.vocabulary.errors import Interrupted
from tests.unit.stores.sample import KINDS, call, lines, mixed, opened, report_bytes


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def took(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.observations, summary.new, summary.repeated, summary.rejected


def state(summary: ImportSummary) -> str:
    return summary.files[0].state


def test_a_second_import_reads_nothing(jevons: Jevons, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(lines(*(call(n) for n in range(5))))
    first = jevons.import_paths([log])
    assert (took(first), first.events, state(first)) == ((5, 5, 0, 0), 5, "new")
    again = jevons.import_paths([log])
    assert (took(again), again.events, state(again)) == ((0, 0, 0, 0), 0, "unchanged")
    os.utime(log)
    touched = jevons.import_paths([log])
    assert took(touched) == (0, 0, 0, 0)


def test_a_grown_file_is_read_from_where_it_ended(jevons: Jevons, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(lines(call(1), call(2)))
    jevons.import_paths([log])
    with log.open("a") as file:
        file.write(lines(call(3)))
    grown = jevons.import_paths([log])
    assert (took(grown), state(grown)) == ((1, 1, 0, 0), "grown")
    assert jevons.report(Query()).total.calls == 3


@pytest.mark.parametrize("cut", [1, 30, -1])
def test_an_unfinished_last_line_waits_for_its_end(
    jevons: Jevons, tmp_path: Path, cut: int
) -> None:
    log = tmp_path / "log"
    last = lines(call(2)).rstrip("\n")
    log.write_text(lines(call(1)) + last[:cut])
    assert took(jevons.import_paths([log])) == (1, 1, 0, 0)
    assert took(jevons.import_paths([log])) == (0, 0, 0, 0)
    log.write_text(lines(call(1)) + last + "\n")
    summary = jevons.import_paths([log])
    assert (took(summary), state(summary)) == ((1, 1, 0, 0), "grown")
    assert jevons.report(Query()).total.calls == 2


def test_lines_after_a_whole_last_line_without_an_end_keep_their_numbers(
    jevons: Jevons, tmp_path: Path
) -> None:
    """Line 2 is complete though nothing ends it yet; what follows later is line 3."""
    log = tmp_path / "log"
    log.write_text(lines(call(1), call(2)).rstrip("\n"))
    assert took(jevons.import_paths([log])) == (2, 2, 0, 0)
    with log.open("a") as file:
        file.write("\nnot JSON\n")
    assert took(jevons.import_paths([log])) == (0, 0, 0, 1)
    (rejection,) = jevons.rejections()
    assert rejection.line == 3


@pytest.mark.parametrize("shorter", [False, True])
def test_a_rewritten_file_is_read_again_and_known_calls_are_not_doubled(
    jevons: Jevons, tmp_path: Path, shorter: bool
) -> None:
    log = tmp_path / "log"
    log.write_text(lines(*(call(n) for n in range(1, 6))))
    jevons.import_paths([log])
    kept = [call(5), call(6)] if shorter else [call(n) for n in range(3, 12)]
    log.write_text(lines(*kept))
    summary = jevons.import_paths([log])
    assert state(summary) == "rewritten"
    assert (summary.new, summary.repeated) == ((1, 1) if shorter else (6, 3))
    assert jevons.report(Query()).total.calls == (6 if shorter else 11)


def test_a_rotated_file_is_not_doubled_and_nothing_is_lost(jevons: Jevons, tmp_path: Path) -> None:
    log, old = tmp_path / "log", tmp_path / "log.1"
    log.write_text(lines(call(1), call(2)))
    jevons.import_paths([tmp_path / "log"])
    with log.open("a") as file:
        file.write(lines(call(3)))
    log.rename(old)
    log.write_text(lines(call(4)))
    summary = jevons.import_paths([log, old])
    assert [file.state for file in summary.files] == ["rewritten", "new"]
    assert (summary.new, summary.repeated) == (2, 2)
    assert jevons.report(Query()).total.calls == 4


def test_the_same_calls_in_several_files_are_counted_once(jevons: Jevons, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "logs" / name).mkdir(parents=True)
        (tmp_path / "logs" / name / "log").write_text(lines(*(call(n) for n in range(4))))
    summary = jevons.import_paths([tmp_path / "logs"])
    assert took(summary) == (12, 4, 8, 0)
    assert [file.observations for file in summary.files] == [4, 4, 4]
    assert jevons.report(Query()).total.calls == 4


def test_what_cannot_be_read_is_kept_as_a_rejection_once(jevons: Jevons, tmp_path: Path) -> None:
    log = tmp_path / "log"
    impossible = call(2, provider="openai", api="openai.chat", usage={
        "prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9},
    })  # fmt: skip
    log.write_text(lines(call(1)) + "{}\n" + lines(impossible) + "\n[1]\n" + lines(call(3)))
    summary = jevons.import_paths([log])
    assert took(summary) == (2, 2, 0, 3)
    assert summary.files[0].rejected == 3
    found = list(jevons.rejections())
    assert [rejection.line for rejection in found] == [2, 3, 5]
    assert "cached_tokens (9)" in found[1].reason and "prompt_tokens (5)" in found[1].reason
    os.utime(log, (1, 1))
    with opened(tmp_path / "home") as again:
        again.store.state._db.execute("DELETE FROM cursors")
        again.import_paths([log])
        assert len(list(again.rejections())) == again.report(Query()).rejected == 3


def test_a_dry_run_says_what_there_is_and_stores_nothing(jevons: Jevons, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(lines(call(1), call(2)) + "bad\n")
    summary = jevons.import_paths([log], dry_run=True)
    assert summary.dry_run
    assert (summary.observations, summary.rejected, summary.new) == (2, 1, 0)
    assert not jevons.store.exists()
    assert took(jevons.import_paths([log])) == (2, 2, 0, 1)


def test_a_dry_run_counts_impossible_usage_as_the_import_will(
    jevons: Jevons, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text(lines(call(1, usage={"input_tokens": -5, "output_tokens": 1}), call(2)))
    dry = jevons.import_paths([log], dry_run=True)
    real = jevons.import_paths([log])
    assert (dry.observations, dry.rejected) == (real.observations, real.rejected) == (1, 1)


def test_progress_is_told_to_the_end(jevons: Jevons, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 2000)
    monkeypatch.setattr(segments, "BATCH", 8)
    log = tmp_path / "log"
    log.write_text(lines(*(call(n) for n in range(40))))
    seen: list[Progress] = []
    jevons.import_paths([log], on_progress=seen.append)
    assert len(seen) > 2
    assert [p.done_bytes for p in seen] == sorted(p.done_bytes for p in seen)
    assert seen[-1].done_bytes == seen[-1].total_bytes == log.stat().st_size
    assert seen[-1].observations == 40


def cut_books(home: Path, place: Path, *, size: int, workers: int) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "SEGMENT_BYTES", size)
        settings = Settings(home=home, workers=workers)
        with open_jevons(settings) as jevons:
            jevons.import_paths([place])
            assert jevons.verify().first_difference is None
            rejected = [(r.place, r.line, r.reason) for r in jevons.rejections()]
            return report_bytes(jevons) + repr(rejected).encode()


def test_books_do_not_depend_on_cuts_and_workers(tmp_path: Path) -> None:
    """Files with repetitions across them, late keys and bad lines: read whole, cut, by two."""
    place = tmp_path / "logs"
    place.mkdir()
    everything = mixed(60)
    joined = [call(n, request_id="req_" + f"{n:020d}", team="x") for n in range(0, 60, 5)]
    (place / "1").write_text(lines(*everything[:45]))
    (place / "2").write_text(lines(*everything[30:]) + "bad\n" + lines(*joined))
    (place / "3").write_text("worse\n" * 3 + lines(*joined[::-1], *everything[10:20]))
    whole = cut_books(tmp_path / "whole", place, size=1 << 24, workers=1)
    assert cut_books(tmp_path / "cut", place, size=3000, workers=1) == whole
    assert cut_books(tmp_path / "two", place, size=6000, workers=2) == whole


def test_a_cut_file_goes_on_where_it_ended(jevons: Jevons, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 700)
    log = tmp_path / "log"
    log.write_text(lines(*(call(n) for n in range(20))))
    jevons.import_paths([log])
    with log.open("a") as file:
        file.write("bad\n" + lines(*(call(n) for n in range(20, 30))) + "bad again\n")
    assert took(jevons.import_paths([log])) == (10, 10, 0, 2)
    assert [rejection.line for rejection in jevons.rejections()] == [21, 32]


def test_a_source_with_a_memory_of_its_own_goes_on(jevons: Jevons, tmp_path: Path) -> None:
    """Responses without ids are told apart by counting equal ones, over all imports of a file."""
    log = tmp_path / "log"
    line = (
        '{"provider": "openai", "time": "2026-11-22T12:00:00Z", "response": '
        '{"model": "gpt-5", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}}\n'
    )
    log.write_text(line * 2)
    jevons.import_paths([log])
    log.write_text(line * 5)
    assert took(jevons.import_paths([log])) == (3, 3, 0, 0)
    assert jevons.report(Query()).total.calls == 5


def failing(error: BaseException, after: int) -> Callable[..., Any]:
    """A source's `read` that fails after so many observations."""
    real, given = sources()["events"].read, 0

    def read(path: Path, memory: dict[str, Any], *, stop: int | None = None) -> Any:
        nonlocal given
        for item in real(path, memory, stop=stop):
            given += 1
            if given > after:
                raise error
            yield item

    return read


def test_a_stop_leaves_a_consistent_ledger_and_the_next_import_completes_it(
    jevons: Jevons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 1000)
    monkeypatch.setattr(segments, "BATCH", 4)
    for name in ("1", "2", "3"):
        (tmp_path / name).write_text(lines(*(call(int(name) * 100 + n) for n in range(9))))
    paths = [tmp_path / name for name in ("1", "2", "3")]
    with monkeypatch.context() as patch:
        patch.setattr(sources()["events"], "read", failing(KeyboardInterrupt(), 14), raising=False)
        with pytest.raises(Interrupted) as caught:
            jevons.import_paths(paths)
        assert caught.value.remedy
    assert 0 < jevons.report(Query()).total.calls <= 14
    assert jevons.verify().first_difference is None
    jevons.import_paths(paths)
    assert jevons.report(Query()).total.calls == 27
    assert jevons.verify().first_difference is None


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_file_that_fails_while_it_is_read_stops_no_other(
    jevons: Jevons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    """What was read of it is stored, and the next import reads it from where it began before."""
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.write_text(lines(*(call(n) for n in range(9))))
    good.write_text(lines(call(50)))
    real, broken = sources()["events"].read, failing(OSError(5, "Input/output error"), 4)

    def read(path: Path, memory: dict[str, Any], *, stop: int | None = None) -> Any:
        return (broken if path == bad else real)(path, memory, stop=stop)

    with monkeypatch.context() as patch:
        patch.setattr(sources()["events"], "read", read, raising=False)
        summary = jevons.import_paths([bad, good], dry_run=dry_run)
    assert [file.state for file in summary.files] == ["unreadable", "new"]
    (failed,) = summary.unreadable
    assert failed.problem == f"{bad} cannot be read: Input/output error"
    assert (failed.observations, summary.observations) == (4, 5)
    if not dry_run:
        assert jevons.report(Query()).total.calls == 5
    again = jevons.import_paths([bad, good])
    assert not again.unreadable
    assert jevons.report(Query()).total.calls == 10


def test_a_table_without_its_mapping_stops_no_other(jevons: Jevons, tmp_path: Path) -> None:
    for name in ("1", "2"):
        (tmp_path / f"{name}.csv").write_text("time,provider\n")
    (tmp_path / "1.csv.jevons.yaml").write_text("nonsense: [")
    (tmp_path / "3").write_text(lines(call(1)))
    summary = jevons.import_paths([tmp_path])
    assert [file.state for file in summary.files] == ["unreadable", "unrecognised", "new"]
    assert "1.csv" in summary.unreadable[0].problem
    named = jevons.import_paths([tmp_path / "2.csv"], "csv")
    what, remedy = named.unreadable[0].problem.splitlines()
    assert "has no mapping file" in what and "--suggest" in remedy


@pytest.mark.parametrize("when", ["before it is cut", "before it is read", "after it was read"])
def test_a_file_that_is_deleted_stops_no_other(
    jevons: Jevons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    from jevons.app import importing

    if when == "before it is cut":
        monkeypatch.setattr(segments, "SEGMENT_BYTES", 500)
    for name in ("1", "2", "3"):
        (tmp_path / name).write_text(lines(*(call(int(name) * 10 + n) for n in range(4))))
    paths, gone = [tmp_path / name for name in ("1", "2", "3")], tmp_path / "2"
    name = {"after it was read": "marks", "before it is cut": "tasks"}.get(when, "harvest")
    real = getattr(importing, name)

    def deleting(*arguments: Any) -> Any:
        gone.unlink(missing_ok=True)
        return real(*arguments)

    monkeypatch.setattr(importing, name, deleting)
    summary = jevons.import_paths(paths)
    assert [file.state for file in summary.files] == ["new", "unreadable", "new"]
    assert [file.place for file in summary.unreadable] == [str(gone)]
    assert "No such file" in summary.unreadable[0].problem
    assert jevons.report(Query()).total.calls == (12 if when == "after it was read" else 8)


@pytest.mark.parametrize("size", [1 << 24, 700])
def test_a_file_that_is_rewritten_while_it_is_read_is_read_again(
    jevons: Jevons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Longer than before, so that it might seem to have grown."""
    monkeypatch.setattr(segments, "SEGMENT_BYTES", size)
    from jevons.app import importing

    log, real = tmp_path / "log", importing.marks
    log.write_text(lines(*(call(n) for n in range(5))))

    def rewriting(*arguments: Any) -> Any:
        log.write_text(lines(*(call(n) for n in range(50, 70))))
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(importing, "marks", rewriting)
        jevons.import_paths([log])
    summary = jevons.import_paths([log])
    assert (state(summary), summary.new) == ("rewritten", 20)
    assert jevons.report(Query()).total.calls == 25
    assert state(jevons.import_paths([log])) == "unchanged"


def test_a_file_that_grows_while_it_is_read_goes_on_where_it_ended(
    jevons: Jevons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jevons.app import importing

    log, real = tmp_path / "log", importing.harvest
    log.write_text(lines(call(1)))

    def growing(*arguments: Any) -> Any:
        with log.open("a") as file:
            file.write(lines(call(2)) + "{")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(importing, "harvest", growing)
        assert took(jevons.import_paths([log])) == (2, 2, 0, 0)
    log.write_text(lines(call(1), call(2), call(3)))
    summary = jevons.import_paths([log])
    assert (took(summary), state(summary)) == ((1, 1, 0, 0), "grown")


def test_rejections_of_a_file_that_is_read_anew_are_replaced(
    jevons: Jevons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is named from another folder, or was read as another format by mistake."""
    (tmp_path / "there").mkdir()
    log, other = tmp_path / "there" / "log", tmp_path / "log"
    log.write_text("bad\n" + lines(call(1)) + "worse\n")
    other.write_text("bad too\n")
    monkeypatch.chdir(tmp_path / "there")
    jevons.import_paths([Path("log"), other], "events")
    log.write_text(lines(call(1)) + "still bad\n")
    monkeypatch.chdir(tmp_path)
    summary = jevons.import_paths([log])
    assert (state(summary), summary.rejected) == ("rewritten", 1)
    found = [(one.place, one.line) for one in jevons.rejections()]
    assert found == [(str(other), 1), (str(log), 2)]
    other.write_text(lines(call(2)))
    jevons.import_paths([Path("log")], "responses")
    assert [one.source for one in jevons.rejections()] == ["responses", "events"]
    jevons.import_paths([Path("log")], "events")
    assert [one.place for one in jevons.rejections()] == [str(log)]


@pytest.mark.parametrize("content", [b"\0" * 4096, lines(call(1)).strip().encode("utf-16")])
def test_a_file_that_is_no_text_is_rejected(jevons: Jevons, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log").write_bytes(content)
    for _ in range(2):
        jevons.import_paths([tmp_path / "log"], "events")
    (rejection,) = jevons.rejections()
    assert (rejection.line, rejection.reason[:8]) == (1, "not JSON")
    assert jevons.report(Query()).total.calls == 0


def test_an_earlier_report_counts_the_rejections_that_stood_then(
    jevons: Jevons, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    believed = []
    for text in ("bad\nworse\n", lines(call(1)), "bad\n"):
        log.write_text(text + lines(call(2)))
        jevons.import_paths([log], "events")
        instant = datetime.fromtimestamp(jevons.store.clock() / 1e6, UTC).isoformat()
        believed.append((instant, jevons.report(Query()).rejected))
    assert [rejected for _, rejected in believed] == [2, 0, 1]
    for instant, rejected in believed:
        assert jevons.report(Query(as_of=instant)).rejected == rejected


def test_a_file_that_vanishes_stops_nothing_else(
    jevons: Jevons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log is rotated away between the look at the folder and the look at the file."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("1", "2", "3"):
        (logs / name).write_text(lines(call(int(name))))
    from jevons.app import importing

    real = importing.plan

    def plan(path: Path, *others: Any) -> Any:
        if path.name == "2":
            path.unlink()
        return real(path, *others)

    monkeypatch.setattr(importing, "plan", plan)
    summary = jevons.import_paths([logs])
    assert [file.state for file in summary.files] == ["new", "unreadable", "new"]
    assert jevons.report(Query()).total.calls == 2


def test_all_kinds_of_calls_survive_the_way_through_a_file(jevons: Jevons, tmp_path: Path) -> None:
    log = tmp_path / "log"
    observations = mixed(2 * len(KINDS))
    log.write_text(lines(*observations))
    jevons.import_paths([log])
    with opened(tmp_path / "other") as direct:
        direct.store.seal(observations)
        assert report_bytes(direct) == report_bytes(jevons)
