"""The company's own egress proxy, where every call has to leave by it.

1. ``https`` goes through a CONNECT, so the upstream's certificate is checked here all the same; ``http`` goes as a
   request with an absolute target.
2. Names are resolved there, so of a target only its name is judged here. Nothing but that proxy is connected to
   (``addresses``), and it is never the target of a call.
3. Its credentials stand on what is sent to it and nowhere else.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from vienna_kernel.call.authority import parse_authority
from vienna_kernel.call.request import Call
from vienna_kernel.verdict import Refused

if TYPE_CHECKING:  # the settings are read with this, by whoever reads them
    from mitmproxy import http

_HEADER = "Proxy-Authorization"


@dataclass(frozen=True, slots=True)
class NextHop:
    """One proxy.

    Attributes:
        host: Name or address.
        authorization: Value of ``Proxy-Authorization``, None for none.
    """

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it is, without credentials."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What a request to it needs besides."""
        return {} if self.authorization is None else {_HEADER: self.authorization}

    def lead(self, flow: http.HTTPFlow, call: Call) -> None:
        """Send a granted call's request, ``flow.request``, by this proxy."""
        if call.scheme == "https":
            flow.server_conn.via = ("http", (self.host, self.port))
            return
        request = flow.request
        request.data.authority = call.authority.encode("ascii")  # an absolute target
        request.data.host, request.data.port = self.host, self.port
        request.headers.update(self.headers)

    def introduce(self, flow: http.HTTPFlow) -> None:
        """Put the credentials on our own CONNECT."""
        flow.request.headers.update(self.headers)


def parse_hop(text: str) -> NextHop:
    """``http://[user:password@]host:port``. Raises ``ValueError``, whose text holds nothing of what was given."""
    wrong = ValueError("expected http://host:port or http://user:password@host:port, percent-encoded")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    rest = parts.path.removeprefix("/") or parts.query or parts.fragment
    if parts.scheme != "http" or rest or port is None or not text.isascii() or not text.isprintable():
        raise wrong
    place = parse_authority(parts.netloc.rpartition("@")[2], "http")
    if isinstance(place, Refused):
        raise wrong
    if parts.username is None:
        return NextHop(place.host, place.port)
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return NextHop(place.host, place.port, f"Basic {base64.b64encode(pair).decode('ascii')}")
