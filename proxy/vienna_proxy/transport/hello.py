"""The TLS hello of a connection that is not opened: it says where it goes, or goes nowhere.

Who may open a tunnel to one host must not reach another through it, on servers that stand for many: so the hello names
the host of the CONNECT, and nothing in it is hidden from us (ECH, RFC 9849).
"""

from __future__ import annotations

from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy.layers.tls import parse_client_hello

from vienna_kernel.call.authority import canonical_host
from vienna_proxy.transport.addresses import literal

_ENCRYPTED_HELLO = 0xFE0D
_MAX_BYTES = 65536


def name_of(data: bytes) -> str | None:
    """The host that a TLS hello names, empty where it names none; None while there are too few bytes to tell."""
    if len(data) < 3 or len(data) > _MAX_BYTES:
        return None if len(data) < 3 else ""
    try:
        hello = parse_client_hello(data)
    except (ValueError, EOFError):
        return ""
    if hello is None:
        return None
    host = canonical_host(hello.sni or "")
    return host if isinstance(host, str) else ""


def is_for(data: bytes, host: str) -> bool | None:
    """Whether the bytes are a TLS hello for ``host``; None while there are too few to tell."""
    if len(data) < 3:
        return None
    if not starts_like_tls_record(data) or len(data) > _MAX_BYTES:
        return False
    try:
        hello = parse_client_hello(data)
    except (ValueError, EOFError):
        return False
    if hello is None:
        return None
    if any(kind == _ENCRYPTED_HELLO for kind, _ in hello.extensions):
        return False
    if hello.sni is None:
        return literal(host) is not None  # RFC 6066 3: an address never stands there
    return canonical_host(hello.sni) == host
