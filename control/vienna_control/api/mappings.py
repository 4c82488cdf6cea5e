"""Mappings: those in force, and those kept by API with their versions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.change import expected_version, hold_to, make, misfit, rolled_back, waiting
from vienna_control.api.page import PageQuery, slice_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Answer, Context, Who, route
from vienna_control.identity.names import people_in
from vienna_control.policies import mapping
from vienna_control.policies.stored import MAPPINGS, Step
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.mapping.kept import parsed

_CHANGES = (EntryType.MAPPING_CHANGED, EntryType.POLICY_CHANGED, EntryType.CONFIG_CHANGED)


class MappingBody(BaseModel):
    """A mapping file as it would lie in a folder, and the file of its cases.

    Attributes:
        cases: Needed for every action where mappings are strict (``VIENNA_STRICT_MAPPINGS``); run in any case.
        version: Of a change: the one that was seen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(min_length=1, max_length=400_000)]
    cases: Annotated[str, Field(max_length=400_000)] = ""
    version: Annotated[int, Field(ge=1, le=999_999_999)] | None = None

    def content(self) -> dict[str, str]:
        return {"text": self.text, "cases": self.cases}


class MappingRollbackBody(BaseModel):
    """``version``: the one to bring back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1, le=999_999_999)]


@route("GET", "/mappings", who=Who.READER, writes=None, query=PageQuery, summary="The mappings in force")
async def list_mappings(ctx: Context) -> dict[str, Any]:
    """Those of the files (read-only here) and those kept by API, of one's own tenant."""
    policies, tenant = ctx.app.policies, ctx.principal.tenant
    bundle = policies.of(tenant)
    kept = await ctx.app.store.read(lambda conn: MAPPINGS.listed(conn, tenant))
    files = {str(one.data["id"]): one.data for one in policies.sources.mappings}

    def shape(one: tuple[str, str]) -> dict[str, Any]:
        name, text = one
        return _shown(name, text, files.get(name), kept.get(name))

    page = slice_page(bundle.texts, ctx.query, noun="mappings", shape=shape)
    return {**page, "digest": bundle.mapping_digest}


def _shown(name: str, text: str, data: Mapping[str, Any] | None, row: rows.Row | None) -> dict[str, Any]:
    """``data``: of a file; None: of the text."""
    told = parsed(text, f"mapping {name}").data if data is None else data
    actions = told.get("actions") or []
    return {
        "id": name,
        "version": str(told.get("version", "")),
        "hosts": told.get("hosts", []),
        "protocol": told.get("protocol"),
        "actions": [action.get("action") for action in actions if isinstance(action, dict)],
        "text": text,
        "cases": rows.load(row["content"])["cases"] if row else None,
        "source": "api" if row else "file",
        "read_only": row is None,
        "stored_version": row["version"] if row else None,
        "created_by": row["created_by"] if row else None,
        "updated_at": row["updated_at"] if row else None,
    }


@route("GET", "/mappings/{id}", who=Who.READER, writes=None, summary="One mapping")
async def read_mapping(ctx: Context) -> dict[str, Any]:
    return await _one(ctx, ctx.path["id"])


async def _one(ctx: Context, name: str) -> dict[str, Any]:
    tenant = ctx.principal.tenant
    text = dict(ctx.app.policies.of(tenant).texts).get(name)
    if text is None:
        raise not_found("mapping", name)
    row = await ctx.app.store.read(lambda conn: MAPPINGS.listed(conn, tenant).get(name))
    if row is not None:
        ctx.headers["ETag"] = f'"{row["version"]}"'
    return _shown(name, text, None, row)


@route(
    "POST",
    "/mappings",
    who=Who.OPERATOR,
    writes=_CHANGES,
    body=MappingBody,
    status=201,
    summary="Keep a mapping; it is in force when this is answered",
)
async def create_mapping(ctx: Context) -> Answer:
    """Its cases are run, and the whole bundle is compiled with it. Where two people are needed, 202: it is proposed."""
    name = await _checked(ctx)
    tenant, content = ctx.principal.tenant, ctx.body.content()

    def build(conn: Connection) -> list[Step]:
        if name in dict(ctx.app.policies.of(tenant).texts):
            raise Problem(Code.CONFLICT, f"there is a mapping {name!r} already")
        base = MAPPINGS.version(conn, tenant, name)
        return [Step(kind="mapping", id=name, content=content, base=base, what="created")]

    return await _answer(ctx, build, name, f"create mapping {name}")


