"""PagerDuty, Events API v2: an incident for what needs people, resolved when it is decided."""

from __future__ import annotations

from typing import Any

import orjson

from vienna_control.notify.message import ENDS, Destination, Message, Sent
from vienna_control.notify.web import Web

_SEVERITY = {"T0": "info", "T1": "warning", "T2": "error", "T3": "critical"}
_ORDER = ("info", "warning", "error", "critical")
_MOST = 1000  # of the 1024 characters of a summary


def severity(message: Message) -> str:
    """By the alert's own, else by tier; ``page: now`` is at least an error, so that somebody is woken."""
    if message.event == "alert":
        said = message.data.get("severity")
        return said if said in _ORDER else "warning"
    found = _SEVERITY.get(message.tier, "warning")
    if message.about.get("page") == "now":
        found = max(found, "error", key=_ORDER.index)
    return found


def dedup_key(message: Message) -> str:
    """The same for all that is said of one approval."""
    return f"vienna:{message.approval_id or message.id}"


def event(message: Message, to: Destination) -> dict[str, Any]:
    """The body of one event."""
    key = {"routing_key": to.secrets["routing_key"], "dedup_key": dedup_key(message)}
    if message.event in ENDS:
        return {**key, "event_action": "resolve"}
    full = to.config.get("detail") == "sentence"
    said = f"{message.title}: {message.sentence(full=full)}"
    details = {"tier": message.tier, "unusual": message.unusual(full=full), "delivery": message.id}
    return {
        **key,
        "event_action": "trigger",
        "client": "Vienna",
        "client_url": message.link,
        "links": [{"href": message.link, "text": "Open in the console"}],
        "payload": {
            "summary": said[:_MOST],
            "source": "vienna",
            "severity": severity(message),
            "timestamp": message.at,
            "class": message.event,
            "custom_details": {name: value for name, value in details.items() if value},
        },
    }


class PagerDuty:
    """Channel ``pagerduty``. ``base``: where events are taken."""

    def __init__(self, web: Web, base: str) -> None:
        self._web = web
        self._base = base

    async def send(self, message: Message, to: Destination) -> Sent:
        """202 is a yes."""
        body = orjson.dumps(event(message, to))
        reply = await self._web.post(f"{self._base}/v2/enqueue", body, {"Content-Type": "application/json"})
        reply.judge()
        return Sent(reply.status, dedup_key(message))
