"""The genuine logs of real clients: the right totals, each alone and all in one ledger in any
order.

Sources and totals: ../shared/data/formats/README.md, column "right totals".
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from jevons.app.results import Query, Report
from jevons.app.settings import Settings
from jevons.app.use_cases import Jevons
from jevons.app.wiring import open_jevons


@dataclass(frozen=True)
class Right:
    """Inclusive counts and effective cost that a sample must show; cost None = not stated there."""

    place: str
    calls: int
    input_tokens: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int = 0
    cost: str | None = None
    unknown: int = 0


# Mock usage per call (README): Anthropic 12 + 15000 read + 2048 written, out 57;
# chat 1200 (1000 cached), out 57 (20 reasoning); responses 12000 (9000 cached), out 157 (64);
# Gemini prompt 1500 (1000 cached), candidates 40, thoughts 25.
RIGHT = (
    # 9 x (12 + 15000 + 2048); 432 5m + 18000 1h written; $0.263565 = 9 x $0.029285.
    Right("claude-code-2.1.197/projects", 9, 9 * 17060, 135_000, 18_432, 513, 0, "0.263565"),
    Right("codex-0.169.0/sessions", 2, 24_000, 18_000, 0, 314, 128),
    Right("codex-0.169.0", 2, 24_000, 18_000, 0, 314, 128),
    # Prompt 3000 (cached 2000); output 80 and thoughts 50, which are output too: total 3130.
    Right("gemini-cli-0.61.0/chats", 2, 3000, 2000, 0, 80 + 50, 50),
    Right("gemini-cli-0.61.0", 2, 3000, 2000, 0, 80 + 50, 50),
    # In 400 + read 2000, out 74 + reasoning 40, stated by the client: $0.00189.
    Right("opencode-1.18.33", 2, 2400, 2000, 0, 114, 40, "0.00189"),
    # Four calls that cost 0.001605 + 0.001605 + 0.029285 + 0.012105.
    Right("litellm-1.106.2/generic_api_payload.json", 4, 1200 * 2 + 17060 + 12000, 26_000, 2048,
          57 * 3 + 157, 20 * 2 + 64, "0.0446"),
    Right("litellm-1.106.2", 4, 1200 * 2 + 17060 + 12000, 26_000, 2048, 57 * 3 + 157, 104,
          "0.0446"),
    Right("otel-python/openinference-openai0.1.66-anthropic3.1.0", 4, 1200 + 12000 + 2 * 17060,
          40_000, 4096, 57 + 157 + 2 * 57, 84),
    Right("otel-python/openllmetry-0.62.4", 3, 1200 + 12000 + 17060, 25_000, 2048, 271, 84),
    # operation.cost 0.001605 x 2 + 0.029285.
    Right("otel-python/pydantic-ai-2.68.0", 3, 2 * 1200 + 17060, 17_000, 2048, 171, 40, "0.032495"),
    # Three chats, one of them a stream without usage (unknown, not 0), and one embedding.
    Right("otel-python/otel-contrib-openai-v2-2.4b0", 4, 2 * 1200 + 5, 0, 0, 114, 0, None, 1),
    # Two steps, total 2514 tokens = 2 x (1200 + 57).
    Right("vercel-ai-6.0.326", 2, 2400, 2000, 0, 114, 40),
    Right("otel-python/langchain-1.4.7-openinference", 2, 2400, 2000, 0, 114, 40),
)  # fmt: skip


@pytest.fixture(scope="module")
def book_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose compiled price catalogue the others copy, to compile it once."""
    return tmp_path_factory.mktemp("book")


def opened(home: Path) -> Jevons:
    return open_jevons(Settings(home=home))


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.place)
def test_right_totals_of_each_sample(right: Right, shared_data: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "home") as jevons:
        place = shared_data / "formats" / "captured" / right.place
        jevons.import_paths([place])
        jevons.import_paths([place])
        total = jevons.report(Query()).total
        found = Right(
            right.place,
            total.calls,
            total.input_tokens,
            total.cache_read_input_tokens,
            total.cache_write_input_tokens,
            total.output_tokens,
            total.reasoning_output_tokens,
            None if right.cost is None else right.cost,
            total.unknown_calls,
        )
        assert found == right
        if right.cost is not None:
            assert total.effective_cost == Decimal(right.cost)


def everything(shared_data: Path) -> list[Path]:
    """Every file of the captured samples that some source reads."""
    places = shared_data / "formats" / "captured"
    return sorted(path for path in places.rglob("*") if path.is_file())


def the_report(jevons: Jevons) -> bytes:
    """Reports by several dimensions as bytes."""
    shown = []
    for by in ((), ("source", "request_model"), ("session", "run"), ("day", "provider", "agent")):
        report: Report = jevons.report(Query(by=by))
        shown.append(msgspec.to_builtins(report))
    return json.dumps(shown, default=str).encode()


def test_all_samples_in_one_ledger_in_five_orders_twice(shared_data: Path, tmp_path: Path) -> None:
    files = everything(shared_data)
    seen = set()
    for seed in range(5):
        shuffled = list(files)
        random.Random(seed).shuffle(shuffled)
        with opened(tmp_path / f"home{seed}") as jevons:
            for part in slices(shuffled, 1 + seed * 13):
                jevons.import_paths(part)
            first = the_report(jevons)
            for path in shuffled[::-1]:
                jevons.store.state._db.execute("DELETE FROM cursors")
                jevons.import_paths([path])
            assert the_report(jevons) == first, "importing again changed the books"
            seen.add(first)
            if seed == 0:
                assert jevons.verify().first_difference is None
    assert len(seen) == 1


def slices(files: list[Path], size: int) -> Iterator[list[Path]]:
    """The files in commands of a few each."""
    for start in range(0, len(files), size):
        yield files[start : start + size]
