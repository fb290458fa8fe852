"""What commands share: the global settings as flags, the flags of a query, and their help."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from jevons.app.settings import SETTINGS, Setting
from jevons.interfaces.cli import periods
from jevons.interfaces.cli.invocation import Invocation, current
from jevons.vocabulary.errors import UsageError

if TYPE_CHECKING:
    from jevons.app.results import Query

F = TypeVar("F", bound=Callable[..., Any])

TIMES: Final = ("hour", "day", "week", "month", "year")
"""Dimensions made of an event's time in the query's time zone."""

MEANT: Final = {"user": "person", "date": "day", "repository": "project", "repo": "project"}
"""Words that people try -> the dimension that they mean."""

BASIS: Final = ("source", "price_state", "provenance", "evidence")
"""Dimensions that say where an event and its cost come from."""

MOST: Final = 2**31 - 1
"""The largest number of rows that may be asked for: every engine counts as far."""


class Count(click.ParamType[int]):
    """How many rows to show, or calls to make up: a whole number from 1 to MOST."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or click's usage error."""
        try:
            number = int(value)
        except ValueError:
            number = 0
        if not 1 <= number <= MOST:
            self.fail(f"{value} is not a whole number from 1 to {MOST}.", param, ctx)
        return number


COUNT: Final = Count()


class Command(click.Command):
    """A command that accepts every setting as a flag and names the environment twins of its own
    flags.

    settings: the settings whose flags matter to this command and are shown in its help; the others
    are accepted as well, so that global flags may stand before or after the command's name.
    """

    def __init__(self, *args: Any, settings: Iterable[str] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params += setting_flags(settings)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's epilog and the rule by which its flags are set in the environment."""
        super().format_epilog(ctx, formatter)
        own = [p for p in self.params if isinstance(p, click.Option) and p.allow_from_autoenv]
        if own and ctx.auto_envvar_prefix:
            flag, name = own[0].opts[0], own[0].name or ""
            formatter.write_paragraph()
            formatter.write_text(
                f"Every flag has a twin in the environment: {flag} is "
                f"{ctx.auto_envvar_prefix}_{name.upper()}."
            )


def setting_flags(shown: Iterable[str]) -> list[click.Option]:
    """One option per setting; those not in `shown` are hidden from the help."""
    names = set(shown)
    return [_setting_flag(setting, hidden=setting.name not in names) for setting in SETTINGS]


def _setting_flag(setting: Setting, *, hidden: bool) -> click.Option:
    def keep(context: click.Context, _: click.Parameter, value: object) -> None:
        if value is not None:
            current(context).flags[setting.name] = (
                str(value).lower() if value is True else str(value)
            )

    metavar = {"path": "PATH", "zone": "ZONE", "whole": "N", "choice": "|".join(setting.choices)}
    return click.Option(
        [setting.flag],
        is_flag=setting.type == "switch",
        default=None,
        metavar=metavar.get(setting.type),
        help=f"{setting.help}  [{setting.env}; default: {setting.default}]",
        hidden=hidden,
        expose_value=False,
        allow_from_autoenv=False,
        callback=keep,
    )


def query_flags(function: F) -> F:
    """Add --since, --until and --where to a command; read them with `query`."""
    where = click.option(
        "--where",
        multiple=True,
        metavar="DIM=VALUE",
        shell_complete=_complete_where,
        help="Only calls with this value of a dimension; repeat it to ask for more at once.",
    )
    until = click.option(
        "--until", metavar="TIME", help="Only calls before this time (a day itself is not in it)."
    )
    since = click.option(
        "--since",
        metavar="TIME",
        help=f"Only calls from this time on: a date, an instant, {periods.RELATIVE}.",
    )
    return since(until(where(function)))


def query(
    invocation: Invocation,
    since: str | None,
    until: str | None,
    where: Iterable[str],
    as_of: str | None = None,
    **more: Any,
) -> Query:
    """Build a query from a command's flags. Raises UsageError for a --where without `=`."""
    from jevons.app.results import Query

    pairs = tuple(_pair(text) for text in where)
    for name in (*more.get("by", ()), *(name for name, _ in pairs)):
        _check_dimension(name)
    zone = invocation.settings.time_zone
    start, end = moment(invocation, "--since", since), moment(invocation, "--until", until)
    if start and end and periods.instant(start, zone) >= periods.instant(end, zone):
        raise UsageError(
            f"nothing lies between --since {start} and --until {end}",
            remedy="The day of --until is not in the period: to include it, write the day after.",
        )
    then = moment(invocation, "--as-of", as_of)
    return Query(
        since=start,
        until=end,
        where=pairs,
        as_of=None if then is None else periods.end_of(then, zone),
        time_zone=zone,
        **more,
    )


def moment(invocation: Invocation, flag: str, text: str | None) -> str | None:
    """The time that a flag gives, with relative ones (`7d`) resolved. Raises UsageError naming the
    flag."""
    zone = invocation.settings.time_zone
    found = periods.resolve(text, invocation.now, zone)
    if found is not None:
        try:
            periods.instant(found, zone)
        except UsageError:
            raise UsageError(
                f"{flag}: not a date or an instant: {text!r}", remedy=periods.REMEDY
            ) from None
    return found


def _check_dimension(name: str) -> None:
    known = dimension_names()
    if name in known or name.startswith("tag."):
        return
    import textwrap
    from difflib import get_close_matches

    alike = get_close_matches(name.lower(), (*known, *MEANT), n=1, cutoff=0.65)
    meant = [MEANT.get(word, word) for word in alike]
    listed = textwrap.wrap(f"Dimensions are: {', '.join((*known, 'tag.NAME'))}.", 88)
    lines = [*(f"Did you mean {word}?" for word in meant), *listed]
    raise UsageError(f"unknown dimension {name!r}", remedy="\n".join(lines))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(
            f"--where {text}: there is no DIM=VALUE in it",
            remedy="Write for example --where team=search.",
        )
    return name.strip(), value


def dimensions(texts: Iterable[str]) -> tuple[str, ...]:
    """The dimension names of --by: separated by commas or by repeating the flag, each once."""
    names = (name.strip() for text in texts for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def dimension_names() -> tuple[str, ...]:
    """Every name that --by and --where take, but for `tag.NAME`."""
    from jevons.vocabulary.observation import DIMENSIONS, LABELS

    return (*TIMES, "model", "batch", *LABELS, *DIMENSIONS, *BASIS)


def complete_by(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Shell completion of --by, also after a comma."""
    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{name}" for name in dimension_names() if name.startswith(last)]


def _complete_where(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    return [f"{name}=" for name in dimension_names() if name.startswith(incomplete)]
