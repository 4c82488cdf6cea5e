"""``vienna standing``, and a yes to less: as operators use them against a running control plane."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.vienna import Vienna
from vienna_cli.standing import _limits, like, said

REFUNDS = "https://payments.example/v1/refunds"
WITHIN = [
    "--limit",
    "amount<=100",
    "--limit",
    "order",
    "--limit",
    "reason",
    "--currency",
    "EUR",
    "--for",
    "7d",
]


def test_limits_as_they_are_typed() -> None:
    limits = _limits(["amount<=100", "amount>=5", "order=O-1,7", "reason"])
    assert limits == {
        "amount": {"max": "100", "min": "5"},
        "order": {"one_of": ["O-1", 7]},
        "reason": {"optional": True},
    }
    told = said({"limits": limits, "currency": "EUR", "open": True})
    assert told == "amount ≥ 5 EUR and ≤ 100 EUR, order one of O-1, 7, reason: anything, all else: anything"
    assert like(5, "90m", None) == {"count": 5, "minutes": 90, "limits": {}}


@pytest.mark.journey
def test_consent_to_less_and_in_advance(cli: Any, vienna: Vienna) -> None:
    def run(who: str, *arguments: str, code: int = 0) -> Any:
        done = cli.by(vienna, who)(*arguments, "-o", "json")
        assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if code == 0 else done.stderr

    def approve(who: str, approval_id: str, *more: str) -> Any:
        return run(who, "approvals", "approve", approval_id, "--otp", vienna.people[who].code(), *more)

    wish = {"order": "ORD-1", "amount": 500, "currency": "EUR"}
    vienna.call("POST", REFUNDS, json=wish, headers={"Prefer": "respond-async"})
    (held,) = vienna.pending()
    assert "only be lowered" in run("alice", "approvals", "approve", held["approval_id"], "--set", "amount=600",
                                    "--otp", "000000", code=1)  # fmt: skip
    first = approve(
        "alice", held["approval_id"], "--set", "amount=60", "--standing", "2", "--limit", "amount<=80"
    )
    assert (first["current_approvals"], first["standing"]["terms"]["count"]) == (1, 2)
    assert run("bob", "approvals", "show", held["approval_id"])["shown"]["narrowed"][0]["to"] == "60"

    narrow = ["standing", "preview", "--action", "create_refund", "--agent", vienna.AGENT, *WITHIN]
    assert run("eve", *narrow, "--count", "1")["covered"] == 1
    made = run("dora", "standing", "create", "--action", "create_refund", "--agent", vienna.AGENT, *WITHIN,
               "--count", "2", "--reason", "many")  # fmt: skip
    assert made["status"] == "pending"
    assert {row["standing_id"] for row in run("eve", "standing", "ls")} >= {made["standing_id"]}
    assert run("eve", "standing", "show", made["standing_id"])["left"] == 2
    assert run("alice", "standing", "revoke", made["standing_id"], "--reason", "no")["status"] == "cancelled"
