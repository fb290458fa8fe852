"""`jevons generate`: the company written to a file, or imported without one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from jevons.app.importing import Importer
from jevons.app.results import Progress
from jevons.vocabulary.errors import SourceError
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.source import Source

OnProgress = Callable[[Progress], None]


def generate_file(events: int, seed: int, out: Path, on_progress: OnProgress | None) -> dict[str, object]:
    """Write the company as native lines, and its truth file beside it. Raises SourceError."""
    from jevons.app.company import generate, truth

    started, written, lines = time.monotonic(), 0, 0
    truth_path = out.with_name(out.name + ".truth.json")
    try:
        with out.open("wb") as file:
            for chunk in generate(events, seed):
                file.write(chunk)
                written += len(chunk)
                lines += chunk.count(b"\n")
                if on_progress is not None:
                    total = written * events // max(1, lines)
                    on_progress(Progress(written, total, lines, time.monotonic() - started, str(out)))
        truth_path.write_text(json.dumps(truth(events, seed), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SourceError(f"{out} cannot be written: {error.strerror}") from error
    return {"events": lines, "bytes": written, "out": str(out), "truth": str(truth_path)}


def generate_into(
    store: Any,
    sources: Mapping[str, Source],
    events: int,
    seed: int,
    on_progress: OnProgress | None,
) -> dict[str, object]:
    """Import the company straight into a ledger."""
    from jevons.app.company import generate

    importer = Importer(store, sources, on_progress)
    state: dict[str, Any] = {"line": 0}
    importer.add(_decoded(generate(events, seed), state), "events", f"company seed {seed}", state)
    importer._flush()
    return {"events": importer.events, "new": importer.new, "repeated": importer.repeated}


def _decoded(chunks: Iterator[bytes], state: dict[str, Any]) -> Iterator[Observation]:
    decode = msgspec.json.Decoder(Observation).decode
    for chunk in chunks:
        for line in chunk.splitlines():
            state["line"] += 1
            yield decode(line)
