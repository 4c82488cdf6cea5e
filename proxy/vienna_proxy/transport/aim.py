"""Where a request is aimed, as far as the connection it came on tells: the claims that its ``Host`` has to agree with.

1. Through a proxy: the CONNECT and the SNI inside it; a plain request says it in its target.
2. At a reverse listener: the listener's one place. An agent that knows the listener by its own address says that in
   ``Host``; it means the same place. Without TLS there is no SNI to disagree.
3. At a transparent listener: SNI, or ``Host`` where there is none, with the port that was dialled. The address that
   was dialled counts for nothing: the agent chose it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.proxy.mode_specs import ReverseMode, TransparentMode

from vienna_kernel.call.authority import Authority, parse_authority
from vienna_kernel.verdict import Refused
from vienna_proxy.transport.addresses import literal

type Fields = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a connection says about the place of a request.

    Attributes:
        scheme: ``http`` or ``https``, towards the upstream.
        connect: Host and port, None where the request alone says it.
        sni: Server name, None where there is none.
        fields: Header lines, as they came but for rule 2.
    """

    scheme: str
    connect: tuple[str, int] | None
    sni: str | None
    fields: Fields


def aim(flow: http.HTTPFlow, fields: Fields) -> Aim:
    """The aim of a request that came with those header lines."""
    client = flow.client_conn
    match client.proxy_mode:
        case ReverseMode() as mode:
            return _fixed(client, mode, fields)
        case TransparentMode():
            connect = _dialled(client, fields)
        case _:
            address = flow.server_conn.address
            connect = None if address is None else (address[0], address[1])
    scheme = "https" if client.tls else "http"
    return Aim(scheme=scheme, connect=connect, sni=client.sni if client.tls else None, fields=fields)


def _fixed(client: Client, mode: ReverseMode, fields: Fields) -> Aim:
    place = Authority(*mode.address)
    scheme = "https" if mode.scheme == "tls" else "http"
    if client.tls:
        return Aim(scheme=scheme, connect=mode.address, sni=client.sni, fields=fields)
    shown = place.shown(scheme).encode("ascii")
    ours = _own_names(client)
    named = tuple(
        (name, shown if name.lower() == b"host" and value.lower() in ours else value)
        for name, value in fields
    )
    sni = place.host if literal(place.host) is None else None
    return Aim(scheme=scheme, connect=mode.address, sni=sni, fields=named)


def _own_names(client: Client) -> frozenset[bytes]:
    """What the address that the agent connected to is called in ``Host``."""
    host, port = client.sockname[:2]
    here = Authority(host, port)
    names = {here.shown("http"), f"{here.bracketed}:{port}"}
    address = literal(host)
    if address is not None and address.is_loopback:
        names |= {Authority("localhost", port).shown("http"), f"localhost:{port}"}
    return frozenset(name.encode("ascii") for name in names)


def _dialled(client: Client, fields: Fields) -> tuple[str, int] | None:
    name = client.sni if client.tls else None
    if name is None:
        said = next((value for key, value in fields if key.lower() == b"host"), b"")
        place = parse_authority(said.decode("latin-1"), "http")
        if isinstance(place, Refused):
            return None  # and ``Host`` is refused for it
        name = place.host
    return name, client.sockname[1]
