"""Orders to stop: freezes, and suspensions of agents."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from vienna_control.store.tables.columns import at, id_, metadata, tenant

stops = Table(
    "stops",
    metadata,
    id_(),
    tenant(),
    Column("n", Integer, nullable=False),  # within the tenant, from 1
    Column("kind", String(16), nullable=False),  # freeze | suspension
    Column("level", String(16), nullable=False),  # freeze | suspend | quarantine | kill
    Column("agent_id", ForeignKey("agents.id"), nullable=True),  # NULL: every agent of the tenant
    Column("action", String(128), nullable=True),
    Column("host", String(255), nullable=True),
    Column("reason", Text, nullable=False),
    Column("by", String(128), nullable=False),
    at("at"),
    at("until", nullable=True),
    Column("first_by", String(128), nullable=True),  # the first of two who lift it
    Column("first_reason", Text, nullable=True),
    at("first_at", nullable=True),
    Column("ended_by", String(128), nullable=True),
    Column("ended_reason", Text, nullable=True),
    at("ended_at", nullable=True),  # NULL: in force
    UniqueConstraint("tenant", "n"),
    Index(None, "tenant", "ended_at"),
)
