"""The addon: refuse first, ask second.

mitmproxy logs an addon's exception and forwards the request all the same. So in every hook the refusal stands on the
flow before anything else happens, and only a grant takes it off; whatever is raised or hangs on the way leaves it
there. What comes back is treated alike: it reaches the agent only after its outcome was recorded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from mitmproxy import http, tls
from mitmproxy.connection import Client, Server
from mitmproxy.net.http import http1
from mitmproxy.proxy import server_hooks

from vienna_kernel.call.authority import Authority
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_proxy.answer.problem import Answer
from vienna_proxy.answer.response import render
from vienna_proxy.answer.words import Words, broke, finished, marks
from vienna_proxy.case import Case
from vienna_proxy.config import GateConfig
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.evidence.readback import Readbacks
from vienna_proxy.evidence.replies import Replayed, Replies
from vienna_proxy.evidence.report import Reporter
from vienna_proxy.internal import Internal, is_internal
from vienna_proxy.judge.consult import Grant
from vienna_proxy.judge.decide import Judge, Plea
from vienna_proxy.judge.hold import Caller, Holds, Interim
from vienna_proxy.judge.messages import Messages
from vienna_proxy.link.bundle import Bundles
from vienna_proxy.ports import UnavailableError
from vienna_proxy.sockets import Sockets
from vienna_proxy.transport.connections import Connections
from vienna_proxy.transport.heads import GateRequest
from vienna_proxy.transport.passage import PASSAGE, Meter
from vienna_proxy.transport.streams import Bounds
from vienna_proxy.transport.translate import header_of, incoming, presented_warrants, raw_request
from vienna_proxy.transport.tunnel import Tunnels
from vienna_proxy.transport.upgrade import SWITCHED, switching

_BROKE = "the gate broke"
_SLACK_SECONDS = 60.0  # beyond the longest hold, everything else has its own, shorter limit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """What the gate is made of.

    Attributes:
        connections: mitmproxy's open connections.
        spawn: Starts work that nobody waits for.
    """

    config: GateConfig
    judge: Judge
    messages: Messages
    bundles: Bundles
    outcomes: Outcomes
    reporter: Reporter
    internal: Internal
    tunnels: Tunnels
    holds: Holds
    replies: Replies
    interim: Interim
    connections: Connections
    readbacks: Readbacks
    spawn: Callable[[Coroutine[Any, Any, None]], None]


class Gate:
    """The addon.

    Attributes:
        active: Calls between their first line and their last.
        sockets: The addon for what is said over WebSockets.
    """

    name = "gate"

    def __init__(self, offices: Offices) -> None:
        self._offices = offices
        self._meter = Meter(offices.config.body.inflight_max_bytes)
        bundles = offices.bundles
        self._words = Words(offices.reporter, lambda call: bundles.current.mappings.protocol(call))
        self._closed = render(Answer(reason=Reason.INTERNAL_ERROR))
        self._deadline_seconds = offices.config.hold.max_seconds + _SLACK_SECONDS
        self._shut = False
        self.sockets = Sockets(
            offices.messages, seconds=self._deadline_seconds, is_shut=lambda: self._shut, ended=self.ended
        )
        self.active: set[Grant] = set()

    def shut(self) -> None:
        """Refuse everything from now on: what the gate rests on does not hold any more."""
        self._shut = True

    # The agent's side

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """A tunnel is asked for."""
        flow.response = self._closed
        try:
            self._offices.connections.arrived(flow.client_conn)
            if self._shut:
                return
            async with asyncio.timeout(self._deadline_seconds):
                answer = await self._offices.tunnels.judge(flow)
            if isinstance(answer, Granted):
                if not self._offices.tunnels.is_unopened(flow.client_conn):
                    self._offices.connections.expect_head(flow.client_conn)
                flow.response = None
            else:
                flow.response = self._words.told(flow, answer)
        except Exception as error:
            broke("http_connect", error)

    async def admit(self, client: Client, host: str, place: Authority) -> bool | None:
        """Whether TLS that comes without a CONNECT goes on unopened; None when it is opened."""
        try:
            if self._shut:
                return False
            async with asyncio.timeout(self._deadline_seconds):
                admitted = await self._offices.tunnels.admit(client, host, place)
            if admitted:
                self._offices.connections.arrived(client)
            return admitted
        except Exception as error:
            broke("next_layer", error)
            return False

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A head is there, its body is not: what headers alone refuse is refused now."""
        flow.response = self._closed
        try:
            self._offices.connections.arrived(flow.client_conn)
            limit = self._offices.config.body.inspect_max_bytes
            case = Case(meter=self._meter, body_limit=limit, began=time.monotonic())
            flow.metadata[PASSAGE] = case
            if isinstance(flow.request, GateRequest):
                flow.request.passage = case
            refused = self._head(flow, case) if http1.expected_http_body_size(flow.request) != 0 else None
            if refused is None:
                flow.response = None  # nothing leaves before ``request``, where the refusal stands again
            else:
                case.answered = True
                flow.request.headers.pop("expect", None)
                flow.response = self._words.told(flow, self._words.refused(flow, refused))
        except Exception as error:
            broke("requestheaders", error)

    def _head(self, flow: http.HTTPFlow, case: Case) -> Refused | None:
        head = self._offices.judge.head(raw_request(flow))
        if isinstance(head, Refused):
            return head
        case.call = head  # as far as it is there: a refusal by its head is told in its dialect
        case.body_limit = self._offices.bundles.current.mappings.body_limit(head, default=case.body_limit)
        length = http1.expected_http_body_size(flow.request)
        if length is not None and length > case.body_limit:
            return Refused(Reason.BODY_TOO_LARGE, f"the body is larger than {case.body_limit} bytes")
        return None

    async def request(self, flow: http.HTTPFlow) -> None:
        """The whole request is there: judge it."""
        standing, flow.response = flow.response, self._closed
        try:
            case = flow.metadata.get(PASSAGE)
            if isinstance(case, Case) and case.answered and standing is not None:
                flow.response = standing
                return
            if not isinstance(case, Case) or self._shut:
                return
            async with asyncio.timeout(self._deadline_seconds):
                verdict = await self._judged(flow, case)
            if isinstance(verdict, Grant):
                case.grant = verdict
                most = self._offices.config.body.inspect_max_bytes
                case.keep_limit = Bounds.of(verdict.mapped, verdict.limits).keep_limit(most)
                self.active.add(verdict)
                self._offices.replies.begins(verdict, flow.client_conn)
                flow.request = verdict.request
                if (hop := self._offices.config.hop) is not None:
                    hop.lead(flow, verdict.call)
                flow.response = None
            else:
                flow.response = verdict
        except Exception as error:
            broke("request", error)

    async def _judged(self, flow: http.HTTPFlow, case: Case) -> Grant | http.Response:
        offices, request = self._offices, flow.request
        call = offices.judge.whole(raw_request(flow, body=request.raw_content or b""))
        if isinstance(call, Refused):
            return self._words.told(flow, self._words.refused(flow, call))
        case.call = call
        if is_internal(call):
            response = await offices.internal.answer(call)
            log.info("call.internal", method=call.method, status=response.status_code)
            return response
        caller = Caller(
            call.header("user-agent") or "", request.http_version, prefer=header_of(request, b"prefer")
        )
        plea = Plea(client=flow.client_conn, caller=caller, warrants=presented_warrants(request))
        verdict = await offices.judge.judge(call, plea)
        if isinstance(verdict, Replayed):
            return self._words.replayed(verdict, case)
        return verdict if isinstance(verdict, Grant) else self._words.told(flow, verdict)

    # The upstream's side

    async def responseheaders(self, flow: http.HTTPFlow) -> None:
        """The upstream answers: keep the answer until it is verified, or let it stream once that is recorded."""
        case, response = flow.metadata.get(PASSAGE), flow.response
        if not isinstance(case, Case) or case.grant is None or response is None or case.tap is not None:
            return
        if response.status_code == SWITCHED:
            return  # for ``response``
        try:
            bounds = Bounds.of(case.grant.mapped, case.grant.limits)
            if not bounds.streams(response, kept=case.keep_limit if case.overflow else None):
                return
            tap = await self._within(self._offices.outcomes.stream_begins(case.grant, response))
            framed = incoming(response, marks(case.grant), content=None, method=case.grant.call.method)
            framed.stream = tap
            case.tap, case.keep_limit, case.pass_limit = tap, None, bounds.most
            flow.response = framed
        except Exception as error:  # it stays unstreamed, and is judged as a whole or refused as too large
            broke("responseheaders", error)

    async def response(self, flow: http.HTTPFlow) -> None:
        """The whole answer is there, or a stream is at its end."""
        case, response = flow.metadata.get(PASSAGE), flow.response
        if not isinstance(case, Case) or case.grant is None or case.grant.settled or response is None:
            return
        if response.status_code == SWITCHED:
            await self._opens(flow, case, case.grant, response)
            return
        grant, grant.settled = case.grant, True
        reply: http.Response | None = None
        flow.response = self._closed if case.tap is None else response
        try:
            case.release()
            if case.tap is not None:
                await self._within(self._offices.outcomes.stream_ends(grant, case.tap))
                finished(grant, case, status=response.status_code, streamed=case.tap.size)
                self._read_back(grant)
                return
            content = response.raw_content or b""
            gone = not flow.client_conn.connected
            verdict = await self._within(
                self._offices.outcomes.buffered(grant, response, content, agent_gone=gone)
            )
            if isinstance(verdict, Granted):
                verdict = await self._within(self._offices.readbacks.before_answer(grant))
            if isinstance(verdict, Granted):
                flow.response = incoming(response, marks(grant), content=content, method=grant.call.method)
            else:
                flow.response = self._words.formed(verdict, grant.call)
            reply = flow.response
            finished(grant, case, status=response.status_code, verdict=verdict)
            self._read_back(grant)
        except UnavailableError:
            if case.tap is None:
                flow.response = self._words.unrecorded(grant)
            finished(grant, case, status=response.status_code, error="not recorded")
        except Exception as error:
            broke("response", error)
        finally:
            self.active.discard(grant)
            self._offices.replies.ends(grant, reply)

    async def _opens(self, flow: http.HTTPFlow, case: Case, grant: Grant, response: http.Response) -> None:
        """The upstream opens a WebSocket; what is said over it is for ``sockets``."""
        flow.response = self._closed
        try:
            case.release()
            await self._within(self._offices.messages.opens(case, grant, response))
            flow.response = switching(response, marks(grant))
            self._offices.replies.ends(grant, None)
            return
        except UnavailableError:
            flow.response = self._words.unrecorded(grant)
            finished(grant, case, status=SWITCHED, error="not recorded")
        except Exception as error:
            broke("response", error)
        grant.settled, case.terms = True, None
        self.ended(grant)

    def ended(self, grant: Grant) -> None:
        """Nothing more comes of a call."""
        self.active.discard(grant)
        self._offices.replies.ends(grant, None)

    def _read_back(self, grant: Grant) -> None:
        """Read back what is to be read back, once the agent has its answer."""
        if grant.verification is not None and grant.verification.lookups:
            self._offices.spawn(self._read_later(grant))

    async def _read_later(self, grant: Grant) -> None:
        try:
            await self._offices.readbacks.after_answer(grant)
        except UnavailableError as error:
            log.error("readback.unrecorded", intent_id=grant.decision.intent_id, port=error.port)
        except Exception as error:
            broke("readback", error)

    async def error(self, flow: http.HTTPFlow) -> None:
        """No answer, or half of one, or nobody to give it to."""
        case, error = flow.metadata.get(PASSAGE), flow.error
        if not isinstance(case, Case) or case.grant is None or case.grant.settled or error is None:
            return
        grant, grant.settled = case.grant, True
        gone = not flow.client_conn.connected
        try:
            case.release()
            outcomes = self._offices.outcomes
            if case.tap is not None:
                if case.cut:
                    await self._within(outcomes.stream_ends(grant, case.tap, came=case.passed))
                else:
                    await self._within(outcomes.stream_breaks(grant, case.tap, agent_gone=gone))
                how = "cut" if case.cut else "aborted"
                finished(grant, case, status=case.tap.status, streamed=case.tap.size, error=how)
                return
            if case.overflow:
                answer = await self._within(outcomes.too_large(grant, kept=case.keep_limit or 0))
            else:
                answer = await self._within(
                    outcomes.failed(grant, sent=case.sent, message=error.msg, agent_gone=gone)
                )
            flow.response = self._words.formed(answer, grant.call)
            finished(grant, case, error=answer.reason.value, sent=case.sent)
        except UnavailableError:
            flow.response = self._words.unrecorded(grant)
            finished(grant, case, error="not recorded")
        except Exception as raised:
            flow.response = self._closed
            broke("error", raised)
        finally:
            self.active.discard(grant)
            self._offices.replies.ends(grant, None)

    async def _within[T](self, work: Awaitable[T]) -> T:
        """What hangs in a hook is given up. Raises ``TimeoutError``."""
        async with asyncio.timeout(self._deadline_seconds):
            return await work

    # Connections

    def client_connected(self, client: Client) -> None:
        """A connection is there; its first head must be, soon."""
        standing, client.error = client.error, _BROKE
        try:
            self._offices.connections.expect_head(client)
            client.error = standing
        except Exception as error:
            broke("client_connected", error)

    def tls_established_client(self, data: tls.TlsData) -> None:
        """TLS towards the agent is up: interim responses go through it."""
        try:
            if data.ssl_conn is not None and isinstance(data.conn, Client):
                self._offices.interim.remember(data.conn, data.ssl_conn)
        except Exception as error:
            broke("tls_established_client", error)
            self._offices.connections.cut(data.context.client)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """A connection to an upstream is begun, and has to be up soon."""
        standing, data.server.error = data.server.error, _BROKE
        try:
            self._offices.connections.connecting(data.client, data.server)
            data.server.error = standing
        except Exception as error:
            broke("server_connect", error)

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        """We ask the company proxy for a tunnel."""
        if (hop := self._offices.config.hop) is not None:
            hop.introduce(flow)

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        """The upstream took it; where there is TLS, that is still to come."""
        if not data.server.tls:
            self._offices.connections.settled(data.server)

    def tls_established_server(self, data: tls.TlsData) -> None:
        """TLS towards the upstream is up."""
        if isinstance(data.conn, Server):
            self._offices.connections.settled(data.conn)

    def server_connect_error(self, data: server_hooks.ServerConnectionHookData) -> None:
        """There is no connection to the upstream."""
        self._offices.connections.settled(data.server)

    def server_disconnected(self, data: server_hooks.ServerConnectionHookData) -> None:
        """The connection to the upstream is gone."""
        self._offices.connections.settled(data.server)

    def client_disconnected(self, client: Client) -> None:
        """The connection is gone."""
        self._offices.connections.arrived(client)
        self._offices.interim.forget(client)
        self._offices.holds.hung_up(client)

    def speak(self, client: Client, refused: Refused) -> bytes:
        """The whole answer, as bytes, to what never became a call."""
        return self._words.speak(client, refused)

    def too_large(self, flow: http.HTTPFlow, refused: Refused) -> http.Response:
        """The answer to a body that turned out too large."""
        return self._words.told(flow, self._words.refused(flow, refused))
