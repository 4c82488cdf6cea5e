"""Every door of mitmproxy but HTTP/1.1, plain or in TLS, inside a CONNECT or not: shut.

mitmproxy's own choice of the next layer falls back to raw TCP, DNS, QUIC or UDP by what the bytes look like, and
takes port numbers for protocols. Here the stack of layers is a closed list; whatever is not on it is closed. The
hooks below would see the other layers if one opened all the same, and kill.
"""

from __future__ import annotations

from mitmproxy import dns, http, tcp, udp
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import ClientTLSLayer, HttpLayer, ServerTLSLayer, TCPLayer, modes
from mitmproxy.proxy.layers.http import HTTPMode, HttpStream

_ALPN = (None, b"", b"http/1.1", b"http/1.0")


class ClosedLayer(layer.Layer):
    """No door here: closes the agent's connection."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)


class NextLayer:
    """The addon that decides which layer comes next; a closed list.

    Attributes:
        unopened: Ids of client connections whose CONNECT named a host of ``passthrough`` and was granted.
    """

    def __init__(self) -> None:
        self.unopened: set[str] = set()

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """mitmproxy's hook: what reads the next bytes of a connection."""
        if nextlayer.layer is not None:
            return
        context, data = nextlayer.context, bytes(nextlayer.data_client())  # type: ignore[no-untyped-call]
        kinds = [type(one) for one in context.layers]
        if kinds == [modes.HttpProxy]:
            nextlayer.layer = HttpLayer(context, HTTPMode.regular)
        elif len(kinds) == 3 and kinds[1] is HttpLayer and issubclass(kinds[2], HttpStream):
            if context.client.id in self.unopened:
                nextlayer.layer = TCPLayer(context, ignore=True)
            elif not data or (data[0] == 0x16 and len(data) < 3):
                return  # not enough of it yet
            elif starts_like_tls_record(data):
                server = ServerTLSLayer(context)
                server.child_layer = ClientTLSLayer(context)
                nextlayer.layer = server
            else:
                nextlayer.layer = HttpLayer(context, HTTPMode.transparent)
        elif kinds[3:] == [ServerTLSLayer, ClientTLSLayer] and context.client.alpn in _ALPN:
            nextlayer.layer = HttpLayer(context, HTTPMode.transparent)
        else:
            nextlayer.layer = ClosedLayer(context)

    def client_disconnected(self, client: object) -> None:
        """mitmproxy's hook: forget the connection."""
        self.unopened.discard(getattr(client, "id", ""))

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """mitmproxy's hook: no raw TCP."""
        flow.kill()  # type: ignore[no-untyped-call]

    def udp_start(self, flow: udp.UDPFlow) -> None:
        """mitmproxy's hook: no UDP."""
        flow.kill()  # type: ignore[no-untyped-call]

    def dns_request(self, flow: dns.DNSFlow) -> None:
        """mitmproxy's hook: no DNS for the agent."""
        flow.kill()  # type: ignore[no-untyped-call]

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """mitmproxy's hook: no WebSocket."""
        flow.kill()  # type: ignore[no-untyped-call]
