"""Passkeys of people, the challenges they answer, and the roster of approvers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

passkeys = Table(
    "passkeys",
    metadata,
    id_(),
    tenant(),
    Column("operator_id", ForeignKey("operators.id"), nullable=False, index=True),
    Column("credential_id", String(1400), nullable=False, unique=True),  # base64url, up to 1023 bytes
    Column(
        "kid", String(64), nullable=False
    ),  # RFC 7638 thumbprint of the public key, as the roster names it
    json("jwk"),
    Column("name", String(80), nullable=False),
    Column("rp_id", String(253), nullable=False),  # whom it answers
    Column("sign_count", BigInteger, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    at("created_at"),
    at("used_at", nullable=True),
)

passkey_challenges = Table(
    "passkey_challenges",
    metadata,
    Column("hash", String(64), primary_key=True),  # keyed; a challenge is answered once
    Column("purpose", String(16), nullable=False),  # challenges.Purpose
    Column(
        "operator_id", String(64)
    ),  # None at a login: whoever answers; such a row is one that was answered
    Column("subject", String(300)),  # the approval, the proposal, or an agent and its action
    json("terms", nullable=True),  # what the challenge was made of
    at("expires_at"),
    Index(None, "purpose", "expires_at"),
)

rosters = Table(
    "rosters",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(80), nullable=False),
    json("signed"),  # consent.chain.Signed
    at("published_at"),
)

roster_proposals = Table(
    "roster_proposals",
    metadata,
    id_(),
    tenant(),
    Column("version", Integer, nullable=False),
    Column("digest", String(80), nullable=False),
    json("signed"),  # consent.chain.Signed, as far as it is signed
    Column("status", String(10), nullable=False),  # open published superseded
    Column("proposed_by", String(64), nullable=False),
    at("created_at"),
    Index(None, "tenant", "status"),
)
