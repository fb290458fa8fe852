"""`jevons boundary`: declaring cost elements beside model calls, showing and checking them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.analysis.declaration import parse_boundary
from jevons.analysis.examination import examine
from jevons.app.results import Check
from jevons.vocabulary.boundary import Boundary
from jevons.vocabulary.errors import BoundaryError
from jevons.vocabulary.period import iso

if TYPE_CHECKING:
    from jevons.app.ports import Ledger


@dataclass(frozen=True, slots=True)
class Declared:
    """A boundary in force: the file that was added, when (ISO instant), and its digest."""

    file: str
    recorded_at: str
    digest: str
    boundary: Boundary


def declared(store: Ledger, as_of: int | None = None) -> list[Declared]:
    """The boundaries in force, by name."""
    newest = {one.boundary.name: one for one in store.declarations(as_of)}
    return [
        Declared(newest[name].file, iso(newest[name].recorded_at), newest[name].digest, boundary)
        for name in sorted(newest)
        for boundary in (newest[name].boundary,)
    ]


def add_boundary(store: Ledger, path: Path) -> Boundary | None:
    """Check a boundary file, keep a copy and post its charges; None when it is the one in force.

    Raises BoundaryError when the file is wrong, or would count something twice.
    """
    text = _text(path)
    boundary = parse_boundary(text, path.name)
    present = {one.boundary.name: one.boundary for one in declared(store)}
    if present.get(boundary.name) == boundary:
        return None
    known = {finding.message for finding in examine(list(present.values()))}
    together = {**present, boundary.name: boundary}
    for finding in examine(list(together.values())):
        if finding.wrong and finding.message not in known:
            raise BoundaryError(finding.message, remedy=finding.remedy)
    store.declare(path.name, text)
    return boundary


def _text(path: Path) -> str:
    """The text of a boundary file. Raises BoundaryError with what to do."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BoundaryError(
            f"there is no file {path}",
            remedy="Check the name. jevons boundary sample prints a file to start from.",
        ) from None
    except IsADirectoryError:
        raise BoundaryError(f"{path} is a folder", remedy="Name the file in it.") from None
    except UnicodeDecodeError:
        raise BoundaryError(f"{path} is not text in UTF-8", remedy="Save it as UTF-8.") from None
    except OSError as error:
        raise BoundaryError(
            f"{path} cannot be read: {error.strerror}", remedy="Check its permissions."
        ) from None


def check_boundary(store: Ledger) -> Iterator[Check]:
    """What is declared, and everything in it that is wrong, left open or counted twice."""
    found = declared(store)
    if not found:
        remedy = "jevons boundary add FILE declares seats, plans, machines, people."
        yield Check("boundary", "warning", "nothing is declared: only model calls count", remedy)
        return
    for one in found:
        count = len(one.boundary.elements)
        yield Check(one.boundary.name, "ok", f"{one.file}: {count} elements, {one.digest}")
    for finding in examine([one.boundary for one in found]):
        state = "failed" if finding.wrong else "warning"
        yield Check(finding.kind, state, finding.message, finding.remedy)
