"""How far an agent is trusted: how that came to be, and setting it by hand."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control.api.fleet import agent_of
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.route import Context, Who, route
from vienna_control.fleet import activity, loosening, trust
from vienna_control.identity.names import people_in
from vienna_control.store import Tx
from vienna_control.store.tables import trust_events
from vienna_kernel.ledger.trail import EntryType


class TrustBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    trust_score: Annotated[float, Field(ge=0, le=100)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


@route(
    "GET",
    "/fleet/{agent}/trust",
    who=Who.READER,
    writes=None,
    query=PageQuery,
    summary="How its trust came to be, newest first",
)
async def read_trust(ctx: Context) -> dict[str, Any]:
    def read(conn: Connection) -> dict[str, Any]:
        agent = agent_of(ctx, conn)
        page = fetch_page(
            conn,
            activity.trust(agent.id),
            ctx.query,
            key=trust_events.c.id,
            noun="trust_events",
            shape=activity.trust_event,
        )
        people = people_in(conn, agent.tenant, page)
        return {"agent_id": agent.id, "trust_score": agent.trust, **page, "people": people}

    return await ctx.app.store.read(read)


@route(
    "PUT",
    "/fleet/{agent}/trust",
    who=Who.OPERATOR,
    writes=(EntryType.TRUST_CHANGED, EntryType.ALERT),
    body=TrustBody,
    summary="Set an agent's trust by hand",
)
async def set_trust(ctx: Context) -> dict[str, Any]:
    """Down by one person; up by two where policy takes two: ``step`` says whether it was done."""
    body, who, actor = ctx.body, ctx.principal.name, ctx.principal.actor

    def unit(tx: Tx) -> dict[str, Any]:
        agent = agent_of(ctx, tx.conn)
        told = {"agent_id": agent.id, "previous_trust_score": agent.trust}
        wanted = {"trust": body.trust_score}
        if ctx.app.config.two_person_policy and loosening.waits(tx, agent, wanted, who=who, actor=actor):
            return told | {"new_trust_score": agent.trust, "step": "second_person_needed"}
        after = trust.move(tx, agent, body.trust_score, reason=body.reason, actor=actor)
        return told | {"new_trust_score": after, "step": "done"}

    return await ctx.app.store.write(unit)
