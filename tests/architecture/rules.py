"""The house rules as functions: each takes a file and returns one message per violation.

Every message ends with what to do. `test_tidy.py` runs them on the project and shows for each of
them that it catches a violation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

MODULE_LINES = 600
TEST_MODULE_LINES = 800
FUNCTION_LINES = 70
PARAMETERS = 6
COLUMNS = 100
FILE_BYTES = 500_000

FOLDERS = ("src", "tests", "docs", "scripts", "bench", ".ci")
SKIPPED = {"__pycache__", ".venv", ".git"}
CODE = {".py", ".sql", ".sh"}

CORE = ("vocabulary", "usage", "pricing", "ledger", "analysis", "control")
MONEY_PATH = ("pricing", "ledger", "control")

BANNED_MODULES = {
    "utils": "name it after the noun it works on",
    "util": "name it after the noun it works on",
    "helpers": "move each function to the module of its noun",
    "helper": "move each function to the module of its noun",
    "common": "shared words belong to jevons.vocabulary",
    "base": "name the port after what it provides, as a noun",
    "manager": "name the thing, not that it is managed",
    "service": "a use case belongs to jevons.app, named by its verb",
    "misc": "name it after the noun it works on",
    "data": "name what the data are",
    "types": "shared types belong to jevons.vocabulary, named after their concept",
    "models": "'model' means a language model here: name the concept",
}

UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
MACHINE = re.compile(
    r"(?<![\w.])/(?:work|farm|root|opt/pypi)/|--(?:extra-)?index-url|"
    + "|".join(("py" + r"pi\.org", "python" + r"hosted\.", "registry" + r"\.npmjs"))
)
EXACT = "# exact:"


@dataclass(frozen=True)
class File:
    """One file of the project: its path from the root, and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text)

    @property
    def is_python(self) -> bool:
        """Whether it is a Python module."""
        return self.path.suffix == ".py"

    @property
    def is_product(self) -> bool:
        """Whether it is a Python module of the package itself."""
        return self.is_python and self.path.parts[:2] == ("src", "jevons")

    @property
    def stage(self) -> str:
        """The folder under src/jevons, '' elsewhere."""
        return self.path.parts[2] if self.is_product and len(self.path.parts) > 3 else ""

    def at(self, line: int, what: str, remedy: str) -> str:
        """A message for one place."""
        return f"{self.path}:{line}: {what}: {remedy}"

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def project_files() -> list[File]:
    """All text files of the project, in order."""
    paths = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        paths += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    files = []
    for path in sorted(paths):
        relative = path.relative_to(ROOT)
        if SKIPPED.isdisjoint(relative.parts) and path.suffix != ".pyc":
            text = path.read_text(encoding="utf-8", errors="replace")
            files.append(File(PurePosixPath(relative.as_posix()), text))
    return files


def module_length(file: File) -> Iterator[str]:
    """No module is longer than a reader can hold."""
    limit = MODULE_LINES if file.is_product else TEST_MODULE_LINES
    if file.is_python and len(file.lines) > limit:
        yield file.at(
            limit, f"{len(file.lines)} lines, the limit is {limit}", "split it by its nouns"
        )


def function_length(file: File) -> Iterator[str]:
    """No function is longer than a screen, its docstring left out."""
    if not file.is_python:
        return
    for node in file.functions():
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        length = (node.end_lineno or 0) - body[0].lineno + 1
        if length > FUNCTION_LINES:
            what = f"{node.name} has {length} lines, the limit is {FUNCTION_LINES}"
            yield file.at(node.lineno, what, "move a step of it into a function with a name")


def parameter_count(file: File) -> Iterator[str]:
    """No function takes more parameters than a reader can keep apart.

    Command functions are left out: their parameters are the command's options.
    """
    if not file.is_product:
        return
    for node in file.functions():
        arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        names = [a.arg for a in arguments if a.arg not in ("self", "cls")]
        if len(names) > PARAMETERS and not _is_command(node):
            what = f"{node.name} takes {len(names)} parameters, the limit is {PARAMETERS}"
            yield file.at(node.lineno, what, "gather what belongs together in a frozen dataclass")


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and target.attr in ("command", "group"):
            return True
    return False


def line_width(file: File) -> Iterator[str]:
    """Two versions fit side by side."""
    if file.path.suffix not in CODE:
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > COLUMNS:
            yield file.at(number, f"{len(line)} columns, the limit is {COLUMNS}", "wrap it")


def module_name(file: File) -> Iterator[str]:
    """A module is named after a noun of the field."""
    names = [part.removesuffix(".py") for part in file.path.parts[2:]] if file.is_product else []
    for name in names:
        if name in BANNED_MODULES:
            yield file.at(1, f"a module named '{name}'", BANNED_MODULES[name])


