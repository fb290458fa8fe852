"""What the use cases return: plain frozen values that an interface renders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long import is: bytes and observations done, bytes in all (0 = unknown), time."""

    done_bytes: int
    total_bytes: int
    observations: int
    seconds: float
    place: str


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What an import did with one file.

    state: `new`, `grown`, `unchanged`, `rewritten`, `unrecognised`, `unreadable`. problem: why it
    is unreadable, naming the file; what to do stands on the following lines. What was found in it
    before is counted and stored.
    """

    place: str
    source: str | None
    state: str
    observations: int
    rejected: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """An import's outcome. observations = new + repeated (already known). events: change in the
    number of events. rejected lines are stored and listed by `jevons rejects`."""

    files: tuple[FileSummary, ...]
    observations: int
    new: int
    repeated: int
    events: int
    rejected: int
    possible_duplicates: int
    seconds: float
    dry_run: bool = False

    @property
    def unreadable(self) -> tuple[FileSummary, ...]:
        """The files that could not be read, or not to their end."""
        return tuple(file for file in self.files if file.state == "unreadable")


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the books.

    by: dimension names (also `day`, `week`, `month`, `hour`, `tag.NAME`). since, until: ISO date or
    instant, half open, read in `time_zone`. where: pairs (dimension, value), all must hold.
    as_of: ISO instant, what was believed then. top: keep the N costliest rows, None = all.
    """

    by: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    time_zone: str = "UTC"
    as_of: str | None = None
    top: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a report. dimensions: name -> value (None = not known). Costs in USD, None when
    nothing in the row has a price. unknown_calls: calls without any price. unlisted_calls: calls
    with a
    stated cost that no price list has. lower_bound_calls: calls
    whose cost is `at least`. provenance: the weakest of the row."""

    dimensions: dict[str, str | None]
    calls: int
    input_tokens: int
    cache_read_input_tokens: int
    cache_write_input_tokens: int
    output_tokens: int
    reasoning_output_tokens: int
    list_cost: Decimal | None
    contracted_cost: Decimal | None
    billed_cost: Decimal | None
    effective_cost: Decimal | None
    unknown_calls: int
    lower_bound_calls: int
    provenance: str | None
    unlisted_calls: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Rows, their total (over all rows, also those that `top` cut), and what the total leaves out.

    complete_to: ISO instant of the newest event, None when empty. reasons: why events have no price
    -> number of calls, most frequent first.
    """

    rows: tuple[Row, ...]
    total: Row
    by: tuple[str, ...]
    time_zone: str
    unpriced_events: int
    rejected: int
    possible_duplicates: int
    complete_to: str | None
    cut: int = 0
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price entry for `jevons prices`: axes -> value, prices as (unit, USD per unit) pairs."""

    model: str
    provider: str
    axes: dict[str, str]
    prices: tuple[tuple[str, Decimal], ...]
    valid_from: str | None
    valid_to: str | None
    recorded_at: str
    source: str
    entry: str
    effect: str = ""
    above: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RepriceSummary:
    """What re-pricing changed: events looked at, events with a new cost, cost before and after."""

    events: int
    changed: int
    before: Decimal | None
    after: Decimal | None
    recorded_at: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor` or `verify`. state: `ok`, `warning`, `failed`; remedy: what to do."""

    name: str
    state: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` looked at and the first difference that it found, if any."""

    checks: tuple[Check, ...]
    first_difference: str | None = None
