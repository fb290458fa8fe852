"""Whose call it was: dimensions and tags out of attributes, metadata, tag lists and the resource.

Only what is named to attribute passes: attributes that an alias knows, and the containers that
users fill for it (association properties, metadata, tags, resource). All other attributes of a
span stay out, prompts and answers among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from jevons.sources.otlp.emitters import Emitter, is_application
from jevons.sources.otlp.envelope import Attributes, Origin
from jevons.sources.otlp.payloads import literal
from jevons.vocabulary.attribution import dimension_of, dimensions, short_text, tag_labels, tags

Labels = list[tuple[str, Any]]

CONTAINERS: Final = (
    "traceloop.association.properties.",
    "ai.telemetry.metadata.",
    "langfuse.trace.metadata.",
    "langfuse.observation.metadata.",
)
"""Beginnings of attribute names; what follows is the user's own name for a label."""

METADATA: Final = ("metadata", "metadata.spend_logs_metadata", "metadata.requester_metadata")
"""Attributes that hold an object of labels as text (OpenInference, LiteLLM)."""

TAG_LISTS: Final = ("tag.tags", "langfuse.trace.tags", "langfuse.tags", "request_tags")

_FACTS: Final = {
    "ai.telemetry.functionId": "function",
    "agent_id": "agent_id",
    "query_source": "query_source",
    "effort": "effort",
    "litellm.model_group": "model_group",
}
"""Further attributes of single emitters that are worth a tag, and its name."""

_THREADS: Final = ("thread.id", "thread.name")
"""An operating system's thread in the conventions, so no conversation."""

_NOISE: Final = (
    "telemetry.", "process.", "host.", "os.", "os_version", "service.", "model_id", "container.id",
    "terminal.", "ls_", "lc_", "langgraph_", "checkpoint", "langfuse_", "headers", "trace_id",
    "generation_name", "used_client_oauth_token", "user_api_key", "installation.id",
)  # fmt: skip
"""Beginnings of names that describe a machine or a framework, not whose call it was."""

_PLACEHOLDERS: Final = ("default_user_id", "litellm_proxy_master_key")


def attribution_of(
    attributes: Attributes, origin: Origin, emitter: Emitter, ancestors: Iterable[Attributes] = ()
) -> tuple[dict[str, str], dict[str, str]]:
    """Dimensions and tags of a record. For each dimension the nearest layer that has it counts:
    the record itself, its containers, the spans above it, the resource."""
    named = _containers(attributes)
    # A gateway's resource says where the gateway runs, not who asked.
    resource = [] if emitter.gateway else list(origin.resource.items())
    if not is_application(emitter, origin.resource):
        resource = [(name, value) for name, value in resource if name != "service.name"]
    layers: list[Labels] = [_own(attributes), named]
    layers += [_inherited([*_own(above), *_containers(above)]) for above in ancestors]
    layers.append(resource)
    found: dict[str, str] = {}
    for layer in layers:
        for dimension, value in dimensions(layer).items():
            if value not in _PLACEHOLDERS and value != emitter.harness:
                found.setdefault(dimension, value)
    free = tags(label for label in (*named, *resource) if _tells(label[0]))
    return found, _facts(attributes) | free


def _tells(name: str) -> bool:
    return not name.startswith(_NOISE)


def _own(attributes: Attributes) -> Labels:
    named = [item for item in attributes.items() if item[0] not in _THREADS]
    return [(name.removeprefix("metadata."), value) for name, value in named]


def _inherited(labels: Labels) -> Labels:
    """What holds for the calls below a span too; the tool that runs above is not theirs."""
    return [(name, value) for name, value in labels if dimension_of(name) != "tool"]


def _facts(attributes: Attributes) -> dict[str, str]:
    found = {tag: short_text(attributes.get(name)) for name, tag in _FACTS.items()}
    return {tag: value for tag, value in found.items() if value is not None}


def _containers(attributes: Attributes) -> Labels:
    labels: Labels = []
    for name, value in attributes.items():
        if name.startswith(CONTAINERS):
            container = next(part for part in CONTAINERS if name.startswith(part))
            labels.append((name.removeprefix(container), _unquoted(value)))
    for name in METADATA:
        if held := literal(attributes.get(name)):
            labels += held.items()
            labels += tag_labels(_items(held.get("tags")))
    for name in TAG_LISTS:
        labels += tag_labels(_items(attributes.get(name)))
    return labels


def _unquoted(value: Any) -> Any:
    """Langfuse writes text of metadata as JSON text."""
    quoted = isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else value


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
