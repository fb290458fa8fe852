"""The ways in for outcomes: one module per format, each with a `READER`."""

from __future__ import annotations

from typing import Final

from jevons.sources.outcomes import evaluations, github, langfuse, lines, pr_links, table
from jevons.vocabulary.outcome import OutcomeSource

READERS: Final[dict[str, OutcomeSource]] = {
    reader.name: reader
    for reader in (
        lines.READER,
        pr_links.READER,
        github.READER,
        langfuse.READER,
        evaluations.READER,
        table.READER,
    )
}
"""Every reader by name, in the order in which they are asked to recognise a file."""
