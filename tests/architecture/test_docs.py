"""The docs are complete and true: everything is documented, generated pages are current, links lead
somewhere, and every console session prints what the page shows."""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from scripts import reference, transcript

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "src").rglob("*.md")])
SESSIONS = [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]
DECISIONS = sorted((DOCS / "decisions").glob("0*.md"))


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def missing(names: list[str], text: str) -> list[str]:
    """The names that do not appear in code marks."""
    return [name for name in names if f"`{name}`" not in text]


# ------------------------------------------------------------------------- everything is documented


def commands(group: click.Command, path: str) -> list[str]:
    found = [path]
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            child = group.get_command(context, name)
            assert child is not None
            found += commands(child, f"{path} {name}")
    return found


def test_every_command_is_documented() -> None:
    from jevons.interfaces.cli.root import jevons

    assert not missing(commands(jevons, "jevons"), page("reference/cli.md")), "run `make docs`"


def test_every_command_and_option_has_help() -> None:
    from jevons.interfaces.cli.root import jevons

    context = click.Context(jevons)
    for name in jevons.list_commands(context):
        command = jevons.get_command(context, name)
        assert command is not None and command.help, f"{name} has no help"
        options = [param for param in command.params if isinstance(param, click.Option)]
        bare = [option.opts[0] for option in options if not option.help]
        assert not bare, f"{name}: no help for {bare}"


def test_every_setting_is_documented() -> None:
    from jevons.app.settings import SETTINGS

    text = page("reference/settings.md")
    for setting in SETTINGS:
        assert not missing([setting.name, setting.env, setting.flag], text), "run `make docs`"


def test_every_error_and_exit_code_is_documented() -> None:
    from jevons.interfaces.cli.root import EXIT_CODES
    from jevons.vocabulary import errors

    tree = [errors.JevonsError]
    for error in tree:
        tree += error.__subclasses__()
    own = [error.__name__ for error in tree if error.__module__ == errors.__name__]
    assert not missing(own, page("reference/errors.md")), "run `make docs`"
    documented = {code for code, _ in EXIT_CODES}
    assert {error.exit_code for error in tree} | {0, errors.STRICT_EXIT_CODE} <= documented


def test_every_source_has_a_page() -> None:
    from jevons.app.wiring import SOURCE_MODULES

    index = page("reference/sources/index.md")
    assert not missing(list(SOURCE_MODULES), re.sub(r"\[(`[^`]+`)\]\([^)]*\)", r"\1", index))
    for name, module in SOURCE_MODULES.items():
        assert importlib.import_module(module).SOURCE.name == name
        assert page(f"reference/sources/{name}.md").startswith(f"# `{name}`")


def test_every_price_axis_is_documented() -> None:
    from jevons.pricing.context import PriceContext

    axes = [field.name for field in fields(PriceContext)]
    assert not missing(axes, page("reference/price-file.md"))


def test_every_dimension_is_documented() -> None:
    from jevons.stores.report import CALENDAR, PLAIN

    text = page("reference/dimensions.md")
    assert not missing([*CALENDAR, *PLAIN, "model"], text), "run `make docs`"


def test_every_field_of_the_event_format_is_documented() -> None:
    from jevons.vocabulary.observation import Observation

    assert not missing(list(Observation.__struct_fields__), page("reference/event-format.md"))


def test_every_dialect_is_documented() -> None:
    from jevons.usage.split import DIALECTS

    assert not missing(list(DIALECTS), page("reference/event-format.md"))


def test_every_table_and_column_is_documented() -> None:
    from jevons.stores.rollup import ROLLUPS, RUNS
    from jevons.stores.schema import CARDS, EVENTS, KEYS, OBSERVATIONS, OUTCOMES, PURPOSES

    text = page("reference/ledger-tables.md")
    tables = ["observations", "keys", "events", "price_cards", "outcomes", "purposes", "runs"]
    assert not missing([*tables, *ROLLUPS], text)
    schemas = (OBSERVATIONS, KEYS, EVENTS, CARDS, OUTCOMES, PURPOSES, RUNS)
    for schema in (*schemas, *(r.schema for r in ROLLUPS.values())):
        assert not missing(schema.names, text)


def test_every_charge_and_kind_of_element_is_documented() -> None:
    from jevons.analysis.total_cost import COMPONENTS, NATURES, VIEWS
    from jevons.stores.schema import CHARGES, COSTED
    from jevons.vocabulary.boundary import CHARGES as KINDS_OF_CHARGE
    from jevons.vocabulary.boundary import KINDS

    tables = page("reference/ledger-tables.md")
    assert not missing(["cells_cost", *CHARGES.names, *COSTED.names, *KINDS_OF_CHARGE], tables)
    assert not missing(list(KINDS), page("reference/boundary-file.md"))
    assert not missing([*COMPONENTS, *NATURES, *VIEWS], page("reference/tca-json.md"))


def test_every_figure_of_the_json_is_documented() -> None:
    from jevons.interfaces.cli.documents import FIGURES
    from jevons.vocabulary.charge import ChargeLine

    text = page("reference/report-json.md")
    assert not missing([*FIGURES, *(field.name for field in fields(ChargeLine))], text)


def test_every_state_and_provenance_is_explained() -> None:
    from jevons.vocabulary.charge import PRICE_STATES, PROVENANCES

    text = page("explanation/how-a-token-becomes-a-cost.md")
    assert not missing([*PRICE_STATES, *PROVENANCES], text)


