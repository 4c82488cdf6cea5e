"""Every check of one tenant; those of the installation for the tenant that has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from vienna_control.doctor import gates, installation, people
from vienna_control.doctor.check import Check, Status
from vienna_control.identity import tenants

if TYPE_CHECKING:
    from vienna_control.app import App

_ORDER: Sequence[Status] = ("ok", "warn", "fail")


async def examine(app: App, tenant: str) -> list[Check]:
    """Look now. Raises ``UnavailableError`` when the store does not answer."""
    own = await app.store.read(installation.look) if tenant == tenants.FIRST else None

    def query(conn: Connection) -> list[Check]:
        return [*gates.checks(app, conn, tenant), *people.checks(app, conn, tenant)]

    found = await app.store.read(query)
    return ([] if own is None else list(installation.checks(app, own))) + found


def worst(found: Sequence[Check]) -> Status:
    """The status of the whole."""
    return max((one.status for one in found), key=_ORDER.index, default="ok")
