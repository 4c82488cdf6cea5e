"""Consent given in advance, its uses, and votes that a narrowed request left behind."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

standing_warrants = Table(  # what people were asked; whether they agreed is in the approval
    "standing_warrants",
    metadata,
    id_(),
    tenant(),
    Column("approval_id", ForeignKey("approvals.id"), nullable=False, unique=True),
    Column("action", String(128), nullable=False),
    Column("target", Text),  # pattern; NULL: every target
    json("limits"),  # warrant.limit, by parameter
    Column("open", Boolean, nullable=False, server_default=false()),
    Column("currency", String(3)),
    Column("count", Integer, nullable=False),
    Column("used", Integer, nullable=False, server_default="0"),
    at("not_before", nullable=True),
    at("expires_at"),
    Column("most_tier", String(2), nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", String(64), nullable=False),
    at("created_at"),
    at("ended_at", nullable=True),  # when its end was told: used up, expired, revoked, or never granted
    Index(None, "tenant", "action"),
    Index(None, "ended_at", "expires_at"),
)

standing_holders = Table(  # the agents it is for, each with a signed warrant of its own once it is granted
    "standing_holders",
    metadata,
    Column("standing_id", ForeignKey("standing_warrants.id"), primary_key=True),
    Column("agent_id", ForeignKey("agents.id"), primary_key=True),
    Column("warrant_id", ForeignKey("warrants.id"), index=True),
)

standing_uses = Table(
    "standing_uses",
    metadata,
    Column("warrant_id", ForeignKey("warrants.id"), primary_key=True),  # the child
    Column("standing_id", ForeignKey("standing_warrants.id"), nullable=False, index=True),
    Column("intent_id", ForeignKey("intents.id"), nullable=False),
    Column("agent_id", String(64), nullable=False),
    Column("uses", Integer, nullable=False),  # one for each intent of the call
    at("at"),
)

superseded_votes = Table(  # votes on what was narrowed afterwards: kept, never counted
    "superseded_votes",
    metadata,
    id_(),  # as it was in votes
    Column("approval_id", ForeignKey("approvals.id"), nullable=False, index=True),
    Column("operator_id", String(64), nullable=False),
    Column("email", String(200), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("comment", Text, nullable=False),
    Column("justification", Text, nullable=False),
    Column("mfa", String(10), nullable=False),
    Column("shown_digest", String(80), nullable=False),
    at("at"),
    at("superseded_at"),
    Column("superseded_by", String(64), nullable=False),  # the operator who narrowed it
)
