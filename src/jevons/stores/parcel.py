"""Handing prepared batches from one process to another: the tables as a file that the receiver maps
into its memory, the small rest through the pipe. A pipe would copy every byte four times, into
fresh memory each time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from jevons.stores.failure import operational
from jevons.stores.preparation import Prepared, joined

_PREFIX: Final = "jevons-import-"
_STALE_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Parcel:
    """A prepared batch on its way. rest: the batch without its tables, which are in the file."""

    file: Path
    rest: Prepared


def pack(batches: Sequence[Prepared], folder: Path) -> Parcel:
    """Put batches into one parcel, its file in this folder. Raises LedgerError."""
    whole = joined(batches)
    with operational(folder):
        number, name = tempfile.mkstemp(dir=folder)
        os.close(number)
        with pa.OSFile(name, "wb") as file:
            for table in (whole.payloads, whole.rows):
                with pa.ipc.new_stream(file, table.schema) as stream:
                    stream.write_table(table)
    # An empty slice would be sent with everything that it was cut from.
    payloads, rows = (table.schema.empty_table() for table in (whole.payloads, whole.rows))
    empty = replace(whole, payloads=payloads, rows=rows)
    return Parcel(Path(name), empty)


def unpack(parcel: Parcel) -> Prepared:
    """The batch of a parcel; its file is gone afterwards. Raises LedgerError."""
    with operational(parcel.file):
        file = pa.memory_map(str(parcel.file))
        parcel.file.unlink()
        payloads, rows = (pa.ipc.open_stream(file).read_all() for _ in range(2))
    return replace(parcel.rest, payloads=payloads, rows=rows)


@contextmanager
def parcel_folder(home: Path) -> Iterator[Path]:
    """A folder for parcels, gone afterwards; so is what killed processes left long ago.

    It lies in the home, or in the system's place for such files if that can only be read."""
    with operational(home):
        if not home.exists() or os.access(home, os.W_OK):
            place = home / "tmp"
            place.mkdir(parents=True, exist_ok=True)
        else:
            place = Path(tempfile.gettempdir())
        folder = tempfile.TemporaryDirectory(dir=place, prefix=_PREFIX)
        now = Path(folder.name).stat().st_mtime
        for old in place.glob(f"{_PREFIX}*"):
            if now - old.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    with folder as name:
        yield Path(name)
