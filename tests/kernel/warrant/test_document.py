from __future__ import annotations

from dataclasses import replace

import pytest

from vectors.fixed import BOUNDED, GOOD, ISSUER_KEY, PLAIN, SECRET_KEY
from vienna_kernel.errors import MalformedError
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


def test_document_of_no_token_is_malformed() -> None:
    with pytest.raises(MalformedError):
        document(PLAIN, "no token", {})


def test_document_labels_the_symmetric_alternative() -> None:
    shown = document(PLAIN, issue(PLAIN, SECRET_KEY), {})
    assert shown["signature"].startswith("hmac-sha256:")


def test_document_shows_constraints() -> None:
    shown = document(BOUNDED, issue(BOUNDED, SECRET_KEY), {})
    assert shown["constraints"] == {"amount": {"min": {"$decimal": "0.01"}, "max": {"$decimal": "5000"}}}
