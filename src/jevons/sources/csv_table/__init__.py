"""Any table of calls, with a small mapping file. Source name: `csv`."""

from pathlib import Path

from jevons.sources.csv_table.reader import SOURCE, CsvTable, sample
from jevons.sources.csv_table.suggestion import suggest

__all__ = ["SOURCE", "CsvTable", "suggest", "suggest_file"]


def suggest_file(path: Path) -> str:
    """A mapping file for a table, as text to check. Raises OSError when it cannot be
    read, SourceError when it is no table."""
    return suggest(*sample(path))
