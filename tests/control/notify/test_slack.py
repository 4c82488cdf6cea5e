"""Slack: what is posted, and what a press of a button may do."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web

from gate_end import Gate
from people import People
from planes import Control
from receivers import Receiver, Request
from vienna_control.clock import FixedClock
from vienna_control.notify.message import Destination, Message
from vienna_control.notify.slack import blocks
from vienna_kernel import wire

TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
TEAM = "T0OURS"
POSTED_AT = "1700000000.000100"
SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
SECRETS = {"bot_token": "xoxb-canary-token", "signing_secret": SIGNING}


def slack(request: Request) -> web.StreamResponse:
    """Slack's Web API, as far as it is used."""
    assert request.headers["authorization"] == "Bearer xoxb-canary-token"
    method = request.path.rpartition("/")[2]
    if method == "auth.test":
        return web.json_response({"ok": True, "team_id": TEAM})
    if method == "chat.postMessage":
        return web.json_response({"ok": True, "channel": "C1", "ts": POSTED_AT})
    return web.json_response({"ok": method in ("chat.update", "chat.postEphemeral")})


def buttons(request: Request) -> dict[str, str]:
    (row,) = [one for one in request.json["blocks"] if one["type"] == "actions"]
    return {one["action_id"]: one.get("value", one.get("url")) for one in row["elements"]}


