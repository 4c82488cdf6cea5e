"""Enrolment by service account, against a server that speaks TokenReview: whom it lets in, and that it fails closed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gate_end import application
from planes import Control, running
from vienna_control import config
from vienna_control.clock import FixedClock
from vienna_control.ports import StartError
from vienna_kernel.signing import SigningKey

ENROL = "/api/v1/sidecars/enrol"
ACCOUNT = "system:serviceaccount:agents:billing"
PODS = {
    "e30.e30.good": {"authenticated": True, "user": {"username": ACCOUNT}, "audiences": ["vienna"]},
    "e30.e30.bad": {"authenticated": False, "user": {"username": ACCOUNT}, "audiences": ["vienna"]},
    "e30.e30.elsewhere": {"authenticated": True, "user": {"username": ACCOUNT}, "audiences": ["vault"]},
    "e30.e30.deaf": {"authenticated": True, "user": {"username": ACCOUNT}},
    "e30.e30.nobody": {
        "authenticated": True,
        "user": {"username": "system:serviceaccount:agents:other"},
        "audiences": ["vienna"],
    },
    "e30.e30.human": {"authenticated": True, "user": {"username": "billing"}, "audiences": ["vienna"]},
}


class ApiServer:
    """As much of Kubernetes as is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: web.Response | None = None

    async def review(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer our-own-token"
        body = await request.json()
        self.asked.append(body)
        if self.answers is not None:
            return self.answers
        status = PODS.get(body["spec"]["token"], {"authenticated": False})
        return web.json_response({**body, "spec": {}, "status": status}, status=201)


@pytest.fixture
async def api() -> AsyncIterator[tuple[ApiServer, TestServer]]:
    server = ApiServer()
    app = web.Application()
    app.router.add_post("/apis/authentication.k8s.io/v1/tokenreviews", server.review)
    async with TestServer(app) as listening:
        yield server, listening


@pytest.fixture
async def control(
    tmp_path: Path, clock: FixedClock, api: tuple[ApiServer, TestServer]
) -> AsyncIterator[Control]:
    (tmp_path / "token").write_text("our-own-token\n")
    rule = {"namespace": "agents", "service_account": "billing", "agent": "billing-bot"}
    enrolment = {
        "kubernetes": [rule],
        "api_server": str(api[1].make_url("")).rstrip("/"),
        "api_token": tmp_path / "token",
    }
    section = {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "enrolment": enrolment}
    async with running(tmp_path / "data", clock=clock, control=section) as started:
        yield started


async def apply(control: Control, token: str, agent: str = "billing-bot") -> tuple[int, Any]:
    body = application(control, SigningKey.generate_from(os.urandom(32)), token=token, agent=agent)
    status, answer, _ = await control.ask("POST", ENROL, key=token, body=body)
    return status, answer


async def test_a_pods_own_token_enrols_for_the_agent_of_its_rule_only(
    control: Control, api: tuple[ApiServer, TestServer]
) -> None:
    status, answer = await apply(control, "e30.e30.good")
    assert (status, answer["data"]["agent"]["name"]) == (200, "billing-bot")
    assert api[0].asked[0]["spec"] == {"token": "e30.e30.good", "audiences": ["vienna"]}
    assert (await apply(control, "e30.e30.good", "other-bot"))[0] == 403
    for token in sorted(set(PODS) - {"e30.e30.good"}):
        assert (await apply(control, token))[0] == 401, token


async def test_it_fails_closed(control: Control, api: tuple[ApiServer, TestServer]) -> None:
    for answer in (
        web.Response(status=500),
        web.Response(status=302, headers={"Location": "/"}),
        web.Response(text="not JSON"),
        web.json_response({"status": {"authenticated": "maybe"}}),
        web.Response(body=b" " * 300_000),
    ):
        api[0].answers = answer
        status, said = await apply(control, "e30.e30.good")
        assert (status, said["error"]["code"]) == (503, "unavailable")
        assert "e30" not in said["error"]["message"]
    await api[1].close()
    assert (await apply(control, "e30.e30.good"))[0] == 503


async def test_nobody_asks_kubernetes_about_anything_else(
    control: Control, api: tuple[ApiServer, TestServer]
) -> None:
    status, _, _ = await control.ask("GET", "/api/v1/fleet", key="e30.e30.good")
    assert status == 401
    for token in ("vos_side_k1_x", "e30.e30", "e30.e30." + "x" * 20_000):
        assert (await apply(control, token))[0] in (400, 401)
    assert api[0].asked == []


def test_in_a_pod_the_api_server_is_its_clusters(tmp_path: Path) -> None:
    file = tmp_path / "vienna.yaml"
    row = "{namespace: agents, service_account: billing, agent: billing-bot}"
    file.write_text(f"control: {{enrolment: {{kubernetes: [{row}]}}}}\n")
    environ = {"VIENNA_ENV": "test", "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    found = config.load(file=file, environ=environ).control.enrolment
    assert found.api_server == "https://[fd00::1]:6443"
    with pytest.raises(StartError, match="api_server"):
        config.load(file=file, environ={"VIENNA_ENV": "test"})
    file.write_text(f"control: {{enrolment: {{kubernetes: [{row}, {row}]}}}}\n")
    with pytest.raises(StartError, match="stands here twice"):
        config.load(file=file, environ=environ)
