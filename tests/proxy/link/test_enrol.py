"""How the gate speaks to the control plane: whole answers, and bounded ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from vienna_kernel.possession import proven
from vienna_proxy.link import enrol
from vienna_proxy.link.enrol import Control, data_of
from vienna_proxy.ports import StartError, UnavailableError

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


async def test_a_gate_whose_clock_is_off_proves_it_for_the_instant_it_is_told() -> None:
    asked: list[str] = []
    theirs = "2026-03-02T10:00:00.000Z"

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append(body["proved_at"])
        said = {name: body[name] for name in ("csr_pem", "proof")}
        assert proven(
            body["public_jwk"], said["proof"], token="t", csr_pem=said["csr_pem"], at=body["proved_at"]
        )
        error = {"code": "invalid_request", "message": "not of now", "details": {"now": theirs}}
        return web.json_response({"success": False, "data": None, "error": error}, status=400)

    app = web.Application()
    app.router.add_post("/api/v1/sidecars/enrol", answer)
    async with TestServer(app) as server:
        control = Control(str(server.make_url("")).rstrip("/"))
        mine = datetime(2031, 1, 1, tzinfo=UTC)
        with pytest.raises(StartError, match="not of now"):
            await enrol.enrol(
                control, token="t", agent="bot", keys=enrol.Keys(), version="1", now=lambda: mine
            )
        await control.close()
    assert asked == ["2031-01-01T00:00:00.000Z", theirs]


def test_a_ca_file_that_is_none_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    for file in ("ca.pem", "missing.pem"):
        with pytest.raises(StartError, match="control_ca"):
            Control("https://127.0.0.1:1", ca=tmp_path / file)
