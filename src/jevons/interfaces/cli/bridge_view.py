"""`explain` for people: the effects with their bars, the rows that changed most, the story."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from jevons.analysis.bridge.change import summed
from jevons.analysis.bridge.effects import EFFECTS, TOKEN_KIND_MIX
from jevons.app.explaining import Explanation
from jevons.interfaces.cli.bridge_document import Rows, by_rows, effect_rows
from jevons.interfaces.cli.bridge_story import signed, story
from jevons.interfaces.cli.figures import money, plural
from jevons.interfaces.cli.table import Column, render, wrap
from jevons.interfaces.cli.terminal import UNICODE, Glyphs, Terminal, safe
from jevons.vocabulary.errors import UsageError
from jevons.vocabulary.money import from_femto

BAR: Final = 12
"""Columns of the longest bar to each side."""


def check_effect(name: str | None) -> None:
    """Raises UsageError for an effect that does not exist."""
    known = [effect.name for effect in EFFECTS]
    if name is None or name in known:
        return
    alike = get_close_matches(name.lower(), known, n=1)
    raise UsageError(
        f"there is no effect {name!r}",
        remedy=f"Did you mean {alike[0]}?" if alike else f"Effects are: {', '.join(known)}.",
    )


def bridge_lines(
    found: Explanation, terminal: Terminal, effect: str | None, top: int, *, exact: bool
) -> list[str]:
    """All lines of the answer."""
    glyphs = terminal.glyphs
    if not found.before.calls and not found.after.calls and not found.bridge.lines:
        return [
            "No call matches in either period.",
            "jevons report --by month shows which periods have calls.",
        ]
    text = [*wrap(story(found, glyphs), terminal.width or 100), ""]
    if effect is None:
        text += [*_effects(found, terminal, exact), ""]
        rows = by_rows(found)
    else:
        rows = effect_rows(found.bridge, effect)
        if not rows:
            return [*text, f"No line has a part in the effect {effect}."]
    text += _rows(found, rows[:top], terminal, effect, exact)
    if len(rows) > top:
        rest = sum(line.delta for _, lines in rows[top:] for line in lines)
        more = f"{plural(len(rows) - top, 'more row')} ({signed(rest, glyphs=glyphs)})"
        text.append(terminal.faint(f"{more} cut; --top N shows more."))
    return text


def _effects(found: Explanation, terminal: Terminal, exact: bool) -> list[str]:
    """The effects that are something, under the sum of their group, and the change as total."""
    amounts = found.bridge.effects
    rows: list[tuple[str, int, str]] = []
    for group in dict.fromkeys(effect.group for effect in EFFECTS):
        inside = [e for e in EFFECTS if e.group == group and amounts[e.name]]
        if not inside:
            continue
        rows.append((group, sum(amounts[e.name] for e in inside), ""))
        kinds = [e for e in inside if e.part_of]
        rows += [(f"  {e.name}", amounts[e.name], e.meaning) for e in inside if not e.part_of]
        if kinds:
            whole = sum(amounts[e.name] for e in kinds)
            rows.append((f"  {TOKEN_KIND_MIX}", whole, "which kinds of token a call is made of"))
            rows += [(f"    {e.name}", amounts[e.name], e.meaning) for e in kinds]
    rows.append(("change", found.bridge.delta, ""))
    largest = max((abs(amounts[e.name]) for e in EFFECTS), default=0)
    glyphs = terminal.glyphs
    single = {e.name for e in EFFECTS}
    columns = [
        Column("effect", tuple(name for name, _, _ in rows)),
        Column("amount", tuple(signed(n, exact=exact, glyphs=glyphs) for _, n, _ in rows), "point"),
        Column(
            "",
            tuple(_bar(n if t.strip() in single else 0, largest, glyphs) for t, n, _ in rows),
            rank=2,
        ),
        Column("what moved", tuple(meaning for _, _, meaning in rows), rank=3, shrinks="end"),
    ]
    return list(render(columns, terminal, total=True).lines)


def _bar(amount: int, largest: int, glyphs: Glyphs) -> str:
    """A bar to the left for a saving, to the right for a cost, half columns rounded away."""
    if not largest:
        return ""
    length = (abs(amount) * 2 * BAR + largest) // (2 * largest)
    block = "█" if glyphs == UNICODE else "#"
    axis = "│" if glyphs == UNICODE else "|"
    left = block * length if amount < 0 else ""
    right = block * length if amount > 0 else ""
    return f"{left:>{BAR}}{axis}{right:<{BAR}}"


def _rows(
    found: Explanation, rows: Rows, terminal: Terminal, effect: str | None, exact: bool
) -> list[str]:
    glyphs = terminal.glyphs
    names = [name for name in rows[0][0] if effect is None or name != "kind"]

    def usd(amounts: list[int]) -> tuple[str, ...]:
        return tuple(money(from_femto(n), exact=exact, glyphs=glyphs) for n in amounts)

    before = [sum(line.before for line in lines) for _, lines in rows]
    after = [sum(line.after for line in lines) for _, lines in rows]
    columns = []
    for name in names:
        cells = tuple("(none)" if v[name] is None else safe(v[name] or "") for v, _ in rows)
        silent = effect is not None and name != "unit" and len(set(cells)) == 1
        columns.append(Column(safe(name), cells, rank=30 if silent else 0, shrinks="middle"))
    changes = tuple(
        signed(b - a, exact=exact, glyphs=glyphs) for a, b in zip(before, after, strict=True)
    )
    columns += [
        Column(safe(found.before.label), usd(before), "point", 3),
        Column(safe(found.after.label), usd(after), "point", 3),
        Column("change", changes, "point"),
    ]
    if effect is None:
        mostly = tuple(_mostly(summed(lines), glyphs) for _, lines in rows)
        columns.append(Column("mostly", mostly, rank=4, shrinks="end"))
    else:
        parts = [sum(line.effects[effect] for line in lines) for _, lines in rows]
        cells = tuple(signed(n, exact=exact, glyphs=glyphs) for n in parts)
        columns.append(Column(effect, cells, "point"))
    return list(render(columns, terminal).lines)


def _mostly(effects: dict[str, int], glyphs: Glyphs) -> str:
    """The largest effect of a row."""
    name = max(effects, key=lambda n: abs(effects[n]))
    return f"{name} {signed(effects[name], glyphs=glyphs)}" if effects[name] else ""
