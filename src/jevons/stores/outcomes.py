"""The outcome table: reports of outcomes, appended once each and never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
import pyarrow as pa

from jevons.ledger.outcomes import (
    accept_outcome,
    content_digest,
    exact_text,
    link,
    only_links,
    standing,
)
from jevons.stores.books import Books
from jevons.stores.schema import OUTCOMES
from jevons.vocabulary.outcome import FIGURES, LINKS, Outcome

_PLAIN: Final = (
    "source", "revision", "status", *LINKS, "value_provenance", "loss_kind",
)  # fmt: skip
"""Fields that a row holds as they are."""


@dataclass(slots=True)
class Recorded:
    """What appending reports did. contradictory: reports that differ from another of the same
    outcome, time and revision, so that a rule had to choose; superseding: new reports of an outcome
    that was known."""

    new: int = 0
    repeated: int = 0
    superseding: int = 0
    contradictory: int = 0


def record(books: Books, outcomes: Sequence[Outcome], recorded_at: int) -> Recorded:
    """Append accepted outcomes as one batch; the caller holds the write lock. Known ones are
    counted and left out."""
    unique = {content_digest(one): one for one in outcomes}
    found = Recorded(repeated=len(outcomes) - len(unique))
    known = _known(books, list(unique))
    fresh = {digest: one for digest, one in unique.items() if digest not in known}
    found.repeated += len(unique) - len(fresh)
    found.new = len(fresh)
    if fresh:
        rows = _compared(books, outcome_rows(fresh, recorded_at), found)
        books.outcomes.append(rows, books.outcomes.batch() + 1)
    return found


def _known(books: Books, digests: list[bytes]) -> set[bytes]:
    files = books.outcomes.files()
    if not files or not digests:
        return set()
    wanted = pa.table({"content": pa.array(digests, pa.binary(16))})
    rows = books.arrow(
        "SELECT o.content FROM read_parquet(?) o SEMI JOIN wanted w ON o.content = w.content",
        [files],
        wanted=wanted,
    )
    return set(rows.column("content").to_pylist())


def _compared(books: Books, rows: pa.Table, found: Recorded) -> pa.Table:
    """The rows, marked where a report of the same outcome came before; counts what they supersede
    and contradict, among themselves too."""
    files = books.outcomes.files()
    stored = "SELECT * FROM read_parquet($files)" if files else "SELECT * FROM none"
    same = "source, outcome_id, time, revision"
    compared = books.arrow(
        f"WITH earlier AS (SELECT {same} FROM ({stored}) SEMI JOIN rows "
        "USING (source, outcome_id)), "
        "marked AS (SELECT r.*, row_number() OVER (PARTITION BY source, outcome_id "
        "ORDER BY content) > 1 AS repeated, count(*) OVER (PARTITION BY source, outcome_id, time, "
        "revision) > 1 AS contradicted FROM rows r), "
        "known AS (SELECT DISTINCT source, outcome_id, true AS was_known FROM earlier), "
        f"alike AS (SELECT DISTINCT {same}, true AS was_alike FROM earlier) "
        "SELECT marked.* REPLACE (coalesce(was_known, false) OR repeated AS again), "
        "coalesce(was_known, false) AS superseding, "
        "contradicted OR coalesce(was_alike, false) AS contradictory FROM marked "
        f"LEFT JOIN known USING (source, outcome_id) LEFT JOIN alike USING ({same})",
        {"files": files} if files else {},
        rows=rows,
        none=OUTCOMES.empty_table(),
    )
    found.superseding = int(sum(compared.column("superseding").to_pylist()))
    found.contradictory = int(sum(compared.column("contradictory").to_pylist()))
    return compared.select(OUTCOMES.names).cast(OUTCOMES)


def outcome_rows(outcomes: dict[bytes, Outcome], recorded_at: int) -> pa.Table:
    """Rows of accepted outcomes by their digest, with what the rules make of each one."""
    held = list(outcomes.values())
    links = [link(one) for one in held]
    columns: dict[str, list[Any]] = {name: [getattr(o, name) for o in held] for name in _PLAIN}
    for name in FIGURES:
        texts = [getattr(one, name) for one in held]
        columns[name] = [None if text is None else Decimal(text) for text in texts]
    columns |= {
        "time": [one.time for one in held],
        "outcome_id": [one.id for one in held],
        "standing": [standing(one) for one in held],
        "link_kind": [kind for kind, _ in links],
        "link_id": [text for _, text in links],
        "only_link": [only_links(one) for one in held],
        "again": [False] * len(held),
        "labels": [_labels(one) for one in held],
        "content": list(outcomes),
        "recorded_at": [recorded_at] * len(held),
    }
    arrays = [pa.array(columns[field.name], field.type) for field in OUTCOMES]
    return pa.Table.from_arrays(arrays, schema=OUTCOMES)


def _labels(one: Outcome) -> str | None:
    return msgspec.json.encode(one.labels).decode() if one.labels else None


def outcome_of(row: dict[str, Any]) -> Outcome:
    """The report that a row holds."""
    figures = {name: row[name] for name in FIGURES}
    fields: dict[str, Any] = {name: row[name] for name in _PLAIN}
    fields |= {n: None if value is None else exact_text(value) for n, value in figures.items()}
    fields["labels"] = msgspec.json.decode(row["labels"]) if row["labels"] else {}
    return Outcome(id=row["outcome_id"], time=row["time"], **fields)


_SHOWN: Final = ", ".join(
    "epoch_us(time) AS time" if name == "time" else name
    for name in OUTCOMES.names
    if name != "recorded_at"
)


def reports(books: Books, *, size: int = 50_000) -> Iterator[list[dict[str, Any]]]:
    """All rows in chunks, times in epoch microseconds."""
    files = books.outcomes.files()
    if not files:
        return
    rows = books.session.cursor().sql(
        f"SELECT {_SHOWN} FROM read_parquet($files)", params={"files": files}
    )
    for chunk in rows.to_arrow_reader(size):
        yield chunk.to_pylist()


def outcomes_differ(books: Books) -> str | None:
    """The first row that is not what its own report says; for `verify`."""
    for chunk in reports(books):
        for row in chunk:
            one = outcome_of(row)
            name = f"outcome {row['outcome_id']} of {row['source']}"
            if content_digest(one) != row["content"]:
                return f"{name} does not have the content that was recorded"
            derived = (standing(one), *link(one), only_links(one))
            stored = tuple(row[n] for n in ("standing", "link_kind", "link_id", "only_link"))
            if derived != stored or accept_outcome(one) is not None:
                return f"{name}: {stored} is stored, {derived} follows from the report"
    return None


def current_sql(books: Books, as_of: int | None = None) -> str:
    """A query of the report that counts of every outcome, as recorded by `as_of` (epoch
    microseconds). The order is that of `ledger.outcomes.precedence`."""
    files = ", ".join("'" + name.replace("'", "''") + "'" for name in books.outcomes.files())
    source = f"read_parquet([{files}])" if files else "no_outcomes"
    known = "true" if as_of is None else f"recorded_at <= make_timestamptz({as_of})"
    # Nearly every outcome has one report: only those with another need an order.
    several = f"(SELECT DISTINCT source, outcome_id FROM {source} WHERE again)"
    return (
        f"SELECT * FROM {source} ANTI JOIN {several} USING (source, outcome_id) WHERE {known} "
        f"UNION ALL SELECT * FROM {source} SEMI JOIN {several} USING (source, outcome_id) "
        f"WHERE {known} QUALIFY row_number() OVER ("
        "PARTITION BY source, outcome_id ORDER BY time DESC, revision DESC, "
        "status <> 'unknown' DESC, content DESC) = 1"
    )


def listed(books: Books, as_of: int | None, limit: int | None) -> Iterator[dict[str, Any]]:
    """The outcomes that count, latest first, with the time in epoch microseconds and how many
    reports there are of each."""
    if not books.outcomes.files():
        return
    known = "true" if as_of is None else f"recorded_at <= make_timestamptz({as_of})"
    bound = "" if limit is None else f"LIMIT {int(limit)}"
    session = books.session.cursor()
    rows = session.sql(
        f"WITH now AS ({current_sql(books, as_of)}), many AS (SELECT source, outcome_id, "
        f"count(*) AS reports FROM read_parquet($files) WHERE {known} GROUP BY ALL) "
        f"SELECT {_SHOWN}, epoch_us(recorded_at) AS recorded_at, reports FROM now "
        f"JOIN many USING (source, outcome_id) "
        f"ORDER BY now.time DESC, source, outcome_id {bound}",
        params={"files": books.outcomes.files()},
    )
    for chunk in rows.to_arrow_reader(10_000):
        yield from chunk.to_pylist()
