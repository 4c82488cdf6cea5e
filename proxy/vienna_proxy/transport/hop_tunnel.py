"""Our own CONNECT through the company proxy, bounded: mitmproxy's takes a head of any size and waits for ever.

What that proxy says to a CONNECT that it refuses stays here: nobody chose those words, and they may quote ours.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.http import _upstream_proxy

from vienna_kernel.verdict import Refused
from vienna_proxy.transport.heads import response_head_of, response_of

type Commands = layer.CommandGenerator[None]


class GuardedHop(_upstream_proxy.HttpUpstreamProxy):
    """A tunnel through the company proxy.

    Attributes:
        connect_seconds: Until the upstream behind it is connected to, its TLS up.
    """

    connect_seconds: ClassVar[float] = 10.0
    _timer: commands.RequestWakeup | None = None

    def start_handshake(self) -> Commands:
        self._timer = commands.RequestWakeup(self.connect_seconds)
        yield self._timer
        yield from super().start_handshake()

    def _handle_event(self, event: events.Event) -> Commands:
        if not (isinstance(event, events.Wakeup) and event.command is self._timer):
            yield from super()._handle_event(event)
        elif not self.conn.connected or (self.conn.tls and not self.conn.tls_established):
            yield from super()._handle_event(events.ConnectionClosed(self.tunnel_connection))
            yield commands.CloseConnection(self.tunnel_connection)

    def receive_handshake_data(self, data: bytes) -> layer.CommandGenerator[tuple[bool, str | None]]:
        self.buf += data
        head = response_head_of(self.buf)
        if head is None:
            return False, None
        response = head if isinstance(head, Refused) else response_of(head)
        if isinstance(response, Refused) or not 200 <= response.status_code < 300:
            return False, "the company proxy opened no tunnel"
        if self.buf:  # the upstream speaks only when it is spoken to
            return False, "the company proxy sent something ahead"
        yield from ()
        return True, None


def install(connect_seconds: float) -> None:
    """Put the tunnel where mitmproxy's HTTP layer looks it up."""
    GuardedHop.connect_seconds = connect_seconds
    names: Any = _upstream_proxy
    names.HttpUpstreamProxy = GuardedHop
