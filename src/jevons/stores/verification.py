"""`jevons verify`: the books re-derived from the observations and compared, table by table.

1. Every file of every table has the size and checksum with which it was committed.
2. Every observation is in the key table under each of its keys.
3. Every event follows from its observations: identity, labels and quantities (split and resolved
again).
4. Every cost is quantity x the unit prices of its card.
5. Every roll-up is the sum of the event rows.
6. Every outcome has the content with which it was recorded.
7. Every charge follows from the kept boundary files and the calls known when it was posted.
The first difference is named; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import mul
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from jevons.ledger.identity import digest, event_id, group, is_keyless, keys, lookup_hash
from jevons.ledger.matching import match
from jevons.ledger.posting import post
from jevons.ledger.resolution import resolve
from jevons.pricing.book import PriceBook
from jevons.stores.books import Books, quote
from jevons.stores.charging import differs as charges_differ
from jevons.stores.columns import Resolved, event_rows
from jevons.stores.costing import NOTE as COST_CELLS
from jevons.stores.costing import differs as cost_cells_differ
from jevons.stores.durable import checksum
from jevons.stores.listing import Cards, calls, rated_rows, rows_sql
from jevons.stores.outcomes import outcomes_differ
from jevons.stores.question import Question
from jevons.stores.rollup import ROLLUPS, cells_sql, runs_sql
from jevons.stores.schema import EVENTS, MONEY_COLUMNS, QUANTITY_COLUMNS, STORED_MONEY
from jevons.stores.table import Table
from jevons.vocabulary.errors import LedgerDamaged
from jevons.vocabulary.observation import DIMENSIONS, LABELS, Observation

CHUNK = 100_000
_decode = msgspec.json.Decoder(Observation).decode
_PRICED = {*STORED_MONEY, "price_state", "provenance", "price_card", "reason", "notes",
           "version", "recorded_at", "stated_cost", "stated_by"}  # fmt: skip
COMPARED = tuple(name for name in EVENTS.names if name not in _PRICED)
"""Columns of an event row that follow from its observations alone, whatever the prices."""

Finding = tuple[str, str | None]
"""(what was checked, the first difference or None)."""


def findings(
    books: Books,
    book: Callable[[], PriceBook],
    purposes: Callable[[], str | None] | None = None,
) -> Iterator[Finding]:
    """Run the checks in order, cheapest first; stops after a damaged file, since the rest would
    follow. purposes: what tells the first stored purpose that does not follow from the rules."""
    for table in books.tables.values():
        difference = _files_differ(books, table)
        yield f"files of {table.name} are as they were committed", difference
        if difference:
            return
    try:
        if books.outcomes.exists():
            yield "every outcome is what its report says", outcomes_differ(books)
        if books.charges.exists():
            yield "every charge follows from the boundary files", charges_differ(books)
        if not books.observations.exists():
            return
        yield "every observation is found by its keys", _keys_differ(books)
        yield "every event follows from its observations", _events_differ(books, book)
        yield "every cost is quantity x unit price", _costs_differ(books)
        if purposes is not None and books.purposes.exists():
            yield "every purpose follows from the rules", purposes()
        for name in (*books.rollups, "runs"):
            yield f"{name} is the sum of the events", _rollup_differs(books, name)
        if books.costed.exists():
            yield f"{COST_CELLS} is the sum of the events", cost_cells_differ(books)
    except (duckdb.Error, pa.ArrowException, OSError, LedgerDamaged, ValueError) as error:
        yield (
            "every table can be read",
            f"{type(error).__name__}: {str(error).splitlines()[0][:300]}",
        )


def _files_differ(books: Books, table: Table) -> str | None:
    if not table.path.is_dir():
        return None
    registered = books.state.registered()
    if not registered:
        return None  # the side database is lost: there are no checksums to compare with
    prefix = f"ledger/{table.name}/"
    log = table.path / "_delta_log"
    for name, (size, digest_then) in registered.items():
        path = books.home / name
        if not name.startswith(prefix):
            continue
        if not path.exists():
            if path.parent == log or path.suffix == ".parquet":
                return f"{name} is missing"
            continue
        if path.name == "_last_checkpoint":
            continue
        if path.stat().st_size != size:
            return f"{name} has {path.stat().st_size} bytes, {size} were committed"
        if checksum(path) != digest_then:
            return f"{name} does not have the content that was committed"
    try:
        live = [Path(name) for name in table.files()]
    except LedgerDamaged as error:
        return error.what
    for path in [*live, *sorted(log.glob("*.json"))]:
        if str(path.relative_to(books.home)) not in registered:
            return f"{path.relative_to(books.home)} was not committed by Jevons"
    return None


def _observations(books: Books) -> Iterator[list[tuple[tuple[int, int], Observation]]]:
    """All observations in chunks, with their places."""
    reader = (
        books.session.cursor()
        .sql(
            "SELECT batch, position, payload FROM read_parquet(?) ORDER BY batch, position",
            params=[books.observations.files()],
        )
        .to_arrow_reader(CHUNK)
    )
    for chunk in reader:
        columns = (chunk.column(i).to_pylist() for i in range(3))
        yield [((b, p), _decode(text)) for b, p, text in zip(*columns, strict=True)]


def _keys_differ(books: Books) -> str | None:
    for chunk in _observations(books):
        rows = {(lookup_hash(digest(key)), *place) for place, one in chunk for key in keys(one)}
        columns = list(zip(*rows, strict=True))
        kinds = (pa.int64(), pa.int32(), pa.int32())
        wanted = pa.table(
            [pa.array(list(c), k) for c, k in zip(columns, kinds, strict=True)],
            names=["key_hash", "batch", "position"],
        )
        missing = books.arrow(
            "SELECT * FROM wanted w ANTI JOIN read_parquet(?) k ON k.key_hash = w.key_hash "
            "AND k.batch = w.batch AND k.position = w.position LIMIT 1",
            [books.keys.files()],
            wanted=wanted,
        ).to_pylist()
        if missing:
            row = missing[0]
            return f"observation {row['position']} of batch {row['batch']} is not found by its key"
    return None


def _shared_places(books: Books) -> set[tuple[int, int]]:
    """Places of observations that share a key with another one."""
    rows = books.arrow(
        "WITH k AS (SELECT DISTINCT key_hash, batch, position FROM read_parquet(?)), "
        "many AS (SELECT key_hash FROM k GROUP BY key_hash HAVING count(*) > 1) "
        "SELECT DISTINCT batch, position FROM k SEMI JOIN many USING (key_hash)",
        [books.keys.files()],
    )
    columns = (rows.column(name).to_pylist() for name in ("batch", "position"))
    return set(zip(*columns, strict=True))


def _events_differ(books: Books, book: Callable[[], PriceBook]) -> str | None:
    """Singles are compared chunk by chunk; those that share keys or have none all together."""
    shared = _shared_places(books)
    keyless_exist = books.has_keyless()
    together: list[Observation] = []
    count = 0
    for chunk in _observations(books):
        alone = []
        for place, one in chunk:
            if place in shared or (keyless_exist and is_keyless(one)):
                together.append(one)
            else:
                alone.append(one)
        if keyless_exist:
            together += alone
            continue
        ids = [event_id((one,)) for one in alone]
        flags = [False] * len(alone)
        resolved = Resolved(alone, ids, [1] * len(alone), flags, list(flags))
        difference, rows = _compare(books, resolved, book)
        if difference:
            return difference
        count += rows
    if together:
        difference, rows = _compare(books, _resolve_all(together), book)
        if difference:
            return difference
        count += rows
    return _count_differs(books, count)


def _resolve_all(observations: list[Observation]) -> Resolved:
    resolved = Resolved([], [], [], [], [])
    for one in match(observations, group(observations)):
        members = [observations[p] for p in one.members]
        resolved.events.append(resolve(members))
        resolved.ids.append(event_id([o for o in members if not is_keyless(o)] or members))
        resolved.observations.append(len(members))
        resolved.keyless.append(any(is_keyless(o) for o in members))
        resolved.possible_duplicate.append(one.possible_duplicate)
    return resolved


def _compare(
    books: Books, resolved: Resolved, book: Callable[[], PriceBook]
) -> tuple[str | None, int]:
    """The first difference between events and the stored rows, and how many rows they make."""
    if not resolved.events:
        return None, 0
    expected = event_rows(resolved, post(resolved.events, book()), 0, 0)
    names = ", ".join(COMPARED)
    low = min(int(o.time) for o in resolved.events)
    high = max(int(o.time) for o in resolved.events) + 1
    stored = rows_sql(books, Question(since=low, until=high))
    shown = names.replace("time", "make_timestamptz(time) AS time", 1)
    difference = books.arrow(
        f"(SELECT {names} FROM expected EXCEPT SELECT {shown} FROM ({stored})) LIMIT 1",
        expected=expected,
    ).to_pylist()
    if not difference:
        return None, len(expected)
    wanted = difference[0]
    found = books.arrow(
        f"SELECT {shown} FROM ({stored}) "
        f"WHERE event_id = from_hex({quote(wanted['event_id'].hex())})"
    ).to_pylist()
    name = wanted["event_id"].hex()
    if not found:
        return f"event {name} follows from the observations but is not stored", 0
    same_part = [row for row in found if row["part"] == wanted["part"]] or found
    columns = [n for n in COMPARED if same_part[0][n] != wanted[n]]
    first = columns[0] if columns else "a column"
    found_now, should = same_part[0].get(first), wanted.get(first)
    return f"event {name}: {first} is {found_now!r}, it should be {should!r}", 0


def _count_differs(books: Books, expected: int) -> str | None:
    """The other direction: nothing is stored that does not follow from the observations."""
    if not books.event_files():
        return None if expected == 0 else f"{expected} rows are missing"
    rows = books.arrow(f"SELECT sum(sign) AS n FROM {books.event_source()}").to_pylist()
    found = int(rows[0]["n"] or 0)
    if found == expected:
        return None
    return f"{found} event rows are stored, {expected} follow from the observations"


def _costs_differ(books: Books) -> str | None:
    """Every live event is rated again with the price cards that it names."""
    cards = Cards(books)
    for chunk in calls(books, Question(), CHUNK):
        single = [rows for rows in chunk if not _is_plain(rows, cards)]
        plain = [rows[0] for rows in chunk if _is_plain(rows, cards)]
        difference = _products_differ(plain, cards)
        for rows in [] if difference else single:
            difference = difference or _lines_differ(rows, cards)
        if difference:
            return difference
    return None


def _lines_differ(rows: list[dict[str, Any]], cards: Cards) -> str | None:
    """The costs of an event's rows against the sums of its charge lines."""
    for row, rated in zip(rows, rated_rows(rows, cards.of), strict=True):
        for name in MONEY_COLUMNS:
            if getattr(rated, name) != row[name]:
                event = row["event_id"].hex()
                return (
                    f"event {event}: {name} is {row[name]}, its lines sum to {getattr(rated, name)}"
                )
    return None


