from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from vectors.fixed import PLAIN
from vienna_kernel.consent.passkey import Assertion
from vienna_kernel.consent.statement import Proof, Terms
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.claims import parse_claims, payload
from vienna_kernel.warrant.consents import ProofClaims, proof_of, proof_to_claims
from vienna_kernel.warrant.terms import Consent

TERMS = Terms(approval="apr-1", tier=Tier.T2, shown="sha256:s", until=2000, nonce="n")
PROOF = Proof("kid", TERMS, Assertion(b"data", b"client", b"signature"))
AT = datetime.fromtimestamp(1000, UTC)
PROVED = replace(PLAIN, consents=(Consent("op-1", AT, "sha256:s", "passkey", True, PROOF),))


def test_a_proof_travels_with_its_consent() -> None:
    assert parse_claims(payload(PROVED)) == PROVED
    claims = json.loads(payload(PROVED))
    assert "shown" not in claims["approvals"][0]["proof"]  # the consent says it, and nothing says it twice
    said = ProofClaims.model_validate(proof_to_claims(PROOF))
    assert proof_of(said, shown="sha256:s") == PROOF


def test_a_consent_without_one_is_written_as_it_always_was() -> None:
    assert b'"proof"' not in payload(PLAIN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kid", ""),
        ("approval", None),
        ("tier", "T4"),
        ("until", "2000"),
        ("until", -1),
        ("nonce", 1),
        ("ad", "a="),
        ("cd", "?"),
        ("sig", []),
        ("more", "x"),
    ],
)
def test_a_proof_that_is_none_has_no_reading(name: str, value: Any) -> None:
    claims = json.loads(payload(PROVED))
    claims["approvals"][0]["proof"][name] = value
    with pytest.raises(MalformedError):
        parse_claims(json.dumps(claims).encode())
