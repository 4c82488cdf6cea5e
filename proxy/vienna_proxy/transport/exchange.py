"""One request and its response inside mitmproxy, as far as the gate shapes their transport: rules 4 and 5 of
``guards``, and the bounds of what streams.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from mitmproxy import flow as mflow
from mitmproxy import http
from mitmproxy.connection import Client, Connection
from mitmproxy.net.http.validate import validate_headers
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import DropStream, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpResponseHeadersHook

from vienna_kernel.verdict import Reason, Refused
from vienna_proxy.config import UpstreamConfig
from vienna_proxy.transport.passage import Passage, Stopped, passage_of
from vienna_proxy.transport.upgrade import SWITCHED
from vienna_proxy.transport.websocket import ConversationEndedHook, conversation_of

HEAD_SECONDS = 10.0
LINGER_SECONDS = 10.0
INVALID = "invalid response: "
SILENT = "the upstream was silent for too long"

type Commands = layer.CommandGenerator[None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the guards need of the gate; none of these waits.

    Attributes:
        speak: The whole answer, as bytes, to something that never became a call, or broke off as one; what is
            known of it is None, or its passage.
        too_large: The answer to a call whose body is too large.
        deafen: A caller hung up, and its connection must not end what goes on behind it.
        upstream: How long an upstream may keep a call waiting.
        head_seconds: Time for a request head.
        linger_seconds: How long what an agent goes on sending after its answer is thrown away, before the
            connection is closed: closed at once, it could lose the answer (RFC 9112 9.6).
    """

    speak: Callable[[Client, Refused, Passage | None], bytes]
    too_large: Callable[[http.HTTPFlow, Refused], http.Response]
    deafen: Callable[[Client], None]
    upstream: UpstreamConfig = field(default_factory=UpstreamConfig)
    head_seconds: float = HEAD_SECONDS
    linger_seconds: float = LINGER_SECONDS


