"""Both clients against a real server on a real socket, which answers as the control API does."""

import asyncio
import threading
from contextlib import contextmanager

import pytest
from aiohttp import web

from vienna_client import AsyncViennaClient, UnreachableError, ViennaClient, ViennaError


def envelope(data=None, error=None, status=200):
    return web.json_response({"success": error is None, "data": data, "error": error}, status=status)


class Control:
    """A control plane that decides an intent at the second poll and has run it at the third."""

    def __init__(self):
        self.submitted = []
        self.polls = 0
        self.keys = []

    def app(self):
        app = web.Application()
        app.router.add_post("/api/v1/agent/intent", self.submit)
        app.router.add_get("/api/v1/intents/{id}/wait", self.wait)
        app.router.add_get("/api/v1/intents/{id}", self.missing)
        app.router.add_post("/api/v1/executions", self.report)
        app.router.add_get("/api/v1/events", self.events)
        app.router.add_get("/api/v1/odd", self.odd)
        app.router.add_get("/api/v1/problem", self.problem)
        return app

    async def submit(self, request):
        self.keys.append(request.headers.get("Authorization"))
        body = await request.json()
        self.submitted.append(body)
        if body["action"] == "read":
            return envelope({"intent_id": "int-0", "status": "executed"})
        return envelope({"intent_id": "int-1", "status": "pending_approval"})

    async def wait(self, request):
        self.polls += 1
        status = ("pending_approval", "executing", "executed")[max(0, min(self.polls - 1, 2))]
        return envelope({"intent_id": "int-1", "status": status, "mode": "direct"})

    async def missing(self, request):
        return envelope(error={"code": "not_found", "message": "no such intent", "details": None}, status=404)

    async def report(self, request):
        return envelope(await request.json())

    async def events(self, request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        after = request.headers.get("Last-Event-ID", "0")
        await response.write(f'id: {int(after) + 1}\nevent: alert\ndata: {{"n": 1}}\n\n'.encode())
        return response

    async def odd(self, request):
        return web.Response(text="<html>hello</html>")

    async def problem(self, request):
        body = {"type": "urn:vienna:problem:control-unavailable", "title": "t", "detail": "stopped"}
        return web.json_response(body, status=503, content_type="application/problem+json")


@contextmanager
def serving(app, **where):
    """The application on a loop of its own, as another process would be."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app)

    async def start():
        await runner.setup()
        site = web.UnixSite(runner, where["path"]) if where else web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner.addresses[0]

    address = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"unix://{where['path']}" if where else f"http://127.0.0.1:{address[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def control():
    return Control()


@pytest.fixture
def url(control):
    with serving(control.app()) as url:
        yield url


def test_asks_and_waits_until_people_have_decided(url, control):
    with ViennaClient(url, api_key="k") as client:
        answer = client.ask("create_refund", {"amount": "5"}, target="orders/1", justification=None)
    assert (answer.status, control.polls) == ("executed", 3)
    sent = control.submitted[0]
    assert sent.pop("idempotency_key")
    assert sent == {"action": "create_refund", "parameters": {"amount": "5"}, "target": "orders/1"}
    assert control.keys == ["Bearer k"]


def test_a_decided_submission_is_not_waited_for(url, control):
    with ViennaClient(url) as client:
        assert client.ask("read", {}).status == "executed"
    assert control.polls == 0


def test_when_the_time_is_over_the_answer_is_still_pending(url, control):
    control.polls = -1000
    with ViennaClient(url) as client:
        answer = client.ask("create_refund", {}, timeout_seconds=0.05)
    assert answer.pending
    assert "Do not perform it" in answer.text


async def test_the_asynchronous_client_says_the_same(url, control):
    async with AsyncViennaClient(url, api_key="k") as client:
        assert (await client.ask("create_refund", {})).status == "executed"
        assert (await client.report("wrt-1", success=False, error="no"))["status"] == "failed"
        assert [e.data async for e in client.events()] == [{"n": 1}]
        with pytest.raises(ViennaError, match="not_found"):
            await client.intent("int-9")


def test_events_resume(url):
    with ViennaClient(url) as client:
        assert [(e.id, e.name) for e in client.events(last_event_id="41")] == [("42", "alert")]


def test_an_error_in_the_envelope_is_raised_with_its_code(url):
    with ViennaClient(url) as client, pytest.raises(ViennaError) as caught:
        client.intent("int-9")
    assert (caught.value.code, caught.value.status) == ("not_found", 404)


def test_a_problem_of_the_sidecar_is_an_error_with_its_code(url):
    with ViennaClient(url) as client, pytest.raises(ViennaError, match="control_unavailable: stopped"):
        client.request("GET", "/problem")


def test_what_is_no_control_plane_is_unreachable(url):
    with ViennaClient(url) as client, pytest.raises(UnreachableError, match="without a JSON object"):
        client.request("GET", "/odd")


def test_nobody_listening_is_unreachable():
    with (
        ViennaClient("http://127.0.0.1:1") as client,
        pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1"),
    ):
        client.request("GET", "/ready")


def test_a_unix_socket(control, tmp_path):
    with serving(control.app(), path=str(tmp_path / "c")) as url, ViennaClient(url) as client:
        assert client.submit("read", {}).intent_id == "int-0"


def test_address_and_key_come_from_the_environment_and_the_sidecar_is_the_default(monkeypatch, url, control):
    monkeypatch.setenv("VIENNA_URL", url)
    monkeypatch.setenv("VIENNA_API_KEY", "from-env")
    with ViennaClient() as client:
        client.submit("read", {})
    assert control.keys == ["Bearer from-env"]
    monkeypatch.delenv("VIENNA_URL")
    with ViennaClient() as client:
        assert client.url == "http://vienna.internal"
