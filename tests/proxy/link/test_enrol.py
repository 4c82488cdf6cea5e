"""How the gate speaks to the control plane: whole answers, and bounded ones."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from vienna_proxy.link import enrol
from vienna_proxy.link.enrol import Control, data_of
from vienna_proxy.ports import UnavailableError

BODY = b'{"data":"' + b"x" * 500_000 + b'"}'


async def _answer(request: web.Request) -> web.StreamResponse:
    """In many parts, as a large body comes."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for at in range(0, len(BODY), 4096):
        await response.write(BODY[at : at + 4096])
    return response


@pytest.fixture
async def control() -> object:
    app = web.Application()
    app.router.add_get("/large", _answer)
    async with TestServer(app) as server:
        opened = Control(str(server.make_url("")).rstrip("/"))
        yield opened
        await opened.close()


async def test_an_answer_in_many_parts_is_read_whole(control: Control) -> None:
    status, content, _ = await control.call("GET", "/large", key="k")
    assert (status, content) == (200, BODY)
    assert data_of(content) == "x" * 500_000


async def test_an_answer_without_end_is_not_read_to_its_end(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrol, "_MAX_BYTES", len(BODY) - 1)
    with pytest.raises(UnavailableError, match="more than"):
        await control.call("GET", "/large", key="k")
