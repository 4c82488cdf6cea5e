"""Mappings proposed from the description of an API."""

from __future__ import annotations

import asyncio
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from vienna_control import apart
from vienna_control.api.change import misfit
from vienna_control.api.edge import answer
from vienna_control.api.problems import Code, Problem, rate_limited
from vienna_control.api.route import Context, Who, route
from vienna_control.policies import importing
from vienna_kernel.errors import MalformedError

_BODY_SECONDS = 30.0


class ImportQuery(BaseModel):
    """Which part of the description; lists are parted by commas.

    Attributes:
        only: ``POST /v1/*``.
        id: Of the mapping; else made of the host.
        host: One that the description has, or yours.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    only: Annotated[str, Field(max_length=2000)] = ""
    tags: Annotated[str, Field(max_length=2000)] = ""
    methods: Annotated[str, Field(max_length=200)] = ""
    id: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]{0,63})?$")] = ""
    host: Annotated[str, Field(max_length=255)] = ""


@route(
    "POST",
    "/mappings/import-openapi",
    who=Who.OPERATOR,
    writes=None,
    query=ImportQuery,
    raw=True,
    summary="Propose a mapping and its cases from an OpenAPI document; nothing is kept",
)
async def import_openapi(ctx: Context) -> web.StreamResponse:
    """The body is the document itself, OpenAPI 3 or Swagger 2, JSON or YAML, at most 4 MiB.

    Effects and tiers in the answer are guesses, marked as such: review them, then ``POST /mappings``.
    """
    query = ctx.query
    asked = importing.Asked(
        only=_words(query.only), tags=_words(query.tags), methods=[one.upper() for one in _words(query.methods)],
        id=query.id, host=query.host,
    )  # fmt: skip
    try:
        told = await importing.propose(await _document(ctx.request), asked)
    except MalformedError as error:
        raise misfit(error) from None
    except importing.BusyError:
        raise rate_limited("other descriptions are being read; ask again", 10) from None
    except apart.TooMuchError:
        why = "reading it took more time or memory than a description may: take a part with 'only' or 'tags'"
        raise Problem(Code.VALIDATION_FAILED, why) from None
    return answer({"success": True, "data": told, "error": None}, headers=ctx.headers)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


async def _document(request: web.Request) -> bytes:
    """The body, larger than others may be."""
    found = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.content.iter_any():
                found += chunk
                if len(found) > importing.MAX_BYTES:
                    raise Problem(
                        Code.PAYLOAD_TOO_LARGE, f"a description has at most {importing.MAX_BYTES} bytes"
                    )
    except TimeoutError:
        raise Problem(
            Code.INVALID_REQUEST, f"the body was not there within {_BODY_SECONDS:g} seconds"
        ) from None
    return bytes(found)
