"""Reading a table of calls by its mapping."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.csv_table import cells
from jevons.sources.csv_table.mapping import SUFFIX, Mapping, load
from jevons.vocabulary.errors import SourceError
from jevons.vocabulary.money import plain
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

ENDINGS: Final = (".csv", ".tsv", ".tab", ".txt")
_DELIMITERS: Final = (",", ";", "\t", "|")
_LONGEST_CELL: Final = 64 * 1024 * 1024
_LONGEST_NAME: Final = 80
_VALUE: Final = re.compile(r"[-+$]?[\d.,:/]*\d[\d.,:/]*|\d{4}-\d\d-\d\d.*")
_WHOLE: Final = ("attempt", "latency_ms")


class CsvTable:
    """Reads tables. A changed table is read as a whole: exports are rewritten, not appended to.

    mapping: the mapping file, read at once, so that a wrong one is told even when no table is new;
    None means `<table>.jevons.yaml` beside the table. Raises SourceError.
    """

    name = "csv"
    whole = True
    ranged = False

    def __init__(self, mapping: Path | None = None) -> None:
        self.mapping = mapping
        self._given = None if mapping is None else load(mapping)

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether there is a mapping for this table; a table alone does not tell what it counts."""
        if path.name.endswith(SUFFIX):
            return False
        if self.mapping is not None:
            return path.suffix.lower() in ENDINGS
        return mapping_beside(path).is_file()

    def places(self, environment: Dictionary[str, str], home: Path) -> list[Path]:
        """No standard place."""
        return []

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield one observation or rejection per row; `stop` is not used, a table is read whole.

        Raises SourceError when there is no mapping, or it names a column that the table does not
        have."""
        mapping = self._mapping(path)
        with open_table(path, mapping) as (header, rows):
            _check(header, mapping, path)
            seen: dict[str, int] = {}
            for line, row in rows:
                result = _read_row(header, row, str(path), line, mapping)
                if result is not None:
                    yield _identify(result, header, row, mapping, seen)
        state["offset"] = path.stat().st_size

    def _mapping(self, path: Path) -> Mapping:
        if self._given is not None:
            return self._given
        place = mapping_beside(path)
        if not place.is_file():
            raise SourceError(
                f"{path} has no mapping file, so its columns cannot be understood",
                remedy=f"jevons import csv {path} --suggest > {place}   and check what it wrote",
            )
        return load(place)


SOURCE: Final = CsvTable()


def mapping_beside(path: Path) -> Path:
    """Where the mapping of a table lies."""
    return path.with_name(path.name + SUFFIX)


@contextmanager
def open_table(
    path: Path, mapping: Mapping | None = None
) -> Iterator[tuple[list[str], Iterator[tuple[int, list[str]]]]]:
    """Open a table: its header and an iterator over (1-based line, cells) of its rows, blank ones
    left out.

    Delimiter and encoding are those of the mapping, else found from the first bytes.
    """
    skipped = mapping.skip_lines if mapping else 0
    encoding = (mapping and mapping.encoding) or _encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        for _ in range(skipped):
            text.readline()
        first = text.readline()
        delimiter = (mapping and mapping.delimiter) or max(_DELIMITERS, key=first.count)
        csv.field_size_limit(_LONGEST_CELL)
        lines = itertools.chain([first], text)
        reader = csv.reader(lines, delimiter={"tab": "\t"}.get(delimiter, delimiter))
        header = [name.strip().removeprefix("\ufeff") for name in next(reader, [])]
        yield header, ((reader.line_num + skipped, row) for row in reader if any(row))


def sample(path: Path, count: int = 200) -> tuple[list[str], list[list[str]]]:
    """The header and the first rows of a table, for `suggest`. Raises SourceError when the file is
    no table with a header."""
    try:
        with open_table(path) as (header, rows):
            found = [row for _, row in itertools.islice(rows, count)]
    except (csv.Error, UnicodeError):
        header, found = [], []
    if problem := _not_a_table(header, found):
        raise SourceError(
            f"{path} is not a table of calls: {problem}",
            remedy="A mapping is suggested for a table whose first line names its columns. "
            "Other formats are\nrecognised without one: jevons import --dry-run "
            f"{path}",
        )
    return header, found


def _not_a_table(header: list[str], rows: list[list[str]]) -> str:
    """Why there is no header here that names columns; "" if there is. It never repeats a cell: what
    is no header may be anybody's text."""
    if len(header) < 2:
        return "its first line has no columns"
    if any(name[:1] in ("{", "[", "<") or "\x00" in name or "\ufffd" in name for name in header):
        return "its first line is no header"
    if any(len(name) > _LONGEST_NAME or _VALUE.fullmatch(name) for name in header):
        return "its first line holds values, not the names of columns"
    if rows and all(len(row) != len(header) for row in rows):
        return "its rows have other columns than its first line"
    return ""


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig"


