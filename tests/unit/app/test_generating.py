"""`jevons generate --out`: to a file with its truth, or to standard output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jevons.app.generating import generate_file
from jevons.vocabulary.errors import SourceError


def test_standard_output_gets_the_lines_that_a_file_gets(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "company.jsonl"
    told = generate_file(300, 7, file, None)
    outcome = generate_file(300, 7, Path("-"), None)
    assert capfdbinary.readouterr().out == file.read_bytes()
    assert outcome == {"events": told["events"], "bytes": file.stat().st_size}
    assert json.loads(Path(str(told["truth"])).read_text())


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written"):
        generate_file(10, 1, tmp_path / "no" / "folder.jsonl", None)
