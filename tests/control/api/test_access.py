"""Who may do what: every route says so, and what it says is what happens over HTTP."""

from __future__ import annotations

import itertools
import re

import pytest
from sqlalchemy import select

from planes import ONE_OF_EACH, Control, key_of
from vienna_control import rows
from vienna_control.api import all_routes
from vienna_control.api.access import ROLES, Principal, Who
from vienna_control.api.route import Route
from vienna_control.store import Tx
from vienna_control.store.tables import agents, sidecars
from vienna_kernel.ledger.trail import EntryType

ROUTES = all_routes()

READS_BY_POST = {
    "/api/v1/auth/logout",  # ends what the login began; the login is the entry
    "/api/v1/auth/links",
    "/api/v1/break-glass/challenge",
    "/api/v1/warrants/verify",
    "/api/v1/audit/verify",
    "/api/v1/compliance/reports/generate",
    "/api/v1/policies/evaluate",
    "/api/v1/policies/backtest",
    "/api/v1/simulation",
    "/api/v1/action-types/validate",
    "/api/v1/mappings/test",
    "/api/v1/mappings/import-openapi",
    "/api/v1/approvals/{id}/narrow",  # what less would be: shown, not asked for
    "/api/v1/standing/preview",
    "/api/v1/sidecars/heartbeat",
    "/published/api/v1/agents/{id}/heartbeat",
    # a challenge: what is signed with it is the entry
    "/api/v1/mfa/passkeys/options",
    "/api/v1/auth/passkey/options",
    "/api/v1/approvals/{id}/challenge",
    "/api/v1/roster/proposals/{id}/challenge",
}
"""POST routes that add nothing to the trail. Add one only after asking why."""


def test_every_route_says_who_and_what_it_writes() -> None:
    assert len(ROUTES) > 15
    for one in ROUTES:
        assert isinstance(one.who, Who), one
        assert all(isinstance(entry, EntryType) for entry in one.writes), one
        assert one.summary, one
        if one.method == "GET":
            assert not one.writes, one
        elif one.path not in READS_BY_POST:
            assert one.writes, f"{one.method} {one.path} changes something and enters nothing"


def test_only_these_are_open_to_anyone() -> None:
    assert {(one.method, one.path) for one in ROUTES if one.who is Who.PUBLIC} <= {
        ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/api/v1/openapi.json"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/link"),
        ("POST", "/api/v1/auth/invitation"),
        ("POST", "/api/v1/auth/setup"),
        ("POST", "/api/v1/auth/passkey"),
        ("POST", "/api/v1/auth/passkey/options"),
        ("POST", "/api/v1/integrations/slack/actions"),  # shows itself by Slack's signature
    }


def test_an_auditor_and_a_viewer_write_nothing_but_their_own_account() -> None:
    for one in ROUTES:
        if one.writes and one.who not in (Who.PUBLIC, Who.SELF):
            assert not one.who.roles & {"auditor", "viewer"}, f"{one.method} {one.path}"


def test_nobody_approves_by_get() -> None:
    assert not [one for one in ROUTES if one.method == "GET" and re.search("approve|deny|vote", one.path)]


@pytest.mark.parametrize("role", ROLES)
def test_an_admin_may_what_an_operator_or_approver_may(role: str) -> None:
    for who in Who:
        if role in who.roles and role != "admin":
            assert "admin" in who.roles


def test_agents_and_gates_reach_only_their_own() -> None:
    for who in (Who.READER, Who.OPERATOR, Who.APPROVER, Who.AUDITOR, Who.ADMIN):
        for kind in ("agent", "sidecar", "join", "none"):
            assert not who.admits(Principal(id="x", kind=kind, role=kind, tenant="t"))  # type: ignore[arg-type]


def _request_path(one: Route) -> str:
    return re.sub(r"\{[^}]*\}", "none-such", one.path)


async def _keys(control: Control) -> dict[str, str]:
    """A key of every role, and of every kind of principal that is no operator."""

    def enrolled(tx: Tx) -> str:
        agent_id = tx.conn.scalar(select(agents.c.id))
        rows.add(
            tx.conn,
            sidecars,
            id="side-1",
            tenant="default",
            agent_id=agent_id,
            public_jwk="{}",
            jkt="j",
            enrolled_at=tx.at,
            seen_at=tx.at,
        )
        issue = control.app.identity.credentials.issue
        return issue(tx, "sidecar", "side-1", tenant="default", actor="system")

    return {
        **{role: key_of(role) for role in (*ONE_OF_EACH, "agent")},
        "sidecar": await control.app.store.write(enrolled),
        "join": (control.folder.path / "sidecar.join").read_text().strip(),
    }


async def test_roles_times_routes_over_http(control: Control) -> None:
    """401 for nobody, 403 for somebody else; whoever may gets past the door (whatever lies behind it)."""
    keys = await _keys(control)
    tried = 0
    for one, role in itertools.product(ROUTES, (None, *keys)):
        may = role in one.who.roles
        if one.who is Who.PUBLIC or (may and one.path.endswith(("/events", "/stream"))):
            continue  # those that may would stay
        if may and one.forwarded:
            continue  # its no is a 403 as well
        body = {} if one.body is not None else None
        key = keys[role] if role else None
        shown = {"X-Vienna-Key": key} if one.forwarded and key else {}
        path, key = _request_path(one), None if one.forwarded else key
        status, answer, _ = await control.ask(one.method, path, key=key, body=body, headers=shown)
        tried += 1
        name = f"{role} {one.method} {one.path}"
        if role is None:
            assert (status, answer["error"]["code"]) == (401, "unauthenticated"), name
        elif may:
            assert status not in (403, 405, 500), (name, answer)
            assert status != 401 or answer["error"]["code"] == "mfa_required", (name, answer)
        else:
            assert (status, answer["error"]["code"]) == (403, "forbidden"), name
    assert tried > 150
