"""Warrants: list, read, verify."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, or_, select

from vienna_control import custody, rows
from vienna_control.api.access import Principal
from vienna_control.api.answers import WarrantData, WarrantList
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.store.tables import agents, intents, sidecars, warrants
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.terms import Warrant
from vienna_kernel.warrant.token import document, inspect
from vienna_kernel.warrant.use import STEPS, Use, meaning

_REDACTED = "[redacted hmac-sha256:"


class WarrantsQuery(PageQuery):
    """Filters of the list. ``status`` is as stored: an unused warrant stays ``issued`` until the sweep finds it.

    ``agent_id``: name or id. ``live``: only those that can be used now.
    """

    agent_id: Annotated[str, Field(max_length=128)] | None = None
    live: bool = False
    intent_id: Annotated[str, Field(max_length=64)] | None = None
    status: Literal["issued", "consumed", "expired", "revoked"] | None = None


class VerifyBody(BaseModel):
    """A token, and what one wants to do under it.

    Attributes:
        request_digest: ``sha256:…`` of the canonical request, for a warrant that binds one.
        action, target, parameters: One meaning; what is left out is not compared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[str, Field(min_length=1, max_length=8192)]
    action: Annotated[str, Field(max_length=128)] | None = None
    target: Annotated[str, Field(max_length=2000)] | None = None
    parameters: dict[str, Any] | None = None
    request_digest: Annotated[str, Field(max_length=100)] | None = None


class VerifyData(BaseModel):
    """Attributes: ``reason`` and ``detail`` when not valid; ``warrant`` is the document of a genuine one."""

    valid: bool
    reason: str | None = None
    detail: str | None = None
    warrant_id: str | None = None
    expires_at: str | None = None
    revoked: bool = False
    consumed: bool = False
    warrant: dict[str, Any] | None = None


_LISTED = (
    select(warrants, agents.c.name.label("agent"), intents.c.summary)
    .join(agents, agents.c.id == warrants.c.agent_id)
    .join(intents, intents.c.id == warrants.c.intent_id)
)


@route(
    "GET",
    "/warrants",
    who=Who.READER,
    writes=None,
    query=WarrantsQuery,
    data=WarrantList,
    summary="Warrants, newest first",
)
async def list_warrants(ctx: Context) -> dict[str, Any]:
    query, now = ctx.query, ctx.app.clock.now()
    statement = _LISTED.where(warrants.c.tenant == ctx.principal.tenant)
    for name in ("intent_id", "status"):
        if (value := getattr(query, name)) is not None:
            statement = statement.where(warrants.c[name] == value)
    if query.agent_id is not None:
        statement = statement.where(or_(agents.c.id == query.agent_id, agents.c.name == query.agent_id))
    if query.live:
        statement = statement.where(warrants.c.status == "issued", warrants.c.expires_at > iso(now))

    def shape(row: rows.Row) -> dict[str, Any]:
        return {
            "warrant_id": row["id"],
            "intent_id": row["intent_id"],
            "agent_id": row["agent_id"],
            "agent": row["agent"],
            "summary": row["summary"],
            "status": custody.status_at(row, now),
            "risk_tier": row["tier"],
            "observed": row["observed"],
            "parent": row["parent"],
            "issued_at": row["issued_at"],
            "expires_at": row["expires_at"],
            "revoked_at": row["revoked_at"],
            "revoked_reason": row["revoked_reason"],
        }

    return await ctx.app.store.read(
        lambda conn: fetch_page(conn, statement, query, key=warrants.c.id, noun="warrants", shape=shape)
    )


@route(
    "GET",
    "/warrants/{id}",
    who=Who.READER_OR_AGENT,
    writes=None,
    data=WarrantData,
    summary="One warrant as a document",
)
async def read_warrant(ctx: Context) -> dict[str, Any]:
    """The JSON view, what became of it, and (for admins, operators and the agent it is for) the token."""
    principal, warrant_id, now = ctx.principal, ctx.path["id"], ctx.app.clock.now()

    def query(conn: Connection) -> dict[str, Any] | None:
        row = custody.find(conn, principal.tenant, warrant_id)
        if row is None or (principal.agent_id is not None and row["agent_id"] != principal.agent_id):
            return None
        shown = document(custody.terms_of(row["token"]), row["token"], custody.history(conn, row))
        shown |= {
            "status": custody.status_at(row, now),
            "agent_id": row["agent_id"],
            "revoked_at": row["revoked_at"],
            "revoked_reason": row["revoked_reason"],
        }
        if (
            row["parent"] is not None
        ):  # the use of a standing warrant; the token of one that stands alone names none
            shown["chain"] = {"parent_warrant": row["parent"], "depth": 1}
        if principal.role in ("admin", "operator", "agent", "sidecar"):
            shown["token"] = row["token"]
        return shown

    found = await ctx.app.store.read(query)
    if found is None:
        raise not_found("warrant", warrant_id)
    return found


