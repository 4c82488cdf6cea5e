"""The audit trail, its checkpoints, and alerts."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text

from vienna_control.store.tables.columns import at, id_, metadata, tenant

entries = Table(  # the audit trail: body and leaf when written; index and previous by the sequencer
    "entries",
    metadata,
    id_(),
    tenant(),
    Column("type", String(40), nullable=False),
    at("at"),
    Column("agent_id", String(64)),
    Column("intent_id", String(64), index=True),
    Column("body", LargeBinary, nullable=False),  # canonical bytes
    Column("leaf", String(64), nullable=False),  # hex
    Column("arrival", Integer, nullable=False, unique=True),  # order of commit, from the writer
    Column("idx", Integer, unique=True),
    Column("previous", String(64)),  # hex, chain hash before this entry
    Index(None, "tenant", "at"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("root", String(64), nullable=False),
    Column("head", String(64), nullable=False),  # chain hash of the last entry
    Column("note", Text, nullable=False),  # signed note, C2SP tlog-checkpoint
    at("at"),
)

alerts = Table(
    "alerts",
    metadata,
    id_(),
    tenant(),
    Column("severity", String(10), nullable=False),  # info warning critical
    Column("kind", String(40), nullable=False),
    Column("agent_id", String(64)),
    Column("intent_id", String(64)),
    Column("text", Text, nullable=False),
    at("at"),
    at("acknowledged_at", nullable=True),  # NULL: open
    Column("acknowledged_by", String(64)),
    Column("note", Text, nullable=False, server_default=""),
    Index(None, "tenant", "acknowledged_at", "id"),
    Index(None, "tenant", "id"),
)
