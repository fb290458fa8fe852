"""The rules of purposes of a home: the shipped ones, and those of its own file before them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from jevons.analysis.purposes import Ruleset, read_rules
from jevons.vocabulary.errors import UsageError

RULES_FILE: Final = "purposes.toml"
"""Name of a company's own rules inside the ledger's home."""


def shipped_rules() -> str:
    """The text of the shipped rules."""
    return (resources.files("jevons.analysis") / "purposes.toml").read_text(encoding="utf-8")


def load_rules(home: Path) -> Ruleset:
    """The rules of a home. Raises UsageError for a file that cannot be read or is wrong."""
    path = home / RULES_FILE
    try:
        own = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        own = None
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            f"the rules in {path} cannot be read: {problem}", remedy="Mend or remove the file."
        ) from problem
    return read_rules(shipped_rules(), own, str(path))
