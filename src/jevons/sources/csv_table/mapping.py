"""The mapping file: which column of a table is which field of a call.

It lies beside the table as `<file>.jevons.yaml`. Its keys are in `TOP`;
docs/reference/sources/csv.md is their reference page."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from jevons.vocabulary.errors import SourceError
from jevons.vocabulary.money import parse_amount
from jevons.vocabulary.observation import DIMENSIONS
from jevons.vocabulary.units import UNIT_NAMES

SUFFIX: Final = ".jevons.yaml"
"""Added to a table's file name: the name of its mapping file."""

DIALECTS: Final = {
    "inclusive": "inclusive",
    "cache_outside": "otel.exclusive",
    "exclusive": "jevons.quantities",
}
"""How a table counts -> usage dialect. inclusive: cached tokens inside input, reasoning inside
output. cache_outside: cached tokens beside input, reasoning inside output. exclusive: nothing
overlaps."""

TOTALS: Final = (
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens",
    "cache_write_5m_input_tokens", "cache_write_1h_input_tokens", "reasoning_output_tokens",
    "audio_input_tokens", "image_input_tokens", "total_tokens",
)  # fmt: skip
"""Counters of a table that counts `inclusive` or `cache_outside`."""

LEAVES: Final[dict[str, str]] = {
    "input_tokens": "input", "output_tokens": "output", "cache_read_input_tokens": "cache_read",
    "cache_write_input_tokens": "cache_write", "cache_write_5m_input_tokens": "cache_write_5m",
    "cache_write_1h_input_tokens": "cache_write_1h", "reasoning_output_tokens": "reasoning",
    "audio_input_tokens": "audio_input", "image_input_tokens": "image_input",
    **{str(unit): str(unit) for unit in UNIT_NAMES if unit != "adjustment"},
}  # fmt: skip
"""Counters of a table that counts `exclusive` -> leaf unit; the units' own names are allowed
too."""

FIELDS: Final = (
    "provider", "api", "response_id", "request_id", "attempt", "host", "region", "request_model",
    "response_model", "service_tier", "batch", "speed", "status", "error", "latency_ms",
    *DIMENSIONS,
)  # fmt: skip
"""Fields of a call that a column may give; named as in `jevons.event/v1`."""

