"""One run as a tree for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jevons.analysis.run_tree import Run, Step, Totals
from jevons.interfaces.cli.figures import count, duration, money, plural
from jevons.interfaces.cli.periods import local_instant
from jevons.interfaces.cli.table import SILENT, Column, render, wrap
from jevons.interfaces.cli.terminal import UNICODE, Glyphs, Terminal, safe
from jevons.vocabulary.money import from_femto, plain
from jevons.vocabulary.period import iso

_BRANCHES: Final = {True: ("├─ ", "└─ ", "│  ", "   "), False: ("|- ", "`- ", "|  ", "   ")}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the tree. step: a step's own; totals: a run's; more: of steps left out."""

    name: str
    step: Step | None = None
    run: Run | None = None
    more: Totals | None = None


def run_lines(run: Run, terminal: Terminal, time_zone: str, steps: int) -> list[str]:
    """The tree of a run, and what the figures leave out. steps: of each run that are shown."""
    lines = list(_lines(run, steps, _BRANCHES[terminal.glyphs == UNICODE], ""))
    table = render(_columns(lines, terminal.glyphs), terminal)
    notes = [*_notes(run, terminal.glyphs, time_zone)]
    if table.hidden:
        notes.append(f"No room for: {', '.join(table.hidden)} (--json has them).")
    shown = [line for note in notes for line in wrap(note, terminal.width)]
    return [*table.lines, "", *map(terminal.faint, shown)]


def _lines(run: Run, most: int, branches: tuple[str, ...], indent: str) -> Iterator[_Line]:
    """A run, then its steps and, under the step that started them, the runs below."""
    middle, end, through, over = branches
    name = run.agent or ("run" if run.level == 0 else "sub-agent")
    yield _Line(f"{name} {_short(run.run)}" if run.level else f"run {run.run}", run=run)
    shown = _chosen(run, most)
    started: dict[str | None, list[Run]] = {}
    names = {step.step for step in shown if step.step}
    for child in run.children:
        started.setdefault(child.started_by if child.started_by in names else None, []).append(
            child
        )
    items: list[Step | Run | Totals] = []
    for step in shown:
        items.append(step)
        items += started.pop(step.step, []) if step.step else []
    items += started.get(None, [])
    if len(shown) < len(run.steps):
        items.append(_rest(run, shown))
    for number, item in enumerate(items):
        last = number == len(items) - 1
        head, tail = (end, over) if last else (middle, through)
        if isinstance(item, Step):
            yield _Line(indent + head + _label(item), step=item)
        elif isinstance(item, Totals):
            yield _Line(f"{indent}{head}… {plural(item.calls, 'more step')}", more=item)
        else:
            below = _lines(item, most, branches, indent + tail)
            first = next(below)
            yield _Line(indent + head + first.name, run=first.run)
            yield from below


def _chosen(run: Run, most: int) -> tuple[Step, ...]:
    """The steps that are shown: those that started a run and the costliest, in order of time."""
    if len(run.steps) <= most:
        return run.steps
    starting = {child.started_by for child in run.children}
    ranked = sorted(
        run.steps, key=lambda step: (step.step not in starting, -(step.cost or 0), step.time)
    )
    kept = {step.event_id for step in ranked[:most]}
    return tuple(step for step in run.steps if step.event_id in kept)


def _rest(run: Run, shown: tuple[Step, ...]) -> Totals:
    from jevons.analysis.run_tree import totals

    kept = {step.event_id for step in shown}
    return totals(step for step in run.steps if step.event_id not in kept)


def _label(step: Step) -> str:
    names = [name for name in (step.step, step.tool or step.agent) if name]
    return safe(" ".join(_short(name) for name in names) or "call")


def _short(name: str) -> str:
    """A name, or the end of a long id, which tells siblings apart."""
    last = name.rsplit("/", 1)[-1]
    return safe(last if len(last) <= 20 else f"…{last[-8:]}")


def _columns(lines: list[_Line], glyphs: Glyphs) -> list[Column]:
    def column(title: str, align: Any, rank: int, cells: tuple[str, ...]) -> Column:
        silent = len({cell for cell in cells if cell and cell != "0"}) == 0
        return Column(title, cells, align, rank + SILENT * silent)

    def tokens(title: str, rank: int, name: str) -> Column:
        cells = tuple(count(getattr(_own(line), name), exact=False) for line in lines)
        return column(title, "suffix", rank, cells)

    steps = [line.step for line in lines]
    return [
        Column("step", tuple(line.name for line in lines), shrinks="middle"),
        column("purpose", "left", 2, tuple(_word(s, "purpose", glyphs) for s in steps)),
        Column("model", tuple(_word(s, "model", glyphs) for s in steps), rank=6, shrinks="middle"),
        tokens("input\ntokens", 1, "input_tokens"),
        tokens("cache\nread", 4, "cache_read_input_tokens"),
        tokens("output\ntokens", 3, "output_tokens"),
        column("time", "right", 5, tuple(_time(line) for line in lines)),
        Column("own\ncost", tuple(_cost(_own(line), glyphs) for line in lines), "point"),
        column("with sub-\nagents", "point", 2, tuple(_inclusive(line, glyphs) for line in lines)),
    ]


