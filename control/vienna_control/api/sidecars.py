"""The gates' endpoints: enrolment, the signed bundle, the stream, a sign of life."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from vienna_control.api.edge import answer
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.fleet.registry import FullError
from vienna_control.identity import join_tokens
from vienna_control.intake.ask import Caller
from vienna_control.invariant import there
from vienna_control.sidecars import heartbeats
from vienna_control.sidecars.enrolment import (
    Application,
    Enrolled,
    Newcomer,
    RefusedError,
    UntimelyError,
    enrol,
)
from vienna_control.store import Tx
from vienna_control.store.tables import sidecars
from vienna_kernel.heartbeat import INTERVAL_SECONDS, Heartbeat
from vienna_kernel.keyring import thumbprint
from vienna_kernel.ledger.trail import EntryType

_MAX_FRAME = 8 * 1024 * 1024
_PING_SECONDS = 20.0


class EnrolBody(BaseModel):
    """``public_jwk``: the Ed25519 key that warrants will be bound to. ``csr_pem``: for the intermediate CA.

    ``proof``: signature of that key, base64url, over the lines ``vienna-enrolment-v1``, SHA-256 of the join token, the
    key's thumbprint, SHA-256 of the request, ``proved_at``; each ends in a line feed, digests are lower-case hex.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    agent: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    public_jwk: Annotated[dict[str, str], Field(max_length=8)]
    csr_pem: Annotated[str, Field(max_length=16_384)]
    proved_at: Annotated[str, Field(max_length=40)]
    proof: Annotated[str, Field(max_length=100)]
    version: Annotated[str, Field(max_length=40)] = ""


class EnrolData(BaseModel):
    """``client_cert_pem``: what the sidecar shows in the TLS handshake, for its own key; a day long, like its CA."""

    sidecar_id: str
    api_key: str
    agent: dict[str, str]
    issuer: str
    jwks: dict[str, Any]
    ca_chain_pem: str
    client_cert_pem: str
    root_ca_pem: str
    bundle_key: dict[str, str]


@route(
    "POST",
    "/sidecars/enrol",
    who=Who.JOIN,
    writes=(EntryType.SIDECAR_ENROLLED, EntryType.AGENT_REGISTERED),
    body=EnrolBody,
    data=EnrolData,
    summary="Exchange a join token for a sidecar's key and its intermediate CA",
)
async def enrol_sidecar(ctx: Context) -> EnrolData:
    app, body, principal = ctx.app, ctx.body, ctx.principal
    wanted = Application(
        tenant=principal.tenant,
        token=ctx.request.headers.get("Authorization", "").partition(" ")[2].strip(),
        allowed=principal.agent_id or "",
        agent=body.agent,
        public_jwk=body.public_jwk,
        csr_pem=body.csr_pem,
        proved_at=body.proved_at,
        proof=body.proof,
        version=body.version,
        actor=principal.actor,
    )
    if wanted.allowed == join_tokens.ANY_AGENT and not app.config.lenient:
        raise Problem(Code.FORBIDDEN, "a join token for any agent is for dev and test only")
    newcomer = Newcomer(
        enforcement="enforce" if app.config.lenient else "observe", most_agents=app.config.max_agents
    )

    def unit(tx: Tx) -> Enrolled:
        try:
            done = enrol(tx, app.authority, app.identity.credentials, wanted, newcomer)
        except FullError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        except UntimelyError as error:
            raise Problem(Code.INVALID_REQUEST, str(error), {"now": tx.at}) from None
        except RefusedError as error:
            raise Problem(Code.FORBIDDEN, str(error)) from None
        stored = principal.id.startswith("key-")  # else a service account's token, which is not ours
        if stored and not join_tokens.take_use(tx, principal.id, thumbprint(body.public_jwk)):
            raise Problem(Code.FORBIDDEN, "this join token lets no further gate in: make another")
        return done

    done = await app.store.write(unit)
    return EnrolData(
        sidecar_id=done.sidecar_id,
        api_key=done.api_key,
        agent={"id": done.agent.id, "name": done.agent.name},
        issuer=app.authority.issuer,
        jwks=app.authority.jwks(),
        ca_chain_pem=done.intermediate.chain_pem,
        client_cert_pem=done.certificate.pem,
        root_ca_pem=app.authority.root_ca_pem,
        bundle_key=app.authority.bundle_jwk,
    )