def test_every_stage_has_a_readme() -> None:
    stages = [
        folder for folder in (ROOT / "src/jevons").iterdir() if (folder / "__init__.py").exists()
    ]
    for stage in stages:
        readme = stage / "README.md"
        assert readme.exists(), f"{label(stage)} has no README.md: what it owns, what always holds"
        lines = readme.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 80, f"{label(readme)} is longer than a page: move details to docs/"


# --------------------------------------------------------------------------------- docs stay true


def test_generated_pages_are_current() -> None:
    assert not reference.stale(), "run `make docs`"


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in LINK.findall(text):
        if not re.match(r"[a-z]+:", target):
            file = path.parent / target.partition("#")[0]
            assert file.exists(), f"{label(path)} links to {target}, which does not exist"


def test_every_page_is_reachable_from_the_index() -> None:
    seen, queue = set(), [DOCS / "index.md"]
    while queue:
        path = queue.pop().resolve()
        if path in seen or path.suffix != ".md" or not path.exists():
            continue
        seen.add(path)
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            if "://" not in target:
                queue.append(path.parent / target.partition("#")[0])
    lost = [label(path) for path in DOCS.rglob("*.md") if path.resolve() not in seen]
    assert not lost, f"no page links to {lost}: add them to docs/index.md"


PATH = re.compile(r"`((?:tests|scripts|bench)/[\w./-]*)`")


@pytest.mark.parametrize("path", DECISIONS, ids=label)
def test_a_decision_names_the_test_that_holds_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "\nStatus: " in text, "say `Status: accepted, DATE`"
    _, _, confirmation = text.partition("\n## Confirmation\n")
    named = PATH.findall(confirmation)
    assert named, "the Confirmation names no test"
    for name in named:
        assert (ROOT / name).exists(), f"the Confirmation names {name}, which does not exist"


def test_every_decision_is_in_the_list() -> None:
    text = page("decisions/README.md")
    for path in DECISIONS:
        title = path.read_text(encoding="utf-8").splitlines()[0].partition(" ")[2]
        assert f"({path.name})" in text and title.partition(" ")[2] in text, f"list {path.name}"


@pytest.mark.parametrize("path", SESSIONS, ids=label)
def test_sessions_print_what_the_page_shows(path: Path, tmp_path: Path) -> None:
    differences = transcript.differences(path.read_text(encoding="utf-8"), tmp_path)
    assert not differences, f"run `make docs` if this is right:\n\n{differences[0]}"


def test_the_readme_and_the_tutorial_are_sessions() -> None:
    assert ROOT / "README.md" in SESSIONS
    assert DOCS / "tutorial/first-ledger.md" in SESSIONS


# ------------------------------------------------------------------------- examples are accepted


def example(name: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", page(name), re.M | re.S)
    assert found, f"{name} has no example in {language}"
    return found[1]


def test_the_example_of_the_price_file_is_valid() -> None:
    from jevons.pricing.overlay import parse_price_file

    entries = parse_price_file(example("reference/price-file.md", "yaml"), "the example")
    assert {entry.kind for entry in entries} == {"prices", "multiplier", "contract"}


def test_the_example_of_the_event_format_is_accepted() -> None:
    from jevons.sources.events import read_line
    from jevons.vocabulary.observation import Observation

    line = example("reference/event-format.md", "json").replace("\n", " ").encode()
    assert isinstance(read_line(line, "the example", 1), Observation)


def test_the_example_of_the_report_has_all_fields() -> None:
    import json
    from typing import cast

    from jevons.app.results import Report, Row
    from jevons.interfaces.cli.documents import report_document

    nothing = Row({}, 0, 0, 0, 0, 0, 0, None, None, None, None, 0, 0, None)
    document = report_document(Report((), nothing, (), "UTC", 0, 0, 0, None))
    shown = cast("dict[str, object]", json.loads(example("reference/report-json.md", "json")))
    assert list(shown) == list(document)


def test_the_example_of_the_boundary_file_is_valid() -> None:
    from jevons.analysis.declaration import parse_boundary
    from jevons.analysis.examination import examine

    boundary = parse_boundary(example("reference/boundary-file.md", "toml"), "the example")
    assert len(boundary.elements) == 4
    assert not [finding for finding in examine([boundary]) if finding.wrong]


def test_the_example_of_the_total_cost_has_all_fields() -> None:
    import json
    from typing import cast

    from jevons.analysis.total_cost import total_cost
    from jevons.app.results import Query
    from jevons.app.total_cost import Account
    from jevons.interfaces.cli.tca import account_document

    nothing = Account(total_cost(()), [], (), "effective", 0, 0, 0, (), (), 0)
    document = account_document(nothing, Query())
    shown = cast("dict[str, object]", json.loads(example("reference/tca-json.md", "json")))
    assert list(shown) == list(document)
    names = re.findall(r"`(\w+)`", page("reference/tca-json.md"))
    assert set(document) <= set(names)


def test_the_example_source_reads_its_format(tmp_path: Path) -> None:
    from jevons.vocabulary.observation import Observation
    from jevons.vocabulary.rejection import Rejection

    module = tmp_path / "example_source.py"
    module.write_text(example("how-to/add-a-source.md", "python"), encoding="utf-8")
    specification = importlib.util.spec_from_file_location("example_source", module)
    assert specification is not None and specification.loader is not None
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"example_version": 1, "type": "response", "provider": "anthropic", "usage": {}, '
        '"timestamp": "2026-03-02T09:30:00Z", "message_id": "m", "model": "c", "session": "s"}\n'
        '{"type": "other"}\nbroken\n{"half a line'
    )
    state: dict[str, object] = {}
    found = list(loaded.SOURCE.read(log, state))
    assert [type(item) for item in found] == [Observation, Rejection]
    assert state["line"] == 3
