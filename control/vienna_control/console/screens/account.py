"""One's own account: how one shows who one is, sessions, keys, devices, and who stands in."""

from __future__ import annotations

import asyncio
from typing import Any

from vienna_control.api.access import scopes_of
from vienna_control.api.problems import Code, Problem
from vienna_control.console.page import page
from vienna_control.console.qr import path_of
from vienna_control.console.visit import Visit

PAGE = 100
_LONGEST_URI = 1000


@page("/settings", "settings_account.html", area="settings")
async def account(visit: Visit) -> dict[str, Any]:
    """Who one is; password, second factors, sessions."""
    me, mfa, passkeys, sessions = await visit.all(
        visit.ask("GET /operators/me"),
        visit.ask("GET /mfa"),
        visit.ask("GET /mfa/passkeys", query={"limit": PAGE}),
        visit.ask("GET /sessions", query={"limit": PAGE}),
    )
    return {"account": me, "mfa": mfa, "passkeys": passkeys["passkeys"], "sessions": sessions["sessions"]}


@page("/settings/devices", "settings_devices.html", area="settings")
async def devices(visit: Visit) -> dict[str, Any]:
    """What rings for one."""
    found = await visit.ask("GET /push/subscriptions", query={"limit": PAGE})
    return {"devices": found["subscriptions"]}


@page("/settings/keys", "settings_keys.html", area="settings")
async def keys(visit: Visit) -> dict[str, Any]:
    """``all``: everybody's, for an admin."""
    everybody = visit.query.get("all") == "true"
    query = {"limit": PAGE, "all": "true" if everybody else None, **visit.only("cursor")}
    found = await visit.ask("GET /api-keys", query=query)
    return {"found": found, "everybody": everybody, "scopes": scopes_of(visit.principal.role)}


@page("/settings/stand-ins", "settings_stand_ins.html", area="settings")
async def stand_ins(visit: Visit) -> dict[str, Any]:
    """Who stands in for whom; everybody's for admins and auditors."""
    found = await visit.ask("GET /delegations")
    return {"delegations": found["delegations"]}


@page("/settings/code", "settings_code.html", area="settings", preview=True)
async def code(visit: Visit) -> dict[str, Any]:
    """An ``otpauth_uri`` as a picture that an authenticator reads. Nothing of it is kept."""
    sent = visit.body.get("otpauth_uri")
    if not isinstance(sent, str) or not sent.startswith("otpauth://") or len(sent) > _LONGEST_URI:
        raise Problem(Code.VALIDATION_FAILED, "/otpauth_uri: expected what POST /mfa/totp answered")
    path, size = await asyncio.to_thread(path_of, sent)
    return {"path": path, "size": size}
