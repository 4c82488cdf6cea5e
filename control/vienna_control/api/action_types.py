"""Action types: what can be asked for, with the shape of its parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.api.answers import ActionTypeData, ActionTypeList
from vienna_control.api.change import expected_version, hold_to, make, misfit, waiting
from vienna_control.api.page import PageQuery, slice_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Answer, Context, Who, route
from vienna_control.policies import types
from vienna_control.policies.stored import Step
from vienna_control.policies.types import TypeData
from vienna_control.store.tables import intents
from vienna_kernel.action import ActionType
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.ledger.trail import EntryType

_CHANGES = (EntryType.POLICY_CHANGED, EntryType.CONFIG_CHANGED)

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
    """What is left out stays. With ``version`` a change is made only if that is still the newest."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    version: Annotated[int, Field(ge=1)] | None = None

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


@route(
    "GET",
    "/action-types",
    who=Who.READER,
    writes=None,
    query=PageQuery,
    data=ActionTypeList,
    summary="Action types, by name",
)
async def list_action_types(ctx: Context) -> dict[str, Any]:
    """Those of the mappings (read-only here) and those registered by API, of one's own tenant."""
    tenant = ctx.principal.tenant
    known = ctx.app.policies.of(tenant).action_types
    kept = await ctx.app.store.read(lambda conn: types.rows_of(conn, tenant))
    names: list[str] = sorted(known)
    return slice_page(
        names, ctx.query, noun="action_types", shape=lambda name: _shown(known[name], kept.get(name))
    )


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
        "version": row["version"] if row else None,
        "created_at": row["created_at"] if row else None,
        "updated_at": row["updated_at"] if row else None,
    }


@route(
    "POST",
    "/action-types",
    who=Who.OPERATOR,
    writes=_CHANGES,
    body=ActionTypeBody,
    status=201,
    data=ActionTypeData,
    summary="Register an action type",
)
async def create_action_type(ctx: Context) -> Answer:
    """Where two people are needed, 202 for one that is T0 or T1, reads, or was deleted and is weaker now."""
    body, tenant = ctx.body, ctx.principal.tenant
    data = _checked(body)

    def build(conn: Connection) -> list[Step]:
        if body.name in ctx.app.policies.of(tenant).action_types:
            raise Problem(Code.CONFLICT, f"there is an action type {body.name!r} already")
        base = types.version(conn, tenant, body.name)
        return [Step(kind="action_type", id=body.name, content=data, base=base, what="created")]

    before = await ctx.app.store.read(lambda conn: types.newest(conn, tenant, body.name))
    two = None if _needs_two(before, data) else False
    return await _answer(ctx, build, body.name, title=f"register action type {body.name}", two=two)


async def _answer(ctx: Context, build: Any, name: str, *, title: str, two: bool | None) -> Answer:
    change_id = await make(ctx, build, title=title, two=two)
    return waiting(ctx, change_id) if change_id else await _one(ctx, name)


def _checked(body: ActionTypeBody) -> TypeData:
    """The stored shape. Raises 422 for what is no schema."""
    data = {
        "description": body.description,
        "default_risk_tier": body.default_risk_tier.value,
        "effect": body.effect.value,
        "reversibility": body.reversibility.value,
        "parameters_schema": body.parameters_schema,
        "handler": body.handler,
    }
    try:
        types.of_content(body.name, data)
    except MalformedError as error:
        raise misfit(error, {"schema": body.parameters_schema}) from None
    return data


async def _one(ctx: Context, name_or_id: str) -> dict[str, Any]:
    tenant = ctx.principal.tenant
    known = ctx.app.policies.of(tenant).action_types

    def query(conn: Connection) -> dict[str, Any] | None:
        kept = types.rows_of(conn, tenant)
        name = next((row["name"] for row in kept.values() if row["id"] == name_or_id), name_or_id)
        if name not in known:
            return None
        used = select(func.count()).where(intents.c.tenant == tenant, intents.c.action == name)
        return {**_shown(known[name], kept.get(name)), "usage_count": conn.scalar(used) or 0}

    found = await ctx.app.store.read(query)
    if found is None:
        raise not_found("action type", name_or_id)
    return found


