"""What the output can show: its width, its characters, colour; and text made safe to print
there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

FALLBACK_WIDTH: Final = 80
"""Columns assumed of a terminal that does not tell its size."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the tables, in Unicode or in ASCII for terminals that have nothing else."""

    unknown: str = "—"
    at_least: str = "≥"
    about: str = "~"
    ellipsis: str = "…"
    rule: str = "─"
    minus: str = "−"
    dot: str = " · "


UNICODE: Final = Glyphs()
ASCII: Final = Glyphs(unknown="n/a", at_least=">=", ellipsis="..", rule="-", minus="-", dot="; ")


def glyphs_for(encoding: str | None) -> Glyphs:
    """The richest signs that text in this encoding can hold."""
    signs = "".join(
        (UNICODE.unknown, UNICODE.at_least, UNICODE.ellipsis, UNICODE.rule, UNICODE.minus)
    )
    try:
        (signs + UNICODE.dot).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where output goes. width: columns, None = no limit (a file or a pipe). live: a person
    watches."""

    width: int | None = None
    glyphs: Glyphs = UNICODE
    color: bool = False
    live: bool = False

    def strong(self, text: str) -> str:
        """Text that stands out (headings, totals)."""
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    def faint(self, text: str) -> str:
        """Text that steps back (notes)."""
        return f"\x1b[2m{text}\x1b[0m" if self.color else text

    def alarm(self, text: str) -> str:
        """Text that tells of something wrong; colour only repeats what the words say."""
        return f"\x1b[31m{text}\x1b[0m" if self.color else text


def detect(stream: TextIO, color: str, variables: Mapping[str, str]) -> Terminal:
    """Look at a stream. color: `auto`, `always` or `never`; variables: the environment, for
    NO_COLOR (any value forbids colour), TERM (`dumb` too) and COLUMNS (sets the width, also of a
    pipe)."""
    live = stream.isatty()
    allowed = not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"
    return Terminal(
        width=_width(stream, live, variables),
        glyphs=glyphs_for(stream.encoding),
        color=color == "always" or (color == "auto" and live and allowed),
        live=live,
    )


def _width(stream: TextIO, live: bool, variables: Mapping[str, str]) -> int | None:
    columns = variables.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return int(columns)
    if not live:
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or FALLBACK_WIDTH
    except OSError:
        return FALLBACK_WIDTH


# C0 and C1 controls, DEL, line separators, direction marks and overrides, lone surrogates.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def safe(text: str) -> str:
    """A value as printable text: what could steer a terminal or reorder a line is written as an
    escape.

    Names come from foreign logs, so no name may move the cursor, hide a row or forge another.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def columns_of(text: str) -> int:
    """How many terminal columns a text takes: wide East Asian characters two, combining marks
    none."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)
