"""Slack: a message of blocks; where it may be decided in Slack, with buttons; updated once it is decided.

Text of others stands in ``plain_text`` only, with ``& < >`` escaped: no mention, link or format can be made of it
(https://docs.slack.dev/messaging/formatting-message-text).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import orjson

from vienna_control.approvals.words import LABEL
from vienna_control.notify.message import ENDS, REPLY, DeliveryError, Destination, Message, Sent
from vienna_control.notify.web import Reply, Web

APPROVE, DENY = "vienna_approve", "vienna_deny"
DECIDED_HERE = "T1"
"""The one tier that can be decided in Slack: above it a second factor is asked for, which a chat has not."""

_TAKEN = 200
_MOST = 2900  # of the 3000 characters that a text object may have
_AGAIN = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})


def escaped(text: str) -> str:
    """Text that Slack shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")[:_MOST]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": escaped(text) or "-", "emoji": False}


def blocks(message: Message, to: Destination) -> list[dict[str, Any]]:
    """The message of one event."""
    full = to.config.get("detail") == "sentence"
    tier = f" ({message.tier})" if message.tier else ""
    told: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(f"{message.title}{tier}"[:150])},
        {"type": "section", "text": _plain(message.sentence(full=full))},
    ]
    if unusual := message.unusual(full=full):
        told.append({"type": "section", "text": _plain(f"Unusual: {unusual}")})
    if full and message.about.get("sentence"):
        told.append({"type": "context", "elements": [_plain(f"Between ‹ and ›: {LABEL}.")]})
    return [*told, {"type": "actions", "elements": _buttons(message, to, full=full)}]


def _buttons(message: Message, to: Destination, *, full: bool) -> list[dict[str, Any]]:
    opens = {"type": "button", "action_id": "vienna_open", "text": _plain("Open"), "url": message.link}
    here = (
        message.event == "approval_required"
        and message.tier == DECIDED_HERE
        and full  # nobody consents to what was not shown
        and "signing_secret" in to.secrets
    )
    if not here:
        return [opens]
    value = f"{to.id}|{message.approval_id}|{message.about.get('shown_digest')}"
    yes = {
        "type": "button",
        "action_id": APPROVE,
        "text": _plain("Approve"),
        "style": "primary",
        "value": value,
    }
    no = {"type": "button", "action_id": DENY, "text": _plain("Deny"), "style": "danger", "value": value}
    return [yes, no, opens]


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands; only there its buttons count.

    Attributes:
        ts: Slack's name of it within the channel.
        team: The workspace; empty where nothing is decided in Slack.
    """

    channel: str
    ts: str
    team: str

    @classmethod
    def of(cls, handle: str) -> Self:
        """Inverse of ``handle``."""
        channel, ts, team, *_ = [*handle.split(":"), "", ""]
        return cls(channel, ts, team)

    @property
    def handle(self) -> str:
        return f"{self.channel}:{self.ts}:{self.team}"


class Slack:
    """Channel ``slack``. ``base``: of the Web API."""

    def __init__(self, web: Web, base: str) -> None:
        self._web = web
        self._base = base
        self._teams: dict[str, str] = {}

    async def send(self, message: Message, to: Destination) -> Sent:
        """Post; or change what was posted, where the event ends it."""
        if message.event == REPLY:
            data = {key: message.data[key] for key in ("channel", "user", "text")}
            await self._call("chat.postEphemeral", data | {"text": escaped(data["text"])}, to)
            return Sent(_TAKEN)
        # what stands beside the blocks is read by Slack's formatting: words of ours only
        body: dict[str, Any] = {"text": message.title, "blocks": blocks(message, to)}
        if message.event in ENDS and message.posted:
            stands = Posted.of(message.posted)
            await self._call("chat.update", {**body, "channel": stands.channel, "ts": stands.ts}, to)
            return Sent(_TAKEN)
        team = await self._team(to) if "signing_secret" in to.secrets else ""
        body |= {"channel": to.config["channel"], "unfurl_links": False, "unfurl_media": False}
        answer = await self._call("chat.postMessage", body, to)
        channel, ts = answer.get("channel"), answer.get("ts")
        named = isinstance(channel, str) and isinstance(ts, str)
        return Sent(_TAKEN, Posted(str(channel), str(ts), team).handle if named else None)

    async def _team(self, to: Destination) -> str:
        """The workspace that the token is of, as Slack says: a press from another is nobody's here."""
        token = to.secrets["bot_token"]
        if token not in self._teams:
            team = (await self._call("auth.test", {}, to)).get("team_id")
            if not (isinstance(team, str) and team.isascii() and team.isalnum()):
                raise DeliveryError("Slack does not say which workspace its token is of", code=_TAKEN)
            self._teams[token] = team
        return self._teams[token]

    async def _call(self, method: str, body: dict[str, Any], to: Destination) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Bearer {to.secrets['bot_token']}",
        }
        reply = await self._web.post(f"{self._base}/{method}", orjson.dumps(body), headers)
        reply.judge()
        answer = _answer(reply)
        if answer.get("ok") is not True:
            error = answer.get("error")
            word = error if isinstance(error, str) and error.replace("_", "").isalnum() else "not ok"
            raise DeliveryError(f"Slack says: {word[:64]}", code=reply.status, final=word not in _AGAIN)
        return answer


def _answer(reply: Reply) -> dict[str, Any]:
    try:
        answer = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise DeliveryError("its answer is not Slack's", code=reply.status)
    return answer
