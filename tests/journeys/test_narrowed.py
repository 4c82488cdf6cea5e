"""People agree to less than was asked for, and to many calls at once: what leaves, and what stands in the trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from harness import laws
from harness.upstream import Upstream
from harness.vienna import Vienna, in_background

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-7", "amount": 5000, "currency": "EUR"}


def test_a_refund_of_5000_is_approved_as_3000(vienna: Vienna, upstream: Upstream) -> None:
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice")
        edited = vienna.vote(approval, "bob", narrowed={"amount": 3000})
        assert edited.json()["data"]["current_approvals"] == 1
        stale = vienna.vote(approval, "alice", otp=None, shown_digest=approval["shown_digest"])
        assert stale.status_code == 409
        assert upstream.received == []
        last = vienna.approve(approval, "alice")
        assert last["status"] == "approved"
        answer = call.result()

    assert answer.status_code == 200, answer.text
    assert answer.headers["vienna-narrowed"] == "amount 5000→3000"
    (sent,) = upstream.received
    assert sent.json == {**REFUND, "amount": 3000}
    intent = vienna.settled(answer.headers["vienna-intent"], "executed")
    (meaning,) = intent["parameters"]
    assert meaning["parameters"]["amount"] == "3000"
    records = laws.check(vienna)
    (issued,) = [row for row in records.warrants if row.intent_id == intent["intent_id"]]
    assert issued.detail["intents"][0]["parameters"]["amount"] == {"$decimal": "3000"}
    told = [row.data for row in records.entries if row.type == "approval_requested"]
    assert [row.get("narrowed") for row in told] == [None, ["amount"]]
    assert len(told[1]["superseded"]) == 1
    assert told[1]["digest"] == issued.detail["intents"][0]["digest"]


def test_the_whole_redeems_nothing_after_that(vienna: Vienna, upstream: Upstream) -> None:
    answer = vienna.call("POST", REFUNDS, json=REFUND, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    (approval,) = vienna.pending()
    assert vienna.vote(approval, "bob", narrowed={"amount": 3000}).is_success
    vienna.approve(approval, "alice")
    rule = {
        "name": "harder",
        "priority": 900,
        "expression": "action == 'create_refund' AND parameters.amount > 2000 EUR",
        "action": {"type": "deny", "reason": "nothing above 2,000 today"},
    }
    made = vienna.post("/policies", **rule)
    refused = vienna.call("POST", REFUNDS, json=REFUND)
    assert (refused.status_code, refused.headers["vienna-reason"]) == (403, "policy_denied")
    assert vienna.api("dora").delete(f"policies/{made['id']}").is_success
    assert upstream.received == []
    laws.check(vienna)


def test_small_refunds_go_under_a_standing_warrant(vienna: Vienna, upstream: Upstream) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    made = vienna.post(
        "/standing",
        "dora",
        action="create_refund",
        agents=[vienna.AGENT],
        target="payments:order/*",
        limits={"amount": {"max": 100}, "order": {}, "reason": {"optional": True}},
        currency="EUR",
        count=2,
        expires_at=ends.isoformat(),
        reason="small refunds are many",
    )
    vienna.approve(made["approval_id"], "alice", "bob")
    for order in ("ORD-1", "ORD-2"):
        answer = vienna.call("POST", REFUNDS, json={"order": order, "amount": 50, "currency": "EUR"})
        assert answer.status_code == 200, answer.text
        vienna.settled(answer.headers["vienna-intent"], "executed")
    third = {"order": "ORD-3", "amount": 50, "currency": "EUR"}
    held = vienna.call("POST", REFUNDS, json=third, headers={"Prefer": "respond-async"})
    assert held.status_code == 202
    one = vienna.get(f"/standing/{made['standing_id']}")
    assert (one["status"], one["left"], len(one["uses"])) == ("used_up", 0, 2)
    records = laws.check(vienna)
    children = {
        row.id: row for row in records.warrants if row.id in {use["warrant_id"] for use in one["uses"]}
    }
    issued = [row.data for row in records.entries if row.data.get("warrant_id") in children]
    named = [row for row in issued if "standing" in row]
    assert [row["standing"] for row in named] == [made["standing_id"]] * 2
    assert all(len(row.claims["approvals"]) == 2 for row in children.values())
