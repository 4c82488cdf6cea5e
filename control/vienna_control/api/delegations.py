"""Delegations: an approver names another who may consent in their place for a while."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.approvals import delegation
from vienna_control.clock import iso
from vienna_control.identity import operators
from vienna_control.store import Tx
from vienna_kernel.approval.delegation import Delegation
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Refused


class DelegationBody(BaseModel):
    """Who stands in for you, from when (absent: now) until when, 30 days at most.

    Attributes:
        to: Id or e-mail address of an operator with the role approver.
        groups: Of your own, those that are lent; none: all.
        named: Also where a rule names you, or asks you as an executive.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[str, Field(min_length=1, max_length=200)]
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime
    groups: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=50)] = []
    named: bool = False


class DelegationData(BaseModel):
    """Attributes: ``holds``: whether it has begun; ``delegator`` and ``delegate``: e-mail addresses."""

    delegation_id: str
    delegator: str
    delegate: str
    groups: list[str]
    named: bool
    starts_at: str
    ends_at: str
    holds: bool


@route("GET", "/delegations", who=Who.READER, writes=None, summary="Who stands in for whom, now and later")
async def list_delegations(ctx: Context) -> dict[str, Any]:
    """Everybody's for admins and auditors, else one's own."""
    principal, at = ctx.principal, iso(ctx.app.clock.now())
    of = None if principal.role in ("admin", "auditor") else principal.id
    found = await ctx.app.store.read(lambda conn: delegation.listed(conn, principal.tenant, of=of, at=at))
    return {"delegations": found, "total": len(found), "has_more": False, "next_cursor": None}


@route(
    "POST",
    "/delegations",
    who=Who.APPROVER,
    writes=EntryType.CONFIG_CHANGED,
    body=DelegationBody,
    data=DelegationData,
    status=201,
    step_up=True,
    summary="Name somebody who may consent in your place",
)
async def create_delegation(ctx: Context) -> DelegationData:
    """They count as one person, never for requests of yours or theirs, and cannot hand it on.

    It lends what a vote of yours would show a factor for.
    """
    body, principal = ctx.body, ctx.principal

    def unit(tx: Tx) -> DelegationData:
        named = operators.by_email(tx.conn, body.to) or operators.by_id(tx.conn, body.to)
        wanted = Delegation(
            delegator=principal.id,
            delegate=named.id if named else "",
            starts=body.starts_at or tx.now,
            ends=body.ends_at,
            groups=tuple(body.groups),
            named=body.named,
        )
        made = delegation.add(tx, principal.tenant, wanted, actor=principal.actor)
        if made is None:
            raise Problem(Code.VALIDATION_FAILED, "/to: there is no such operator")
        if isinstance(made, Refused):
            raise Problem(Code.VALIDATION_FAILED, made.detail)
        told = delegation.listed(tx.conn, principal.tenant, of=principal.id, at=tx.at)
        return DelegationData(**next(one for one in told if one["delegation_id"] == made))

    return await ctx.app.store.write(unit)


@route(
    "DELETE",
    "/delegations/{id}",
    who=Who.APPROVER,
    writes=EntryType.CONFIG_CHANGED,
    summary="Take a delegation back",
)
async def end_delegation(ctx: Context) -> dict[str, Any]:
    """By whoever made it, whoever it names, or an admin; votes that were cast by it stay."""
    principal, delegation_id = ctx.principal, ctx.path["id"]

    def unit(tx: Tx) -> dict[str, Any]:
        row = delegation.find(tx.conn, principal.tenant, delegation_id)
        theirs = row is not None and principal.id in (row["delegator_id"], row["delegate_id"])
        if row is None or not (theirs or principal.role == "admin"):
            raise not_found("delegation", delegation_id)
        if row["revoked_at"] is None:
            delegation.end(tx, row, actor=principal.actor)
        return {"delegation_id": delegation_id, "ended": True}

    return await ctx.app.store.write(unit)
