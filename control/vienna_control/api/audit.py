"""The audit trail: search it, prove one entry, prove that it only grew, verify it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.api.answers import EntryData, EntryList
from vienna_control.api.audit_search import AuditQuery, searched
from vienna_control.api.filtering import parsed
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.window import page
from vienna_control.audit import CheckpointFile, verify_store
from vienna_control.filters.condition import Scope
from vienna_control.store.tables import checkpoints, entries
from vienna_kernel.ledger.trail import Tree, consistency_proof, inclusion_proof, verifier_key


class ProofQuery(BaseModel):
    """Attributes: ``size`` of the tree; None: that of the newest checkpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Annotated[int, Field(ge=1)] | None = None


class ConsistencyQuery(BaseModel):
    """Attributes: ``first`` and ``second`` are sizes; ``second`` None: that of the newest checkpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Annotated[int, Field(ge=0)]
    second: Annotated[int, Field(ge=0)] | None = None


class VerifyBody(BaseModel):
    """Attributes: ``checkpoints`` are signed notes that were kept elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checkpoints: Annotated[tuple[Annotated[str, Field(max_length=65536)], ...], Field(max_length=100)] = ()


@route(
    "GET",
    "/audit",
    who=Who.AUDITOR,
    writes=None,
    query=AuditQuery,
    data=EntryList,
    summary="Entries of the trail, newest first",
)
async def list_entries(ctx: Context) -> dict[str, Any]:
    """``total`` is counted up to 1,000. A page that looked at many entries in vain comes short and has a cursor."""
    scope = Scope(ctx.principal.tenant, ctx.app.clock.now())
    listed = searched(ctx.query, parsed(ctx.query.q, "audit"), scope)
    return await ctx.app.store.read(
        lambda conn: page(conn, listed, ctx.query, noun="entries", shape=lambda found: _these(conn, found))
    )


def _these(conn: Connection, arrivals: Sequence[int]) -> list[dict[str, Any]]:
    query = select(entries).where(entries.c.arrival.in_(arrivals))
    return [show_entry(row) for row in rows.every(conn, query.order_by(entries.c.arrival.desc()))]


def show_entry(row: rows.Row) -> dict[str, Any]:
    """An entry as the API shows it; ``index`` and ``previous`` are None until it is sequenced."""
    return {
        "id": row["id"],
        **_body(row["body"]),
        "index": row["idx"],
        "leaf": row["leaf"],
        "previous": row["previous"],
    }


