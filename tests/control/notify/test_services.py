"""Teams, e-mail and PagerDuty: what arrives there, and that nothing an agent wrote is more than text."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gate_end import Gate
from people import People
from planes import Control
from receivers import Mailbox, Receiver, mailbox
from vienna_cli.demo import props, toy
from vienna_control.notify import mail, pagerduty
from vienna_control.notify.message import Destination, Message

TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
KEY = "0123456789abcdef0123456789abcdef"
CRLF = "bot\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>\u202e"


def message(event: str = "approval_required", **about: Any) -> Message:
    return Message(
        id="dlv-1",
        event=event,
        at="2026-03-02T10:00:00.000Z",
        tenant="default",
        data={"approval_id": "apr-1", "status": "approved"},
        about={"tier": "T2", "agent": "bot", "action": "pay", **about},
        link="https://vienna.example/console/approvals/apr-1",
    )


async def test_teams_gets_a_card_with_a_link(bot: Gate, add: Any, service: Receiver) -> None:
    service.answer = lambda _: web.Response(status=202)
    await add("teams", secrets={"url": f"{service.url}/workflows/canary"})
    held = await bot.consult("POST", TICKETS, {"subject": "[click](https://evil.example)"})
    (attachment,) = (await service.next()).json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}  # no Markdown in them
    assert "evil.example" not in str(card)
    (action,) = card["actions"]
    assert action["type"] == "Action.OpenUrl"
    assert action["url"].endswith(f"/console/approvals/{held.approval_id}")


async def test_pagerduty_opens_and_resolves_one_incident(
    control: Control, bot: Gate, people: People, add: Any, service: Receiver
) -> None:
    service.answer = lambda _: web.json_response({"status": "success"}, status=202)
    await add("pagerduty", secrets={"routing_key": KEY})
    held = await bot.consult("POST", REFUNDS, REFUND)
    opened = await service.next()
    assert opened.path == "/v2/enqueue"
    assert (opened.json["event_action"], opened.json["routing_key"]) == ("trigger", KEY)
    assert opened.json["payload"]["severity"] in ("error", "critical")
    assert "5,000" not in str(opened.json)
    await people.deny("alice", str(held.approval_id))
    closed = (await service.next()).json
    assert closed == {"routing_key": KEY, "dedup_key": opened.json["dedup_key"], "event_action": "resolve"}


@pytest.mark.parametrize(
    ("about", "wanted"),
    [
        ({"tier": "T1"}, "warning"),
        ({"tier": "T1", "page": "now"}, "error"),
        ({"tier": "T3", "page": "now"}, "critical"),
        ({"tier": "T0"}, "info"),
    ],
)
def test_severity(about: dict[str, str], wanted: str) -> None:
    assert pagerduty.severity(message(**about)) == wanted


def to(**config: Any) -> Destination:
    given = {"sender": "vienna@example.com", "to": ["a@example.com"], "detail": "action", **config}
    return Destination(id="intg-1", config=given, secrets={})


@pytest.mark.parametrize("detail", ["action", "sentence"])
def test_a_mail_has_the_lines_that_we_gave_it(detail: str) -> None:
    hostile = message(agent=CRLF, action=CRLF, unusual="<b>big</b>", sentence="bot wants ‹<img src=x>›")
    sent = mail.compose(hostile, to(detail=detail), at=datetime(2026, 3, 2, 10, tzinfo=UTC))
    raw = sent.as_bytes()
    assert "Bcc" not in sent
    assert not [line for line in raw.split(b"\r\n") if line.lower().startswith(b"bcc:")]
    assert sent["To"] == "a@example.com"
    assert "vienna.example.com" in sent["List-Id"]
    text, html = sent.iter_parts()
    assert "https://vienna.example/console/approvals/apr-1" in text.get_content()
    page = html.get_content()
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page + text.get_content()


@pytest.fixture
async def mails(add: Any) -> Any:
    async with mailbox() as box:
        config = {
            "host": "127.0.0.1",
            "port": box.port,
            "tls": "none",
            "sender": "vienna@example.com",
            "to": ["a@example.com", "b@example.com"],
        }
        box.id = await add("email", config=config)  # type: ignore[attr-defined]
        yield box


async def test_a_mail_arrives(bot: Gate, mails: Mailbox) -> None:
    held = await bot.consult("POST", TICKETS, {"subject": "x"})
    receivers, came = await mails.next()
    assert receivers == ["a@example.com", "b@example.com"]
    assert came["Subject"].startswith("[Vienna T1] Approval needed: billing-bot wants to do ")
    assert came["Auto-Submitted"] == "auto-generated"
    assert came.get_content_type() == "multipart/alternative"
    assert str(held.approval_id) in came["References"]


@pytest.mark.parametrize(
    ("refuse", "error"),
    [({"MAIL": "550 no"}, "the server answered 550"), ({"RCPT": "451 later"}, "a receiver is refused")],
)
async def test_a_mail_that_is_refused(
    people: People, mails: Mailbox, refuse: dict[str, str], error: str
) -> None:
    mails.refuse = refuse
    _, answer = await people.ask("ada", "POST", f"/integrations/{mails.id}/test")  # type: ignore[attr-defined]
    assert (answer["data"]["ok"], answer["data"]["error"]) == (False, error)


async def test_a_mail_goes_by_tls_that_names_the_server_or_not_at_all(
    control: Control, tmp_path: Path
) -> None:
    context = toy.certificate(tmp_path)
    ours = ssl.create_default_context(cafile=tmp_path / props.CA_FILE)
    guard, now = control.app.notify.guard, control.app.clock.now
    async with mailbox() as box:
        there = to(host="127.0.0.1", port=box.port, tls="starttls", username="")
        with pytest.raises(mail.DeliveryError):  # no STARTTLS is offered: nothing is said in the open
            await mail.Mail(guard, now, plain=False, tls=ours).send(message(), there)
        box.tls = context
        with pytest.raises(mail.DeliveryError):  # a certificate that nobody vouches for
            await mail.Mail(guard, now, plain=False).send(message(), there)
        another = to(host="localhost", port=box.port, tls="starttls", username="")
        with pytest.raises(mail.DeliveryError, match="no connection"):  # it is for another name
            await mail.Mail(guard, now, plain=False, tls=ours).send(message(), another)
        assert box.came.empty()
        await mail.Mail(guard, now, plain=False, tls=ours).send(message(), there)
        await box.next()
        assert box.secured
        with pytest.raises(mail.DeliveryError, match="TLS only"):
            await mail.Mail(guard, now, plain=False).send(message(), to(tls="none"))


async def test_a_kept_password_is_not_carried_to_another_server(people: People, add: Any) -> None:
    config = {
        "host": "127.0.0.1",
        "port": 25,
        "tls": "none",
        "sender": "v@example.com",
        "to": ["a@example.com"],
    }
    made = await add("email", config=config, secrets={"password": "pw-canary"})
    at = f"/integrations/{made}"
    status, answer = await people.ask("oscar", "PATCH", at, {"config": {**config, "port": 2525}})
    assert (status, answer["error"]["message"].split(":")[0]) == (422, "/secrets/password")
    assert (await people.ask("oscar", "PATCH", at, {"config": {**config, "to": ["b@example.com"]}}))[0] == 200


async def test_a_server_that_says_nothing_is_given_up_in_time(control: Control) -> None:
    box = Mailbox()
    never = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    sender = mail.Mail(control.app.notify.guard, control.app.clock.now, plain=True, seconds=0.05)
    with pytest.raises(mail.DeliveryError, match="no connection"):
        await sender.send(message(), to(host="127.0.0.1", port=box.port, tls="none", username=""))
    never.set()
    server.close()
