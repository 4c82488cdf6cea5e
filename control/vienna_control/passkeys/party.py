"""Whom passkeys answer: the host that people reach the control plane by."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from vienna_kernel.consent.passkey import Party
from vienna_kernel.errors import MalformedError


def party_of(base_url: str) -> Party | None:
    """The relying party of a control plane at this URL; None where a browser would make no passkey: at an address, or
    without TLS. A loopback address stands for ``localhost``, by which a browser on this machine reaches it as well.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    try:
        if not ipaddress.ip_address(host).is_loopback:
            return None
        host = "localhost"
    except ValueError:
        pass
    try:
        return Party.of(host, (f"{parts.scheme}://{host}{port}",))
    except MalformedError:
        return None
