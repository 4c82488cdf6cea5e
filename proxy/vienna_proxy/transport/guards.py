"""What mitmproxy leaves open at the transport, shut; each guard proved at start (``proofs``).

Towards the agent (``GuardedServer``, ``GuardedStream``):

1. A request head comes within 10 s, in at most 64 kB and 100 lines. mitmproxy waits for ever, for any amount.
2. Heads are read strictly: CRLF only, no obs-fold, no control byte, one space in the request line. mitmproxy passes
   folds on, strips what it does not know, and its parser's reading is not the upstream's.
3. Request trailers are refused. mitmproxy raises, and the call hangs.
4. Bodies are counted as they come, chunked ones too, each call's and all together; above the limit the answer is
   given at once and the rest thrown away; what frames a body is bounded too. mitmproxy's own limit breaks large
   answers as well and speaks HTML.
5. Whatever mitmproxy would answer by itself is answered in our words.
6. What a caller sends behind a request that waits is bounded.
7. A caller who hangs up after its call left does not cut the upstream off: what became of the call is still heard.
   mitmproxy closes both sides, and nobody knows whether the upstream acted.

8. Who goes on sending after the answer is listened to for a bounded time, then the connection is closed.

Towards the upstream (``upstream.GuardedClient``):

9. 1xx answers are dropped; a 101 is one to an upgrade that was judged, and right (``upgrade``), or refused.
   mitmproxy takes a 103 for the final answer.
10. Response heads are bounded, folds become spaces, control bytes end it. Response trailers are dropped; mitmproxy
    raises on them, and the call hangs.
11. The head of an answer, and each further piece of it, comes in time. mitmproxy closes the agent's connection after
    ten minutes, and the call has no answer.

The classes replace names in mitmproxy's HTTP layer (``install``); nothing of mitmproxy is edited.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from mitmproxy import http
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as layers_http
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestHeaders,
    RequestProtocolError,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Server, make_body_reader

from vienna_kernel.verdict import Reason, Refused
from vienna_proxy.transport.body import Body
from vienna_proxy.transport.exchange import Commands, GuardedStream, Rules, behind
from vienna_proxy.transport.heads import GateRequest, gate_request, head_of, judge_head
from vienna_proxy.transport.passage import Passage
from vienna_proxy.transport.upstream import GuardedClient

DRAIN_BYTES = 64 * 1024 * 1024
PIPELINE_BYTES = 128 * 1024

_SPOKEN = {
    ErrorCode.REQUEST_VALIDATION_FAILED: Reason.MALFORMED_REQUEST,
    ErrorCode.GENERIC_CLIENT_ERROR: Reason.MALFORMED_REQUEST,
    ErrorCode.DESTINATION_UNKNOWN: Reason.TARGET_MISMATCH,
    ErrorCode.REQUEST_TOO_LARGE: Reason.BODY_TOO_LARGE,
    ErrorCode.CONNECT_FAILED: Reason.UPSTREAM_UNREACHABLE,
}


class GuardedServer(Http1Server):
    """Reads requests of the agent; rules 1, 2, 3, 5, 6, 7 and 8."""

    def __init__(self, context: Context, *, rules: Rules) -> None:
        super().__init__(context)
        self._rules = rules
        self._timer: commands.RequestWakeup | None = None
        self._linger: commands.RequestWakeup | None = None
        self._drained = 0
        self._head = b""
        self._client_gone = False
        self._body = Body()

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):
            if event.command is self._timer and self.state == self.read_headers:
                yield from self._refuse(Refused(Reason.MALFORMED_REQUEST, "the request head took too long"))
            elif event.command is self._linger and self.state != self.done:
                yield from self._close()
            return
        yield from super()._handle_event(event)

    def _refuse(self, refused: Refused) -> Commands:
        if self.conn.state & ConnectionState.CAN_WRITE and not self.response:
            said = self._rules.speak(cast(Client, self.conn), refused, self._passage)
            yield commands.SendData(self.conn, said)
        yield from self._close()

    @property
    def _passage(self) -> Passage | None:
        """Of the request that is under way."""
        return self.request.passage if isinstance(self.request, GateRequest) else None

    def _close(self) -> Commands:
        yield commands.CloseConnection(self.conn)
        self.state = self.done

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if not isinstance(event, events.DataReceived):
            yield from super().read_headers(event)  # closed: as mitmproxy does
            return
        head = head_of(self.buf)
        if isinstance(head, Refused):
            yield from self._refuse(head)
        elif head is not None:
            self._timer = None
            yield from self._begin(head, event)
        elif self.buf and self._timer is None:
            self._timer = commands.RequestWakeup(self._rules.head_seconds)
            yield self._timer

    def _begin(self, head: list[bytes], event: events.DataReceived) -> Commands:
        refused = judge_head(head)
        if refused is None:
            try:
                request = gate_request(head)
                size = http1.expected_http_body_size(request)
            except ValueError:  # its text quotes the line, and a line may hold a secret
                refused = Refused(Reason.MALFORMED_REQUEST, "the target or the framing has no reading")
        if refused is not None:
            yield from self._refuse(refused)
            return
        self.request = request
        yield ReceiveHttp(RequestHeaders(self.stream_id, request, size == 0))
        self.body_reader, self._body = make_body_reader(size), Body()
        self.state = self.read_body
        yield from self.state(event)

    def read_body(self, event: events.Event) -> Commands:
        parts = self._body.read(self.body_reader, self.buf, closed=isinstance(event, events.ConnectionClosed))
        yield from self._data(parts.data)
        if self.state != self.read_body:
            return
        if parts.wrong:
            yield from self._broken(Refused(Reason.MALFORMED_REQUEST, "the body is not well framed"))
        elif parts.end is not None:
            if parts.end.headers:
                yield from self._broken(Refused(Reason.AMBIGUOUS_REQUEST, "request trailers"))
                return
            if self.request is not None and self.request.method != "CONNECT":
                yield ReceiveHttp(self.ReceiveEndOfMessage(self.stream_id))
            yield from self.mark_done(request=True)

    def _data(self, data: bytes) -> Commands:
        if not self.response_done:
            if data:
                yield ReceiveHttp(RequestData(self.stream_id, data))
            return
        self._drained += len(data)  # answered already: what still comes is thrown away
        if self._drained > DRAIN_BYTES:
            yield from self._close()

    def _broken(self, refused: Refused) -> Commands:
        yield from self._refuse(refused)
        yield ReceiveHttp(
            RequestProtocolError(self.stream_id, refused.detail, ErrorCode.GENERIC_CLIENT_ERROR)
        )

    def wait(self, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived) and len(self.buf) > PIPELINE_BYTES:
            yield from self._broken(Refused(Reason.MALFORMED_REQUEST, "too much was sent ahead"))
            return
        passage = self._passage
        if isinstance(event, events.ConnectionClosed) and passage and passage.sent and not self.response:
            self._client_gone = True
            self._rules.deafen(cast(Client, self.conn))
            return
        yield from super().wait(event)

    def send(self, event: HttpEvent) -> Commands:
        if isinstance(event, ResponseProtocolError):
            yield from self._send_error(event)
        elif isinstance(event, ResponseHeaders) and event.response.status_code in (100, 102):
            # the answer itself is still to come
            yield commands.SendData(self.conn, _head_bytes(event.response))
        elif isinstance(event, ResponseHeaders) and not event.end_stream and not event.response.stream:
            # Its body follows in the same breath: one write for both.
            self.response = event.response
            self._head = _head_bytes(event.response)
        else:
            head, self._head = self._head, b""
            sending = super().send(event)
            yield from behind(head, sending, self.conn) if head else sending
            if not isinstance(event, ResponseEndOfMessage):
                return
            if self._client_gone:
                yield commands.CloseConnection(self.conn)
            elif not self.request_done and self.state == self.read_body:
                self._linger = commands.RequestWakeup(self._rules.linger_seconds)
                yield self._linger

    def _send_error(self, event: ResponseProtocolError) -> Commands:
        if event.code.http_status_code() is not None and not self.response:
            reason = _SPOKEN.get(event.code, Reason.RESPONSE_INVALID)
            yield from self._refuse(Refused(reason, event.message[:200]))
        elif self.conn.state & ConnectionState.CAN_WRITE:
            yield commands.CloseConnection(self.conn)


def _head_bytes(response: http.Response) -> bytes:
    return bytes(http1.assemble_response_head(response))  # type: ignore[no-untyped-call]


def install(rules: Rules) -> None:
    """Put the guards where mitmproxy's HTTP layer looks its parts up. ``proofs`` tells whether they hold."""
    names: Any = layers_http
    names.Http1Server = partial(GuardedServer, rules=rules)
    names.Http1Client = partial(GuardedClient, rules=rules)
    names.HttpStream = _stream_by(rules)


def _stream_by(rules: Rules) -> type[GuardedStream]:
    """A class, because mitmproxy also asks what is one when it passes an event to a flow (``passage.Stopped``)."""

    class Stream(GuardedStream):
        def __init__(self, context: Context, stream_id: int) -> None:
            super().__init__(context, stream_id, rules=rules)

    return Stream