def _body(data: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:  # somebody edited the row; verification names it, reading must not fail
        body = None
    return body if isinstance(body, dict) else {"unreadable": data.decode("utf-8", "replace")}


@route(
    "GET", "/audit/checkpoints", who=Who.AUDITOR, writes=None, query=PageQuery, summary="Signed tree heads"
)
async def list_checkpoints(ctx: Context) -> dict[str, Any]:
    """Signed notes (C2SP tlog-checkpoint), newest first, and the key that verifies them."""
    authority = ctx.app.authority
    shown = await ctx.app.store.read(
        lambda conn: fetch_page(
            conn,
            select(checkpoints),
            ctx.query,
            key=checkpoints.c.size,
            noun="checkpoints",
            shape=_show_checkpoint,
        )
    )
    return {
        **shown,
        "origin": authority.origin,
        "verifier_key": verifier_key(authority.origin, authority.log_public),
        "public_jwk": authority.log_public.jwk(),
    }


def _show_checkpoint(row: rows.Row) -> dict[str, Any]:
    return {name: row[name] for name in ("size", "root", "head", "note", "at")}


@route(
    "GET", "/audit/proof/{id}", who=Who.AUDITOR, writes=None, query=ProofQuery, summary="Proof of one entry"
)
async def prove_entry(ctx: Context) -> dict[str, Any]:
    """An RFC 6962 inclusion proof: with the checkpoint's root it shows that the entry is in the signed trail."""
    await ctx.app.sequencer.flush()
    entry_id, tenant = ctx.path["id"], ctx.principal.tenant

    def query(conn: Connection) -> dict[str, Any]:
        row = rows.first(conn, select(entries).where(entries.c.id == entry_id, entries.c.tenant == tenant))
        if row is None:
            raise not_found("entry", entry_id)
        size = _known_size(conn, ctx.query.size)
        if row["idx"] >= size:
            raise Problem(
                Code.CONFLICT, f"the entry has index {row['idx']}: it is not in a tree of size {size}"
            )
        leaves = _leaves(conn, size)
        return {
            "id": entry_id,
            "index": row["idx"],
            "leaf": row["leaf"],
            "size": size,
            "root": _root(leaves),
            "proof": [node.hex() for node in inclusion_proof(leaves, row["idx"])],
            "checkpoint": _note(conn, size),
        }

    return await ctx.app.store.read(query)


@route(
    "GET",
    "/audit/consistency",
    who=Who.AUDITOR,
    writes=None,
    query=ConsistencyQuery,
    summary="Proof that it only grew",
)
async def prove_consistency(ctx: Context) -> dict[str, Any]:
    """An RFC 6962 consistency proof between the trees of two sizes."""
    await ctx.app.sequencer.flush()

    def query(conn: Connection) -> dict[str, Any]:
        second, first = _known_size(conn, ctx.query.second), ctx.query.first
        if first > second:
            raise Problem(Code.INVALID_REQUEST, f"first ({first}) is greater than second ({second})")
        leaves = _leaves(conn, second)
        return {
            "first": first,
            "second": second,
            "first_root": _root(leaves[:first]),
            "second_root": _root(leaves),
            "proof": [node.hex() for node in consistency_proof(leaves, first)],
            "checkpoint": _note(conn, second),
        }

    return await ctx.app.store.read(query)


def _known_size(conn: Connection, wanted: int | None) -> int:
    newest = conn.scalar(select(func.max(checkpoints.c.size))) or 0
    if wanted is not None and wanted > newest:
        raise Problem(Code.CONFLICT, f"the trail has {newest} signed entries, fewer than {wanted}")
    return newest if wanted is None else wanted


def _leaves(conn: Connection, size: int) -> list[bytes]:
    query = select(entries.c.leaf).where(entries.c.idx < size).order_by(entries.c.idx)
    return [bytes.fromhex(leaf) for leaf in conn.scalars(query)]


def _root(leaves: list[bytes]) -> str:
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root().hex()


def _note(conn: Connection, size: int) -> str | None:
    """The signed note of exactly this size, if there is one: proofs work for the sizes between, too."""
    note: str | None = conn.scalar(select(checkpoints.c.note).where(checkpoints.c.size == size))
    return note


@route(
    "POST",
    "/audit/verify",
    who=Who.AUDITOR,
    writes=None,
    pure=True,
    body=VerifyBody,
    optional_body=True,
    summary="Hold the stored trail against its signatures",
)
async def verify(ctx: Context) -> dict[str, Any]:
    """Every entry, link and checkpoint, and the checkpoints kept outside the database; the first break is named."""
    last = CheckpointFile(ctx.app.config.control.data_dir / "checkpoints").last()
    witnessed = [*([last[0]] if last else []), *ctx.body.checkpoints]
    key = ctx.app.authority.log_public
    report = await ctx.app.store.read(lambda conn: verify_store(conn, key, witnessed=witnessed))
    return report.to_json()


class WholeEntryData(EntryData):
    """One entry whole.

    Attributes:
        canonical: What is stored, byte for byte: the leaf is SHA-256 of a zero byte and this.
        beside: Ids of the same tenant's entries ``before`` and ``after`` it; None: there is none.
    """

    canonical: str
    beside: dict[str, str | None]


@route("GET", "/audit/{id}", who=Who.AUDITOR, writes=None, data=WholeEntryData, summary="One entry")
async def read_entry(ctx: Context) -> dict[str, Any]:
    entry_id, tenant = ctx.path["id"], ctx.principal.tenant

    def query(conn: Connection) -> dict[str, Any]:
        row = rows.first(conn, select(entries).where(entries.c.id == entry_id, entries.c.tenant == tenant))
        if row is None:
            raise not_found("entry", entry_id)
        canonical = bytes(row["body"]).decode("utf-8", "replace")
        return {**show_entry(row), "canonical": canonical, "beside": _beside(conn, row)}

    return await ctx.app.store.read(query)


def _beside(conn: Connection, row: rows.Row) -> dict[str, str | None]:
    if row["idx"] is None:
        return {"before": None, "after": None}
    places = {"before": row["idx"] - 1, "after": row["idx"] + 1}
    near = entries.c.idx.in_(places.values()), entries.c.tenant == row["tenant"]
    found = {one["idx"]: str(one["id"]) for one in rows.every(conn, select(entries).where(*near))}
    return {name: found.get(place) for name, place in places.items()}
