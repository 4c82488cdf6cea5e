"""Who asks: the credential says it, nothing else does.

1. ``Authorization: Bearer <key>``, once; or the session cookie of a browser. A key wins over a cookie.
2. A credential that does not hold is 401, never "nobody".
3. A write by cookie carries the session's CSRF token and comes from our own pages (``Origin``, ``Sec-Fetch-Site``).
"""

from __future__ import annotations

import contextlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.access import NOBODY, Principal
from vienna_control.api.problems import Code, Problem
from vienna_control.freeze import stops
from vienna_control.identity import operators
from vienna_control.identity.credentials import Credential
from vienna_control.identity.sessions import Session
from vienna_control.ports import UnavailableError
from vienna_control.store.tables import agents, sidecars

if TYPE_CHECKING:
    from vienna_control.app import App

SECURE_COOKIE = "__Host-vienna"
PLAIN_COOKIE = "vienna-dev"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_is_secure(app: App) -> bool:
    """False only where a browser would drop a Secure cookie: dev and test, without an https ``public_url``."""
    return not (app.config.lenient and not (app.config.control.public_url or "").startswith("https://"))


def cookie_name(app: App) -> str:
    return SECURE_COOKIE if cookie_is_secure(app) else PLAIN_COOKIE


def set_cookie(app: App, secret: str) -> str:
    """``Set-Cookie`` line that hands a session to a browser; an empty secret takes it away."""
    parts = [f"{cookie_name(app)}={secret}", "Path=/", "HttpOnly", "SameSite=Strict"]
    if cookie_is_secure(app):
        parts.append("Secure")
    parts.append(
        "Max-Age=0" if not secret else f"Max-Age={int(app.identity.sessions.lifetime.total_seconds())}"
    )
    return "; ".join(parts)


async def identify(app: App, request: web.Request, *, touch: bool = True) -> Principal:
    """The principal of a request, ``NOBODY`` when it shows no credential. Raises 401 for one that does not hold.

    ``touch``: whether it counts as a use of the session.
    """
    key = _bearer(request)
    now = app.clock.now()
    if key is not None:
        return await identify_key(app, key, touch=touch)
    secret = request.cookies.get(cookie_name(app))
    if not secret:
        return NOBODY
    by_cookie = await app.store.read(lambda conn: _of_cookie(app, conn, secret, now))
    if by_cookie is None:
        raise _unauthenticated("the session has ended; log in again")
    principal, session = by_cookie
    if request.method not in _SAFE:
        _refuse_forgery(app, request, principal)
    if touch and app.identity.sessions.wants_touch(session, now=now):
        await app.store.write(lambda tx: app.identity.sessions.touch(tx, session.hash))
    return principal


async def identify_key(app: App, key: str, *, touch: bool = True) -> Principal:
    """The principal of a key, wherever it was shown. Raises 401 for one that does not hold."""
    now = app.clock.now()
    found = await app.store.read(lambda conn: _of_key(app, conn, key, now))
    if found is None:
        raise _unauthenticated("the key is not known, has expired or was revoked")
    principal, credential = found
    if touch and credential.wants_touch(now=now):
        with contextlib.suppress(UnavailableError):  # that it was used is worth less than the answer
            await app.store.write(lambda tx: app.identity.credentials.touch(tx, credential.id))
    return principal


async def still_holds(app: App, request: web.Request, principal: Principal) -> bool:
    """Whether the credential of a request that is answered for long still says the same; asking is not a use of it."""
    try:
        return await identify(app, request, touch=False) == principal
    except Problem:
        return False


def _bearer(request: web.Request) -> str | None:
    lines = request.headers.getall("Authorization", [])
    if not lines:
        return None
    scheme, _, key = lines[0].partition(" ")
    if len(lines) > 1 or scheme.lower() != "bearer" or not key.strip():
        raise _unauthenticated("one header 'Authorization: Bearer <key>' is expected")
    return key.strip()


def _of_key(app: App, conn: Connection, key: str, now: datetime) -> tuple[Principal, Credential] | None:
    credential = app.identity.credentials.find(conn, key, now=now)
    if credential is None:
        return None
    principal = _of_credential(app, conn, credential)
    return (principal, credential) if principal else None


