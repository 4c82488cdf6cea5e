"""SendGrid by its official client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sendgrid
from sendgrid.helpers import mail

from harness.standin import Answer, Asked, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, expect_refused, read, through, verified


def echo(asked: Asked) -> Any:
    return asked.json if asked.body else {}


ANSWERS = [
    Answer("POST", "/v3/mail/send", 202, b"", {"X-Message-Id": "m1"}),
    Answer("PUT|DELETE", "/v3/marketing/contacts", 202, {"job_id": "j1"}),
    Answer("POST", "/v3/marketing/contacts/exports", 202, {"id": "e1"}),
    Answer(
        "POST", "/v3/api_keys", 201, lambda asked: {**asked.json, "api_key_id": "k1", "api_key": "SG.secret"}
    ),
    Answer("PUT", "/v3/marketing/singlesends/{id}/schedule", 201, echo),
    Answer("*", "*", 200, echo),
]


@pytest.fixture
def api() -> Iterator[Standin]:
    with Standin("api.sendgrid.com", ANSWERS) as standin, through(standin):
        yield standin


def client() -> Any:
    return sendgrid.SendGridAPIClient("SG.key")


def message(**more: Any) -> mail.Mail:
    facts = {
        "from_email": "bot@shop.example",
        "to_emails": "eve@X.example",
        "subject": "Hi",
        "html_content": "<p>x</p>",
    }
    return mail.Mail(**{**facts, **more})


def test_a_mail(api: Standin) -> None:
    client().send(message())
    found = expect(
        api.last,
        action="send_email",
        tier="T1",
        effect="send",
        target="sendgrid:mail/bot@shop.example",
        parameters={"to": ["eve@x.example"], "recipient_count": 1, "domains": ["x.example"], "subject": "Hi"},
        summary='Send mail to ["eve@x.example"]: Hi',
    )
    assert found.intents[0].blast_radius == 1
    assert "<p>" not in str(found.shown_body)
    # 202 says that it was accepted, not that it was sent
    assert verified(api.last).result is Result.UNVERIFIABLE


def test_every_recipient_is_counted_wherever_it_stands(api: Standin) -> None:
    sent = message(to_emails=["a@x.example", "b@y.example"], is_multiple=True)
    sent.add_cc("c@x.example")
    sent.add_bcc("d@evil.example")
    client().send(sent)
    found = expect(
        api.last,
        action="send_email",
        parameters={
            "recipients": ["b@y.example", "a@x.example", "c@x.example", "d@evil.example"],
            "domains": ["evil.example", "x.example", "y.example"],
            "recipient_count": 4,
        },
    )
    assert found.intents[0].blast_radius == 4


def test_a_mail_with_all_that_the_client_knows(api: Standin) -> None:
    sent = message(to_emails=mail.To("eve@x.example", "Eve"), html_content=None)
    sent.template_id = "d-1"
    sent.dynamic_template_data = {"name": "Eve"}
    sent.attachment = mail.Attachment("aGk=", "a.txt", "text/plain", "attachment")
    sent.reply_to = mail.ReplyTo("desk@shop.example", "Desk")
    sent.category = [mail.Category("news")]
    sent.custom_arg = mail.CustomArg("k", "v")
    sent.send_at = mail.SendAt(1790000000)
    sent.mail_settings = mail.MailSettings(sandbox_mode=mail.SandBoxMode(True))
    client().send(sent)
    found = expect(
        api.last,
        action="send_email",
        parameters={"attachments": ["a.txt"], "template": "d-1", "reply_to": "desk@shop.example"},
    )
    assert "Eve" not in str(found.shown_body)
    assert "aGk=" not in str(found.shown_body)


def test_what_nobody_declared_does_not_leave(api: Standin) -> None:
    body = message().get()
    for extra in (
        {"recipients": [{"email": "evil@x.example"}]},
        {"personalizations": [{"to": [{"email": "a@x.example", "cc": "evil@x.example"}]}]},
        {"personalizations": [{"to": [{"email": "a@x.example"}], "To": [{"email": "evil@x.example"}]}]},
    ):
        client().client.mail.send.post(request_body={**body, **extra})
        expect_refused(api.last, "unknown_parameter")


@pytest.mark.parametrize(
    ("way", "method", "asked", "action", "tier", "summary"),
    [
        ("marketing/contacts", "put", {"contacts": [{"email": "a@x.example"}] * 3}, "import_contacts", "T1", "Add or change 3 contacts"),
        ("marketing/contacts?delete_all_contacts=true", "delete", None, "delete_contacts", "T2", "Delete contacts not given (all: true)"),
        ("marketing/contacts/exports", "post", {"list_ids": ["l1"]}, "export_contacts", "T2", 'Export contacts of ["l1"]'),
        ("marketing/singlesends/s1/schedule", "put", {"send_at": "now"}, "send_campaign", "T2", "Send campaign s1 at now"),
        ("api_keys", "post", {"name": "k", "scopes": ["mail.send"]}, "create_sendgrid_key", "T2", 'Issue an API key for ["mail.send"]'),
        ("user/scheduled_sends", "post", {"batch_id": "b", "status": "pause"}, "schedule_email", "T2", "Mail of batch b: pause"),
        ("templates", "post", {"name": "t"}, "sendgrid_write", "T2", "Write templates of SendGrid"),
        ("templates/t1", "delete", None, "sendgrid_delete", "T2", "Delete templates/t1 of SendGrid"),
        ("stats", "get", None, "sendgrid_read", "T0", "Read stats of SendGrid"),
    ],
)  # fmt: skip
def test_the_rest(
    api: Standin, way: str, method: str, asked: Any, action: str, tier: str, summary: str
) -> None:
    path, _, query = way.partition("?")
    call = client().client._(path)
    getattr(call, method)(
        request_body=asked, query_params=dict(pair.split("=") for pair in query.split("&") if pair)
    )
    unknown = read(api.last).unknown
    assert not unknown or action == "sendgrid_write", unknown
    expect(api.last, action=action, tier=tier, summary=summary, unknown=unknown)
    assert verified(api.last).result in (Result.MATCH, Result.UNVERIFIABLE)


def test_a_key_with_more_rights_than_were_approved_is_drift(api: Standin) -> None:
    client().client.api_keys.post(request_body={"name": "k", "scopes": ["mail.send"]})
    answer = Answer("", "", 201, {"name": "k", "scopes": ["mail.send", "user.profile.update"]})
    assert verified(api.last, answer=answer).result is Result.DRIFT