@route(
    "GET",
    "/action-types/{id}",
    who=Who.READER,
    writes=None,
    data=ActionTypeData,
    summary="One action type, by id or name",
)
async def read_action_type(ctx: Context) -> dict[str, Any]:
    return await _one(ctx, ctx.path["id"])


def _own(ctx: Context, conn: Connection) -> rows.Row:
    name_or_id, tenant = ctx.path["id"], ctx.principal.tenant
    kept = types.rows_of(conn, tenant)
    row = next((row for row in kept.values() if name_or_id in (row["id"], row["name"])), None)
    if row is None:
        if name_or_id in ctx.app.policies.of(tenant).action_types:
            raise Problem(Code.CONFLICT, "this action type is declared by a mapping: change it there")
        raise not_found("action type", name_or_id)
    return row


@route(
    "PUT",
    "/action-types/{id}",
    who=Who.OPERATOR,
    writes=_CHANGES,
    body=ActionTypeChange,
    data=ActionTypeData,
    summary="Change an action type; intents under way keep the one they were submitted under",
)
async def put_action_type(ctx: Context) -> Answer:
    """Where two people are needed, 202 for all but another description or a higher tier."""
    row = await ctx.app.store.read(lambda conn: _own(ctx, conn))
    data = _checked(_changed(row, ctx.body))
    hold_to(expected_version(ctx, {"version": ctx.body.version}), row["version"], row["name"])

    def build(conn: Connection) -> list[Step]:
        current = _own(ctx, conn)
        hold_to(row["version"], current["version"], row["name"])
        return [
            Step(kind="action_type", id=row["name"], content=data, base=current["version"], what="changed")
        ]

    two = None if _weaker(types.content(row), data) else False
    return await _answer(ctx, build, row["name"], title=f"change action type {row['name']}", two=two)


def _changed(row: rows.Row, sent: ActionTypeChange) -> ActionTypeBody:
    before = types.content(row)
    given = sent.model_dump(exclude_none=True, exclude={"version"})
    return ActionTypeBody.model_validate({**before, **given, "name": row["name"]})


def _needs_two(before: TypeData | None, new: TypeData) -> bool:
    """Whether one more person has to look at it; ``before``: what was deleted under its name."""
    if before is not None and _weaker(before, new):
        return True
    return Tier(new["default_risk_tier"]) < Tier.T2 or new["effect"] == Effect.READ.value


def _weaker(before: TypeData, after: TypeData) -> bool:
    """Whether a change may let more go: a lower tier, or another schema, effect, reversibility or handler."""
    same = all(
        before[name] == after[name] for name in ("effect", "reversibility", "parameters_schema", "handler")
    )
    return not same or Tier(after["default_risk_tier"]) < Tier(before["default_risk_tier"])


@route(
    "DELETE",
    "/action-types/{id}",
    who=Who.OPERATOR,
    writes=_CHANGES,
    summary="Remove an action type; nothing can be asked for under its name any more",
)
async def delete_action_type(ctx: Context) -> Answer:
    row = await ctx.app.store.read(lambda conn: _own(ctx, conn))
    expected = expected_version(ctx, {})

    def build(conn: Connection) -> list[Step]:
        current = _own(ctx, conn)
        hold_to(expected, current["version"], row["name"])
        base = current["version"]
        return [Step(kind="action_type", id=row["name"], content=None, base=base, what="deleted")]

    await make(ctx, build, title=f"remove action type {row['name']}", two=False)
    return {"id": row["id"], "deleted": True}


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
    kind = ctx.app.policies.of(ctx.principal.tenant).action_types.get(ctx.body.action_type)
    if kind is None:
        raise not_found("action type", ctx.body.action_type)
    errors = kind.validate(ctx.body.parameters)
    return ValidateData(valid=not errors, errors=[error.to_json() for error in errors])
