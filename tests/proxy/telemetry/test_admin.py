"""The listener for operators: what is there, that nothing else is, and that nobody can use it up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from vienna_kernel import wire
from vienna_proxy.ports import StartError
from vienna_proxy.telemetry import admin as module
from vienna_proxy.telemetry.admin import Admin
from vienna_proxy.telemetry.metrics import Metrics
from vienna_proxy.telemetry.pages import pages


class Health:
    def __init__(self) -> None:
        self.why: str | None = None


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
async def admin(health: Health) -> AsyncIterator[Admin]:
    made = Admin(pages(Metrics(), lambda: health.why))
    await made.open("127.0.0.1:0")
    yield made
    made.close()


async def ask(admin: Admin, request: bytes) -> bytes:
    """All that is said to it; nothing, too, where it hangs up before it has read everything."""
    reader, writer = await asyncio.open_connection(*admin.address)
    try:
        writer.write(request)
        async with asyncio.timeout(40):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def get(admin: Admin, path: str, method: str = "GET") -> tuple[int, bytes]:
    said = await ask(admin, f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


async def test_health(admin: Admin, health: Health) -> None:
    assert await get(admin, "/healthz") == (200, b"ok\n")
    assert await get(admin, "/readyz") == (200, b"ready\n")
    health.why = "no control plane"
    assert await get(admin, "/readyz?verbose") == (503, b"no control plane\n")
    assert await get(admin, "/healthz") == (200, b"ok\n")
    assert (await get(admin, "/metrics"))[1].startswith(b"# HELP vienna_gate_")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "get"])
async def test_nothing_can_be_done_there(admin: Admin, method: str) -> None:
    assert (await get(admin, "/metrics", method))[0] == 405


@pytest.mark.parametrize("path", ["/", "//metrics", "/metrics/", "/../healthz", "http://x/metrics", "*"])
async def test_nothing_else_is_there(admin: Admin, path: str) -> None:
    assert (await get(admin, path))[0] == 404


async def test_head_has_no_body(admin: Admin) -> None:
    assert await get(admin, "/healthz", "HEAD") == (200, b"")


@pytest.mark.parametrize(
    "said", [b"\r\n\r\n", b"GET\r\n\r\n", b"\xff\xfe\x00 / x\r\n\r\n", b"GET / SPDY/3\r\n\r\n"]
)
async def test_what_is_no_request(admin: Admin, said: bytes) -> None:
    assert (await ask(admin, said)).startswith(b"HTTP/1.1 400 ")


async def test_a_head_without_end_is_hung_up_on(admin: Admin) -> None:
    assert await ask(admin, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 4096) == b""


async def test_silence_is_hung_up_on(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.05)
    assert await ask(admin, b"GET /healthz") == b""


async def test_few_connections_at_a_time(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 1)
    _, silent = await asyncio.open_connection(*admin.address)
    while admin._open == 0:
        await asyncio.sleep(0)
    assert await ask(admin, b"GET /healthz HTTP/1.1\r\n\r\n") == b""
    silent.close()
    await silent.wait_closed()
    while admin._open:
        await asyncio.sleep(0)
    assert (await get(admin, "/healthz"))[0] == 200


async def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StartError, match=f"cannot listen on gate.admin_listen {address}: "):
            await Admin({}).open(address)


def test_a_gate_has_one(own_gate: Any, control: Any) -> None:
    gate = own_gate(admin_listen="127.0.0.1:0", private_networks=["127.0.0.0/8"])
    url = gate.process.ready["admin"]
    ready = httpx.get(f"{url}/readyz", timeout=40, trust_env=False)
    assert (ready.status_code, ready.text) == (200, "ready\n")
    through = gate.call(
        "GET", f"{url}/metrics"
    )  # what the machine may reach, an agent may not ask the gate for
    assert through.headers["vienna-reason"] == "address_refused"
    assert control.heard(wire.Consult) == []


def test_a_gate_has_none_unless_told(own_gate: Any) -> None:
    assert "admin" not in own_gate().process.ready


def test_a_gate_without_its_control_plane_is_not_ready(own_gate: Any, control: Any) -> None:
    gate = own_gate(admin_listen="127.0.0.1:0")
    url = gate.process.ready["admin"]
    control.shut()
    try:
        while (said := httpx.get(f"{url}/readyz", timeout=40, trust_env=False)).status_code == 200:
            pass
        assert said.text == "no control plane\n"
        assert httpx.get(f"{url}/healthz", timeout=40, trust_env=False).status_code == 200
    finally:
        control.open()