def _of_credential(app: App, conn: Connection, credential: Credential) -> Principal | None:
    if credential.kind == "operator":
        return _operator(
            conn,
            credential.principal_id,
            session=credential.session,
            scopes=credential.scopes,
            mfa_at=app.identity.sessions.mfa_at(conn, credential.session) if credential.session else None,
        )
    if credential.kind == "agent":
        return _agent(conn, credential.principal_id)
    if credential.kind == "sidecar":
        return sidecar_of(conn, credential.principal_id)
    if credential.kind == "join":
        return Principal(
            id=credential.id,
            kind="join",
            role="join",
            tenant=credential.tenant,
            agent_id=credential.principal_id,
        )
    return None


def _of_cookie(app: App, conn: Connection, secret: str, now: datetime) -> tuple[Principal, Session] | None:
    session = app.identity.sessions.find(conn, secret, now=now)
    if session is None:
        return None
    principal = _operator(
        conn, session.operator_id, session=session.hash, csrf=session.csrf, mfa_at=session.mfa_at
    )
    return (principal, session) if principal else None


def _operator(
    conn: Connection,
    operator_id: str,
    *,
    session: str | None,
    csrf: str | None = None,
    scopes: frozenset[str] | None = None,
    mfa_at: datetime | None = None,
) -> Principal | None:
    operator = operators.by_id(conn, operator_id)
    if operator is None or operator.disabled:
        return None
    return Principal(
        id=operator.id,
        kind="operator",
        role=operator.role,
        tenant=operator.tenant,
        name=operator.email,
        groups=operator.groups,
        session=session,
        csrf=csrf,
        scopes=scopes,
        mfa_at=mfa_at,
    )


def _agent(conn: Connection, agent_id: str) -> Principal | None:
    row = rows.first(conn, select(agents).where(agents.c.id == agent_id))
    if row is None:
        return None
    return Principal(
        id=row["id"], kind="agent", role="agent", tenant=row["tenant"], name=row["name"], agent_id=row["id"]
    )


def sidecar_of(conn: Connection, sidecar_id: str) -> Principal | None:
    """The sidecar of this id; None: there is none, or it was revoked."""
    query = (
        select(sidecars, agents.c.name.label("agent_name"))
        .join(agents, agents.c.id == sidecars.c.agent_id)
        .where(sidecars.c.id == sidecar_id, sidecars.c.revoked_at.is_(None))
    )
    row = rows.first(conn, query)
    if row is None or stops.killed(conn, row["tenant"], row["agent_id"]):
        return None
    return Principal(
        id=row["id"],
        kind="sidecar",
        role="sidecar",
        tenant=row["tenant"],
        name=row["agent_name"],
        agent_id=row["agent_id"],
    )


def refuse_foreign_origin(app: App, request: web.Request) -> None:
    """403 when a browser says that another site's page made this request.

    Ours are the host that was asked and that of ``public_url``: a proxy in front may have put its own name there.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = {request.host, urlsplit(app.config.control.public_url or "").netloc}
    foreign = site is not None and site not in ("same-origin", "none")
    if foreign or (origin is not None and _netloc(origin) not in ours - {""}):
        raise Problem(Code.FORBIDDEN, "this request was made by another site's page")


def _netloc(origin: str) -> str:
    """Host and port of an origin; empty when it has none, or no reading."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _refuse_forgery(app: App, request: web.Request, principal: Principal) -> None:
    refuse_foreign_origin(app, request)
    given = request.headers.get(CSRF_HEADER, "")
    if not principal.csrf or not hmac.compare_digest(
        given.encode(errors="surrogateescape"), principal.csrf.encode()
    ):
        raise Problem(Code.FORBIDDEN, f"a write in a session needs its token in the header {CSRF_HEADER}")


def _unauthenticated(message: str) -> Problem:
    return Problem(Code.UNAUTHENTICATED, message, headers={"WWW-Authenticate": 'Bearer realm="vienna"'})
