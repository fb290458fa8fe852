"""Runs that stand out, how calls multiply, and the rules of purposes: for people and as JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from jevons.analysis.multipliers import Multipliers
from jevons.analysis.outliers import ENOUGH, Norms, Reason, Request
from jevons.app.running import Decided, StandingOut, Work
from jevons.interfaces.cli.figures import count, duration, money, plural
from jevons.interfaces.cli.periods import local_instant
from jevons.interfaces.cli.table import SILENT, Column, footer, render
from jevons.interfaces.cli.terminal import Glyphs, Terminal, safe
from jevons.interfaces.cli.tree import amount
from jevons.vocabulary.money import from_femto
from jevons.vocabulary.period import iso


def outlier_lines(found: StandingOut, terminal: Terminal, time_zone: str) -> list[str]:
    """The table of runs that stand out, or of all."""
    if not found.requests:
        return ["No run matches."]
    glyphs = terminal.glyphs
    requests = [request for request, _ in found.rows]
    began = tuple(local_instant(iso(r.first_time), time_zone) for r in requests)
    table = render(
        [
            Column("run", tuple(safe(r.run) for r in requests), shrinks="middle"),
            _words("task type", 3, [r.task_type for r in requests], glyphs),
            _words("team", 6, [r.team for r in requests], glyphs),
            _words("person", 8, [r.person for r in requests], glyphs),
            Column("began", began, rank=7),
            Column("calls", tuple(count(r.calls) for r in requests), "right", 2),
            Column("tokens", tuple(count(r.tokens, exact=False) for r in requests), "suffix", 4),
            Column(
                "time",
                tuple(duration(r.duration / 1_000_000) for r in requests),
                "right",
                5,
            ),
            Column("cost", tuple(_cost(r, glyphs) for r in requests), "point"),
            Column(
                "why",
                tuple(", ".join(_why(one) for one in why) for _, why in found.rows),
                shrinks="end",
            ),
        ],
        terminal,
    )
    notes = _standing(found)
    if found.listed > len(found.rows):
        notes.append(f"{len(found.rows)} are shown: --top N shows more")
    notes.append("jevons run RUN shows one as a tree")
    if table.hidden:
        notes.append(f"no room for: {', '.join(table.hidden)}")
    return [*table.lines, "", *footer(notes, terminal)]


def _standing(found: StandingOut) -> list[str]:
    """How many runs stand out, and why none can where that is so."""
    if found.count:
        told = f"{count(found.count)} of {count(found.requests)} runs stand out"
        return [told, "n×: times the median of its task type"]
    notes = [f"None of {plural(found.requests, 'run')} stands out"]
    if found.few:
        notes.append(f"too few runs of a task type (fewer than {ENOUGH}) to tell what is usual")
    return notes


def _words(title: str, rank: int, values: list[str | None], glyphs: Glyphs) -> Column:
    cells = tuple(safe(value) if value else glyphs.unknown for value in values)
    return Column(title, cells, rank=rank + SILENT * (not any(values)), shrinks="middle")


def _cost(request: Request, glyphs: Glyphs) -> str:
    some = request.unknown_calls or request.lower_bound_calls
    if request.cost is None or (some and not request.cost):
        return glyphs.unknown
    return money(from_femto(request.cost), mark=glyphs.at_least if some else "", glyphs=glyphs)


def _why(reason: Reason) -> str:
    """A reason in a few words; `n×` is times the median of the task type."""
    if reason.kind == "loop":
        return f"{plural(reason.value, 'call')} asked again"
    times = f" {_times(reason.value, reason.usual)}" if reason.usual else ""
    return f"{reason.kind}{times}"


def _times(value: int, usual: int) -> str:
    factor = Fraction(value, usual)
    return f"{float(factor):,.1f}×" if factor < 10 else f"{round(factor):,}×"


def work_lines(work: Work, terminal: Terminal) -> list[str]:
    """The table of task types: their multipliers and what is usual."""
    if not work.rows:
        return ["No run matches."]
    glyphs = terminal.glyphs
    factors = [one for one, _ in work.rows]
    usual = [norms for _, norms in work.rows]
    table = render(
        [
            _words("task type", 0, [one.task_type for one in factors], glyphs),
            Column("requests\nn", tuple(count(one.n) for one in factors), "right"),
            Column(
                "calls per\nrequest k", tuple(_factor(one.k, glyphs) for one in factors), "point"
            ),
            Column("agent\ndepth a", tuple(_factor(one.a, glyphs) for one in factors), "point"),
            Column("calls\nn·k·a", tuple(count(one.calls) for one in factors), "right", 3),
            Column("class", tuple(one.big_t[0] for one in factors)),
            Column("median\ncost", tuple(_usd(one.p50_cost, glyphs) for one in usual), "point", 2),
            Column("p99\ncost", tuple(_usd(one.p99_cost, glyphs) for one in usual), "point", 4),
            Column("cost", tuple(_total(one, glyphs) for one in usual), "point", 1),
            Column("loops", tuple(count(one.looping) for one in factors), "right", 5),
        ],
        terminal,
    )
    notes = ["a: calls of the whole tree per call of its root run"]
    if table.hidden:
        hidden = ", ".join(table.hidden)
        notes.append(f"no room for: {hidden}")
    return [*table.lines, "", *footer(notes, terminal)]


def _factor(factor: Fraction | None, glyphs: Glyphs) -> str:
    return glyphs.unknown if factor is None else f"{float(factor):,.2f}"


def _total(norms: Norms, glyphs: Glyphs) -> str:
    if norms.unknown_calls and not norms.cost:
        return glyphs.unknown
    mark = glyphs.at_least if norms.unknown_calls else ""
    cost = None if norms.cost is None else from_femto(norms.cost)
    return money(cost, mark=mark, glyphs=glyphs)


def _usd(femto: int | None, glyphs: Glyphs) -> str:
    return money(None if femto is None else from_femto(femto), glyphs=glyphs)


def rule_lines(rules: list[Decided], terminal: Terminal) -> list[str]:
    """The table of rules and what they decided."""
    table = render(
        [
            Column("rule", tuple(f"{r.rule}{' (own)' if r.own else ''}" for r in rules)),
            Column("purpose", tuple(r.purpose for r in rules)),
            Column("calls", tuple(count(r.calls) for r in rules), "right"),
            Column("because", tuple(safe(r.why) for r in rules), rank=1, shrinks="end"),
        ],
        terminal,
    )
    return list(table.lines)


def runs_document(found: StandingOut, work: Work) -> dict[str, Any]:
    """`runs --json`: the runs that stand out, or all, and what is usual for every task type."""
    return {
        "runs": [_request(request, why) for request, why in found.rows],
        "standing_out": found.count,
        "requests": found.requests,
        "task_types": [_task_type(factors, norms) for factors, norms in work.rows],
    }


def _request(request: Request, why: tuple[Reason, ...]) -> dict[str, Any]:
    return {
        "run": request.run,
        "task_type": request.task_type,
        "team": request.team,
        "person": request.person,
        "harness": request.harness,
        "began": iso(request.first_time),
        "last_call": iso(request.last_time),
        "runs": request.runs,
        "calls": request.calls,
        "repeated_calls": request.repeated,
        "input_tokens": request.input_tokens,
        "output_tokens": request.output_tokens,
        "input_tokens_per_call": request.context,
        "cost": amount(request.cost),
        "unknown_calls": request.unknown_calls,
        "lower_bound_calls": request.lower_bound_calls,
        "stands_out": bool(why),
        "reasons": [_reason(one) for one in why],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    def figure(value: int) -> Any:
        return amount(value) if reason.kind == "cost" else value

    return {
        "kind": reason.kind,
        "value": figure(reason.value),
        "median": figure(reason.usual),
        "limit": figure(reason.limit),
    }


def _task_type(factors: Multipliers, norms: Norms) -> dict[str, Any]:
    name, rule = factors.big_t
    return {
        "task_type": factors.task_type,
        "requests": factors.n,
        "calls_per_request": _ratio(factors.k),
        "agent_depth": _ratio(factors.a),
        "calls": factors.calls,
        "levels": factors.levels,
        "with_sub_agents": factors.nested,
        "looping": factors.looping,
        "class": name,
        "class_because": rule,
        "cost": amount(norms.cost),
        "unknown_calls": norms.unknown_calls,
        "median_cost": amount(norms.p50_cost),
        "p99_cost": amount(norms.p99_cost),
        "median_calls": norms.p50_calls,
        "p99_calls": norms.p99_calls,
        "median_input_tokens_per_call": norms.p50_context,
        "p99_input_tokens_per_call": norms.p99_context,
    }


def _ratio(factor: Fraction | None) -> float | None:
    return None if factor is None else round(float(factor), 6)


def rules_document(rules: list[Decided]) -> dict[str, Any]:
    """`purposes --json`."""
    return {
        "rules": [
            {"rule": r.rule, "purpose": r.purpose, "calls": r.calls, "why": r.why, "own": r.own}
            for r in rules
        ]
    }
