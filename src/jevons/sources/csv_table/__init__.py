"""Any table of calls, with a small mapping file. Source name: `csv`."""

from jevons.sources.csv_table.reader import SOURCE, CsvSource, sample
from jevons.sources.csv_table.suggestion import suggest

__all__ = ["SOURCE", "CsvSource", "sample", "suggest"]
