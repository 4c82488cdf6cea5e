"""The opening of a WebSocket (RFC 6455 4.2.1), as far as it is an HTTP request.

1. It is a GET without a body that upgrades to ``websocket``, version 13, with one key of sixteen bytes. Anything near
   that is refused: a server might take it for an opening where we do not, or the other way round.
2. As a call its method is ``UPGRADE``, and that of each message the agent sends afterwards ``MESSAGE``. Neither is a
   method on the wire, where both are refused; so what is meant for requests never lets a connection or a message pass.
3. Extensions are not offered: what they do to frames is not read here.
"""

from __future__ import annotations

import base64
import hashlib
import re

from vienna_kernel.call.framing import Framing
from vienna_kernel.verdict import Reason, Refused

UPGRADE = "UPGRADE"
MESSAGE = "MESSAGE"

_KEY = re.compile(
    r"[A-Za-z0-9+/]{21}[AQgw]==\Z"
)  # sixteen bytes: the last four bits of the last letter are zero
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3


def judge_opening(method: bytes, framing: Framing) -> Refused | None:
    """Why header lines that ask for an upgrade are not the opening of a WebSocket."""
    lines = dict(framing.headers)
    wrong = (
        (method != b"GET", "an upgrade of a request that is no GET"),
        (not framing.upgrade_named, "an upgrade that Connection does not name"),
        (framing.chunked or framing.length not in (None, 0), "an upgrade with a body"),
        (lines.get("sec-websocket-version") != "13", "a WebSocket of another version than 13"),
        (not _KEY.match(lines.get("sec-websocket-key", "")), "a WebSocket without a key of sixteen bytes"),
    )
    found = next((why for is_wrong, why in wrong if is_wrong), None)
    return None if found is None else Refused(Reason.UNSUPPORTED_PROTOCOL, found)


def accept_of(key: str) -> str:
    """The one ``Sec-WebSocket-Accept`` that answers this ``Sec-WebSocket-Key``."""
    digest = hashlib.sha1(key.encode("latin-1") + _GUID, usedforsecurity=False).digest()  # as the RFC has it
    return base64.b64encode(digest).decode("ascii")
