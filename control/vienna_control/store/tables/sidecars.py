"""The gates of the agents."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from vienna_control.store.tables.columns import at, id_, json, metadata, tenant

sidecars = Table(
    "sidecars",
    metadata,
    id_(),
    tenant(),
    Column("agent_id", ForeignKey("agents.id"), nullable=False),
    json("public_jwk"),
    Column("jkt", String(64), nullable=False),  # RFC 7638 thumbprint of its key
    Column("ca_thumbprint", String(100), nullable=False, default=""),
    Column("version", String(40), nullable=False, default=""),
    Column("bundle", String(80), nullable=False, default=""),
    json("counts", nullable=True),
    at("enrolled_at"),
    at("seen_at"),
    at("revoked_at", nullable=True),
)
