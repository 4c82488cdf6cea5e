"""Action types: what can be asked for, with the shape of its parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.api.page import PageQuery, slice_page
from vienna_control.api.policies import _change, _misfit
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.store import Tx
from vienna_control.store.tables import action_types as table
from vienna_control.store.tables import intents
from vienna_kernel.action import ActionType
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.ledger.trail import EntryType

type Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]


class ActionTypeBody(BaseModel):
    """``schema``: JSON Schema 2020-12 of the parameters, or the shorthand (one object for each parameter).

    ``handler``: what executes it in mode direct; ``noop`` does nothing, for trials.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    default_risk_tier: Tier = Tier.T2
    effect: Effect = Effect.EXECUTE
    reversibility: Reversibility = Reversibility.UNKNOWN
    parameters_schema: Annotated[
        dict[str, Any], Field(validation_alias=AliasChoices("schema", "parameters_schema"))
    ] = {}
    handler: Literal["", "noop"] = ""


class ActionTypeChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    description: Annotated[str, Field(max_length=2000)] | None = None
    default_risk_tier: Tier | None = None
    effect: Effect | None = None
    reversibility: Reversibility | None = None
    parameters_schema: Annotated[
        dict[str, Any] | None, Field(validation_alias=AliasChoices("schema", "parameters_schema"))
    ] = None
    handler: Literal["", "noop"] | None = None


class ValidateBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    action_type: Annotated[str, Field(min_length=1, max_length=128)]
    parameters: dict[str, Any] = {}


class ValidateData(BaseModel):
    valid: bool
    errors: list[dict[str, str]]


@route("GET", "/action-types", who=Who.READER, writes=None, query=PageQuery, summary="Action types, by name")
async def list_action_types(ctx: Context) -> dict[str, Any]:
    """Those of the mappings (read-only here) and those registered by API."""
    types = ctx.app.policies.current.action_types
    kept = await ctx.app.store.read(lambda conn: _kept(conn, ctx.principal.tenant))
    names: list[str] = sorted(types)
    return slice_page(
        names, ctx.query, noun="action_types", shape=lambda name: _shown(types[name], kept.get(name))
    )


def _kept(conn: Connection, tenant: str) -> dict[str, rows.Row]:
    query = select(table).where(table.c.tenant == tenant, table.c.deleted.is_(False))
    return {row["name"]: row for row in rows.every(conn, query)}


def _shown(kind: ActionType, row: rows.Row | None) -> dict[str, Any]:
    return {
        "id": row["id"] if row else kind.name,
        "name": kind.name,
        "description": kind.description,
        "default_risk_tier": kind.default_tier.value,
        "effect": kind.effect.value,
        "reversibility": kind.reversibility.value,
        "schema": kind.schema,
        "origin": "api" if row else "mapping",
        "handler": row["handler"] if row else "",
        "created_at": row["created_at"] if row else None,
        "updated_at": row["updated_at"] if row else None,
    }


@route(
    "POST",
    "/action-types",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    body=ActionTypeBody,
    status=201,
    summary="Register an action type",
)
async def create_action_type(ctx: Context) -> dict[str, Any]:
    body, principal, policies = ctx.body, ctx.principal, ctx.app.policies
    _checked(body.name, body.parameters_schema, body)

    def unit(tx: Tx) -> None:
        if body.name in policies.current.action_types:
            raise Problem(Code.CONFLICT, f"there is an action type {body.name!r} already")
        former = rows.first(
            tx.conn, select(table).where(table.c.tenant == principal.tenant, table.c.name == body.name)
        )
        values = {**_values(body), "deleted": False, "updated_at": tx.at}
        if former is not None:
            rows.change(tx.conn, table, former["id"], **values)
            return
        rows.add(
            tx.conn,
            table,
            id=tx.id("act"),
            tenant=principal.tenant,
            name=body.name,
            origin="api",
            created_at=tx.at,
            **values,
        )

    await _change(ctx, unit)
    return await _one(ctx, body.name)


def _values(body: ActionTypeBody) -> dict[str, Any]:
    return {
        "description": body.description,
        "default_risk_tier": body.default_risk_tier.value,
        "effect": body.effect.value,
        "reversibility": body.reversibility.value,
        "parameters_schema": rows.dump(body.parameters_schema),
        "handler": body.handler,
    }


