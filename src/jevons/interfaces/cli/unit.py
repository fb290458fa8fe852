"""`jevons unit`: what attempts and successes cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import click

from jevons.interfaces.cli.documents import amount, json_text
from jevons.interfaces.cli.figures import money, plural
from jevons.interfaces.cli.invocation import current, say
from jevons.interfaces.cli.options import Command, complete_by, dimensions, query, query_flags
from jevons.interfaces.cli.table import SILENT, Column, render, wrap
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import from_femto, parse_amount, plain

if TYPE_CHECKING:
    from jevons.analysis.unit import Unit
    from jevons.app.economics import UnitReport

GRADES: Final = ("measured", "sampled", "estimated")

EPILOG = """\
\b
Examples:
  jevons unit --by task_type --since 2026-09 --hourly-rate 85
  jevons unit --by task_type,model --where team=web
  jevons unit --by month --where task_type=fix-bug

An attempt is a run with its sub-agents; runs that one outcome speaks of together (a pull request
made in three sessions) are one attempt. It belongs to the period in which it began, with all that
it cost.
"""


def hourly_rate_flag(function: Any) -> Any:
    """Add --hourly-rate to a command."""
    return click.option(
        "--hourly-rate",
        metavar="USD",
        callback=_rate,
        help="What an hour of the people who review costs; default: what jevons boundary declares.",
    )(function)


def _rate(_: click.Context, __: click.Parameter, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        rate = parse_amount(text)
    except ValueError:
        rate = Decimal(-1)
    if rate < 0:
        raise UsageError(
            f"--hourly-rate {text}: not an amount", remedy="Write for example --hourly-rate 85."
        )
    return rate


@click.command("unit", cls=Command, settings=("time_zone",), epilog=EPILOG)
@click.option(
    "--by",
    multiple=True,
    metavar="DIM[,DIM…]",
    shell_complete=complete_by,
    help="One row per value of these dimensions; models, harnesses and versions are compared.",
)
@query_flags
@hourly_rate_flag
@click.option("--as-of", metavar="TIME", help="What the ledger said at this time.")
@click.option("--json", is_flag=True, help="One JSON document; amounts are strings.")
def unit_command(
    by: tuple[str, ...],
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    hourly_rate: Decimal | None,
    as_of: str | None,
    json: bool,
) -> None:
    """Show what an attempt costs, and what a success costs.

    The cost per success counts failures, human review and booked losses: all of it divided by the
    successes. Success rates have a 95 % interval, costs per success one by drawing the sample
    again. Attempts without an outcome are no failures: they are counted apart.
    """
    invocation = current()
    question = query(invocation, since, until, where, as_of, by=dimensions(by))
    with invocation.books() as books:
        report = books.unit(question, hourly_rate)
    if json:
        say(json_text(unit_document(report)))
    else:
        say(*unit_lines(report, invocation.terminal))


def unit_document(report: UnitReport) -> dict[str, Any]:
    """`unit --json`."""
    return {
        "rows": [
            {**dict(zip(report.by, row.attempts.dimensions, strict=True)), **_figures(row)}
            for row in report.rows
        ],
        "total": _figures(report.total),
        "compared": list(report.options),
        "outcomes": report.outcomes,
        "unlinked_outcomes": report.unlinked,
        "hourly_rate": amount(report.hourly_rate),
        "time_zone": report.time_zone,
    }


def _figures(row: Unit) -> dict[str, Any]:
    held, cost = row.attempts, row.cost_per_success
    low, high = row.success_interval or (None, None)
    p50, p90, p99 = (_usd(one) for one in held.quantiles)
    found: dict[str, Any] = {
        "attempts": held.attempts,
        "successes": held.succeeded,
        "failures": held.failed,
        "abandoned": held.abandoned,
        "without_outcome": held.attempts - held.decided,
        "success_rate": _share(row.success_rate),
        "success_low": _share(low),
        "success_high": _share(high),
        "spend": _usd(held.spend),
        "spend_without_outcome": _usd(held.undecided_spend),
        "unknown_cost": held.unpriced,
        "lower_bound_cost": held.at_least,
        "cost_per_attempt": amount(row.cost_per_attempt),
        "priced_successes": held.priced_successes,
        "cost_per_success": {
            "amount": amount(cost.amount),
            "low": amount(cost.low),
            "high": amount(cost.high),
        },
        "failed_spend": _usd(held.failed_spend) if held.priced else None,
        "failed_spend_share": _share(row.failed_share),
        "human_minutes": plain(held.human_minutes),
        "attempts_with_minutes": held.with_minutes,
        "review": amount(row.review),
        "loss": plain(held.loss),
        "cost_p50": p50,
        "cost_p90": p90,
        "cost_p99": p99,
        "pass_k": {str(k): _share(share) for k, share in row.pass_k},
        "small_sample": row.small,
    }
    if row.standing is not None:
        found["pareto"] = row.standing.on_front
        icer = row.standing.icer
        found["icer"] = None if icer is None else amount(_rounded(icer.numerator, icer.denominator))
        found["icer_against"] = row.standing.against
    return found


def _rounded(above: int, below: int) -> Decimal | None:
    from jevons.analysis.ratio import ratio

    return ratio(Decimal(above), Decimal(below))


def _usd(femto: int | None) -> str | None:
    return None if femto is None else plain(from_femto(femto))


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def unit_lines(report: UnitReport, terminal: Terminal) -> list[str]:
    """The table of unit economics and what it leaves out."""
    if not report.total.attempts.attempts:
        return ["No attempt began in this period.", "  jevons report shows the calls"]
    rows = (*report.rows, report.total) if report.by else (report.total,)
    columns = [*_names(report), *_columns(rows, report, terminal.glyphs)]
    table = render(columns, terminal, total=bool(report.by))
    notes = _notes(report, rows, terminal.glyphs)
    if table.hidden:
        notes.append(f"No room for: {', '.join(table.hidden)} (--json has them).")
    lines = [line for note in notes for line in wrap(note, terminal.width)]
    return [*table.lines, "", *(terminal.faint(line) for line in lines)]


def _names(report: UnitReport) -> list[Column]:
    found = []
    for place, name in enumerate(report.by):
        values = [row.attempts.dimensions[place] for row in report.rows]
        cells = tuple("(none)" if value is None else safe(value) for value in values)
        found.append(Column(safe(name), (*cells, "" if place else "total"), shrinks="middle"))
    return found or [Column("", ("total",))]


def _columns(rows: tuple[Unit, ...], report: UnitReport, glyphs: Glyphs) -> list[Column]:
    def cost(title: str, rank: int, *cells: str) -> Column:
        silent = all(cell == glyphs.unknown for cell in cells)
        return Column(title, cells, "point", rank + SILENT * silent if rank else 0)

    without = tuple(f"{row.attempts.attempts - row.attempts.decided:,}" for row in rows)
    ranges = tuple(_range(row, glyphs) for row in rows)
    p50, p90, p99 = (
        tuple(_money(row.attempts.quantiles[place], glyphs) for row in rows) for place in range(3)
    )
    failed = tuple(_percent(row.failed_share, glyphs) for row in rows)
    front = tuple(_front(row, glyphs) for row in rows)
    icers = tuple(_icer(row, glyphs) for row in rows)
    pass_k = tuple(_pass(row, glyphs) for row in rows)
    return [
        Column("attempts", tuple(f"{row.attempts.attempts:,}" for row in rows), "right"),
        Column("no\noutcome", without, "right", 6),
        Column("success", tuple(_rate_cell(row, glyphs) for row in rows), "right"),
        Column("95 %\ninterval", tuple(_interval(row, glyphs) for row in rows), "right", 3),
        cost("cost per\nattempt", 2, *(_attempt(row, glyphs) for row in rows)),
        cost("cost per\nsuccess", 0, *(_success(row, report, glyphs) for row in rows)),
        Column("95 %\ninterval", ranges, "right", 4),
        Column("failed\nspend", failed, "right", 5),
        cost("p50\ncost", 8, *p50),
        cost("p90\ncost", 9, *p90),
        cost("p99\ncost", 7, *p99),
        Column("pass^k", pass_k, rank=_rank(1, pass_k, glyphs)),
        Column("front", front, rank=_rank(2, front, glyphs)),
        cost("per extra\nsuccess", 3, *icers),
    ]


def _rank(rank: int, cells: tuple[str, ...], glyphs: Glyphs) -> int:
    return rank + SILENT * all(cell == glyphs.unknown for cell in cells)


def _money(femto: int | None, glyphs: Glyphs) -> str:
    return money(None if femto is None else from_femto(femto), glyphs=glyphs)


def _percent(share: float | None, glyphs: Glyphs) -> str:
    return glyphs.unknown if share is None else f"{100 * share:.1f} %"


def _rate_cell(row: Unit, glyphs: Glyphs) -> str:
    mark = glyphs.about if row.small and row.success_rate is not None else ""
    return mark + _percent(row.success_rate, glyphs)


def _interval(row: Unit, glyphs: Glyphs) -> str:
    if row.success_interval is None:
        return glyphs.unknown
    low, high = row.success_interval
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def _mark(row: Unit, glyphs: Glyphs) -> str:
    return glyphs.at_least if row.attempts.at_least else ""


def _attempt(row: Unit, glyphs: Glyphs) -> str:
    return money(row.cost_per_attempt, mark=_mark(row, glyphs), glyphs=glyphs)


def _success(row: Unit, report: UnitReport, glyphs: Glyphs) -> str:
    unpaid = report.hourly_rate is None and row.attempts.human_minutes
    mark = glyphs.at_least if unpaid else _mark(row, glyphs)
    return money(row.cost_per_success.amount, mark=mark, glyphs=glyphs)


def _range(row: Unit, glyphs: Glyphs) -> str:
    cost = row.cost_per_success
    if cost.low is None and cost.high is None:
        return glyphs.unknown
    high = money(cost.high, glyphs=glyphs) if cost.high is not None else "…"
    return f"{money(cost.low, glyphs=glyphs)}–{high}"


def _front(row: Unit, glyphs: Glyphs) -> str:
    if row.standing is None:
        return glyphs.unknown
    return "front" if row.standing.on_front else "behind"


def _icer(row: Unit, glyphs: Glyphs) -> str:
    if row.standing is None or row.standing.icer is None:
        return glyphs.unknown
    return money(
        _rounded(row.standing.icer.numerator, row.standing.icer.denominator), glyphs=glyphs
    )


def _pass(row: Unit, glyphs: Glyphs) -> str:
    return " ".join(f"{share:.2f}" for _, share in row.pass_k) or glyphs.unknown


def _notes(report: UnitReport, rows: tuple[Unit, ...], glyphs: Glyphs) -> list[str]:
    held = report.total.attempts
    undecided = held.attempts - held.decided
    notes = []
    if not report.outcomes:
        notes.append("The ledger holds no outcomes: jevons outcomes import PATH reads some.")
    elif undecided:
        spend = _money(held.undecided_spend, glyphs)
        notes.append(
            f"{plural(undecided, 'attempt')} without outcome ({spend}) count neither as success "
            "nor as failure."
        )
    if report.unlinked:
        notes.append(
            f"{report.unlinked:,} of {plural(report.outcomes, 'outcome')} speak of nothing that "
            "the ledger knows."
        )
    if held.human_minutes:
        notes.append(_review_note(report, glyphs))
    if held.loss:
        notes.append(
            f"Cost per success includes {money(held.loss, glyphs=glyphs)} of booked losses."
        )
    if held.unpriced:
        notes.append(
            f"{plural(held.unpriced, 'attempt')} of unknown cost: in the success rate, in no cost."
        )
    if any(row.small and row.attempts.decided for row in rows):
        notes.append(f"{glyphs.about} marks a small sample: fewer than 30 decided attempts.")
    if any(row.pass_k for row in rows):
        notes.append("pass^k: the chance that all of 1, 2, … trials of a task succeed.")
    if report.mixed and len(report.rows) > 1:
        notes.append(
            "Compared as they were used, on tasks of all types: add task_type to --by or --where "
            "to compare like with like."
        )
    return notes


def _review_note(report: UnitReport, glyphs: Glyphs) -> str:
    held = report.total.attempts
    told = f"{held.human_minutes:,.0f} human minutes on {held.with_minutes:,} attempts"
    if report.hourly_rate is None:
        return (
            f"Not in the cost per success ({glyphs.at_least}): {told}; --hourly-rate USD adds them."
        )
    rate = money(report.hourly_rate, glyphs=glyphs)
    review = money(report.total.review, glyphs=glyphs)
    return f"Cost per success includes {told} at {rate} an hour: {review}."
