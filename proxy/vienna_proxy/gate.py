"""The addon: refuse first, ask second.

mitmproxy logs an addon's exception and forwards the request all the same. So in every hook the refusal stands on the
flow before anything else happens, and only a grant takes it off; whatever is raised or hangs on the way leaves it
there. What comes back is treated alike: it reaches the agent only after its outcome was recorded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.net.http import http1

from vienna_kernel.call.authority import Authority
from vienna_kernel.stop import Stop
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_proxy.answer.problem import Answer
from vienna_proxy.answer.response import render
from vienna_proxy.answer.words import Words, broke, marks
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
from vienna_proxy.link.bundle import Bundle, Bundles
from vienna_proxy.peers import Peers
from vienna_proxy.ports import UnavailableError
from vienna_proxy.sockets import Sockets
from vienna_proxy.telemetry.account import AGENT_GONE, BROKEN, CUT, WHOLE, Account
from vienna_proxy.telemetry.lines import Lines
from vienna_proxy.transport.canary import Canary
from vienna_proxy.transport.connections import Connections
from vienna_proxy.transport.heads import GateRequest
from vienna_proxy.transport.passage import PASSAGE, Meter, Passage, Terms
from vienna_proxy.transport.streams import Bounds
from vienna_proxy.transport.translate import header_of, incoming, presented_warrants, raw_request
from vienna_proxy.transport.tunnel import Tunnels
from vienna_proxy.transport.upgrade import SWITCHED, switching
from vienna_proxy.underway import UnderWay, cut_off

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
    lines: Lines
    canary: Canary
    spawn: Callable[[Coroutine[Any, Any, None]], None]


class Gate:
    """The addon.

    Attributes:
        active: Calls under way.
        meter: Of request bodies in memory.
        sockets: The addon for what is said over WebSockets.
        peers: The addon for connections as such.
    """

    name = "gate"

    def __init__(self, offices: Offices) -> None:
        self._offices = offices
        self.meter = Meter(offices.config.body.inflight_max_bytes)
        bundles = offices.bundles
        self._words = Words(
            offices.reporter,
            offices.lines,
            protocol=lambda call: bundles.current.mappings.protocol(call),
            is_own=offices.canary.is_from,
        )
        self._closed = render(Answer(reason=Reason.INTERNAL_ERROR))
        self._deadline_seconds = offices.config.hold.max_seconds + _SLACK_SECONDS
        self._shut = False
        self.sockets = Sockets(
            offices.messages, seconds=self._deadline_seconds, is_shut=lambda: self._shut, ended=self.ended
        )
        self.peers = Peers(offices.connections, offices.interim, offices.holds)
        self.active = UnderWay(bundles, offices.connections)

    def shut(self) -> None:
        """Refuse everything from now on: what the gate rests on does not hold any more."""
        self._shut = True

    def obey(self, bundle: Bundle) -> None:
        """End what was allowed once, and goes on unasked, where this bundle does not allow it any more."""
        self._offices.tunnels.review()
        if bundle.stopped is not None:
            self.active.end_open(bundle.stopped)

    def stop(self, stops: Sequence[Stop]) -> None:
        """Orders to stop have come: end what they do not let go on, and have what is held asked about again."""
        self._offices.holds.wake_all()
        self._offices.tunnels.review(stops)
        self.active.stop(stops)

    # The agent's side

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """A tunnel is asked for."""
        flow.response = self._closed
        account = self._words.begins(flow)
        try:
            self._offices.connections.arrived(flow.client_conn)
            if self._shut:
                return
            async with asyncio.timeout(self._deadline_seconds):
                answer = await self._offices.tunnels.judge(flow, account)
            if isinstance(answer, Granted):
                if self._offices.tunnels.is_unopened(flow.client_conn):
                    self._words.unopened(account, answer)
                else:
                    self._offices.connections.expect_head(flow.client_conn)
                flow.response = None
            else:
                flow.response = self._words.told(flow, answer, account)
        except Exception as error:
            broke("http_connect", error)
        finally:
            self._words.broken(account, flow.response)

    async def admit(self, client: Client, host: str, place: Authority) -> bool | None:
        """Whether TLS that comes without a CONNECT goes on unopened; None when it is opened."""
        account = Account(method="CONNECT", origin=f"https://{host}")
        try:
            if self._shut:
                return False
            async with asyncio.timeout(self._deadline_seconds):
                answer = await self._offices.tunnels.admit(client, host, place, account)
            if answer is None:
                return None
            self._words.unopened(account, answer)
            if isinstance(answer, Answer):
                return False
            self._offices.connections.arrived(client)
            return True
        except Exception as error:
            broke("next_layer", error)
            self._words.unopened(account, Answer(reason=Reason.INTERNAL_ERROR))
            return False

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A head is there, its body is not: what headers alone refuse is refused now."""
        flow.response = self._closed
        limit = self._offices.config.body.inspect_max_bytes
        case = Case(meter=self.meter, body_limit=limit, account=self._words.begins(flow))
        flow.metadata[PASSAGE] = case
        try:
            self._offices.connections.arrived(flow.client_conn)
            if isinstance(flow.request, GateRequest):
                flow.request.passage = case
            refused = self._head(flow, case) if http1.expected_http_body_size(flow.request) != 0 else None
            if refused is None:
                flow.response = None  # nothing leaves before ``request``, where the refusal stands again
            else:
                flow.request.headers.pop("expect", None)
                flow.response = self._words.told(flow, self._words.refused(flow, refused), case.account)
        except Exception as error:
            broke("requestheaders", error)
        finally:
            case.answered = flow.response is not None
            self._words.broken(case.account, flow.response)

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
        case = flow.metadata.get(PASSAGE)
        account = case.account if isinstance(case, Case) else self._words.begins(flow)
        try:
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
                self.active.add(verdict, flow)
                self._offices.replies.begins(verdict, flow.client_conn)
                flow.request = verdict.request
                if (hop := self._offices.config.hop) is not None:
                    hop.lead(flow, verdict.call)
                flow.response = None
            else:
                flow.response = verdict
        except Exception as error:
            broke("request", error)
        finally:
            self._words.broken(account, flow.response)

    async def _judged(self, flow: http.HTTPFlow, case: Case) -> Grant | http.Response:
        offices, request, account = self._offices, flow.request, case.account
        account.whole_at = time.monotonic()
        with account.trace.phase("canonicalise"):
            call = offices.judge.whole(raw_request(flow, body=request.raw_content or b""))
        if isinstance(call, Refused):
            return self._words.told(flow, self._words.refused(flow, call), account)
        case.call, account.origin, account.judged = call, call.origin, True
        if is_internal(call):
            return self._words.internal(await offices.internal.answer(call), case)
        caller = Caller(
            call.header("user-agent") or "", request.http_version, prefer=header_of(request, b"prefer")
        )
        warrants = presented_warrants(request)
        plea = Plea(client=flow.client_conn, caller=caller, warrants=warrants, account=account)
        verdict = await offices.judge.judge(call, plea)
        if isinstance(verdict, Replayed):
            return self._words.replayed(verdict, case)
        return verdict if isinstance(verdict, Grant) else self._words.told(flow, verdict, account)

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
            self.active.opens(case.grant)
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
        case.account.returned_at = time.monotonic()
        reply: http.Response | None = None
        flow.response = self._closed if case.tap is None else response
        reason: Reason | None = Reason.INTERNAL_ERROR
        gone = not flow.client_conn.connected
        try:
            case.release()
            if case.tap is not None:
                with case.account.trace.phase("verify"):
                    await self._within(self._offices.outcomes.stream_ends(grant, case.tap))
                reason = None
                self._read_back(grant)
                return
            content = response.raw_content or b""
            with case.account.trace.phase("verify"):
                verdict = await self._within(
                    self._offices.outcomes.buffered(grant, response, content, agent_gone=gone)
                )
            if isinstance(verdict, Granted):
                verdict = await self._within(self._offices.readbacks.before_answer(grant))
            if isinstance(verdict, Granted):
                verdict = self.active.handed_over(grant)
            if isinstance(verdict, Granted):
                flow.response = incoming(response, marks(grant), content=content, method=grant.call.method)
                reason = None
            else:
                flow.response, reason = self._words.formed(verdict, grant.call), verdict.reason
            reply = flow.response
            self._read_back(grant)
        except UnavailableError:
            if case.tap is None:
                flow.response = self._words.unrecorded(grant)
            reason = Reason.AUDIT_UNAVAILABLE
        except Exception as error:
            broke("response", error)
        finally:
            self._ends(grant, reply)
            streamed = None if case.tap is None else case.tap.size
            ended = AGENT_GONE if gone else WHOLE
            self._words.left(case, grant, flow.response, reason=reason, streamed=streamed, ended=ended)

    async def _opens(self, flow: http.HTTPFlow, case: Case, grant: Grant, response: http.Response) -> None:
        """The upstream opens a WebSocket; what is said over it is for ``sockets``."""
        flow.response = self._closed
        reason = Reason.INTERNAL_ERROR
        try:
            case.release()
            await self._within(self._offices.messages.opens(case, grant, response))
            flow.response = switching(response, marks(grant))
            self._offices.replies.ends(grant, None)
            self.active.opens(grant)
            return
        except UnavailableError:
            flow.response, reason = self._words.unrecorded(grant), Reason.AUDIT_UNAVAILABLE
        except Exception as error:
            broke("response", error)
        grant.settled, case.terms = True, None
        self._ends(grant)
        self._words.left(case, grant, flow.response, reason=reason)

    def _ends(self, grant: Grant, reply: http.Response | None = None) -> None:
        """Nothing more comes of a call. ``reply``: for its retries."""
        self.active.remove(grant)
        self._offices.replies.ends(grant, reply)

    def ended(self, flow: http.HTTPFlow, case: Case, grant: Grant, reason: Reason | None) -> None:
        """A WebSocket is no more; ``reason``: what was wrong with its end."""
        self._ends(grant)
        streamed = 0 if case.tap is None else case.tap.size
        ended = WHOLE if case.terms is None else _ended(case.terms)
        self._words.left(case, grant, flow.response, reason=reason, streamed=streamed, ended=ended)

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
        if not isinstance(case, Case) or error is None:
            return
        if case.grant is None:
            self._words.aborted(case)
            return
        if case.grant.settled:
            return
        grant, grant.settled = case.grant, True
        case.account.returned_at = time.monotonic()
        gone = not flow.client_conn.connected
        reason = Reason.INTERNAL_ERROR
        try:
            case.release()
            outcomes = self._offices.outcomes
            if case.tap is not None:
                if case.cut:
                    await self._within(outcomes.stream_ends(grant, case.tap, came=case.passed))
                else:
                    await self._within(outcomes.stream_breaks(grant, case.tap, agent_gone=gone))
                reason = Reason.RESPONSE_INVALID
                return
            if case.overflow:
                answer = await self._within(outcomes.too_large(grant, kept=case.keep_limit or 0))
            else:
                answer = await self._within(
                    outcomes.failed(grant, sent=case.sent, message=error.msg, agent_gone=gone)
                )
            answer = cut_off(answer, case.stopped)
            flow.response, reason = self._words.formed(answer, grant.call), answer.reason
        except UnavailableError:
            flow.response, reason = self._words.unrecorded(grant), Reason.AUDIT_UNAVAILABLE
        except Exception as raised:
            flow.response = self._closed
            broke("error", raised)
        finally:
            self._ends(grant)
            self._failed(case, grant, flow, reason=reason, gone=gone)

    def _failed(self, case: Case, grant: Grant, flow: http.HTTPFlow, *, reason: Reason, gone: bool) -> None:
        """The line of a call without a whole answer."""
        ended = AGENT_GONE if gone else BROKEN if case.tap is not None else WHOLE
        if case.cut:
            ended = CUT
        streamed = None if case.tap is None else case.tap.size
        self._words.left(case, grant, flow.response, reason=reason, streamed=streamed, ended=ended)

    async def _within[T](self, work: Awaitable[T]) -> T:
        """What hangs in a hook is given up. Raises ``TimeoutError``."""
        async with asyncio.timeout(self._deadline_seconds):
            return await work

    # Elsewhere

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        """We ask the company proxy for a tunnel."""
        if (hop := self._offices.config.hop) is not None:
            hop.introduce(flow)

    def speak(self, client: Client, refused: Refused, passage: Passage | None) -> bytes:
        """The whole answer, as bytes, to what never became a call, or broke off as one."""
        return self._words.speak(client, refused, passage)

    def too_large(self, flow: http.HTTPFlow, refused: Refused) -> http.Response:
        """The answer to a body that turned out too large."""
        case = flow.metadata.get(PASSAGE)
        account = case.account if isinstance(case, Case) else self._words.begins(flow)
        return self._words.told(flow, self._words.refused(flow, refused), account)


def _ended(terms: Terms) -> str:
    if terms.cut:
        return CUT
    if terms.broken:
        return BROKEN
    return AGENT_GONE if terms.agent_gone else WHOLE
