from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from jevons.pricing.schedule import (
    Window,
    any_holds,
    fixed_offset,
    instant,
    offset_minutes,
    parse_days,
    parse_minutes,
    text_of,
)


def at(text: str) -> int:
    return instant(text)


def test_instants_read_dates_and_times_as_utc() -> None:
    assert instant("1970-01-02") == 86_400_000_000
    assert instant(date(1970, 1, 2)) == instant("1970-01-02T00:00:00Z")
    assert instant(datetime(1970, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))) == 0
    assert text_of(instant("2026-10-14")) == "2026-10-14"
    assert text_of(instant("2026-07-24T15:59:00Z")) == "2026-07-24T15:59:00Z"
    assert text_of(None) is None
    with pytest.raises(ValueError, match="not a date"):
        instant(20261014)


def test_a_window_is_half_open_in_its_own_zone() -> None:
    peak = Window(parse_minutes("09:00"), parse_minutes("12:00"), zone="+08:00")
    assert peak.holds(at("2026-11-20T01:00:00Z"))
    assert not peak.holds(at("2026-11-20T04:00:00Z"))


def test_weekdays_are_those_of_the_local_day() -> None:
    monday = Window(0, parse_minutes("24:00"), parse_days("mon"), "Asia/Shanghai")
    assert monday.holds(at("2026-11-22T16:00:00Z"))  # Monday 00:00 in Shanghai
    assert not monday.holds(at("2026-11-22T15:59:59Z"))


def test_a_window_over_midnight_belongs_to_the_day_it_starts_on() -> None:
    night = Window(parse_minutes("22:00"), parse_minutes("08:00"), parse_days("fri"))
    assert night.holds(at("2026-11-20T23:00:00Z"))  # Friday
    assert night.holds(at("2026-11-21T07:59:00Z"))  # Saturday morning
    assert not night.holds(at("2026-11-21T23:00:00Z"))
    assert str(night) == "fri 22:00-08:00 UTC"


def test_summer_time_moves_the_window() -> None:
    berlin = Window(parse_minutes("09:00"), parse_minutes("10:00"), zone="Europe/Berlin")
    assert berlin.holds(at("2026-07-01T07:30:00Z"))
    assert berlin.holds(at("2026-12-01T08:30:00Z"))
    assert str(berlin) == "09:00-10:00 Europe/Berlin"


def test_no_window_means_always() -> None:
    assert any_holds((), 0)
    assert not any_holds((Window(60, 120),), 0)


def test_offsets() -> None:
    assert fixed_offset("UTC") == 0
    assert offset_minutes("-03:30", 0) == -210
    assert fixed_offset("Asia/Kathmandu") is None
    assert offset_minutes("Asia/Kathmandu", 30_000_000) == 345
    with pytest.raises(ValueError, match="no time zone"):
        offset_minutes("Mars/Olympus", 0)


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", (1, 2, 3, 4, 5)), ("sat, sun", (6, 7)), ("sat-mon", (1, 6, 7))],
)
def test_days(text: str, days: tuple[int, ...]) -> None:
    assert parse_days(text) == days
    assert parse_days(["mon", "wed"]) == (1, 3)


@pytest.mark.parametrize("text", ["9:00", "24:01", "12:60", "noon"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="HH:MM"):
        parse_minutes(text)
    with pytest.raises(ValueError, match="weekdays"):
        parse_days(text)
