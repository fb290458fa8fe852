from __future__ import annotations

import io

from jevons.app.results import Progress
from jevons.interfaces.cli.progress import ProgressLine, describe
from jevons.interfaces.cli.terminal import Terminal, columns_of

HALF = Progress(50_000_000, 100_000_000, 120_000, 10.0, "logs/\x1b[2Ja.jsonl")


def test_share_rate_and_time_left() -> None:
    # Half of the bytes took 10 s, so the other half takes 10 s more.
    assert describe(HALF, Terminal(width=200)) == (
        " 50 %  50.0 MB of 100 MB  120 k calls  12,000/s  10 s left  logs/\\x1b[2Ja.jsonl"
    )


def test_without_a_total_there_is_no_share() -> None:
    line = describe(Progress(1_500_000, 0, 200, 0.0, "x"), Terminal(width=80))
    assert line == "1.50 MB  200 calls  x"


def test_the_name_of_the_file_gives_way() -> None:
    assert describe(HALF, Terminal(width=78)).endswith("10 s left  logs/\\x1…Ja.jsonl")
    assert describe(HALF, Terminal(width=70)).endswith("10 s left")


def test_the_line_fits() -> None:
    for width in (20, 40, 79):
        assert columns_of(describe(HALF, Terminal(width=width))) < width


def test_it_is_painted_now_and_then_and_wiped() -> None:
    stream = io.StringIO()
    with ProgressLine(Terminal(width=80, live=True), stream) as line:
        line(Progress(1, 10, 1, 0.0, "first"))
        line(Progress(2, 10, 2, 0.05, "too soon"))
        line(Progress(3, 10, 3, 0.2, "second"))
    text = stream.getvalue()
    assert "first" in text and "second" in text and "too soon" not in text
    assert text.endswith("\r\x1b[K")


def test_nobody_watching_nothing_written() -> None:
    stream = io.StringIO()
    with ProgressLine(Terminal(live=False), stream) as line:
        line(HALF)
    assert stream.getvalue() == ""
