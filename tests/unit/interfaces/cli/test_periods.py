from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jevons.interfaces.cli.periods import local_instant, resolve


def now() -> datetime:
    """Half past midnight on 1 March in Berlin, still February in UTC."""
    return datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "date"),
    [
        ("today", "UTC", "2026-02-28"),
        ("today", "Europe/Berlin", "2026-03-01"),
        ("Yesterday", "UTC", "2026-02-27"),
        ("7d", "UTC", "2026-02-21"),
        ("4w", "Europe/Berlin", "2026-02-01"),
        ("0d", "UTC", "2026-02-28"),
        ("24h", "Europe/Berlin", "2026-02-27T23:30:00Z"),
    ],
)
def test_relative_times(text: str, zone: str, date: str) -> None:
    assert resolve(text, now, zone) == date


@pytest.mark.parametrize("text", [None, "2026-02", "2026-02-01", "2026-02-01T10:00Z", "7x", "-7d"])
def test_everything_else_is_left_to_the_query_without_asking_the_clock(text: str | None) -> None:
    def no_clock() -> datetime:
        raise AssertionError("the clock was asked")

    assert resolve(text, no_clock, "UTC") == text


def test_instants_are_shown_on_the_wall_clock() -> None:
    assert local_instant("2026-02-28T23:30:00.5Z", "Europe/Berlin") == "2026-03-01 00:30:00"
    assert local_instant("2026-02-28T23:30:00", "UTC") == "2026-02-28 23:30:00"
    assert local_instant("no instant", "UTC") == "no instant"
