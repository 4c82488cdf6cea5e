"""Fixtures for everything that needs the whole product; the rest of the tests need none."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from harness.upstream import Upstream
from harness.vienna import Vienna

IN_CI = bool(os.environ.get("CI"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background by a shell: an ignored interrupt is handed down to every process that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


settings.register_profile("suite", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")  # how long an example takes says something of the machine, and nothing of us

_OF_A_MODULE = 1_000_000
"""Never within a module: a collection of all that lives takes a second once everything is loaded."""
gc.set_threshold(300_000, _OF_A_MODULE, _OF_A_MODULE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Between two modules, when nothing of a test is left: garbage is collected, and what is compiled and cached for
    all of them is not looked at again.
    """
    yield
    _, young_ones, _ = gc.get_count()
    if nextitem and item.path != nextitem.path and young_ones >= _WORTH_IT:
        gc.collect()
        gc.freeze()


_WORTH_IT = 2
"""Collections of the youngest since."""

_WAIT = {"browser": 0.8, "cli": 0.85, "journeys": 0.85, "proxy": 0.9}
"""Folders whose modules start processes and wait for them, and the part of the suite by which the last has begun."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Modules of a kind are spread evenly over the suite, so that no core idles and no browser waits for another; the
    last ones are short, so that no worker is left alone at the end.
    """
    kinds: dict[str, dict[Path, None]] = {}
    for item in items:
        top = item.path.relative_to(config.rootpath / "tests").parts[0]
        kinds.setdefault(top if top in _WAIT else "", {})[item.path] = None
    place = {
        path: at * _WAIT.get(kind, 1) / len(modules)
        for kind, modules in kinds.items()
        for at, path in enumerate(modules)
    }
    items.sort(key=lambda item: place[item.path])


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    """An HTTPS upstream that keeps what reaches it."""
    with Upstream(tmp_path) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path, upstream: Upstream) -> Iterator[Callable[..., Vienna]]:
    """Start a control plane and a gate with the given settings; both end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Vienna(tmp_path, upstream, **settings))


@pytest.fixture
def vienna(start: Callable[..., Vienna]) -> Vienna:
    """A control plane and an enforcing gate, running."""
    return start()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vienna]:
    """One running Vienna for a module whose tests leave it as it was."""
    folder = tmp_path_factory.mktemp("shared")
    with Upstream(folder) as server, Vienna(folder, server) as running:
        yield running


@pytest.fixture
def tool() -> Callable[..., str]:
    """The path of a program; without it the test is skipped, and in CI it fails."""

    def find(*names: str) -> str:
        for name in names:
            if path := shutil.which(name):
                return path
        missing = f"{' or '.join(names)} is not installed here"
        if IN_CI:
            pytest.fail(missing)
        pytest.skip(missing)

    return find
