"""Jevons: the total cost of AI, every token counted once and priced exactly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from jevons.analysis.bridge.change import Bridge, Line, bridge, summed
    from jevons.analysis.bridge.lmdi import Undefined, lmdi, lmdi_ratios
    from jevons.analysis.bridge.pvm import PriceVolumeMix, price_volume_mix
    from jevons.analysis.bridge.shapley import shapley, shapley_exact
    from jevons.analysis.bridge.tree import Side
    from jevons.analysis.price_index import chained, fisher
    from jevons.analysis.spend import Part, Spend

_EXPORTS: Final[dict[str, tuple[str, ...]]] = {
    "jevons.analysis.bridge.change": ("Bridge", "Line", "bridge", "summed"),
    "jevons.analysis.bridge.lmdi": ("Undefined", "lmdi", "lmdi_ratios"),
    "jevons.analysis.bridge.pvm": ("PriceVolumeMix", "price_volume_mix"),
    "jevons.analysis.bridge.shapley": ("shapley", "shapley_exact"),
    "jevons.analysis.bridge.tree": ("Side",),
    "jevons.analysis.price_index": ("chained", "fisher"),
    "jevons.analysis.spend": ("Part", "Spend"),
}
"""Module -> the functions and types of the public Python interface that it holds."""

__all__ = (
    "Bridge",
    "Line",
    "Part",
    "PriceVolumeMix",
    "Side",
    "Spend",
    "Undefined",
    "__version__",
    "bridge",
    "chained",
    "fisher",
    "lmdi",
    "lmdi_ratios",
    "price_volume_mix",
    "shapley",
    "shapley_exact",
    "summed",
)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `jevons --help` stays fast."""
    for module, names in _EXPORTS.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'jevons' has no attribute {name!r}")