def _checked(name: str, schema: dict[str, Any], body: ActionTypeBody) -> None:
    """Raises 422 for what is no schema."""
    try:
        ActionType.from_schema(
            schema,
            name=name,
            description=body.description,
            default_tier=body.default_risk_tier,
            effect=body.effect,
            reversibility=body.reversibility,
        )
    except MalformedError as error:
        raise _misfit(error) from None


async def _one(ctx: Context, name_or_id: str) -> dict[str, Any]:
    types = ctx.app.policies.current.action_types

    def query(conn: Connection) -> dict[str, Any] | None:
        kept = _kept(conn, ctx.principal.tenant)
        name = next((row["name"] for row in kept.values() if row["id"] == name_or_id), name_or_id)
        if name not in types:
            return None
        used = select(func.count()).where(intents.c.tenant == ctx.principal.tenant, intents.c.action == name)
        return {**_shown(types[name], kept.get(name)), "usage_count": conn.scalar(used) or 0}

    found = await ctx.app.store.read(query)
    if found is None:
        raise not_found("action type", name_or_id)
    return found


@route("GET", "/action-types/{id}", who=Who.READER, writes=None, summary="One action type, by id or name")
async def read_action_type(ctx: Context) -> dict[str, Any]:
    return await _one(ctx, ctx.path["id"])


def _own(ctx: Context, conn: Connection, name_or_id: str) -> rows.Row:
    kept = _kept(conn, ctx.principal.tenant)
    row = next((row for row in kept.values() if name_or_id in (row["id"], row["name"])), None)
    if row is None:
        if name_or_id in ctx.app.policies.current.action_types:
            raise Problem(Code.CONFLICT, "this action type is declared by a mapping: change it there")
        raise not_found("action type", name_or_id)
    return row


@route(
    "PUT",
    "/action-types/{id}",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    body=ActionTypeChange,
    summary="Change an action type; intents under way keep the one they were submitted under",
)
async def put_action_type(ctx: Context) -> dict[str, Any]:
    sent = ctx.body

    def unit(tx: Tx) -> str:
        row = _own(ctx, tx.conn, ctx.path["id"])
        changed = ActionTypeBody(
            name=row["name"],
            description=row["description"] if sent.description is None else sent.description,
            default_risk_tier=sent.default_risk_tier or Tier(row["default_risk_tier"]),
            effect=sent.effect or Effect(row["effect"]),
            reversibility=sent.reversibility or Reversibility(row["reversibility"]),
            parameters_schema=(
                rows.load(row["parameters_schema"])
                if sent.parameters_schema is None
                else sent.parameters_schema
            ),
            handler=row["handler"] if sent.handler is None else sent.handler,
        )
        _checked(changed.name, changed.parameters_schema, changed)
        rows.change(tx.conn, table, row["id"], **_values(changed), updated_at=tx.at)
        return changed.name

    return await _one(ctx, await _change(ctx, unit))


@route(
    "DELETE",
    "/action-types/{id}",
    who=Who.OPERATOR,
    writes=EntryType.POLICY_CHANGED,
    summary="Remove an action type; nothing can be asked for under its name any more",
)
async def delete_action_type(ctx: Context) -> dict[str, Any]:
    def unit(tx: Tx) -> str:
        row = _own(ctx, tx.conn, ctx.path["id"])
        rows.change(tx.conn, table, row["id"], deleted=True, updated_at=tx.at)
        return str(row["id"])

    return {"id": await _change(ctx, unit), "deleted": True}


@route(
    "POST",
    "/action-types/validate",
    who=Who.OPERATOR_OR_AGENT,
    writes=None,
    body=ValidateBody,
    data=ValidateData,
    summary="Whether parameters fit an action type",
)
async def validate(ctx: Context) -> ValidateData:
    kind = ctx.app.policies.current.action_types.get(ctx.body.action_type)
    if kind is None:
        raise not_found("action type", ctx.body.action_type)
    errors = kind.validate(ctx.body.parameters)
    return ValidateData(valid=not errors, errors=[error.to_json() for error in errors])
