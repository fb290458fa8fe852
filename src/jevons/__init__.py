"""Jevons: the total cost of AI, every token counted once and priced exactly."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from jevons.analysis.accrual import day_charges
    from jevons.analysis.allocation import allocate, allocate_shares
    from jevons.analysis.amortisation import by_day
    from jevons.analysis.bridge.change import Bridge, Line, bridge, summed
    from jevons.analysis.bridge.lmdi import Undefined, lmdi, lmdi_ratios
    from jevons.analysis.bridge.pvm import PriceVolumeMix, price_volume_mix
    from jevons.analysis.bridge.shapley import shapley, shapley_exact
    from jevons.analysis.bridge.tree import Side
    from jevons.analysis.declaration import parse_boundary
    from jevons.analysis.frontier import Option, Standing, icer, standings
    from jevons.analysis.kpi import KPIS, Inputs, figures
    from jevons.analysis.multipliers import Multipliers
    from jevons.analysis.outliers import Norms, Reason, Request, norms, reasons
    from jevons.analysis.price_index import chained, fisher
    from jevons.analysis.purposes import Call, Rule, Ruleset, classify, read_rules
    from jevons.analysis.ratio import cost_per_success, quantile, ratio_interval
    from jevons.analysis.run_tree import Context, Run, Step, Totals, context, run_tree
    from jevons.analysis.spend import Part, Spend
    from jevons.analysis.success import hindsight, pass_at_k, pass_hat_k, wilson
    from jevons.analysis.total_cost import CostLine, TotalCost, component_of, total_cost
    from jevons.analysis.unit import Attempts, Clusters, Interval, Unit, unit
    from jevons.analysis.worth import Worth, worth
    from jevons.app.results import Query
    from jevons.app.use_cases import Jevons
    from jevons.app.wiring import open_ledger
    from jevons.ledger.outcomes import accept_outcome, fate
    from jevons.vocabulary.money import from_femto, to_femto
    from jevons.vocabulary.outcome import Outcome

_EXPORTS: Final[dict[str, tuple[str, ...]]] = {
    "jevons.analysis.accrual": ("day_charges",),
    "jevons.analysis.allocation": ("allocate", "allocate_shares"),
    "jevons.analysis.amortisation": ("by_day",),
    "jevons.analysis.bridge.change": ("Bridge", "Line", "bridge", "summed"),
    "jevons.analysis.bridge.lmdi": ("Undefined", "lmdi", "lmdi_ratios"),
    "jevons.analysis.bridge.pvm": ("PriceVolumeMix", "price_volume_mix"),
    "jevons.analysis.bridge.shapley": ("shapley", "shapley_exact"),
    "jevons.analysis.bridge.tree": ("Side",),
    "jevons.analysis.multipliers": ("Multipliers",),
    "jevons.analysis.outliers": (
        "Norms",
        "Reason",
        "Request",
        "norms",
        "reasons",
    ),
    "jevons.analysis.purposes": (
        "Call",
        "Rule",
        "Ruleset",
        "classify",
        "read_rules",
    ),
    "jevons.analysis.run_tree": (
        "Context",
        "Run",
        "Step",
        "Totals",
        "context",
        "run_tree",
    ),
    "jevons.analysis.price_index": ("chained", "fisher"),
    "jevons.analysis.spend": ("Part", "Spend"),
    "jevons.analysis.declaration": ("parse_boundary",),
    "jevons.analysis.total_cost": ("CostLine", "TotalCost", "component_of", "total_cost"),
    "jevons.analysis.frontier": (
        "Option",
        "Standing",
        "icer",
        "standings",
    ),
    "jevons.analysis.kpi": (
        "KPIS",
        "Inputs",
        "figures",
    ),
    "jevons.analysis.ratio": (
        "cost_per_success",
        "quantile",
        "ratio_interval",
    ),
    "jevons.analysis.success": (
        "hindsight",
        "pass_at_k",
        "pass_hat_k",
        "wilson",
    ),
    "jevons.analysis.unit": (
        "Attempts",
        "Clusters",
        "Interval",
        "Unit",
        "unit",
    ),
    "jevons.analysis.worth": (
        "Worth",
        "worth",
    ),
    "jevons.app.results": ("Query",),
    "jevons.app.use_cases": ("Jevons",),
    "jevons.app.wiring": ("open_ledger",),
    "jevons.ledger.outcomes": (
        "accept_outcome",
        "fate",
    ),
    "jevons.vocabulary.money": ("from_femto", "to_femto"),
    "jevons.vocabulary.outcome": ("Outcome",),
}
"""Module -> the functions and types of the public Python interface that it holds."""

__all__ = (
    "KPIS",
    "Attempts",
    "Bridge",
    "Call",
    "Clusters",
    "Context",
    "CostLine",
    "Inputs",
    "Interval",
    "Jevons",
    "Line",
    "Multipliers",
    "Norms",
    "Option",
    "Outcome",
    "Part",
    "PriceVolumeMix",
    "Query",
    "Reason",
    "Request",
    "Rule",
    "Ruleset",
    "Run",
    "Side",
    "Spend",
    "Standing",
    "Step",
    "TotalCost",
    "Totals",
    "Undefined",
    "Unit",
    "Worth",
    "__version__",
    "accept_outcome",
    "allocate",
    "allocate_shares",
    "bridge",
    "by_day",
    "chained",
    "classify",
    "component_of",
    "context",
    "cost_per_success",
    "day_charges",
    "fate",
    "figures",
    "fisher",
    "from_femto",
    "hindsight",
    "icer",
    "lmdi",
    "lmdi_ratios",
    "norms",
    "open_ledger",
    "parse_boundary",
    "pass_at_k",
    "pass_hat_k",
    "price_volume_mix",
    "quantile",
    "ratio_interval",
    "read_rules",
    "reasons",
    "run_tree",
    "shapley",
    "shapley_exact",
    "standings",
    "summed",
    "to_femto",
    "total_cost",
    "unit",
    "wilson",
    "worth",
)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `jevons --help` stays fast."""
    for module, names in _EXPORTS.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'jevons' has no attribute {name!r}")
