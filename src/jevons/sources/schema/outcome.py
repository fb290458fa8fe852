"""The published JSON Schema of `jevons.outcome/v1`, rendered from the Outcome type."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from jevons.vocabulary.outcome import FIGURES, LINKS, OUTCOME_SCHEMA, Outcome

FILE: Final = "outcome-v1.schema.json"
"""Name of the published file, beside this module."""

DESCRIPTIONS: Final[dict[str, str]] = {
    "id": "The source's own id of the outcome; a later report of it supersedes the earlier ones.",
    "time": (
        "When it was observed: RFC 3339 text (UTC without a zone) or epoch microseconds. Of "
        "several reports of an id the latest counts."
    ),
    "source": "Who reports it; an outcome is known by source and id.",
    "schema": "The version of this format.",
    "revision": "Of equally late reports of an id the one with the highest revision counts.",
    "status": "What became of it. unknown: not decided yet.",
    "run": "The run that it is the outcome of.",
    "response_id": "The provider's id of the response that it is the outcome of.",
    "trace_id": "The OpenTelemetry trace (32 hexadecimal digits) that it is the outcome of.",
    "session": "The session that it is the outcome of.",
    "task": "The task that it is the outcome of.",
    "pull_request": (
        "The pull request that it is the outcome of: owner/repository#42 or its address. Given "
        "together with a narrower link, it also ties that to the pull request."
    ),
    "quality": "A score.",
    "quality_floor": "A score below this is no success.",
    "value": "What it was worth, in USD.",
    "value_provenance": "How the value is known; estimated unless said.",
    "loss": "What it cost beyond the work, in USD.",
    "loss_kind": "What the loss was: refund, incident, ...",
    "human_minutes": "Minutes that people spent on reviewing, supervising and reworking it.",
    "baseline_minutes": "Minutes that the same work takes people without AI.",
    "baseline_cost": "What the same work costs without AI, in USD.",
    "labels": "Free labels: text to text, at most 32, values of at most 200 characters.",
}
"""What every field means."""

_NUMBER: Final = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"


def render() -> str:
    """The schema as JSON text. Raises KeyError for a field without a description."""
    components = msgspec.json.schema(Outcome)["$defs"]["Outcome"]
    fields: dict[str, Any] = {}
    for name, kind in components["properties"].items():
        fields[name] = {"description": DESCRIPTIONS[name], **kind}
        if name in FIGURES:
            text = {"type": "string", "pattern": _NUMBER}
            fields[name].pop("anyOf")
            fields[name]["anyOf"] = [text, {"type": "number"}, {"type": "null"}]
    fields["schema"]["const"] = OUTCOME_SCHEMA
    fields["id"]["minLength"] = 1
    fields["revision"]["minimum"] = 0
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:jevons:schema:outcome-v1",
        "title": OUTCOME_SCHEMA,
        "description": "One line of a jevons.outcome/v1 file: what one source reported of what "
        "became of a task or run. Fields that are not listed are accepted and named in the label "
        "jevons.unknown_fields; their values are not kept.",
        "type": "object",
        "required": components["required"],
        "anyOf": [{"required": [name]} for name in LINKS],
        "properties": fields,
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    Path(__file__).with_name(FILE).write_text(render(), encoding="utf-8")
