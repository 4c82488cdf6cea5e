"""Fixtures of what is kept by API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from planes import Control
from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import operators

type Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def ask(control: Control) -> Ask:
    """``ask(method, path, body, key=…)``: status, and data or error."""

    async def asked(
        method: str, path: str, body: Any = None, key: str = "oscar", **more: Any
    ) -> tuple[int, Any]:
        status, answer, _ = await control.ask(method, f"/api/v1{path}", key=key, body=body, **more)
        return status, answer["data"] if answer["success"] else answer["error"]

    return asked


@pytest.fixture
def two_people(control: Control) -> None:
    """Changes by API wait for a second person, as in prod."""
    section = control.app.config.control.model_copy(update={"policy_two_person": True})
    control.app.config = control.app.config.model_copy(update={"control": section})


@pytest.fixture
async def acme(control: Control) -> str:
    """Key of an admin of another tenant."""

    def unit(tx: Tx) -> str:
        rows.add(
            tx.conn,
            operators,
            id="op-acme",
            tenant="acme",
            email="root@acme.example",
            role="admin",
            groups="[]",
            created_at=tx.at,
        )
        issue = control.app.identity.credentials.issue
        return issue(tx, "operator", "op-acme", tenant="acme", actor="system")

    return await control.app.store.write(unit)
