"""Warrants, their one use, and what came of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

warrants = Table(
    "warrants",
    metadata,
    id_(),
    tenant(),
    Column("intent_id", ForeignKey("intents.id"), nullable=False, index=True),
    Column("agent_id", String(64), nullable=False),
    Column("status", String(10), nullable=False),  # issued consumed expired revoked
    Column("tier", String(2), nullable=False),
    Column("token", Text, nullable=False),
    Column("kid", String(64), nullable=False),
    Column("parent", String(64)),
    Column("observed", Boolean, nullable=False, default=False),
    at("issued_at"),
    at("expires_at"),
    at("revoked_at", nullable=True),
    Column("revoked_reason", Text, nullable=False, default=""),
    Index(None, "tenant", "issued_at"),
)

consumptions = Table(  # the one use; the primary key is the law
    "consumptions",
    metadata,
    Column("warrant_id", ForeignKey("warrants.id"), primary_key=True),
    Column("attempt", String(80), nullable=False),
    Column("by", String(128), nullable=False),
    at("at"),
)

executions = Table(
    "executions",
    metadata,
    id_(),
    tenant(),
    Column("intent_id", ForeignKey("intents.id"), nullable=False, index=True),
    Column("warrant_id", ForeignKey("warrants.id"), nullable=False, unique=True),
    Column("agent_id", String(64), nullable=False),
    Column("status", String(12), nullable=False),  # executing executed failed unknown
    Column("grade", String(12), nullable=False),
    Column("http_status", Integer),
    Column("error", String(40)),
    Column("response_digest", String(100)),
    Column("response_bytes", Integer, nullable=False, default=0),
    Column("duration_ms", Float),
    json("extracted", nullable=True),
    Column("verification", String(14)),  # match drift unverifiable ambiguous failed
    json("checks", nullable=True),
    json("readback", nullable=True),  # how many are due, what each said, what could not be found out
    json("undo", nullable=True),  # requests that would undo it
    Column("withheld", Boolean, nullable=False, default=False),
    Column("agent_gone", Boolean, nullable=False, default=False),  # nobody was there to be answered
    at("started_at"),
    at("finished_at", nullable=True),
    Index(None, "status", "started_at"),
    Index(None, "agent_id", "verification"),
)

sent_writes = Table(  # the latest of each fingerprint that left, by idempotency key: what a retry repeats
    "sent_writes",
    metadata,
    Column("agent_id", String(64), primary_key=True),
    Column("fingerprint", String(80), primary_key=True),
    Column("key", String(80), primary_key=True),  # sha256:<hex>; empty: whatever its key
    Column("intent_id", ForeignKey("intents.id"), nullable=False),
    at("at"),
)
