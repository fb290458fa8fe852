"""The names of the effects, their groups, and which step of the factor tree each one is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Group = Literal["Price", "Volume", "Mix", "Lines", "Other"]
Method = Literal["shapley", "lmdi"]

TOKEN_KIND_MIX: Final = "token_kind_mix"


@dataclass(frozen=True, slots=True)
class Effect:
    """One named effect. part_of: the effect that it is a part of, '' if none. meaning: what makes
    it move, in words."""

    name: str
    group: Group
    meaning: str
    part_of: str = ""


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("list_price", "Price", "the public price of the same model, tier and kind of token"),
    Effect("contract", "Price", "what is paid of a list price: discounts, plans"),
    Effect("tasks", "Volume", "more or fewer tasks in all"),
    Effect("calls_per_task", "Volume", "more or fewer calls for a task: steps, retries"),
    Effect("tokens_per_call", "Volume", "longer or shorter calls"),
    Effect("task_mix", "Mix", "which teams and task types the tasks belong to"),
    Effect("model_mix", "Mix", "which model, tier and batch mode does the same work"),
    Effect("fresh_input", "Mix", "the share of input that no cache had", TOKEN_KIND_MIX),
    Effect("cache", "Mix", "the share of tokens read from or written to a cache", TOKEN_KIND_MIX),
    Effect("visible_output", "Mix", "the share of answers that are seen", TOKEN_KIND_MIX),
    Effect("reasoning", "Mix", "the share of hidden reasoning", TOKEN_KIND_MIX),
    Effect("tool", "Mix", "paid tool uses per call", TOKEN_KIND_MIX),
    Effect("other_usage", "Mix", "what is neither token nor fee, per call", TOKEN_KIND_MIX),
    Effect("adjustment", "Mix", "stated beyond the price, per call", TOKEN_KIND_MIX),
    Effect("unsplit", "Mix", "stated costs that no price explains, per call", TOKEN_KIND_MIX),
    Effect("new", "Lines", "teams and task types that had no calls before"),
    Effect("discontinued", "Lines", "teams and task types that have no calls any more"),
    Effect("price_known", "Other", "how much of the usage has a known price at all"),
    Effect("other_charges", "Other", "charges that are not calls: seats, people, capacity"),
)
"""Every effect, in report order."""

STEPS: Final = (
    "tasks", "task_mix", "calls_per_task", "model_mix", "tokens_per_call", "kind", "model_mix",
    "price_known", "list_price", "contract",
)  # fmt: skip
"""The steps of the factor tree, from the number of all tasks to the cost of a line: the effect that
each one is. `kind` stands for the name of the line's kind; the model is chosen in two steps, first
the seat, then the model in it."""

KIND_EFFECT: Final = {
    "fresh_input": "fresh_input",
    "cache_read": "cache",
    "cache_write": "cache",
    "visible_output": "visible_output",
    "reasoning": "reasoning",
    "tool": "tool",
    "other_usage": "other_usage",
    "adjustment": "adjustment",
    "unsplit": "unsplit",
}
"""Kind of a line -> the effect of its share."""


@cache
def step_names(kind: str, *, by_calls: bool) -> tuple[str, ...]:
    """The effects that the steps of a line are. by_calls: the line has a cost but no quantity to
    price, so that its cost per call stands where the list price would, under the kind's name."""
    name = KIND_EFFECT[kind]
    names = {"kind": name, "list_price": name if by_calls else "list_price"}
    return tuple(names.get(step, step) for step in STEPS)
