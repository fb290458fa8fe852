"""The names by which tools call our dimensions: one alias table for tags, metadata and attributes.

`team.id`, `teamId` and `team_id` are one name. What no alias knows stays a free tag, if it is a
short scalar and its name does not promise content: no prompt or answer text may pass here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "organisation": (
        "organisation", "organization", "organisation_id", "organization_id", "org", "org_id",
        "user_api_key_org_alias", "user_api_key_org_id",
    ),
    "team": (
        "team", "team_name", "team_alias", "user_api_key_team_alias", "team_id",
        "user_api_key_team_id",
    ),
    "person": (
        "person", "user_id", "user", "langfuse_user_id", "enduser_id", "user_api_key_user_id",
        "user_email", "user_api_key_user_email",
    ),
    "project": (
        "project", "project_name", "user_api_key_project_alias", "project_id",
        "user_api_key_project_id",
    ),
    "application": ("application", "app", "app_name", "service_name"),
    "environment": (
        "environment", "env", "deployment_environment_name", "deployment_environment",
        "langfuse_environment",
    ),
    "customer": (
        "customer", "customer_name", "customer_id", "tenant", "tenant_id", "end_user",
        "end_user_id", "user_api_key_end_user_id",
    ),
    "key": ("key_alias", "api_key_alias", "user_api_key_alias"),
    "task_type": ("task_type", "use_case"),
    "task": (
        "task", "task_id", "ticket", "ticket_id", "issue", "issue_id", "job_id", "pull_request",
    ),
    "session": (
        "session", "session_id", "gen_ai_conversation_id", "conversation_id", "langfuse_session_id",
        "thread_id", "chat_id",
    ),
    "run": ("run", "agent_run_id"),
    "agent": ("agent", "gen_ai_agent_name", "agent_name", "lc_agent_name"),
    "tool": ("tool", "gen_ai_tool_name", "tool_name"),
    "purpose": ("purpose",),
}  # fmt: skip
"""Dimension -> its names in plain form (`plain_name`), the one that counts most first."""

TAG_LENGTH: Final = 200
TAG_LIMIT: Final = 32
"""A tag's value has at most 200 characters, an observation at most 32 tags."""

_RANKS: Final = {
    alias: (dimension, rank)
    for dimension, aliases in ALIASES.items()
    for rank, alias in enumerate(aliases)
}
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CONTENT: Final = re.compile(
    r"message|prompt|completion|input|output|content|instruction|query|question|answer|response"
    r"|text|result|argument|password|secret|credential|authorization|token"
)
_CLAUDE_CODE: Final = re.compile(r"user_.*_session_([\w-]+)\Z")
_CLAUDE_CODE_JSON: Final = re.compile(r'"session_id"\s*:\s*"([\w-]+)"')
_CLAUDE_CODE_DEVICE: Final = re.compile(r'(?:\Auser_|"device_id"\s*:\s*")([0-9a-f]{16,})')
_NAME: Final = re.compile(r"[\w .:/@#-]{1,64}\Z")


def plain_name(name: str) -> str:
    """A name in the form that the alias table uses: `userId`, `user.id`, `user-id` -> `user_id`."""
    return _CAMEL.sub("_", name).replace("-", "_").replace(".", "_").lower()


@lru_cache(maxsize=4096)
def _ranked(name: str) -> tuple[str, int] | None:
    return _RANKS.get(plain_name(name))


def dimension_of(name: str) -> str | None:
    """The dimension that a tool's name means, None when it means none."""
    found = _ranked(name)
    return found[0] if found else None


def short_text(value: Any) -> str | None:
    """A short scalar as text; None for nothing, for containers and for anything long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str) and 0 < len(value.strip()) <= TAG_LENGTH and "\n" not in value:
        return value.strip()
    return None


def dimensions(labels: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The dimensions among labels of one origin; of several names the foremost alias counts."""
    found: dict[str, tuple[int, str]] = {}
    for name, value in labels:
        ranked = _ranked(name)
        text = short_text(value) if ranked else None
        if ranked is None or text is None:
            continue
        dimension, rank = ranked
        if dimension not in found or rank < found[dimension][0]:
            found[dimension] = (rank, text)
    return _with_claude_code({dimension: text for dimension, (_, text) in found.items()})


def _with_claude_code(found: dict[str, str]) -> dict[str, str]:
    """Claude Code's user id, which a gateway takes for a user's, names the session too."""
    for dimension in ("person", "customer"):
        if held := claude_code_user(found.get(dimension)):
            del found[dimension]
            found = {**held, **found}
    return found


def claude_code_user(user_id: str | None) -> dict[str, str] | None:
    """Person and session in the `metadata.user_id` that Claude Code sends; None for any other.

    Text `user_<device>_account_<uuid>_session_<uuid>`, or a JSON object since 2.1.
    """
    if user_id is None:
        return None
    known = _CLAUDE_CODE.match(user_id) or (
        user_id.startswith("{") and _CLAUDE_CODE_JSON.search(user_id)
    )
    if not known:
        return None
    device = _CLAUDE_CODE_DEVICE.search(user_id)
    person = {"person": device[1]} if device else {}
    return {"session": known[1], **person}


def tags(labels: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The labels that are no dimension, as free tags; the first value of a name counts."""
    found: dict[str, str] = {}
    for name, value in labels:
        text = short_text(value)
        if text is None or dimension_of(name) or not is_tag_name(name):
            continue
        if len(found) < TAG_LIMIT:
            found.setdefault(name, text)
    return found


def is_tag_name(name: str) -> bool:
    """Whether a label of this name may become a tag: a short name that promises no content."""
    return bool(_NAME.match(name)) and not _CONTENT.search(name.lower())


def tag_labels(items: Iterable[Any]) -> list[tuple[str, str]]:
    """Labels of a list of tags: `team:payments` and `team=payments` are pairs, `beta` is `true`."""
    labels = []
    for item in items:
        if not isinstance(item, str) or item.startswith("User-Agent:"):
            continue
        name, mark, value = item.partition(":" if ":" in item else "=")
        if mark and name.strip() and value.strip():
            labels.append((name.strip(), value.strip()))
        elif not mark:
            labels.append((item.strip(), "true"))
    return labels
