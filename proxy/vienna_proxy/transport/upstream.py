"""What an upstream may do to a call that waits for it: rules 9 to 11 of ``guards``."""

from __future__ import annotations

import time

from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, make_body_reader

from vienna_kernel.verdict import Refused
from vienna_proxy.transport.body import Body
from vienna_proxy.transport.exchange import INVALID, SILENT, Commands, Rules, behind
from vienna_proxy.transport.heads import response_head_of, response_of
from vienna_proxy.transport.upgrade import SWITCHED, wrong_switch

_MAX_INTERIM = 32
_PIECE_BYTES = 256 * 1024  # TLS would make another copy of all that it is given at once, and keep its room


class GuardedClient(Http1Client):
    """Reads responses of the upstream; rules 9, 10 and 11."""

    def __init__(self, context: Context, *, rules: Rules) -> None:
        super().__init__(context)
        self._patience = rules.upstream
        self._tick_seconds = min(rules.upstream.first_byte_seconds, rules.upstream.idle_seconds)
        self._interim = 0
        self._head = b""
        self._body = Body()
        self._due: float | None = None
        self._timer: commands.RequestWakeup | None = None

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):
            yield from self._rung()
            return
        if isinstance(event, events.DataReceived) and self.state == self.read_body:
            self._due = time.monotonic() + self._patience.idle_seconds
        yield from super()._handle_event(event)
        if isinstance(event, RequestEndOfMessage) and self.stream_id is not None:
            yield from self._expect(self._patience.first_byte_seconds)
        elif self.stream_id is None or self.state in (self.done, self.passthrough):
            self._due = None

    def _expect(self, seconds: float) -> Commands:
        """Something must come within so many seconds. One timer at a time: it looks again when it rings too early."""
        self._due = time.monotonic() + seconds
        if self._timer is None:
            self._timer = commands.RequestWakeup(self._tick_seconds)
            yield self._timer

    def _rung(self) -> Commands:
        self._timer = None
        if self._due is None or self.stream_id is None:
            return
        left = self._due - time.monotonic()
        if left > 0:
            self._timer = commands.RequestWakeup(min(left, self._tick_seconds))
            yield self._timer
            return
        self._due, self.state = None, self.done
        yield commands.CloseConnection(self.conn)
        yield ReceiveHttp(ResponseProtocolError(self.stream_id, SILENT, ErrorCode.GENERIC_SERVER_ERROR))

    def send(self, event: HttpEvent) -> Commands:
        if isinstance(event, RequestHeaders) and not event.end_stream and not event.request.stream:
            self.stream_id, self.request = event.stream_id, event.request
            self._head = bytes(http1.assemble_request_head(event.request))  # type: ignore[no-untyped-call]
            return
        if isinstance(event, RequestData) and len(event.data) > _PIECE_BYTES:
            view = memoryview(event.data)
            for start in range(0, len(view), _PIECE_BYTES):
                piece = bytes(view[start : start + _PIECE_BYTES])
                yield from self.send(RequestData(event.stream_id, piece))
            return
        head, self._head = self._head, b""
        if head and isinstance(event, (RequestData, RequestEndOfMessage)):
            yield from behind(head, super().send(event), self.conn)
        else:
            yield from super().send(event)

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if not isinstance(event, events.DataReceived) or not self.request:
            yield from super().read_headers(event)  # closed or unasked: as mitmproxy does
            return
        while (head := response_head_of(self.buf)) is not None:
            response = response_of(head) if not isinstance(head, Refused) else head
            if (
                isinstance(response, http.Response)
                and response.status_code < 200
                and response.status_code != SWITCHED
            ):
                self._interim += 1
                if self._interim <= _MAX_INTERIM:
                    continue
            yield from self._final(response, event)
            return

    def _final(self, response: http.Response | Refused, event: events.DataReceived) -> Commands:
        assert self.stream_id is not None  # noqa: S101  # mitmproxy's own invariant
        assert self.request is not None  # noqa: S101  # likewise
        wrong, size = "", None
        if isinstance(response, Refused):
            wrong = response.detail
        elif response.status_code == SWITCHED:
            wrong, size = wrong_switch(self.request, response), 0
        elif response.status_code < 200:
            wrong = "it sent nothing but interim answers"
        else:
            try:
                size = http1.expected_http_body_size(self.request, response)
            except ValueError:
                wrong = "its framing"
        if wrong or isinstance(response, Refused):
            yield commands.CloseConnection(self.conn)
            yield ReceiveHttp(
                ResponseProtocolError(self.stream_id, INVALID + wrong, ErrorCode.GENERIC_SERVER_ERROR)
            )
            return
        self._interim = 0
        self.response = response
        yield ReceiveHttp(ResponseHeaders(self.stream_id, response, size == 0))
        self.body_reader, self._body = make_body_reader(size), Body()
        self.state = self.read_body
        self._due = time.monotonic() + self._patience.idle_seconds
        yield from self.state(event)

    def read_body(self, event: events.Event) -> Commands:
        assert self.stream_id is not None  # noqa: S101  # mitmproxy's own invariant
        closed = isinstance(event, events.ConnectionClosed)
        parts = self._body.read(self.body_reader, self.buf, closed=closed)
        if parts.data:
            yield ReceiveHttp(ResponseData(self.stream_id, parts.data))
        if parts.wrong:
            why = f"aborted: {parts.wrong}" if closed else INVALID + parts.wrong
            yield commands.CloseConnection(self.conn)
            yield ReceiveHttp(ResponseProtocolError(self.stream_id, why, ErrorCode.GENERIC_SERVER_ERROR))
        elif parts.end is not None:  # trailers, if any, stay here
            yield ReceiveHttp(ResponseEndOfMessage(self.stream_id))
            yield from self.mark_done(response=True)
