"""The addon in mitmproxy's own addon manager: whatever breaks in whatever hook, the refusal stands.

mitmproxy logs an addon's exception and forwards the request; the first test shows that it does, so that the others
mean something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import addonmanager, hooks, http, options
from mitmproxy.master import Master
from mitmproxy.proxy.layers.http import _hooks
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook
from mitmproxy.test import tflow

from vienna_kernel.call.request import Call
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.mapping.reading import Mapped, MappingSet
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_kernel.wire import Decision
from vienna_proxy.answer.problem import Answer
from vienna_proxy.config import GateConfig
from vienna_proxy.evidence.replies import Replies
from vienna_proxy.gate import Case, Gate, Offices
from vienna_proxy.judge.consult import Grant
from vienna_proxy.judge.hold import Holds, Interim
from vienna_proxy.telemetry.lines import Lines
from vienna_proxy.telemetry.metrics import Metrics
from vienna_proxy.transport.canary import Canary
from vienna_proxy.transport.connections import Connections
from vienna_proxy.transport.passage import PASSAGE, Meter


class Naive:
    """The addon that everyone writes first."""

    def request(self, flow: http.HTTPFlow) -> None:
        raise RuntimeError("the policy file is broken")


class Note:
    def note(self, *_: Any, **__: Any) -> None: ...


class Court:
    """A judge, its neighbours and all else that a gate asks, each failing in the way a test wants."""

    def __init__(self, fail: Callable[[], Any] | None = None) -> None:
        self.fail = fail or (lambda: None)

    def head(self, raw: Any) -> Any:
        return self.fail()

    def whole(self, raw: Any) -> Any:
        return Call(
            method="GET", scheme="http", host="a.example", port=80, path="/", query="", headers=(), body=b""
        )

    async def judge(self, *_: Any) -> Any:
        found = self.fail()
        return await found if asyncio.iscoroutine(found) else found

    async def buffered(self, *_: Any, **__: Any) -> Any:
        return self.fail()

    async def before_answer(self, *_: Any) -> Any:
        return self.fail()

    async def after_answer(self, *_: Any) -> Any:
        return self.fail()

    async def stream_begins(self, *_: Any) -> Any:
        return self.fail()

    async def opens(self, *_: Any) -> Any:
        return self.fail()

    async def failed(self, *_: Any, **__: Any) -> Any:
        return self.fail()

    def is_unopened(self, client: Any) -> bool:
        return False


def gate(court: Court) -> Gate:
    interim = Interim({})
    offices: Any = Offices(
        config=GateConfig(),
        judge=court,  # type: ignore[arg-type]
        messages=court,  # type: ignore[arg-type]
        bundles=SimpleNamespace(current=SimpleNamespace(mappings=MappingSet.compile([]))),  # type: ignore[arg-type]
        outcomes=court,  # type: ignore[arg-type]
        reporter=Note(),  # type: ignore[arg-type]
        internal=None,  # type: ignore[arg-type]
        tunnels=court,  # type: ignore[arg-type]
        holds=Holds(interim, most=lambda: 1),
        replies=Replies(ended=lambda _: None),
        interim=interim,
        connections=Connections({}),
        readbacks=court,  # type: ignore[arg-type]
        lines=Lines(Metrics(), lambda: None),
        canary=Canary(),
        spawn=lambda work: work.close(),
    )
    return Gate(offices)


async def meet(addon: Any, hook: hooks.Hook) -> None:
    """What mitmproxy does at a hook: its real addon manager, with one addon."""
    manager = addonmanager.AddonManager(Master(options.Options()))
    manager.add(addon)
    await manager.handle_lifecycle(hook)


def raises(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def deep() -> Any:
    return deep()


FAILURES: dict[str, Callable[[], Any]] = {
    "raises": raises(RuntimeError("broken")),
    "recursion": deep,
    "memory": raises(MemoryError()),
    "assertion": raises(AssertionError()),
    "stop": raises(StopIteration()),
    "nothing": lambda: None,
    "a lie": lambda: "granted",
    "true": lambda: True,
    "unavailable": raises(OSError("disk")),
}


def refused(flow: http.HTTPFlow) -> bool:
    return flow.response is not None and flow.response.status_code >= 400


async def test_mitmproxy_forwards_when_an_addon_raises() -> None:
    flow = tflow.tflow()
    await meet(Naive(), HttpRequestHook(flow))
    assert flow.response is None


@pytest.mark.parametrize("failure", FAILURES)
async def test_request_refuses(failure: str) -> None:
    flow, addon = tflow.tflow(), gate(Court(FAILURES[failure]))
    flow.metadata[PASSAGE] = Case(Meter(100), 100)
    await meet(addon, HttpRequestHook(flow))
    assert refused(flow)
    assert flow.metadata[PASSAGE].grant is None


async def test_request_without_its_head_refuses() -> None:
    flow = tflow.tflow()
    await meet(gate(Court()), HttpRequestHook(flow))
    assert refused(flow)


async def test_a_judge_that_hangs_is_given_up() -> None:
    flow, addon = tflow.tflow(), gate(Court(lambda: asyncio.sleep(3600)))
    addon._deadline_seconds = 0.05
    flow.metadata[PASSAGE] = Case(Meter(100), 100)
    await meet(addon, HttpRequestHook(flow))
    assert refused(flow)


async def test_a_cancelled_judge_leaves_the_refusal() -> None:
    flow, addon = tflow.tflow(), gate(Court(raises(asyncio.CancelledError())))
    flow.metadata[PASSAGE] = Case(Meter(100), 100)
    with pytest.raises(asyncio.CancelledError):
        await meet(addon, HttpRequestHook(flow))
    assert refused(flow)


async def test_the_refusal_stands_while_it_is_asked() -> None:
    flow = tflow.tflow()
    seen: list[bool] = []
    addon = gate(Court(lambda: seen.append(refused(flow))))
    flow.metadata[PASSAGE] = Case(Meter(100), 100)
    await meet(addon, HttpRequestHook(flow))
    assert seen == [True]


@pytest.mark.parametrize("failure", ["raises", "recursion", "memory"])
async def test_requestheaders_refuses(failure: str) -> None:
    flow = tflow.tflow()
    await meet(gate(Court(FAILURES[failure])), _hooks.HttpRequestHeadersHook(flow))
    assert refused(flow)


@pytest.mark.parametrize("failure", FAILURES)
async def test_connect_refuses(failure: str) -> None:
    flow = tflow.tflow()
    await meet(gate(Court(FAILURES[failure])), _hooks.HttpConnectHook(flow))
    assert refused(flow)


def granted() -> Grant:
    intent = Intent(
        action="a",
        target="t",
        parameters={},
        effect=Effect.WRITE,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T0,
    )
    return Grant(
        call=Court().whole(None),
        mapped=Mapped(intents=(intent,), fingerprint="sha256:0", mapped=True, shown_url="http://a.example/"),
        decision=Decision(id=1, verdict="granted", intent_id="int-1"),
        warrant_id="wrt-1",
        attempt="att-1",
        request=http.Request.make("GET", "http://a.example/"),
        released_at=0,
    )


@pytest.mark.parametrize("failure", FAILURES)
async def test_response_withholds(failure: str) -> None:
    flow = tflow.tflow(resp=True)
    flow.metadata[PASSAGE] = Case(Meter(100), 100, grant=granted())
    await meet(gate(Court(FAILURES[failure])), _hooks.HttpResponseHook(flow))
    assert refused(flow)
    assert b"message" in (flow.response.content or b"")  # ours, not the upstream's
    assert flow.response.content != b"message"


class Recorded(Court):
    """The answer is recorded and may go; what is read back before it fails."""

    async def buffered(self, *_: Any, **__: Any) -> Any:
        return Granted()


@pytest.mark.parametrize("failure", FAILURES)
async def test_an_answer_that_waits_for_its_read_back_is_withheld(failure: str) -> None:
    flow = tflow.tflow(resp=True)
    flow.metadata[PASSAGE] = Case(Meter(100), 100, grant=granted())
    await meet(gate(Recorded(FAILURES[failure])), _hooks.HttpResponseHook(flow))
    assert refused(flow)
    assert flow.response.content != b"message"


@pytest.mark.parametrize("failure", ["raises", "recursion", "memory", "assertion", "unavailable"])
async def test_a_read_back_that_breaks_breaks_nothing_else(failure: str) -> None:
    court = Court(FAILURES[failure])
    await gate(court)._read_later(granted())


@pytest.mark.parametrize("failure", ["raises", "recursion", "memory", "unavailable"])
async def test_a_websocket_does_not_open(failure: str) -> None:
    flow, grant = tflow.tflow(resp=True), granted()
    flow.response.status_code = 101
    flow.metadata[PASSAGE] = Case(Meter(100), 100, grant=grant)
    addon = gate(Court(FAILURES[failure]))
    addon.active.add(grant, flow)
    await meet(addon, _hooks.HttpResponseHook(flow))
    assert refused(flow)
    assert (flow.metadata[PASSAGE].terms, grant.settled, list(addon.active)) == (None, True, [])


@pytest.mark.parametrize("failure", ["raises", "recursion", "memory", "assertion", "stop", "unavailable"])
async def test_a_stream_does_not_begin(failure: str) -> None:
    flow = tflow.tflow(resp=True)
    flow.response.headers["content-type"] = "text/event-stream"
    flow.metadata[PASSAGE] = Case(Meter(100), 100, grant=granted())
    await meet(gate(Court(FAILURES[failure])), _hooks.HttpResponseHeadersHook(flow))
    assert not flow.response.stream


@pytest.mark.parametrize("failure", FAILURES)
async def test_error_answers_in_our_words(failure: str) -> None:
    flow = tflow.tflow(err=True)
    flow.metadata[PASSAGE] = Case(Meter(100), 100, grant=granted())
    await meet(gate(Court(FAILURES[failure])), _hooks.HttpErrorHook(flow))
    assert refused(flow)


async def test_an_answer_is_an_answer() -> None:
    flow, addon = tflow.tflow(), gate(Court(lambda: Answer(reason=Reason.POLICY_DENIED)))
    flow.metadata[PASSAGE] = Case(Meter(100), 100)
    await meet(addon, HttpRequestHook(flow))
    assert flow.response.headers["vienna-reason"] == "policy_denied"


async def test_what_never_was_a_call_is_told_too() -> None:
    client = tflow.tclient_conn()
    said = gate(Court()).speak(client, Refused(Reason.AMBIGUOUS_REQUEST, "request trailers"), None)
    assert said.startswith(b"HTTP/1.1 400 Denied by Vienna: ")
    assert b"Connection: close" in said
