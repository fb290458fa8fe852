from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from jevons.app.settings import SETTINGS, Settings, load, local_zone
from jevons.vocabulary.errors import UsageError


def test_every_setting_has_a_field_a_variable_and_a_flag() -> None:
    assert [s.name for s in SETTINGS] == [f.name for f in fields(Settings) if f.name != "origins"]
    for setting in SETTINGS:
        assert setting.env.startswith("JEVONS_")
        assert setting.flag.startswith("--")
        assert setting.help.endswith(".")


def test_defaults_of_the_table_are_the_defaults_of_the_type(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path)}, {})
    assert settings == Settings(home=tmp_path, origins=settings.origins)
    assert settings.origins["workers"] == "default"


def test_file_then_environment_then_flag(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('time_zone = "Asia/Kolkata"\nworkers = 3\ncolor = "never"\ndebug = true\n')
    variables = {"JEVONS_HOME": str(tmp_path), "JEVONS_WORKERS": "4", "JEVONS_COLOR": "always"}
    settings = load({"color": "auto"}, variables)
    assert settings.home == tmp_path
    assert (settings.time_zone, settings.workers) == ("Asia/Kolkata", 4)
    assert (settings.color, settings.debug) == ("auto", True)
    assert settings.origins == {
        "home": "JEVONS_HOME",
        "time_zone": str(config),
        "workers": "JEVONS_WORKERS",
        "color": "--color",
        "debug": str(config),
    }


def test_an_empty_variable_is_no_value(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path)}, {"JEVONS_WORKERS": "", "JEVONS_TZ": ""})
    assert settings.origins["workers"] == settings.origins["time_zone"] == "default"


def test_home_is_made_absolute_and_its_tilde_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert load({"home": "~/books"}, {}).home == Path("/home/somebody/books")
    assert load({"home": "books"}, {}).home == Path.cwd() / "books"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("JEVONS_TZ", "Mars/Olympus", "JEVONS_TZ: 'Mars/Olympus' is not a time zone"),
        ("JEVONS_TZ", "../../etc/passwd", "is not a time zone"),
        ("JEVONS_WORKERS", "-1", "JEVONS_WORKERS: '-1' is not a whole number"),
        ("JEVONS_WORKERS", "two", "is not a whole number"),
        ("JEVONS_COLOR", "blue", "JEVONS_COLOR: 'blue' is not known"),
        ("JEVONS_DEBUG", "perhaps", "JEVONS_DEBUG: 'perhaps' is neither yes nor no"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load({"home": str(tmp_path)}, {variable: value})
    assert said in caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"wrkers = 2\n", "unknown setting: wrkers"),
        (b'home = "/elsewhere"\n', "unknown setting: home"),
        (b"workers = \n", "is not TOML"),
        (b"[workers]\nfast = 2\n", "workers is not a single value"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_wrong_config_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load({"home": str(tmp_path)}, {})
    assert said in caught.value.what
    assert "config.toml" in caught.value.what


def test_local_zone_is_the_variable_without_its_colon() -> None:
    assert local_zone({"TZ": "Europe/Berlin"}) == "Europe/Berlin"
    assert local_zone({"TZ": ":Asia/Tokyo"}) == "Asia/Tokyo"
    assert local_zone({})


def test_local_is_resolved_to_a_name(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path), "time_zone": "local"}, {"TZ": "Asia/Kathmandu"})
    assert settings.time_zone == "Asia/Kathmandu"
