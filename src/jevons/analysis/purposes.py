"""What a call was for: rules as data, and the reference classifier that reads like them.

A rule looks at facts of the call (names, operation, how it ended) and at two flags of its place in
the run, which `places` works out: whether it *repeats* an answered call, and whether it *ends* the
run. The first rule that matches decides; a call that none matches is `unknown`, never the nearest
guess. `jevons.stores.assignment` has the same in SQL for millions of calls; both are equal.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from jevons.vocabulary.errors import UsageError

PURPOSES: Final = (
    "answer", "plan", "verify", "retry", "retrieve", "tool", "sub-agent", "guardrail",
    "housekeeping", "unknown",
)  # fmt: skip
"""What a call can be for."""

UNKNOWN: Final = "unknown"
NO_RULE: Final = "no-rule"
"""The id that stands for: no rule matched."""

MAIN_LINE: Final = frozenset(("answer", "plan", "tool", "unknown"))
"""Purposes of the steps that carry a run on; the others stand beside it and do not end it."""

FIELDS: Final = (
    "stated", "operation", "finish_reason", "agent", "tool", "model", "harness", "application",
    "task_type", "run", "parent_run", "status",
)  # fmt: skip
"""Facts that a rule can look at; `stated` is the purpose that the caller gave. Also `tag.NAME`."""

Facts = Mapping[str, str | None]
"""Field -> its value, None or missing when not known."""

_KEYS: Final = {
    "id", "purpose", "why", "when", "absent", "repeats", "ends", "example",
}  # fmt: skip
_SIGNS: Final = {"*": ".*", "_": "[-_./: ]?"}
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: all of its conditions must hold.

    when: (field, patterns), one of the patterns must match. absent: fields without a value.
    repeats, ends: flags that must be set. own: from the company's own file.
    """

    id: str
    purpose: str
    why: str
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    absent: tuple[str, ...] = ()
    repeats: bool = False
    ends: bool = False
    example: tuple[tuple[str, str], ...] = ()
    own: bool = False

    def matches(self, facts: Facts, *, repeats: bool, ends: bool) -> bool:
        """Whether the rule decides for these facts, if no rule before it does."""
        if (self.repeats and not repeats) or (self.ends and not ends):
            return False
        if any(facts.get(field) is not None for field in self.absent):
            return False
        return all(matches(patterns, facts.get(field)) for field, patterns in self.when)


