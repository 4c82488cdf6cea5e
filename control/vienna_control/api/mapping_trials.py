"""Trying mappings: what one request would mean, and what has no mapping."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.policies import unmapped as unmapped_calls
from vienna_control.store.tables import intents
from vienna_kernel.call.request import Call, RawRequest
from vienna_kernel.document import parse
from vienna_kernel.intent import HIDDEN
from vienna_kernel.mapping.reading import MappingSet, NeedsPreflight
from vienna_kernel.mapping.received import received
from vienna_kernel.value import plain
from vienna_kernel.verdict import Refused

_SHOWN = 100
_COUNTED = 5000


class TestBody(BaseModel):
    """One request as it was captured.

    Attributes:
        headers: Lines as ``[name, value]``.
        body: Text; or ``body_base64`` for bytes.
        preflight: What the read that the mapping asks for first would answer.
        mapping: A mapping file to try instead of the ones in force.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Annotated[str, Field(min_length=1, max_length=32)]
    url: Annotated[str, Field(min_length=8, max_length=8192)]
    headers: Annotated[list[tuple[str, str]], Field(max_length=100)] = []
    body: Annotated[str, Field(max_length=900_000)] | None = None
    body_base64: Annotated[str, Field(max_length=900_000)] | None = None
    preflight: Any = None
    mapping: Annotated[str, Field(max_length=400_000)] | None = None


class CoverageQuery(BaseModel):
    """``days`` of recorded traffic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Annotated[int, Field(ge=1, le=90)] = 7


@route(
    "POST",
    "/mappings/test",
    who=Who.READER,
    writes=None,
    pure=True,
    body=TestBody,
    summary="What one request would mean",
)
async def try_request(ctx: Context) -> dict[str, Any]:
    """Read by the mappings in force, or by the one that is sent along. Nothing is recorded."""
    body = ctx.body
    raw, mappings = _raw(body), ctx.app.policies.of(ctx.principal.tenant).mappings

    def work() -> dict[str, Any]:
        tried = (
            mappings if body.mapping is None else MappingSet.compile([parse(body.mapping, name="mapping")])
        )
        call = received(raw, tried, literals=lambda host, port: True)
        return _refused(call) if isinstance(call, Refused) else _mapped(tried, call, body.preflight)

    return await asyncio.to_thread(work)


def _mapped(mappings: MappingSet, call: Call, preflight: Any) -> dict[str, Any]:
    found = mappings.map(call, preflight=preflight)
    if isinstance(found, Refused):
        return _refused(found)
    if isinstance(found, NeedsPreflight):
        return {"mapped": True, "needs_preflight": {"method": found.method, "path": found.path}}
    return {
        "mapped": found.mapped,
        "mapping": found.mapping,
        "fingerprint": found.fingerprint,
        "shown_url": found.shown_url,
        "shown_body": plain(found.shown_body),
        "intents": [
            {
                "action": intent.action,
                "target": intent.target,
                "parameters": {
                    name: HIDDEN if name in intent.redacted else plain(value)
                    for name, value in intent.parameters.items()
                },
                "undetermined": sorted(intent.undetermined),
                "effect": intent.effect.value,
                "default_tier": intent.default_tier.value,
                "summary": intent.summary,
            }
            for intent in found.intents
        ],
    }


def _refused(refused: Refused) -> dict[str, Any]:
    return {"mapped": False, "refused": {"reason": refused.reason.value, "detail": refused.detail}}


def _raw(body: TestBody) -> RawRequest:
    try:
        parts = urlsplit(body.url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise Problem(Code.VALIDATION_FAILED, "/url: expected http:// or https:// and a host")
        content = base64.b64decode(body.body_base64, validate=True) if body.body_base64 else b""
        if body.body is not None:
            content = body.body.encode()
        head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in body.headers]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request_line = (body.method.encode("ascii"), target.encode("ascii"))
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        authority = parts.netloc.encode("ascii")
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        raise Problem(Code.VALIDATION_FAILED, f"the request is none: {type(error).__name__}") from None
    names = {name.lower() for name, _ in head}
    if b"host" not in names:
        head.insert(0, (b"Host", authority))
    if content and b"content-length" not in names:
        head.append((b"Content-Length", str(len(content)).encode()))
    tls = parts.scheme == "https"
    return RawRequest(
        scheme=parts.scheme,
        connect=(host, port) if tls else None,
        sni=host if tls else None,
        method=request_line[0],
        target=request_line[1] if tls else f"http://{parts.netloc}".encode() + request_line[1],
        http_version=b"HTTP/1.1",
        headers=tuple(head),
        body=content,
    )


@route(
    "GET",
    "/mappings/coverage",
    who=Who.READER,
    writes=None,
    query=CoverageQuery,
    summary="Recorded traffic with and without a mapping",
)
async def coverage(ctx: Context) -> dict[str, Any]:
    """By host and method what no mapping reads, and by operation with a call to draw a mapping from; by host and action
    everything; the most frequent first.
    """
    since = iso(ctx.app.clock.now() - timedelta(days=ctx.query.days))
    tenant = ctx.principal.tenant

    def read(conn: Connection) -> tuple[dict[str, Any], Sequence[rows.Row]]:
        within = (intents.c.tenant == tenant, intents.c.created_at >= since, intents.c.host != "")
        unmapped = intents.c.action.like("http.%")
        total = conn.scalar(select(func.count()).where(*within)) or 0
        missing = conn.scalar(select(func.count()).where(*within, unmapped)) or 0
        by_host = (
            select(intents.c.host, intents.c.method, func.count().label("count"))
            .where(*within, unmapped)
            .group_by(intents.c.host, intents.c.method)
            .order_by(func.count().desc())
            .limit(_SHOWN)
        )
        by_action = (
            select(intents.c.host, intents.c.action, func.count().label("count"))
            .where(*within)
            .group_by(intents.c.host, intents.c.action)
            .order_by(func.count().desc(), intents.c.host, intents.c.action)
            .limit(_COUNTED)
        )
        told = {
            "since": since,
            "calls": total,
            "mapped": total - missing,
            "unmapped": missing,
            "coverage": round((total - missing) / total, 4) if total else None,
            "hosts": [
                {"host": row["host"], "method": row["method"], "count": row["count"]}
                for row in rows.every(conn, by_host)
            ],
            "actions": [
                {"host": row["host"], "action": row["action"], "count": row["count"]}
                for row in rows.every(conn, by_action)
            ],
        }

        return told, unmapped_calls.urls(conn, tenant, since)

    told, found = await ctx.app.store.read(read)
    return {**told, "operations": await asyncio.to_thread(unmapped_calls.operations, found)}
