"""CONNECT, or a TLS hello without one: its target judged before any name is resolved and anything is answered.

A tunnel is opened for hosts that may be called; what goes through it is read there. A host of ``passthrough`` keeps
its TLS to itself, so the connection as a whole is the call: it needs a warrant, and is recorded, like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mitmproxy import http
from mitmproxy.connection import Client

from vienna_kernel.call.authority import Authority, parse_authority
from vienna_kernel.call.request import Call
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.stop import Stop
from vienna_kernel.value import digest
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_proxy.answer.problem import Answer
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.evidence.report import Reporter
from vienna_proxy.judge.decide import Judge, Plea
from vienna_proxy.judge.hold import Caller
from vienna_proxy.telemetry.account import Account
from vienna_proxy.transport.addresses import AddressPolicy, literal
from vienna_proxy.transport.doors import NextLayer
from vienna_proxy.transport.heads import GateRequest
from vienna_proxy.transport.translate import header_of, headers_of

_ACTION = "http.connect"


class Tunnels:
    """Judges CONNECT."""

    def __init__(
        self,
        *,
        judge: Judge,
        policy: AddressPolicy,
        doors: NextLayer,
        outcomes: Outcomes,
        reporter: Reporter,
        passthrough: Callable[[str], bool],
        stopped: Callable[[Intent, str], Reason | None],
        sever: Callable[[str], None],
    ) -> None:
        """``stopped``: why a connection that means this, to a host, does not go on. ``sever``: closes a client
        connection, by its id.
        """
        self._judge = judge
        self._policy = policy
        self._doors = doors
        self._outcomes = outcomes
        self._reporter = reporter
        self._passthrough = passthrough
        self._stopped = stopped
        self._sever = sever

    async def judge(self, flow: http.HTTPFlow, account: Account) -> Granted | Answer:
        """Whether the tunnel is opened, or what the agent is told.

        Raises ``UnavailableError`` when an unopened tunnel cannot be recorded.
        """
        place = self._place(flow)
        if isinstance(place, Refused):
            self._note(flow.client_conn, place)
            return Answer(
                reason=place.reason, detail=f"{Answer(reason=place.reason).row.hint} ({place.detail})"
            )
        flow.request.data.host, flow.request.data.port = place.host, place.port
        if not self._passthrough(place.host):
            return Granted()
        agent = Caller(header_of(flow.request, b"user-agent"), flow.request.http_version, is_tunnel=True)
        verdict = await self._pass(
            place.host, place, Plea(client=flow.client_conn, caller=agent, account=account)
        )
        if isinstance(verdict, Granted):
            self._doors.unopened[flow.client_conn.id] = place.host
        return verdict

    async def admit(
        self, client: Client, host: str, place: Authority, account: Account
    ) -> Granted | Answer | None:
        """Whether a connection is made to ``place`` for a TLS hello that names ``host``; None when its TLS is opened.

        Nobody can be told the answer there, so what is not granted at once is refused.
        Raises ``UnavailableError`` when it cannot be recorded.
        """
        if not self._passthrough(host):
            return None
        refused = self._policy.judge_name(place.host, place.port)
        if host != place.host:
            refused = Refused(Reason.TARGET_MISMATCH, "SNI names another host than the listener stands for")
        if refused is not None:
            self._note(client, refused)
            return Answer(reason=refused.reason)
        return await self._pass(host, place, Plea(client=None, caller=Caller("", ""), account=account))

    async def _pass(self, host: str, place: Authority, plea: Plea) -> Granted | Answer:
        call, mapped = _unopened(place)
        plea.account.origin, plea.account.judged = call.origin, True
        verdict = await self._judge.tunnel(mapped, call, plea)
        if isinstance(verdict, Answer):
            return verdict
        await self._outcomes.passed(verdict)
        ended = self._ended(host)  # meanwhile; from here to where ``review`` finds it nothing waits
        return Granted() if ended is None else Answer(reason=ended)

    def review(self, stops: Sequence[Stop] = ()) -> None:
        """The bundle is another one, or orders to stop have come: close the unopened connections that either does not
        allow. ``stops``: those that are new, which may be over already.
        """
        for client_id, host in list(self._doors.unopened.items()):
            meant = (_connecting(host),)
            if self._ended(host) is not None or any(stop.refuses(meant, host) for stop in stops):
                self._sever(client_id)

    def _ended(self, host: str) -> Reason | None:
        """Why nothing passes unread to this host any more."""
        return self._stopped(_connecting(host), host) or (
            None if self._passthrough(host) else Reason.ACTION_NOT_ALLOWED
        )

    def _note(self, client: Client, refused: Refused) -> None:
        peer = client.peername
        self._reporter.note(
            refused.reason, refused.detail, method="CONNECT", client=str(peer[0]) if peer else ""
        )

    def is_unopened(self, client: Client) -> bool:
        """Whether this connection keeps its TLS to itself."""
        return client.id in self._doors.unopened

    def _place(self, flow: http.HTTPFlow) -> Authority | Refused:
        request = flow.request
        target = request.raw_target if isinstance(request, GateRequest) else request.data.authority
        if request.data.http_version not in (
            b"HTTP/1.1",
            b"HTTP/1.0",
        ):  # 1.0: Python's http.client before 3.12
            return Refused(Reason.UNSUPPORTED_PROTOCOL, "not HTTP/1.1")
        if sum(name.lower() == b"host" for name, _ in headers_of(request)) > 1:
            return Refused(Reason.AMBIGUOUS_REQUEST, "more than one Host line")
        if not target.isascii() or b":" not in target:
            return Refused(Reason.TARGET_NOT_CANONICAL, "CONNECT names no host and port")
        place = parse_authority(target.decode("ascii"), "https")
        if isinstance(place, Refused):
            return place
        if literal(place.host) is not None and not self._policy.literal_allowed(place.host, place.port):
            return self._policy.judge_name(place.host, place.port) or Refused(
                Reason.ADDRESS_REFUSED, "an IP address instead of a name"
            )
        return self._policy.judge_name(place.host, place.port) or place


def _unopened(place: Authority) -> tuple[Call, Mapped]:
    """A connection that stays closed to us, as a call and its meaning."""
    call = Call(
        method="CONNECT",
        scheme="https",
        host=place.host,
        port=place.port,
        path="/",
        query="",
        headers=(),
        body=b"",
    )
    summary = f"Open a connection to {place.host}:{place.port} that nobody reads"
    intent = replace(_connecting(place.host), target=call.origin, summary=summary)
    name = digest({"connect": call.origin})
    return call, Mapped(intents=(intent,), fingerprint=name, mapped=False, shown_url=call.origin)


def _connecting(host: str) -> Intent:
    return Intent(
        action=_ACTION,
        target=f"https://{host}",
        parameters={"host": host, "path": "/"},
        effect=Effect.EXECUTE,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T2,
    )
