"""The gates of the agents, and what they told of themselves last."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

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
    at("proved_at", nullable=True),  # of the last proof of possession; the next one must be later
    at("ca_expires_at", nullable=True),
    at("cert_expires_at", nullable=True),
    Column("sequence", Integer, nullable=False, default=0, server_default="0"),  # of the last heartbeat
    Column("beat", String(80), nullable=False, default="", server_default=""),  # its digest
    at("beat_at", nullable=True),
    Column("skew_ms", Integer),  # its clock minus ours
    Column("gaps", Integer, nullable=False, default=0, server_default="0"),
    at("gap_at", nullable=True),  # of the last one that was alerted
    at("silent_at", nullable=True),  # since when it is known to be silent
    at("left_at", nullable=True),  # ended in order
    Index(None, "jkt"),
)
