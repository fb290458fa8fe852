"""The import contracts hold, and each of them catches the violation it is meant for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = (
    "vocabulary",
    "usage",
    "pricing",
    "ledger",
    "analysis",
    "control",
    "sources",
    "stores",
    "app",
    "interfaces",
)
LINT = "from importlinter.cli import lint_imports_command as c; c()"


def lint(place: Path, package: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package under `package` with the configuration in `place`."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_project_keeps_its_contracts() -> None:
    result = lint(ROOT, ROOT / "src")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folders without their content, under the project's own contracts."""
    place = tmp_path_factory.mktemp("skeleton")
    shutil.copy(ROOT / "pyproject.toml", place)
    modules = [f"{stage}/__init__.py" for stage in STAGES]
    modules += ["__init__.py", "vocabulary/money.py", "app/wiring.py", "app/report.py"]
    modules += ["sources/codex.py", "sources/otlp.py", "stores/inbox.py"]
    modules += ["interfaces/cli/__init__.py", "interfaces/web/__init__.py"]
    for module in modules:
        file = place / "jevons" / module
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (place / "jevons/app/wiring.py").write_text("import jevons.sources.codex, jevons.stores.inbox")
    return place


def test_the_skeleton_keeps_the_contracts(skeleton: Path) -> None:
    result = lint(skeleton, skeleton)
    assert result.returncode == 0, result.stdout + result.stderr


VIOLATIONS = {
    "Imports run against the flow": ("usage/split.py", "import jevons.pricing"),
    "A new folder has no place": ("utils/__init__.py", ""),
    "Siblings import each other in a ring": (
        "ledger/a.py",
        "from jevons.ledger import b",
    ),
    "Analysis and control do not know each other": ("control/caps.py", "import jevons.analysis"),
    "The core does no I/O and reads no clock": ("ledger/journal.py", "import sqlite3"),
    "Sources do not know each other": ("sources/codex.py", "import jevons.sources.otlp"),
    "Interfaces do not know each other": ("interfaces/cli/web.py", "import jevons.interfaces.web"),
    "Only the composition root picks adapters": ("app/report.py", "import jevons.stores.inbox"),
}
BROKEN = {
    "A new folder has no place": "Imports run against the flow",
    "Siblings import each other in a ring": "No cycles between siblings, at any depth",
    "Analysis and control do not know each other": "Imports run against the flow",
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_contract_catches_a_violation(name: str, skeleton: Path, tmp_path: Path) -> None:
    place = tmp_path / "project"
    shutil.copytree(skeleton, place)
    module, line = VIOLATIONS[name]
    file = place / "jevons" / module
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(line)
    if "ring" in name:
        (file.parent / "b.py").write_text("from jevons.ledger import a")
    result = lint(place, place)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{BROKEN.get(name, name)} BROKEN" in result.stdout


def test_a_typing_only_import_is_allowed(skeleton: Path, tmp_path: Path) -> None:
    place = tmp_path / "project"
    shutil.copytree(skeleton, place)
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pathlib import Path\n"
    (place / "jevons/vocabulary/source.py").write_text(text)
    assert lint(place, place).returncode == 0