class BundleQuery(BaseModel):
    """``wait``: seconds to wait for another bundle than the one of ``If-None-Match``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wait: Annotated[float, Field(ge=0, le=60)] = 0


@route(
    "GET",
    "/sidecars/bundle",
    who=Who.SIDECAR,
    writes=None,
    query=BundleQuery,
    raw=True,
    summary="The signed bundle: mappings, keys, the agent's rung",
)
async def read_bundle(ctx: Context) -> web.Response:
    """``data.token`` is a JWS of type ``vienna-bundle+jwt``; ``ETag`` its digest; 304 when it is the same."""
    hub, agent_id = ctx.app.hub, ctx.principal.agent_id or ""
    known = ctx.request.headers.get("If-None-Match", "").strip('"')
    if known and ctx.query.wait:
        waiting = asyncio.ensure_future(hub.bundle_other_than(agent_id, known, wait_seconds=ctx.query.wait))
        current = await _unless_stopping(ctx, waiting)
    else:
        current = await hub.snapshots.of_agent(agent_id)
    headers = {"ETag": f'"{current.digest}"'}
    if current.digest == known:
        return web.Response(status=304, headers=headers)
    return answer({"success": True, "data": {"token": current.token}, "error": None}, headers=headers)


async def _unless_stopping[T](ctx: Context, waiting: asyncio.Future[T]) -> T:
    stopping = asyncio.ensure_future(ctx.app.stopping.wait())
    both: set[asyncio.Future[Any]] = {waiting, stopping}
    try:
        await asyncio.wait(both, return_when="FIRST_COMPLETED")
        if not waiting.done():
            raise Problem(Code.UNAVAILABLE, "the control plane is stopping")
        return waiting.result()
    finally:
        stopping.cancel()
        waiting.cancel()


@route(
    "GET",
    "/sidecars/stream",
    who=Who.SIDECAR,
    writes=None,
    raw=True,
    summary="The stream of one gate: a WebSocket of JSON frames",
)
async def stream(ctx: Context) -> web.WebSocketResponse:
    """Frames are those of ``vienna_kernel.wire``; the gate speaks first."""
    principal, app = ctx.principal, ctx.app
    socket = web.WebSocketResponse(heartbeat=_PING_SECONDS, max_msg_size=_MAX_FRAME, compress=False)
    if not socket.can_prepare(ctx.request).ok:
        raise Problem(Code.INVALID_REQUEST, "this is a WebSocket")
    jkt = await app.store.read(
        lambda conn: conn.scalar(select(sidecars.c.jkt).where(sidecars.c.id == principal.id))
    )
    caller = Caller(
        tenant=principal.tenant,
        agent_id=principal.agent_id or "",
        source=principal.actor,
        sidecar_id=principal.id,
        jkt=jkt or "",
    )
    await socket.prepare(ctx.request)
    transport = there(ctx.request.transport, "it was prepared, so it is there")
    serving = asyncio.create_task(app.hub.serve(caller, socket, transport.abort))
    stopping = asyncio.create_task(app.stopping.wait())
    await asyncio.wait({serving, stopping}, return_when="FIRST_COMPLETED")
    if not serving.done():
        await socket.close(code=1001, message=b"the control plane is stopping")
    stopping.cancel()
    await serving
    return socket


class HeartbeatData(BaseModel):
    """Attributes: ``bundle`` is the digest of the current one, ``at`` our clock."""

    bundle: str
    at: str
    interval_seconds: int


@route(
    "POST",
    "/sidecars/heartbeat",
    who=Who.SIDECAR,
    writes=(EntryType.SIDECAR_GAP, EntryType.ALERT),
    body=Heartbeat,
    data=HeartbeatData,
    summary="A sign of life with counts",
)
async def heartbeat(ctx: Context) -> HeartbeatData:
    """Numbered from 1 without a gap; unanswered, it is sent again under its number with the same counts."""
    principal, body = ctx.principal, ctx.body
    await ctx.app.store.write(lambda tx: heartbeats.keep(tx, principal.id, body))
    current = await ctx.app.hub.snapshots.of_agent(principal.agent_id or "")
    return HeartbeatData(
        bundle=current.digest, at=iso(ctx.app.clock.now()), interval_seconds=INTERVAL_SECONDS
    )