@route(
    "POST",
    "/warrants/verify",
    who=Who.READER_OR_AGENT,
    writes=None,
    pure=True,
    body=VerifyBody,
    data=VerifyData,
    summary="Whether a warrant is genuine, in force, and covers what one wants to do",
)
async def verify_warrant(ctx: Context) -> VerifyData:
    """Changes nothing: to use a warrant, consume it."""
    return await ctx.app.store.read(lambda conn: _verify(ctx, conn))


def _verify(ctx: Context, conn: Connection) -> VerifyData:
    app, body = ctx.app, ctx.body
    known = inspect(
        body.token,
        keyring=app.authority.keyring(),
        now=app.clock.now(),
        issuer=app.authority.issuer,
        revoked=lambda warrant_id: custody.is_revoked(conn, warrant_id),
    )
    if isinstance(known, Refused):
        return VerifyData(
            valid=False,
            reason=known.reason.value,
            detail=known.detail,
            revoked=known.reason is Reason.WARRANT_REVOKED,
        )
    row = custody.find(conn, ctx.principal.tenant, known.id)
    if row is None or ctx.principal.agent_id not in (None, row["agent_id"]):
        return VerifyData(valid=False, reason=Reason.WARRANT_HOLDER.value, detail="issued to another agent")
    used = custody.consumption(conn, known.id) is not None
    data = VerifyData(
        valid=True,
        warrant_id=known.id,
        expires_at=row["expires_at"],
        consumed=used,
        warrant=document(known, body.token, custody.history(conn, row)),
    )
    refused = _covers(ctx, conn, known)
    if refused is None and used:
        refused = Refused(Reason.WARRANT_CONSUMED, f"warrant {known.id} was used")
    if refused is not None:
        return data.model_copy(
            update={"valid": False, "reason": refused.reason.value, "detail": refused.detail}
        )
    return data


def _covers(ctx: Context, conn: Connection, warrant: Warrant) -> Refused | None:
    """Steps 5 to 11 for what the caller names; what it leaves out is not compared. The token is verified already."""
    body = ctx.body
    use = Use(
        origin=warrant.audience,
        agent=warrant.subject,
        holder_jkt=holder_of(conn, ctx.principal, warrant),
        intents=_wanted(ctx, warrant),
        request_digest=body.request_digest or warrant.request_digest,
        method=warrant.method,
        url=warrant.url,
    )
    steps = STEPS if _names_a_meaning(body) else tuple(step for step in STEPS if step is not meaning)
    verdicts = (step(warrant, use) for step in steps)
    return next((verdict for verdict in verdicts if isinstance(verdict, Refused)), None)


def _names_a_meaning(body: VerifyBody) -> bool:
    return body.action is not None or body.target is not None or body.parameters is not None


def holder_of(conn: Connection, principal: Principal, warrant: Warrant) -> str | None:
    """The key that the caller has proved: a gate its own, an agent none; for operators this is a dry run."""
    if principal.kind == "operator":
        return warrant.holder_jkt
    if principal.kind == "sidecar":
        jkt: str | None = conn.scalar(select(sidecars.c.jkt).where(sidecars.c.id == principal.id))
        return jkt
    return None


def _wanted(ctx: Context, warrant: Warrant) -> list[Intent]:
    """The intents to hold against the warrant. A redacted parameter is compared by its keyed hash."""
    body, key = ctx.body, ctx.app.authority.redaction_key(ctx.principal.tenant)
    wanted = []
    for row in warrant.meanings[:1] if _names_a_meaning(body) else warrant.meanings:
        theirs = row.parameters or {}
        redacted = frozenset(
            name for name, value in theirs.items() if isinstance(value, str) and value.startswith(_REDACTED)
        )
        given = body.parameters
        intent = Intent(
            action=body.action if body.action is not None else row.action,
            target=body.target if body.target is not None else row.target,
            parameters=given if given is not None else theirs,
            effect=Effect.READ,
            reversibility=Reversibility.UNKNOWN,
            default_tier=Tier.T0,
            redacted=redacted if given is not None else frozenset(),
        )
        wanted.append(intent.redact(key))
    return wanted
