"""The source `otlp`: files of OTLP exports, in protobuf or JSON, plain or gzip."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from jevons.sources.otlp import logs, spans
from jevons.sources.otlp.envelope import Export, NotOtlp, from_json
from jevons.sources.otlp.metrics import roll_ups
from jevons.sources.otlp.pairing import Pairing
from jevons.sources.otlp.protobuf import from_protobuf, messages, signal_of
from jevons.vocabulary.lines import complete_lines
from jevons.vocabulary.observation import Observation
from jevons.vocabulary.rejection import Rejection, reject
from jevons.vocabulary.source import State

_GZIP: Final = b"\x1f\x8b"
_LARGEST: Final = 256 * 1024 * 1024
"""Bytes that a gzipped file may unpack to."""
_RATIO: Final = 200
_HARMLESS: Final = 16 * 1024 * 1024
"""From this many bytes on, a file that unpacks to more than `_RATIO` times its size is refused."""
_BLOCK: Final = 1024 * 1024
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_REQUEST: Final = re.compile(
    rb"\s*\[?\s*\{\s*\"(?:resourceSpans|resourceLogs|resourceMetrics"
    rb"|resource_spans|resource_logs|resource_metrics)\"\s*:"
)
_BARE: Final = re.compile(rb"\s*\[?\s*\{\s*\"(?:resource|schemaUrl|scope\w+)\"\s*:")
_SCOPES: Final = re.compile(rb"\"(?:scope_?(?:[sS]pans|[lL]ogs|[mM]etrics))\"\s*:")


class OtlpSource:
    """Reads files of OTLP exports.

    A file is one document (an export, an array of them, pretty-printed or not, protobuf, anything
    gzipped), read as a whole whenever it changes, or lines of one export each, to which more are
    appended. `state["form"]` says which it is, `state["roll_ups"]` how many data points of metrics
    were read and counted in nothing.
    """

    name = spans.SOURCE_NAME
    whole = False
    ranged = False

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the file begins like an OTLP export of any signal."""
        if head.startswith(_GZIP):
            try:
                head = zlib.decompressobj(wbits=31).decompress(head, 65_536)
            except zlib.error:
                return False
        text = head.lstrip(_BLANK)
        if text.startswith((b"{", b"[")):
            bare = _BARE.match(text) is not None and _SCOPES.search(text) is not None
            return bare or _REQUEST.match(text) is not None
        return signal_of(head, cut=len(head) >= 65_536) is not None

    def places(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """No standard place: an exporter or a Collector is told where to write."""
        return []

    def read(
        self, path: Path, state: State, *, stop: int | None = None
    ) -> Iterator[Observation | Rejection]:
        """Yield the calls of every export; metrics and other spans yield nothing."""
        form = state.get("form") or _form(path)
        state["form"] = form
        place = str(path)
        if form == "lines":
            pairing = Pairing(state)
            with path.open("rb") as file:
                for line, raw in complete_lines(file, state, stop):
                    yield from _read_json(raw, (place, line), pairing, state)
            return
        raw = path.read_bytes()
        state.update(roll_ups=0, open=[])
        try:
            content = _unpacked(raw) if raw.startswith(_GZIP) else raw
        except NotOtlp as problem:
            yield reject(self.name, place, 0, str(problem), raw)
        except (OSError, EOFError, zlib.error) as problem:
            yield reject(self.name, place, 0, f"not gzip: {problem}", raw)
        else:
            if content:
                yield from _read_document(content, place, Pairing(state), state)
        state["offset"], state["line"] = len(raw), 1


SOURCE: Final = OtlpSource()


def _unpacked(raw: bytes) -> bytes:
    """The content of a gzip file. Raises NotOtlp for one that is made to fill the memory."""
    blocks: list[bytes] = []
    size = 0
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
        while block := file.read(_BLOCK):
            size += len(block)
            if size > _LARGEST:
                raise NotOtlp(f"gzip: unpacks to more than {_LARGEST // 1024**2} MiB")
            if size > max(_HARMLESS, _RATIO * len(raw)):
                raise NotOtlp(f"gzip: unpacks to more than {_RATIO} times its size")
            blocks.append(block)
    return b"".join(blocks)


def _form(path: Path) -> str:
    """Whether a file is one document or lines of objects, by its first line."""
    with path.open("rb") as file:
        if file.read(2) == _GZIP:
            return "document"
        file.seek(0)
        first = b""
        while not first and (line := file.readline()):
            first = line.strip(_BLANK)
    return "lines" if first.startswith(b"{") and _decodes(first) else "document"


def _decodes(line: bytes) -> bool:
    if not line.endswith(b"}"):
        return False
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _read_document(
    content: bytes, place: str, pairing: Pairing, state: State
) -> Iterator[Observation | Rejection]:
    text = content.lstrip(_BLANK)
    if text.startswith((b"{", b"[")):
        yield from _read_texts(text, place, pairing, state)
        return
    number = 0
    try:
        for number, message in enumerate(messages(content), 1):
            yield from _calls(from_protobuf(message), message, (place, number), pairing, state)
    except NotOtlp as problem:
        yield reject(SOURCE.name, place, number, str(problem), content)


def _read_texts(
    text: bytes, place: str, pairing: Pairing, state: State
) -> Iterator[Observation | Rejection]:
    """One JSON document, or lines of them (inside gzip)."""
    lines = text.split(b"\n") if _decodes(text.split(b"\n", 1)[0].strip()) else [text]
    for line, raw in enumerate(lines, 1):
        if raw.strip():
            where = (place, line if len(lines) > 1 else 0)
            yield from _read_json(raw, where, pairing, state)


def _read_json(
    raw: bytes, where: tuple[str, int], pairing: Pairing, state: State
) -> Iterator[Observation | Rejection]:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as problem:
        yield reject(SOURCE.name, *where, f"not JSON: {problem}", raw)
        return
    try:
        export = from_json(value)
    except NotOtlp as problem:
        yield reject(SOURCE.name, *where, f"not an OTLP export: {problem}", raw, value)
        return
    yield from _calls(export, raw, where, pairing, state)


def _calls(
    export: Export, raw: bytes, where: tuple[str, int], pairing: Pairing, state: State
) -> Iterator[Observation | Rejection]:
    state["roll_ups"] = state.get("roll_ups", 0) + roll_ups(export.metrics)
    for report in spans.observations(export.spans):
        yield reject(SOURCE.name, *where, report, raw) if isinstance(report, str) else report
    for report in logs.observations(export.logs, pairing):
        yield reject(SOURCE.name, *where, report, raw) if isinstance(report, str) else report