CONSTANTS: Final = (*FIELDS, "evidence")
TOP: Final = (
    "rows", "delimiter", "encoding", "skip_lines", "decimal", "thousands", "empty", "time",
    "constants", "fields", "usage", "cost", "identity", "tags", "skip",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """Where one value comes from.

    column: its header. path: keys into the JSON that the cell holds, () for the cell itself. times:
    multiplier of a number (1000 where the column counts thousands). values: (pattern with * and ?,
    replacement), the first match wins. default: for an empty cell or one that no pattern matches.
    """

    column: str
    path: tuple[str, ...] = ()
    times: Decimal = Decimal(1)
    values: tuple[tuple[str, str], ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping file, read and checked.

    time_format: iso, seconds, milliseconds, microseconds or a strptime pattern. zone: of times
    without one, None = such times are rejected. dialect: see `DIALECTS`. usage: counter as that
    dialect spells it -> column. cost: its `times` brings it to USD. identity: columns whose
    values name a row. skip: rows with one of these values in a column are not calls.
    states_numbers: `decimal` or `thousands` is given, so that no separator is ambiguous."""

    time: Column
    time_format: str = "iso"
    zone: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    skip_lines: int = 0
    decimal: str = "."
    thousands: str = ""
    empty: frozenset[str] = frozenset()
    constants: Dictionary[str, str] = field(default_factory=dict)
    fields: Dictionary[str, Column] = field(default_factory=dict)
    dialect: str = "inclusive"
    usage: Dictionary[str, Column] = field(default_factory=dict)
    cost: Column | None = None
    cost_by: str = "client"
    identity: tuple[str, ...] = ()
    tags: Dictionary[str, Column] = field(default_factory=dict)
    skip: Dictionary[str, frozenset[str]] = field(default_factory=dict)
    states_numbers: bool = False

    def columns(self) -> list[str]:
        """Every header that the mapping names."""
        named = [self.time.column, *self.identity, *self.skip]
        named += [c.column for part in (self.fields, self.usage, self.tags) for c in part.values()]
        return named + ([self.cost.column] if self.cost else [])


def load(path: Path) -> Mapping:
    """Read a mapping file. Raises SourceError naming the file and the key that is wrong."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        detail = str(problem).splitlines()[0]
        raise SourceError(f"the mapping file {path} cannot be read: {detail}") from problem
    try:
        return build(content)
    except ValueError as problem:
        raise SourceError(
            f"the mapping file {path}: {problem}",
            remedy="its keys are described in docs/reference/sources/csv.md",
        ) from problem


def build(content: Any) -> Mapping:
    """A mapping from parsed YAML. Raises ValueError with a sentence about the key that is wrong."""
    top = _keys(content, TOP, "the mapping")
    _require_calls(top.get("rows"))
    time = top.get("time")
    if time is None:
        raise ValueError("time is missing: name the column that tells when the call started")
    if not isinstance(time, dict):
        time = {"column": time}
    time = _keys(time, ("column", "path", "format", "zone"), "time")
    cost = _cost(top.get("cost"))
    dialect, usage = _usage(top.get("usage") or {})
    constants = _texts(top.get("constants") or {}, CONSTANTS, "constants")
    fields = _columns(top.get("fields") or {}, FIELDS, "fields")
    decimal, thousands = _separators(top)
    if "provider" not in constants and "provider" not in fields:
        raise ValueError("provider is missing: give it under constants or fields")
    return Mapping(
        time=_column({k: v for k, v in time.items() if k in ("column", "path")}, "time"),
        time_format=str(time.get("format", "iso")),
        zone=_zone(time.get("zone")),
        delimiter=_optional(top.get("delimiter")),
        encoding=_encoding(top.get("encoding")),
        skip_lines=int(top.get("skip_lines", 0)),
        decimal=decimal,
        thousands=thousands,
        empty=frozenset(_list(top.get("empty"), "empty")),
        constants=constants,
        fields=fields,
        dialect=dialect,
        usage=usage,
        cost=cost[0],
        cost_by=cost[1],
        identity=tuple(_list(top.get("identity"), "identity")),
        tags=_tags(top.get("tags") or {}),
        skip={
            name: frozenset(_list(values, f"skip.{name}"))
            for name, values in _keys(top.get("skip") or {}, None, "skip").items()
        },
        states_numbers="decimal" in top or "thousands" in top,
    )


def _require_calls(rows: Any) -> None:
    if rows == "calls":
        return
    if rows == "totals":
        raise ValueError(
            "rows: totals - a table of totals (per day, key or model) is a bill, and bills never "
            "become calls"
        )
    raise ValueError("rows is not stated: write 'rows: calls' if every row is one model call")


def _separators(top: dict[str, Any]) -> tuple[str, str]:
    """The decimal sign and the thousands separator; where points are between thousands, a comma
    is the decimal sign."""
    thousands = str(top.get("thousands", ""))
    decimal = str(top.get("decimal", "," if thousands == "." else "."))
    if not decimal or decimal == thousands:
        raise ValueError("decimal and thousands must be two different signs")
    return decimal, thousands


def _usage(content: Any) -> tuple[str, dict[str, Column]]:
    content = _keys(content, None, "usage")
    counting = str(content.pop("counting", "inclusive"))
    if counting not in DIALECTS:
        raise ValueError(f"usage.counting is not one of {', '.join(DIALECTS)}")
    if counting != "exclusive":
        return DIALECTS[counting], _columns(content, TOTALS, "usage")
    leaves = _columns(content, tuple(LEAVES), "usage")
    return DIALECTS[counting], {LEAVES[name]: column for name, column in leaves.items()}


def _cost(content: Any) -> tuple[Column | None, str]:
    if content is None:
        return None, "client"
    content = _keys(content, ("column", "path", "times", "unit", "by", "default"), "cost")
    unit, by = content.pop("unit", "USD"), content.pop("by", None)
    if by not in ("provider", "client"):
        raise ValueError("cost.by: say whether the provider billed it or a client computed it")
    if unit not in ("USD", "cents"):
        raise ValueError("cost.unit is not one of USD, cents (other currencies: not yet)")
    column = _column(content, "cost")
    if unit == "cents":
        column = Column(column.column, column.path, column.times / 100, (), column.default)
    return column, by


def _tags(content: Any) -> dict[str, Column]:
    if isinstance(content, list):
        return {str(name): Column(str(name)) for name in content}
    return _columns(content, None, "tags")


def _columns(content: Any, known: tuple[str, ...] | None, where: str) -> dict[str, Column]:
    content = _keys(content, known, where)
    return {name: _column(item, f"{where}.{name}") for name, item in content.items()}


def _column(content: Any, where: str) -> Column:
    if isinstance(content, (str, int)) and not isinstance(content, bool):
        return Column(str(content))
    content = _keys(content, ("column", "path", "times", "values", "default"), where)
    if "column" not in content:
        raise ValueError(f"{where}: column is missing")
    values = _keys(content.get("values") or {}, None, f"{where}.values")
    path = content.get("path", ())
    return Column(
        column=str(content["column"]),
        path=tuple(path.split(".") if isinstance(path, str) else map(str, path)),
        times=_times(content.get("times", 1), where),
        values=tuple((str(old), str(new)) for old, new in values.items()),
        default=_optional(content.get("default")),
    )


def _times(value: Any, where: str) -> Decimal:
    try:
        return parse_amount(value)
    except ValueError:
        raise ValueError(f"{where}: times is not a number") from None


def _keys(content: Any, known: tuple[str, ...] | None, where: str) -> dict[str, Any]:
    """The content as a dictionary with string keys, all of them known."""
    if not isinstance(content, dict):
        raise ValueError(f"{where} is not a list of 'name: value' lines")
    for name in content:
        if known is not None and name not in known:
            raise ValueError(f"{where} has an unknown key: {name}")
    return {str(name): value for name, value in content.items()}


def _texts(content: Any, known: tuple[str, ...], where: str) -> dict[str, str]:
    values = _keys(content, known, where)
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in values.items()}


def _list(content: Any, where: str) -> list[str]:
    if content is None:
        return []
    if isinstance(content, (str, int, float, bool)):
        return [str(content)]
    if not isinstance(content, list):
        raise ValueError(f"{where} is not a list")
    return [str(item) for item in content]


def _optional(value: Any) -> str | None:
    return None if value is None else str(value)


def _encoding(value: Any) -> str | None:
    import codecs

    try:
        return None if value is None else codecs.lookup(str(value)).name
    except LookupError:
        raise ValueError(f"encoding {value} is not known") from None


def _zone(value: Any) -> str | None:
    if value is None:
        return None
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(str(value))
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError(f"time.zone {value} is not an IANA time zone") from None
    return str(value)
