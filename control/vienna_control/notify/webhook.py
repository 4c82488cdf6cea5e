"""Webhooks: the event as JSON, signed twice over the very bytes that are sent.

1. ``x-vienna-signature``: hex HMAC-SHA256 with the secret's text as the key.
2. Standard Webhooks (https://www.standardwebhooks.com): ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``;
   the key is what the secret's base64 stands for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

import orjson

from vienna_control.notify.message import Destination, Message, Sent
from vienna_control.notify.web import Web

PREFIX = "whsec_"


def secret_bytes(secret: str) -> bytes:
    """The key of a ``whsec_…`` secret. Raises ``ValueError`` unless it is 24 to 64 bytes of base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("expected whsec_ and base64 of 24 to 64 bytes")
    return key


def signed(body: bytes, secret: str, *, id: str, at: int) -> dict[str, str]:
    """The headers of both signatures. ``at``: seconds since the epoch."""
    content = f"{id}.{at}.".encode() + body
    standard = base64.b64encode(hmac.digest(secret_bytes(secret), content, hashlib.sha256)).decode()
    return {
        "x-vienna-signature": hmac.digest(secret.encode(), body, hashlib.sha256).hex(),
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{standard}",
    }


class Webhook:
    """Channel ``webhook``."""

    def __init__(self, web: Web, now: Callable[[], datetime]) -> None:
        self._web = web
        self._now = now

    async def send(self, message: Message, to: Destination) -> Sent:
        """Any 2xx is a yes."""
        body = orjson.dumps(
            {
                "id": message.id,
                "type": message.event,
                "timestamp": message.at,
                "tenant": message.tenant,
                "data": {**message.data, "action": message.about.get("action"), "link": message.link},
            }
        )
        headers = {
            "Content-Type": "application/json",
            **signed(body, to.secrets["secret"], id=message.id, at=int(self._now().timestamp())),
        }
        reply = await self._web.post(to.secrets["url"], body, headers)
        reply.judge()
        return Sent(reply.status)
