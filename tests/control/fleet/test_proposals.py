"""What is proposed covers the repetitive part of what people would be asked about, and nothing that is dangerous."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from vienna_control.fleet import proposals
from vienna_control.fleet.proposals import Asked, Found
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verdict import Reason

NOW = datetime(2026, 3, 3, tzinfo=UTC)
_NUMBERS = itertools.count()


def asked(amount: int = 50, **change: Any) -> Asked:
    """A refund that people would be asked about."""
    number = next(_NUMBERS)
    part = Intent(
        action="create_refund",
        target=f"pay:order/{number}",
        parameters={"amount": Decimal(amount), "currency": "EUR", "order": str(number)},
        money={"amount": "currency"},
        effect=change.pop("effect", Effect.SPEND),
        reversibility=Reversibility.IRREVERSIBLE,
        default_tier=Tier.T2,
        mapping=change.pop("mapping", "m@1"),
    )
    whole = Asked(
        at="2026-03-02T10:00:00.000Z",
        host="pay.example",
        method="POST",
        url="https://pay.example/v1/refunds",
        parts=(part,),
        held=True,
        tier=Tier.T2,
        reason=None,
        rule=None,
        whom=("finance",),
        call='{"body": {"a": "string"}, "content_type": "application/json"}',
        intent_id=f"int-{number}",
    )
    return replace(whole, **change)


def of(*calls: Asked, **strange: int) -> Found:
    reads = {(host.replace("_", "."), "http.get"): times for host, times in strange.items()}
    return proposals.of(calls, strange=reads, agent="billing-bot", hours=24, now=NOW)


def test_the_repetitive_part_is_consented_to_in_advance_and_the_stranger_is_not() -> None:
    usual = [asked(amount) for amount in (20, 40, 60, 80, 100, 120)]
    stranger = asked(4800)
    found = of(*usual, stranger)
    (row,) = found.rows
    assert (row["kind"], row["path"], row["covers"]) == ("standing", "/standing", 6)
    assert row["body"] == {
        "action": "create_refund",
        "agents": ["billing-bot"],
        "target": "pay:order/*",
        "limits": {
            "amount": {"min": "0", "max": "150"},
            "currency": {"one_of": ["EUR"]},
            "order": {},
        },
        "currency": "EUR",
        "count": 63,  # nine a day, which is half as many more as there were, for a week
        "expires_at": "2026-03-10T00:00:00.000Z",
        "most_tier": "T2",
        "reason": "6 of the recorded calls of billing-bot were like this",
    }
    told = found.told(calls=1000, hours=24)["with_proposals"]
    assert (told["would_hold"], told["would_deny"], told["approvals_per_thousand_calls"]) == (1, 0, 1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"effect": Effect.DELETE},
        {"effect": Effect.GRANT},
        {"effect": Effect.ADMIN},
        {"effect": Effect.EXECUTE},
        {"tier": Tier.T3},
        {"held": False, "reason": Reason.POLICY_DENIED},
        {"held": False, "reason": Reason.ACTION_NOT_ALLOWED},
    ],
    ids=str,
)
def test_what_is_dangerous_or_was_said_no_to_is_never_proposed(change: dict[str, Any]) -> None:
    assert of(*[asked(**change) for _ in range(20)]).rows == []


def test_what_is_rare_is_left_to_people() -> None:
    assert of(*[asked() for _ in range(4)]).rows == []


def test_where_no_rule_speaks_of_it_people_are_to_be_asked_first() -> None:
    found = of(*[asked(held=False, reason=Reason.NO_RULE_MATCHED) for _ in range(6)])
    rule, standing = found.rows
    assert rule["body"]["expression"] == "agent_id == 'billing-bot' AND action == 'create_refund'"
    assert rule["body"]["action"] == {"type": "require_approval"}
    assert standing["covers"] == 6


def test_reads_of_a_host_that_is_read_again_and_again_are_allowed_by_a_rule() -> None:
    read = asked(effect=Effect.READ, mapping=None, tier=Tier.T1, host="wiki.example")
    read = replace(read, parts=(replace(read.parts[0], action="http.get"),))
    assert of(read).rows == []
    (row,) = of(read, wiki_example=9).rows
    assert row["body"]["expression"].endswith("action == 'http.get' AND target.host == 'wiki.example'")
    assert row["body"]["action"] == {"type": "allow", "risk_tier_override": "T0", "may_lower": True}
    assert of(replace(read, tier=Tier.T2), wiki_example=9).rows == []  # a bulk export is no such read


def test_a_host_that_no_mapping_reads_gets_a_mapping_to_be_reviewed() -> None:
    unread = [asked(mapping=None, held=False, reason=Reason.UNMAPPED_ACTION) for _ in range(5)]
    (row,) = of(*unread).rows
    assert (row["kind"], row["host"]) == ("mapping", "pay.example")
    assert "path: /v1/refunds" in row["mapping"]
    assert of(*unread[:4]).rows == []
