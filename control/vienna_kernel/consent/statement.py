"""What a person signs with a passkey to agree to a call: the consent statement, and the proof that travels.

The challenge of the assertion is the SHA-256 of the statement's RFC 8785 bytes. Who verifies it knows most of the
statement by itself, from the very request: agent, meaning, method, origin, fingerprint. Only the rest is taken from
the proof: which approval, at what tier, what was shown, until when, and what made the challenge unforeseeable.

Stability: ``type`` names the version; another statement gets another ``type``, so that no signature serves for both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from vienna_kernel.consent.passkey import Assertion
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.value import canonical, digest, pack

TYPE = "vienna-consent/1"


def meaning_of(intents: Sequence[Intent]) -> str:
    """``sha256:<hex>`` over action, target and parameters of each intent, in order; redacted ones as they travel.

    Parameters are packed, so that the decimal 5 and the text "5" are two meanings.
    """
    return digest(
        [{"action": i.action, "target": i.target, "parameters": pack(i.parameters)} for i in intents]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The call that is agreed to, as whoever sends it knows it by itself.

    Attributes:
        agent: Name of the agent.
        meaning: ``meaning_of`` its intents.
        method, origin: Of the request; empty on the API's road, where there is none.
        fingerprint: ``mapping.fingerprint`` of the call as the agent sent it.
    """

    agent: str
    meaning: str
    method: str
    origin: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a consent says beside its call.

    Attributes:
        approval: Identifier of the approval.
        tier: Tier at which people were asked.
        shown: Digest of exactly what this person was shown.
        until: First second (Unix time) at which it can no longer be used, however the approval goes on.
        nonce: 128 random bits as base64url: no challenge can be foreseen, none comes twice.
    """

    approval: str
    tier: Tier
    shown: str
    until: int
    nonce: str


def challenge_of(subject: Subject, terms: Terms) -> bytes:
    """32 bytes: what a passkey signs to agree to this call on these terms."""
    statement = {
        "type": TYPE,
        "verdict": "approve",
        "approval": terms.approval,
        "agent": subject.agent,
        "tier": terms.tier.value,
        "meaning": subject.meaning,
        "method": subject.method,
        "origin": subject.origin,
        "fingerprint": subject.fingerprint,
        "shown": terms.shown,
        "until": terms.until,
        "nonce": terms.nonce,
    }
    return hashlib.sha256(canonical(statement)).digest()


@dataclass(frozen=True, slots=True)
class Proof:
    """That a passkey agreed: its key, the terms, and its answer.

    Attributes:
        kid: Thumbprint of the key, as the roster names it.
    """

    kid: str
    terms: Terms
    assertion: Assertion
