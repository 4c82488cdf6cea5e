"""Working on a request together: claiming it, and telling colleagues something about it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import CODES, voter_of
from vienna_control.approvals import claims, comments, view
from vienna_control.approvals.claims import HeldError
from vienna_control.approvals.comments import EmptyError, FullError
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Refused


class ClaimData(BaseModel):
    """Attributes: ``claimed_until``: five minutes from now; claiming again moves it on."""

    approval_id: str
    claimed_by: str
    claimed_until: str


class ReleaseData(BaseModel):
    """Attributes: ``released``: False when there was no claim of yours."""

    approval_id: str
    released: bool


class CommentBody(BaseModel):
    """Plain text for colleagues; the agent never gets it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(min_length=1, max_length=comments.LONGEST)]


class CommentData(BaseModel):
    comment_id: str
    operator_id: str
    operator: str
    text: str
    at: str


@route(
    "POST",
    "/approvals/{id}/claim",
    who=Who.APPROVER,
    writes=EntryType.APPROVAL_CLAIMED,
    data=ClaimData,
    summary="Say that you read it now, for five minutes",
)
async def claim(ctx: Context) -> ClaimData:
    """One holder at a time; the others see who and until when. It keeps nobody from deciding."""
    principal, approval_id = ctx.principal, ctx.path["id"]

    def unit(tx: Tx) -> str:
        try:
            until = claims.claim(tx, principal.tenant, approval_id, voter_of(principal))
        except HeldError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        if until is None:
            raise not_found("approval", approval_id)
        if isinstance(until, Refused):
            raise Problem(CODES.get(until.reason, Code.CONFLICT), until.detail)
        return until

    until = await ctx.app.store.write(unit)
    return ClaimData(approval_id=approval_id, claimed_by=principal.name, claimed_until=until)


@route(
    "POST",
    "/approvals/{id}/release",
    who=Who.APPROVER,
    writes=EntryType.APPROVAL_CLAIMED,
    data=ReleaseData,
    summary="Give your claim back",
)
async def release(ctx: Context) -> ReleaseData:
    principal, approval_id = ctx.principal, ctx.path["id"]

    def unit(tx: Tx) -> bool:
        released = claims.release(tx, principal.tenant, approval_id, voter_of(principal))
        if released is None:
            raise not_found("approval", approval_id)
        return released

    return ReleaseData(approval_id=approval_id, released=await ctx.app.store.write(unit))


@route(
    "GET",
    "/approvals/{id}/comments",
    who=Who.READER,
    writes=None,
    summary="What colleagues said, oldest first",
)
async def list_comments(ctx: Context) -> dict[str, Any]:
    tenant, approval_id = ctx.principal.tenant, ctx.path["id"]

    def read(conn: Connection) -> list[dict[str, Any]]:
        if view.one(conn, tenant, approval_id) is None:
            raise not_found("approval", approval_id)
        return comments.of(conn, approval_id)

    found = await ctx.app.store.read(read)
    return {"comments": found, "total": len(found), "has_more": False, "next_cursor": None}


@route(
    "POST",
    "/approvals/{id}/comments",
    who=Who.STAFF,
    writes=EntryType.APPROVAL_COMMENT,
    body=CommentBody,
    data=CommentData,
    status=201,
    summary="Tell colleagues something about a request",
)
async def add_comment(ctx: Context) -> CommentData:
    """The trail has its digest; the agent never gets it."""
    principal, approval_id, text = ctx.principal, ctx.path["id"], ctx.body.text

    def unit(tx: Tx) -> CommentData:
        try:
            added = comments.add(
                tx, principal.tenant, approval_id, text, by=principal.id, email=principal.name
            )
        except FullError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        except EmptyError as error:
            raise Problem(Code.VALIDATION_FAILED, f"/text: {error}") from None
        if added is None:
            raise not_found("approval", approval_id)
        return CommentData(**added)

    return await ctx.app.store.write(unit)
