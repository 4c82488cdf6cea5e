"""What people were asked, and what they said."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

approvals = Table(
    "approvals",
    metadata,
    id_(),
    tenant(),
    Column("intent_id", ForeignKey("intents.id"), nullable=False, index=True),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    Column("status", String(12), nullable=False),  # pending approved denied expired cancelled
    Column("tier", String(2), nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("shown_digest", String(80), nullable=False),  # digest of exactly what an approver was shown
    json("requirements"),  # approval.Requirements
    json("shown"),  # the readable effect and the exact request, as shown
    json("narrowed", nullable=True),  # what people lowered in it: approvals.edit.Less
    Column("level", Integer, nullable=False, default=0),  # how often it was escalated
    Column("agent_waiting", Boolean, nullable=False, default=True),
    at("created_at"),
    at("expires_at"),
    at("decided_at", nullable=True),
    at("redeem_until", nullable=True),
    at("redeemed_at", nullable=True),
    Column("reason", Text, nullable=False, default=""),
    Column("claimed_by", String(64)),  # who reads it now, so that nobody else needs to
    at("claimed_until", nullable=True),
    Column("break_glass_id", String(64)),  # approved by one person in an emergency
    Index(None, "agent_id", "fingerprint", "created_at"),
    Index(None, "status", "expires_at"),
    Index(None, "tenant", "status", "id"),
)

votes = Table(
    "votes",
    metadata,
    id_(),
    Column("approval_id", ForeignKey("approvals.id"), nullable=False),
    Column("operator_id", String(64), nullable=False),
    Column("email", String(200), nullable=False),  # this and the next two: as they were at that moment
    Column("role", String(16), nullable=False),
    json("groups"),
    Column("verdict", String(8), nullable=False),  # approve | deny
    Column("comment", Text, nullable=False, default=""),
    Column("justification", Text, nullable=False, default=""),
    Column("rollback_plan", Text, nullable=False, default=""),
    Column("mfa", String(10), nullable=False, default=""),  # totp | passkey | ""
    Column("shown_digest", String(80), nullable=False),
    Column("passkey", String(64)),  # kid of the passkey that agreed
    json("proof", nullable=True),  # warrant.consents.ProofClaims: what it signed, for the warrant
    json("stands_for", nullable=True),  # in whose place: id, email, and what was lent
    at("at"),
    UniqueConstraint("approval_id", "operator_id"),
)

approval_comments = Table(
    "approval_comments",
    metadata,
    id_(),
    Column("approval_id", ForeignKey("approvals.id"), nullable=False, index=True),
    Column("operator_id", String(64), nullable=False),
    Column("email", String(200), nullable=False),
    Column("text", Text, nullable=False),
    at("at"),
)

break_glasses = Table(
    "break_glasses",
    metadata,
    id_(),
    tenant(),
    Column("operator_id", String(64), nullable=False),
    Column("email", String(200), nullable=False),
    Column("incident", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("mfa", String(10), nullable=False),  # totp | passkey
    Column("approval_id", ForeignKey("approvals.id")),  # this one; or what the agent does by this action
    Column("agent_id", ForeignKey("agents.id")),
    Column("action", String(128)),
    at("opened_at"),
    at("expires_at"),
    Column("reviewed_by", String(64)),
    Column("review", Text),
    at("reviewed_at", nullable=True),
    Index(None, "tenant", "reviewed_at"),
)