def binary_float(file: File) -> Iterator[str]:
    """No binary float and no division where money is computed.

    A line that ends with `# exact: REASON` says why no money is touched, or why it stays exact.
    """
    if file.stage not in MONEY_PATH:
        return
    for node in ast.walk(file.tree):
        found = _float_in(node)
        if found and EXACT not in file.lines[_line(node) - 1]:
            remedy = (
                "use Decimal or whole femto-dollars (jevons.vocabulary.money), or say after "
                f"`{EXACT}` on that line why it is exact"
            )
            yield file.at(_line(node), found, remedy)


def _line(node: ast.AST) -> int:
    line: int = getattr(node, "lineno", 1)
    return line


def _float_in(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"the binary float {node.value!r} on the money path"
    if isinstance(node, ast.Name) and node.id == "float":
        return "float on the money path"
    if isinstance(node, ast.Attribute) and node.attr.startswith(("float16", "float32", "float64")):
        return f"{node.attr} on the money path"
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        return "a division on the money path"
    return ""


def unfinished(file: File) -> Iterator[str]:
    """Nothing is left for later in the text: an open matter is an issue."""
    for number, line in enumerate(file.lines, 1):
        if UNFINISHED.search(line) and file.path.name != "requirements.lock":
            yield file.at(number, "an unfinished mark", "finish it, or file an issue and delete it")


def silent_except(file: File) -> Iterator[str]:
    """No exception is swallowed: a data problem is a value, all else is an error for the user."""
    if not file.is_python:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield file.at(node.lineno, "a bare except", "name the exceptions that you expect")
            if all(isinstance(step, ast.Pass) for step in node.body):
                remedy = "handle it, or use contextlib.suppress with a comment that says why"
                yield file.at(node.lineno, "an exception is dropped", remedy)
        if _suppresses_all(node):
            yield file.at(_line(node), "every exception is dropped", "name the expected ones")


def _suppresses_all(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("suppress")
        and any(ast.unparse(a) in ("Exception", "BaseException") for a in node.args)
    )


def docstrings(file: File) -> Iterator[str]:
    """Every public name says what it is."""
    if not file.is_product:
        return
    if not ast.get_docstring(file.tree):
        yield file.at(1, "the module has no docstring", "say in one line what it holds")
    for holder, node in _definitions(file.tree):
        public = not node.name.startswith("_") and not holder.startswith("_")
        if public and not ast.get_docstring(node):
            yield file.at(node.lineno, f"{node.name} has no docstring", "say what it is or returns")


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    for node in tree.body:
        if isinstance(node, Definition):
            yield "", node
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, Definition):
                    yield node.name, member


def machine_path(file: File) -> Iterator[str]:
    """The project names no machine's folders and no registry's host."""
    for number, line in enumerate(file.lines, 1):
        if MACHINE.search(line):
            remedy = "use a path relative to the project, a temporary folder, or the package name"
            yield file.at(number, "a machine's path or a registry's host", remedy)


def clock(file: File) -> Iterator[str]:
    """The core takes the time as a parameter."""
    if file.stage not in CORE:
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = ast.unparse(node.func)
            if name.endswith((".now", ".utcnow", ".today")) or name.startswith("time."):
                yield file.at(node.lineno, f"the core reads a clock ({name})", "take the instant")


def printing(file: File) -> Iterator[str]:
    """Only interfaces talk to people."""
    if not file.is_product or file.stage == "interfaces":
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield file.at(node.lineno, "print outside an interface", "return a value instead")


def file_size(file: File) -> Iterator[str]:
    """The repository stays small."""
    size = len(file.text.encode())
    if size > FILE_BYTES:
        yield file.at(1, f"{size} bytes, the limit is {FILE_BYTES}", "generate it, or cut it down")


RELEASE = re.compile(r"## \[(Unreleased\]|\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d)")
CHANGELOG_KINDS = ("Numbers", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def changelog(file: File) -> Iterator[str]:
    """The changelog has Keep a Changelog's form, with `Numbers` for changed amounts."""
    if file.path.name != "CHANGELOG.md":
        return
    releases = [line for line in file.lines if line.startswith("## ")]
    if not releases or releases[0] != "## [Unreleased]":
        yield file.at(1, "the first release is not [Unreleased]", "add `## [Unreleased]` on top")
    for number, line in enumerate(file.lines, 1):
        if line.startswith("### ") and line[4:] not in CHANGELOG_KINDS:
            yield file.at(number, f"unknown kind '{line[4:]}'", f"use one of {CHANGELOG_KINDS}")
        if line.startswith("## ") and not RELEASE.fullmatch(line):
            yield file.at(number, "a release without its date", "write `## [1.2.3] - 2026-01-31`")


RULES = (
    module_length,
    function_length,
    parameter_count,
    line_width,
    module_name,
    binary_float,
    unfinished,
    silent_except,
    docstrings,
    machine_path,
    clock,
    printing,
    file_size,
    changelog,
)
