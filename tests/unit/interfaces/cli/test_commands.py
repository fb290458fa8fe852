"""What each command asks of the books, and what it prints of their answers."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jevons.app.results import (
    Check,
    FileSummary,
    ImportSummary,
    PriceRow,
    Query,
    RepriceSummary,
    Verification,
)
from jevons.vocabulary.rejection import Rejection

EVENT = {
    "time": "2026-03-01T11:59:00Z",
    "response_model": None,
    "request_model": "claude-\x1b[1msonnet",
    "team": None,
    "project": "search",
    "input_tokens": 123_456,
    "cache_read_input_tokens": 0,
    "output_tokens": 70,
    "effective_cost": "0.00005",
    "price_state": "exact",
    "provenance": "reported",
    "why": "price entry ab12",
}


def test_report_asks_one_question(cli: Any, books: Any) -> None:
    outcome = cli(
        "report", "--by", "team,month", "--by", "team", "--since", "7d", "--until", "today",
        "--where", "team=a=b", "--where", "model=", "--as-of", "yesterday", "--top", "3",
        "--tz", "Asia/Tokyo",
    )  # fmt: skip
    assert outcome.code == 0
    ((name, (query,), _),) = books.calls
    assert name == "report"
    assert query == Query(
        by=("team", "month"),
        since="2026-02-22",
        until="2026-03-01",
        where=(("team", "a=b"), ("model", "")),
        time_zone="Asia/Tokyo",
        as_of="2026-02-28T14:59:59.999999Z",  # the end of that day in Tokyo
        top=3,
    )


def test_flags_by_environment(cli: Any, books: Any) -> None:
    cli(
        "report", JEVONS_REPORT_BY="team", JEVONS_REPORT_WHERE="task=1 run=2", JEVONS_REPORT_TOP="2"
    )
    query = books.calls[0][1][0]
    assert (query.by, query.where, query.top) == (("team",), (("task", "1"), ("run", "2")), 2)


def test_report_formats(cli: Any) -> None:
    assert json.loads(cli("report", "--json").out)["total"]["effective_cost"] == "0.25"
    assert cli("report", "--csv").out.startswith("model,calls,input_tokens")
    assert "$0.25" in cli("report").out
    both = cli("report", "--csv", "--json")
    assert both.code == 2 and "exclude each other" in both.err


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-02", "2026-02-28T23:59:59.999999Z"),
        ("2025-12", "2025-12-31T23:59:59.999999Z"),
        ("2026-02-03", "2026-02-03T23:59:59.999999Z"),
        ("2026-02-03T12:00:00Z", "2026-02-03T12:00:00Z"),
    ],
)
def test_a_belief_of_a_day_or_month_is_that_of_its_end(
    cli: Any, books: Any, text: str, end: str
) -> None:
    assert cli("report", "--as-of", text).code == 0
    assert books.calls[0][1][0].as_of == end


@pytest.mark.parametrize(
    "command",
    [
        ("report", "--since"),
        ("events", "--until"),
        ("report", "--as-of"),
        ("prices", "list", "--at"),
    ],
)
def test_a_wrong_time_names_its_flag(cli: Any, books: Any, command: tuple[str, ...]) -> None:
    outcome = cli(*command, "lately")
    assert outcome.code == 2 and books.calls == []
    assert outcome.err.splitlines() == [
        f"error: {command[-1]}: not a date or an instant: 'lately'",
        "  Write today, 7d, 12h, 2026-09, 2026-09-01 or 2026-09-01T12:00:00Z.",
    ]


@pytest.mark.parametrize("until", ["2026-03-01", "2026-02-01", "2026-02"])
def test_a_period_in_which_nothing_lies_is_said(cli: Any, books: Any, until: str) -> None:
    outcome = cli("report", "--since", "2026-03-01", "--until", until)
    assert outcome.code == 2 and books.calls == []
    assert f"nothing lies between --since 2026-03-01 and --until {until}" in outcome.err


@pytest.mark.parametrize(
    ("flags", "meant"),
    [
        (("--by", "taem"), "team"), (("--by", "day,Model"), "model"), (("--by", "user"), "person"),
        (("--where", "modle=a"), "model"),
    ],
)  # fmt: skip
def test_an_unknown_dimension_is_corrected(
    cli: Any, books: Any, flags: tuple[str, ...], meant: str
) -> None:
    outcome = cli("report", *flags)
    assert outcome.code == 2 and books.calls == []
    assert f"\n  Did you mean {meant}?\n  Dimensions are: hour, day," in outcome.err
    assert "tag.NAME." in outcome.err and max(map(len, outcome.err.splitlines())) <= 92
    assert cli("report", "--by", "tag.anything").code == 0


@pytest.mark.parametrize("text", ["team", "=x"])
def test_where_needs_a_dimension_and_a_value(cli: Any, text: str) -> None:
    outcome = cli("report", "--where", text)
    assert outcome.code == 2
    assert "--where team=search" in outcome.err


def test_import_asks_and_tells(
    cli: Any, books: Any, summary: ImportSummary, tmp_path: Path
) -> None:
    books.summary = summary
    outcome = cli("import", "codex", "logs", "more", "--workers", "2")
    name, arguments, options = books.calls[0]
    assert (name, arguments) == ("import_paths", ([Path("logs"), Path("more")], "codex"))
    assert options == {"strict": False, "dry_run": False, "mapping": None}
    assert books.settings.workers == 2
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "Read 2 files in 1.25 s (1 unchanged, 1 of no known format).",
        "11 calls added from 24 observations, 4 of them known before.",
        "2 lines could not be read: jevons rejects",
        "1 possible duplicate counted: no key tells if they repeat a call.",
        "Not recognised: logs/\\x1b[2Jpicture.png (jevons import SOURCE PATH names the format)",
    ]
    assert outcome.err == ""


def test_import_without_news(cli: Any, books: Any, summary: ImportSummary) -> None:
    old = replace(summary.files[2], place="a"), replace(summary.files[2], place="b")
    books.summary = replace(summary, files=old, observations=0, rejected=0, possible_duplicates=0)
    assert cli("import", "logs").out == "Nothing new (2 unchanged).\n"


def test_calls_that_a_late_key_joins(cli: Any, books: Any, summary: ImportSummary) -> None:
    books.summary = replace(summary, events=-1, repeated=0)
    assert "1 call fewer: found to be one with others, from 24 obs" in cli("import", "logs").out


def test_strict_import_fails_after_storing(cli: Any, books: Any, summary: ImportSummary) -> None:
    books.summary = summary
    outcome = cli("import", "--strict", "logs")
    assert outcome.code == 6
    assert "2 lines could not be read" in outcome.out


def test_files_that_could_not_be_read_are_named(
    cli: Any, books: Any, summary: ImportSummary
) -> None:
    bad = FileSummary("a.csv", "csv", "unreadable", 0, 0, "a.csv has no mapping\nmake one")
    books.summary = replace(summary, files=(*summary.files, bad))
    outcome = cli("import", "--strict", "logs")
    assert outcome.code == 3
    assert "1 not readable" in outcome.out.splitlines()[0]
    assert "1 file could not be read:\n  a.csv has no mapping\n    make one\n" in outcome.out
    books.summary = replace(summary, files=(bad,) * 7, observations=0)
    assert "  and 2 more (--dry-run lists every file)\n" in cli("import", "logs").out
    assert cli("import", "logs").out.startswith("Nothing new (7 not readable).\n")
    bare = cli()
    assert bare.code == 3
    assert "7 files could not be read:" in bare.out


def test_dry_run_lists_the_files(cli: Any, books: Any, summary: ImportSummary) -> None:
    books.summary = replace(summary, dry_run=True)
    outcome = cli("import", "--dry-run", "logs")
    assert books.calls[0][2]["dry_run"] is True
    assert "logs/b.jsonl" in outcome.out and "grown" in outcome.out


def test_a_source_is_told_from_a_path(
    cli: Any, books: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "codex").mkdir()
    cli("import", "codex")
    cli("import", "./codex", "events")
    cli("import", "codex", "codex")
    asked = [arguments for _, arguments, _ in books.calls]
    assert asked == [
        ([Path("codex")], None),
        ([Path("codex"), Path("events")], None),
        ([Path("codex")], "codex"),
    ]
    outcome = cli("import", "events")
    assert outcome.code == 2
    assert "jevons import events PATH" in outcome.err


def test_an_unknown_source_is_corrected(cli: Any, books: Any) -> None:
    outcome = cli("import", "litelm", "callbacks.jsonl")
    assert outcome.code == 2 and books.calls == []
    assert "litelm is neither a source nor a file or folder" in outcome.err
    assert "Did you mean litellm?" in outcome.err and "Sources are: claude-code, co" in outcome.err


def test_suggest_prints_the_mapping_alone(cli: Any, books: Any) -> None:
    assert cli("import", "csv", "--suggest", "a.csv").out == "time: when\n"
    assert books.calls == [("suggest_mapping", (Path("a.csv"),), {})]
    assert cli("import", "--suggest", "a.csv", "b.csv").code == 2


def test_bare_jevons_imports_and_sums_up(
    cli: Any, books: Any, report: Any, row: Any, summary: ImportSummary
) -> None:
    books.summary = summary
    books.answers = [
        report(row({"harness": "codex", "model": "gpt-5"}), by=("harness", "model")),
        report(*(row({"day": f"2026-02-{day}"}) for day in range(10, 20)), by=("day",)),
    ]
    outcome = cli()
    assert outcome.code == 0
    assert [name for name, _, _ in books.calls] == ["import_own_logs", "report", "report"]
    assert "gpt-5" in outcome.out
    assert "2026-02-19" in outcome.out and "2026-02-12" not in outcome.out


def test_bare_jevons_without_logs_says_what_to_try(cli: Any, books: Any, report: Any) -> None:
    books.answers = [report()]
    outcome = cli()
    assert outcome.code == 0
    assert outcome.out.startswith("No logs of coding agents were found")
    assert "jevons --home try generate --import" in outcome.out


def test_events_as_a_table(cli: Any, books: Any) -> None:
    books.found = [dict(EVENT) for _ in range(30)]
    outcome = cli("events", "--where", "team=a", COLUMNS="120")
    assert books.calls[0][1][1] == 21
    lines = outcome.out.splitlines()
    assert lines[3].split() == [
        "2026-03-01",
        "11:59:00",
        "claude-\\x1b[1msonnet",
        "search",
        "123",
        "k",
        "0",
        "70",
        "$0.00005",
        "exact",
        "price",
        "entry",
        "ab12",
    ]
    assert "only the oldest 20 calls" in lines[-1]
    assert cli("events", "--limit", "2").out.count("sonnet") == 2


def test_events_as_json_lines(cli: Any, books: Any) -> None:
    books.found = [EVENT, EVENT]
    outcome = cli("events", "--json")
    assert [json.loads(line) for line in outcome.out.splitlines()] == [EVENT, EVENT]
    assert books.calls[0][1][1] is None


def test_event_costs_tell_how_they_are_known(cli: Any, books: Any) -> None:
    books.found = [
        {**EVENT, "effective_cost": None, "price_state": "unknown"},
        {**EVENT, "effective_cost": "0.4", "price_state": "lower_bound"},
        {**EVENT, "effective_cost": "0.4", "provenance": "estimated"},
        {**EVENT, "effective_cost": "0", "price_state": "free"},
    ]
    out = cli("events").out
    for shown in ("—", "≥$0.40", "~$0.40", "$0.00"):
        assert shown in out
    books.found = []
    assert cli("events").out == "No call matches.\n"


def test_rejects(cli: Any, books: Any) -> None:
    assert cli("rejects").out == "Every line was read: nothing is rejected.\n"
    books.rejected = [
        Rejection(source="codex", place="a.jsonl", line=n, reason="not JSON", content_hash="ab")
        for n in range(25)
    ]
    outcome = cli("rejects")
    assert outcome.out.splitlines()[2].split() == ["codex", "a.jsonl", "all", "not", "JSON"]
    assert "5 more lines" in outcome.out
    lines = cli("rejects", "--json").out.splitlines()
    assert len(lines) == 25
    assert json.loads(lines[3]) == {
        "source": "codex",
        "place": "a.jsonl",
        "line": 3,
        "reason": "not JSON",
        "content_hash": "ab",
        "structure": None,
    }
    assert len(cli("rejects", "--json", "--limit", "4").out.splitlines()) == 4


def price(**changes: Any) -> PriceRow:
    values: dict[str, Any] = {
        "model": "sonnet",
        "provider": "anthropic",
        "axes": {"tier": "batch"},
        "prices": (
            ("input", Decimal("0.000003")),
            ("cache_read", Decimal("0.0000003")),
            ("web_searches", Decimal("0.01")),
            ("audio_seconds", Decimal("0.0001")),
        ),
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": None,
        "recorded_at": "2026-01-02",
        "source": "https://example.org/prices",
        "entry": "ab12",
    }
    return PriceRow(**{**values, **changes})


def test_prices_list(cli: Any, books: Any) -> None:
    books.entries = [price(), price(model="old", valid_from=None)]
    outcome = cli("prices", "list", "--provider", "anthropic", "--at", "2026-02-01")
    assert books.calls == [("prices", (None, "anthropic", "2026-02-01"), {})]
    lines = outcome.out.splitlines()
    assert lines[1].split() == [
        "model",
        "provider",
        "input",
        "read",
        "conditions",
        "valid",
        "source",
    ]
    assert lines[2].startswith("─")
    assert lines[3].split()[:4] == ["sonnet", "anthropic", "$3.00", "$0.30"]
    assert "2026-01-01 to …" in lines[3] and "always" in lines[4]
    (document, _) = json.loads(cli("prices", "list", "--json").out)
    assert document["prices"]["input"] == "0.000003"
    books.entries = []
    assert cli("prices", "list").out == "No price entry matches.\n"


def test_prices_show(cli: Any, books: Any) -> None:
    books.entries = [price()]
    lines = [line.split() for line in cli("prices", "show", "sonnet").out.splitlines()]
    assert lines[0] == ["sonnet", "·", "anthropic"]
    assert ["conditions", "tier=batch"] in lines
    assert ["entry", "ab12"] in lines
    assert ["input", "$3.00", "per", "million", "tokens"] in lines
    assert ["web_searches", "$0.01", "each"] in lines
    assert ["audio_seconds", "$0.0001", "per", "second"] in lines
    assert json.loads(cli("prices", "show", "sonnet", "--json").out)[0]["entry"] == "ab12"
    books.entries = [price(prices=(), effect="x 1.1", above=200_000, note="until May")]
    out = cli("prices", "show", "sonnet").out
    assert "effect      x 1.1" in out and "note        until May" in out and "unit" not in out
    assert "tier=batch; input > 200,000 tokens" in out
    assert "x 1.1" in cli("prices", "list").out
    books.entries = []
    outcome = cli("prices", "show", "nix", "--provider", "p")
    assert outcome.code == 4
    assert "no price is known for nix of p" in outcome.err


def test_prices_add_and_check(cli: Any, books: Any) -> None:
    books.entries = [price()]
    assert "1 entry added; jevons reprice" in cli("prices", "add", "p.yaml").out
    assert books.calls[0] == ("add_prices", (Path("p.yaml"),), {})
    books.entries = []
    again = cli("prices", "add", "own/p.yaml")
    assert (again.code, again.out) == (0, "p.yaml is already in the book: nothing to add.\n")
    books.checks = [Check("form", "ok", "12 files")]
    assert cli("prices", "check").code == 0
    books.checks = [Check("gap", "failed", "no price in May", remedy="add one")]
    outcome = cli("prices", "check")
    assert outcome.code == 4
    assert outcome.out.splitlines()[-2:] == ["failed  gap    no price in May", "    add one"]


def test_reprice(cli: Any, books: Any) -> None:
    books.repriced = RepriceSummary(12, 0, Decimal(0), Decimal(0), "2026-03-01T12:00:00Z")
    assert cli("reprice").out == "12 calls looked at, no cost changes.\n"
    books.repriced = RepriceSummary(
        12, 2, Decimal("1.5"), Decimal("1.2"), "2026-03-01T12:00:00Z", dry_run=True
    )
    outcome = cli("reprice", "--dry-run", "--where", "model=a")
    assert books.calls[1][2] == {"dry_run": True}
    assert "2 would change" in outcome.out
    assert "difference   −$0.30" in outcome.out.replace("\u2212", "−")
    books.repriced = RepriceSummary(
        12, 2, Decimal("1.2"), Decimal("1.5"), "2026-03-01T12:00:00Z", dry_run=False
    )
    out = cli("reprice", "--tz", "Asia/Tokyo").out
    assert "difference   +$0.30" in out
    assert "Recorded at 2026-03-01 21:00:00 Asia/Tokyo" in out


def test_verify(cli: Any, books: Any) -> None:
    good = Check("events", "ok", "12 re-derived")
    books.verification = Verification((good,))
    outcome = cli("verify")
    assert outcome.code == 0
    assert "The ledger follows from what was imported." in outcome.out
    books.verification = Verification((good,), "event ab12: cost 1 is 2")
    outcome = cli("verify")
    assert outcome.code == 5
    assert "  event ab12: cost 1 is 2" in outcome.out


def test_doctor(cli: Any, books: Any) -> None:
    books.checks = [Check("prices", "warning", "90 days old", remedy="upgrade")]
    outcome = cli("doctor")
    assert outcome.code == 0
    assert "    upgrade" in outcome.out
    books.checks = [Check("home", "failed", "not writable")]
    assert cli("doctor").code == 1
    books.checks = []
    assert cli("doctor").out == "Nothing to check.\n"


def test_findings_are_wrapped_and_never_cut(cli: Any, books: Any) -> None:
    detail = "one word after the other " * 8 + "/a/path" * 12
    books.checks = [Check("logs", "warning", detail.strip(), "look"), Check("home", "ok", "~/x")]
    lines = cli("doctor", COLUMNS="60").out.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0].split() == ["check", "finding"]
    assert "".join(line[15:] for line in lines[2:-2]).replace(" ", "") == detail.replace(" ", "")
    assert lines[-2:] == ["    look", "ok       home   ~/x"]


def test_footers_are_wrapped(cli: Any, books: Any) -> None:
    books.found = [dict(EVENT) for _ in range(30)]
    assert max(map(len, cli("events", COLUMNS="60").out.splitlines()[-3:])) <= 60


def test_generate_overwrites_only_by_force(cli: Any, books: Any, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text("kept")
    outcome = cli("generate", "--out", str(tmp_path / "c.jsonl"))
    assert outcome.code == 2 and "--force" in outcome.err and books.calls == []
    assert cli("generate", "--out", str(tmp_path / "c.jsonl"), "--force").code == 0
    assert cli("generate", "--out", "-").out == ""


def test_generate(cli: Any, books: Any) -> None:
    out = cli("generate", "--events", "5000", "--out", "c.jsonl").out
    assert out.splitlines() == ["events      5,000", "truth file  company.truth.json"]
    cli("generate", JEVONS_GENERATE_IMPORT="1", JEVONS_GENERATE_SEED="7")
    assert [arguments for _, arguments, _ in books.calls] == [
        (5000, 1, Path("c.jsonl")),
        (10_000, 7, None),
    ]
    assert cli("generate").code == 2
    assert cli("generate", "--out", "c", "--import").code == 2


def test_settings(cli: Any, tmp_path: Path) -> None:
    lines = cli("settings", "--tz", "Asia/Tokyo", JEVONS_WORKERS="3").out.splitlines()
    assert lines[2].split() == [
        "home",
        str(tmp_path / "home"),
        "JEVONS_HOME",
        "JEVONS_HOME",
        "--home",
    ]
    assert lines[3].split()[:3] == ["time_zone", "Asia/Tokyo", "--tz"]
    assert lines[4].split()[:3] == ["workers", "3", "JEVONS_WORKERS"]
    assert lines[-1].endswith("config.toml (none yet)")
    found = json.loads(cli("settings", "--json").out)
    assert found["color"] == {"value": "auto", "from": "default"}
    assert found["debug"] == {"value": "false", "from": "default"}


def test_completion_without_a_shell_is_one_line(cli: Any) -> None:
    outcome = cli("completion")
    assert outcome.code == 2
    assert "Choose from: bash, zsh, fish\n" in outcome.err and "\\x09" not in outcome.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(cli: Any, shell: str) -> None:
    out = cli("completion", shell).out
    assert "_JEVONS_COMPLETE" in out
    assert "jevons" in out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("jevons re", ["report", "rejects", "reprice"]),
        ("jevons report --by team,req", ["team,request_model"]),
        ("jevons report --where proj", ["project="]),
        ("jevons import cod", ["codex"]),
    ],
)
def test_completing_words(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    found: list[str],
) -> None:
    from jevons.interfaces.cli.program import run

    monkeypatch.setenv("_JEVONS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    with pytest.raises(SystemExit) as stopped:
        run([])
    assert stopped.value.code == 0
    shown = [line.removeprefix("plain,") for line in capsys.readouterr().out.splitlines()]
    assert [line for line in shown if not line.startswith("file,")] == found
