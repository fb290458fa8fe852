"""What becomes of the company's tasks: planted, told in the truth file, and the calls unchanged."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from jevons.app.company import truth
from jevons.app.company.generation import Generation
from jevons.app.company.jobs import JOBS
from jevons.app.company.verdicts import VERDICTS
from jevons.app.generating import generate_file
from jevons.sources.outcomes.lines import READER
from jevons.vocabulary.outcome import Outcome

EVENTS = 20_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    told = generate_file(EVENTS, 3, tmp_path_factory.mktemp("company") / "c.jsonl", None)
    found = list(READER.read(Path(str(told["outcomes"]))))
    assert all(isinstance(one, Outcome) for one in found)
    planted = json.loads(Path(str(told["truth"])).read_text())
    return {"told": told, "outcomes": found, "truth": planted}


def test_every_task_type_has_a_verdict() -> None:
    assert set(VERDICTS) == {job.name for job in JOBS}


def test_the_lines_of_the_calls_do_not_depend_on_the_outcomes(made: dict[str, Any]) -> None:
    plain = blake2b(b"".join(Generation(EVENTS, 3).chunks())).digest()
    assert plain == blake2b(Path(made["told"]["out"]).read_bytes()).digest()


def test_the_truth_is_that_of_the_lines(made: dict[str, Any]) -> None:
    rows = made["truth"]["outcomes"]
    assert truth(EVENTS, 3)["outcomes"] == rows
    assert sum(row["attempts"] for row in rows) == made["truth"]["tasks"]
    from jevons.ledger.outcomes import current, only_links, standing

    now = [one for one in current(made["outcomes"]).values() if not only_links(one)]
    lost = [one for one in now if one.id.startswith("lost ")]
    assert len(lost) == sum(row["unlinked"] for row in rows)
    states = Counter(standing(one) for one in now if one not in lost)
    for name in ("succeeded", "failed", "abandoned"):
        assert states[name] == sum(row[name] for row in rows)
    minutes = sum(Decimal(one.human_minutes or 0) for one in now)
    assert minutes == sum(Decimal(row["human_minutes"]) for row in rows)
    loss = sum(Decimal(one.loss or 0) for one in now)
    assert loss == sum(Decimal(row["loss"]) for row in rows)
    value = sum(Decimal(one.value or 0) for one in now if standing(one) == "succeeded")
    assert value == sum(Decimal(row["value"]) for row in rows)


def test_success_comes_as_often_as_planted(made: dict[str, Any]) -> None:
    """Within 4 standard deviations of the planted chance, for every task type."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in made["truth"]["outcomes"]:
        covered = row["attempts"] - row["without_outcome"]
        found = (row["succeeded"], Decimal(row["expected_successes"]), covered)
        held = sums[row["task_type"]]
        sums[row["task_type"]] = [a + b for a, b in zip(held, found, strict=True)]
    for name, (succeeded, expected, covered) in sums.items():
        share = expected / covered
        deviation = (covered * share * (1 - share)).sqrt()
        assert abs(succeeded - expected) <= 4 * deviation + 1, name


def test_some_are_changed_late_and_without_outcome(made: dict[str, Any]) -> None:
    rows = made["truth"]["outcomes"]
    attempts = sum(row["attempts"] for row in rows)
    without = sum(row["without_outcome"] for row in rows)
    assert 0.09 < without / attempts < 0.15  # planted: 12 %
    assert sum(row["changed"] for row in rows) > 0
    sessions = [one for one in made["outcomes"] if one.source == "claude-code"]
    assert sessions and all(one.session and one.pull_request for one in sessions)
