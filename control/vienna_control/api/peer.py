"""Who is at the other end: its credential, and beside it the certificate of the TLS handshake.

1. At enrolment a service account's token stands in for a join token.
2. The handshake has verified that a certificate leads to our client CA; here it names a sidecar, and must still hold.
3. A sidecar's certificate alone is a credential, unless ``control.tls.require_client_cert`` asks for key and
   certificate; both together must be of the same sidecar.
4. Whoever sends somebody else's request on to be judged shows its own key in ``X-Vienna-Key``: ``Authorization``,
   cookie and origin are of that request, and say nothing of who asks.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from aiohttp import web

from vienna_control.api.access import NOBODY, Principal, Who
from vienna_control.api.caller import identify, identify_key, refuse_foreign_origin, sidecar_of
from vienna_control.api.problems import Code, Problem

if TYPE_CHECKING:
    from vienna_control.app import App


FORWARDER_KEY = "X-Vienna-Key"


async def principal_of(app: App, request: web.Request, who: Who) -> Principal:
    """The principal of a request to a route of this row. Raises 401, and 503 when nobody can say."""
    if who is Who.JOIN and (account := await _service_account(app, request)) is not None:
        return account
    principal = await identify(app, request)
    if principal is NOBODY and request.method not in ("GET", "HEAD") and _shows_certificate(app, request):
        refuse_foreign_origin(app, request)
    return await _with_certificate(app, request, principal)


async def forwarder_of(app: App, request: web.Request) -> Principal:
    """Who sends somebody else's request on to be judged. Raises 401, and 503 when nobody can say."""
    keys = request.headers.getall(FORWARDER_KEY, [])
    if len(keys) > 1:
        raise Problem(Code.UNAUTHENTICATED, f"one header {FORWARDER_KEY} is expected")
    principal = await identify_key(app, keys[0].strip()) if keys else NOBODY
    return await _with_certificate(app, request, principal)


def _shows_certificate(app: App, request: web.Request) -> bool:
    return sidecar_in(request, app.clock.now().timestamp()) is not None


async def _with_certificate(app: App, request: web.Request, principal: Principal) -> Principal:
    certified = sidecar_in(request, app.clock.now().timestamp())
    needs_both = app.config.control.tls.require_client_cert == "sidecars"
    if principal is NOBODY and certified is not None and not needs_both:
        found = await app.store.read(lambda conn: sidecar_of(conn, certified))
        if found is None:
            raise Problem(
                Code.UNAUTHENTICATED, "the certificate is of no sidecar, or of one that was revoked"
            )
        return found
    if principal.kind == "sidecar":
        if certified not in (None, principal.id):
            raise Problem(Code.UNAUTHENTICATED, "the key and the certificate are of two sidecars")
        if certified is None and needs_both:
            raise Problem(Code.UNAUTHENTICATED, "a sidecar needs its certificate here, beside its key")
    return principal


def sidecar_in(request: web.Request, now: float) -> str | None:
    """The sidecar that the peer's certificate names; None: no TLS, or none was shown. Raises 401 when it has ended.

    ``now``: a connection may live longer than the certificate that it was opened with.
    """
    tls = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
    shown = tls.getpeercert() if tls is not None else None
    if not shown:
        return None
    if ssl.cert_time_to_seconds(shown["notAfter"]) <= now:
        raise Problem(Code.UNAUTHENTICATED, "the certificate has expired")
    names = [value for row in shown["subject"] for name, value in row if name == "commonName"]
    return names[0] if len(names) == 1 else ""


async def _service_account(app: App, request: web.Request) -> Principal | None:
    lines = request.headers.getall("Authorization", [])
    scheme, _, token = (lines[0] if len(lines) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not app.tokens.is_for_us(token.strip()):
        return None
    found = await app.tokens.review(token.strip())
    if found is None:
        raise Problem(Code.UNAUTHENTICATED, "this service account's token does not enrol anybody")
    return Principal(
        id=f"kubernetes:{found.name}", kind="join", role="join", tenant=found.tenant, agent_id=found.agent
    )
