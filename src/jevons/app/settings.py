"""Settings: one table that drives parsing, `--help`, the reference page and its test.

A value is looked up in this order, the last one found wins: the default, the config file
(`HOME/config.toml`), the environment (`JEVONS_*`), the flag. Every value remembers where it came
from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from jevons.vocabulary.errors import UsageError

CONFIG_FILE: Final = "config.toml"
"""Name of the config file inside the ledger's home."""

Type = Literal["path", "zone", "whole", "choice", "switch"]
"""How the text of a setting is read; `READERS` has one reader per type."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    name: its key in `config.toml` and its field in `Settings`. env, flag: its twins. default: as
    text, as a user would write it. choices: the words that a `choice` allows. in_file: False for
    what must be known before the config file can be found.
    """

    name: str
    env: str
    flag: str
    default: str
    type: Type
    help: str
    choices: tuple[str, ...] = ()
    in_file: bool = True


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "home", "JEVONS_HOME", "--home", "~/.jevons", "path",
        "Folder of the ledger, its prices and config.toml.", in_file=False,
    ),
    Setting(
        "time_zone", "JEVONS_TZ", "--tz", "UTC", "zone",
        "Time zone of days, months and of times without one: an IANA name, or 'local'.",
    ),
    Setting(
        "workers", "JEVONS_WORKERS", "--workers", "0", "whole",
        "Processes that read and price at once; 0 means one per processor core.",
    ),
    Setting(
        "color", "JEVONS_COLOR", "--color", "auto", "choice",
        "When to colour: auto is on a terminal, unless NO_COLOR is set.",
        ("auto", "always", "never"),
    ),
    Setting(
        "debug", "JEVONS_DEBUG", "--debug", "false", "switch",
        "Show the traceback of an unexpected error.",
    ),
)  # fmt: skip
"""Every setting there is, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings, read and checked.

    home: absolute. time_zone: an IANA name. workers: 0 = one per core. origins: name of the setting
    -> `default`, the path of the config file, the variable's name, or the flag.
    """

    home: Path
    time_zone: str = "UTC"
    workers: int = 0
    color: str = "auto"
    debug: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)


def environment() -> Mapping[str, str]:
    """The process's environment; the only reading of it outside the composition root."""
    return os.environ  # noqa: TID251 - this is the place that the rule sends everyone else to


def load(flags: Mapping[str, str], variables: Mapping[str, str] | None = None) -> Settings:
    """Resolve every setting.

    flags: name of a setting -> the text given on the command line. variables: the environment, the
    process's own when None. Raises UsageError naming the place of a value that cannot be read, an
    unknown key in the config file, or a config file that is not TOML.
    """
    variables = environment() if variables is None else variables
    found = _chosen(flags, variables, {})
    home = _read_path(*found["home"])
    found = _chosen(flags, variables, _config(home / CONFIG_FILE))
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text, origin = found[setting.name]
        values[setting.name] = _value(setting, text, origin, variables)
    return Settings(**values, origins={name: origin for name, (_, origin) in found.items()})


def _chosen(
    flags: Mapping[str, str], variables: Mapping[str, str], config: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """For each setting the text that wins and its origin."""
    chosen: dict[str, tuple[str, str]] = {}
    for setting in SETTINGS:
        name = setting.name
        if name in flags:
            chosen[name] = (flags[name], setting.flag)
        elif variables.get(setting.env, "") != "":
            chosen[name] = (variables[setting.env], setting.env)
        else:
            chosen[name] = config.get(name, (setting.default, "default"))
    return chosen


def _config(path: Path) -> dict[str, tuple[str, str]]:
    """The config file as setting -> (text, path of the file); {} when there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(
            f"the config file {path} cannot be read: {problem}", remedy="Mend or remove the file."
        ) from problem
    import tomllib

    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(
            f"the config file {path} is not TOML: {problem}", remedy="Mend or remove the file."
        ) from problem
    _refuse_unknown(path, content)
    return {name: (_as_text(value), str(path)) for name, value in content.items()}


def _refuse_unknown(path: Path, content: Mapping[str, Any]) -> None:
    known = [setting.name for setting in SETTINGS if setting.in_file]
    for name, value in content.items():
        if name not in known:
            raise UsageError(
                f"the config file {path} has an unknown setting: {name}",
                remedy=f"It may have: {', '.join(known)}.",
            )
        if isinstance(value, (dict, list)):
            raise UsageError(
                f"the config file {path}: {name} is not a single value",
                remedy=f'Write {name} = "VALUE".',
            )


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(setting: Setting, text: str, origin: str, variables: Mapping[str, str]) -> Any:
    if setting.type == "zone" and text == "local":
        text = local_zone(variables)
    if setting.type == "choice":
        return _read_choice(text, origin, setting.choices)
    return READERS[setting.type](text, origin)


def _read_path(text: str, origin: str) -> Path:
    try:
        return Path(os.path.abspath(Path(text).expanduser()))
    except RuntimeError as problem:
        raise UsageError(
            f"{origin}: {text}: {problem}", remedy="Write the whole path."
        ) from problem


def _read_zone(text: str, origin: str) -> str:
    if text == "UTC":
        return text
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as problem:
        raise UsageError(
            f"{origin}: {text!r} is not a time zone",
            remedy="Use an IANA name such as Europe/Berlin, or local.",
        ) from problem
    return text


def _read_whole(text: str, origin: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(
            f"{origin}: {text!r} is not a whole number", remedy="Use a number such as 0 or 4."
        )
    return int(text)


def _read_switch(text: str, origin: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise UsageError(f"{origin}: {text!r} is neither yes nor no", remedy="Use true or false.")
    return words[text.lower()]


def _read_choice(text: str, origin: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise UsageError(
            f"{origin}: {text!r} is not known", remedy=f"Use one of: {', '.join(choices)}."
        )
    return text


READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "path": _read_path,
    "zone": _read_zone,
    "whole": _read_whole,
    "switch": _read_switch,
}
"""Type of a setting -> its reader (text, origin for the message) -> value; `choice` also needs its
words."""


def local_zone(variables: Mapping[str, str]) -> str:
    """The IANA name of this machine's time zone: TZ, else where /etc/localtime points, else UTC."""
    named = variables.get("TZ", "").removeprefix(":")
    if named and not named.startswith("/"):
        return named
    target = os.path.realpath("/etc/localtime")
    return target.partition("zoneinfo/")[2] or "UTC"
