"""What every test shares: a private home, no network, bounded randomness, the optional samples.

`make test` is deterministic: Hypothesis is derandomised and bounded. `make prove` sets
JEVONS_PROVE=1 and runs the tests marked `prove` (all property tests are) many more times.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PROVING = os.environ.get("JEVONS_PROVE") == "1"
ROOT = Path(__file__).resolve().parents[1]
TOOL_HOMES = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCODE_DATA_DIR", "XDG_CONFIG_HOME")

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "test",
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "prove", max_examples=2000, deadline=None, print_blob=True, suppress_health_check=_SLOW
)
settings.load_profile("prove" if PROVING else "test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every property test `prove`: a longer run needs no second version of it."""
    for item in items:
        if "property" in item.path.relative_to(ROOT).parts:
            item.add_marker(pytest.mark.prove)


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the developer's settings or logs, or a machine beyond the loopback address."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("JEVONS_")]:
            patch.delenv(name)
        for name in TOOL_HOMES:
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("user")))
        _refuse_connections(patch)
        yield


def _refuse_connections(patch: pytest.MonkeyPatch) -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(sock: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if sock.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"a test tried to reach {address}: tests run without a network")

    def guarded_connect(sock: socket.socket, address: object) -> None:
        check(sock, address)
        connect(sock, address)  # type: ignore[arg-type]

    def guarded_connect_ex(sock: socket.socket, address: object) -> int:
        check(sock, address)
        return connect_ex(sock, address)  # type: ignore[arg-type]

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Jevons home of the test's own, also named by JEVONS_HOME."""
    place = tmp_path / "jevons-home"
    monkeypatch.setenv("JEVONS_HOME", str(place))
    return place


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of genuine samples beside the checkout; the test is skipped where it is absent."""
    place = ROOT.parent / "shared" / "data"
    if not place.is_dir():
        pytest.skip("the genuine samples (../shared/data) are not beside this checkout")
    return place


@pytest.fixture(scope="session")
def count() -> Callable[[int, int], int]:
    """How often to repeat a check: `count(few, many)` is `many` under `make prove`, else `few`."""
    return lambda few, many: many if PROVING else few
