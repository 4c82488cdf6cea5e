"""One call through the gate, against a control plane that says anything: only a yes that holds lets it go."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness.upstream import Answer, Upstream
from harness.vienna import until
from vienna_kernel import wire
from vienna_kernel.signing import SigningKey
from vienna_kernel.verdict import Reason
from vienna_kernel.warrant.terms import Meaning
from vienna_proxy.link.channel import ANSWER_SECONDS

ORDER = "https://payments.example/v1/orders/O-1"
TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


def later(work: Any) -> Future[httpx.Response]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def test_a_grant_lets_exactly_the_judged_call_go(gate, control, upstream: Upstream) -> None:
    headers = {"Authorization": "Bearer sk-secret", "Vienna-Intent": "forged", "Signature": "s"}
    answer = gate.call("POST", TICKETS, json={"subject": "hello"}, headers=headers)

    assert answer.status_code == 201
    assert answer.headers["vienna-decision"] == "granted"
    assert answer.headers["vienna-warrant-id"].startswith("wrt-att-")
    (seen,) = upstream.received
    assert seen.json == {"subject": "hello"}
    assert seen.header("authorization") == "Bearer sk-secret"
    assert seen.header("content-length") == str(len(seen.body))
    names = {name.lower() for name, _ in seen.headers}
    assert not names & {"vienna-intent", "signature", "transfer-encoding", "connection", "proxy-connection"}
    (consult,) = control.heard(wire.Consult)
    assert "sk-secret" not in consult.model_dump_json()
    assert consult.intents[0]["action"] == "create_ticket"
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.status, outcome.result) == (201, "match")
    assert outcome.attempt == consult.attempt


def test_chunks_are_framed_anew(gate, upstream: Upstream) -> None:
    def parts():
        yield b'{"subject": '
        yield b'"in parts"}'

    answer = gate.call("POST", TICKETS, content=parts(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    assert upstream.received[0].header("transfer-encoding") is None
    assert upstream.received[0].header("content-length") == "23"


def test_the_upstream_cannot_speak_for_us(gate, upstream: Upstream) -> None:
    forged = {"Vienna-Decision": "denied", "x-vienna-x": "1", "Signature-Input": "x", "Alt-Svc": 'h3=":443"'}
    upstream.answer("GET", "/v1/orders/*", Answer(200, b"{}", forged))
    answer = gate.call("GET", ORDER)
    assert answer.headers.get_list("vienna-decision") == ["granted"]
    assert not {"x-vienna-x", "signature-input", "alt-svc"} & set(answer.headers)


LIES = {
    "another key": {"key": SigningKey.generate_from(os.urandom(32))},
    "another request": {"request_digest": "sha256:" + "0" * 64},
    "another agent": {"subject": "somebody-else"},
    "another sidecar": {"holder_jkt": "x" * 43},
    "another upstream": {"audience": "https://elsewhere.example"},
    "another issuer": {"issuer": "http://elsewhere.test"},
    "another action": {"meanings": (Meaning("get_order", "x", {}, "sha256:0"),)},
    "an observation": {"observed": True},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_yes_with_a_warrant_that_does_not_hold_is_no(gate, control, upstream: Upstream, lie: str) -> None:
    def script(fake, frame):
        return fake.granted(frame, **LIES[lie]) if isinstance(frame, wire.Consult) else fake.grants(frame)

    control.script = script
    answer = gate.call("POST", TICKETS, json={"subject": "s"})

    assert answer.status_code == 403
    assert answer.headers["vienna-reason"].startswith("warrant_")
    assert upstream.connections == 0
    (outcome,) = control.wait_for(wire.Outcome)  # its warrant is spent, and it never left
    assert (outcome.status, outcome.result, outcome.unknown) == (None, "failed", False)


def test_a_yes_without_a_warrant_is_no(gate, control, upstream: Upstream) -> None:
    control.script = lambda fake, frame: wire.Decision(id=frame.id, verdict="granted", intent_id="int-1")
    assert gate.call("POST", TICKETS, json={"subject": "s"}).status_code == 403
    assert upstream.connections == 0


def test_a_warrant_moves_one_call_only(gate, control, upstream: Upstream) -> None:
    first: list[wire.Decision] = []

    def script(fake, frame):
        if not isinstance(frame, wire.Consult):
            return fake.grants(frame)
        first.append(fake.granted(frame))
        return first[0]

    control.script = script
    assert gate.call("POST", TICKETS, json={"subject": "s"}).status_code == 201
    again = gate.call("POST", TICKETS, json={"subject": "s"})
    assert again.headers["vienna-reason"] == "warrant_consumed"
    assert len(upstream.received) == 1


def test_observed_only_where_the_signed_bundle_says_so(own_gate, gate, control, upstream: Upstream) -> None:
    def script(fake, frame):
        if not isinstance(frame, wire.Consult):
            return fake.grants(frame)
        return fake.granted(frame, verdict="observed", observed=True)

    control.script = script
    assert gate.call("POST", TICKETS, json={"subject": "s"}).headers["vienna-reason"] == "warrant_observed"
    assert upstream.connections == 0
    control.rung = "observe"
    try:
        answer = own_gate().call("POST", TICKETS, json={"subject": "s"})
    finally:
        control.rung = "enforce"
    assert (answer.status_code, answer.headers["vienna-decision"]) == (201, "observed")


def test_a_no_is_told_so_that_clients_show_it(gate, control, upstream: Upstream) -> None:
    control.script = lambda fake, frame: fake.refused(
        frame, hint="agents may not refund more than 10,000", rule="refund-gate"
    )
    answer = gate.call("POST", REFUNDS, json=REFUND)

    assert (answer.status_code, answer.reason_phrase) == (
        403,
        "Denied by Vienna: agents may not refund more than 10,000",
    )
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-should-retry"] == answer.headers["stripe-should-retry"] == "false"
    body = answer.json()
    assert body["type"] == "urn:vienna:problem:policy-denied"
    assert body["error"]["message"] == body["message"] == body["errors"][0]["message"] == body["detail"]
    assert (body["rule"], body["retryable"]) == ("refund-gate", False)
    page = gate.call("POST", REFUNDS, json=REFUND, headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert upstream.connections == 0


def test_silence_is_no_within_two_seconds(gate, control, upstream: Upstream) -> None:
    control.script = lambda fake, frame: None
    answer = gate.call("POST", TICKETS, json={"subject": "s"})
    assert (answer.status_code, answer.headers["vienna-reason"]) == (503, "control_unavailable")
    assert answer.headers["retry-after"]
    assert ANSWER_SECONDS < 1.9
    assert upstream.connections == 0


def test_a_yes_that_comes_too_late_is_told_as_never_sent(gate, control, upstream: Upstream) -> None:
    refused = asyncio.Event()

    async def slow(fake, frame):
        await refused.wait()
        return fake.granted(frame)

    control.script = lambda fake, frame: (
        slow(fake, frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    assert gate.call("POST", TICKETS, json={"subject": "s"}).status_code == 503
    control.set(refused)
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.status, outcome.unknown, outcome.result) == (None, False, "failed")
    assert upstream.connections == 0


def test_a_fault_is_no(gate, control, upstream: Upstream) -> None:
    control.script = lambda fake, frame: wire.Fault(
        id=frame.id, reason=Reason.AUDIT_UNAVAILABLE, detail="disk full"
    )
    answer = gate.call("POST", TICKETS, json={"subject": "s"})
    assert (answer.status_code, answer.headers["vienna-reason"]) == (503, "audit_unavailable")
    assert upstream.connections == 0


def test_a_changed_bundle_is_fetched_and_the_call_read_again(gate, control) -> None:
    def script(fake, frame):
        if isinstance(frame, wire.Consult) and frame.bundle != "sha256:two":
            fake.digest = "sha256:two"
            return wire.Fault(id=frame.id, reason=Reason.CONTROL_UNAVAILABLE, detail="the bundle changed")
        return fake.grants(frame)

    control.script = script
    assert gate.call("GET", ORDER).status_code == 200
    assert [one.bundle for one in control.heard(wire.Consult)][-1] == "sha256:two"


def test_what_cannot_be_mapped_never_reaches_anyone(gate, control, upstream: Upstream) -> None:
    bad = [
        (b"{", "application/json"),
        (b'{"subject": "a", "subject": "b"}', "application/json"),
        (b'{"subject": "a", "secret_field": 1}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 5000 + b"]" * 5000, "application/json"),
    ]
    for body, kind in bad:
        answer = gate.call("POST", TICKETS, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 400, (body, answer.text)
    assert control.heard(wire.Consult) == []
    assert upstream.connections == 0


def test_localhost_is_refused_before_anyone_is_asked(gate, control) -> None:
    assert gate.call("GET", "http://localhost:1/x").headers["vienna-reason"] == "address_refused"
    assert control.heard(wire.Consult) == []


def test_nobody_at_the_upstream(own_gate, control, upstream: Upstream) -> None:
    answer = own_gate(resolve={"nobody.example": "127.0.0.1:1"}).call("GET", "http://nobody.example/x")
    assert answer.headers["vienna-reason"] == "upstream_unreachable"
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.unknown, outcome.result) == (False, "failed")


# What comes back


def test_drift_is_withheld(gate, control, upstream: Upstream) -> None:
    upstream.answer(
        "POST", "/v1/refunds", Answer.json({**REFUND, "id": "R", "amount": "9999.00", "status": "succeeded"})
    )
    answer = gate.call("POST", REFUNDS, json=REFUND)
    assert (answer.status_code, answer.headers["vienna-reason"]) == (403, "response_drift")
    assert answer.reason_phrase.startswith("Withheld by Vienna")
    assert "9999" not in answer.text
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "drift"


def test_the_control_plane_may_withhold(gate, control) -> None:
    def script(fake, frame):
        return (
            wire.Recorded(id=frame.id, withhold=True, hint="quarantined")
            if isinstance(frame, wire.Outcome)
            else fake.grants(frame)
        )

    control.script = script
    answer = gate.call("GET", ORDER)
    assert answer.status_code == 403
    assert "quarantined" in answer.text


def test_no_answer_before_its_outcome_is_recorded(gate, control) -> None:
    recorded = threading.Event()

    async def slow(fake, frame):
        await asyncio.sleep(0.3)
        recorded.set()
        return wire.Recorded(id=frame.id)

    control.script = lambda fake, frame: (
        slow(fake, frame) if isinstance(frame, wire.Outcome) else fake.grants(frame)
    )
    assert gate.call("GET", ORDER).status_code == 200
    assert recorded.is_set()


def test_an_outcome_that_nobody_hears_is_spooled_and_delivered(own_gate, control) -> None:
    gate = own_gate()

    def deaf(fake, frame):
        return None if isinstance(frame, wire.Outcome) else fake.grants(frame)

    control.script = deaf
    assert gate.call("GET", ORDER).status_code == 200
    spool = gate.folder / "state" / "spool"
    assert len(list(spool.glob("*.json"))) == 1
    gate.process.kill()
    control.frames.clear()
    control.script = type(control).grants
    gate.start()
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.status == 200
    until("the spool to be empty", lambda: not list(spool.glob("*.json")))


def test_a_caller_who_hangs_up_too_late_still_leaves_an_outcome(gate, control, upstream: Upstream) -> None:
    """At whatever moment after its call left: one of these finds the gate still busy with what it said."""
    for count in range(1, 11):
        with upstream.waits("POST", "/v1/tickets", Answer.json({"id": "T-1", "subject": "s"}, 201)):
            with gate.leaving("POST", TICKETS, json={"subject": "s"}):
                upstream.wait_for(count)
            gate.notices()
        outcome = control.wait_for(wire.Outcome, count)[-1]
        assert (outcome.status, outcome.unknown, outcome.agent_gone) == (201, False, True)


def test_a_stream_that_breaks_is_an_outcome(gate, control, upstream: Upstream) -> None:
    events = [(None, {"n": n}) for n in range(50)]
    answer = Answer.sse(events)
    answer.abort_after = 60
    upstream.answer("GET", "/v1/stream", answer)
    with gate.client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("https://payments.example/v1/stream")
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.result, outcome.error) == ("ambiguous", Reason.RESPONSE_INVALID)


def test_a_gate_killed_in_a_stream_tells_so_when_it_is_back(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate()
    upstream.answer("GET", "/v1/stream", Answer.sse([(None, "x")] * 1000, gap=0.1))
    with gate.client() as client, client.stream("GET", "https://payments.example/v1/stream") as answer:
        parts = answer.iter_raw()  # kept: when it goes, the connection goes
        next(parts)
        gate.process.kill()
    gate.start()
    outcomes = control.wait_for(wire.Outcome)
    assert [(one.status, one.unknown) for one in outcomes] == [(200, True)]


def test_large_answers_pass(gate, control, upstream: Upstream) -> None:
    big = os.urandom(1024) * 5000
    upstream.answer("GET", "/v1/large", Answer(200, big))
    assert gate.call("GET", "https://payments.example/v1/large").content == big
    upstream.answer("GET", "/v1/chunks", Answer(200, chunks=[big[:1_000_000]] * 5))
    assert len(gate.call("GET", "https://payments.example/v1/chunks").content) == 5_000_000
    outcomes = control.wait_for(wire.Outcome, 2)
    assert [one.response_bytes for one in outcomes] == [len(big), 5_000_000]


def test_what_must_be_verified_and_is_too_large_is_withheld(gate, control, upstream: Upstream) -> None:
    upstream.answer("POST", "/v1/refunds", Answer(200, chunks=[b" " * 1_000_000] * 12))
    answer = gate.call("POST", REFUNDS, json=REFUND)
    assert answer.headers["vienna-reason"] == "response_invalid"
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "ambiguous"


def test_an_idempotency_key_is_added_where_the_api_has_one(gate, control, upstream: Upstream) -> None:
    gate.call(
        "POST",
        "https://api.stripe.com/v1/refunds",
        data={"charge": "ch_1", "amount": "500"},
        headers={"Authorization": "Bearer sk_test_secret"},
    )
    sent = upstream.to("POST", "/v1/refunds")
    assert sent, [frame.model_dump() for frame in control.frames][-3:]
    consults = control.heard(wire.Consult)
    assert sent[0].header("idempotency-key") == f"int-{consults[1].fingerprint[7:19]}"
    # what the mapping had to look up was a call of its own: asked about, warranted, recorded
    (looked_up,) = upstream.to("GET", "/v1/charges/ch_1")
    assert looked_up.header("authorization") == "Bearer sk_test_secret"
    # and so is the read of what became of it
    assert [one.call.method for one in consults[:2]] == ["GET", "POST"]
    # each has its outcome, and the refund one more with what was read
    assert len(control.wait_for(wire.Outcome, 4)) == 4


# Held


def held_then(control, approvals: list[Any]) -> None:
    """First asked: held; later: the next of ``approvals``."""
    asked: list[wire.Consult] = []

    def script(fake, frame):
        if not isinstance(frame, wire.Consult):
            return fake.grants(frame)
        asked.append(frame)
        return (
            fake.held(frame)
            if len(asked) == 1
            else approvals[min(len(asked) - 2, len(approvals) - 1)](fake, frame)
        )

    control.script = script


def test_a_held_call_is_answered_when_people_said_yes(gate, control, upstream: Upstream) -> None:
    held_then(control, [lambda fake, frame: fake.granted(frame)])
    call = later(lambda: gate.call("POST", REFUNDS, json=REFUND, seconds=4))  # less than it will take
    (first,) = control.wait_for(wire.Consult)
    time.sleep(4.5)
    assert not call.done(), call.result()
    control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
    assert call.result(40).status_code == 200
    second = control.heard(wire.Consult)[1]
    assert (second.fingerprint, second.attempt != first.attempt) == (first.fingerprint, True)
    assert [seen.method for seen in upstream.received].count("POST") == 1  # a read-back may follow


def test_a_held_call_survives_a_control_plane_that_goes_and_comes(gate, control, upstream: Upstream) -> None:
    held_then(control, [lambda fake, frame: fake.granted(frame)])
    call = later(lambda: gate.call("POST", REFUNDS, json=REFUND))
    control.wait_for(wire.Consult)
    control.shut()
    time.sleep(1)
    control.open()
    assert call.result(40).status_code == 200
    assert [seen.method for seen in upstream.received].count("POST") == 1


def test_a_hold_ends_in_a_pending_answer(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(hold={"max_seconds": 1.0})
    control.script = lambda fake, frame: fake.held(frame)
    answer = gate.call("POST", REFUNDS, json=REFUND)
    assert (answer.status_code, answer.headers["vienna-decision"]) == (403, "pending")
    assert answer.headers["retry-after"]
    assert answer.headers["location"].startswith("http://vienna.internal/intents/int-")
    assert answer.headers["vienna-approval"] == "apr-1"
    assert answer.json()["retryable"] is True
    assert answer.headers["x-should-retry"] == "false"
    assert upstream.connections == 0


def test_callers_who_prefer_not_to_wait(gate, control) -> None:
    control.script = lambda fake, frame: fake.held(frame)
    told = gate.call("POST", REFUNDS, json=REFUND, headers={"Prefer": "respond-async"})
    assert (told.status_code, told.headers["preference-applied"]) == (202, "respond-async")
    began = time.monotonic()
    assert gate.call("POST", REFUNDS, json=REFUND, headers={"Prefer": "wait=1"}).status_code == 403
    assert time.monotonic() - began > 0.9


def test_a_caller_who_hangs_up_is_told_about(gate, control) -> None:
    control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    with gate.leaving("POST", REFUNDS, json=REFUND):
        control.wait_for(wire.Consult)
    (gone,) = control.wait_for(wire.Gone)
    assert gone.approval_id == "apr-1"


def test_a_wake_that_changes_nothing_is_asked_about_once(gate, control) -> None:
    control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    call = later(lambda: gate.call("POST", REFUNDS, json=REFUND, headers={"Prefer": "wait=2"}))
    control.wait_for(wire.Consult)
    control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
    assert call.result(40).headers["vienna-decision"] == "pending"
    assert len(control.heard(wire.Consult)) == 2


def test_too_many_held(own_gate, control) -> None:
    control.held_most = 1
    try:
        gate = own_gate()
    finally:
        control.held_most = 100
    control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    first = later(lambda: gate.call("POST", REFUNDS, json=REFUND))
    control.wait_for(wire.Consult)
    second = gate.call("POST", REFUNDS, json={**REFUND, "amount": "1"})
    assert (second.status_code, second.headers["vienna-reason"]) == (429, "too_many_held")
    control.script = lambda fake, frame: fake.refused(frame)
    control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
    assert first.result(40).status_code == 403


# Presented warrants


def test_presented_warrants(gate, control, upstream: Upstream) -> None:
    tokens: list[str] = []

    def script(fake, frame):
        if isinstance(frame, wire.Consult):
            decision = fake.granted(frame)
            tokens.append(decision.warrant or "")
            return decision
        return fake.grants(frame)

    control.script = script
    assert gate.call("POST", REFUNDS, json=REFUND).status_code == 200
    control.frames.clear()
    told = gate.call(
        "POST", REFUNDS, json={**REFUND, "amount": "9000.00"}, headers={"Vienna-Warrant": tokens[0]}
    )
    assert told.headers["vienna-reason"] == "warrant_request"
    assert "outside the warrant" in told.text
    assert "already used" in told.text
    (report,) = control.wait_for(wire.Report)
    assert (report.events[0].severity, report.events[0].reason) == ("critical", Reason.WARRANT_REQUEST)
    again = gate.call("POST", REFUNDS, json=REFUND, headers={"Vienna-Warrant": tokens[0]})
    assert again.headers["vienna-reason"] == "warrant_consumed"
    forged = tokens[0][:-8] + "AAAAAAAA"
    assert gate.call("POST", REFUNDS, json=REFUND, headers={"vienna-warrant": forged}).status_code == 403
    assert control.wait_for(wire.Report, 3)[-1].events[0].severity == "critical"
    assert len(upstream.received) == 1
    assert control.heard(wire.Consult) == []


# vienna.internal


def test_the_gate_answers_for_itself(gate, control, upstream: Upstream) -> None:
    with gate.client() as client:
        assert "waits for a person" in client.get("http://vienna.internal/").text
        assert client.get("https://vienna.internal/ca.pem").text == control.ca.pem
        told = client.get(
            "http://vienna.internal/intents/int-1/wait?timeout=1", headers={"Authorization": "Bearer mine"}
        )
        assert told.json()["data"]["path"] == "/api/v1/intents/int-1/wait"
        assert client.post("http://vienna.internal/api/v1/agent/intent", json={}).status_code == 200
        for path in ("/api/v1/approvals", "/api/v1/approvals/apr-1/approve", "/api/v1/sidecars/bundle", "/x"):
            assert client.post(f"http://vienna.internal{path}").status_code == 404
    assert control.internal[0][1:] == ("/api/v1/intents/int-1/wait?timeout=1", control.internal[0][2])
    assert "mine" not in control.internal[0][2]
    assert len(control.internal) == 2
    assert control.heard(wire.Consult) == []


# The log


def test_no_secret_in_the_log(gate, control) -> None:
    secret = "canary-7c1e"
    headers = {"Authorization": f"Bearer {secret}", "X-Api-Key": secret}
    gate.call("POST", TICKETS, json={"subject": secret}, headers=headers)
    gate.call("POST", f"https://payments.example/x?key={secret}", json={"subject": secret}, headers=headers)
    gate.raw(
        b"GET http://payments.example/ HTTP/1.1\r\nAuthorization: " + secret.encode() + b"\r\n folded\r\n\r\n"
    )
    gate.raw(b"BAD " + secret.encode() + b"\r\n\r\n")
    lines = [json.loads(line) for line in gate.log().splitlines() if line.startswith("{")]
    assert any(line["event"] == "call" and line["actions"] == ["create_ticket"] for line in lines)
    assert secret not in gate.log()
    control.wait_for(wire.Report)
    assert secret not in "".join(frame.model_dump_json() for frame in control.heard(wire.Report))
