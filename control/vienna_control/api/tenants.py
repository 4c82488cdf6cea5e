"""The tenants of this installation; for the admins of its first one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vienna_control.api.links import Email
from vienna_control.api.operators import InvitedData, invited
from vienna_control.api.page import PageQuery, slice_page
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.identity import operators, tenants
from vienna_control.identity.invitations import Invitation
from vienna_control.identity.operators import Operator
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType


class TenantBody(BaseModel):
    """A new tenant. ``admin_email``: of its first admin, who is invited."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    title: Annotated[str, Field(max_length=200)] = ""
    admin_email: Email


class TenantData(InvitedData):
    """The tenant's name, and its first admin's invitation, which is shown once."""

    tenant: str


def of_the_installation(ctx: Context) -> None:
    """Raises ``Problem``: what belongs to the installation is for its first tenant, whose it is, and for no other."""
    if ctx.principal.tenant != tenants.FIRST:
        raise Problem(Code.FORBIDDEN, f"this is for: the tenant {tenants.FIRST}")


@route("GET", "/tenants", who=Who.ADMIN, writes=None, query=PageQuery, summary="Tenants, by name")
async def list_tenants(ctx: Context) -> dict[str, Any]:
    """With how many people and agents each has. What goes on in them is theirs."""
    of_the_installation(ctx)
    found = await ctx.app.store.read(tenants.listed)
    return slice_page(found, ctx.query, noun="tenants", shape=lambda one: one)


@route(
    "POST",
    "/tenants",
    who=Who.ADMIN,
    writes=EntryType.CONFIG_CHANGED,
    body=TenantBody,
    data=TenantData,
    status=201,
    step_up=True,
    summary="Make a tenant, and invite its first admin",
)
async def make_tenant(ctx: Context) -> TenantData:
    of_the_installation(ctx)
    body, actor = ctx.body, ctx.principal.actor

    def unit(tx: Tx) -> tuple[Operator, Invitation]:
        try:
            admin = body.admin_email.lower()
            return tenants.make(tx, ctx.app.identity, body.name, body.title, admin, actor=actor)
        except (tenants.TakenError, operators.KnownError) as error:
            raise Problem(Code.CONFLICT, str(error)) from None

    told = invited(ctx, *await ctx.app.store.write(unit))
    return TenantData(tenant=body.name, **told.model_dump())
