"""`verify` and `doctor`: is the ledger sound, is this installation, and what to do where not."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jevons.app.importing import OnProgress
from jevons.app.results import Check, Progress, Verification
from jevons.vocabulary.errors import JevonsError
from jevons.vocabulary.period import iso

if TYPE_CHECKING:
    from jevons.app.ports import Ledger
    from jevons.app.use_cases import Jevons
    from jevons.app.wiring import Keeper

_DEPENDENCIES: Final = ("deltalake", "duckdb", "pyarrow", "numpy", "msgspec", "genai-prices")
_LOW_SPACE: Final = 1 << 30
_CLOCK_SLACK: Final = 60_000_000
"""By how many microseconds records may be ahead of the clock: it is set back by less now and
then."""


def verified(
    findings: Iterator[tuple[str, str | None]], on_progress: OnProgress | None
) -> Verification:
    """Run the ledger's own checks and put their outcome together."""
    started = time.monotonic()
    checks = []
    first = None
    for name, difference in findings:
        state = "ok" if difference is None else "failed"
        remedy = (
            ""
            if difference is None
            else "Restore the ledger's folder from a backup, or import again."
        )
        checks.append(Check(name, state, difference or "", remedy))
        first = first or difference
        if on_progress is not None:
            on_progress(Progress(len(checks), 0, 0, time.monotonic() - started, name))
    return Verification(tuple(checks), first_difference=first)


def examine(jevons: Jevons, keeper: Keeper) -> Iterator[Check]:
    """Every check of `jevons doctor`, in the order in which problems build on each other."""
    yield _python()
    yield from _packages()
    yield from _home(jevons.settings.home)
    yield from _book(keeper)
    yield from _logs(jevons, keeper)
    yield from _ledger(jevons.store, keeper)


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    state = "ok" if sys.version_info >= (3, 11) else "failed"
    return Check(
        "Python", state, found, "" if state == "ok" else "Jevons needs Python 3.11 or newer."
    )


def _packages() -> Iterator[Check]:
    for name in _DEPENDENCIES:
        try:
            yield Check(name, "ok", version(name))
        except PackageNotFoundError:
            yield Check(name, "failed", "not installed", "Install Jevons again from its lock file.")


def _home(home: Path) -> Iterator[Check]:
    place = home if home.exists() else home.parent
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        yield Check("home", "failed", f"{home} cannot be written", "Choose another with --home.")
        return
    yield Check("home", "ok", str(home))
    free = shutil.disk_usage(place).free
    state = "ok" if free > _LOW_SPACE else "warning"
    remedy = "" if state == "ok" else "Free some space before a large import."
    yield Check("free space", state, f"{free / (1 << 30):.1f} GiB", remedy)
    if home.exists() and home.stat().st_mode & 0o077:
        yield Check(
            "privacy",
            "warning",
            "other users of this machine can read the ledger",
            f"chmod 700 {home}",
        )


def _book(keeper: Keeper) -> Iterator[Check]:
    try:
        problems = [check for check in keeper.check_prices() if check.state != "ok"]
    except JevonsError as error:
        yield Check("price book", "failed", error.what, error.remedy)
        return
    if problems:
        yield Check("price book", problems[0].state, problems[0].detail, "jevons prices check")
    else:
        yield Check("price book", "ok", "no contradictions")


def _logs(jevons: Jevons, keeper: Keeper) -> Iterator[Check]:
    home = keeper.user_folder
    found = [
        f"{name}: {place}"
        for name, source in jevons.sources().items()
        for place in source.places(keeper.environment, home)
        if os.path.exists(place)
    ]
    detail = "; ".join(found) or "no coding-agent logs in the standard places of this user"
    yield Check(
        "own logs", "ok" if found else "warning", detail, "" if found else "jevons import PATH"
    )


def _ledger(store: Ledger, keeper: Keeper) -> Iterator[Check]:
    if not store.exists():
        yield Check("ledger", "ok", "empty: nothing has been imported yet")
        return
    try:
        for name, table in store.books.tables.items():
            yield Check(f"table {name}", "ok", f"{len(table.files())} files, batch {table.batch()}")
        behind = store.behind()
        if store.books.writable:
            yield _lock(keeper.locked(store))
        else:
            yield Check("write lock", "warning", "this user may only read the ledger")
        unpriced = keeper.unpriced(store)
    except JevonsError as error:
        yield Check("ledger", "failed", error.what, error.remedy)
        return
    if behind:
        yield Check(
            "recovery",
            "warning",
            f"{behind} lag behind after a stop",
            "The next import repairs them.",
        )
    waiting = store.waiting()
    yield Check("inbox", "ok", f"{waiting} observations wait to be sealed")
    yield _clock(int(store.state.fact("recorded_at") or 0), store.clock())
    rejected = store.state.rejected()
    yield _left_out("rejected lines", rejected, "jevons rejects lists them.")
    remedy = "jevons report names the reasons; jevons prices add FILE, then jevons reprice."
    yield _left_out("calls without a price", unpriced, remedy)


def _lock(held: bool) -> Check:
    if held:
        remedy = "Another writer waits for it up to a minute. Reports do not wait."
        return Check("write lock", "warning", "another process is writing now", remedy)
    return Check("write lock", "ok", "free")


def _clock(newest: int, now: int) -> Check:
    """Records must not lie in the future: an import would be dated after them all the same, but
    `--as-of` a time before them would leave them out."""
    if newest <= now + _CLOCK_SLACK:
        return Check("clock", "ok", "no record is later than now")
    detail = f"it is {iso(now)}, but the newest record is of {iso(newest)}"
    return Check("clock", "warning", detail, "Set the clock of this machine, if it is wrong.")


def _left_out(name: str, number: int, remedy: str) -> Check:
    """Something that reports leave out and say so."""
    return Check(name, "warning", f"{number:,}", remedy) if number else Check(name, "ok", "none")
