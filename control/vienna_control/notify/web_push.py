"""Web Push (RFC 8030): a person's own device rings, with a title that tells nothing of what is asked.

A lock screen is read by whoever walks past: that something waits and its tier, no agent, action, name or amount.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import orjson

from vienna_control.clock import from_iso
from vienna_control.notify import aes128gcm
from vienna_control.notify.message import DeliveryError, Destination, Message, Sent
from vienna_control.notify.web import Web
from vienna_control.ports import PushSigner
from vienna_kernel.keyring import b64url

PLAIN_BYTES = 512
"""What every message is padded to."""

_MOST_SECONDS = 28 * 24 * 3600  # what push services keep at most
_USUAL = {"https": ":443", "http": ":80"}
_GONE = frozenset({404, 410})
_TITLES = {"approval_required": "an approval waits", "approval_escalated": "an approval still waits"}


def told(message: Message) -> bytes:
    """What the device is told, as JSON: ``title``, ``approval_id``, ``url`` (a path of the console)."""
    what = _TITLES.get(message.event, message.title)
    if message.about.get("practice"):
        what = "a practice approval waits"
    tier = f" ({message.tier})" if message.tier else ""
    approval_id = message.approval_id
    return orjson.dumps(
        {
            "title": f"Vienna: {what}{tier}",
            "approval_id": approval_id,
            "url": f"/console/approvals/{approval_id}",
        }
    )


def topic(approval_id: str) -> str:
    """RFC 8030 section 5.4: of what waits for a device about one approval, only the newest is kept."""
    return b64url(hashlib.sha256(approval_id.encode()).digest())[:32]


def origin(endpoint: str) -> str:
    """Of a push service: scheme, host and, where it is another than usual, port."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(_USUAL.get(parts.scheme, ''))}"


def contact(base_url: str) -> str:
    """Whom the operators of a push service may turn to: the console, or, without https, an address on its host."""
    host = urlsplit(base_url).hostname or "localhost"
    return base_url if base_url.startswith("https://") else f"mailto:vienna@{host}"


class WebPush:
    """Channel ``web_push``. ``base_url``: where people reach the console."""

    def __init__(self, web: Web, signer: PushSigner, now: Callable[[], datetime], *, base_url: str) -> None:
        self._web = web
        self._signer = signer
        self._now = now
        self._contact = contact(base_url)

    async def send(self, message: Message, to: Destination) -> Sent:
        """Any 2xx is a yes. What the service does not know any more is no address of anybody: ``gone``."""
        now, endpoint = self._now(), to.secrets["url"]
        body = aes128gcm.encrypt(
            told(message),
            to=aes128gcm.point(to.secrets["p256dh"]),
            auth=aes128gcm.auth(to.secrets["auth"]),
            length=PLAIN_BYTES,
        )
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_seconds(message, now)),
            "Urgency": "high",
            "Topic": topic(message.approval_id or message.id),
            "Authorization": self._signer.authorization(origin(endpoint), subject=self._contact, now=now),
        }
        reply = await self._web.post(endpoint, body, headers)
        if reply.status in _GONE:
            why = f"it answered {reply.status}: the device is not subscribed any more"
            raise DeliveryError(why, code=reply.status, final=True, gone=True)
        reply.judge()
        return Sent(reply.status)


def _seconds(message: Message, now: datetime) -> int:
    """Until the approval lapses: nobody is rung for what nobody can decide."""
    left = (from_iso(message.data["expires_at"]) - now).total_seconds()
    return min(max(0, int(left)), _MOST_SECONDS)
