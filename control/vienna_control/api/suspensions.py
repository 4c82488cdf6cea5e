"""Stopping one agent, and listening to it again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vienna_control.api.fleet import agent_of
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.api.until import INDEFINITE, Duration, until
from vienna_control.fleet import suspension
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.stop import Level


class SuspendBody(BaseModel):
    """``level``: ``quarantine`` also keeps the answers of calls under way from the agent, and only an operator ends it.
    ``duration``: ``indefinite`` or ISO 8601, e.g. ``PT2H``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    level: Literal["suspend", "quarantine"] = "suspend"
    duration: Duration = INDEFINITE


class ResumeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(min_length=1, max_length=500)]


@route(
    "POST",
    "/fleet/{agent}/suspend",
    who=Who.ADMIN,
    writes=(EntryType.AGENT_SUSPENDED, EntryType.WARRANT_REVOKED, EntryType.APPROVAL_RESOLVED),
    body=SuspendBody,
    summary="Stop an agent, and everything of it that has not left",
)
async def suspend_agent(ctx: Context) -> dict[str, Any]:
    body = ctx.body

    def unit(tx: Tx) -> dict[str, Any]:
        agent = agent_of(ctx, tx.conn)
        if agent.status == "inactive":
            raise Problem(Code.CONFLICT, "this agent is retired")
        resume_at = until(body.duration, tx.now)
        if resume_at is not None and body.level == "quarantine":
            raise Problem(
                Code.VALIDATION_FAILED, "/duration: a quarantine ends only when an operator ends it"
            )
        done = suspension.suspend(
            tx,
            agent,
            reason=body.reason,
            actor=ctx.principal.actor,
            resume_at=resume_at,
            level=Level(body.level),
        )
        return {
            "agent_id": agent.id,
            "status": "suspended",
            "level": body.level,
            "resume_at": done.resume_at,
            "pending_intents_cancelled": done.pending_intents_cancelled,
            "warrants_revoked": done.warrants_revoked,
        }

    return await ctx.app.store.write(unit)


@route(
    "POST",
    "/fleet/{agent}/resume",
    who=Who.ADMIN,
    writes=EntryType.AGENT_RESUMED,
    body=ResumeBody,
    summary="Listen to a suspended agent again",
)
async def resume_agent(ctx: Context) -> dict[str, Any]:
    def unit(tx: Tx) -> dict[str, Any]:
        agent = agent_of(ctx, tx.conn)
        if agent.status != "suspended":
            raise Problem(Code.CONFLICT, f"this agent is {agent.status}, not suspended")
        suspension.resume(tx, agent, reason=ctx.body.reason, actor=ctx.principal.actor)
        return {"agent_id": agent.id, "status": "active", "resume_at": None}

    return await ctx.app.store.write(unit)
