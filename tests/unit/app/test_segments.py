"""Cutting files into segments, and reading them so that nothing shows where the cuts were."""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from jevons.app import segments
from jevons.app.reading import Reading
from jevons.app.segments import Segment, harvest, tasks, worker_count
from jevons.app.wiring import sources
from jevons.ledger.fields import Fields
from jevons.vocabulary.memory import uncollected
from jevons.vocabulary.observation import Observation
from tests.unit.stores.sample import call, lines


class Batch(list[Observation]):
    """Stands in for a prepared batch. Token counts of 13 are taken for impossible."""

    def __init__(self, fields: Fields) -> None:
        super().__init__(fields.observations)

    @property
    def impossible(self) -> dict[int, str]:
        return {
            position: "13 tokens cannot be true"
            for position, one in enumerate(self)
            if (one.usage or {}).get("input_tokens") == 13
        }


def reading(path: Path, source: str = "events", state: str = "new", **memory: Any) -> Reading:
    return Reading(path, sources()[source], state, memory, path.stat().st_size, 0, 0)


def read(planned: Sequence[list[Segment]]) -> Any:
    """All tasks read, put together."""
    whole = segments.Harvest()
    for task in planned:
        found = harvest(task, sources(), Batch)  # type: ignore[arg-type]
        whole.batches += found.batches
        whole.rejections += found.rejections
        whole.outcomes += found.outcomes
    return whole


def content(path: Path) -> None:
    """Sixty lines: calls, blank lines, and bad ones of every sort; line 13 is impossible."""
    with path.open("w") as file:
        for number in range(1, 61):
            if number % 10 == 0:
                file.write("\n")
            elif number % 7 == 0:
                file.write("not JSON\n")
            elif number % 11 == 0:
                file.write(json.dumps({"provider": "x", "time": "when?"}) + "\n")
            elif number == 13:
                file.write(lines(call(number, usage={"input_tokens": 13})))
            elif number == 51:
                file.write(lines(call(number, attempt=2**31)))
            else:
                file.write(lines(call(number)))


BAD = [7, 11, 13, 14, 21, 22, 28, 33, 35, 42, 44, 49, 51, 55, 56]


@pytest.mark.parametrize("size", [1, 300, 1000, 5000, 1 << 20])
def test_wherever_a_file_is_cut_the_same_is_read_at_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = tmp_path / f"log{size}"
    content(path)
    monkeypatch.setattr(segments, "SEGMENT_BYTES", size)
    planned = list(tasks([reading(path)]))
    if size < 1 << 20:
        assert len(planned) > 1
    found = read(planned)
    ids = [int(str(one.response_id)[4:]) for batch in found.batches for one in batch]
    # What is impossible is found out in its batch; the ledger leaves it out.
    assert ids == [n for n in range(1, 61) if n % 10 and (n == 13 or n not in BAD)]
    assert sorted(rejection.line for rejection in found.rejections) == BAD
    assert {rejection.place for rejection in found.rejections} == {str(path)}
    assert sum(outcome.lines for outcome in found.outcomes) == 60
    assert sum(outcome.read_bytes for outcome in found.outcomes) == path.stat().st_size


@pytest.mark.parametrize("size", [1, 300, 1 << 20])
def test_lines_of_what_was_appended_are_counted_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = tmp_path / f"log{size}"
    content(path)
    whole = path.read_bytes().splitlines(keepends=True)
    offset = sum(map(len, whole[:30]))
    monkeypatch.setattr(segments, "SEGMENT_BYTES", size)
    found = read(list(tasks([reading(path, state="grown", offset=offset, line=30)])))
    assert sorted(rejection.line for rejection in found.rejections) == [n for n in BAD if n > 30]


def test_lines_are_right_when_the_file_was_rewritten_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One long-running process imports a file, which is replaced, and imports it again."""
    path = tmp_path / "log"
    good = lines(call(1)).encode()
    wide = good.replace(b"{", b"{" + b" " * (2 * len(good)), 1)
    assert len(wide) == 3 * len(good)
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 2 * len(good))
    for begin, line in ((good * 3, 4), (wide, 2)):
        path.write_bytes(begin + b"bad\n" + good * 3)
        planned = list(tasks([reading(path)]))
        assert planned[1][0].state["offset"] == 3 * len(good)
        assert [rejection.line for rejection in read(planned).rejections] == [line]


def test_small_files_share_a_task_and_large_ones_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = len(lines(call(0)))
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 10 * line)
    readings = []
    for number, count in enumerate((1, 2, 3, 35, 4, 20)):
        path = tmp_path / f"{number}"
        path.write_text(lines(*(call(n) for n in range(count))))
        readings.append(reading(path))
    planned = list(tasks(readings))
    covered = [(s.number, s.state.get("offset", 0), s.stop) for task in planned for s in task]
    for number, one in enumerate(readings):
        mine = [(start, stop) for which, start, stop in covered if which == number]
        assert [start for start, _ in mine] == [0, *(stop for _, stop in mine[:-1])]
        assert mine[-1][1] is None
        assert one.path.stat().st_size > max(start for start, _ in mine)
    assert len([which for which, _, _ in covered if which == 3]) == 4
    assert [s.number for s in planned[0]][:3] == [0, 1, 2]


def test_what_must_be_read_in_order_is_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    content(path)
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 100)
    for name, source in sources().items():
        if not source.ranged:
            (task,) = tasks([reading(path, name)])
            assert [(s.stop, s.state) for s in task] == [(None, {})]


def test_nothing_is_planned_for_what_did_not_change(tmp_path: Path) -> None:
    path = tmp_path / "log"
    content(path)
    unknown = Reading(path, None, "unrecognised", {}, 1, 0, 0)
    assert list(tasks([reading(path, state="unchanged"), unknown])) == []


def test_so_many_are_prepared_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_text(lines(*(call(n) for n in range(25))))
    monkeypatch.setattr(segments, "HANDFUL", 5)
    monkeypatch.setattr(segments, "CHUNK", 10)
    found = read(list(tasks([reading(path)])))
    assert [len(batch) for batch in found.batches] == [10, 10, 5]


def test_a_refused_observation_names_its_reason_and_no_text(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(lines(call(1, attempt=2**31, usage={"input_tokens": 1, "note": "SECRET"})))
    (rejection,) = read(list(tasks([reading(path)]))).rejections
    assert "attempt" in rejection.reason
    assert "SECRET" not in repr(rejection)
    assert json.loads(str(rejection.structure)) == {"usage": {"input_tokens": 1, "note": ""}}


def test_little_is_read_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 1000)
    assert worker_count(8, 100) == 0
    assert worker_count(8, 1000) == 8
    assert worker_count(1, 10**9) == 0
    assert worker_count(0, 10**9) >= 0


def test_the_collector_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError), uncollected():
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()
    with uncollected(), uncollected():
        pass
    assert gc.isenabled()
