"""Standing warrants: asked for, listed, tried on recorded traffic, revoked. Whether people agree is in the approval."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from vienna_control.api.page import fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.standing_terms import (
    PreviewBody,
    RequestedData,
    RevokeBody,
    RevokedData,
    StandingBody,
    StandingQuery,
    terms_like,
    terms_of,
    unfit,
)
from vienna_control.approvals.standing import ending, kept, preview, view
from vienna_control.approvals.standing.asking import LawError
from vienna_control.approvals.standing.terms import Terms, TermsError, check
from vienna_control.clock import iso
from vienna_control.identity.names import people_in
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import standing_holders, standing_warrants
from vienna_kernel.approval.moves import Voter
from vienna_kernel.ledger.trail import EntryType


@route(
    "POST",
    "/standing",
    who=Who.PROPOSER,
    writes=(
        EntryType.INTENT_SUBMITTED,
        EntryType.POLICY_EVALUATED,
        EntryType.APPROVAL_REQUESTED,
        EntryType.APPROVAL_ESCALATED,
    ),
    body=StandingBody,
    data=RequestedData,
    status=201,
    summary="Ask people for consent in advance",
)
async def request_standing(ctx: Context) -> RequestedData:
    """It takes what such a call would take, and whoever asks for it does not decide it."""
    answer = await ctx.app.store.write(
        lambda tx: requested(
            ctx,
            tx,
            terms_of(
                tx.conn, ctx.principal.tenant, ctx.body, ctx.app.policies.of(ctx.principal.tenant), tx.now
            ),
        )
    )
    ctx.log["standing_id"] = answer.standing_id
    return answer


def requested(ctx: Context, tx: Tx, terms: Terms) -> RequestedData:
    """Put terms before people, in the name of who asks. Raises ``Problem``."""
    principal, pipeline = ctx.principal, ctx.app.pipeline
    voter = Voter(id=principal.id, role=principal.role, groups=principal.groups, email=principal.name.lower())
    try:
        made = pipeline.ask_standing(tx, voter, terms)
    except TermsError as error:
        raise unfit(error) from None
    except LawError as error:
        raise Problem(Code.CONFLICT, str(error)) from None
    return RequestedData(
        standing_id=made.standing_id,
        approval_id=made.asked.approval_id,
        status="pending",
        required_approvers=made.asked.required,
        expires_at=made.asked.expires_at,
        terms=terms.told(),
    )


@route(
    "POST",
    "/standing/preview",
    who=Who.READER,
    writes=None,
    pure=True,
    body=PreviewBody,
    summary="What terms would have covered in recorded traffic",
)
async def preview_standing(ctx: Context) -> dict[str, Any]:
    """How many calls, how many of them people were asked about, examples, and which were only just outside."""
    body, tenant, now = ctx.body, ctx.principal.tenant, ctx.app.clock.now()
    if (body.standing is None) == (body.approval_id is None):
        raise Problem(Code.VALIDATION_FAILED, "say either standing or approval_id")

    def query(conn: Connection) -> dict[str, Any]:
        if body.standing is not None:
            terms = terms_of(conn, tenant, body.standing, ctx.app.policies.of(tenant), now)
        else:
            terms = terms_like(conn, tenant, body.approval_id, body.like, now=now)
        try:
            check(terms, ctx.app.policies.of(tenant).action_types.get(terms.action), now=now)
        except TermsError as error:
            raise unfit(error) from None
        return {"terms": terms.told(), **preview.preview(conn, terms, now=now, days=body.days)}

    return await ctx.app.store.read(query)


@route(
    "GET",
    "/standing",
    who=Who.READER,
    writes=None,
    query=StandingQuery,
    summary="Standing warrants, newest first",
)
async def list_standing(ctx: Context) -> dict[str, Any]:
    query, now = ctx.query, iso(ctx.app.clock.now())
    table = standing_warrants
    statement = kept.listed().where(table.c.tenant == ctx.principal.tenant)
    if query.action is not None:
        statement = statement.where(table.c.action == query.action)
    if query.open is not None:
        statement = statement.where(
            table.c.ended_at.is_(None) if query.open else table.c.ended_at.is_not(None)
        )
    if query.agent_id is not None:
        of_agent = standing_holders.c.agent_id == query.agent_id
        held = select(standing_holders.c.agent_id).where(
            standing_holders.c.standing_id == table.c.id, of_agent
        )
        statement = statement.where(held.exists())

    def read(conn: Connection) -> dict[str, Any]:
        found = fetch_page(
            conn,
            statement,
            query,
            key=table.c.id,
            noun="standing",
            shape=lambda row: view.brief(conn, row, now),
        )
        return found | {"people": people_in(conn, ctx.principal.tenant, found)}

    return await ctx.app.store.read(read)


@route("GET", "/standing/{id}", who=Who.READER, writes=None, summary="One, with its uses")
async def read_standing(ctx: Context) -> dict[str, Any]:
    standing_id, now = ctx.path["id"], iso(ctx.app.clock.now())

    def query(conn: Connection) -> dict[str, Any] | None:
        row = kept.one(conn, ctx.principal.tenant, standing_id)
        if row is None:
            return None
        told = view.whole(conn, row, now)
        return told | {"people": people_in(conn, ctx.principal.tenant, told)}

    found = await ctx.app.store.read(query)
    if found is None:
        raise not_found("standing warrant", standing_id)
    return found


@route(
    "POST",
    "/standing/{id}/revoke",
    who=Who.PROPOSER,
    writes=(EntryType.WARRANT_REVOKED, EntryType.APPROVAL_RESOLVED),
    body=RevokeBody,
    data=RevokedData,
    summary="End it now, with whatever of it was not used yet",
)
async def revoke_standing(ctx: Context) -> RevokedData:
    """One that people have not decided about is withdrawn."""
    principal, standing_id, reason = ctx.principal, ctx.path["id"], ctx.body.reason

    def unit(tx: Tx) -> RevokedData:
        row = kept.one(tx.conn, principal.tenant, standing_id)
        if row is None:
            raise not_found("standing warrant", standing_id)
        ended = ending.revoke(tx, row, reason=reason, actor=principal.actor)
        if not ended and row["asked"] != "pending":
            raise Problem(Code.CONFLICT, "it has ended already, and nothing of it waits to be used")
        ending.end_due(tx)
        after = there(kept.one(tx.conn, principal.tenant, standing_id), "read above, in this transaction")
        return RevokedData(standing_id=standing_id, status=kept.status(tx.conn, after, tx.at), revoked=ended)

    return await ctx.app.store.write(unit)
