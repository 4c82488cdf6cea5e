"""The addon for connections as such: each has its clock, and what is gone is forgotten.

As in ``gate``, the refusal stands on a connection before anything else happens to it.
"""

from __future__ import annotations

from mitmproxy import tls
from mitmproxy.connection import Client, Server
from mitmproxy.proxy import server_hooks

from vienna_proxy.answer.words import broke
from vienna_proxy.judge.hold import Holds, Interim
from vienna_proxy.transport.connections import Connections

_BROKE = "the gate broke"


class Peers:
    """The addon."""

    name = "peers"

    def __init__(self, connections: Connections, interim: Interim, holds: Holds) -> None:
        self._connections = connections
        self._interim = interim
        self._holds = holds

    def client_connected(self, client: Client) -> None:
        """A connection is there; its first head must be, soon."""
        standing, client.error = client.error, _BROKE
        try:
            self._connections.meet(client)
            client.error = standing
        except Exception as error:
            broke("client_connected", error)

    def tls_established_client(self, data: tls.TlsData) -> None:
        """TLS towards the agent is up: interim responses go through it."""
        try:
            if data.ssl_conn is not None and isinstance(data.conn, Client):
                self._interim.remember(data.conn, data.ssl_conn)
        except Exception as error:
            broke("tls_established_client", error)
            self._connections.cut(data.context.client)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """A connection to an upstream is begun, and has to be up soon."""
        standing, data.server.error = data.server.error, _BROKE
        try:
            self._connections.connecting(data.client, data.server)
            data.server.error = standing
        except Exception as error:
            broke("server_connect", error)

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        """The upstream took it; where there is TLS, that is still to come."""
        if not data.server.tls:
            self._connections.settled(data.server)

    def tls_established_server(self, data: tls.TlsData) -> None:
        """TLS towards the upstream is up."""
        if isinstance(data.conn, Server):
            self._connections.settled(data.conn)

    def server_connect_error(self, data: server_hooks.ServerConnectionHookData) -> None:
        """There is no connection to the upstream."""
        self._connections.settled(data.server)

    def server_disconnected(self, data: server_hooks.ServerConnectionHookData) -> None:
        """The connection to the upstream is gone."""
        self._connections.settled(data.server)

    def client_disconnected(self, client: Client) -> None:
        """The connection is gone."""
        self._connections.arrived(client)
        self._interim.forget(client)
        self._holds.hung_up(client)
