"""The cost that a provider states in the body itself.

OpenRouter: `cost` is what it charged, plugin fees included; with `is_byok` it is only OpenRouter's
own fee and the tokens are billed elsewhere. Perplexity: `cost.total_cost`. xAI:
`cost_in_usd_ticks`, 1e-10 USD each. GitHub Copilot: nano-credits, one credit is 0.01 USD.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from jevons.usage.dialect import Dialect
from jevons.vocabulary.money import parse_amount, plain, unit_price

XAI_TICK: Final = Decimal("1e-10")
NANO_CREDIT: Final = Decimal("1e-11")
_DUST: Final = Decimal("1e-9")
"""Floats in a body add up to within this of what they mean; a fee is larger."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A stated cost in USD, what else the reader must know of it, and what is wrong with it."""

    cost: Decimal | None = None
    why: str | None = None
    anomalies: tuple[str, ...] = ()


SILENT: Final = Stated()

_PATHS: Final = {
    "openrouter": ("cost", Decimal(1)),
    "perplexity": ("cost.total_cost", Decimal(1)),
    "xai": ("cost_in_usd_ticks", XAI_TICK),
    "copilot": ("copilot_usage.total_nano_aiu", NANO_CREDIT),
}


def may_state_cost(dialect: Dialect, keys: Collection[str]) -> bool:
    """Whether a body with these top-level keys may say what was billed, or that others bill it."""
    if dialect.stated is None:
        return False
    return _PATHS[dialect.stated][0].partition(".")[0] in keys or "is_byok" in keys


def stated_cost(dialect: Dialect, fields: Mapping[str, Any]) -> Stated:
    """The stated cost of a flattened body."""
    if dialect.stated is None:
        return SILENT
    path, scale = _PATHS[dialect.stated]
    byok = dialect.stated == "openrouter" and fields.get("is_byok") is True
    if path not in fields:
        return Stated(why=_byok(None, fields)) if byok else SILENT
    amount = _amount(fields[path])
    if amount is None:
        return Stated(anomalies=(f"{path} is not an amount of money",))
    cost = unit_price(amount * scale)
    if byok:
        return Stated(why=_byok(cost, fields))
    return Stated(cost, _fee(cost, fields) if dialect.stated == "openrouter" else None)


def _amount(value: Any) -> Decimal | None:
    try:
        amount = parse_amount(value)
    except ValueError:
        return None
    return amount if 0 <= amount < 10**9 else None


def _upstream(fields: Mapping[str, Any]) -> Decimal | None:
    """What the provider behind OpenRouter asked for the tokens."""
    whole = _amount(fields.get("cost_details.upstream_inference_cost"))
    if whole is not None:
        return whole
    parts = [
        _amount(fields.get(f"cost_details.upstream_inference_{side}_cost"))
        for side in ("prompt", "completions")
    ]
    return None if None in parts else sum((p for p in parts if p is not None), Decimal(0))


def _byok(fee: Decimal | None, fields: Mapping[str, Any]) -> str:
    upstream = _upstream(fields)
    own = "" if fee is None else f"; OpenRouter's own fee is {plain(fee)} USD"
    bill = "" if upstream is None else f" (it names {plain(upstream)} USD)"
    return f"byok: the tokens are billed by the provider behind OpenRouter{bill}{own}"


def _fee(cost: Decimal, fields: Mapping[str, Any]) -> str | None:
    upstream = _upstream(fields)
    if upstream is None or abs(cost - upstream) < _DUST:
        return None
    difference = unit_price(cost - upstream)
    if difference > 0:
        return (
            f"plugin fee: {plain(difference)} USD of the stated {plain(cost)} USD is not for tokens"
        )
    return f"stated {plain(cost)} USD is {plain(-difference)} USD below the upstream cost"
