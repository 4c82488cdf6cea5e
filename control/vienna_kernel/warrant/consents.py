"""The consents of a warrant as claims, and back: who, when, to what they saw, and the proof of their passkey."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vienna_kernel.consent.passkey import Assertion
from vienna_kernel.consent.statement import Proof, Terms
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.terms import Consent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


type Text = Annotated[str, Field(min_length=1, max_length=8192)]
type Second = Annotated[int, Field(ge=0, le=253402300799)]


class ProofClaims(_Strict):
    """A ``Proof`` but for what was shown, which the consent says."""

    kid: Text
    approval: Text
    tier: Literal["T0", "T1", "T2", "T3"]
    until: Second
    nonce: Text
    ad: Text
    cd: Text
    sig: Text


class ConsentClaims(_Strict):
    operator: Text
    at: Second
    shown: Text
    mfa: Literal["", "totp", "passkey"] = ""
    justified: bool = False
    proof: ProofClaims | None = None


def consent_to_claims(row: Consent) -> dict[str, Any]:
    """A consent as its claim; without ``proof`` where there is none."""
    said = {"operator": row.operator, "at": int(row.at.timestamp()), "shown": row.shown_digest}
    proof = {} if row.proof is None else {"proof": proof_to_claims(row.proof)}
    return {**said, "mfa": row.mfa, "justified": row.justified, **proof}


def consent_of(row: ConsentClaims) -> Consent:
    """The consent of a claim. Errors: ``MalformedError`` for a proof that is not base64url."""
    proof = None if row.proof is None else proof_of(row.proof, shown=row.shown)
    return Consent(row.operator, instant(row.at), row.shown, row.mfa, row.justified, proof)


def proof_to_claims(proof: Proof) -> dict[str, Any]:
    """A proof as plain JSON data."""
    terms = proof.terms
    said = {"approval": terms.approval, "tier": terms.tier.value, "until": terms.until, "nonce": terms.nonce}
    return {"kid": proof.kid, **said, **proof.assertion.to_json()}


def proof_of(said: ProofClaims, *, shown: str) -> Proof:
    """Inverse of ``proof_to_claims``, for what was shown then. Errors: ``MalformedError``."""
    terms = Terms(
        approval=said.approval, tier=Tier(said.tier), shown=shown, until=said.until, nonce=said.nonce
    )
    return Proof(said.kid, terms, Assertion.from_json({"ad": said.ad, "cd": said.cd, "sig": said.sig}))


def instant(seconds: int) -> datetime:
    """Aware, UTC."""
    return datetime.fromtimestamp(seconds, UTC)
