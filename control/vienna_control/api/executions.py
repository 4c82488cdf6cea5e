"""Executions: report the outcome of a passback action, and read what became of one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import custody, rows
from vienna_control.api.answers import ExecutionData
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.execution import report
from vienna_control.execution.report import Claim
from vienna_control.intake import view
from vienna_control.store import Tx
from vienna_control.store.tables import executions
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Refused


class ExecutionBody(BaseModel):
    """``extracted``: values of the outcome by parameter name; one that differs from what was approved is drift."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warrant_id: Annotated[str, Field(min_length=1, max_length=64)]
    success: bool
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    response_digest: Annotated[str, Field(max_length=100)] | None = None
    extracted: Annotated[dict[str, Any], Field(max_length=100)] = {}
    duration_ms: Annotated[float, Field(ge=0, le=2**53 - 1, allow_inf_nan=False)] = 0
    error: Annotated[str, Field(max_length=400)] | None = None


@route(
    "POST",
    "/executions",
    who=Who.AGENT,
    writes=(
        EntryType.WARRANT_CONSUMED,
        EntryType.EXECUTION_STARTED,
        EntryType.EXECUTION_FINISHED,
        EntryType.VERIFICATION_COMPLETE,
        EntryType.TRUST_CHANGED,
        EntryType.AGENT_SUSPENDED,
        EntryType.WARRANT_REVOKED,
        EntryType.APPROVAL_RESOLVED,
        EntryType.ALERT,
    ),
    body=ExecutionBody,
    data=ExecutionData,
    summary="Report an outcome; idempotent on the warrant",
)
async def report_execution(ctx: Context) -> dict[str, Any]:
    """An agent's word is graded ``reported``: it is recorded, and proves nothing."""
    body, principal = ctx.body, ctx.principal
    claim = Claim(
        warrant_id=body.warrant_id,
        success=body.success,
        status=body.status,
        error=body.error,
        extracted=body.extracted,
        response_digest=body.response_digest,
        duration_ms=body.duration_ms,
    )

    def unit(tx: Tx) -> dict[str, Any]:
        row = custody.find(tx.conn, principal.tenant, claim.warrant_id)
        if row is None or row["agent_id"] != principal.agent_id:
            raise not_found("warrant", claim.warrant_id)
        if report.is_of_a_gate(tx, row["intent_id"]):
            raise Problem(Code.FORBIDDEN, "a gate let this call through, and the gate tells what came of it")
        refused = report.take(tx, row, by=principal.actor)
        if isinstance(refused, Refused):
            raise Problem(Code.GONE, refused.detail)
        told = report.told_of(tx, claim, intent_id=row["intent_id"], by=principal.actor)
        kept = ctx.app.pipeline.kept(tx, row["agent_id"], told)
        if kept is None:
            raise not_found("execution", claim.warrant_id)
        done, verification = view.execution(tx.conn, kept.execution_id)
        return {**(done or {}), "intent_id": kept.intent_id, "verified": False, "verification": verification}

    return await ctx.app.store.write(unit)


@route(
    "GET",
    "/executions/{id}",
    who=Who.READER_OR_AGENT,
    writes=None,
    data=ExecutionData,
    summary="One execution",
)
async def read_execution(ctx: Context) -> dict[str, Any]:
    principal, execution_id = ctx.principal, ctx.path["id"]

    def query(conn: Connection) -> dict[str, Any] | None:
        row = rows.first(conn, select(executions).where(executions.c.id == execution_id))
        if row is None or row["tenant"] != principal.tenant:
            return None
        if principal.agent_id not in (None, row["agent_id"]):
            return None
        done, verification = view.execution(conn, execution_id)
        return {
            **(done or {}),
            "intent_id": row["intent_id"],
            "warrant_id": row["warrant_id"],
            "agent_id": row["agent_id"],
            "verified": row["verification"] == "match",
            "verification": verification,
        }

    found = await ctx.app.store.read(query)
    if found is None:
        raise not_found("execution", execution_id)
    return found
