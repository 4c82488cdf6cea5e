"""The edge: one envelope for everything, strict bodies, strict headers, and nothing of ours or theirs given away."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from planes import PASSWORD, PEOPLE, Control, key_of, running
from vienna_control.api import server
from vienna_control.api.access import Who
from vienna_control.api.problems import Code, Problem, pointer
from vienna_control.api.route import Context, Route, route
from vienna_control.ports import UnavailableError
from vienna_kernel.errors import IllegalMoveError

LOGIN = "/api/v1/auth/login"
CANARY = "canary-7c1f-secret"


def is_problem(answer: Any, code: str) -> bool:
    return answer["success"] is False and answer["data"] is None and answer["error"]["code"] == code


async def test_success_is_an_envelope(control: Control) -> None:
    _, answer, response = await control.ask("GET", "/api/v1/operators/me", key="viewer")
    assert (answer["success"], answer["error"]) == (True, None)
    assert response.headers["Vienna-Request-Id"].startswith("req-")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/v1/nowhere", 404, "not_found"),
        ("DELETE", "/health", 405, "method_not_allowed"),
        ("PUT", LOGIN, 405, "method_not_allowed"),
    ],
)
async def test_so_is_what_the_router_refuses(
    control: Control, method: str, path: str, status: int, code: str
) -> None:
    came, answer, response = await control.ask(method, path)
    assert came == status
    assert is_problem(answer, code)
    if status == 405:
        assert response.headers["Allow"]


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        (b"", 400, "invalid_request", "not JSON"),
        (b"{", 400, "invalid_request", "not JSON"),
        (b'{"username": "a", "username": "b", "password": "c"}', 400, "invalid_request", "key twice"),
        (b'\xff{"username": "a"}', 400, "invalid_request", "not JSON"),
        (b'{"username": NaN}', 400, "invalid_request", "not JSON"),
        (b"[" * 100 + b"]" * 100, 400, "invalid_request", "not JSON"),
        (b"[]", 422, "validation_failed", ""),
        (b'{"username": "a"}', 422, "validation_failed", "/password"),
        (b'{"username": 1, "password": "x"}', 422, "validation_failed", "/username"),
        (b'{"username": "a", "password": "x", "role": "admin"}', 422, "validation_failed", "/role"),
        (b'{"username": "' + b"a" * (1024 * 1024) + b'"}', 413, "payload_too_large", "1 MiB"),
    ],
)
async def test_bodies_are_read_strictly(
    control: Control, body: bytes, status: int, code: str, says: str
) -> None:
    headers = {"Content-Type": "application/json"}
    async with control.http.post(control.url + LOGIN, data=body, headers=headers) as response:
        answer = await response.json()
    assert response.status == status, answer
    assert is_problem(answer, code)
    assert says in answer["error"]["message"]


async def test_a_body_that_is_not_said_to_be_json_is_refused(control: Control) -> None:
    async with control.http.post(control.url + LOGIN, data={"username": "a", "password": "b"}) as response:
        assert is_problem(await response.json(), "invalid_request")


async def test_a_validation_error_names_field_expectation_and_what_came(control: Control) -> None:
    _, answer, _ = await control.ask("POST", "/api/v1/warrants/wrt-1/revoke", key="admin", body={"reason": 5})
    assert answer["error"]["details"] == [
        {"field": "/reason", "message": "Input should be a valid string", "expected": "string", "got": 5}
    ]
    _, answer, _ = await control.ask("GET", "/api/v1/operators?limit=501", key="admin")
    (detail,) = answer["error"]["details"]
    assert (detail["field"], detail["expected"], detail["got"]) == ("?/limit", "le 500", "501")
    _, answer, _ = await control.ask("GET", "/api/v1/operators?limt=5", key="admin")
    assert answer["error"]["details"][0]["expected"] == "no such field"


async def test_a_secret_that_is_refused_is_not_repeated(control: Control) -> None:
    body = {"username": "a", "password": [CANARY], "otp": CANARY * 3}
    _, answer, _ = await control.ask("POST", LOGIN, body=body)
    assert answer["error"]["code"] == "validation_failed"
    assert CANARY not in json.dumps(answer)


async def test_a_query_parameter_counts_once(control: Control) -> None:
    status, answer, _ = await control.ask("GET", "/api/v1/operators?limit=5&limit=6", key="admin")
    assert (status, answer["error"]["code"]) == (400, "invalid_request")


async def test_lists_page_by_cursor_and_by_offset(control: Control) -> None:
    seen, cursor = [], ""
    while True:
        _, answer, _ = await control.ask("GET", f"/api/v1/operators?limit=2{cursor}", key="admin")
        data = answer["data"]
        assert data["total"] == len(PEOPLE)
        seen += [one["id"] for one in data["operators"]]
        if not data["has_more"]:
            assert data["next_cursor"] is None
            break
        cursor = f"&cursor={data['next_cursor']}"
    assert len(seen) == len(set(seen)) == len(PEOPLE)
    assert seen == sorted(seen, reverse=True)
    _, answer, _ = await control.ask("GET", "/api/v1/operators?limit=2&offset=6", key="admin")
    assert [one["id"] for one in answer["data"]["operators"]] == seen[6:]
    for bad in ("!", "bm90YW51bWJlcg", "%F0"):
        _, answer, _ = await control.ask("GET", f"/api/v1/audit?cursor={bad}", key="auditor")
        assert answer["error"]["code"] == "invalid_request"


async def test_headers_are_strict(control: Control) -> None:
    for path, key in (("/health", None), ("/nowhere", None), ("/api/v1/operators/me", "viewer")):
        _, _, response = await control.ask("GET", path, key=key)
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_one_configured_origin_may_read_with_a_key(tmp_path: Path) -> None:
    async with running(tmp_path / "data", cors_origin="https://desk.example") as control:
        theirs = {"Origin": "https://desk.example"}
        _, _, response = await control.ask("GET", "/api/v1/operators/me", key="viewer", headers=theirs)
        assert response.headers["Access-Control-Allow-Origin"] == "https://desk.example"
        assert "Access-Control-Allow-Credentials" not in response.headers
        preflight = {**theirs, "Access-Control-Request-Method": "POST"}
        status, _, response = await control.ask("OPTIONS", LOGIN, headers=preflight)
        assert status == 204
        other = {"Origin": "https://evil.example"}
        _, _, response = await control.ask("GET", "/health", headers=other)
        assert "Access-Control-Allow-Origin" not in response.headers


def _faulty(error: BaseException) -> Route:
    @route("GET", "/fault", who=Who.PUBLIC, writes=None, summary="raises")
    async def fault(_: Context) -> dict[str, Any]:
        raise error

    found: Route = fault.__route__  # type: ignore[attr-defined]  # what the decorator put there
    return found


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Problem("gone", "it left"), 410, "gone"),
        (UnavailableError("store", f"the disk is full {CANARY}"), 503, "unavailable"),
        (UnavailableError("audit", f"broken {CANARY}"), 503, "audit_unavailable"),
        (IllegalMoveError("approval", "denied", "approve"), 500, "internal"),
        (RuntimeError(f"password={CANARY}"), 500, "internal"),
        (KeyError(CANARY), 500, "internal"),
    ],
)
async def test_whatever_is_raised_ends_as_a_problem_that_gives_nothing_away(
    control: Control, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    site = server.build(control.app, [_faulty(error)])
    with structlog.testing.capture_logs() as lines:
        async with TestClient(TestServer(site)) as client:
            response = await client.get("/api/v1/fault")
            answer = await response.json()
    assert response.status == status
    assert is_problem(answer, code)
    assert CANARY not in json.dumps(answer)
    if status == 500:
        assert CANARY not in str(lines)
        assert [line for line in lines if line["event"] == "api.internal"]


async def test_a_stream_that_breaks_does_not_look_whole(control: Control) -> None:
    @route("GET", "/stream", who=Who.PUBLIC, writes=None, raw=True, summary="breaks in the middle")
    async def half(ctx: Context) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(ctx.request)
        await response.write(b"half")
        raise RuntimeError(CANARY)

    site = server.build(control.app, [half.__route__])  # type: ignore[attr-defined]  # what the decorator put there
    async with TestClient(TestServer(site)) as client:
        response = await client.get("/api/v1/stream")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_one_line_for_each_request_without_what_the_caller_sent(control: Control) -> None:
    with structlog.testing.capture_logs() as lines:
        await control.ask(
            "GET", f"/api/v1/warrants/{CANARY}?x={CANARY}", key="admin", headers={"X-Note": CANARY}
        )
        await control.ask("POST", LOGIN, body={"username": CANARY, "password": CANARY})
        await control.ask("GET", f"/{CANARY}", key="admin")
    told = [line for line in lines if line["event"] == "api.request"]
    assert [line["route"] for line in told] == ["/api/v1/warrants/{id}", LOGIN, None]
    assert [line["code"] for line in told] == ["not_found", "unauthenticated", "not_found"]
    assert told[0]["principal"].startswith("operator:op-")
    assert all(line["request_id"].startswith("req-") for line in told)
    for secret in (CANARY, key_of("admin"), PASSWORD):
        assert secret not in str(lines)


def test_codes_are_the_published_ones() -> None:
    published = (
        "invalid_request 400, unauthenticated 401, mfa_required 401, forbidden 403, not_found 404, conflict 409, "
        "already_decided 409, warrant_consumed 409, gone 410, payload_too_large 413, validation_failed 422, "
        "rate_limited 429, internal 500, unavailable 503, audit_unavailable 503"
    )
    said = {f"{code.value} {Problem(code, '').status}" for code in Code}
    assert said == {*published.split(", "), "method_not_allowed 405"}


def test_pointers_escape() -> None:
    assert pointer(()) == ""
    assert pointer(("a/b", 0, "c~d")) == "/a~1b/0/c~0d"


def test_a_route_is_declared_once(control: Control) -> None:
    twice = _faulty(RuntimeError())
    with pytest.raises(ValueError, match="two routes"):
        server.build(control.app, [twice, twice])


async def raw(control: Control, data: bytes, *, until: bytes = b"") -> bytes:
    """What comes back for these bytes: as far as some words, or to the end of the connection."""
    host, _, port = control.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        async with asyncio.timeout(60):
            return await (reader.readuntil(until) if until else reader.read())
    finally:
        writer.close()


@pytest.mark.parametrize("line", [b"Authorization: Bearer \xff", b"Cookie: vienna-dev=\xff"])
async def test_a_credential_of_bytes_that_are_no_text_is_nobodys(control: Control, line: bytes) -> None:
    head = b"GET /api/v1/operators/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    assert (await raw(control, head + line + b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /health HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\x01\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-%s: " + b"a" * 20_000 + b"\r\n\r\n",
        b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nA: %s\r\n\r\n",
        b"GET /%s\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01%s\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_the_envelope_and_is_quoted_nowhere(
    control: Control, request_: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    came = await raw(control, request_.replace(b"%s", CANARY.encode()))
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 "), came
    for part in (b"application/json", b"Vienna-Request-Id: req-", b"nosniff"):
        assert part in head
    assert b"aiohttp" not in head
    assert is_problem(json.loads(body), "invalid_request")
    told = "".join(capfd.readouterr())
    assert CANARY not in came.decode() + told + caplog.text


async def test_a_body_that_does_not_arrive_is_not_waited_for(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.1)
    head = (
        f"POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n"
        "Connection: close\r\n\r\n{"
    )
    came = await raw(control, head.encode(), until=b"within 0.1 seconds")
    assert came.startswith(b"HTTP/1.1 400 ")
