"""What a rollout says of its thread: identity, parent, model, where a replay of the parent ends.

A thread is Codex's conversation. The first `session_meta` line of a file describes the file's own
thread; later ones were copied from the thread that it was forked from. Session and run: the session
is the root thread; a sub-agent's thread is a run of its own below the thread that spawned it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

import msgspec

from jevons.vocabulary.source import State

NAME: Final = "codex"

REPLAY_US: Final = 1_000_000
"""A forked file begins with a copy of its parent's lines, written at once: where no turn ids tell
the copy apart, what comes within this time (microseconds) of the first line belongs to it."""

_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-")
_OPENAI: Final = re.compile(r"(gpt-(?!oss)|o\d|codex|chatgpt-|computer-use)")
_LABELS: Final = frozenset(("codex-auto-review",))
"""Names that stand where a model stands but are none."""

_SELLERS: Final = frozenset((
    "azure", "amazon-bedrock", "openrouter", "groq", "together", "fireworks", "deepseek", "mistral",
    "xai", "cerebras", "github-copilot", "ollama", "ollama-chat", "lmstudio", "oss",
))  # fmt: skip
"""Values of `model_provider` that name a provider of its own, whatever the model's name."""


class Payload(msgspec.Struct):
    """What matters of a rollout line's payload, over all its types."""

    type: str | None = None
    # session_meta
    id: str | None = None
    session_id: str | None = None
    forked_from_id: str | None = None
    parent_thread_id: str | None = None
    source: Any = None
    agent_role: str | None = None
    cwd: str | None = None
    cli_version: str | None = None
    model_provider: str | None = None
    git: Any = None
    # turn_context, task_started
    turn_id: str | None = None
    model: str | None = None
    effort: Any = None
    service_tier: Any = None
    # token_usage_record
    thread_id: str | None = None
    response_id: str | None = None
    usage: dict[str, Any] | None = None
    # token_count
    info: dict[str, Any] | None = None


class Thread(msgspec.Struct, omit_defaults=True):
    """The context of a rollout's lines, kept between imports.

    started: time of the file's first line, epoch microseconds. forked: the file begins with a copy
    of another thread's lines; replaying: the copy is not over yet. records: `token_usage_record`
    was seen. total: the last cumulative counters.
    """

    id: str | None = None
    session: str | None = None
    parent: str | None = None
    started: int | None = None
    forked: bool = False
    replaying: bool = False
    has_turn_ids: bool = False
    records: bool = False
    total: dict[str, int] | None = None
    model: str | None = None
    model_provider: str | None = None
    effort: str | None = None
    service_tier: str | None = None
    agent: str | None = None
    version: str | None = None
    project: str | None = None
    git_branch: str | None = None

    def begin(self, meta: Payload, time: int | None) -> None:
        """Learn from a `session_meta` line: only the first one is the file's own."""
        if self.id is not None:
            return
        spawned = _spawned(meta.source)
        self.id = meta.id
        self.session = meta.session_id or meta.id
        parent = meta.parent_thread_id or spawned.get("parent_thread_id")
        if parent is None and spawned and self.session != self.id:
            parent = self.session
        self.parent = parent if isinstance(parent, str) else None
        if self.parent and self.session == self.id:
            self.session = self.parent
        self.started = time
        self.forked = self.replaying = bool(meta.forked_from_id or self.parent)
        self.agent = meta.agent_role or spawned.get("agent_role") or spawned.get("kind")
        self.version = meta.cli_version
        self.project = _folder(meta.cwd)
        self.model_provider = meta.model_provider
        self.git_branch = _short(meta.git.get("branch")) if isinstance(meta.git, dict) else None

    def turn(self, context: Payload) -> None:
        """Learn from a `turn_context` or `task_started` line.

        Thread and turn ids are UUIDs of version 7, which begin with the time of their making: a
        turn that is older than the thread was copied from the parent.
        """
        if context.model:
            self.model = context.model
            self.effort = _short(context.effort)
            self.service_tier = _short(context.service_tier)
        made, turned = _made(self.id), _made(context.turn_id)
        if self.forked and made is not None and turned is not None:
            self.has_turn_ids = True
            self.replaying = turned < made

    def is_replayed(self, time: int) -> bool:
        """Whether a usage line at `time` is part of the copy; ends the copy by time if need be."""
        if self.replaying and not self.has_turn_ids and self.started is not None:
            self.replaying = time - self.started < REPLAY_US
        return self.replaying


def restored(state: State) -> Thread:
    """The thread as an earlier import left it in `state`, or a new one."""
    return msgspec.convert(state.get("thread", {}), Thread)


def provider_of(thread: Thread, model: str | None) -> str:
    """Who is paid for the calls.

    The name of the provider in Codex's settings may be anything. One that is not known, in front of
    a model of OpenAI's, is taken for a proxy to OpenAI (its name is kept as the tag
    `model_provider`); in front of another model it is the provider.
    """
    name = thread.model_provider or "openai"
    if name in _SELLERS:
        return name
    known = name == "openai" or model is None or _OPENAI.match(model.rpartition("/")[2])
    return "openai" if known else name


def model_name(name: str | None) -> str | None:
    """A model's name, None for a label that is not a model."""
    return None if name in _LABELS else name


def _spawned(source: Any) -> dict[str, Any]:
    """What `source` says of a sub-agent: `kind`, and who spawned it; {} for other sources."""
    subagent = source.get("subagent") if isinstance(source, dict) else None
    if isinstance(subagent, str):
        return {"kind": subagent}
    if not isinstance(subagent, dict):
        return {}
    spawn = subagent.get("thread_spawn")
    if isinstance(spawn, dict):
        return {key: value for key, value in spawn.items() if isinstance(value, str)}
    other = subagent.get("other")
    return {"kind": other} if isinstance(other, str) else {"kind": "subagent"}


def _made(identifier: str | None) -> int | None:
    """When a UUID of version 7 was made, epoch milliseconds; None for another id."""
    if identifier is None or not _UUID7.match(identifier):
        return None
    return int(identifier[:8] + identifier[9:13], 16)


def _short(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def _folder(cwd: str | None) -> str | None:
    if not cwd:
        return None
    return (PureWindowsPath(cwd) if "\\" in cwd else PurePosixPath(cwd)).name or None
