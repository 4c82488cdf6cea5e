"""Twilio by its official client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twilio.rest import Client

from harness.standin import Answer, Asked, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, read, rejoined, through, verified

SID = "AC" + "0" * 32
BASE = f"/2010-04-01/Accounts/{SID}"


def thing(asked: Asked) -> dict[str, Any]:
    """An object as Twilio shows it: what was said of it, in snake case."""
    form = asked.form
    return {
        "sid": asked.vars.get("sid", "SM1"),
        "account_sid": SID,
        "to": form.get("To"),
        "from": form.get("From"),
        "status": form.get("Status", "queued"),
        "phone_number": form.get("PhoneNumber"),
        "sms_url": form.get("SmsUrl"),
        "voice_url": form.get("VoiceUrl"),
        "body": form.get("Body"),
        "uri": asked.path,
        "subresource_uris": {},
    }


ANSWERS = [
    Answer("GET", "/2010-04-01/{path+}", 200, {"messages": [{"sid": "SM1"}], "next_page_uri": None}),
    Answer("POST", f"{BASE}.json", 200, lambda asked: {**thing(asked), "sid": SID}),
    Answer("POST", f"{BASE}/IncomingPhoneNumbers/{{sid}}.json", 200, thing),
    Answer("POST", f"{BASE}/{{kind}}.json", 201, thing),
    Answer("POST", f"{BASE}/{{kind}}/{{sid}}.json", 200, thing),
    Answer("DELETE", f"{BASE}/{{path+}}", 204, b""),
]


@pytest.fixture
def api() -> Iterator[Standin]:
    with Standin("api.twilio.com", ANSWERS) as standin, through(standin):
        yield standin


def calls(api: Standin) -> Iterator[tuple[str, str, str, dict[str, Any], Any]]:
    """Action, tier, summary, parameters, and the client's own call of it."""
    twilio = Client(SID, "t0ken")
    numbers = twilio.incoming_phone_numbers
    yield (
        "send_sms",
        "T1",
        "Send a text message to +4366012345: Hello",
        {"to": "+4366012345", "sender": "+431", "text": "Hello"},
        lambda: twilio.messages.create(to="+4366012345", from_="+431", body="Hello"),
    )
    yield (
        "make_call",
        "T2",
        "Call +4366012345 and do what is said by https://x.example/t",
        {"url": "https://x.example/t"},
        lambda: twilio.calls.create(to="+4366012345", from_="+431", url="https://x.example/t"),
    )
    yield (
        "buy_number",
        "T2",
        "Buy the number +432",
        {"number": "+432"},
        lambda: numbers.create(phone_number="+432"),
    )
    yield (
        "configure_number",
        "T2",
        "Send what comes to number PN1 to https://x.example/s",
        {"sms_url": "https://x.example/s"},
        lambda: numbers("PN1").update(sms_url="https://x.example/s"),
    )
    yield (
        "release_number",
        "T2",
        "Give back the number PN1",
        {"sid": "PN1"},
        lambda: numbers("PN1").delete(),
    )
    yield (
        "update_twilio_account",
        "T3",
        f"Account {SID}: closed",
        {"status": "closed"},
        lambda: twilio.api.v2010.accounts(SID).update(status="closed"),
    )
    yield ("create_twilio_key", "T2", f"Issue a key of account {SID}", {}, lambda: twilio.new_keys.create())
    yield (
        "twilio_write",
        "T2",
        f"Write Accounts/{SID}/Queues.json of Twilio",
        {},
        lambda: twilio.queues.create("q"),
    )
    yield (
        "twilio_delete",
        "T2",
        f"Delete Accounts/{SID}/Queues/QU1.json of Twilio",
        {},
        lambda: twilio.queues("QU1").delete(),
    )
    yield (
        "twilio_read",
        "T0",
        f"Read Accounts/{SID}/Messages.json of Twilio",
        {},
        lambda: twilio.messages.list(limit=1),
    )


def test_every_named_action_by_the_clients_own_call(api: Standin) -> None:
    for action, tier, summary, parameters, call in calls(api):
        call()
        unknown = read(api.last).unknown
        assert not unknown or action in ("twilio_write", "twilio_delete"), (action, unknown)
        expect(api.last, action=action, tier=tier, summary=summary, parameters=parameters, unknown=unknown)
        assert verified(api.last).result in (Result.MATCH, Result.UNVERIFIABLE), (action, verified(api.last))


def test_a_message_to_someone_else_is_drift_and_one_that_failed_has_failed(api: Standin) -> None:
    Client(SID, "t").messages.create(to="+4366012345", from_="+431", body="Hello")
    good = {"sid": "SM1", "to": "+4366012345", "from": "+431", "status": "queued"}
    for change, result in (
        ({}, Result.MATCH),
        ({"to": "+1900"}, Result.DRIFT),
        ({"from": "+999"}, Result.DRIFT),
        ({"status": "failed"}, Result.FAILED),
    ):
        assert verified(api.last, answer=Answer("", "", 201, {**good, **change})).result is result, change


def test_several_pictures_are_one_list(api: Standin) -> None:
    urls = ["https://x.example/1", "https://x.example/2"]
    Client(SID, "t").messages.create(to="+43", from_="+431", media_url=urls)
    expect(api.last, action="send_sms", parameters={"media": urls})


def test_two_tries_are_one_call(api: Standin) -> None:
    for _ in range(2):
        Client(SID, "t").messages.create(to="+43", from_="+431", body="x")
    rejoined(*api.calls)