class Presses:
    """What Slack sends when somebody presses."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def press(
        self,
        action: str,
        value: str,
        *,
        user: str = "U0CAROL",
        secret: str = SIGNING,
        late: int = 0,
        team: str = TEAM,
        home: str = TEAM,
        ts: str = POSTED_AT,
        **more: Any,
    ) -> int:
        payload = {
            "type": "block_actions",
            "team": {"id": team, "domain": "ours"},
            "user": {"id": user, "team_id": home},
            "container": {"type": "message", "message_ts": ts, "channel_id": "C1", "is_ephemeral": False},
            "channel": {"id": "C1"},
            "actions": [{"action_id": action, "value": value}],
        }
        return await self.send(
            urlencode({"payload": json.dumps(payload)}).encode(), secret=secret, late=late, **more
        )

    async def send(
        self, body: bytes, *, secret: str = SIGNING, late: int = 0, sent: bytes | None = None
    ) -> int:
        at = str(int(self._control.app.clock.now().timestamp()) - late)
        signature = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={signature}",
        }
        url = f"{self._control.url}/api/v1/integrations/slack/actions"
        async with self._control.http.post(url, data=sent or body, headers=headers) as answer:
            return answer.status


@pytest.fixture
async def channel(add: Any, people: People, service: Receiver) -> str:
    service.answer = slack
    config = {"channel": "C1", "detail": "sentence"}
    found = await add("slack", config=config, secrets=SECRETS)
    status, _ = await people.ask("carol", "POST", "/integrations/slack/users", {"user_id": "U0CAROL"})
    assert status == 201
    return str(found)


async def asked(
    bot: Gate, service: Receiver, url: str = TICKETS, body: Any = None
) -> tuple[Request, wire.Decision]:
    """What is asked in Slack, once it is noted where that stands: a press anywhere else is nothing."""
    held = await bot.consult("POST", url, body or {"subject": "late parcel"})
    message = await posted(service)
    async with asyncio.timeout(60):
        await bot.control.app.notify.sender.drain()
    return message, held


async def posted(service: Receiver) -> Request:
    """The next message that is posted; what is asked before it is only whose token it is."""
    while (came := await service.next()).path == "/api/auth.test":
        pass
    return came


async def status_of(people: People, approval_id: str | None) -> tuple[str, list[str]]:
    _, one = await people.ask("carol", "GET", f"/approvals/{approval_id}")
    return one["data"]["status"], [vote["operator"] for vote in one["data"]["votes"]]


async def test_a_press_is_a_vote_and_the_message_says_what_became_of_it(
    control: Control, bot: Gate, people: People, channel: str, service: Receiver
) -> None:
    posted, held = await asked(bot, service)
    offered = buttons(posted)
    assert offered["vienna_open"].endswith(f"/console/approvals/{held.approval_id}")
    assert await Presses(control).press("vienna_approve", offered["vienna_approve"]) == 200
    assert await status_of(people, held.approval_id) == ("approved", ["carol@example.com"])
    rest = {one.path: one for one in (await service.next(), await service.next())}
    assert set(rest) == {"/api/chat.update", "/api/chat.postEphemeral"}
    update = rest["/api/chat.update"]
    assert (update.json["channel"], update.json["ts"]) == ("C1", POSTED_AT)
    assert set(buttons(update)) == {"vienna_open"}
    assert rest["/api/chat.postEphemeral"].json["text"] == "Counted: you said yes."


async def test_a_press_that_is_not_signed_fresh_and_new_is_nothing(
    control: Control, bot: Gate, people: People, channel: str, service: Receiver, clock: FixedClock
) -> None:
    posted, held = await asked(bot, service)
    no, presses = buttons(posted)["vienna_deny"], Presses(control)
    assert await presses.press("vienna_deny", no, secret="another-signing-secret") == 401
    assert await presses.press("vienna_deny", no, late=301) == 401
    assert await presses.press("vienna_deny", no, late=-301) == 401
    assert await presses.press("vienna_deny", no, sent=b"payload=%7B%7D") == 401
    assert await status_of(people, held.approval_id) == ("pending", [])
    assert await presses.press("vienna_deny", no) == 200
    assert await presses.press("vienna_deny", no) == 401  # the same bytes at the same instant
    assert (await status_of(people, held.approval_id))[0] == "denied"


@pytest.mark.parametrize(
    "body", [b"", b"payload=", b"payload=%5B%5D", b"\xff\xfe", b"payload=%7B%22actions%22%3A1%7D"]
)
async def test_what_is_signed_and_no_press_is_taken_and_does_nothing(
    control: Control, channel: str, body: bytes
) -> None:
    assert await Presses(control).send(body) == 200


async def test_who_presses_must_be_known_and_may_decide(
    control: Control, bot: Gate, people: People, channel: str, service: Receiver
) -> None:
    posted, held = await asked(bot, service)
    yes, presses = buttons(posted)["vienna_approve"], Presses(control)
    await presses.press("vienna_approve", yes, user="U0NOBODY")
    assert "not known here" in (await service.next()).json["text"]
    await people.ask("oscar", "POST", "/integrations/slack/users", {"user_id": "U0OSCAR"})
    await presses.press("vienna_approve", yes, user="U0OSCAR")
    assert "not an approver" in (await service.next()).json["text"]
    stale = yes.rpartition("|")[0] + "|sha256:" + "0" * 64
    await presses.press("vienna_approve", stale)
    assert "has changed since" in (await service.next()).json["text"]
    assert await status_of(people, held.approval_id) == ("pending", [])


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"team": "T0THEIRS", "home": "T0THEIRS"},
        {"home": "T0THEIRS"},
        {"team": ""},
        {"ts": "1700000000.000200"},
    ],
    ids=["another workspace", "a guest from another", "no workspace", "another message"],
)
async def test_a_press_anywhere_but_in_what_was_posted_is_nothing(
    control: Control,
    bot: Gate,
    people: People,
    channel: str,
    service: Receiver,
    elsewhere: dict[str, str],
) -> None:
    posted, held = await asked(bot, service)
    yes, presses = buttons(posted)["vienna_approve"], Presses(control)
    assert await presses.press("vienna_approve", yes, **elsewhere) == 200
    assert await status_of(people, held.approval_id) == ("pending", [])
    assert await presses.press("vienna_approve", yes) == 200
    assert (await status_of(people, held.approval_id))[0] == "approved"


async def test_without_knowing_whose_token_it_is_nothing_is_posted(
    control: Control, bot: Gate, channel: str, service: Receiver
) -> None:
    service.answer = lambda _: web.json_response({"ok": True})
    await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    assert (await service.next()).path == "/api/auth.test"
    async with asyncio.timeout(60):
        await control.app.notify.sender.drain()
    assert service.came.empty()


async def test_above_t1_there_is_a_link_and_a_forged_button_is_told_so(
    control: Control, bot: Gate, people: People, channel: str, service: Receiver
) -> None:
    posted, held = await asked(bot, service, REFUNDS, REFUND)
    assert set(buttons(posted)) == {"vienna_open"}
    _, one = await people.ask("carol", "GET", f"/approvals/{held.approval_id}")
    value = f"{channel}|{held.approval_id}|{one['data']['shown_digest']}"
    await Presses(control).press("vienna_approve", value)
    assert "Decide in the console" in (await service.next()).json["text"]
    assert await status_of(people, held.approval_id) == ("pending", [])


async def test_one_user_of_slack_is_one_operator_and_nobody_takes_anothers(
    people: People, channel: str
) -> None:
    at = "/integrations/slack/users"
    assert (await people.ask("alice", "POST", at, {"user_id": "U0CAROL"}))[0] == 409
    assert (await people.ask("alice", "POST", at, {"user_id": "U0X", "operator": "bob@example.com"}))[
        0
    ] == 403
    assert (await people.ask("ada", "POST", at, {"user_id": "U0X", "operator": "bob@example.com"}))[0] == 201
    assert (await people.ask("alice", "DELETE", f"{at}/U0X"))[0] == 404
    assert (await people.ask("bob", "GET", at))[1]["data"]["total"] == 1
    assert (await people.ask("bob", "DELETE", f"{at}/U0X"))[0] == 200


async def test_where_people_decide_is_set_up_by_admins(people: People, channel: str) -> None:
    body = {
        "name": "s",
        "type": "slack",
        "events": ["alert"],
        "config": {"channel": "C1"},
        "secrets": SECRETS,
    }
    assert (await people.ask("oscar", "POST", "/integrations", body))[0] == 403
    moved = {"config": {"channel": "C2"}}
    assert (await people.ask("oscar", "PATCH", f"/integrations/{channel}", moved))[0] == 403


NAUGHTY = "<!channel> <https://evil.example|ok> *bold* `code` & <@U1>"


@pytest.mark.parametrize("detail", ["action", "sentence"])
def test_what_an_agent_wrote_makes_no_mention_no_link_and_no_line(detail: str) -> None:
    about = {
        "tier": "T1",
        "agent": NAUGHTY + "\r\n\u202eevil",
        "action": "x\n*y*",
        "sentence": f"bot wants ‹{NAUGHTY}›",
        "unusual": NAUGHTY,
        "shown_digest": "sha256:0",
    }
    message = Message(
        id="dlv-1",
        event="approval_required",
        at="",
        tenant="t",
        data={"approval_id": "apr-1"},
        about=about,
        link="https://v/",
    )
    to = Destination(id="intg-1", config={"channel": "C1", "detail": detail}, secrets=SECRETS)
    told = blocks(message, to)

    def texts(node: Any) -> Any:
        if isinstance(node, dict):
            assert node.get("type") != "mrkdwn"
            if node.get("type") == "plain_text":
                yield node["text"]
            for value in node.values():
                yield from texts(value)
        elif isinstance(node, list):
            for value in node:
                yield from texts(value)

    for text in texts(told):
        assert not set(text) & {"<", ">", "\n", "\r", "\u202e"}, text
    shows = any("evil.example" in text and "‹" in text for text in texts(told))
    assert shows is (detail == "sentence")
    assert ("vienna_approve" in str(told)) is (detail == "sentence")


async def test_slacks_own_no(people: People, channel: str, service: Receiver) -> None:
    service.answer = lambda _: web.json_response({"ok": False, "error": "channel_not_found"})
    _, answer = await people.ask("ada", "POST", f"/integrations/{channel}/test")
    assert (answer["data"]["ok"], answer["data"]["error"]) == (False, "Slack says: channel_not_found")
    assert "xoxb" not in str(answer)


async def test_what_asks_for_longer_than_the_window_can_be_pressed_later(
    control: Control, bot: Gate, people: People, channel: str, service: Receiver, clock: FixedClock
) -> None:
    posted, held = await asked(bot, service)
    clock.advance(timedelta(minutes=20))
    assert await Presses(control).press("vienna_deny", buttons(posted)["vienna_deny"]) == 200
    assert (await status_of(people, held.approval_id))[0] == "denied"
