"""One world for all clients that one process tries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.world import World, running


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="write docs/clients.md instead of comparing")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An upstream, a control plane and two gates."""
    with running(tmp_path_factory.mktemp("world")) as world:
        yield world
