"""Public keys, so that any service verifies a warrant with a stock JWT library."""

from __future__ import annotations

from aiohttp import web

from vienna_control.api.edge import answer
from vienna_control.api.route import Context, Who, route


@route(
    "GET",
    "/.well-known/jwks.json",
    who=Who.PUBLIC,
    writes=None,
    raw=True,
    root="",
    summary="Public keys of this control plane (RFC 7517)",
)
async def jwks(ctx: Context) -> web.StreamResponse:
    """Every signing key with its dates; a retired one still verifies what it signed, a revoked one nothing.

    Where warrants are signed with a shared secret, ``warrant_algorithm`` says so: no key here verifies them.
    """
    label = {"warrant_algorithm": "hmac-sha256"} if ctx.app.authority.symmetric else {}
    return answer({**ctx.app.authority.jwks(), **label}, headers={"Cache-Control": "public, max-age=300"})