def _check(header: list[str], mapping: Mapping, path: Path) -> None:
    for name in mapping.columns():
        if header.count(name) != 1:
            problem = "twice" if name in header else "not at all"
            raise SourceError(
                f"{path}: the mapping names the column {name!r}, which the table has {problem}",
                remedy=f"its columns are: {', '.join(header)[:500]}",
            )


def _read_row(
    header: list[str], row: list[str], place: str, line: int, mapping: Mapping
) -> Observation | Rejection | None:
    """One row as an observation, why it is none, or None when the mapping says it is not a call."""
    cells_of_row = dict(zip(header, row, strict=False))
    reason = ""
    if len(row) != len(header):
        reason = f"the row has {len(row)} cells, the header {len(header)}"
    elif any("\ufffd" in cell for cell in row):
        reason = "the row is not in the encoding of the table: give encoding in the mapping"
    else:
        for name, values in mapping.skip.items():
            if cells_of_row[name].strip() in values:
                return None
        try:
            return _observation(cells_of_row, mapping)
        except ValueError as problem:
            reason = str(problem)
    raw = "\x1f".join(row).encode("utf-8", "replace")
    return reject(CsvTable.name, place, line, reason, raw, cells_of_row)


def _observation(row: dict[str, str], mapping: Mapping) -> Observation:
    """Raises ValueError with the reason when a cell cannot be read."""
    fields: dict[str, Any] = dict(mapping.constants)
    if "batch" in fields:
        fields["batch"] = fields["batch"] == "true"
    for name, column in mapping.fields.items():
        if name == "batch":
            value: Any = cells.flag(row, column, mapping)
        elif name in _WHOLE:
            amount = cells.number(row, column, mapping)
            value = None if amount is None else round(amount)
        else:
            value = cells.short(row, column, mapping)
        if value is not None:
            fields[name] = value
    if not fields.get("provider"):
        raise ValueError("the row does not name a provider")
    usage = {
        name: count
        for name, column in mapping.usage.items()
        if (count := cells.whole(row, column, mapping)) is not None
    }
    cost = _cost(row, mapping)
    api = fields.pop("api", None)
    fields |= {
        "time": cells.instant(row, mapping),
        "source": CsvTable.name,
        "api": api or (mapping.dialect if usage else None),
        "usage": usage or None,
        "completeness": "complete" if usage or cost is not None else "none",
        "stated_cost": cost,
        "stated_by": None if cost is None else mapping.cost_by,
        "tags": _tags(row, mapping),
    }
    try:
        return msgspec.convert(fields, Observation)
    except msgspec.ValidationError as problem:
        raise ValueError(f"wrong value at {str(problem).rpartition('at ')[2]}") from None


def _cost(row: dict[str, str], mapping: Mapping) -> str | None:
    if mapping.cost is None:
        return None
    amount = cells.number(row, mapping.cost, mapping)
    if amount is None:
        return None
    if amount < 0:
        raise ValueError(f"column {mapping.cost.column} is negative: a refund is not a call")
    return plain(amount)


def _tags(row: dict[str, str], mapping: Mapping) -> dict[str, str]:
    found = {name: cells.short(row, column, mapping) for name, column in mapping.tags.items()}
    return {name: value for name, value in found.items() if value is not None}


def _identify(
    result: Observation | Rejection,
    header: list[str],
    row: list[str],
    mapping: Mapping,
    seen: dict[str, int],
) -> Observation | Rejection:
    """Give a row without an id of the provider a key that recognises it in another copy of the
    table.

    The key is the value of the identity columns and the time, else the content of the row
    (whatever the order of the columns) and its number among equal rows of the table."""
    if isinstance(result, Rejection) or result.response_id or result.request_id:
        return result
    named = dict(zip(header, row, strict=True))
    identity = {name: named[name].strip() for name in mapping.identity}
    if any(identity.values()):
        # With the time: short ids of two unrelated tables must not meet.
        result.self_keys = [f"csv:{_digest({**identity, '': str(result.time)})}"]
        return result
    content = _digest(named)
    seen[content] = seen.get(content, 0) + 1
    result.self_keys = [f"csv:{content}#{seen[content]}"]
    return result


def _digest(values: dict[str, str]) -> str:
    text = "\x1e".join(f"{name}\x1f{values[name]}" for name in sorted(values))
    return blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
