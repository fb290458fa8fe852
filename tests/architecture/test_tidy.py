"""The project keeps its house rules, and every rule catches what it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest

from tests.architecture import rules
from tests.architecture.rules import File

Rule = Callable[[File], Iterator[str]]


@pytest.fixture(scope="module")
def files() -> list[File]:
    """The whole project, read once."""
    return rules.project_files()


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Rule, files: list[File]) -> None:
    problems = [problem for file in files for problem in rule(file)]
    assert not problems, "\n" + "\n".join(problems)


def test_the_rules_see_the_project(files: list[File]) -> None:
    paths = {str(file.path) for file in files}
    assert {"Makefile", ".ci/run", "src/jevons/vocabulary/money.py", "docs/index.md"} <= paths
    assert "tests/architecture/test_tidy.py" in paths


MARK = "TO" + "DO"
HOST = "https://py" + "pi.org/simple"
LONG = "x = 1\n"
BODY = "    x = 1\n"
DOC = '"""One line."""\n'

# rule, path, a text that breaks it, a text that keeps it
CASES: list[tuple[Rule, str, str, str]] = [
    (rules.module_length, "src/jevons/usage/a.py", LONG * 601, LONG * 600),
    (rules.module_length, "tests/unit/test_a.py", LONG * 801, LONG * 601),
    (rules.function_length, "src/jevons/a.py", "def f():\n" + BODY * 71, "def f():\n" + BODY * 70),
    (
        rules.parameter_count,
        "src/jevons/a.py",
        "def f(a, b, c, d, *, e, f, g): ...",
        "@cli.command()\ndef f(a, b, c, d, e, f, g): ...\ndef h(self, a, b, c, d, e, f): ...",
    ),
    (rules.line_width, "src/jevons/a.sql", "-" * 101, "-" * 100),
    (rules.module_name, "src/jevons/usage/utils.py", "", ""),
    (rules.module_name, "src/jevons/common/a.py", "", ""),
    (rules.binary_float, "src/jevons/pricing/a.py", "x = 0.5", "x = Decimal('0.5')"),
    (rules.binary_float, "src/jevons/ledger/a.py", "x = float(y)", "x = int(y)"),
    (rules.binary_float, "src/jevons/control/a.py", "x = a / b", "x = a // b"),
    (rules.binary_float, "src/jevons/pricing/a.py", "x = a.astype(np.float64)", "x = a + 1"),
    (rules.binary_float, "src/jevons/pricing/a.py", "x /= 2", "x = a / b  # exact: seconds"),
    (rules.unfinished, "docs/a.md", f"{MARK}: later", "today"),
    (rules.silent_except, "tests/a.py", "try:\n    f()\nexcept OSError:\n    pass", "f()"),
    (rules.silent_except, "src/jevons/a.py", "try:\n    f()\nexcept:\n    g()", "f()"),
    (
        rules.silent_except,
        "src/jevons/a.py",
        "with suppress(Exception):\n    f()",
        "with suppress(FileNotFoundError):\n    f()",
    ),
    (rules.docstrings, "src/jevons/a.py", "x = 1", DOC),
    (rules.docstrings, "src/jevons/a.py", '""""""\n', DOC),
    (rules.docstrings, "src/jevons/a.py", DOC + "def f(): ...", DOC + "def _f(): ..."),
    (
        rules.docstrings,
        "src/jevons/a.py",
        DOC + 'class C:\n    """C."""\n    def f(self): ...',
        DOC + 'class C:\n    """C."""\n    def _f(self): ...',
    ),
    (rules.machine_path, "Makefile", f"pip install -i {HOST}", "pip install"),
    (rules.machine_path, "docs/a.md", "see /" + "work/x", "see network/x"),
    (rules.clock, "src/jevons/ledger/a.py", "t = datetime.now()", "t = f(now)"),
    (rules.clock, "src/jevons/usage/a.py", "t = time.monotonic()", "t = 1"),
    (rules.printing, "src/jevons/app/a.py", "print(1)", "f(1)"),
    (rules.file_size, "docs/a.md", "x" * 500_001, "x"),
    (rules.changelog, "CHANGELOG.md", "## [1.0.0] - 2026-01-31", "## [Unreleased]"),
    (rules.changelog, "CHANGELOG.md", "## [Unreleased]\n### News", "## [Unreleased]\n### Numbers"),
    (rules.changelog, "CHANGELOG.md", "## [Unreleased]\n## 1.0", "## [Unreleased]\n### Fixed"),
]


@pytest.mark.parametrize(
    ("rule", "path", "bad", "good"),
    CASES,
    ids=[f"{case[0].__name__}-{number}" for number, case in enumerate(CASES)],
)
def test_the_rule_catches_a_violation(rule: Rule, path: str, bad: str, good: str) -> None:
    caught = list(rule(File(PurePosixPath(path), bad)))
    assert caught, f"{rule.__name__} let this pass: {bad[:80]!r}"
    assert all(message.count(": ") >= 2 for message in caught), "a message says what to do"
    if rule is not rules.module_name:
        assert not list(rule(File(PurePosixPath(path), good)))


def test_every_rule_is_shown_to_catch_something() -> None:
    assert {case[0] for case in CASES} == set(rules.RULES)


def test_a_good_module_name_passes() -> None:
    assert not list(rules.module_name(File(PurePosixPath("src/jevons/usage/split.py"), "")))
