from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.interfaces.cli.terminal import ASCII, UNICODE, Terminal, detect, glyphs_for, safe


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8", live: bool = True) -> None:
        super().__init__()
        self._encoding, self._live = encoding, live

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._live

    def fileno(self) -> int:
        raise OSError("no terminal behind it")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gpt-5", "gpt-5"),
        ("模型 é", "模型 é"),
        ("\x1b[2J\x1b[31mred", "\\x1b[2J\\x1b[31mred"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
        ("\x9b31m", "\\x9b31m"),
        ("admin\u202egpj.exe", "admin\\u202egpj.exe"),
        ("\ud800", "\\ud800"),
    ],
)
def test_names_cannot_steer_the_terminal(name: str, shown: str) -> None:
    assert safe(name) == shown


@given(st.text())
def test_safe_text_has_no_control_characters(text: str) -> None:
    shown = safe(text)
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in shown)
    assert "\n" not in shown
    shown.encode()


def test_signs_fall_back_to_ascii() -> None:
    assert glyphs_for("utf-8") is UNICODE
    assert glyphs_for("ascii") is ASCII
    assert glyphs_for("latin-1") is ASCII
    assert glyphs_for(None) is ASCII
    assert glyphs_for("no-such-encoding") is ASCII
    for sign in (ASCII.unknown, ASCII.at_least, ASCII.about, ASCII.ellipsis, ASCII.rule):
        assert sign.isascii()


@pytest.mark.parametrize(
    ("color", "live", "variables", "colored"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {}, False),
    ],
)
def test_color(color: str, live: bool, variables: dict[str, str], colored: bool) -> None:
    assert detect(Screen(live=live), color, variables).color is colored


def test_width() -> None:
    assert detect(Screen(live=False), "auto", {}).width is None
    assert detect(Screen(live=False), "auto", {"COLUMNS": "100"}).width == 100
    assert detect(Screen(), "auto", {"COLUMNS": "wide"}).width == 80
    assert detect(Screen(encoding="ascii"), "auto", {}).glyphs is ASCII


def test_plain_terminal_adds_nothing() -> None:
    terminal = Terminal()
    assert terminal.strong("a") == terminal.faint("a") == terminal.alarm("a") == "a"
