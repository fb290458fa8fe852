"""The one algorithm: from counters that contain each other to leaves that do not overlap.

Cells are ordered by containment: {input, audio} lies inside {input}. A counter states how many
tokens have at least its cell's dimensions, so the tokens that have exactly them are the counter
minus the leaves of all narrower cells inside it (Möbius inversion). A counter that its dialect
declares `outside` is not taken from the input or output total.

Where two counters may overlap and the body does not say how much (cached tokens and audio tokens
of one prompt), they are taken as disjoint as far as the total allows: cached tokens are text
first. That never prices an audio token as a cheaper cached one without proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from jevons.usage.cells import CACHE_READ, CACHE_WRITE, INPUT, MODALITIES, ROOTS, Cell
from jevons.vocabulary.charge import Impossible

Form = Mapping[Cell, int]
"""A whole-number combination of counters: cell -> coefficient."""


@lru_cache(maxsize=4096)
def leaf_forms(cells: frozenset[Cell], outside: frozenset[Cell]) -> dict[Cell, Form]:
    """For each reported cell its leaf as a combination of the reported counters, narrowest first.

    outside: cells whose counters are not part of the input or output total.
    """
    forms: dict[Cell, Form] = {}
    for cell in sorted(cells, key=lambda cell: (-len(cell), sorted(cell))):
        form = {cell: 1}
        for narrower in _inside(cell, cells, outside):
            for counter, coefficient in forms[narrower].items():
                form[counter] = form.get(counter, 0) - coefficient
        forms[cell] = {counter: c for counter, c in form.items() if c}
    return forms


def decompose(
    values: Mapping[Cell, int], names: Mapping[Cell, str], outside: frozenset[Cell]
) -> dict[Cell, int] | Impossible:
    """The exclusive leaf of every reported cell, or the two counters that contradict each other.

    values: reported counters, non-negative. names: what the body calls them, for the message.
    """
    forms = leaf_forms(frozenset(values), outside)
    leaves = {
        cell: sum(coefficient * values[counter] for counter, coefficient in form.items())
        for cell, form in forms.items()
    }
    if leaves.get(INPUT, 0) < 0:
        _overlap(leaves)
    for cell, leaf in leaves.items():
        if leaf < 0:
            return _contradiction(cell, values, names, outside)
    return leaves


def _inside(cell: Cell, cells: frozenset[Cell], outside: frozenset[Cell]) -> list[Cell]:
    """The reported cells that a cell's counter contains."""
    root = cell in ROOTS
    return [c for c in cells if cell < c and not (root and c in outside)]


def standing_in(cell: Cell, cells: frozenset[Cell], outside: frozenset[Cell]) -> list[Cell]:
    """The reported cells whose counters add up to a cell: itself, else the widest inside it."""
    if cell in cells:
        return [cell]
    inside = _inside(cell, cells, outside)
    return sorted((c for c in inside if not any(other < c for other in inside)), key=sorted)


def _overlap(leaves: dict[Cell, int]) -> None:
    """Let cached tokens overlap audio, image and video as far as the input total forces them to.

    The dearest modality is touched last. A written token of a modality has no unit of its own and
    stays with the modality.
    """
    for cached in (CACHE_READ, CACHE_WRITE):
        for kind in ("document", "image", "video", "audio"):
            modality = INPUT | {kind}
            amount = min(-leaves[INPUT], leaves.get(cached, 0), leaves.get(modality, 0))
            if amount <= 0:
                continue
            leaves[INPUT] += amount
            leaves[cached] -= amount
            if cached is CACHE_READ:
                leaves[modality] -= amount
                both = CACHE_READ | {kind}
                leaves[both] = leaves.get(both, 0) + amount


def _contradiction(
    cell: Cell, values: Mapping[Cell, int], names: Mapping[Cell, str], outside: frozenset[Cell]
) -> Impossible:
    inside = _inside(cell, frozenset(values), outside)
    parts = [c for c in inside if values[c] and not any(other < c for other in inside)]
    parts.sort(key=lambda c: (-values[c], names[c]))
    if values[parts[0]] > values[cell]:
        parts = parts[:1]
    stated = " + ".join(f"{names[c]} ({values[c]})" for c in parts)
    return Impossible(f"{stated} cannot exceed {names[cell]} ({values[cell]})")


def named_modalities(cell: Cell, values: Mapping[Cell, int]) -> int:
    """How many tokens of a total its audio, image, video and document counters name."""
    return sum(values.get(cell | {kind}, 0) for kind in MODALITIES)
