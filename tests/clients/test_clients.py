"""Real clients, unmodified, over HTTPS through the gate: what each sees is what the documentation says."""

from __future__ import annotations

import os

import pytest

from clients import page, table
from clients.outcomes import outcomes
from clients.table import Client
from clients.world import World

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("client", table.CLIENTS, ids=lambda client: client.slug)
def test_what_a_client_sees(client: Client, world: World, request: pytest.FixtureRequest) -> None:
    if reason := table.missing(client):
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    seen = outcomes(world, client)
    if request.config.getoption("write_docs"):
        page.write(client.name, seen)
    assert page.row(client.name) == seen


def test_every_client_has_a_row() -> None:
    assert page.names() == [client.name for client in table.CLIENTS]
