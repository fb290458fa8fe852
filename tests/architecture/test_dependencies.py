"""What is installed is what was chosen: pinned, hashed, with a reason; nothing starts by itself."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)(.*?)(?=^[a-z0-9]|\Z)", re.M | re.S)
ALLOWED_PTH = {"distutils-precedence.pth", "_jevons.pth"}
"""setuptools' own, which comes with some Pythons, and the editable install of this project."""


def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        table: dict[str, object] = tomllib.load(file)
    return table


def names(requirements: list[str]) -> list[str]:
    return [re.split(r"[^A-Za-z0-9._-]", text)[0].lower() for text in requirements]


def runtime() -> list[str]:
    table = project()
    return names(table["project"]["dependencies"])  # type: ignore[index]


def development() -> list[str]:
    table = project()
    return names(table["dependency-groups"]["dev"])  # type: ignore[index]


def test_every_requirement_is_pinned_with_hashes() -> None:
    found = REQUIREMENT.findall(LOCK)
    assert len(found) > 20
    bare = [name for name, _, rest in found if "--hash=sha256:" not in rest]
    assert not bare, f"without a hash: {bare}; run `make lock`"


def test_the_lock_names_no_address() -> None:
    lines = [line for line in LOCK.splitlines() if "://" in line or "index" in line.split("#")[0]]
    assert not lines, f"addresses in requirements.lock: {lines}; run `make lock`"


@pytest.mark.parametrize("name", [*runtime(), *development()])
def test_every_dependency_is_locked(name: str) -> None:
    locked = {found[0] for found in REQUIREMENT.findall(LOCK)}
    assert name in locked, f"{name} is not in requirements.lock; run `make lock`"


@pytest.mark.parametrize("name", [*runtime(), *development()])
def test_every_dependency_has_its_reason(name: str) -> None:
    record = (ROOT / "docs/decisions/0005-dependencies.md").read_text(encoding="utf-8")
    assert f"`{name}`" in record, f"say in docs/decisions/0005-dependencies.md why {name} is needed"


@pytest.mark.parametrize("name", runtime())
def test_every_dependency_is_imported(name: str) -> None:
    modules = {"opentelemetry-proto": "opentelemetry.proto", "pyyaml": "yaml", "tzdata": ""}
    module = modules.get(name, name.replace("-", "_"))
    pattern = re.compile(rf"^\s*(import|from) {re.escape(module)}\b", re.M)
    files = (ROOT / "src").rglob("*.py")
    used = not module or any(pattern.search(file.read_text(encoding="utf-8")) for file in files)
    assert used, f"nothing imports {name}: remove it from pyproject.toml and run `make lock`"


def test_nothing_starts_code_by_itself() -> None:
    """A `.pth` file runs at every start of Python: the way in which a peer was compromised."""
    folders = [Path(place) for place in sys.path if place.endswith("site-packages")]
    found = {file.name for folder in folders for file in folder.glob("*.pth")}
    assert found <= ALLOWED_PTH, (
        f"unexpected .pth files: {found - ALLOWED_PTH}; find who brought them"
    )


def test_the_version_is_said_once() -> None:
    import jevons

    assert jevons.__version__ == project()["project"]["version"]  # type: ignore[index]
