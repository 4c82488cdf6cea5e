"""Fixtures for everything that needs the whole product; the rest of the tests need none."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.upstream import Upstream
from harness.vienna import Vienna

IN_CI = bool(os.environ.get("CI"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background by a shell: an ignored interrupt is handed down to every process that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _keep_for_good(phase: str, info: dict[str, int]) -> None:
    """What outlived a full collection is not looked at again: else each costs a second once a worker has run thousands
    of tests, and what is compiled and cached for them is two million objects.
    """
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()


gc.set_threshold(20_000, 20, 20)
gc.callbacks.append(_keep_for_good)

_WAIT_LONGEST = ("proxy/doors", "proxy", "cli", "browser", "journeys", "control")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What waits most comes first: the rest is worked off meanwhile, and no worker is left waiting alone at the end."""
    tests = config.rootpath / "tests"

    def place(item: pytest.Item) -> int:
        folders = [tests / name for name in _WAIT_LONGEST]
        return next((n for n, folder in enumerate(folders) if folder in item.path.parents), len(folders))

    items.sort(key=place)


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
