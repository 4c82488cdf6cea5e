"""The answer that opens a WebSocket (RFC 6455 4.1): held against what was asked, and as the agent gets it."""

from __future__ import annotations

import time
from collections.abc import Iterable

from mitmproxy import http

from vienna_kernel.call.handshake import accept_of

SWITCHED = 101

_HANDED_ON = frozenset({b"sec-websocket-accept", b"sec-websocket-protocol"})


def wrong_switch(request: http.Request, response: http.Response) -> str:
    """What is wrong with an answer that switches protocols, empty when nothing is.

    ``request``: as it left. It asks for an upgrade only where one was judged (``Call.wire_headers``).
    """
    asked, told = request.headers, response.headers
    if asked.get("upgrade") != "websocket":
        return "it switched protocols unasked"
    once = ("upgrade", "sec-websocket-accept", "sec-websocket-protocol")
    named = [token.strip().lower() for line in told.get_all("connection") for token in line.split(",")]
    offered = [token.strip() for token in asked.get("sec-websocket-protocol", "").split(",")]
    chosen = told.get("sec-websocket-protocol")
    rows = (
        (any(len(told.get_all(name)) > 1 for name in once), "the same line twice in its switch"),
        (
            told.get("upgrade", "").lower() != "websocket" or "upgrade" not in named,
            "it switched to something else",
        ),
        (told.get("sec-websocket-accept") != accept_of(asked.get("sec-websocket-key", "")), "another key"),
        ("sec-websocket-extensions" in told, "an extension that was not offered"),
        (chosen is not None and chosen not in offered, "a protocol that was not offered"),
        ("transfer-encoding" in told or told.get("content-length", "0") != "0", "a switch with a body"),
    )
    return next((why for is_wrong, why in rows if is_wrong), "")


def switching(response: http.Response, ours: Iterable[tuple[str, str]]) -> http.Response:
    """The switch as the agent gets it: what RFC 6455 wants in it, what is ours, and nothing else."""
    fields = [(name, value) for name, value in response.headers.fields if name.lower() in _HANDED_ON]
    fields += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
    fields += [(name.encode(), value.encode("latin-1", "replace")) for name, value in ours]
    now = time.time()
    return http.Response(
        b"HTTP/1.1", SWITCHED, b"Switching Protocols", http.Headers(fields), b"", None, now, now
    )