def _own(line: _Line) -> Totals:
    from jevons.analysis.run_tree import totals

    if line.step is not None:
        return totals([line.step])
    return line.run.own if line.run is not None else line.more or Totals()


def _word(step: Step | None, name: str, glyphs: Glyphs) -> str:
    if step is None:
        return ""
    failed = name == "purpose" and step.failed
    return safe(getattr(step, name) or glyphs.unknown) + (" failed" if failed else "")


def _time(line: _Line) -> str:
    if line.step is not None:
        took = line.step.latency_ms
        return "" if took is None else duration(took / 1000)
    if line.run is None or line.run.span is None:
        return ""
    began, ended = line.run.span
    return duration((ended - began) / 1_000_000)


def _cost(totals: Totals, glyphs: Glyphs) -> str:
    some = totals.lower_bound_calls or totals.unknown_calls
    mark = glyphs.at_least if some and totals.cost else ""
    amount = None if totals.cost is None or (some and not totals.cost) else totals.cost
    return money(None if amount is None else from_femto(amount), mark=mark, glyphs=glyphs)


def _inclusive(line: _Line, glyphs: Glyphs) -> str:
    return _cost(line.run.inclusive, glyphs) if line.run is not None and line.run.children else ""


def _notes(run: Run, glyphs: Glyphs, time_zone: str) -> Iterator[str]:
    span, total = run.span, run.inclusive
    below = sum(1 for _ in run.all()) - 1
    facts = [plural(total.calls, "call"), plural(below, "sub-agent")]
    if span is not None:
        began, ended = (local_instant(iso(moment), time_zone) for moment in span)
        facts.insert(0, f"{began} to {ended} {time_zone}")
    yield glyphs.dot.join(facts)
    if run.context.resent is not None and run.own.calls > 1:
        sent, final = (count(n, exact=False) for n in (run.context.sent, run.context.final))
        yield (
            f"Context: {sent} tokens sent to hold {final} at the end, "
            f"{run.context.resent:.2f} times; "
            f"{(run.context.repeated_share or 0) * 100:.1f} % of the input had been sent before."
        )
    costliest = run.costliest()
    if costliest is not None and total.cost and total.calls > 1:
        share = (costliest.cost or 0) * 1000 // total.cost
        yield (
            f"Costliest step: {_label(costliest)}, {_cost(_of(costliest), glyphs)}, "
            f"{share // 10}.{share % 10} % of the run."
        )
    if total.retries:
        cost = None if total.retry_cost is None else from_femto(total.retry_cost)
        yield f"Asked again: {plural(total.retries, 'call')}, {money(cost, glyphs=glyphs)}."
    if total.failed:
        yield f"{plural(total.failed, 'call')} failed."
    if total.unknown_calls:
        yield (
            f"{plural(total.unknown_calls, 'call')} without a price; "
            f"the cost leaves out what is not known ({glyphs.at_least})."
        )
    if total.lower_bound_calls:
        yield f"{plural(total.lower_bound_calls, 'call')} at least what is shown."


def _of(step: Step) -> Totals:
    from jevons.analysis.run_tree import totals

    return totals([step])


def run_document(run: Run) -> dict[str, Any]:
    """A run and all below it for `run --json`: costs in USD as strings, null when not known."""
    costliest, span = run.costliest(), run.span
    return {
        "run": run.run,
        "agent": run.agent,
        "started_by": run.started_by,
        "began": None if span is None else iso(span[0]),
        "ended": None if span is None else iso(span[1]),
        "own": totals_document(run.own),
        "inclusive": totals_document(run.inclusive),
        "context": {
            "sent": run.context.sent,
            "final": run.context.final,
            "resent": _rounded(run.context.resent),
            "repeated_share": _rounded(run.context.repeated_share),
        },
        "costliest_step": None if costliest is None else costliest.event_id,
        "steps": [step_document(step) for step in run.steps],
        "children": [run_document(child) for child in run.children],
    }


def step_document(step: Step) -> dict[str, Any]:
    """One call of a run."""
    return {
        "event_id": step.event_id,
        "step": step.step,
        "time": iso(step.time),
        "latency_ms": step.latency_ms,
        "agent": step.agent,
        "tool": step.tool,
        "model": step.model,
        "purpose": step.purpose,
        "failed": step.failed,
        "input_tokens": step.input_tokens,
        "cache_read_input_tokens": step.cache_read_input_tokens,
        "output_tokens": step.output_tokens,
        "reasoning_output_tokens": step.reasoning_output_tokens,
        "cost": amount(step.cost),
        "lower_bound": step.at_least,
    }


def totals_document(totals: Totals) -> dict[str, Any]:
    """Sums over calls."""
    names = Totals.__dataclass_fields__
    found: dict[str, Any] = {name: getattr(totals, name) for name in names}
    return {**found, "cost": amount(totals.cost), "retry_cost": amount(totals.retry_cost)}


def amount(femto: int | None) -> str | None:
    """An amount as decimal text in USD, None when not known."""
    return None if femto is None else plain(from_femto(femto))


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
