"""What is shown of a call: what it was taken for, what became of it here and would in prod, and nothing secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vienna_cli.seen import Seen, lines, summary
from vienna_kernel.approval.requirements import Requirements

TWO = Requirements(count=2, groups=("finance",), mfa=True).to_json()
CANARY = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"


def intent(**changes: Any) -> dict[str, Any]:
    """As ``GET /intents/{id}`` tells a refund that passed."""
    parameters = changes.pop("parameters", {"amount": "50", "currency": "EUR"})
    decision = {"outcome": changes.pop("outcome", "proceed"), "requirements": changes.pop("asked", None)}
    status = changes.pop("http_status", 200)
    return {
        "intent_id": "int-1",
        "created_at": "2026-03-02T10:00:00.000Z",
        "method": "POST",
        "host": "api.stripe.com",
        "url": "https://api.stripe.com/v1/refunds",
        "action": "create_refund",
        "target": "stripe:charge/ch_1",
        "risk_tier": "T2",
        "status": "executed",
        "would": None,
        "rule": "refunds",
        "reason": None,
        "parameters": [{"parameters": parameters, "redacted": changes.pop("redacted", [])}],
        "approval": changes.pop("approval", None),
        "execution": {"http_status": status} if status else None,
        "decision": decision,
        **changes,
    }


def votes(*people: str) -> dict[str, Any]:
    return {"votes": [{"operator": person} for person in people]}


HELD = {"outcome": "hold", "asked": TWO}
SENTENCE = "held: 2 of group finance, each with a second factor"
PASSED = {"calls": 1, "passed": 1, "held": {}, "denied": {}, "unmapped": {}}
LINES = {
    "passed": ({}, "T2 200", False),
    "waits": ({**HELD, "status": "pending_approval", "http_status": None}, f"T2 {SENTENCE}", False),
    "was agreed to": (
        {**HELD, "status": "approved", "http_status": None, "approval": votes("a")},
        "T2 approved",
        False,
    ),
    "agreed to, and done": ({**HELD, "approval": votes("a", "b")}, "T2 approved, 200", False),
    "agreed to by nobody": (
        {**HELD, "approval": votes("a", "b")},
        f"T2 approved, 200  (prod: {SENTENCE})",
        True,
    ),
    "denied": ({"outcome": "denied", "status": "denied", "http_status": None}, "T2 denied: refunds", True),
    "denied without a rule": (
        {"outcome": "denied", "status": "denied", "http_status": None, "rule": None, "reason": "no_rule"},
        "T2 denied: no rule",
        False,
    ),
    "observed, would wait": (
        {**HELD, "status": "observed", "would": "held"},
        f"T2 let through, 200  (prod: {SENTENCE})",
        False,
    ),
    "observed, would be denied": (
        {"outcome": "denied", "would": "refused"},
        "T2 let through, 200  (prod: denied: refunds)",
        False,
    ),
    "failed": ({"status": "failed", "http_status": None}, "T2 failed", False),
}


@pytest.mark.parametrize(("changes", "ending", "nobody_asked"), LINES.values(), ids=list(LINES))
def test_a_line(changes: dict[str, Any], ending: str, nobody_asked: bool) -> None:
    told = Seen.of(intent(**changes)).line(nobody_asked=nobody_asked)
    assert told == f"POST api.stripe.com/v1/refunds → create_refund amount=50 currency=EUR  {ending}"


def test_a_call_that_no_mapping_read() -> None:
    call = Seen.of(intent(action="http.get", method="GET", host="a.example", url="https://a.example/x?y=z"))
    assert call.line(nobody_asked=False) == "GET a.example/x → unmapped  T2 200"
    assert summary([call])["unmapped"] == {"GET a.example": 1}


def test_what_the_gate_refused_alone_was_taken_for_nothing() -> None:
    changes = {
        "outcome": None,
        "rule": None,
        "reason": "address_refused",
        "http_status": None,
        "status": "denied",
    }
    call = Seen.of(intent(action="http.get", method="GET", host="", url="", **changes))
    assert call.line(nobody_asked=True) == "GET refused by the gate: address refused"
    told = summary([call])
    assert (told["denied"], told["unmapped"]) == ({"GET (address refused)": 1}, {})


def test_several_meanings_are_counted_on_the_line() -> None:
    batch = intent()
    batch["parameters"] *= 3
    assert "currency=EUR +2 more  T2" in Seen.of(batch).line(nobody_asked=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"note": f"use {CANARY} here"}},
        {"parameters": {"api_key": CANARY}},
        {"parameters": {"note": CANARY}, "redacted": ["note"]},
        {"parameters": {"list": [CANARY], "object": {"a": CANARY}}},
        {"url": f"https://hooks.example/bot1:{CANARY}/send?key={CANARY}"},
        {"target": f"hook:{CANARY}"},
    ],
    ids=["in a sentence", "by its name", "redacted", "in a list", "in the address", "in the target"],
)
def test_nothing_that_looks_like_a_credential_is_shown(changes: dict[str, Any]) -> None:
    call = Seen.of(intent(**changes))
    assert CANARY not in call.line(nobody_asked=True) + json.dumps(call.data())
    assert CANARY[8:20] not in call.line(nobody_asked=True) + json.dumps(call.data())


def test_text_of_others_cannot_write_on_the_terminal() -> None:
    told = Seen.of(intent(parameters={"note": "\x1b[2Jx\nPOST bank.example → pay"})).line(nobody_asked=False)
    assert "\x1b" not in told
    assert "\n" not in told


def test_data_says_prod_in_any_case() -> None:
    told = Seen.of(intent(**HELD, approval=votes("a"))).data()
    assert (told["here"], told["prod"], told["approved_by"]) == ("approved, 200", SENTENCE, ["a"])
    assert Seen.of(intent()).data()["prod"] == "passes"


def test_counts() -> None:
    calls = [Seen.of(intent(**changes)) for changes, _, _ in LINES.values()]
    told = summary(calls)
    assert (told["calls"], told["passed"]) == (10, 2)
    assert sum(told["held"].values()) == 5
    assert told["denied"] == {"create_refund (no rule)": 1, "create_refund (refunds)": 2}
    shown = lines(told, nobody_asked=True)
    assert shown[0] == "10 calls: 2 passed, 5 would have been held, 3 denied, 0 unmapped"
    assert "  denied: create_refund (refunds) ×2" in shown
    assert lines(summary([]), nobody_asked=False) == ["0 calls: 0 passed, 0 held, 0 denied, 0 unmapped"]
