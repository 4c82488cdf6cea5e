"""Consent by passkey: one call, one roster, and what is tried with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from passkey_kit import Authenticator, member, roster
from vienna_kernel.consent.quorum import Asked, judge
from vienna_kernel.consent.statement import Subject, Terms
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.consents import consent_to_claims
from vienna_kernel.warrant.terms import Consent


def _holder(number: int) -> Authenticator:
    key = ec.derive_private_key(number, ec.SECP256R1())
    return Authenticator("ES256", private=key, id=bytes([number]))


ALICE, BOB, XENIA, STRANGER = (_holder(number) for number in (11, 12, 13, 14))
ALICES_OTHER = Authenticator(
    "EdDSA", private=ed25519.Ed25519PrivateKey.from_private_bytes(bytes([15]) * 32), id=b"\x0f"
)
ROSTER = roster(
    member(ALICE, "op-alice", "finance"),
    member(ALICES_OTHER, "op-alice", "finance"),
    member(BOB, "op-bob", "finance", expires_at=5000),
    member(XENIA, "op-xenia", "executive"),
)
SUBJECT = Subject(
    agent="billing-bot",
    meaning="sha256:" + "01" * 32,
    method="POST",
    origin="https://payments.example",
    fingerprint="sha256:" + "02" * 32,
)
TERMS = Terms(
    approval="apr-1", tier=Tier.T2, shown="sha256:" + "03" * 32, until=4000, nonce="bm9uY2Utb2YtMTYtYnl0ZQ"
)
ASKED = Asked(subject=SUBJECT, tier=Tier.T2, people=2, at=2000)
AT = datetime.fromtimestamp(1500, UTC)


def _agreed(
    one: Authenticator,
    operator: str,
    *,
    subject: Subject = SUBJECT,
    lies: dict[str, Any] | None = None,
    **terms: Any,
) -> Consent:
    return one.agree(operator, subject, replace(TERMS, **terms), AT, **(lies or {}))


A, B = _agreed(ALICE, "op-alice"), _agreed(BOB, "op-bob")
A3, B3 = (_agreed(one, name, tier=Tier.T3) for one, name in ((ALICE, "op-alice"), (BOB, "op-bob")))


def _later(one: Consent, **terms: Any) -> Consent:
    """The same assertion under other terms than were signed."""
    assert one.proof
    changed = replace(one.proof.terms, **terms)
    return replace(one, shown_digest=changed.shown, proof=replace(one.proof, terms=changed))


def _cases() -> Iterator[tuple[str, str, tuple[Consent, ...], Asked]]:
    yield "quorum", "Two people agreed to this very call.", (A, B), ASKED
    yield "eddsa", "One of them by an Ed25519 key.", (_agreed(ALICES_OTHER, "op-alice"), B), ASKED
    totp = Consent("op-xenia", AT, TERMS.shown, "totp")
    yield "and_a_code", "A third gave a code: it does not count, and harms nothing.", (A, totp, B), ASKED
    yield "one", "One person is no quorum.", (A,), ASKED
    yield "one_by_code", "One of the two gave a code only.", (A, replace(B, proof=None)), ASKED
    yield (
        "two_keys_of_one",
        "Two keys of one person count once.",
        (A, _agreed(ALICES_OTHER, "op-alice")),
        ASKED,
    )
    yield "roster_asks_more", "The warrant demands nobody; the roster does.", (A,), replace(ASKED, people=0)
    yield "warrant_asks_more", "The warrant demands three.", (A, B), replace(ASKED, people=3)
    yield "stranger", "A key that the roster does not have.", (A, _agreed(STRANGER, "op-bob")), ASKED
    yield "not_their_key", "A key of somebody else.", (A, _agreed(XENIA, "op-bob")), ASKED
    yield (
        "stranger_beside",
        "A quorum, and a proof that does not hold.",
        (A, B, _agreed(STRANGER, "op-x")),
        ASKED,
    )
    yield "over", "It could be used until this second.", (A, B), replace(ASKED, at=4000)
    longer = tuple(_agreed(one, name, until=9000) for one, name in ((ALICE, "op-alice"), (BOB, "op-bob")))
    yield "key_expired", "The key of one has expired.", longer, replace(ASKED, at=5000)
    high = replace(ASKED, tier=Tier.T3)
    executive = _agreed(XENIA, "op-xenia", tier=Tier.T3)
    yield "critical", "Three agreed at T3, one of them executive.", (A3, B3, executive), high
    yield "no_executive", "Nobody of the group that T3 asks for.", (A3, B3), replace(ASKED, tier=Tier.T3)
    yield (
        "lower_tier",
        "Agreed to at T2, used at T3.",
        (A, B, _agreed(XENIA, "op-xenia")),
        replace(ASKED, tier=Tier.T3),
    )
    yield "two_approvals", "Yeses of two approvals.", (A, _agreed(BOB, "op-bob", approval="apr-2")), ASKED
    yield "two_sights", "One saw something else.", (A, _agreed(BOB, "op-bob", shown="sha256:00")), ASKED
    for name in asdict(SUBJECT):
        other = replace(ASKED, subject=replace(SUBJECT, **{name: "other"}))
        yield f"other_{name}", f"Another {name} than was agreed to.", (A, B), other
    for name, value in {"approval": "apr-2", "shown": "sha256:00", "until": 9000, "nonce": "other"}.items():
        told = {name: value}
        yield (
            f"changed_{name}",
            f"Another {name} than was signed.",
            (_later(A, **told), _later(B, **told)),
            ASKED,
        )
    for name, lies in {
        "other_page": {"origin": "https://evil.example"},
        "other_party": {"rp_id": "evil.example"},
        "foreign_frame": {"crossOrigin": True},
        "registration": {"type": "webauthn.create"},
        "not_verified": {"flags": 0x01},
        "not_present": {"flags": 0x04},
        "extensions": {"flags": 0x85, "more": b"\xa0"},
    }.items():
        yield name, f"An assertion that does not hold: {name}.", (A, _agreed(BOB, "op-bob", lies=lies)), ASKED


def files() -> dict[str, str]:
    out = {}
    for name, says, consents, asked in _cases():
        verdict = judge(consents, asked, ROSTER)
        data = {
            "says": says,
            "roster": ROSTER.to_json(),
            "asked": {**asdict(asked), "tier": asked.tier.value},
            "consents": [consent_to_claims(row) for row in consents],
            "expect": "granted" if isinstance(verdict, tuple) else verdict.reason.value,
        }
        out[f"consent/{name}.json"] = json.dumps(data, indent=1, ensure_ascii=True) + "\n"
    return out
