"""Outcome: what became of a task or run, as one source reported it; as JSON, `jevons.outcome/v1`.

A report is known by (source, id). A later report of the same id supersedes the earlier one and
nothing is deleted. The links say what the outcome speaks of; amounts and scores are decimal text,
so that they stay exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from jevons.vocabulary.rejection import Rejection

OUTCOME_SCHEMA: Final = "jevons.outcome/v1"

Status = Literal["succeeded", "failed", "abandoned", "unknown"]
Grade = Literal["measured", "sampled", "estimated"]

STATUSES: Final[tuple[str, ...]] = ("succeeded", "failed", "abandoned", "unknown")
"""What can become of work. unknown: it is not decided, or nobody said."""

GRADES: Final[tuple[str, ...]] = ("measured", "sampled", "estimated")
"""How a value is known, strongest first; in a sum the weakest counts (Tokenomics Foundation, value
classification RC2)."""

LINKS: Final[tuple[str, ...]] = (
    "run", "response_id", "trace_id", "session", "task", "pull_request",
)  # fmt: skip
"""What an outcome may speak of, narrowest first: the first one that is given decides."""

FIGURES: Final[tuple[str, ...]] = (
    "quality", "quality_floor", "value", "loss", "human_minutes", "baseline_minutes",
    "baseline_cost",
)  # fmt: skip
"""The exact decimal fields, as text in JSON."""


class Outcome(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One report of what became of something, immutable once stored.

    id: the source's own id, one per outcome. time: when it was observed (RFC 3339 UTC text or epoch
    microseconds); of several reports of an id the latest counts, of equally late ones that with the
    highest revision. quality: a score; below quality_floor the outcome is no success. value: what
    it was worth in USD, known as value_provenance says. loss: what it cost beyond the work, in USD
    (a refund, an incident). human_minutes: time that people spent on reviewing, supervising and
    reworking it. baseline_minutes, baseline_cost: what the same work takes without AI.
    """

    id: str
    time: int | str
    source: str = "outcomes"
    schema: str = OUTCOME_SCHEMA
    revision: int = 0
    status: Status = "unknown"
    run: str | None = None
    response_id: str | None = None
    trace_id: str | None = None
    session: str | None = None
    task: str | None = None
    pull_request: str | None = None
    quality: str | None = None
    quality_floor: str | None = None
    value: str | None = None
    value_provenance: Grade | None = None
    loss: str | None = None
    loss_kind: str | None = None
    human_minutes: str | None = None
    baseline_minutes: str | None = None
    baseline_cost: str | None = None
    labels: dict[str, str] = {}


_REQUEST: Final = re.compile(
    r"https?://(?:www\.|api\.)?([^/\s]+)/(?:repos/)?([^/\s]+)/([^/\s]+)/pulls?/(\d+)(?:[/?#].*)?"
)
_MERGE: Final = re.compile(r"https?://([^/\s]+)/(\S+?)/-/merge_requests/(\d+)(?:[/?#].*)?")


def pull_request_id(text: str) -> str:
    """The one name of a pull request: `owner/repository#42`, before it the host if that is not
    github.com. Addresses are turned into it, any other text is returned as it is."""
    if found := _REQUEST.fullmatch(text):
        host, owner, repository, number = found.groups()
        place = "" if host.lower() == "github.com" else f"{host.lower()}/"
        return f"{place}{owner}/{repository}#{number}"
    if found := _MERGE.fullmatch(text):
        host, path, number = found.groups()
        return f"{host.lower()}/{path}!{number}"
    return text


class OutcomeSource(Protocol):
    """A reader of one format of outcomes. name: as stored with what it reads."""

    name: str

    def recognise(self, path: Path, head: bytes) -> bool:
        """Whether the file is of this format, judged by its first 64 KiB."""
        ...

    def read(self, path: Path) -> Iterator[Outcome | Rejection]:
        """Read the whole file. Raises OSError; bad content is a Rejection."""
        ...
