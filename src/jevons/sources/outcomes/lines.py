"""The native format `jevons.outcome/v1`: one outcome as JSON on every line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from jevons.sources.outcomes.record import Place, read_record
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.outcome import LINKS, Outcome
from jevons.vocabulary.rejection import Rejection


class LinesReader:
    """Reads `jevons.outcome/v1` lines; every line stands for itself."""

    name = "outcomes"

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the first line is an object with this schema, or has `id`, `time` and a link."""
        value = first_object(head)
        if value is None:
            return False
        if "schema" in value:
            return str(value["schema"]).startswith("jevons.outcome/")
        return {"id", "time"} <= value.keys() and any(name in value for name in LINKS)

    def read(self, path: Path) -> Iterator[Outcome | Rejection]:
        """Yield one outcome or rejection per line, in order."""
        with path.open("rb") as file:
            for number, raw in complete_lines(file, {}):
                place = Place(self.name, str(path), number, raw)
                try:
                    value = msgspec.json.decode(raw)
                except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
                    yield place.refuse(f"not JSON: {problem}")
                    continue
                if isinstance(value, dict):
                    yield read_record(value, place)
                else:
                    yield place.refuse("the line is not a JSON object", value)


def first_object(head: bytes) -> dict[str, Any] | None:
    """The JSON object on the first line of a file, None if there is none."""
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    try:
        value = msgspec.json.decode(first)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


READER: Final = LinesReader()
