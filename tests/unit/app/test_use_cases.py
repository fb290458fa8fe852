"""One method per verb: what each hands on and gives back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jevons.app import wiring
from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.vocabulary.errors import SourceError, UsageError
from tests.unit.pricing.shipped import file_of
from tests.unit.stores.sample import T0, call, lines, mixed, opened, price_of


@pytest.fixture
def jevons(tmp_path: Path) -> Any:
    with opened(tmp_path / "home") as found:
        yield found


def test_nothing_is_created_before_it_is_needed(jevons: Jevons, tmp_path: Path) -> None:
    assert not (tmp_path / "home" / "ledger").exists()
    jevons.report(Query())
    assert not (tmp_path / "home" / "ledger").exists()


def test_a_home_is_its_owners_only(jevons: Jevons, tmp_path: Path) -> None:
    jevons.store.seal([call(1)])
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


def test_periods_are_read_in_the_zone_of_the_question(jevons: Jevons) -> None:
    midnight = T0 - T0 % 86_400_000_000  # 2026-09-21T00:00Z is 05:30 in Kolkata
    jevons.store.seal([call(1, time=midnight - 6 * 3_600_000_000), call(2, time=midnight)])
    kolkata = Query(since="2026-09-21", time_zone="Asia/Kolkata")
    assert jevons.report(kolkata).total.calls == 1
    assert jevons.report(Query(until="2026-09-21")).total.calls == 1
    assert jevons.report(Query(since="2026-09", until="2026-10")).total.calls == 2


def test_a_report_says_what_it_leaves_out(jevons: Jevons, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(
        lines(call(1), call(2, request_model="nobodys"), call(3, usage=None)) + "bad\n"
    )
    jevons.import_paths([tmp_path / "log"])
    report = jevons.report(Query(by=("team",)))
    assert (report.total.calls, report.total.unknown_calls, report.unpriced_events) == (3, 2, 2)
    assert (report.rejected, report.complete_to) == (1, "2026-09-21T14:13:23Z")
    assert report.total.effective_cost == price_of(1)
    assert sorted(number for _, number in report.reasons) == [1, 1]
    assert any("nobodys" in reason for reason, _ in report.reasons)


def test_a_report_of_then_counts_what_was_rejected_by_then(jevons: Jevons, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(lines(call(1)) + "bad\n")
    jevons.import_paths([tmp_path / "log"])
    assert jevons.report(Query(as_of="2020-01-01")).rejected == 0
    assert jevons.report(Query(as_of="2099-01-01")).rejected == 1


def test_reasons_are_those_of_the_question(jevons: Jevons) -> None:
    jevons.store.seal([call(1, request_model="nobodys", team="a"), call(2, team="b")])
    assert jevons.report(Query(where=(("team", "b"),))).reasons == ()
    assert len(jevons.report(Query(where=(("team", "a"),))).reasons) == 1


def test_own_logs_are_found_in_their_standard_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jevons: Jevons
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    assert jevons.import_own_logs().files == ()
    session = tmp_path / "user" / ".claude" / "projects" / "-app" / "s.jsonl"
    session.parent.mkdir(parents=True)
    message = {
        "id": "msg_" + "1" * 20, "role": "assistant", "type": "message", "content": [],
        "model": "claude-opus-4-8", "usage": {"input_tokens": 101, "output_tokens": 10},
    }  # fmt: skip
    line = {
        "type": "assistant", "sessionId": "s", "uuid": "u", "timestamp": "2026-09-21T14:13:20Z",
        "cwd": "/app", "version": "2.1.197", "message": message,
    }  # fmt: skip
    session.write_text(json.dumps(line) + "\n")
    summary = jevons.import_own_logs()
    assert (summary.new, summary.files[0].source) == (1, "claude-code")
    assert jevons.report(Query()).total.effective_cost == price_of(1)
    assert jevons.import_own_logs().observations == 0


def test_the_places_of_all_agents_are_looked_at() -> None:
    home = Path("/home/ada")
    with_places = [name for name, source in wiring.sources().items() if source.places({}, home)]
    assert with_places == list(wiring.AGENTS)


def test_when_nothing_is_new_no_engine_is_loaded(tmp_path: Path) -> None:
    """Bare `jevons`, the second time: files looked at, kept answers shown."""
    code = (
        "import sys\n"
        "from jevons.interfaces.cli.program import run\n"
        "assert run([]) == 0\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    environment = {
        "PYTHONPATH": str(Path(wiring.__file__).parents[2]),
        "HOME": str(tmp_path),
        "JEVONS_HOME": str(tmp_path / "home"),
        "CLAUDE_CONFIG_DIR": str(Path(__file__).parents[2] / "fixtures" / "claude-code"),
    }
    shown, loaded = [], []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, check=True
        )
        shown.append(done.stdout.decode().splitlines())
        loaded.append(set(eval(done.stderr.splitlines()[-1])))
    engines = {"duckdb", "pyarrow", "numpy", "deltalake", "genai_prices", "pydantic"}
    assert shown[1][0].startswith("Nothing new")
    assert shown[1][2:] == shown[0][-len(shown[1][2:]) :], "the same tables"
    assert engines & loaded[0] and not engines & loaded[1]
    assert any((tmp_path / "home" / "cache").glob("prices-*.json"))
    if sys.platform == "linux":
        assert "genai_prices" not in loaded[0], "the price book was packed by another process"


def test_a_path_that_does_not_exist_is_said(jevons: Jevons, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        jevons.import_paths([tmp_path / "nothing"])
    (tmp_path / "log").write_text(lines(call(1)))
    with pytest.raises(UsageError):
        jevons.import_paths([tmp_path / "log"], "carrier-pigeon")
    assert not jevons.store.exists()


def test_a_table_is_read_by_its_mapping(jevons: Jevons, tmp_path: Path) -> None:
    table = tmp_path / "usage.csv"
    table.write_text(
        "time,provider,model,input_tokens,output_tokens\n"
        "2026-09-21T14:13:20Z,anthropic,claude-opus-4-8,101,10\n"
    )
    mapping = tmp_path / "map.yaml"
    mapping.write_text(jevons.suggest_mapping(table).replace("rows: # calls", "rows: calls"))
    summary = jevons.import_paths([table], mapping=mapping)
    assert (summary.new, summary.files[0].source) == (1, "csv")
    with pytest.raises(SourceError):
        jevons.suggest_mapping(tmp_path / "nothing.csv")


def test_prices_are_added_and_used_at_once(jevons: Jevons, tmp_path: Path) -> None:
    ours = tmp_path / "ours.yaml"
    ours.write_text(
        file_of("provider: inhouse\nmodels: llama-*\nper_million: {input: 1, output: 2}\n"
                "source: a plan")
    )  # fmt: skip
    jevons.add_prices(ours)
    assert jevons.prices("llama-3", "inhouse")
    jevons.store.seal([call(0, provider="inhouse", request_model="llama-3")])
    total = jevons.report(Query()).total.effective_cost
    assert str(total).rstrip("0") == "0.00012"  # 100 x 1 + 10 x 2 per million
    assert jevons.check_prices()
    assert jevons.prices("claude-opus-4-8", at="2026-11-22")


@pytest.mark.parametrize("events", [1, 300])
def test_a_generated_company_is_the_same_from_a_file_and_directly(
    jevons: Jevons, tmp_path: Path, events: int
) -> None:
    written = jevons.generate(events, 7, tmp_path / "company.jsonl")
    assert Path(str(written["truth"])).exists()
    jevons.generate(events, 7, None)
    with opened(tmp_path / "other") as other:
        other.import_paths([tmp_path / "company.jsonl"])
        for by in ((), ("team",), ("month", "model")):
            assert other.report(Query(by=by)) == jevons.report(Query(by=by))
    with pytest.raises(UsageError):
        jevons.generate(0, 7, None)
    assert jevons.verify().first_difference is None


def test_events_are_ready_for_json(jevons: Jevons) -> None:
    jevons.store.seal(mixed(14))
    for event in jevons.events(Query()):
        assert json.loads(json.dumps(event)) == event


def test_a_dimension_that_is_none_is_refused_for_events_and_repricing_too(jevons: Jevons) -> None:
    jevons.store.seal([call(1)])
    query = Query(where=(("colour", "red"),))
    with pytest.raises(UsageError):
        list(jevons.events(query))
    with pytest.raises(UsageError):
        jevons.reprice(query)