def _is_plain(rows: list[dict[str, Any]], cards: Cards) -> bool:
    """Whether an event is quantity x price in the common units and nothing else."""
    row = rows[0]
    return (
        len(rows) == 1
        and row["price_state"] == "exact"
        and row["other_quantities"] is None
        and not cards.fee(row["price_card"])
    )


def _products_differ(rows: list[dict[str, Any]], cards: Cards) -> str | None:
    """list cost = sum of quantity x list unit price, the other three at the contracted price, in
    whole 1e-15 USD."""
    prices: dict[str, tuple[list[int], list[int]]] = {}
    for row in rows:
        card_id = row["price_card"]
        if card_id not in prices:
            prices[card_id] = cards.vector(card_id, "list"), cards.vector(card_id, "contracted")
        counted = [row[name] for name in QUANTITY_COLUMNS]
        listed, contracted = (sum(map(mul, counted, vector)) for vector in prices[card_id])
        for name in MONEY_COLUMNS:
            wanted = listed if name == "list_cost" else contracted
            if row[name] is None or int(row[name].scaleb(15)) != wanted:
                event = row["event_id"].hex()
                return f"event {event}: {name} is {row[name]}, quantities x prices are {wanted}e-15"
    return None


def _rollup_differs(books: Books, name: str) -> str | None:
    table = books.runs if name == "runs" else books.rollups[name]
    if table.batch() != books.events.batch():
        return f"{name} stands at batch {table.batch()}, the events at {books.events.batch()}"
    sql = runs_sql() if name == "runs" else cells_sql(ROLLUPS[name])
    source = books.event_source()
    measures = [n for n in table.schema.names if not _is_dimension(n)]
    dimensions = [n for n in table.schema.names if _is_dimension(n) and not n.endswith("_time")]
    sums = ", ".join(f"sum({n}) AS {n}" for n in measures)
    group_by = ", ".join(dimensions)
    names = ", ".join(quote(f) for f in table.files())
    stored = f"read_parquet([{names}])" if names else "nothing_stored"
    nothing = " AND ".join(f"coalesce({n}, 0) = 0" for n in measures)
    derived = sql.replace("FROM rows", f"FROM {source}")
    difference = books.arrow(
        f"WITH stored AS (SELECT {group_by}, {sums} FROM {stored} "
        f"GROUP BY {group_by}), derived AS (SELECT {group_by}, {sums} FROM ({derived}) "
        f"GROUP BY {group_by}) SELECT * FROM ((SELECT * FROM stored EXCEPT SELECT * FROM derived) "
        "UNION ALL (SELECT * FROM derived EXCEPT SELECT * FROM stored)) "
        f"WHERE NOT ({nothing}) LIMIT 1",
        nothing_stored=table.schema.empty_table(),
    ).to_pylist()
    if not difference:
        return None
    where = ", ".join(f"{n}={difference[0][n]}" for n in dimensions)
    return f"{name} differs from the events at {where}"


def _is_dimension(name: str) -> bool:
    return name in ("cell", "provenance", "reason", "first_time", "last_time", *DIMENSIONS, *LABELS)
