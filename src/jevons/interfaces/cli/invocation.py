"""One run of the command line: its flags, settings, terminal, and the books that it opens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import click

from jevons.app.settings import Settings, environment, load
from jevons.interfaces.cli.terminal import Terminal, detect

if TYPE_CHECKING:
    from datetime import datetime

    from jevons.app.use_cases import Jevons
    from jevons.interfaces.cli.progress import ProgressLine


class Invocation:
    """What a command works with; the settings are resolved when first asked for, after all
    flags."""

    def __init__(self) -> None:
        self.flags: dict[str, str] = {}

    @cached_property
    def settings(self) -> Settings:
        """The effective settings."""
        return load(self.flags)

    @cached_property
    def terminal(self) -> Terminal:
        """Where results go: standard output."""
        return detect(sys.stdout, self.settings.color, environment())

    def progress(self) -> ProgressLine:
        """A progress line on the error stream."""
        from jevons.interfaces.cli.progress import ProgressLine

        return ProgressLine(detect(sys.stderr, self.settings.color, environment()))

    @contextmanager
    def books(self) -> Iterator[Jevons]:
        """Open the ledger for the length of a command."""
        from jevons.app.wiring import open_jevons

        with open_jevons(self.settings) as books:
            yield books

    def now(self) -> datetime:
        """The current instant, asked of the composition root."""
        from datetime import timedelta

        from jevons.app.wiring import now_us
        from jevons.vocabulary.period import EPOCH

        return EPOCH + timedelta(microseconds=now_us())


def current(context: click.Context | None = None) -> Invocation:
    """The invocation that a command belongs to."""
    context = click.get_current_context() if context is None else context
    return context.find_root().ensure_object(Invocation)


class ReaderLeft(Exception):
    """Whoever read our output closed it (`| head`): nothing is left to do, nothing is wrong."""


def say(*lines: str) -> None:
    """Print lines to standard output. Raises ReaderLeft when nobody reads it any more."""
    try:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    except BrokenPipeError as problem:
        raise ReaderLeft from problem