async def _checked(ctx: Context) -> str:
    """The id of the mapping that was sent. Raises 422 for what does not load, or whose cases fail."""
    content = ctx.body.content()

    def work() -> str:
        mapping.check(content, strict=ctx.app.policies.strict)
        return str(mapping.document(content).data["id"])

    try:
        return await asyncio.to_thread(work)
    except MalformedError as error:
        raise misfit(error) from None


async def _answer(ctx: Context, build: Any, name: str, title: str) -> Answer:
    change_id = await make(ctx, build, title=title)
    return waiting(ctx, change_id) if change_id else await _one(ctx, name)


def _own(ctx: Context, conn: Connection, *, deleted: bool = False) -> rows.Row:
    """A mapping that is kept by API. Raises 404; 409 for one of a file."""
    name, tenant = ctx.path["id"], ctx.principal.tenant
    row = MAPPINGS.find(conn, tenant, name)
    if row is None or (row["deleted"] and not deleted):
        if name in dict(ctx.app.policies.of(tenant).texts):
            raise Problem(Code.CONFLICT, "this mapping stands in a file: change it there")
        raise not_found("mapping", name)
    return row


@route(
    "PUT",
    "/mappings/{id}",
    who=Who.OPERATOR,
    writes=_CHANGES,
    body=MappingBody,
    summary="Put another text in a mapping's place",
)
async def put_mapping(ctx: Context) -> Answer:
    name, content = ctx.path["id"], ctx.body.content()
    expected = expected_version(ctx, {"version": ctx.body.version})
    await ctx.app.store.read(lambda conn: _own(ctx, conn))
    if (sent := await _checked(ctx)) != name:
        raise Problem(
            Code.VALIDATION_FAILED, f"/text: the id of a mapping does not change, and this is {sent!r}"
        )

    def build(conn: Connection) -> list[Step]:
        row = _own(ctx, conn)
        hold_to(expected, row["version"], f"mapping {name}")
        return [Step(kind="mapping", id=name, content=content, base=row["version"], what="changed")]

    return await _answer(ctx, build, name, f"change mapping {name}")


@route(
    "DELETE",
    "/mappings/{id}",
    who=Who.OPERATOR,
    writes=_CHANGES,
    summary="Take a mapping out of use; its versions stay",
)
async def delete_mapping(ctx: Context) -> Answer:
    name, expected = ctx.path["id"], expected_version(ctx, {})

    def build(conn: Connection) -> list[Step]:
        row = _own(ctx, conn)
        hold_to(expected, row["version"], f"mapping {name}")
        return [Step(kind="mapping", id=name, content=None, base=row["version"], what="deleted")]

    change_id = await make(ctx, build, title=f"delete mapping {name}")
    return waiting(ctx, change_id) if change_id else {"id": name, "deleted": True}


@route(
    "GET", "/mappings/{id}/versions", who=Who.READER, writes=None, summary="Every version of a mapping by API"
)
async def list_mapping_versions(ctx: Context) -> dict[str, Any]:
    """Newest first, each with its author and text; ``people``: names of authors."""
    name, tenant = ctx.path["id"], ctx.principal.tenant

    def query(conn: Connection) -> tuple[list[dict[str, Any]], dict[str, str]]:
        _own(ctx, conn, deleted=True)
        found = [
            {**{key: row[key] for key in ("version", "author", "at", "what")}, **rows.load(row["content"])}
            for row in MAPPINGS.versions(conn, tenant, name)
        ]
        return found, people_in(conn, tenant, [one["author"] for one in found])

    found, people = await ctx.app.store.read(query)
    page = {"total": len(found), "has_more": False, "next_cursor": None}
    return {"id": name, "versions": found, "people": people, **page}


@route(
    "POST",
    "/mappings/{id}/rollback",
    who=Who.OPERATOR,
    writes=_CHANGES,
    body=MappingRollbackBody,
    summary="Make an earlier version the newest; brings a deleted mapping back",
)
async def rollback_mapping(ctx: Context) -> Answer:
    name, version = ctx.path["id"], ctx.body.version
    expected = expected_version(ctx, {})

    def build(conn: Connection) -> list[Step]:
        row = _own(ctx, conn, deleted=True)
        hold_to(expected, row["version"], f"mapping {name}")
        return [rolled_back(conn, "mapping", row, version)]

    return await _answer(ctx, build, name, f"roll mapping {name} back to version {version}")
