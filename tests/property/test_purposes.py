"""The purposes that the books assign are those of the reference classifier, whatever arrives when.

Calls are drawn from few names, prompts and instants, so that runs repeat prompts, tie in time, fail
and are asked again; reports of one call arrive in several batches and correct each other.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.analysis.purposes import NO_RULE, Call, Ruleset, classify
from jevons.app.purposes import RULES_FILE, load_rules
from jevons.app.results import Query
from jevons.app.use_cases import Jevons
from jevons.stores.question import Question
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.period import parse_time
from tests.conftest import PROVING
from tests.unit.stores.sample import SECOND, T0, call, opened

OWN = (
    "",
    'off = ["repeated-prompt"]',
    """
    [[rule]]
    id = "plan-first"
    purpose = "plan"
    why = "Ours plan aloud."
    when = { agent = ["main"], "tag.phase" = ["pl*"] }
    [[rule]]
    id = "answer-end"
    purpose = "housekeeping"
    why = "Ours tidy up last."
    ends = true
    when = { run = ["*"] }
    """,
    """
    [[rule]]
    id = "end-before-repeat"
    purpose = "verify"
    why = "A rule that looks at the end before the repetition."
    ends = true
    absent = ["stated"]
    [[rule]]
    id = "repeat-with-tool"
    purpose = "tool"
    why = "Both at once."
    repeats = true
    when = { tool = ["*"] }
    """,
)
"""Rules of companies; the first has none of its own."""


def _one(draw: st.DrawFn) -> Observation:
    number = draw(st.integers(0, 14))
    pick = draw

    def some(*values: Any) -> Any:
        return pick(st.sampled_from(values))

    failed = some(False, False, False, True)
    fields: dict[str, Any] = {
        "time": T0 + some(0, 1, 1, 2, 3, 4) * SECOND,
        "run": ("r1", "r2", "r1", "r2/sub", None)[number % 5],
        "parent_run": (None, None, None, "r2", None)[number % 5],
        "block_hashes": ([], ["0" * 16], ["a", "b"])[number % 3],
        "step": some(None, "s1", "s2"),
        "agent": some(None, None, "main", "Title", "guard", "planner"),
        "tool": some(None, None, None, "edit_file", "TodoWrite"),
        "purpose": some(None, None, None, "answer", "re-try", "triage"),
        "operation": some(None, None, "chat", "embeddings"),
        "finish_reason": some(None, None, "stop", "tool"),
        "harness": some(None, "claude-code", "notes"),
        "evidence": some("gateway", "span", "client_log"),
        "tags": some({}, {"phase": "planning"}),
        "status": some("error", "ok") if failed else some(None, "ok", "interrupted"),
        "error": some("overloaded", None) if failed else None,
    }
    return call(number, **fields)


@st.composite
def _batches(draw: st.DrawFn) -> list[list[Observation]]:
    return [
        [_one(draw) for _ in range(draw(st.integers(1, 6)))] for _ in range(draw(st.integers(1, 4)))
    ]


def _reference(events: list[dict[str, Any]], ruleset: Ruleset) -> dict[str, tuple[str, str]]:
    """event id -> (purpose, rule), run by run."""
    runs: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        runs[event["run"] or event["event_id"]].append(event)
    found = {}
    for members in runs.values():
        calls = [_call(event) for event in members]
        for event, decided in zip(members, classify(calls, ruleset), strict=True):
            found[event["event_id"]] = decided
    return found


def _call(event: dict[str, Any]) -> Call:
    facts = {
        "stated": event["stated_purpose"],
        "model": event["response_model"] or event["request_model"],
        **{f"tag.{name}": value for name, value in event["tags"].items()},
        **{
            name: event[name]
            for name in (
                "operation", "finish_reason", "agent", "tool", "harness", "application",
                "task_type", "run", "parent_run", "status",
            )
        },
    }  # fmt: skip
    number = int(event["response_id"].removeprefix("msg_"))
    in_run = event["run"] is not None
    return Call(
        facts=facts,
        time=parse_time(event["time"]),
        key=bytes.fromhex(event["event_id"]),
        prompt=(None, 0, 1)[number % 3] if in_run else None,
        failed=event["error"] is not None or event["status"] == "error",
        step=event["step"],
    )


def _agrees(jevons: Jevons, ruleset: Ruleset) -> None:
    events: list[Any] = list(jevons.events(Query()))
    assigned = {e["event_id"]: (e["purpose"], e["purpose_rule"]) for e in events}
    assert assigned == _reference(events, ruleset)
    counted: dict[Any, int] = defaultdict(int)
    for purpose, _ in assigned.values():
        counted[purpose] += 1
    report = jevons.report(Query(by=("purpose",)))
    assert {row.dimensions["purpose"]: row.calls for row in report.rows} == counted
    spent = jevons.store.spend(Question(by=("purpose",)))
    assert {row.dimensions[0]: row.calls for row in spent} == counted


@settings(max_examples=400 if PROVING else 12, deadline=None)
@given(_batches(), st.sampled_from(OWN), st.data())
def test_assigned_as_the_reference_says(
    batches: list[list[Observation]], own: str, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / RULES_FILE).write_text(own, encoding="utf-8")
        ruleset = load_rules(home)
        with opened(home) as jevons:
            for batch in batches:
                if data.draw(st.booleans()):
                    jevons.store.acknowledge(batch)
                else:
                    jevons.store.seal(batch)
                if data.draw(st.booleans()):
                    _agrees(jevons, ruleset)
            _agrees(jevons, ruleset)
        (home / RULES_FILE).unlink()
        with opened(home) as jevons:  # the rules changed: everything is assigned anew
            _agrees(jevons, load_rules(home))


def test_verify_derives_purposes_again(tmp_path: Path) -> None:
    calls = [call(n, run="r", block_hashes=["0" * 16]) for n in range(3)]
    with opened(tmp_path) as jevons:
        jevons.store.seal(calls)
        jevons.store.assign()
        assert jevons.verify().first_difference is None
        table = jevons.store.books.purposes
        wrong = table_of(jevons).to_pylist()
        wrong[0]["rule"] = "tool-named"
        table.replace(pa.Table.from_pylist(wrong, schema=table.schema), table.batch())
        difference = jevons.verify().first_difference
        assert difference is not None and "rule" in difference


def test_a_stop_between_the_table_and_its_note_loses_nothing(tmp_path: Path) -> None:
    calls = [call(n, run="r", block_hashes=["0" * 16]) for n in range(4)]
    with opened(tmp_path) as jevons:
        jevons.store.seal(calls[:2])
        jevons.store.assign()
        jevons.store.seal(calls[2:])
        state = jevons.store.state
        note = state.fact("purposes")
        jevons.store.assign()
        for stopped in ("", note):  # after the note was taken away; before it was
            state.set_fact("purposes", str(stopped))
            purposes = [event["purpose"] for event in jevons.events(Query())]
            assert purposes == ["answer", "retry", "retry", "retry"]
            assert jevons.verify().first_difference is None


def table_of(jevons: Jevons) -> pa.Table:
    books = jevons.store.books
    return books.arrow("SELECT * FROM read_parquet(?)", [books.purposes.files()])


def test_a_reader_assigns_in_memory_what_is_not_stored(tmp_path: Path) -> None:
    """While another process writes, nothing may be stored: the answer is the same."""
    calls = [call(n, run="r", block_hashes=["0" * 16], tool=None) for n in range(3)]
    with opened(tmp_path) as jevons:
        jevons.store.seal(calls[:2])
        jevons.store.assign()
        jevons.store.acknowledge(calls[2:])
    from jevons.stores.lock import write_lock

    with opened(tmp_path) as jevons, write_lock(jevons.store.books.lock_path):
        purposes = [event["purpose"] for event in jevons.events(Query())]
        assert purposes == ["answer", "retry", "retry"]
        assert not (tmp_path / "ledger" / "purposes" / "_delta_log" / "3.json").exists()
    with opened(tmp_path) as jevons:
        rules = [event["purpose_rule"] for event in jevons.events(Query())]
        assert rules == ["answer-end", "repeated-prompt", "repeated-prompt"]
        assert NO_RULE not in rules
