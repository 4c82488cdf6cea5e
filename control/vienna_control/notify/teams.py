"""Microsoft Teams: an adaptive card to a webhook of a channel or flow; a link, nothing to decide with.

Text stands in ``TextRun``s, which know no Markdown: what others wrote makes no link and no format.
"""

from __future__ import annotations

from typing import Any

import orjson

from vienna_control.notify.message import Destination, Message, Sent
from vienna_control.notify.web import Web


def card(message: Message, to: Destination) -> dict[str, Any]:
    """The card of one event."""
    full = to.config.get("detail") == "sentence"
    lines = [(message.title, True)]
    lines.append((message.sentence(full=full), False))
    if message.tier:
        lines.append((f"Tier {message.tier}", False))
    if unusual := message.unusual(full=full):
        lines.append((f"Unusual: {unusual}", False))
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "RichTextBlock", "inlines": [_run(text, bold=bold)]} for text, bold in lines if text
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": message.link}],
    }


def _run(text: str, *, bold: bool) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **({"weight": "Bolder"} if bold else {})}


class Teams:
    """Channel ``teams``."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def send(self, message: Message, to: Destination) -> Sent:
        """Any 2xx is a yes."""
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card(message, to),
        }
        body = orjson.dumps({"type": "message", "attachments": [attachment]})
        reply = await self._web.post(to.secrets["url"], body, {"Content-Type": "application/json"})
        reply.judge()
        return Sent(reply.status)
