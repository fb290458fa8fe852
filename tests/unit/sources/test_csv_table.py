"""Tables with a mapping: numbers, times, identity, refusals, and the mapping that is suggested."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
import yaml

from jevons.sources.csv_table import SOURCE, CsvTable, suggest, suggest_file
from jevons.sources.csv_table.mapping import build, load
from jevons.sources.csv_table.reader import sample
from jevons.vocabulary.errors import SourceError
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection

FIXTURES = Path(__file__).parents[2] / "fixtures" / "csv"
MINIMAL = {"rows": "calls", "time": "t", "constants": {"provider": "openai"}}


def read(path: Path, mapping: Path | None = None) -> list[Observation | Rejection]:
    return list(CsvTable(mapping).read(path, {}))


def observations(path: Path, mapping: Path | None = None) -> list[Observation]:
    return [found for found in read(path, mapping) if isinstance(found, Observation)]


def table(folder: Path, text: str | bytes, mapping: Mapping[str, object]) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "table.csv.jevons.yaml").write_text(yaml.safe_dump(mapping))
    return path


def test_rows_become_calls() -> None:
    first, second, third = observations(FIXTURES / "calls.csv")
    assert (first.provider, first.request_model, first.team) == ("openai", "gpt-4.1", "web")
    assert first.api == "inclusive"
    assert first.usage == {
        "input_tokens": 1000,
        "cache_read_input_tokens": 200,
        "output_tokens": 50,
    }
    assert (first.stated_cost, first.stated_by) == ("0.0021", "client")
    # 10:00:01 without a zone is read in Europe/Berlin: 08:00:01 UTC in June.
    assert second.time == 1780300801000000
    assert second.usage == {"input_tokens": 2000, "output_tokens": 60}
    assert second.stated_cost is None
    # Empty counters are unknown usage, not zero.
    assert (third.provider, third.usage, third.completeness) == ("anthropic", None, "none")


def test_wrong_rows_are_rejections_with_line_and_reason() -> None:
    rejections = [r for r in read(FIXTURES / "calls.csv") if isinstance(r, Rejection)]
    assert [(r.line, r.reason) for r in rejections] == [
        (5, "column tokens_out is negative: -5"),
        (6, "column when is not a time of the format iso"),
        (7, "the row has 6 cells, the header 9"),
        (8, "column tokens_in is not a number"),
        (9, "column when is a date without a time of day: are the rows calls?"),
        (10, "column tokens_out is not a whole number: 1.5"),
    ]
    assert b"SECRET" not in msgspec.json.encode(read(FIXTURES / "calls.csv"))


def test_number_formats_units_and_encodings() -> None:
    first, second, third = observations(FIXTURES / "german.csv")
    assert first.usage == {"input": 1500, "output": 250}  # 1,5 and 0,25 thousand
    assert third.usage == {"input": 1234500, "output": 0}
    assert first.api == "jevons.quantities"
    assert (first.stated_cost, first.stated_by, first.batch) == ("0.125", "provider", True)
    assert (third.stated_cost, third.batch) == (None, False)
    assert first.time == 1780300800000000  # 10:00 in Berlin
    assert first.self_keys != second.self_keys  # equal rows are two calls


def test_the_same_table_in_another_file_or_column_order_has_the_same_keys(tmp_path: Path) -> None:
    before = observations(FIXTURES / "german.csv")
    mapping = (FIXTURES / "german.csv.jevons.yaml").read_text(encoding="utf-8")
    header, rows = sample(FIXTURES / "german.csv")
    copy = tmp_path / "copy.csv"
    with copy.open("w", encoding="utf-16", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([row[::-1] for row in (header, *rows)])
    (tmp_path / "copy.csv.jevons.yaml").write_text(mapping, encoding="utf-8")
    assert [o.self_keys for o in observations(copy)] == [o.self_keys for o in before]


def test_identity_columns_recognise_a_row_that_changed(tmp_path: Path) -> None:
    mapping = {**MINIMAL, "identity": ["id"], "usage": {"input_tokens": "n"}}
    time = "2026-06-01T08:00:00Z"
    keys = []
    for text in (f"id,t,n\n7,{time},1\n", f"id,t,n\n7,{time},2\n8,{time},2\n"):
        keys.append([o.self_keys for o in observations(table(tmp_path, text, mapping))])
    assert keys[0][0] == keys[1][0] != keys[1][1]


def test_a_table_without_mapping_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("a,b\n1,2\n")
    assert not SOURCE.recognise(path, b"a,b\n1,2\n")
    with pytest.raises(SourceError, match="--suggest"):
        read(path)


def test_recognised_by_its_mapping() -> None:
    assert SOURCE.recognise(FIXTURES / "calls.csv", b"")
    assert not SOURCE.recognise(FIXTURES / "calls.csv.jevons.yaml", b"")
    assert CsvTable(FIXTURES / "calls.csv.jevons.yaml").recognise(Path("other.csv"), b"")


def test_a_mapped_column_must_exist_once(tmp_path: Path) -> None:
    path = table(tmp_path, "t,n,n\n1,2,3\n", {**MINIMAL, "usage": {"input_tokens": "m"}})
    with pytest.raises(SourceError, match="not at all"):
        read(path)
    path = table(tmp_path, "t,n,n\n1,2,3\n", {**MINIMAL, "usage": {"input_tokens": "n"}})
    with pytest.raises(SourceError, match="twice"):
        read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": "totals"}, "bills never become calls"),
        ({"rows": None}, "rows is not stated"),
        ({"time": None}, "time is missing"),
        ({"constants": {}}, "provider is missing"),
        ({"colour": 1}, "unknown key: colour"),
        ({"fields": {"prompt": "p"}}, "unknown key: prompt"),
        ({"usage": {"counting": "maybe"}}, "usage.counting"),
        ({"usage": {"tokens": "n"}}, "unknown key: tokens"),
        ({"cost": {"column": "c"}}, "cost.by"),
        ({"cost": {"column": "c", "by": "client", "unit": "EUR"}}, "cost.unit"),
        ({"time": {"column": "t", "zone": "Mars/Base"}}, "IANA"),
        ({"encoding": "klingon"}, "encoding"),
        ({"thousands": ".", "decimal": "."}, "two different signs"),
        ({"fields": {"team": {"values": {}}}}, "column is missing"),
        ({"usage": {"input_tokens": {"column": "n", "times": "many"}}}, "times"),
    ],
)
def test_a_wrong_mapping_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build({**MINIMAL, **change})


@pytest.mark.parametrize(
    ("cell", "stated", "count"),
    [
        ("1000", {}, 1000), ("57.0", {}, 57), ("1.0", {}, 1), ("1e3", {}, 1000),
        ("1.000", {"decimal": "."}, 1), ("1.000", {"thousands": "."}, 1000),
        ("1.000", {"thousands": ".", "decimal": ","}, 1000),
        ("1,000", {"thousands": ","}, 1000), ("12,345,678.0", {"thousands": ","}, 12_345_678),
        ("1'000", {"thousands": "'"}, 1000), ("1 000", {}, 1000),
        ("1.000", {}, "thousands or decimals? state `thousands:`"),
        ("12.50", {}, "not a whole number"), ("57.00", {}, "thousands or decimals?"),
        ("1.234", {}, "thousands or decimals?"), ("1.234.567", {}, "thousands or decimals?"),
        ("1,000", {}, "thousands or decimals?"), ("many", {}, "not a number"),
        ("1,5", {"thousands": ","}, "not a number"), ("1,0000", {"thousands": ","}, "not a number"),
        ("1.000", {"decimal": ","}, "not a number"),
    ],
)  # fmt: skip
def test_thousands_are_told_from_decimals(
    tmp_path: Path, cell: str, stated: dict[str, str], count: int | str
) -> None:
    mapping = {**MINIMAL, **stated, "delimiter": ";", "usage": {"input_tokens": "n"}}
    (found,) = read(table(tmp_path, f"t;n\n2026-06-01T08:00:00Z;{cell}\n", mapping))
    if isinstance(found, Rejection):
        assert isinstance(count, str) and count in found.reason and "column n" in found.reason
    else:
        assert found.usage == {"input_tokens": count}


def test_a_column_of_thousands_has_decimals(tmp_path: Path) -> None:
    usage = {"input_tokens": {"column": "n", "times": 1000}}
    (call,) = observations(
        table(tmp_path, "t,n\n2026-06-01T08:00:00Z,1.500\n", {**MINIMAL, "usage": usage})
    )
    assert call.usage == {"input_tokens": 1500}


def test_a_given_mapping_is_checked_before_any_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("rows: calls\n")
    with pytest.raises(SourceError, match="time is missing"):
        CsvTable(tmp_path / "wrong.yaml")


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt":"SECRET","n":1}\n{"prompt":"SECRET","n":2}\n',
        "SECRET plan\nline\n",
        "2026-06-01T08:00:00Z,gpt-4.1,SECRET,1000\n",
        "SECRET" * 40 + ",b\n1,2\n",
        "title SECRET,\na,b,c\n1,2,3\n",
        "",
    ],
)
def test_what_is_no_table_gets_no_mapping_and_is_not_repeated(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match="is not a table of calls") as caught:
        suggest_file(path)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "stated"),
    [
        (["1.234;0,12"], {"decimal": ",", "thousands": "."}),
        (["1234;0,12"], {"decimal": ","}),
        (["1,234;0.12"], {"thousands": ","}),
        (["1.234.567;1"], {"decimal": ",", "thousands": "."}),
        (["1'234;0.12"], {"thousands": "'"}),
        (["1234;0.12", "12.0;1"], {}),
        (["12.000;0.12"], {}),
    ],
)
def test_the_number_format_is_read_off_the_rows(rows: list[str], stated: dict[str, str]) -> None:
    header = ["when", "model", "input", "price (USD)"]
    cells = [["2026-06-01T08:00:00Z", "gpt-5", *row.split(";")] for row in rows]
    text = suggest(header, cells)
    draft = yaml.safe_load(text)
    assert {k: v for k, v in draft.items() if k in ("decimal", "thousands")} == stated
    assert ("may stand for thousands or decimals" in text) is (rows == ["12.000;0.12"])
    assert (draft["usage"]["input_tokens"], draft["cost"]["column"]) == ("input", "price (USD)")


def test_short_headers_are_known_by_what_their_cells_are() -> None:
    header = ["when", "model", "input", "output", "cached", "request"]
    counts = ["2026-06-01T08:00:00Z", "gpt-5", "10", "5", "2", "r-1"]
    draft = yaml.safe_load(suggest(header, [counts]))
    assert draft["usage"] == {
        "counting": "inclusive", "input_tokens": "input", "output_tokens": "output",
        "cache_read_input_tokens": "cached",
    }  # fmt: skip
    assert draft["identity"] == ["request"]
    prompts = ["2026-06-01T08:00:00Z", "gpt-5", "a prompt", "an answer", "", "please do"]
    draft = yaml.safe_load(suggest(header, [prompts]))
    assert draft["usage"] == {"counting": "inclusive", "cache_read_input_tokens": "cached"}
    assert "identity" not in draft


def test_rows_in_another_encoding_are_rejected(tmp_path: Path) -> None:
    mapping = {**MINIMAL, "fields": {"team": "team"}}
    latin = "t,team\n2026-06-01T08:00:00Z,Köln\n".encode("latin-1")
    (found,) = read(table(tmp_path, latin, mapping))
    assert isinstance(found, Rejection) and "encoding" in found.reason
    (found,) = read(table(tmp_path, latin, {**mapping, "encoding": "latin-1"}))
    assert isinstance(found, Observation) and found.team == "Köln"


def test_a_cell_with_line_breaks_is_one_row_and_long_text_is_not_kept(tmp_path: Path) -> None:
    text = "word " * 100
    rows = f't,note,n\n2026-06-01T08:00:00Z,"{text}\n{text}\u2028",5\n2026-06-01T08:00:01Z,x,6\n'
    mapping = {**MINIMAL, "usage": {"input_tokens": "n"}, "tags": ["note"]}
    first, second = observations(table(tmp_path, rows, mapping))
    assert (first.tags, second.tags) == ({}, {"note": "x"})


def suggested(name: str, folder: Path) -> Path:
    path = folder / "suggested.yaml"
    path.write_text(suggest_file(FIXTURES / name), encoding="utf-8")
    return path


def test_cursor_export_by_its_suggestion(tmp_path: Path) -> None:
    mapping = suggested("cursor.csv", tmp_path)
    included, charged = observations(FIXTURES / "cursor.csv", mapping)
    assert included.usage == {"input": 300, "cache_write": 1200, "cache_read": 5000, "output": 400}
    assert sum(included.usage.values()) == 6900  # the export's own total
    assert (included.provider, included.stated_cost) == ("anthropic", None)
    assert (charged.provider, charged.stated_cost, charged.stated_by) == (
        "openai", "0.04", "provider",
    )  # fmt: skip


def test_litellm_table_by_its_suggestion(tmp_path: Path) -> None:
    mapping = suggested("litellm.csv", tmp_path)
    (call,) = observations(FIXTURES / "litellm.csv", mapping)  # the cache hit reached no provider
    assert call.usage == {
        "input_tokens": 1000,
        "output_tokens": 100,
        "cache_read_input_tokens": 600,
        "cache_write_input_tokens": 200,
    }
    assert call.response_id == "chatcmpl-fixtureLiteLLM0000000001"
    assert (call.team, call.latency_ms, call.time) == ("team-7", 1877, 1780300800123000)


def test_a_bill_is_refused_by_its_own_suggestion(tmp_path: Path) -> None:
    mapping = suggested("totals.csv", tmp_path)
    assert "usage_date_utc" in mapping.read_text()
    with pytest.raises(SourceError, match="bills never become"):
        load(mapping)


def test_an_unknown_table_gets_a_draft_that_asks(tmp_path: Path) -> None:
    header = ["Timestamp", "LLM", "Prompt Tokens", "Completion Tokens", "Spend", "Team", "Prompt"]
    text = suggest(header, [["1780300800000", "gpt-4.1", "1", "2", "0.1", "web", "SECRET"]])
    assert "SECRET" not in text and "#   Prompt" in text
    draft = yaml.safe_load(text)
    assert draft["rows"] is None
    assert draft["time"] == {"column": "Timestamp", "format": "milliseconds", "zone": "UTC"}
    with pytest.raises(ValueError, match="rows is not stated"):
        build(draft)
    mapping = build({**draft, "rows": "calls"})
    assert mapping.usage["input_tokens"].column == "Prompt Tokens"
    assert mapping.fields["team"].column == "Team"


@pytest.mark.parametrize(
    "header",
    [
        ["id", "trace_id", "created_at", "ai_org", "ai_model", "req_units", "res_units", "cost"],
        ["request_id", "request_created_at", "provider", "request_model", "prompt_tokens",
         "completion_tokens", "cost_usd"],
        ["nothing", "that", "we", "know"],
    ],
)  # fmt: skip
def test_every_suggestion_is_yaml_of_known_keys(header: list[str]) -> None:
    content = yaml.safe_load(suggest(header))
    if "time" in content:
        assert build({**content, "rows": "calls"}).columns()


def test_portkey_costs_are_cents(tmp_path: Path) -> None:
    text = "id,created_at,ai_org,ai_model,req_units,res_units,cost\n"
    text += "p1,2026-06-01T08:00:00Z,openai,gpt-4.1,10,5,12.5\n"
    path = tmp_path / "portkey.csv"
    path.write_text(text)
    mapping = tmp_path / "m.yaml"
    mapping.write_text(suggest(text.splitlines()[0].split(",")))
    (call,) = observations(path, mapping)
    assert call.stated_cost == "0.125"
