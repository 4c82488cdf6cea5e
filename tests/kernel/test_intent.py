"""Intents: what a digest names, what redaction hides, what survives the wire."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier

REFUND = Intent(
    action="create_refund",
    target="stripe:charge/ch_1",
    parameters={"amount": Decimal("5.00"), "currency": "EUR", "note": "card 4242"},
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
    undetermined=frozenset({"reason"}),
    money={"amount": "currency"},
    redacted=frozenset({"note"}),
    cost=Cost(Decimal("5.00"), "EUR"),
    summary="Refund 5.00 EUR",
    mapping="stripe@1",
)


def test_the_digest_names_action_target_and_parameters() -> None:
    assert replace(REFUND, summary="other words", mapping=None).digest() == REFUND.digest()
    assert replace(REFUND, parameters={**REFUND.parameters, "amount": Decimal(5)}).digest() == REFUND.digest()
    for other in (
        replace(REFUND, action="create_refunds"),
        replace(REFUND, target="stripe:charge/ch_2"),
        replace(REFUND, parameters={**REFUND.parameters, "amount": Decimal("5.01")}),
    ):
        assert other.digest() != REFUND.digest()


def test_json_carries_every_field() -> None:
    assert Intent.from_json(REFUND.to_json()) == REFUND


def test_redaction_keeps_a_keyed_hash_only() -> None:
    hidden = REFUND.redact(b"k" * 32)
    assert "4242" not in str(hidden.to_json())
    assert hidden.parameters["amount"] == Decimal("5.00")
    assert hidden.redact(b"k" * 32).parameters["amount"] == Decimal("5.00")
    assert REFUND.redact(b"x" * 32).parameters["note"] != hidden.parameters["note"]


def test_tiers_compare_by_strictness() -> None:
    assert all(low < high for low, high in pairwise([Tier.T0, Tier.T1, Tier.T2, Tier.T3]))
    assert max(Tier.T1, Tier.T3, Tier.T0) is Tier.T3
