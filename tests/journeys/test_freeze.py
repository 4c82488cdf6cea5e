"""An emergency stop over the real gate: what is held, agreed, streaming or under way ends, and two people lift it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from harness import laws
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}
AGREED = {**REFUND, "order": "ORD-2"}
ORDER = "https://payments.example/v1/orders/ORD-1"
STREAM = "https://payments.example/v1/orders/ORD-9"


def frozen(vienna: Vienna, level: str) -> str:
    body = {"level": level, "tenant": True, "reason": "odd refunds"}
    return str(vienna.post("/freeze", "dora", **body)["freeze_id"])


def lift(vienna: Vienna, freeze_id: str, who: str) -> str:
    return str(vienna.post("/unfreeze", who, freeze_id=freeze_id, reason="looked into")["step"])


def reason(answer: httpx.Response) -> str:
    return answer.headers["vienna-reason"]


@pytest.fixture
def over(upstream: Upstream) -> Iterator[threading.Event]:
    """An upstream with one event of a stream, and no further one before this is set; it does nothing else so long."""
    over = threading.Event()

    def events() -> Iterator[bytes]:
        yield b"data: one\n\n"
        over.wait(60)

    headers = {"Content-Type": "text/event-stream"}
    upstream.answer("GET", "/v1/orders/ORD-9", Answer(headers=headers, chunks=events()))
    yield over
    over.set()


def test_what_is_held_agreed_or_streaming_stops_and_two_people_lift_it(
    vienna: Vienna, upstream: Upstream, over: threading.Event
) -> None:
    approval = vienna.hung_up("POST", REFUNDS, json=AGREED)
    vienna.approve(approval, "alice", "bob")
    with (
        vienna.agent() as client,
        client.stream("GET", STREAM) as stream,
        in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as held,
    ):
        came = stream.iter_raw()
        assert next(came) == b"data: one\n\n"
        vienna.pending()
        freeze_id = frozen(vienna, "quarantine")
        answer = held.result()
        with pytest.raises(httpx.RemoteProtocolError):
            next(came)
    over.set()
    assert (answer.status_code, reason(answer)) == (403, "frozen")
    assert "tell your user" in answer.text
    assert reason(vienna.call("POST", REFUNDS, json=AGREED)) == "frozen", "agreed to, and not redeemed"
    assert reason(vienna.call("GET", ORDER)) == "frozen"
    assert [one.target for one in upstream.received] == ["/v1/orders/ORD-9"]

    assert lift(vienna, freeze_id, "dora") == "second_person_needed"
    assert reason(vienna.call("GET", ORDER)) == "frozen"
    assert lift(vienna, freeze_id, "dirk") == "done"
    until("the end of it", lambda: vienna.call("GET", ORDER).status_code == 200)
    with in_background(lambda: vienna.call("POST", REFUNDS, json=AGREED)) as anew:
        (approval,) = vienna.pending()  # nothing of what was agreed comes back
        vienna.deny(approval, "alice", "no")
        assert reason(anew.result()) == "approval_denied"
    laws.check(vienna)


def test_kill_cuts_off_what_is_under_way_and_holds_without_the_control_plane(
    vienna: Vienna, upstream: Upstream
) -> None:
    answering = threading.Event()

    def late(_: object) -> Answer:
        answering.wait(60)
        return Answer.json({"id": "re_1", **REFUND})

    upstream.answer("POST", "/v1/refunds", late)
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        vienna.approve(*vienna.pending(), "alice", "bob")
        upstream.wait_for(1)
        freeze_id = frozen(vienna, "kill")
        answer = call.result()
    answering.set()
    assert reason(answer) == "frozen"
    assert "may have acted" in answer.text
    vienna.control.kill()
    assert reason(vienna.call("GET", ORDER)) == "frozen"
    vienna.start_control()
    assert reason(vienna.call("GET", ORDER)) == "frozen"
    assert len(upstream.received) == 1

    for who in ("dora", "dirk"):
        lift(vienna, freeze_id, who)
    until("the gate is back", lambda: vienna.call("GET", ORDER).status_code == 200)
    (refund,) = (row for row in vienna.intents() if row["action"] == "create_refund")
    vienna.settled(refund["intent_id"], "unknown")
    laws.check(vienna)