def matches(patterns: Iterable[str], value: str | None) -> bool:
    """Whether one of the patterns matches a value; nothing matches a value that is not known."""
    if value is None:
        return False
    return any(_compiled(pattern).fullmatch(value) is not None for pattern in patterns)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` is any text, `_` any separator or none; letters match in either case."""
    parts = [_SIGNS.get(sign) or re.escape(sign) for sign in pattern]
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules in the order in which they are tried. version: a hash of all that can decide."""

    rules: tuple[Rule, ...]
    version: str

    def decide(self, facts: Facts, *, repeats: bool = False, ends: bool = False) -> Rule | None:
        """The rule that decides for a call, None when there is none (the call is `unknown`)."""
        for rule in self.rules:
            if rule.matches(facts, repeats=repeats, ends=ends):
                return rule
        return None

    def purpose(self, facts: Facts, *, repeats: bool = False, ends: bool = False) -> str:
        """What a call was for."""
        rule = self.decide(facts, repeats=repeats, ends=ends)
        return UNKNOWN if rule is None else rule.purpose


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a run, for `places`. time, key: order (epoch microseconds, then any tie-breaker).
    prompt: hash of its whole prompt. failed: it got no answer. step: its step in the run."""

    facts: Facts
    time: int
    key: bytes
    prompt: int | None = None
    failed: bool = False
    step: str | None = None


def places(calls: Sequence[Call], ruleset: Ruleset) -> list[tuple[bool, bool]]:
    """For every call of one run: whether it repeats an answered call, and whether it ends the run.

    A call repeats an earlier one of the run that had the same prompt, block for block, and was
    answered: what is asked again after a failure is the first answer, no retry. The last answered
    call of the main line that repeats nothing ends the run, together with the failed attempts at
    the same step; guardrails, housekeeping, retrieval and the like stand beside the main line.
    """
    first: dict[int, tuple[int, bytes]] = {}
    for call in calls:
        if call.prompt is not None and not call.failed:
            place = (call.time, call.key)
            first[call.prompt] = min(first.get(call.prompt, place), place)
    repeats = [
        call.prompt is not None
        and call.prompt in first
        and (call.time, call.key) > first[call.prompt]
        for call in calls
    ]
    line = [
        call
        for call, again in zip(calls, repeats, strict=True)
        if not again and not call.failed and ruleset.purpose(call.facts) in MAIN_LINE
    ]
    if not line:
        return [(again, False) for again in repeats]
    last = max(line, key=lambda call: (call.time, call.key))
    return [
        (again, call is last or (call.failed and last.step is not None and call.step == last.step))
        for call, again in zip(calls, repeats, strict=True)
    ]


def classify(calls: Sequence[Call], ruleset: Ruleset) -> list[tuple[str, str]]:
    """(purpose, id of the rule) of every call of one run."""
    found = []
    for call, (again, ends) in zip(calls, places(calls, ruleset), strict=True):
        rule = ruleset.decide(call.facts, repeats=again, ends=ends)
        found.append((UNKNOWN, NO_RULE) if rule is None else (rule.purpose, rule.id))
    return found


def read_rules(shipped: str, own: str | None = None, place: str = "purposes.toml") -> Ruleset:
    """The rules of the shipped text and of a company's own text (TOML).

    Own rules are tried first; one with the id of a shipped rule takes its place instead. `off` in
    the own text lists ids of shipped rules that do not count. Raises UsageError that names `place`.
    """
    rules = _rules(tomllib.loads(shipped), "the shipped rules")
    if own is not None:
        try:
            document = tomllib.loads(own)
        except tomllib.TOMLDecodeError as problem:
            raise UsageError(
                f"{place} is not TOML: {problem}", remedy="Mend or remove the file."
            ) from problem
        rules = _overridden(rules, document, place)
    deciding = [(r.id, r.purpose, r.when, r.absent, r.repeats, r.ends) for r in rules]
    return Ruleset(tuple(rules), blake2b(repr(deciding).encode(), digest_size=6).hexdigest())


def _overridden(shipped: list[Rule], document: Mapping[str, Any], place: str) -> list[Rule]:
    off = _texts(document.get("off", []), f"{place}: off")
    known = {rule.id for rule in shipped}
    for name in off:
        if name not in known:
            raise _wrong(f"{place}: off names {name!r}, which is no shipped rule", sorted(known))
    own = _rules(document, place, own=True)
    replaced = {rule.id: rule for rule in own if rule.id in known}
    first = [rule for rule in own if rule.id not in known]
    kept = [replaced.get(rule.id, rule) for rule in shipped if rule.id not in off]
    return [*first, *kept]


def _rules(document: Mapping[str, Any], place: str, *, own: bool = False) -> list[Rule]:
    unknown = document.keys() - {"rule", "off"}
    if unknown or not isinstance(document.get("rule", []), list):
        what = f"{place} has {sorted(unknown)}" if unknown else f"{place}: rule is not a table list"
        raise _wrong(what, ["off", "rule"])
    found: list[Rule] = []
    for number, entry in enumerate(document.get("rule", []), 1):
        if not isinstance(entry, dict):
            raise _wrong(f"{place}: rule {number} is not a table", ["[[rule]]"])
        rule = _rule(entry, f"{place}: rule {entry.get('id', number)}", own=own)
        if any(rule.id == other.id for other in found):
            raise UsageError(f"{place} has two rules {rule.id}", remedy="Give each its own id.")
        found.append(rule)
    return found


def _rule(entry: Mapping[str, Any], place: str, *, own: bool) -> Rule:
    if unknown := entry.keys() - _KEYS:
        raise _wrong(f"{place} has {sorted(unknown)}", sorted(_KEYS))
    name, purpose, why = (entry.get(key) for key in ("id", "purpose", "why"))
    if not isinstance(name, str) or not _ID.match(name) or name == NO_RULE:
        raise UsageError(
            f"{place}: id is not a name", remedy="Use lower-case words joined by hyphens."
        )
    if purpose not in PURPOSES:
        raise _wrong(f"{place}: {purpose!r} is no purpose", list(PURPOSES))
    if not isinstance(why, str) or not why.strip():
        raise UsageError(f"{place}: why is missing", remedy="Say in a sentence why it holds.")
    rule = Rule(
        id=name,
        purpose=str(purpose),
        why=why.strip(),
        when=_when(entry.get("when", {}), place),
        absent=tuple(_field(field, place) for field in _texts(entry.get("absent", []), place)),
        repeats=_flag(entry, "repeats", place),
        ends=_flag(entry, "ends", place),
        example=_example(entry.get("example", {}), place),
        own=own,
    )
    if not (rule.when or rule.absent or rule.repeats or rule.ends):
        raise UsageError(
            f"{place} would match every call", remedy="Give it a condition under `when`."
        )
    return rule


def _when(value: Any, place: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise UsageError(
            f"{place}: when is not a table", remedy='Write when = { agent = ["planner"] }.'
        )
    found = []
    for field, patterns in value.items():
        texts = tuple(_texts(patterns, f"{place}: when.{field}"))
        if not texts:
            raise UsageError(f"{place}: when.{field} is empty", remedy="Give it a pattern.")
        found.append((_field(field, place), texts))
    return tuple(found)


def _field(name: str, place: str) -> str:
    if name in FIELDS or (name.startswith("tag.") and len(name) > len("tag.")):
        return name
    raise _wrong(f"{place}: unknown field {name!r}", [*FIELDS, "tag.NAME"])


def _texts(value: Any, place: str) -> list[str]:
    if isinstance(value, list) and all(isinstance(one, str) and one for one in value):
        return value
    raise UsageError(f"{place} is not a list of texts", remedy='Write for example ["planner"].')


def _flag(entry: Mapping[str, Any], name: str, place: str) -> bool:
    value = entry.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"{place}: {name} is neither true nor false", remedy="Write true.")
    return value


def _example(value: Any, place: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UsageError(
            f"{place}: example is not a table of texts", remedy='Write { agent = "planner" }.'
        )
    return tuple((_field(name, place), text) for name, text in value.items())


def _wrong(what: str, allowed: Iterable[str]) -> UsageError:
    return UsageError(what, remedy=f"It may be: {', '.join(allowed)}.")
