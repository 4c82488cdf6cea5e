"""Every door of mitmproxy but HTTP/1.1, plain or in TLS, inside a CONNECT or not, of whichever mode: shut.

mitmproxy's own choice of the next layer falls back to raw TCP, DNS, QUIC or UDP by what the bytes look like, and
takes port numbers for protocols. Here the stack of layers is a closed list; whatever is not on it is closed. The
hooks below would see the other layers if one opened all the same, and kill.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mitmproxy import dns, http, tcp, udp
from mitmproxy.connection import Client
from mitmproxy.net.server_spec import ServerSpec
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer, HttpLayer, ServerTLSLayer, TCPLayer, modes
from mitmproxy.proxy.layers.http import HTTPMode, HttpStream
from mitmproxy.proxy.mode_specs import ReverseMode

from vienna_kernel.call.authority import Authority
from vienna_proxy.transport.hello import is_for, name_of
from vienna_proxy.transport.hop_tunnel import GuardedHop

_ALPN = (None, b"", b"http/1.1", b"http/1.0")
_DIRECT = ([modes.ReverseProxy], [modes.TransparentProxy])
_TLS = [ServerTLSLayer, ClientTLSLayer]

type Kinds = list[type[layer.Layer]]


class ClosedLayer(layer.Layer):
    """No door here: closes the agent's connection."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)


class NextLayer:
    """The addon that decides which layer comes next; a closed list.

    Attributes:
        unopened: Client connections whose CONNECT named a host of ``passthrough`` and was granted: id to that host.
        admit: Judges a TLS hello where there was no CONNECT, given the host it names and the place that is meant:
            whether a host of ``passthrough`` is connected to, None when it is none of them.
    """

    admit: Callable[[Client, str, Authority], Awaitable[bool | None]]

    def __init__(self, hop: tuple[str, int] | None = None) -> None:
        self.unopened: dict[str, str] = {}
        self.hop: ServerSpec | None = None if hop is None else ("http", hop)

    async def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """mitmproxy's hook: what reads the next bytes of a connection."""
        if nextlayer.layer is not None:
            return
        context, data = nextlayer.context, bytes(nextlayer.data_client())  # type: ignore[no-untyped-call]
        kinds = [type(one) for one in context.layers]
        if kinds == [modes.HttpProxy]:
            nextlayer.layer = HttpLayer(context, HTTPMode.regular)
        elif _is_tunnel(kinds) and context.client.id in self.unopened:
            nextlayer.layer = self._unopened(context, data)
        elif kinds in _DIRECT and starts_like_tls_record(data):
            nextlayer.layer = await self._direct(context, data)
        elif _is_tunnel(kinds) or kinds in _DIRECT:
            nextlayer.layer = _by_first_bytes(context, data)
        elif _is_in_tls(kinds) and context.client.alpn in _ALPN:
            nextlayer.layer = HttpLayer(context, HTTPMode.transparent)
        else:
            nextlayer.layer = ClosedLayer(context)

    async def _direct(self, context: Context, data: bytes) -> layer.Layer | None:
        """TLS without a CONNECT: what its hello names is judged if it is not to be opened."""
        mode, host = context.client.proxy_mode, name_of(data)
        if host is None:
            return None
        place = mode.address if isinstance(mode, ReverseMode) else (host, context.client.sockname[1])
        admitted = await self.admit(context.client, host, Authority(*place))
        if not admitted:
            return _by_first_bytes(context, data) if admitted is None else ClosedLayer(context)
        self.unopened[context.client.id] = host
        context.server.address = place
        return self._unopened(context, data)

    def _unopened(self, context: Context, data: bytes) -> layer.Layer | None:
        """TLS to the host that was granted and nothing else; None while there are too few bytes to tell."""
        meant = is_for(data, self.unopened[context.client.id])
        if not meant:
            return None if meant is None else ClosedLayer(context)
        if self.hop is None:
            return TCPLayer(context, ignore=True)
        context.server.via = self.hop
        stack = GuardedHop.make(context, True) / TCPLayer(context, ignore=True)
        return stack[0]

    def client_disconnected(self, client: object) -> None:
        """mitmproxy's hook: forget the connection."""
        self.unopened.pop(getattr(client, "id", ""), None)

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


def _is_tunnel(kinds: Kinds) -> bool:
    """Right inside a CONNECT."""
    return len(kinds) == 3 and kinds[:2] == [modes.HttpProxy, HttpLayer] and issubclass(kinds[2], HttpStream)


def _is_in_tls(kinds: Kinds) -> bool:
    """Right inside TLS that we opened, in a CONNECT or not."""
    return kinds[-2:] == _TLS and (_is_tunnel(kinds[:-2]) or kinds[:-2] in _DIRECT)


def _by_first_bytes(context: Context, data: bytes) -> layer.Layer | None:
    """TLS or HTTP; None while there are too few bytes to tell."""
    if not data or (data[0] == 0x16 and len(data) < 3):
        return None
    if not starts_like_tls_record(data):
        return HttpLayer(context, HTTPMode.transparent)
    mode = context.client.proxy_mode
    if isinstance(mode, ReverseMode) and mode.scheme != "tls":
        return ClosedLayer(context)  # what it stands for speaks no TLS
    server = ServerTLSLayer(context)
    server.child_layer = ClientTLSLayer(context)
    return server
