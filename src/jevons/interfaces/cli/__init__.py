"""The command line. Only this entry point is imported at start; commands load what they need."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process and exit with its code (the `jevons` script)."""
    from jevons.interfaces.cli.program import run

    sys.exit(run())
