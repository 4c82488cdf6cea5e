from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from vectors.fixed import BOUNDED, CHILD, GOOD, ISSUER_KEY, PLAIN, SECRET_KEY
from vienna_kernel.errors import MalformedError
from vienna_kernel.warrant.terms import Roll
from vienna_kernel.warrant.token import document, issue


def test_document_is_the_published_shape() -> None:
    shown = document(PLAIN, GOOD, {"intent_id": "int-1", "policy_match": "refunds"})
    assert shown["warrant_id"] == "wrt-1"
    assert shown["scope"] == {
        "action": "create_refund",
        "target": "payments:order/ord_7",
        "parameters": {"order": "ord_7", "amount": "5000", "currency": "EUR"},
    }
    assert shown["ttl"] == 300
    assert shown["issued_at"] == "2026-01-05T10:00:00.000Z"
    assert shown["chain"] == {"parent_warrant": None, "depth": 0}
    assert shown["signature"] == f"ed25519:{ISSUER_KEY.kid}:{GOOD.split('.')[2]}"
    assert "scopes" not in shown
    both = replace(PLAIN, meanings=PLAIN.meanings * 2)
    assert len(document(both, issue(both, ISSUER_KEY), {})["scopes"]) == 2


def test_document_says_all_that_the_terms_say() -> None:
    """The whole of it, for a link that is observed, over more intents than travel, with times of another zone."""
    east = timezone(timedelta(hours=9))
    terms = replace(
        CHILD,
        issued_at=CHILD.issued_at.astimezone(east),
        expires_at=CHILD.expires_at.astimezone(east),
        meanings=(replace(CHILD.meanings[0], parameters=None),),
        roll=Roll(1000, "sha256:00"),
        response_limits={"max_items": 1},
        observed=True,
    )
    scope = {"action": "create_refund", "target": "payments:order/ord_7", "parameters": {}}
    assert document(terms, GOOD, {"policy_match": "refunds"}) == {
        "warrant_id": "wrt-1",
        "intent_id": "int-1",
        "scope": scope,
        "roll": {"count": 1000, "digest": "sha256:00"},
        "constraints": {},
        "ttl": 300,
        "issued_at": "2026-01-05T10:00:00.000Z",
        "expires_at": "2026-01-05T10:05:00.000Z",
        "issuer": "https://vienna.example",
        "chain": {"parent_warrant": "wrt-0", "depth": 1},
        "chain_of_custody": {"policy_match": "refunds"},
        "risk_tier": "T2",
        "observed": True,
        "signature": f"ed25519:{ISSUER_KEY.kid}:{GOOD.split('.')[2]}",
    }
    both = document(replace(PLAIN, meanings=PLAIN.meanings * 2), GOOD, {})
    assert both["scopes"] == [both["scope"]] * 2
    assert "roll" not in both


def test_document_of_no_token_is_malformed() -> None:
    with pytest.raises(MalformedError):
        document(PLAIN, "no token", {})
    with pytest.raises(MalformedError, match=r"^header: not strict JSON"):
        document(PLAIN, "bm8.bm8.bm8", {})


def test_document_labels_the_symmetric_alternative() -> None:
    shown = document(PLAIN, issue(PLAIN, SECRET_KEY), {})
    assert shown["signature"].startswith("hmac-sha256:")


def test_document_shows_constraints() -> None:
    shown = document(BOUNDED, issue(BOUNDED, SECRET_KEY), {})
    assert shown["constraints"] == {"amount": {"min": {"$decimal": "0.01"}, "max": {"$decimal": "5000"}}}