class GuardedStream(HttpStream):
    """One request and its response; rules 4 and 5."""

    def __init__(self, context: Context, stream_id: int, *, rules: Rules) -> None:
        super().__init__(context, stream_id)
        self._rules = rules
        self._switched = False

    @property
    def _passage(self) -> Passage | None:
        return passage_of(self.flow)

    def _handle_event(self, event: events.Event) -> Commands:
        if not isinstance(event, Stopped):
            yield from super()._handle_event(event)
        elif self.server_state == self.state_stream_response_body or self._is_cut_off():
            yield from self._cut("the agent was stopped")

    def _is_cut_off(self) -> bool:
        """Whether it left, its answer has not come as a whole, and it is not to be waited for."""
        waiting = (self.state_wait_for_response_headers, self.state_consume_response_body)
        passage = self._passage
        stopped = passage is not None and passage.sent and passage.stopped is not None
        return stopped and self.server_state in waiting

    def state_wait_for_request_headers(self, event: Any) -> Commands:
        yield from super().state_wait_for_request_headers(event)
        refused = self.flow.response is not None and self.client_state == self.state_consume_request_body
        if refused and not event.end_stream:
            yield from self._answer_early()

    def state_consume_request_body(self, event: Any) -> Commands:
        if isinstance(event, RequestData):
            passage = self._passage
            refused = (
                Refused(Reason.INTERNAL_ERROR, "a body without its judgement")
                if passage is None
                else passage.take(len(event.data))
            )
            if refused is not None:
                self.flow.response = self._rules.too_large(self.flow, refused)
                yield from self._answer_early()
                return
        yield from super().state_consume_request_body(event)

    def _answer_early(self) -> Commands:
        """The refusal now, though the body is still coming; what comes of it is thrown away."""
        response = self.flow.response
        assert response is not None  # noqa: S101  # both callers have just set it
        response.headers["Connection"] = "close"
        self.client_state = self.server_state = self.state_errored
        self.request_body_buf.clear()  # type: ignore[no-untyped-call]
        yield from self._send(response)

    def _send(self, response: http.Response) -> Commands:
        content = response.raw_content
        yield SendHttp(ResponseHeaders(self.stream_id, response, not content), self.context.client)
        if content:
            yield SendHttp(ResponseData(self.stream_id, content), self.context.client)
        self.flow.live = False
        if (passage := self._passage) is not None:
            passage.release()
        yield DropStream(self.stream_id)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        ok = yield from super().make_server_connection()
        passage = self._passage
        if ok and passage is not None and passage.stopped is not None:
            yield from self.handle_protocol_error(
                ResponseProtocolError(self.stream_id, "the agent was stopped", ErrorCode.CONNECT_FAILED)
            )
            return False
        if passage is not None:
            passage.sent = ok
        return ok

    def check_invalid(self, request: bool) -> layer.CommandGenerator[bool]:
        if request:
            return (yield from super().check_invalid(True))
        assert self.flow.response is not None  # noqa: S101  # mitmproxy's own invariant
        try:
            validate_headers(self.flow.response)
        except ValueError:
            yield commands.CloseConnection(self.flow.server_conn)
            yield from self.handle_protocol_error(
                ResponseProtocolError(self.stream_id, INVALID + "its framing", ErrorCode.GENERIC_SERVER_ERROR)
            )
            return True
        return False

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        passage = self._passage
        if request or passage is None or passage.keep_limit is None or passage.overflow:
            return False
        if len(self.response_body_buf) <= passage.keep_limit:
            return False
        passage.overflow = True
        assert self.flow.response is not None  # noqa: S101  # there is a body of it
        yield HttpResponseHeadersHook(self.flow)
        if self.flow.response.stream:
            body = bytes(self.response_body_buf)
            self.response_body_buf.clear()  # type: ignore[no-untyped-call]
            yield from self.start_response_stream()
            yield from self.handle_event(ResponseData(self.stream_id, body))
            return False
        self.response_body_buf.clear()  # type: ignore[no-untyped-call]
        yield commands.CloseConnection(self.flow.server_conn)
        yield from self.handle_protocol_error(
            ResponseProtocolError(self.stream_id, "the response is too large", ErrorCode.RESPONSE_TOO_LARGE)
        )
        return True

    def state_wait_for_response_headers(self, event: ResponseHeaders) -> Commands:
        self._switched = event.response.status_code == SWITCHED
        yield from super().state_wait_for_response_headers(event)

    def state_stream_response_body(self, event: Any) -> Commands:
        passage = self._passage
        if passage is not None and isinstance(event, ResponseData):
            passage.passed += len(event.data)
            if passage.pass_limit is not None and passage.passed > passage.pass_limit:
                passage.cut = True
                yield from self._cut("too long a stream")
                return
        yield from super().state_stream_response_body(event)

    def _cut(self, why: str) -> Commands:
        """End an answer that streams, on both sides."""
        yield commands.CloseConnection(self.flow.server_conn)
        yield from self.handle_protocol_error(
            ResponseProtocolError(self.stream_id, why, ErrorCode.RESPONSE_TOO_LARGE)
        )

    def send_response(self, already_streamed: bool = False) -> Commands:
        yield from super().send_response(already_streamed)
        passage = self._passage
        if passage is not None and passage.terms is not None and self.child_layer is None:
            passage.terms.agent_gone = True  # it hung up while the opening was recorded: nothing will be said
            yield ConversationEndedHook(self.flow)

    def flow_done(self) -> Commands:
        """What was answered goes its way; a WebSocket that the gate let open goes on, read by us."""
        response, talk = self.flow.response, conversation_of(self.context, self.flow)
        if talk is None or response is None or response.status_code != SWITCHED:
            if self._switched:
                yield commands.CloseConnection(self.flow.server_conn)
            yield from super().flow_done()
            return
        self.child_layer = talk
        self._handle_event = self.passthrough  # type: ignore[method-assign]  # as mitmproxy does
        yield from talk.handle_event(events.Start())
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def handle_protocol_error(self, event: RequestProtocolError | ResponseProtocolError) -> Commands:
        streaming = self.server_state == self.state_stream_response_body
        over = self.client_state == self.state_errored or self.server_state in (
            self.state_done,
            self.state_errored,
        )
        if isinstance(event, RequestProtocolError) or streaming or over:
            yield from super().handle_protocol_error(event)
            return
        # The upstream failed before a byte of it was handed on: the gate records that, and answers.
        self.client_state = self.server_state = self.state_errored
        self.flow.error = mflow.Error(event.message)
        self.flow.response = None
        yield HttpErrorHook(self.flow)
        if (response := cast("http.Response | None", self.flow.response)) is not None:
            yield from self._send(response)
        else:
            yield SendHttp(event, self.context.client)
            self.flow.live = False
            yield DropStream(self.stream_id)


def behind(head: bytes, sending: Commands, conn: Connection) -> Commands:
    """The commands of ``sending``, its first bytes to ``conn`` written together with ``head``."""
    for command in sending:
        if head and isinstance(command, commands.SendData) and command.connection is conn:
            command.data = head + command.data
            head = b""
        elif head:
            yield commands.SendData(conn, head)
            head = b""
        yield command
    if head:
        yield commands.SendData(conn, head)
